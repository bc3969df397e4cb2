/* Emergency department visits: disposition, classification, follow-up and money (metrics.md). Grain: visit.
   The weights are the installed NYU/Johnston table's, by the exact diagnosis code, never a shortened one. */
MODEL (
  name mart.ed_visit,
  kind FULL,
  depends_on (mart.contract, mart.market, mart.member_month, mart.staff),
  grain visit_id,
  audits (
    key_is_unique(columns := visit_id),
    enrolled_rows_have_member_month,
    class_weights_account_for_one,
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id),
    exists_in_dimension(column := lead_staff_id, dimension := mart.staff, key := staff_id)
  )
);

with pack as (
    select count(*) > 0 as is_installed from raw.ed_weight
),

professional as (
    select visit_id, sum(paid_amount) as paid_amount, sum(allowed_amount) as allowed_amount
    from staging.ed_professional
    where visit_id is not null
    group by visit_id
),

followed as (
    select v.visit_id, min(a.visit_on) as followed_on
    from staging.ed_visit as v
    inner join staging.ambulatory_visit as a
        on a.person_id = v.person_id
        and a.visit_on >= v.visit_end_date
        and a.visit_on <= v.visit_end_date + interval '30' day
    where v.disposition = 'treated_and_released'
    group by v.visit_id
),

weighted as (
    select
        v.*,
        cast(date_trunc('month', v.visit_date) as date) as month,
        k.is_installed,
        w.icd10 is not null as is_listed,
        coalesce(w.non_emergent, 0) as non_emergent,
        coalesce(w.primary_care_treatable, 0) as primary_care_treatable,
        coalesce(w.emergent_avoidable, 0) as emergent_avoidable,
        coalesce(w.emergent_not_avoidable, 0) as emergent_not_avoidable,
        coalesce(w.injury, 0) as injury,
        coalesce(w.mental_health, 0) as mental_health,
        coalesce(w.alcohol, 0) as alcohol,
        coalesce(w.drug, 0) as drug,
        p.paid_amount as professional_paid,
        p.allowed_amount as professional_allowed,
        s.stay_id,
        f.followed_on,
        e.data_end,
        b.sex,
        cast(
            extract(year from v.visit_date) - extract(year from b.birth_date)
            - case
                when
                    extract(month from v.visit_date) * 100 + extract(day from v.visit_date)
                    < extract(month from b.birth_date) * 100 + extract(day from b.birth_date)
                    then 1
                else 0
            end as integer
        ) as age
    from staging.ed_visit as v
    cross join pack as k
    left join raw.ed_weight as w on w.icd10 = v.primary_diagnosis
    left join professional as p on p.visit_id = v.visit_id
    left join staging.ed_visit_stay as s on s.visit_id = v.visit_id
    left join followed as f on f.visit_id = v.visit_id
    left join staging.feed_end as e on e.feed = v.feed
    left join core.patient as b on b.person_id = v.person_id
),

/* Whatever the eight weights leave of 1 is unclassified; rounding of the published table is not. */
summed as (
    select
        *,
        non_emergent + primary_care_treatable + emergent_avoidable + emergent_not_avoidable as emergency_weight,
        case
            when
                not is_listed
                or abs(
                    1 - non_emergent - primary_care_treatable - emergent_avoidable - emergent_not_avoidable - injury
                    - mental_health - alcohol - drug
                ) > 0.000001
                then greatest(
                    1 - non_emergent - primary_care_treatable - emergent_avoidable - emergent_not_avoidable - injury
                    - mental_health - alcohol - drug, 0
                )
            else 0
        end as unclassified
    from weighted
),

prevention as (
    select s.visit_id, min(q.condition) as ahrq_pqe
    from summed as s
    inner join staging.ed_prevention as q on q.primary_diagnosis = s.primary_diagnosis
    where
        s.age >= coalesce(q.age_from, s.age)
        and s.age <= coalesce(q.age_to, s.age)
        and (q.sex is null or q.sex = s.sex)
    group by s.visit_id
)

select
    v.visit_id,
    v.person_id,
    v.contract_id,
    coalesce(m.market_id, v.market_id, 'unassigned') as market_id,
    v.visit_date,
    v.visit_end_date,
    v.month,
    cast(extract(isodow from v.visit_date) as integer) as weekday,
    v.arrival_hour,
    v.facility_npi,
    f.provider_name as facility_name,
    v.disposition,
    v.primary_diagnosis,
    coalesce(d.description, g.description) as diagnosis_description,
    coalesce(g.diagnosis_category, case when v.primary_diagnosis is null then 'No diagnosis' else 'Other codes' end)
        as diagnosis_category,
    cast(case when v.is_installed then v.non_emergent end as double) as non_emergent,
    cast(case when v.is_installed then v.primary_care_treatable end as double) as primary_care_treatable,
    cast(case when v.is_installed then v.emergent_avoidable end as double) as emergent_avoidable,
    cast(case when v.is_installed then v.emergent_not_avoidable end as double) as emergent_not_avoidable,
    cast(case when v.is_installed then v.injury end as double) as injury,
    cast(case when v.is_installed then v.mental_health end as double) as mental_health,
    cast(case when v.is_installed then v.alcohol end as double) as alcohol,
    cast(case when v.is_installed then v.drug end as double) as drug,
    cast(case when v.is_installed then v.unclassified end as double) as unclassified,
    case
        when not v.is_installed or v.emergency_weight > 0 then null
        when v.unclassified >= greatest(v.injury, v.mental_health, v.alcohol, v.drug) then 'unclassified'
        when v.injury >= greatest(v.mental_health, v.alcohol, v.drug) then 'injury'
        when v.mental_health >= greatest(v.alcohol, v.drug) then 'mental_health'
        when v.alcohol >= v.drug then 'alcohol'
        else 'drug'
    end as special_class,
    cast(case when v.is_installed then v.non_emergent + v.primary_care_treatable end as double)
        as avoidable_probability,
    q.ahrq_pqe,
    case
        when v.disposition <> 'treated_and_released' or v.visit_end_date + interval '7' day > v.data_end then null
        else coalesce(v.followed_on <= v.visit_end_date + interval '7' day, false)
    end as followed_up_7d,
    case
        when v.disposition <> 'treated_and_released' or v.visit_end_date + interval '30' day > v.data_end then null
        else v.followed_on is not null
    end as followed_up_30d,
    case when v.followed_on <= v.visit_end_date + interval '7' day then v.followed_on end as followup_7d_on,
    cast(
        coalesce(v.professional_paid, 0) + case when v.stay_id is null then v.facility_paid else 0 end as double
    ) as paid,
    cast(
        coalesce(v.professional_allowed, 0) + case when v.stay_id is null then v.facility_allowed else 0 end as double
    ) as allowed,
    m.pcp_npi,
    m.pcp_name,
    m.practice_name,
    m.care_team_id,
    m.lead_staff_id,
    v.age,
    v.sex,
    c.line_of_business,
    'claims' as source,
    v.feed,
    v.claim_ids,
    m.person_id is not null as in_enrolment
from summed as v
left join mart.member_month as m
    on m.person_id = v.person_id and m.contract_id = v.contract_id and m.month = v.month
left join mart.provider as f on f.npi = v.facility_npi
left join mart.contract as c on c.contract_id = v.contract_id
left join reference.diagnosis as d on d.code = v.primary_diagnosis
left join reference.diagnosis_category as g on g.code_prefix = substr(v.primary_diagnosis, 1, 3)
left join prevention as q on q.visit_id = v.visit_id

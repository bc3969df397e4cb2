/* People who are or were enrolled, as of the data's end. Grain: person. */
MODEL (
  name mart.member,
  kind FULL,
  depends_on (mart.contract, mart.market, mart.staff),
  grain person_id,
  audits (
    key_is_unique(columns := person_id),
    key_is_not_null(column := person_id),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id),
    exists_in_dimension(column := lead_staff_id, dimension := mart.staff, key := staff_id)
  )
);

with latest as (
    select
        m.*,
        e.data_end,
        cast(date_trunc('month', e.data_end) as date) as last_data_month,
        p.first_month
    from staging.person_place as p
    inner join mart.member_month as m
        on m.person_id = p.person_id and m.contract_id = p.contract_id and m.month = p.last_month
    left join staging.contract_end as e on e.contract_id = p.contract_id
),

profile as (
    select
        person_id,
        max(preferred_language) as preferred_language,
        max(phone) as phone,
        max(email) as email,
        max(sms_consent) as sms_consent,
        max(do_not_contact) as do_not_contact,
        max(acuity) as acuity,
        max(impactability) as impactability,
        max(social_needs) as social_needs,
        max(risk_score) as risk_score
    from raw.member_profile
    group by person_id
),

condition as (
    select person_id, string_agg(condition, '|' order by condition) as conditions
    from staging.member_condition
    group by person_id
),

counted as (
    select
        v.person_id,
        sum(case when v.month > l.last_data_month - interval '12' month then 1 else 0 end) as ed_visits_12m,
        sum(case when v.visit_date > l.data_end - interval '30' day then 1 else 0 end) as ed_visits_30d,
        sum(case when v.visit_date > l.data_end - interval '90' day then 1 else 0 end) as ed_visits_90d
    from mart.ed_visit as v
    inner join latest as l on l.person_id = v.person_id
    where v.in_enrolment
    group by v.person_id
),

last_visit as (
    select
        *,
        row_number() over (partition by person_id order by visit_date desc, visit_end_date desc, visit_id) as choice
    from mart.ed_visit
    where in_enrolment
),

stays as (
    select s.person_id, count(*) as inpatient_stays_12m
    from mart.inpatient_stay as s
    inner join latest as l on l.person_id = s.person_id
    where s.in_enrolment and s.month > l.last_data_month - interval '12' month
    group by s.person_id
),

spend as (
    select s.person_id, sum(s.allowed) as allowed_12m
    from mart.spend_month as s
    inner join latest as l on l.person_id = s.person_id
    where s.in_enrolment and s.month > l.last_data_month - interval '12' month
    group by s.person_id
),

touched as (
    select person_id, max(touched_on) as last_touch_date
    from mart.touch
    group by person_id
),

booked as (
    select a.person_id, min(cast(a.start_datetime as date)) as next_appointment_date
    from core.appointment as a
    inner join latest as l on l.person_id = a.person_id
    where
        cast(a.start_datetime as date) > l.data_end
        and lower(coalesce(a.status, '')) not in ('cancelled', 'canceled', 'noshow', 'no_show', 'entered-in-error')
    group by a.person_id
)

select
    l.person_id,
    l.contract_id,
    l.market_id,
    l.line_of_business,
    p.first_name,
    p.last_name,
    p.birth_date,
    cast(
        extract(year from l.data_end) - extract(year from p.birth_date)
        - case
            when
                extract(month from l.data_end) * 100 + extract(day from l.data_end)
                < extract(month from p.birth_date) * 100 + extract(day from p.birth_date)
                then 1
            else 0
        end as integer
    ) as age,
    p.sex,
    case
        when lower(p.ethnicity) like '%hispanic%' and lower(p.ethnicity) not like '%not%' then 'hispanic'
        else p.race
    end as race_ethnicity,
    coalesce(r.preferred_language, p.preferred_language) as preferred_language,
    p.address,
    p.city,
    p.state,
    p.zip_code,
    coalesce(r.phone, p.phone) as phone,
    coalesce(r.email, p.email) as email,
    r.sms_consent,
    r.do_not_contact,
    p.death_date,
    coalesce(l.month >= l.last_data_month and p.death_date is null, false) as is_enrolled,
    l.first_month as enrolled_since,
    l.pcp_npi,
    l.pcp_name,
    l.practice_name,
    l.care_team_id,
    t.care_team_name,
    l.lead_staff_id,
    f.staff_name as lead_staff_name,
    r.risk_score,
    case when r.risk_score >= 2 then 'high' when r.risk_score >= 1 then 'rising' when r.risk_score >= 0 then 'low' end
        as risk_tier,
    r.acuity,
    r.impactability,
    string_split(c.conditions, '|') as conditions,
    string_split(r.social_needs, '|') as social_needs,
    cast(coalesce(n.ed_visits_12m, 0) as integer) as ed_visits_12m,
    cast(coalesce(n.ed_visits_30d, 0) as integer) as ed_visits_30d,
    cast(coalesce(n.ed_visits_90d, 0) as integer) as ed_visits_90d,
    v.visit_date as last_ed_visit_date,
    v.facility_name as last_ed_facility,
    coalesce(v.diagnosis_description, v.primary_diagnosis) as last_ed_reason,
    case
        when v.visit_id is null or v.disposition <> 'treated_and_released' then 'none'
        when v.followup_7d_on is not null then 'done'
        when v.visit_end_date + interval '7' day > l.data_end then 'due'
        else 'missed'
    end as followup_7d_status,
    case
        when v.disposition = 'treated_and_released' then cast(v.visit_end_date + interval '7' day as date)
    end as followup_7d_due,
    v.followup_7d_on,
    cast(coalesce(s.inpatient_stays_12m, 0) as integer) as inpatient_stays_12m,
    coalesce(x.allowed_12m, 0) as allowed_12m,
    cast(null as integer) as open_gaps,
    u.last_touch_date,
    cast(null as date) as next_touch_due,
    b.next_appointment_date
from latest as l
inner join core.patient as p on p.person_id = l.person_id
left join profile as r on r.person_id = l.person_id
left join condition as c on c.person_id = l.person_id
left join mart.care_team as t on t.care_team_id = l.care_team_id
left join mart.staff as f on f.staff_id = l.lead_staff_id
left join counted as n on n.person_id = l.person_id
left join last_visit as v on v.person_id = l.person_id and v.choice = 1
left join stays as s on s.person_id = l.person_id
left join spend as x on x.person_id = l.person_id
left join touched as u on u.person_id = l.person_id
left join booked as b on b.person_id = l.person_id

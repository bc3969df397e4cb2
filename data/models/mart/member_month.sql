/* The denominator: one row per person, contract and month enrolled on any day. Grain: person, contract, month. */
MODEL (
  name mart.member_month,
  kind FULL,
  depends_on (mart.contract, mart.market, mart.staff),
  grain (person_id, contract_id, month),
  audits (
    key_is_unique(columns := (person_id, contract_id, month)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id),
    exists_in_dimension(column := lead_staff_id, dimension := mart.staff, key := staff_id)
  )
);

with risk as (
    select person_id, max(risk_score) as risk_score
    from raw.member_profile
    group by person_id
),

aged as (
    select
        m.*,
        p.sex,
        cast(
            extract(year from m.month) - extract(year from p.birth_date)
            - case
                when
                    extract(month from m.month) * 100 + extract(day from m.month)
                    < extract(month from p.birth_date) * 100 + extract(day from p.birth_date)
                    then 1
                else 0
            end as integer
        ) as age
    from core.member_month as m
    left join core.patient as p on p.person_id = m.person_id
)

select
    m.person_id,
    m.month,
    m.contract_id,
    coalesce(m.market_id, 'unassigned') as market_id,
    c.line_of_business,
    m.medical_member_months,
    m.pharmacy_member_months,
    m.age,
    case
        when m.age < 18 then '0-17'
        when m.age < 35 then '18-34'
        when m.age < 50 then '35-49'
        when m.age < 65 then '50-64'
        when m.age < 75 then '65-74'
        when m.age < 85 then '75-84'
        when m.age >= 85 then '85+'
    end as age_band,
    m.sex,
    a.pcp_npi,
    v.provider_name as pcp_name,
    v.practice_name,
    a.care_team_id,
    l.lead_staff_id,
    coalesce(case when k.model = 'cms_hcc_v28' then k.risk_score end, r.risk_score) as risk_score,
    m.dual_status,
    k.risk_weight
from aged as m
left join mart.contract as c on c.contract_id = m.contract_id
left join staging.attribution_run as a
    on a.person_id = m.person_id and a.contract_id = m.contract_id and m.month between a.first_month and a.last_month
left join staging.lead_run as l
    on l.person_id = m.person_id and l.contract_id = m.contract_id and m.month between l.first_month and l.last_month
left join mart.provider as v on v.npi = a.pcp_npi
left join risk as r on r.person_id = m.person_id
left join mart.member_risk as k
    on k.person_id = m.person_id and k.contract_id = m.contract_id and k.year = extract(year from m.month)

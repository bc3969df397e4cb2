/* Pharmacy claim lines in the Tuva Core vocabulary, with enrolment and the fill they count as: a line below zero takes
   back the line of the same person, drug and day with the opposite amounts, and neither is a fill. Grain: pharmacy
   claim line. */
MODEL (
  name core.pharmacy_claim,
  kind FULL,
  depends_on (mart.provider)
);

with line as (
    select
        p.*,
        p.feed || ':' || p.claim_id || ':' || cast(p.claim_line_number as varchar) as pharmacy_claim_id,
        coalesce(p.paid_amount, cast(0 as decimal(18, 2))) as paid,
        coalesce(p.allowed_amount, cast(0 as decimal(18, 2))) as allowed,
        cast(date_trunc('month', p.dispensing_date) as date) as service_month
    from raw.pharmacy_claim as p
    where p.is_superseded is not true
),

reversing as (
    select distinct feed, person_id, ndc_code, dispensing_date, abs(paid) as paid, abs(allowed) as allowed
    from line
    where paid < 0 or allowed < 0
),

numbered as (
    select
        l.pharmacy_claim_id,
        l.feed,
        l.person_id,
        l.ndc_code,
        l.dispensing_date,
        r.paid,
        r.allowed,
        l.paid < 0 or l.allowed < 0 as is_reversing,
        row_number() over (
            partition by
                l.feed, l.person_id, l.ndc_code, l.dispensing_date, r.paid, r.allowed, l.paid < 0 or l.allowed < 0
            order by l.pharmacy_claim_id
        ) as number_alike
    from line as l
    inner join reversing as r
        on r.feed = l.feed
        and r.person_id = l.person_id
        and r.ndc_code = l.ndc_code
        and r.dispensing_date = l.dispensing_date
        and r.paid = abs(l.paid)
        and r.allowed = abs(l.allowed)
),

taken_back as (
    select o.pharmacy_claim_id
    from numbered as o
    inner join numbered as r
        on r.feed = o.feed
        and r.person_id = o.person_id
        and r.ndc_code = o.ndc_code
        and r.dispensing_date = o.dispensing_date
        and r.paid = o.paid
        and r.allowed = o.allowed
        and r.number_alike = o.number_alike
    where r.is_reversing and not o.is_reversing
),

with_list as (
    select distinct contract_id from staging.network_span
)

select
    l.pharmacy_claim_id,
    l.claim_id,
    l.claim_line_number,
    l.person_id,
    l.member_id,
    l.contract_id,
    coalesce(m.market_id, p.market_id, 'unassigned') as market_id,
    l.payer,
    l.plan,
    l.prescribing_provider_npi as prescribing_provider_id,
    l.dispensing_provider_npi as dispensing_provider_id,
    l.dispensing_date,
    l.ndc_code,
    l.quantity,
    l.days_supply,
    l.refills,
    l.paid_date,
    l.paid as paid_amount,
    l.allowed as allowed_amount,
    coalesce(l.charge_amount, cast(0 as decimal(18, 2))) as charge_amount,
    case
        when w.contract_id is not null and l.dispensing_provider_npi is null then 'unknown'
        when w.contract_id is not null and n.npi is not null then 'in'
        when w.contract_id is not null then 'out'
        when lower(l.in_network_flag) in ('1', 'y', 'yes', 'true', 't') then 'in'
        when lower(l.in_network_flag) in ('0', 'n', 'no', 'false', 'f') then 'out'
        else 'unknown'
    end as network,
    l.service_month,
    m.person_id is not null as in_enrolment,
    l.paid < 0 or l.allowed < 0 or t.pharmacy_claim_id is not null as is_cancelled,
    coalesce(v.practice_name, v.provider_name, l.dispensing_provider_npi) as provider_group,
    v.specialty,
    case when l.paid < 0 or l.allowed < 0 or t.pharmacy_claim_id is not null then 0 else 1 end as units,
    l.feed as data_source,
    l.file_name
from line as l
left join taken_back as t on t.pharmacy_claim_id = l.pharmacy_claim_id
left join staging.enrolment_run as m
    on m.person_id = l.person_id
    and m.contract_id = l.contract_id
    and l.service_month between m.first_month and m.last_month
left join staging.person_place as p on p.person_id = l.person_id
left join mart.provider as v on v.npi = l.dispensing_provider_npi
left join with_list as w on w.contract_id = l.contract_id
left join staging.network_span as n
    on n.contract_id = l.contract_id
    and n.npi = l.dispensing_provider_npi
    and l.dispensing_date between n.first_day and n.last_day

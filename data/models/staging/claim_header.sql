/* One row per medical claim, with what the visit and stay rules need to know of it. Grain: feed and claim.
   Cancelled, cancelling and replaced claims are marked (metrics.md, claims and stays): they stay in spend, but no
   visit or stay is made of them. */
MODEL (
  name staging.claim_header,
  kind FULL,
  grain claim_key
);

with ambulatory_code as (
    select distinct l.hcpcs_code, min(a.visit_type) over (partition by l.hcpcs_code) as visit_type
    from (select distinct hcpcs_code from staging.medical_claim where hcpcs_code is not null) as l
    inner join reference.ambulatory_visit as a
        on l.hcpcs_code between a.hcpcs_from and a.hcpcs_to and length(l.hcpcs_code) = 5
),

line as (
    select
        l.*,
        l.claim_type = 'institutional' and l.revenue_center_code in (
            '0450', '0451', '0452', '0453', '0454', '0455', '0456', '0457', '0458', '0459', '0981'
        ) as is_ed_line,
        l.claim_type = 'professional' and (
            l.place_of_service_code = '23' or l.hcpcs_code in ('99281', '99282', '99283', '99284', '99285')
        ) as is_ed_professional_line,
        l.revenue_center_code = '0762' or l.hcpcs_code = 'G0378' as is_observation_line,
        /* Ambulatory visit: a code of the list outside facilities that are no ambulatory place, or clinic revenue
           except urgent care, or a rural or federally qualified health clinic's bill. */
        case
            when l.claim_type = 'institutional' and substr(l.bill_type_code, 1, 2) in ('71', '77') then 'clinic visit'
            when l.claim_type = 'institutional' and substr(l.bill_type_code, 1, 2) in ('11', '12', '18', '21', '22') then null
            when
                substr(l.revenue_center_code, 1, 3) in ('051', '052')
                and l.revenue_center_code not in ('0516', '0526') then 'clinic visit'
            when substr(l.revenue_center_code, 1, 3) = '045' or l.revenue_center_code = '0981' then null
            when
                a.visit_type is not null
                and coalesce(l.place_of_service_code, '') not in ('20', '21', '23', '31', '34', '41', '42', '51', '61', '81')
                then a.visit_type
        end as ambulatory_visit_type
    from staging.medical_claim as l
    left join ambulatory_code as a on a.hcpcs_code = l.hcpcs_code
),

header as (
    select
        claim_key,
        min(feed) as feed,
        min(file_name) as file_name,
        min(claim_id) as claim_id,
        min(contract_id) as contract_id,
        min(person_id) as person_id,
        min(claim_type) as claim_type,
        max(bill_type_code) as bill_type_code,
        coalesce(max(facility_npi), max(billing_npi), 'unknown') as facility_npi,
        max(billing_npi) as billing_npi,
        max(rendering_npi) as rendering_npi,
        min(claim_start_date) as start_date,
        max(claim_end_date) as end_date,
        min(admission_date) as admission_date,
        max(discharge_date) as discharge_date,
        max(admission_hour) as admission_hour,
        max(discharge_disposition_code) as discharge_disposition_code,
        max(drg_code) as drg_code,
        /* The first line that has a first diagnosis. */
        min_by(diagnosis_code_1, claim_line_number) as primary_diagnosis,
        max(paid_date) as paid_date,
        sum(paid_amount) as paid_amount,
        sum(allowed_amount) as allowed_amount,
        count(*) as lines,
        max(case when is_ed_line then 1 else 0 end) = 1 as is_ed,
        max(case when is_ed_professional_line then 1 else 0 end) = 1 as is_ed_professional,
        max(case when is_observation_line then 1 else 0 end) = 1 as is_observation,
        max(case when revenue_center_code in ('0118', '0128', '0138', '0148', '0158') then 1 else 0 end) = 1
            as is_rehabilitation,
        min(ambulatory_visit_type) as ambulatory_visit_type,
        min(case when ambulatory_visit_type is not null then claim_line_start_date end) as ambulatory_on
    from line
    group by claim_key
),

kind as (
    select
        *,
        substr(bill_type_code, 1, 2) = '11' and claim_type = 'institutional' as is_inpatient,
        case when claim_type = 'institutional' then substr(bill_type_code, 3, 1) end as frequency,
        coalesce(
            (claim_type = 'institutional' and substr(bill_type_code, 3, 1) = '8') or paid_amount < 0, false
        ) as is_cancelling
    from header
),

/* The nth cancellation of a person, facility, dates and amount takes back the nth claim like it. */
numbered as (
    select
        *,
        row_number() over (
            partition by feed, claim_type, person_id, facility_npi, start_date, end_date, abs(paid_amount), is_cancelling
            order by claim_id
        ) as number_alike
    from kind
),

cancelled as (
    select o.claim_key
    from numbered as o
    inner join numbered as c
        on c.feed = o.feed
        and c.person_id = o.person_id
        and c.facility_npi = o.facility_npi
        and c.start_date = o.start_date
        and c.end_date = o.end_date
        and abs(c.paid_amount) = abs(o.paid_amount)
        and c.number_alike = o.number_alike
        and c.claim_type = o.claim_type
    where c.is_cancelling and not o.is_cancelling
),

/* A replacement (frequency 7) takes the place of the first bill, and of earlier replacements, of the same person,
   facility, kind of bill and start. */
replacement as (
    select
        feed, person_id, facility_npi, start_date, substr(bill_type_code, 1, 2) as kind_of_bill,
        max(coalesce(cast(paid_date as varchar), '') || claim_id) as latest
    from kind
    where frequency = '7' and not is_cancelling
    group by feed, person_id, facility_npi, start_date, substr(bill_type_code, 1, 2)
)

select
    n.claim_key,
    n.feed,
    n.file_name,
    n.claim_id,
    n.contract_id,
    coalesce(m.market_id, p.market_id, 'unassigned') as market_id,
    m.person_id is not null as in_enrolment,
    n.person_id,
    n.claim_type,
    n.bill_type_code,
    n.frequency,
    n.facility_npi,
    n.billing_npi,
    n.rendering_npi,
    n.start_date,
    n.end_date,
    cast(date_trunc('month', n.start_date) as date) as month,
    n.admission_date,
    n.discharge_date,
    n.admission_hour,
    n.discharge_disposition_code,
    n.drg_code,
    n.primary_diagnosis,
    n.paid_date,
    n.paid_amount,
    n.allowed_amount,
    n.lines,
    n.is_ed,
    n.is_ed_professional,
    n.is_observation,
    n.is_rehabilitation,
    n.is_inpatient,
    n.is_cancelling,
    c.claim_key is not null as is_cancelled,
    coalesce(
        r.latest is not null
        and (n.frequency = '1' or n.frequency = '7')
        and coalesce(cast(n.paid_date as varchar), '') || n.claim_id <> r.latest, false
    ) as is_replaced,
    n.ambulatory_visit_type,
    n.ambulatory_on
from numbered as n
left join cancelled as c on c.claim_key = n.claim_key
left join replacement as r
    on r.feed = n.feed
    and r.person_id = n.person_id
    and r.facility_npi = n.facility_npi
    and r.start_date = n.start_date
    and r.kind_of_bill = substr(n.bill_type_code, 1, 2)
    and n.claim_type = 'institutional'
left join core.member_month as m
    on m.person_id = n.person_id
    and m.contract_id = n.contract_id
    and m.month = cast(date_trunc('month', n.start_date) as date)
left join staging.person_place as p on p.person_id = n.person_id

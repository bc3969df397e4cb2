/* Admission, discharge and transfer messages, each with the member it is about. Grain: message.
   A member is found by the payer's member number, else by last and first name, birth date and sex together, where one
   member only fits; a message of nobody we know keeps its place in contract and market 'unassigned'. A cancellation
   (A11) takes back the admission or arrival of the same visit that was received last before it; the latest update
   (A08) of a visit has the last word on its complaint and diagnosis. Source: HL7 v2.3, chapter 3. */
MODEL (
  name mart.adt_event,
  kind FULL,
  grain event_id,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := event_id),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

with message as (
    select
        *,
        feed || ':' || event_id as message_id,
        coalesce(facility_id, '') || ':' || visit_number as visit_key,
        coalesce(received_time, event_time) as known_at
    from raw.adt_event
),

by_number as (
    select member_id, min(person_id) as person_id
    from core.eligibility
    where member_id in (select member_id from raw.adt_event where member_id is not null)
    group by member_id
    having count(distinct person_id) = 1
),

by_name as (
    select
        upper(trim(last_name)) as last_name,
        upper(trim(first_name)) as first_name,
        birth_date,
        sex,
        min(person_id) as person_id
    from core.patient
    where last_name is not null and first_name is not null and birth_date is not null and sex is not null
    group by upper(trim(last_name)), upper(trim(first_name)), birth_date, sex
    having count(*) = 1
),

matched as (
    select
        m.*,
        coalesce(n.person_id, d.person_id) as person_id,
        case
            when n.person_id is not null then 'member_id'
            when d.person_id is not null then 'demographics'
            else 'unmatched'
        end as match_method
    from message as m
    left join by_number as n on n.member_id = m.member_id
    left join by_name as d
        on d.last_name = upper(trim(m.last_name))
        and d.first_name = upper(trim(m.first_name))
        and d.birth_date = m.birth_date
        and d.sex = m.sex
),

/* What follows an admission or arrival among the visit's admissions, arrivals and cancellations. */
followed as (
    select
        message_id,
        lead(message_type) over (
            partition by feed, visit_key
            order by known_at, case when message_type = 'A11' then 1 else 0 end, message_id
        ) as next_type
    from message
    where visit_key is not null and message_type in ('A01', 'A04', 'A11')
),

updated as (
    select feed, visit_key, complaint, diagnosis_code, patient_class
    from (
        select
            feed, visit_key, complaint, diagnosis_code, patient_class,
            row_number() over (partition by feed, visit_key order by known_at desc, message_id desc) as choice
        from message
        where visit_key is not null and message_type = 'A08'
    ) as latest
    where choice = 1
),

month_place as (
    select person_id, contract_id, month, market_id
    from (
        select
            person_id, contract_id, month, market_id,
            row_number() over (partition by person_id, month order by contract_id) as choice
        from core.member_month
        where person_id in (select person_id from matched where person_id is not null)
    ) as enrolled
    where choice = 1
)

select
    m.message_id as event_id,
    m.person_id,
    coalesce(e.contract_id, p.contract_id, 'unassigned') as contract_id,
    coalesce(e.market_id, p.market_id, 'unassigned') as market_id,
    m.event_time,
    m.received_time,
    case
        when m.message_type in ('A01', 'A04') and coalesce(u.patient_class, m.patient_class) = 'E' then 'ed_arrival'
        when m.message_type = 'A01' then 'admission'
        when m.message_type = 'A04' then 'registration'
        when m.message_type = 'A03' then 'discharge'
        when m.message_type = 'A08' then 'update'
        when m.message_type = 'A11' then 'cancellation'
    end as kind,
    coalesce(f.next_type = 'A11', false) as is_cancelled,
    m.facility_id as facility_npi,
    coalesce(m.facility_name, m.facility_id) as facility_name,
    m.patient_class,
    coalesce(u.complaint, m.complaint) as complaint,
    coalesce(u.diagnosis_code, m.diagnosis_code) as diagnosis_code,
    m.visit_number,
    m.admit_time,
    m.discharge_time,
    m.disposition,
    m.match_method,
    m.feed,
    m.file_name
from matched as m
left join followed as f on f.message_id = m.message_id
left join updated as u on u.feed = m.feed and u.visit_key = m.visit_key
left join month_place as e
    on e.person_id = m.person_id and e.month = cast(date_trunc('month', m.event_time) as date)
left join staging.person_place as p on p.person_id = m.person_id

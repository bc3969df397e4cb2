-- What the payers' rows say, for data/demo/calibration.py. Tables: eligibility, medical_claim, pharmacy_claim (one
-- row per line, with the contract's key), weight (the ED weights), span and calendar (the
-- months measured), member_month and months_of (enrolled on any day of the month).
-- `prepare` statements run first; every `measure` gives rows of measure, contract and value.

-- prepare: claims
create or replace temp table header as
select
    contract, claim_id, any_value(person_id) as person_id, any_value(claim_type) as claim_type,
    min(claim_start_date) as start_date, max(claim_end_date) as end_date,
    any_value(bill_type_code) as bill_type, any_value(facility_npi) as facility,
    any_value(discharge_disposition_code) as disposition, any_value(discharge_date) as discharge_date,
    any_value(admission_date) as admission_date, any_value(drg_code) as drg,
    any_value(diagnosis_code_1) as diagnosis,
    bool_or(revenue_center_code between '0450' and '0459' or revenue_center_code = '0981') as is_ed,
    bool_or(revenue_center_code = '0762') as is_observation, sum(allowed_amount) as allowed
from medical_claim
group by contract, claim_id;

-- prepare: lines with a category as the targets' sources cut it: who bills, where, and what by its code. (The product's own
-- categories are finer: a hospital's laboratory work, for one, is outpatient to MSSP and HCCI, and laboratory to us.)
create or replace temp table line as
select
    m.contract, m.person_id, m.claim_id, month_of(h.start_date) as month,
    case
        when m.claim_type = 'institutional' and m.bill_type_code[:2] in ('11', '12', '18', '21', '22', '41') then 'inpatient'
        when m.claim_type = 'institutional' then 'outpatient'
        when m.place_of_service_code in ('41', '42', '81') then 'ancillary'
        when m.place_of_service_code in ('20', '23', '24') then 'outpatient'
        when m.place_of_service_code in ('21', '31') then 'inpatient'
        when
            m.hcpcs_code between '80047' and '89398' or m.hcpcs_code = '36415'
            or m.hcpcs_code between 'A0021' and 'A0999' or m.hcpcs_code between 'A4206' and 'A8004'
            or m.hcpcs_code between 'E0100' and 'E8002'
            then 'ancillary'
        when m.place_of_service_code in ('19', '22') then 'outpatient'
        else 'office_based'
    end as category,
    m.paid_amount, m.allowed_amount, greatest(date_diff('month', h.start_date, m.paid_date), 0) as lag
from medical_claim as m
inner join header as h using (contract, claim_id);

-- prepare: claims that stand: neither cancelled nor cancelling
create or replace temp table final as
select * from header as h
where right(coalesce(bill_type, ''), 1) not in ('8', '0') and allowed >= 0
    and not (bill_type is not null and exists (
        select 1 from header as x
        where x.contract = h.contract and x.person_id = h.person_id and x.facility is not distinct from h.facility
            and x.start_date = h.start_date and right(x.bill_type, 1) = '8' and x.allowed = -h.allowed));

-- prepare: hospital stays: bills of one facility that overlap, and transfers, are one
create or replace temp table stay as
with bill as (
    select contract, person_id, facility, coalesce(admission_date, start_date) as admit, end_date, disposition, drg
    from final where bill_type[:2] = '11'
),
marked as (
    select *, case when admit <= max(end_date) over (
        partition by contract, person_id order by admit, end_date, facility
        rows between unbounded preceding and 1 preceding)
        + case when facility = lag(facility) over (partition by contract, person_id order by admit, end_date, facility)
            and admit > lag(admit) over (partition by contract, person_id order by admit, end_date, facility)
          then -1 else 1 end
        then 0 else 1 end as fresh
    from bill
),
numbered as (
    select *, sum(fresh) over (partition by contract, person_id order by admit, end_date, facility
        rows unbounded preceding) as number
    from marked
)
select contract, person_id, min(admit) as admit, max(end_date) as discharge, arg_max(disposition, end_date) as left_as,
    min(drg) as drg
from numbered group by contract, person_id, number;

-- prepare: ED visits: claims of a facility on the same or the next day are one
create or replace temp table visit as
with emergency as (
    select contract, person_id, facility, start_date, bill_type[:2] = '11' as inpatient, diagnosis,
        case when bill_type[:2] = '11' then start_date else end_date end as end_date
    from final where claim_type = 'institutional' and is_ed
),
marked as (
    select *, case when start_date <= max(end_date) over (
        partition by contract, person_id, facility order by start_date, end_date
        rows between unbounded preceding and 1 preceding) + 1 then 0 else 1 end as fresh
    from emergency
),
numbered as (
    select *, sum(fresh) over (partition by contract, person_id, facility order by start_date, end_date
        rows unbounded preceding) as number
    from marked
),
whole as (
    select contract, person_id, facility, min(start_date) as visit_date, max(end_date) as end_date,
        arg_min(diagnosis, start_date) as diagnosis, bool_or(inpatient) as inpatient
    from numbered group by contract, person_id, facility, number
)
select v.*, v.inpatient or exists (
        select 1 from header as h where h.person_id = v.person_id and h.bill_type[:2] = '11'
            and right(h.bill_type, 1) <> '8' and h.start_date <= v.end_date + 1 and h.end_date >= v.visit_date
    ) as admitted
from whole as v;

-- prepare: days with an ambulatory visit
create or replace temp table ambulatory as
select distinct person_id, claim_start_date as visit_on
from medical_claim
where (hcpcs_code between '99202' and '99215' or hcpcs_code between '99381' and '99397'
        or hcpcs_code between '99341' and '99350' or hcpcs_code between '99441' and '99443'
        or hcpcs_code in ('G0438', 'G0439', 'G0463') or hcpcs_code between '90791' and '90838')
    and coalesce(place_of_service_code, '') not in ('20', '21', '23', '31', '34', '41', '42', '51', '61', '81');

-- measure: paid per member-month by category
select 'paid_pmpm_' || category, contract, sum(paid_amount) / any_value(member_months)
from line inner join member_month using (contract, person_id, month) inner join months_of using (contract)
group by contract, category;

-- measure: allowed per member-month by category
select 'allowed_pmpm_' || category, contract, sum(allowed_amount) / any_value(member_months)
from line inner join member_month using (contract, person_id, month) inner join months_of using (contract)
group by contract, category;

-- measure: paid per member-month, all medical
select 'paid_pmpm_medical', contract, sum(paid_amount) / any_value(member_months)
from line inner join member_month using (contract, person_id, month) inner join months_of using (contract)
group by contract;

-- measure: pharmacy per member-month
select 'allowed_pmpm_pharmacy', p.contract, sum(p.allowed_amount) / any_value(member_months)
from pharmacy_claim as p
inner join member_month as m
    on m.contract = p.contract and m.person_id = p.person_id and m.month = month_of(p.dispensing_date)
inner join months_of as n on n.contract = p.contract
group by p.contract;

-- measure: generic dispensing rate
select 'generic_dispensing_rate', contract, avg((ndc_code like '99901%')::int)
from pharmacy_claim, span
where month_of(dispensing_date) between first_month and last_month
group by contract;

-- measure: ED visits by what became of them
with counted as (
    select v.* from visit as v inner join member_month as m
        on m.contract = v.contract and m.person_id = v.person_id and m.month = month_of(v.visit_date)
)
select unnest(['ed_visits_per_1000', 'ed_admitted_per_1000', 'ed_released_per_1000']), contract,
    unnest([count(*), count(*) filter (where admitted), count(*) filter (where not admitted)])
    * 12000 / any_value(member_months)
from counted inner join months_of using (contract)
group by contract;

-- measure: admissions
select 'admissions_per_1000', s.contract, count(*) * 12000 / any_value(n.member_months)
from stay as s inner join member_month as m
    on m.contract = s.contract and m.person_id = s.person_id and m.month = month_of(s.admit)
inner join months_of as n on n.contract = s.contract
group by s.contract;

-- measure: 30-day readmission
select 'readmission_30d', i.contract, avg(exists (
    select 1 from stay as n where n.contract = i.contract and n.person_id = i.person_id and n.admit > i.admit
        and n.admit >= i.discharge and n.admit <= i.discharge + 30
        and n.drg not in ('945', '946', '560', '057', '846', '847', '848'))::int)
from stay as i inner join member_month as m
    on m.contract = i.contract and m.person_id = i.person_id and m.month = month_of(i.admit)
where coalesce(i.left_as, '') not in ('20', '07', '02', '30')
group by i.contract;

-- measure: follow-up within 7 days of an ED visit
with released as (
    select v.* from visit as v, span
    where not admitted and month_of(visit_date) between first_month and last_month
)
select 'follow_up_7d', contract, avg(exists (
    select 1 from ambulatory as a where a.person_id = v.person_id
        and a.visit_on between v.end_date and v.end_date + 7)::int)
from released as v group by contract;

-- measure: what ED visits without admission are for (NYU, Johnston update)
with classed as (
    select w.* from visit as v cross join span left join weight as w on w.icd10 = v.diagnosis
    where not v.admitted and month_of(v.visit_date) between first_month and last_month
)
select unnest(['ed_share_emergent', 'ed_share_non_emergent', 'ed_share_injury', 'ed_share_mental_health',
        'ed_share_alcohol_drug', 'ed_share_unclassified']),
    'all', unnest([
        avg(coalesce(epct + edcnpa + edcnnpa, 0)), avg(coalesce(noner, 0)), avg(coalesce(injury, 0)),
        avg(coalesce(psych, 0)), avg(coalesce(alcohol + drug, 0)), avg((icd10 is null)::int)])
from classed;

-- measure: people with diabetes whose A1c was tested in 12 months
with year as (
    select contract, person_id from member_month, span
    where month > last_month - interval 12 month group by contract, person_id having count(*) = 12
),
diabetic as (
    select contract, person_id from medical_claim, span
    where month_of(claim_start_date) between first_month and last_month
        and (diagnosis_code_1 like 'E11%' or diagnosis_code_2 like 'E11%' or diagnosis_code_3 like 'E11%')
    group by contract, person_id having count(distinct claim_start_date) >= 2
),
tested as (
    select distinct person_id from medical_claim, span
    where hcpcs_code = '83036'
        and claim_start_date between last_month - interval 11 month and last_day(last_month)
)
select 'a1c_tested', contract, avg((t.person_id is not null)::int)
from year inner join diabetic using (contract, person_id) left join tested as t using (person_id)
group by contract;

-- measure: women of 52 to 74 with a mammogram in 27 months
with spans as (
    select contract, person_id from member_month group by contract, person_id having count(*) >= 18
),
women as (
    select distinct person_id from eligibility, span
    where gender = 'female' and date_diff('year', birth_date::date, last_month) between 52 and 74
),
screened as (
    select distinct person_id from medical_claim, span
    where hcpcs_code = '77067'
        and claim_start_date between last_month - interval 26 month and last_day(last_month)
)
select 'breast_cancer_screening', contract, avg((s.person_id is not null)::int)
from spans inner join women using (person_id) left join screened as s using (person_id)
group by contract;

-- measure: share paid by each month of lag, of what was paid within 12
with old as (
    select contract, lag, sum(paid_amount) as paid from line, span
    where month between first_month and last_month - interval 9 month and lag <= 12
    group by contract, lag
)
select 'completion_lag_' || lag, contract,
    sum(paid) over (partition by contract order by lag) / sum(paid) over (partition by contract)
from old qualify lag <= 6;

-- measure: share of cost of the costliest 5%
with cost as (
    select contract, person_id, sum(allowed_amount) as allowed from (
        select contract, person_id, month, allowed_amount from line
        union all
        select contract, person_id, month_of(dispensing_date), allowed_amount from pharmacy_claim
    ), span where month > last_month - interval 12 month and month <= last_month group by all
),
ranked as (
    select coalesce(allowed, 0) as allowed, row_number() over (order by coalesce(allowed, 0) desc) as place,
        count(*) over () as people
    from (
        select distinct contract, person_id from member_month, span
        where month > last_month - interval 12 month
    ) as member
    left join cost using (contract, person_id)
)
select 'cost_of_top_5_percent', 'all', sum(allowed) filter (where place <= 0.05 * people) / sum(allowed) from ranked;

-- measure: share of ED visits of the top 1% of those who made any
with made as (
    select person_id, count(*) as visits from visit, span
    where month_of(visit_date) > last_month - interval 12 month and month_of(visit_date) <= last_month group by all
),
ranked as (
    select visits, row_number() over (order by visits desc) as place, count(*) over () as users from made
)
select 'ed_visits_of_top_1_percent_of_users', 'all',
    sum(visits) filter (where place <= greatest(0.01 * users, 1)) / sum(visits) from ranked;

-- A made-up crowd for the tests that need many rows: {members} members over 30 months from January 2024, in three
-- markets and two contracts; some move market, some have no PCP or care team. Deterministic:
-- everything follows from the member's number.
insert into mart.contract (contract_id, contract_name, line_of_business) values
    ('aco', 'Harbor ACO', 'medicare'), ('mco', 'River MCO', 'medicaid'), ('unassigned', 'Unassigned', null);
insert into mart.market (market_id, market_name) values
    ('north', 'North'), ('south', 'South'), ('east', 'East'), ('unassigned', 'Unassigned');
insert into mart.care_team
    select 'team-' || i, 'Team ' || i, ['north', 'south', 'east'][i % 3 + 1] from range(4) as r(i);
insert into mart.staff (staff_id, staff_name, role, market_id)
    select 's' || i, 'Staff ' || i, 'nurse', ['north', 'south', 'east'][i % 3 + 1] from range(12) as r(i);
insert into mart.month (contract_id, month, incurred_through, paid_through, completion_medical, is_mature, member_months)
    select contract_id, cast(date '2024-01-01' + to_months(cast(m as integer)) as date), date '2026-06-30', date '2026-08-31',
        case when m < 27 then 1.0 else 1.0 - (m - 26) * 0.1 end, m < 28, 1
    from range(30) as r(m), (values ('aco'), ('mco')) as c(contract_id);
insert into mart.build (snapshot_id, feed, incurred_through, rows_in, rows_loaded, rows_quarantined)
    values ('crowd', 'payer', date '2026-06-30', 10, 8, 2);

insert into mart.member_month
select
    'm' || i, cast(date '2024-01-01' + to_months(cast(m as integer)) as date), ['aco', 'mco'][i % 2 + 1],
    ['north', 'south', 'east'][(i + case when i % 17 = 0 and m > 20 then 1 else 0 end) % 3 + 1],
    ['medicare', 'medicaid'][i % 2 + 1], 1, 1, 40 + i % 50, null, ['female', 'male'][i % 2 + 1],
    case when i % 13 > 0 then 'pcp-' || i % 7 end, case when i % 13 > 0 then 'Doctor ' || i % 7 end,
    case when i % 13 > 0 then 'Practice ' || i % 3 end, case when i % 11 > 0 then 'team-' || i % 4 end, 's' || i % 12,
    1.0, null
from range({members}) as r(i), range(30) as s(m)
where (i * 7) % 10 > 0 or m >= 12
order by 3, 4, 2, 1;

insert into mart.ed_visit
select
    'v-' || enrolled.person_id || '-' || k, enrolled.person_id, enrolled.contract_id, enrolled.market_id,
    enrolled.line_of_business, enrolled.month + cast(h % 28 as integer), enrolled.month + cast(h % 28 as integer), enrolled.month,
    isodow(enrolled.month + cast(h % 28 as integer)), case when h % 3 = 0 then h % 24 end,
    case when h % 29 > 0 then 'f' || h % 5 end, case when h % 29 > 0 then 'Hospital ' || h % 5 end,
    case when h % 10 < 7 then 'treated_and_released' when h % 10 < 8 then 'observation' else 'admitted' end,
    case when h % 31 > 0 then 'D' || h % 9 end, case when h % 31 > 0 then 'Diagnosis ' || h % 9 end,
    case when h % 31 > 0 then 'Category ' || h % 3 end,
    case when h % 4 < 2 then 0.5 else 0 end, case when h % 4 < 2 then 0.25 else 0 end,
    case when h % 4 < 2 then 0.125 else 0 end, case when h % 4 < 2 then 0.125 else 0 end,
    case when h % 4 = 2 then 1 else 0 end, 0, 0, 0, case when h % 4 = 3 then 1 else 0 end,
    case h % 4 when 2 then 'injury' when 3 then 'unclassified' end, case when h % 4 < 2 then 0.75 else 0 end,
    case h % 7 when 0 then 'dental' when 1 then 'asthma' end,
    case when h % 10 < 7 and h % 6 > 0 then h % 2 = 0 end, case when h % 10 < 7 and h % 6 > 1 then h % 3 > 0 end, null,
    h % 900, h % 1500, enrolled.age, enrolled.sex, enrolled.pcp_npi, enrolled.pcp_name, enrolled.practice_name,
    enrolled.care_team_id, enrolled.lead_staff_id, 'claims', 'payer', null, h % 40 > 0
from (
    select member_month.*, cast(substr(person_id, 2) as bigint) as i,
        row_number() over (partition by person_id order by month) as m
    from mart.member_month
) as enrolled,
range(2) as r(k),
lateral (select (enrolled.i * 7919 + enrolled.m * 104729 + k * 1299709) % 1000003 as h) as hashed
where (h % 97) < case when enrolled.i % 10 = 0 then 40 else 3 end
order by 3, 4, 8, 2;

insert into mart.member (person_id, contract_id, market_id, line_of_business, first_name, last_name, age, sex, phone,
    conditions, is_enrolled, ed_visits_12m, ed_visits_30d, pcp_npi, pcp_name, care_team_id, followup_7d_status,
    last_touch_date)
select enrolled.person_id, contract_id, market_id, line_of_business, 'First' || i, 'Last' || i, age, sex, '555-01' || i % 100,
    ['diabetes'], true, coalesce(visitor.visits, 0), 0, pcp_npi, pcp_name, care_team_id,
    case i % 9 when 0 then 'due' when 1 then 'done' else 'none' end, case when i % 3 = 0 then date '2026-06-20' end
from (select *, cast(substr(person_id, 2) as bigint) as i from mart.member_month where month = date '2026-06-01') as enrolled
left join (
    select person_id, count(*) as visits from mart.ed_visit where in_enrolment and month > date '2025-06-01' group by 1
) as visitor on visitor.person_id = enrolled.person_id;

insert into mart.inpatient_stay (stay_id, person_id, contract_id, market_id, admit_date, month, in_enrolment)
select 'st-' || visit_id, person_id, contract_id, market_id, visit_date, month, in_enrolment
from mart.ed_visit where disposition = 'admitted';
insert into mart.spend_month (person_id, month, contract_id, market_id, service_category_1, paid, in_enrolment, feed)
select person_id, month, contract_id, market_id, 'outpatient', 10, true, 'payer' from mart.member_month;
insert into mart.timeline (person_id, contract_id, market_id, happened_on, kind, title, event_id)
select person_id, contract_id, market_id, visit_date, 'ed', 'ED visit', visit_id from mart.ed_visit;
insert into mart.quarantine (feed, file_name, input_table, row_number, column_name, reason, row_json, contract_id, market_id)
values ('payer', 'a.csv', 'medical_claim', 3, 'paid_amount', 'bad amount', '{{}}', 'unassigned', 'unassigned'),
    ('payer', 'a.csv', 'medical_claim', 9, null, 'duplicate key', '{{}}', 'aco', 'north');
insert into mart.benchmark (benchmark_id, metric_id, segment_type, segment, statistic, value)
values ('b1', 'ed_visits_per_1000', 'all', null, 'p50', 593), ('b2', 'ed_visits_per_1000', 'market', 'north', 'target', 480),
    ('b3', 'ed_visits_per_1000', 'market', 'south', 'target', 510), ('b4', 'ed_visits_per_1000', 'contract', 'mco', 'target', 500);
insert into mart.panel (person_id, staff_id, role, contract_id, market_id, start_date, is_lead)
select person_id, lead_staff_id, 'nurse', contract_id, market_id, month, true from mart.member_month where month = date '2026-06-01';
insert into mart.ed_unmatched (claim_id, person_id, contract_id, market_id, service_date, reason)
select 'u' || person_id, person_id, contract_id, market_id, month, 'no facility visit' from mart.member_month
where month = date '2026-05-01' and person_id like '%7';
-- One feed that serves five places, with a file late and one missing, and what follows from it.
insert into mart.feed (feed, feed_name, contract_id, market_id, places, is_own, due_day, expected_since, expected)
select 'payer', 'Payer', contract_id, market_id, 5, true, 15, date '2025-07-01', 'medical_claim|pharmacy_claim'
from (values ('aco', 'north'), ('aco', 'south'), ('mco', 'north'), ('mco', 'south'), ('mco', 'east')) as p(contract_id, market_id);
insert into mart.delivery
select feed, feed_name, contract_id, market_id, places, cast(date '2025-07-01' + to_months(cast(m as integer)) as date), kind,
    words, true, case when kind = 'pharmacy_claim' and m = 9 then 'missing' when m = 10 then 'late' else 'arrived' end,
    cast(date '2025-08-15' + to_months(cast(m as integer)) as date),
    cast(date '2025-08-12' + to_months(cast(m as integer)) + to_days(case when m = 10 then 5 else 0 end) as date),
    case when m = 10 then 2 else 0 end, case when kind = 'pharmacy_claim' and m = 9 then 0 else 1 end, 0, 100, 98, 2, 0, 0
from mart.feed, range(12) as r(m), (values ('medical_claim', 'Medical claims'), ('pharmacy_claim', 'Pharmacy')) as k(kind, words);
insert into mart.control_total (feed, feed_name, contract_id, market_id, places, month, kind, kind_words, basis, lines, members,
    claims, charge, allowed, paid, lines_set_aside, has_payer_total, payer_lines, payer_paid, prior_paid)
select feed, feed_name, contract_id, market_id, places, delivery_month, kind, kind_words, 'delivery', 98, 40, 60, 900, 500, 400, 2,
    true, 100, 410, 395
from mart.delivery where files > 0;
insert into mart.column_fill (feed, feed_name, contract_id, market_id, places, kind, kind_words, column_name, valid_rule,
    delivery_month, lines, filled, valid)
select feed, feed_name, contract_id, market_id, places, kind, kind_words, 'billing_npi', 'check digit', delivery_month, 98, 90, 88
from mart.delivery where kind = 'medical_claim';
insert into mart.unmapped_code (feed, feed_name, contract_id, market_id, places, kind, kind_words, column_name, code, lines)
select feed, feed_name, contract_id, market_id, places, 'medical_claim', 'Medical claims', 'drg_code', '999', 7 from mart.feed;
insert into mart.member_without_claim (contract_id, market_id, month, members, without_claims)
select contract_id, market_id, month, count(*), count(*) filter (where person_id like '%3')
from mart.member_month where month in (date '2025-06-01', date '2026-06-01') group by 1, 2, 3;
insert into mart.retroactive_change (feed, contract_id, market_id, delivery_month, members, member_months)
select 'payer', contract_id, market_id, date '2026-05-01', 3, 7 from mart.feed;
insert into mart.spend_lag (contract_id, market_id, service_category_1, service_month, payment_month, paid, allowed)
select contract_id, market_id, 'outpatient', month, cast(month + to_months(cast(k as integer)) as date), sum(10) / (k + 1), sum(10)
from mart.member_month, range(3) as r(k) group by 1, 2, 4, 5, k;
insert into mart.claim_outside_enrolment (contract_id, market_id, feed, month, year, claim_kind, lines, claims, paid, allowed)
select contract_id, market_id, 'payer', date '2026-02-01', 2026, 'medical', 4, 2, 100, 120 from mart.feed;
insert into mart.data_issue (issue_id, feed, feed_name, contract_id, market_id, month, kind, kind_words, subject, problem, severity,
    words, consequence, size, unit, metrics, pages, affects_from, affects_to)
select 'i' || number, feed, feed_name, contract_id, market_id, month, 'pharmacy_claim', 'Pharmacy', '', problem, severity, words,
    'it is not complete', 1, 'files', metrics, 'ed_utilization', month, month
from mart.feed, (values
    (1, date '2026-04-01', 'missing', 'act', 'Pharmacy of Payer is missing for Apr 2026', 'pharmacy_paid|medical_paid'),
    (2, date '2026-05-01', 'late', 'info', 'Pharmacy of Payer for May 2026 came 2 days late', ''),
    (3, date '2026-05-01', 'set aside', 'watch', 'Medical claims of Payer for May 2026: 2 rows set aside (2.0%)', 'medical_paid')
) as problems(number, month, problem, severity, words, metrics);
insert into mart.unmatched_reversal (feed, contract_id, market_id, month, claims, paid)
select 'payer', contract_id, market_id, date '2026-03-01', 2, -35 from mart.feed;
-- One feed that serves five places, with a file late and one missing, and what follows from it.
insert into mart.feed (feed, feed_name, contract_id, market_id, places, is_own, due_day, expected_since, expected)
select 'payer', 'Payer', contract_id, market_id, 5, true, 15, date '2025-07-01', 'medical_claim|pharmacy_claim'
from (values ('aco', 'north'), ('aco', 'south'), ('mco', 'north'), ('mco', 'south'), ('mco', 'east')) as p(contract_id, market_id);
insert into mart.delivery
select feed, feed_name, contract_id, market_id, places, cast(date '2025-07-01' + to_months(cast(m as integer)) as date), kind,
    words, true, case when kind = 'pharmacy_claim' and m = 9 then 'missing' when m = 10 then 'late' else 'arrived' end,
    cast(date '2025-08-15' + to_months(cast(m as integer)) as date),
    cast(date '2025-08-12' + to_months(cast(m as integer)) + to_days(case when m = 10 then 5 else 0 end) as date),
    case when m = 10 then 2 else 0 end, case when kind = 'pharmacy_claim' and m = 9 then 0 else 1 end, 0, 100, 98, 2, 0, 0
from mart.feed, range(12) as r(m), (values ('medical_claim', 'Medical claims'), ('pharmacy_claim', 'Pharmacy')) as k(kind, words);
insert into mart.control_total (feed, feed_name, contract_id, market_id, places, month, kind, kind_words, basis, lines, members,
    claims, charge, allowed, paid, lines_set_aside, has_payer_total, payer_lines, payer_paid, prior_paid)
select feed, feed_name, contract_id, market_id, places, delivery_month, kind, kind_words, 'delivery', 98, 40, 60, 900, 500, 400, 2,
    true, 100, 410, 395
from mart.delivery where files > 0;
insert into mart.column_fill (feed, feed_name, contract_id, market_id, places, kind, kind_words, column_name, valid_rule,
    delivery_month, lines, filled, valid)
select feed, feed_name, contract_id, market_id, places, kind, kind_words, 'billing_npi', 'check digit', delivery_month, 98, 90, 88
from mart.delivery where kind = 'medical_claim';
insert into mart.unmapped_code (feed, feed_name, contract_id, market_id, places, kind, kind_words, column_name, code, lines)
select feed, feed_name, contract_id, market_id, places, 'medical_claim', 'Medical claims', 'drg_code', '999', 7 from mart.feed;
insert into mart.member_without_claim (contract_id, market_id, month, members, without_claims)
select contract_id, market_id, month, count(*), count(*) filter (where person_id like '%3')
from mart.member_month where month in (date '2025-06-01', date '2026-06-01') group by 1, 2, 3;
insert into mart.retroactive_change (feed, contract_id, market_id, delivery_month, members, member_months)
select 'payer', contract_id, market_id, date '2026-05-01', 3, 7 from mart.feed;
insert into mart.spend_lag (contract_id, market_id, service_category_1, service_month, payment_month, paid, allowed)
select contract_id, market_id, 'outpatient', month, cast(month + to_months(cast(k as integer)) as date), sum(10) / (k + 1), sum(10)
from mart.member_month, range(3) as r(k) group by 1, 2, 4, 5, k;
insert into mart.claim_outside_enrolment (contract_id, market_id, feed, month, year, claim_kind, lines, claims, paid, allowed)
select contract_id, market_id, 'payer', date '2026-02-01', 2026, 'medical', 4, 2, 100, 120 from mart.feed;
insert into mart.data_issue (issue_id, feed, feed_name, contract_id, market_id, month, kind, kind_words, subject, problem, severity,
    words, consequence, size, unit, metrics, pages, affects_from, affects_to)
select 'i' || number, feed, feed_name, contract_id, market_id, month, 'pharmacy_claim', 'Pharmacy', '', problem, severity, words,
    'it is not complete', 1, 'files', metrics, 'ed_utilization', month, month
from mart.feed, (values
    (1, date '2026-04-01', 'missing', 'act', 'Pharmacy of Payer is missing for Apr 2026', 'pharmacy_paid|medical_paid'),
    (2, date '2026-05-01', 'late', 'info', 'Pharmacy of Payer for May 2026 came 2 days late', ''),
    (3, date '2026-05-01', 'set aside', 'watch', 'Medical claims of Payer for May 2026: 2 rows set aside (2.0%)', 'medical_paid')
) as problems(number, month, problem, severity, words, metrics);
-- One feed that serves five places, with a file late and one missing, and what follows from it.
insert into mart.feed (feed, feed_name, contract_id, market_id, places, is_own, due_day, expected_since, expected)
select 'payer', 'Payer', contract_id, market_id, 5, true, 15, date '2025-07-01', 'medical_claim|pharmacy_claim'
from (values ('aco', 'north'), ('aco', 'south'), ('mco', 'north'), ('mco', 'south'), ('mco', 'east')) as p(contract_id, market_id);
insert into mart.delivery
select feed, feed_name, contract_id, market_id, places, cast(date '2025-07-01' + to_months(cast(m as integer)) as date), kind,
    words, true, case when kind = 'pharmacy_claim' and m = 9 then 'missing' when m = 10 then 'late' else 'arrived' end,
    cast(date '2025-08-15' + to_months(cast(m as integer)) as date),
    cast(date '2025-08-12' + to_months(cast(m as integer)) + to_days(case when m = 10 then 5 else 0 end) as date),
    case when m = 10 then 2 else 0 end, case when kind = 'pharmacy_claim' and m = 9 then 0 else 1 end, 0, 100, 98, 2, 0, 0
from mart.feed, range(12) as r(m), (values ('medical_claim', 'Medical claims'), ('pharmacy_claim', 'Pharmacy')) as k(kind, words);
insert into mart.control_total (feed, feed_name, contract_id, market_id, places, month, kind, kind_words, basis, lines, members,
    claims, charge, allowed, paid, lines_set_aside, has_payer_total, payer_lines, payer_paid, prior_paid)
select feed, feed_name, contract_id, market_id, places, delivery_month, kind, kind_words, 'delivery', 98, 40, 60, 900, 500, 400, 2,
    true, 100, 410, 395
from mart.delivery where files > 0;
insert into mart.column_fill (feed, feed_name, contract_id, market_id, places, kind, kind_words, column_name, valid_rule,
    delivery_month, lines, filled, valid)
select feed, feed_name, contract_id, market_id, places, kind, kind_words, 'billing_npi', 'check digit', delivery_month, 98, 90, 88
from mart.delivery where kind = 'medical_claim';
insert into mart.unmapped_code (feed, feed_name, contract_id, market_id, places, kind, kind_words, column_name, code, lines)
select feed, feed_name, contract_id, market_id, places, 'medical_claim', 'Medical claims', 'drg_code', '999', 7 from mart.feed;
insert into mart.member_without_claim (contract_id, market_id, month, members, without_claims)
select contract_id, market_id, month, count(*), count(*) filter (where person_id like '%3')
from mart.member_month where month in (date '2025-06-01', date '2026-06-01') group by 1, 2, 3;
insert into mart.retroactive_change (feed, contract_id, market_id, delivery_month, members, member_months)
select 'payer', contract_id, market_id, date '2026-05-01', 3, 7 from mart.feed;
insert into mart.spend_lag (contract_id, market_id, service_category_1, service_month, payment_month, paid, allowed)
select contract_id, market_id, 'outpatient', month, cast(month + to_months(cast(k as integer)) as date), sum(10) / (k + 1), sum(10)
from mart.member_month, range(3) as r(k) group by 1, 2, 4, 5, k;
insert into mart.claim_outside_enrolment (contract_id, market_id, feed, month, year, claim_kind, lines, claims, paid, allowed)
select contract_id, market_id, 'payer', date '2026-02-01', 2026, 'medical', 4, 2, 100, 120 from mart.feed;
insert into mart.data_issue (issue_id, feed, feed_name, contract_id, market_id, month, kind, kind_words, subject, problem, severity,
    words, consequence, size, unit, metrics, pages, affects_from, affects_to)
select 'i' || number, feed, feed_name, contract_id, market_id, month, 'pharmacy_claim', 'Pharmacy', '', problem, severity, words,
    'it is not complete', 1, 'files', metrics, 'ed_utilization', month, month
from mart.feed, (values
    (1, date '2026-04-01', 'missing', 'act', 'Pharmacy of Payer is missing for Apr 2026', 'pharmacy_paid|medical_paid'),
    (2, date '2026-05-01', 'late', 'info', 'Pharmacy of Payer for May 2026 came 2 days late', ''),
    (3, date '2026-05-01', 'set aside', 'watch', 'Medical claims of Payer for May 2026: 2 rows set aside (2.0%)', 'medical_paid')
) as problems(number, month, problem, severity, words, metrics);

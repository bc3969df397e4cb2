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
    1.0, null, 1.0
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
-- Claim lines, and all that is added up from them: a few members cost much more, a few lines are cancelled, and every
-- attribute is sometimes not known. Amounts and factors are binary fractions, so that sums do not depend on their order.
insert into mart.claim_line
select
    'l-' || person_id || '-' || m || '-' || k, 'c-' || person_id || '-' || m || '-' || k // 2, k,
    case when category = 7 then 'pharmacy' when category < 3 then 'institutional' else 'professional' end,
    person_id, contract_id, market_id, care_team_id, pcp_npi, practice_name, month, month + cast(h % 28 as integer),
    month + cast(h % 28 as integer) + 40,
    ['inpatient', 'outpatient', 'outpatient', 'office_based', 'ancillary', 'ancillary', 'other', 'pharmacy'][category + 1],
    ['acute', 'ed', 'surgery', 'visit', 'dme', 'ambulance', 'other', 'retail'][category + 1],
    ['in', 'in', 'out', 'unknown'][g % 4 + 1], case when g % 23 > 0 then 'f' || g % 9 end,
    case when g % 23 > 0 then 'Provider ' || g % 9 end, case when g % 23 > 0 then 'Group ' || g % 4 end,
    case when g % 19 > 0 then ['cardiology', 'orthopaedics', 'primary care'][g % 3 + 1] end, category in (2, 3, 4),
    null, null, null, null, 'D' || g % 9, null,
    case when category = 7 then 'drug-' || g % 5 end, case when category = 7 then 'Drug ' || g % 5 end,
    case when category = 7 then 'ingredient ' || g % 5 end, case when category = 7 and g % 5 > 0 then g % 5 > 2 end,
    case when category = 7 and g % 5 > 0 then g % 5 = 1 end,
    case when category = 7 and g % 6 > 0 then [30, 90][g % 2 + 1] end, null, allowed * 0.75, allowed, 0, 0, 0, 0,
    case when g % 37 > 0 then 1 else 0 end, g % 37 = 0, g % 41 > 0, 'payer'
from (
    select *, case when g % 37 = 0 then -1 else 1 end * (g % 900 + 1) / 4.0
        * case when i % 29 = 0 then 90 when category = 0 then 9 else 1 end as allowed
    from (
        select *, (i * 7919 + m * 104729 + k * 1299709) % 1000003 as h, h % 8 as category, h // 8 as g
        from (
            select member_month.*, cast(substr(person_id, 2) as bigint) as i,
                row_number() over (partition by person_id order by month) as m
            from mart.member_month
        ) as enrolled, range(2) as r(k)
    ) as hashed
    where h % 5 < 3
) as priced
order by month, contract_id, person_id;
insert into mart.member_year
select
    person_id, contract_id, max(market_id), year(month), 12, sum(paid), sum(allowed), 40000, 30000,
    least(1, round(40000 / nullif(greatest(sum(paid), 0), 0) * 64) / 64),
    least(1, round(40000 / nullif(greatest(sum(allowed), 0), 0) * 64) / 64),
    greatest(0, 1 - round(30000 / nullif(greatest(sum(paid), 0), 0) * 64) / 64),
    greatest(0, 1 - round(30000 / nullif(greatest(sum(allowed), 0), 0) * 64) / 64)
from mart.claim_line
group by person_id, contract_id, year(month);
update mart.claim_line as line
set paid_truncated = line.paid * coalesce(y.paid_factor, 1), allowed_truncated = line.allowed * coalesce(y.allowed_factor, 1),
    paid_over = line.paid * coalesce(y.paid_over_share, 0), allowed_over = line.allowed * coalesce(y.allowed_over_share, 0)
from mart.member_year as y
where y.person_id = line.person_id and y.contract_id = line.contract_id and y.year = year(line.month);
insert into mart.large_claimant
select
    y.person_id, y.contract_id, y.market_id, y.year, y.threshold, y.paid, y.allowed, y.allowed * y.allowed_over_share,
    y.paid * y.paid_over_share, coalesce(before.allowed_over_share > 0, false)
from mart.member_year as y
left join mart.member_year as before
    on before.person_id = y.person_id and before.contract_id = y.contract_id and before.year = y.year - 1
where y.allowed_over_share > 0;
insert into mart.spend_month (person_id, month, contract_id, market_id, service_category_1, service_category_2, network,
    provider_npi_group, paid, allowed, claims, units, in_enrolment, feed, provider_name, provider_group, specialty, is_referable,
    care_team_id, pcp_npi, practice_name, paid_truncated, allowed_truncated, paid_over, allowed_over)
select person_id, month, contract_id, market_id, service_category_1, service_category_2, network, provider_npi_group, sum(paid),
    sum(allowed), count(distinct claim_id), sum(units), in_enrolment, feed, provider_name, provider_group, specialty, is_referable,
    care_team_id, pcp_npi, practice_name, sum(paid_truncated), sum(allowed_truncated), sum(paid_over), sum(allowed_over)
from mart.claim_line
group by person_id, month, contract_id, market_id, service_category_1, service_category_2, network, provider_npi_group,
    in_enrolment, feed, provider_name, provider_group, specialty, is_referable, care_team_id, pcp_npi, practice_name
order by month, contract_id, person_id;
insert into mart.spend_group
select contract_id, market_id, care_team_id, pcp_npi, practice_name, month, service_category_1, service_category_2, network, sum(paid),
    sum(allowed), sum(paid_truncated), sum(allowed_truncated), sum(paid_over), sum(allowed_over), sum(claims), sum(units)
from mart.spend_month where in_enrolment group by all;
insert into mart.drug_month
select contract_id, market_id, care_team_id, pcp_npi, practice_name, month, drug, max(drug_name), is_generic, is_specialty, sum(units),
    coalesce(sum(units) filter (where days_supply >= 84), 0), coalesce(sum(units) filter (where days_supply is not null), 0),
    coalesce(sum(days_supply), 0), sum(paid), sum(allowed), sum(paid_truncated), sum(allowed_truncated), sum(paid_over), sum(allowed_over)
from mart.claim_line where in_enrolment and service_category_1 = 'pharmacy'
group by contract_id, market_id, care_team_id, pcp_npi, practice_name, month, drug, is_generic, is_specialty;
insert into mart.referral_month
select contract_id, market_id, care_team_id, pcp_npi, practice_name, month, specialty, provider_group, service_category_1, network,
    sum(paid), sum(allowed), sum(paid_truncated), sum(allowed_truncated), sum(paid_over), sum(allowed_over), sum(claims), sum(units)
from mart.spend_month where in_enrolment and is_referable group by all;
insert into mart.enrolment_group
select contract_id, market_id, line_of_business, care_team_id, pcp_npi, practice_name, month, sum(medical_member_months),
    sum(pharmacy_member_months), count(*), sum(risk_weight * medical_member_months), sum(medical_member_months)
from mart.member_month group by all;
insert into mart.service_unit values ('inpatient', 'acute', 'stays'), ('outpatient', 'ed', 'visits'), ('outpatient', 'surgery', 'visits'),
    ('office_based', 'visit', 'visits'), ('ancillary', 'dme', 'services'), ('ancillary', 'ambulance', 'trips'),
    ('other', 'other', 'services'), ('pharmacy', 'retail', 'fills');
-- The last six months are not finished: chain ladder, and below 0.7 what members of the month are still to bring.
insert into mart.completion (contract_id, service_category_1, basis, month, lag, completion, method, multiplier, per_member_month,
    per_member_month_truncated, dispersion, tail_factor, months_excluded)
select
    contract_id, category, basis, month, 31 - m, done,
    case when done = 1 then 'complete' when done < 0.7 then 'bornhuetter_ferguson' else 'chain_ladder' end,
    case when done < 0.7 then 1 else growth end, case when done < 0.7 then growth * 16 else 0 end,
    case when done < 0.7 then growth * 12 else 0 end, 300, 1, 0
from (
    select contract_id, category, basis, m, cast(date '2024-01-01' + to_months(cast(m as integer)) as date) as month,
        case when m < 24 or category = 'pharmacy' then 1.0 else 1 + (m - 23) * 0.125 end as growth, 1 / growth as done
    from range(30) as r(m), (values ('aco'), ('mco')) as c(contract_id), (values ('allowed'), ('paid')) as b(basis),
        (values ('inpatient'), ('outpatient'), ('office_based'), ('ancillary'), ('other'), ('pharmacy')) as s(category)
) as ladder;
insert into mart.completion_draw
select contract_id, service_category_1, basis, month, draw, multiplier * (0.875 + draw * 0.125), per_member_month * (0.75 + draw * 0.25)
from mart.completion, range(3) as d(draw) where method <> 'complete';
insert into mart.completion_link (contract_id, service_category_1, basis, lag, link_ratio, completion, standard_error, months_used,
    months_excluded, tail_factor)
select distinct contract_id, service_category_1, basis, lag, 1.1, completion, 0.01, 20, 0, 1.0 from mart.completion;
insert into mart.completion_backtest (contract_id, service_category_1, basis, as_of, month, amount_then, said, low, high, came,
    came_completed, covered)
select contract_id, service_category_1, basis, 3, month, 900, 1000, 950, 1050, 1010, 1012, true
from mart.completion where month = date '2026-01-01';
insert into mart.risk_reference (line_of_business, model, reference_score, medical_pmpm_allowed, medical_pmpm_paid, pharmacy_pmpm_allowed,
    pharmacy_pmpm_paid)
values ('medicare', 'cms_hcc_v28', 1.1, 500, 400, 80, 60), ('medicaid', 'age_sex', 1.0, 450, 350, 70, 50);
insert into mart.member_risk (person_id, contract_id, market_id, year, model, risk_score, demographic_score, hcc_score, hcc_count,
    is_new_enrolee, risk_weight, previous_score, demographic_change, enrolee_change, hcc_new_change, hcc_dropped_change,
    combination_change, is_leaving)
select person_id, contract_id, market_id, year(month), case contract_id when 'aco' then 'cms_hcc_v28' else 'age_sex' end,
    0.5 + i % 7 * 0.125 + h, 0.5 + i % 7 * 0.125, h, cast(h * 8 as integer), false, 1.0,
    case when i % 5 > 0 then 0.25 + i % 7 * 0.125 + h end, case when i % 5 > 0 then 0.125 end, case when i % 5 > 0 then 0.0625 end,
    case when i % 5 > 0 then 0.25 end, case when i % 5 > 0 then -0.125 end, case when i % 5 > 0 then -0.0625 end, i % 9 = 0
from (
    select *, cast(substr(person_id, 2) as bigint) as i, (cast(substr(person_id, 2) as bigint) + year(month)) % 3 * 0.25 as h
    from mart.member_month where month(month) = 6
) as scored;
insert into mart.member_hcc
select person_id, contract_id, market_id, year, 'HCC' || hcc_count, 'Condition ' || hcc_count, 0.2,
    case hcc_count % 3 when 0 then 'dropped' when 1 then 'new' else 'continuing' end, date '2025-03-01'
from mart.member_risk where model = 'cms_hcc_v28';
insert into mart.spend_change
select 'payer', claim_id, person_id, contract_id, market_id, care_team_id, pcp_npi, month, service_category_1,
    case claim_line_number when 0 then 'late_claims' else 'new_activity' end, paid, allowed, 0, 0, 1
from mart.claim_line where month >= date '2026-03-01' and in_enrolment;
insert into mart.spend_change
select 'payer', null, person_id, contract_id, market_id, care_team_id, pcp_npi, month, null, 'retroactive_enrolment', 0, 0, -1, -1, 0
from mart.member_month where month = date '2026-04-01' and person_id like '%4';
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
insert into mart.spend_lag (contract_id, market_id, service_category_1, service_month, payment_month, paid, allowed, in_enrolment)
select contract_id, market_id, 'outpatient', month, cast(month + to_months(cast(k as integer)) as date), sum(10) / (k + 1), sum(10), true
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

/* How well key columns are filled, and how many of their values can be what they say, per delivery; where a column has a
   place only on some lines (revenue centre: institutional), only those are counted. Repeated for each contract and market
   the feed serves; without declared deliveries there is one row without a month. Grain: feed, contract, market, table,
   column, month. */
MODEL (
  name mart.column_fill,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := (feed, contract_id, market_id, kind, column_name, delivery_month)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

with code as (
    select
        feed, file_name, input_table, column_name,
        sum(lines) as lines,
        sum(case when code is not null then lines else 0 end) as filled,
        sum(case when is_valid then lines else 0 end) as valid
    from staging.code_count
    group by feed, file_name, input_table, column_name
),

summed as (
    select
        feed, file_name, input_table,
        sum(lines) as lines, sum(with_person) as with_person, sum(with_service) as with_service,
        sum(with_paid_date) as with_paid_date, sum(with_valid_paid_date) as with_valid_paid_date, sum(with_paid) as with_paid,
        sum(with_allowed) as with_allowed, sum(with_valid_allowed) as with_valid_allowed,
        sum(with_birth_date) as with_birth_date, sum(with_valid_birth_date) as with_valid_birth_date
    from staging.file_total
    group by feed, file_name, input_table
),

plain as (
    select feed, file_name, input_table, 'person_id' as column_name, lines, with_person as filled, with_person as valid
    from summed
    union all
    select
        feed, file_name, input_table,
        case input_table
            when 'medical_claim' then 'claim_start_date'
            when 'pharmacy_claim' then 'dispensing_date'
            else 'enrollment_start_date'
        end,
        lines, with_service, with_service
    from summed
    union all
    select feed, file_name, input_table, 'paid_date', lines, with_paid_date, with_valid_paid_date
    from summed where input_table <> 'eligibility'
    union all
    select feed, file_name, input_table, 'paid_amount', lines, with_paid, with_paid
    from summed where input_table <> 'eligibility'
    union all
    select feed, file_name, input_table, 'allowed_amount', lines, with_allowed, with_valid_allowed
    from summed where input_table <> 'eligibility'
    union all
    select feed, file_name, input_table, 'birth_date', lines, with_birth_date, with_valid_birth_date
    from summed where input_table = 'eligibility'
),

measured as (
    select feed, file_name, input_table, column_name, lines, filled, valid from code
    union all
    select feed, file_name, input_table, column_name, lines, filled, valid from plain
),

by_month as (
    select
        m.feed, m.input_table as kind, m.column_name, f.delivery_month,
        sum(m.lines) as lines, sum(m.filled) as filled, sum(m.valid) as valid
    from measured as m
    left join staging.delivered_file as f on f.feed = m.feed and f.file_name = m.file_name
    group by m.feed, m.input_table, m.column_name, f.delivery_month
)

select
    b.feed,
    n.feed_name,
    p.contract_id,
    p.market_id,
    p.places,
    b.kind,
    coalesce(k.words, b.kind) as kind_words,
    b.column_name,
    case b.column_name
        when 'diagnosis_code_1' then 'ICD-10-CM shape and a category that exists'
        when 'revenue_center_code' then 'in the NUBC list; institutional lines'
        when 'bill_type_code' then 'facility, care and frequency; institutional lines'
        when 'place_of_service_code' then 'in the CMS list; professional lines'
        when 'drg_code' then 'an MS-DRG; inpatient bills'
        when 'discharge_disposition_code' then 'in the NUBC list; inpatient bills'
        when 'facility_npi' then '10 digits, check digit; institutional lines'
        when 'rendering_npi' then '10 digits, check digit; professional lines'
        when 'billing_npi' then '10 digits, check digit'
        when 'prescribing_provider_npi' then '10 digits, check digit'
        when 'ndc_code' then '11 digits'
        when 'zip_code' then '5 or 9 digits'
        when 'sex' then 'female or male'
        when 'paid_date' then 'not before the service'
        when 'allowed_amount' then 'not less than paid'
        when 'birth_date' then 'not before 1900'
        else 'filled'
    end as valid_rule,
    b.delivery_month,
    cast(b.lines as bigint) as lines,
    cast(b.filled as bigint) as filled,
    cast(b.valid as bigint) as valid
from by_month as b
inner join staging.feed_place as p on p.feed = b.feed
inner join staging.feed_name as n on n.feed = b.feed
left join staging.kind_name as k on k.feed = b.feed and k.kind = b.kind

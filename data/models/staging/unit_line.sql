/* The lines that units are counted on, net of cancelled, cancelling and replaced claims: the first line of each stay,
   bill, or day of a person with a provider, as reference.service_unit says of the category. Found apart from the lines
   themselves, so that only keys are held in memory. Grain: claim line. */
MODEL (
  name staging.unit_line,
  kind FULL
);

with counted as (
    select
        l.claim_key,
        l.claim_line_number,
        l.claim_start_date,
        l.person_id,
        l.contract_id,
        l.service_category_1,
        l.service_category_2,
        case
            when u.counted = 'stay' then c.stay_id
            when u.counted = 'bill' and l.claim_type = 'institutional' and l.frequency not in ('0', '3', '4', '5')
                then l.claim_key
            when u.counted = 'facility day' and l.claim_type <> 'institutional' then null
            when u.counted in ('day', 'facility day') then coalesce(l.provider_npi_group, 'unknown')
        end as unit_of,
        case when u.counted in ('day', 'facility day') then l.claim_line_start_date end as unit_on
    from staging.line_category as l
    inner join reference.service_unit as u
        on u.service_category_1 = l.service_category_1 and u.service_category_2 = l.service_category_2
    left join staging.stay_claim as c on c.claim_key = l.claim_key
    where not l.is_taken_back and not l.is_replaced
)

select
    min_by(claim_key, cast(claim_start_date as varchar) || claim_key || ':' || cast(claim_line_number as varchar))
        as claim_key,
    min_by(
        claim_line_number, cast(claim_start_date as varchar) || claim_key || ':' || cast(claim_line_number as varchar)
    ) as claim_line_number
from counted
where unit_of is not null
group by person_id, contract_id, service_category_1, service_category_2, unit_of, unit_on

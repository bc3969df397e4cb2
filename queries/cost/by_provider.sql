-- answers: Which hospitals, practices and doctors get the money, and what do they charge a unit?
-- grain: one row per provider and network status
-- metric: [unit_cost]
-- columns:
--   provider_npi: "NPI — group NPI of the provider; 'none' where the claim has none"
--   provider_name: "text — name of the provider"
--   provider_group: "text — practice, else facility"
--   network: "text — in, out or unknown"
--   amount: "dollars — to date, on the basis asked for"
--   units: "units — stays, visits, fills or services"
--   unit_cost: "dollars per unit — amount ÷ units"
--   claims: "claims — one claim of several months or parts counts in each"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   truncated: {type: bool, default: false, meaning: 'without the dollars above the contract''s yearly cap per member'}
--   pharmacy: {type: bool, default: true, meaning: 'with pharmacy'}
--   service_category_1: {type: str, meaning: 'service category'}
--   service_category_2: {type: str, meaning: 'part of the service category; none = none'}
-- drill:
--   amount: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', service_category_1: ':service_category_1', service_category_2: ':service_category_2', provider_npi: $provider_npi, network: $network}, count: "sum:amount"}
--   units: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', service_category_1: ':service_category_1', service_category_2: ':service_category_2', provider_npi: $provider_npi, network: $network}, count: "sum:units"}
with provider as (
    select
        coalesce(provider_npi_group, 'none') as provider_npi,
        max(provider_name) as provider_name,
        max(provider_group) as provider_group,
        coalesce(network, 'unknown') as network,
        coalesce(sum(case
            when :truncated then case (:basis) when 'paid' then paid_truncated else allowed_truncated end
            when :basis = 'paid' then paid
            else allowed
        end), 0) as amount,
        coalesce(sum(units), 0) as units,
        sum(claims) as claims
    from mart.spend_month
    where in_enrolment
        and month between :period_start and :period_end
        and (:pharmacy or service_category_1 <> 'pharmacy')
        and (:service_category_1 is null or service_category_1 = :service_category_1)
        and (:service_category_2 is null or coalesce(service_category_2, 'none') = :service_category_2)
    group by coalesce(provider_npi_group, 'none'), coalesce(network, 'unknown')
)

select
    provider_npi,
    coalesce(provider_name, case when provider_npi = 'none' then 'Not known' else provider_npi end) as provider_name,
    provider_group,
    network,
    amount,
    units,
    amount / nullif(units, 0) as unit_cost,
    claims
from provider
order by amount desc, provider_npi, network

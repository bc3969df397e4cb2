-- answers: How does emergency department use differ between markets, contracts, lines of business, care teams, PCPs or practices?
-- grain: one row per group
-- metric: [ed_visits_per_1000, avoidable_ed_share, followup_7d_rate, followup_30d_rate]
-- columns:
--   group_id: "text — id of the group; 'none' where the member has none"
--   group_name: "text — name of the group"
--   member_months: "member-months — months enrolled on any day"
--   visits: "visits — treated-and-released ED visits"
--   visits_per_1000: "visits per 1,000 member-years — treated-and-released visits ÷ member-months × 12,000"
--   avoidable_equivalent: "visits — sum of non-emergent and primary-care-treatable probabilities; an estimate"
--   avoidable_share: "share 0..1 — avoidable-equivalent visits ÷ treated-and-released visits"
--   followup_7d_eligible: "visits — treated-and-released visits whose 7-day window has passed"
--   followup_7d_met: "visits — of those, followed up within 7 days"
--   followup_7d_rate: "share 0..1 — followed up ÷ eligible"
--   followup_30d_eligible: "visits — treated-and-released visits whose 30-day window has passed"
--   followup_30d_met: "visits — of those, followed up within 30 days"
--   followup_30d_rate: "share 0..1 — followed up ÷ eligible"
-- params:
--   group_by: {type: str, required: true, choices: [market, contract, line_of_business, care_team, pcp, practice], meaning: 'what to group by'}
-- drill:
--   member_months: {question: members/enrolled, params: {}, group: {by: group_by, value: $group_id, map: {market: market_id, contract: contract_id, line_of_business: line_of_business, care_team: care_team_id, pcp: pcp_npi, practice: practice_name}}, count: "sum:member_months"}
--   visits: {question: ed/visits, params: {disposition: treated_and_released}, group: {by: group_by, value: $group_id, map: {market: market_id, contract: contract_id, line_of_business: line_of_business, care_team: care_team_id, pcp: pcp_npi, practice: practice_name}}, count: "rows"}
--   avoidable_equivalent: {question: ed/visits, params: {disposition: treated_and_released, class: avoidable}, group: {by: group_by, value: $group_id, map: {market: market_id, contract: contract_id, line_of_business: line_of_business, care_team: care_team_id, pcp: pcp_npi, practice: practice_name}}, count: "sum:class_weight"}
--   followup_7d_eligible: {question: ed/visits, params: {disposition: treated_and_released, followup_7d: eligible}, group: {by: group_by, value: $group_id, map: {market: market_id, contract: contract_id, line_of_business: line_of_business, care_team: care_team_id, pcp: pcp_npi, practice: practice_name}}, count: "rows"}
--   followup_7d_met: {question: ed/visits, params: {disposition: treated_and_released, followup_7d: met}, group: {by: group_by, value: $group_id, map: {market: market_id, contract: contract_id, line_of_business: line_of_business, care_team: care_team_id, pcp: pcp_npi, practice: practice_name}}, count: "rows"}
--   followup_30d_eligible: {question: ed/visits, params: {disposition: treated_and_released, followup_30d: eligible}, group: {by: group_by, value: $group_id, map: {market: market_id, contract: contract_id, line_of_business: line_of_business, care_team: care_team_id, pcp: pcp_npi, practice: practice_name}}, count: "rows"}
--   followup_30d_met: {question: ed/visits, params: {disposition: treated_and_released, followup_30d: met}, group: {by: group_by, value: $group_id, map: {market: market_id, contract: contract_id, line_of_business: line_of_business, care_team: care_team_id, pcp: pcp_npi, practice: practice_name}}, count: "rows"}
with
enrolled as (
    select
        case (:group_by)
            when 'market' then market_id
            when 'contract' then contract_id
            when 'line_of_business' then line_of_business
            when 'care_team' then coalesce(care_team_id, 'none')
            when 'pcp' then coalesce(pcp_npi, 'none')
            when 'practice' then coalesce(practice_name, 'none')
        end as group_id,
        max(pcp_name) as pcp_name,
        cast(sum(medical_member_months) as double) as member_months
    from mart.member_month
    where month between :period_start and :period_end
    group by 1
),

ed_use as (
    select
        case (:group_by)
            when 'market' then market_id
            when 'contract' then contract_id
            when 'line_of_business' then line_of_business
            when 'care_team' then coalesce(care_team_id, 'none')
            when 'pcp' then coalesce(pcp_npi, 'none')
            when 'practice' then coalesce(practice_name, 'none')
        end as group_id,
        count(*) as visits,
        sum(avoidable_probability) as avoidable_equivalent,
        count(*) filter (where followed_up_7d is not null) as followup_7d_eligible,
        count(*) filter (where followed_up_7d) as followup_7d_met,
        count(*) filter (where followed_up_30d is not null) as followup_30d_eligible,
        count(*) filter (where followed_up_30d) as followup_30d_met
    from mart.ed_visit
    where in_enrolment
        and disposition = 'treated_and_released'
        and month between :period_start and :period_end
    group by 1
),

dimension as (
    select 'market' as kind, market_id as id, market_name as name from permitted.market
    union all
    select 'contract' as kind, contract_id as id, contract_name as name from permitted.contract
    union all
    select 'care_team' as kind, care_team_id as id, care_team_name as name from permitted.care_team
),

grouped as (
    select
        coalesce(enrolled.group_id, ed_use.group_id) as group_id,
        enrolled.pcp_name,
        coalesce(enrolled.member_months, 0) as member_months,
        coalesce(ed_use.visits, 0) as visits,
        ed_use.avoidable_equivalent,
        coalesce(ed_use.followup_7d_eligible, 0) as followup_7d_eligible,
        coalesce(ed_use.followup_7d_met, 0) as followup_7d_met,
        coalesce(ed_use.followup_30d_eligible, 0) as followup_30d_eligible,
        coalesce(ed_use.followup_30d_met, 0) as followup_30d_met
    from enrolled
    full outer join ed_use on ed_use.group_id = enrolled.group_id
)

select
    grouped.group_id,
    case
        when grouped.group_id = 'none' then 'None assigned'
        when :group_by = 'pcp' then coalesce(grouped.pcp_name, grouped.group_id)
        when :group_by = 'line_of_business' then upper(substr(grouped.group_id, 1, 1)) || substr(grouped.group_id, 2)
        else coalesce(dimension.name, grouped.group_id)
    end as group_name,
    grouped.member_months,
    grouped.visits,
    grouped.visits * 12000.0 / nullif(grouped.member_months, 0) as visits_per_1000,
    grouped.avoidable_equivalent,
    grouped.avoidable_equivalent / nullif(grouped.visits, 0) as avoidable_share,
    grouped.followup_7d_eligible,
    grouped.followup_7d_met,
    cast(grouped.followup_7d_met as double) / nullif(grouped.followup_7d_eligible, 0) as followup_7d_rate,
    grouped.followup_30d_eligible,
    grouped.followup_30d_met,
    cast(grouped.followup_30d_met as double) / nullif(grouped.followup_30d_eligible, 0) as followup_30d_rate
from grouped
left join dimension on dimension.kind = :group_by and dimension.id = grouped.group_id
where grouped.group_id is not null
order by grouped.visits desc, grouped.group_id

-- answers: Which quality measures is this member in, and which are open?
-- grain: one row per measure, contract and year
-- columns:
--   measure_id: "id — the measure"
--   measure_name: "text — name of the measure"
--   year: "year — measurement year"
--   status: "text — open, closed, excluded or lost"
--   closed_date: "date — when it was closed"
--   due_date: "date — last day to close it"
--   days_left: "days — until then"
--   evidence: "text — what it rests on"
--   exclusion_reason: "text — why excluded"
--   reported_by: "text — computed, payer or both"
--   contract_name: "text — contract"
-- params:
--   person_id: {type: str, required: true, meaning: 'the member'}
-- needs: [view_members]
-- filters: []
select
    gap.measure_id,
    coalesce(measure.measure_name, gap.measure_id) as measure_name,
    gap.measurement_year as year,
    gap.status,
    gap.closed_date,
    gap.due_date,
    gap.days_left,
    gap.evidence,
    gap.exclusion_reason,
    gap.reported_by,
    contract.contract_name
from mart.quality_gap as gap
left join mart.measure as measure on measure.measure_id = gap.measure_id
left join permitted.contract as contract on contract.contract_id = gap.contract_id
where gap.person_id = :person_id
order by gap.measurement_year desc, measure_name

/* What changed since the snapshot served before this one: dollars of claims in enrolment, and member-months, each with one
   cause (data/estimates/change.py), where it counts. Old totals are new ones less these. Member-months have no claim and
   no category. Grain: claim, category, place, month and cause; or person, place, month and cause. */
MODEL (
  name mart.spend_change,
  kind FULL,
  depends_on (estimate.previous_build, estimate.previous_total, mart.member_month, mart.spend_month),
  audits (causes_sum_to_difference)
);

select
    feed,
    claim_id,
    person_id,
    contract_id,
    market_id,
    care_team_id,
    pcp_npi,
    month,
    service_category_1,
    cause,
    cast(paid as double) as paid,
    cast(allowed as double) as allowed,
    member_months,
    pharmacy_member_months,
    claims
from estimate.spend_change

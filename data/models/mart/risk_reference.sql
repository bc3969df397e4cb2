/* What a weight of 1 stands for: each line's mean score over its reference period (12 months ending three months before its
   last service month), and what such a member costs per month there. Medical PMPM is per medical, pharmacy PMPM per
   pharmacy member-month, each at weight 1. Grain: line of business. */
MODEL (
  name mart.risk_reference,
  kind FULL,
  grain line_of_business,
  audits (key_is_unique(columns := line_of_business))
);

select
    line_of_business,
    model,
    reference_score,
    period_start,
    period_end,
    pmpm_allowed,
    pmpm_paid,
    medical_pmpm_allowed,
    medical_pmpm_paid,
    pharmacy_pmpm_allowed,
    pharmacy_pmpm_paid
from estimate.risk_reference

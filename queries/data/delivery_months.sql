-- answers: For which months have there been deliveries, or should there have been?
-- grain: one row per month of delivery, latest first
-- columns:
--   delivery_month: "month — of delivery"
-- filters: []
select distinct delivery_month
from mart.delivery
where delivery_month is not null
order by delivery_month desc

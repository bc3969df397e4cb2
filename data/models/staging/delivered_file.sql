/* The month each file was delivered for; null where the feed declares no deliveries. Grain: feed and file. */
MODEL (
  name staging.delivered_file,
  kind FULL,
  grain (feed, file_name)
);

select feed, file_name, max(delivery_month) as delivery_month
from raw.feed_file
where status = 'loaded'
group by feed, file_name

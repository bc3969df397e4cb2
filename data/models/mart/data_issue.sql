/* The verdicts: what is wrong with a feed's deliveries, one row per problem, feed, table, subject and month, repeated for
   each contract and market the feed serves (problems of enrolment: the contract and market they are in). `words` is a
   sentence without dollars; `metrics` and `pages` are what it affects (data/reference/seeds/data_check.csv), '|' between,
   `affects_from` to `affects_to` the months of service. Severity: act (numbers are wrong until it is mended), watch (may
   be), info (nothing is affected now).
   Unusual: more than 3.5 standard deviations and 20% from the median of the up to twelve deliveries before, of which there
   are at least six. The standard deviation is robust (1.4826 MAD; Iglewicz and Hoaglin 1993), and never less than chance
   alone would make it in a small feed: twice the root of the rows; 5 / root of the claims for dollars, whose coefficient
   of variation per claim is about 5; the binomial one for shares. Grain: issue, contract, market. */
MODEL (
  name mart.data_issue,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := (issue_id, contract_id, market_id)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

with person as (
    select feed, count(distinct person_id) as persons from staging.eligibility_span group by feed
),

/* A file of changes is as long as there were changes: only a full list of members is compared with the one before. */
delivery as (
    select distinct
        d.feed, d.kind, d.delivery_month, d.status, d.days_late, d.files, d.duplicate_files, d.rows_in, d.rows_quarantined,
        d.is_expected
        and (k.about in ('medical_claim', 'pharmacy_claim') or (k.about = 'eligibility' and d.rows_in >= 0.3 * p.persons))
            as is_comparable
    from mart.delivery as d
    inner join staging.kind_name as k on k.feed = d.feed and k.kind = d.kind
    left join person as p on p.feed = d.feed
    where d.delivery_month is not null
),

total as (
    select distinct
        feed, kind, month, lines, lines_in, paid, lines_set_aside, has_payer_total, payer_lines, payer_claims, payer_members, payer_paid,
        members, claims
    from mart.control_total
    where basis = 'delivery'
),

fill as (
    select distinct feed, kind, column_name, delivery_month, lines, filled, valid
    from mart.column_fill
    where delivery_month is not null and lines >= 100
),

/* Spend by month of service: the share of dollars outside enrolment; only months that are over. */
placed as (
    select
        s.feed,
        s.contract_id,
        s.market_id,
        case when s.service_category_1 = 'pharmacy' then 'pharmacy_claim' else 'medical_claim' end as kind,
        s.month,
        sum(case when s.in_enrolment then 0 else s.paid end) as outside,
        sum(case when s.in_enrolment then 0 else s.claims end) as claims_outside,
        sum(s.paid) as paid
    from mart.spend_month as s
    inner join staging.feed_end as e on e.feed = s.feed
    where s.month < cast(date_trunc('month', e.data_end) as date) and s.contract_id <> 'unassigned'
    group by 1, 2, 3, 4, 5
),

/* What is compared with its own past, as one series each. */
series as (
    select
        feed, cast(null as varchar) as contract_id, cast(null as varchar) as market_id, kind, 'rows' as measure, '' as subject,
        delivery_month as month, cast(rows_in as double) as amount, cast(rows_in as double) as events
    from delivery
    where files > 0 and is_comparable
    union all
    select feed, null, null, kind, 'paid', '', month, paid, cast(claims as double) from total where paid is not null and claims > 0
    union all
    select feed, null, null, kind, 'filled', column_name, delivery_month, filled / cast(lines as double), cast(lines as double)
    from fill
    union all
    select feed, null, null, kind, 'valid', column_name, delivery_month, valid / cast(filled as double), cast(filled as double)
    from fill
    where filled >= 100
    union all
    select feed, contract_id, market_id, kind, 'outside', '', month, outside / paid, cast(claims_outside as double)
    from placed
    where paid > 0
),

numbered as (
    select
        *,
        row_number() over (
            partition by feed, contract_id, market_id, kind, measure, subject order by month
        ) as position
    from series
),

/* The up to twelve before each, ranked, so that the median is the middle of them. */
earlier as (
    select
        n.feed, coalesce(n.contract_id, '') as contract_id, coalesce(n.market_id, '') as market_id, n.kind, n.measure, n.subject,
        n.position, b.amount,
        row_number() over ranked as place,
        count(*) over (
            partition by n.feed, n.contract_id, n.market_id, n.kind, n.measure, n.subject, n.position
        ) as places
    from numbered as n
    inner join numbered as b
        on b.feed = n.feed
        and coalesce(b.contract_id, '') = coalesce(n.contract_id, '')
        and coalesce(b.market_id, '') = coalesce(n.market_id, '')
        and b.kind = n.kind
        and b.measure = n.measure
        and b.subject = n.subject
        and b.position between n.position - 12 and n.position - 1
    window ranked as (
        partition by n.feed, n.contract_id, n.market_id, n.kind, n.measure, n.subject, n.position order by b.amount
    )
),

middle as (
    select feed, contract_id, market_id, kind, measure, subject, position, max(places) as places, avg(amount) as median
    from earlier
    where place * 2 between places and places + 2
    group by feed, contract_id, market_id, kind, measure, subject, position
),

deviation as (
    select
        e.feed, e.contract_id, e.market_id, e.kind, e.measure, e.subject, e.position, abs(e.amount - m.median) as apart,
        row_number() over (
            partition by e.feed, e.contract_id, e.market_id, e.kind, e.measure, e.subject, e.position
            order by abs(e.amount - m.median)
        ) as place,
        e.places
    from earlier as e
    inner join middle as m
        on m.feed = e.feed and m.contract_id = e.contract_id and m.market_id = e.market_id and m.kind = e.kind
        and m.measure = e.measure and m.subject = e.subject and m.position = e.position
),

spread as (
    select feed, contract_id, market_id, kind, measure, subject, position, avg(apart) as mad
    from deviation
    where place * 2 between places and places + 2
    group by feed, contract_id, market_id, kind, measure, subject, position
),

compared as (
    select n.*, m.median, s.mad, m.places
    from numbered as n
    inner join middle as m
        on m.feed = n.feed and m.contract_id = coalesce(n.contract_id, '') and m.market_id = coalesce(n.market_id, '')
        and m.kind = n.kind and m.measure = n.measure and m.subject = n.subject and m.position = n.position
    inner join spread as s
        on s.feed = n.feed and s.contract_id = coalesce(n.contract_id, '') and s.market_id = coalesce(n.market_id, '')
        and s.kind = n.kind and s.measure = n.measure and s.subject = n.subject and s.position = n.position
),

unusual as (
    select *, (amount - median) / nullif(abs(median), 0) as change
    from compared
    where
        places >= 6
        and abs(amount - median) > 3.5 * greatest(
            1.4826 * mad,
            case
                when measure = 'rows' then 2 * sqrt(abs(median))
                when measure = 'paid' then 5 * abs(median) / sqrt(events)
                when measure in ('filled', 'valid') then sqrt(greatest(median * (1 - median), 0) / events)
                else 0
            end
        )
),

/* Each problem: what, where, when, how large, how bad, and the words after the feed's name. */
problem as (
    select
        d.feed, cast(null as varchar) as contract_id, cast(null as varchar) as market_id, d.kind, '' as subject,
        d.delivery_month as month, 'missing' as problem,
        case when k.about in ('eligibility', 'medical_claim', 'pharmacy_claim') then 'act' else 'watch' end as severity,
        cast(null as double) as size, '' as unit, '{kind} of {feed} is missing for {month}' as template
    from delivery as d
    left join staging.kind_name as k on k.feed = d.feed and k.kind = d.kind
    where d.status = 'missing'
    union all
    select
        feed, null, null, kind, '', delivery_month, 'late', 'info', days_late, 'days',
        '{kind} of {feed} for {month} came ' || cast(days_late as varchar) || case when days_late = 1 then ' day' else ' days' end || ' late'
    from delivery
    where status = 'late'
    union all
    select
        feed, null, null, kind, '', month,
        case when change < 0 then 'fewer rows' else 'more rows' end,
        case when change <= -0.5 then 'act' else 'watch' end,
        100 * change, 'percent',
        '{kind} of {feed} for {month}: ' || cast(cast(round(abs(100 * change)) as integer) as varchar) || '% '
        || case when change < 0 then 'fewer' else 'more' end || ' rows than usual'
    from unusual
    where abs(change) >= 0.2 and measure = 'rows'
    union all
    select
        u.feed, null, null, u.kind, '', u.month, case when u.change < 0 then 'less paid' else 'more paid' end,
        case when u.change < 0 then 'watch' else 'info' end, 100 * u.change, 'percent',
        '{kind} of {feed} for {month}: ' || cast(cast(round(abs(100 * u.change)) as integer) as varchar) || '% '
        || case when u.change < 0 then 'less' else 'more' end || ' paid than usual'
    from unusual as u
    left join unusual as r
        on r.feed = u.feed and r.kind = u.kind and r.month = u.month and r.measure = 'rows' and abs(r.change) >= 0.2
    /* dollars that follow the rows are one problem, not two */
    where u.measure = 'paid' and abs(u.change) >= 0.2 and r.feed is null
    union all
    select
        feed, null, null, kind, subject, month,
        case when measure = 'filled' then 'filled less' else 'valid less' end,
        case when amount < 0.5 * median then 'act' else 'watch' end,
        100 * (amount - median), 'points',
        '{subject} of {feed} for {month}: ' || case when measure = 'filled' then 'filled' else 'valid' end || ' on '
        || cast(cast(floor(100 * amount) as integer) as varchar) || '% of lines, '
        || cast(cast(round(100 * median) as integer) as varchar) || '% before'
    from unusual
    where measure in ('filled', 'valid') and amount < median - 0.02 and (median - amount) * events >= 20
    union all
    select
        feed, contract_id, market_id, kind, '', month, 'outside enrolment',
        case when amount >= 0.1 and events >= 50 then 'act' else 'watch' end,
        100 * amount, 'percent',
        '{kind} of {feed} in {market}: ' || cast(cast(round(100 * amount) as integer) as varchar)
        || '% of paid for {month} is outside enrolment, '
        || cast(cast(round(100 * median) as integer) as varchar) || '% before'
    from unusual
    where measure = 'outside' and amount >= 0.03 and amount > 2 * median and events >= 10
    union all
    /* What arrived is compared, not what was loaded: rows set aside or left out are other checks. */
    select
        feed, null, null, kind, '', month, 'totals differ',
        case
            when abs(coalesce(lines_in, 0) - payer_lines) > 0.02 * payer_lines then 'act'
            when lines = payer_lines and abs(paid - payer_paid) > 0.02 * abs(payer_paid) then 'act'
            else 'watch'
        end,
        coalesce(lines_in, 0) - coalesce(payer_lines, 0), 'rows',
        case
            when coalesce(lines_in, 0) <> payer_lines
                then '{kind} of {feed} for {month}: {size} '
                || case when coalesce(lines_in, 0) < payer_lines then 'fewer' else 'more' end || ' rows than the payer counts'
            when round(100 * abs(paid - payer_paid) / nullif(abs(payer_paid), 0), 1) >= 0.1
                then '{kind} of {feed} for {month}: paid differs from the payer''s total by '
                || cast(round(100 * abs(paid - payer_paid) / nullif(abs(payer_paid), 0), 1) as varchar) || '%'
            else '{kind} of {feed} for {month}: paid differs from the payer''s total by less than 0.1%'
        end
    from total
    where
        has_payer_total
        and (
            coalesce(lines_in, 0) <> payer_lines
            /* dollars of rows that were not loaded are not known, so they excuse a difference */
            or (lines = payer_lines and abs(paid - payer_paid) >= 0.005)
        )
        /* a file that is missing is told as missing */
        and not exists (
            select 1
            from delivery as d
            inner join staging.kind_name as k on k.feed = d.feed and k.kind = d.kind
            where d.status = 'missing' and d.feed = total.feed and d.delivery_month = total.month and k.input_table = total.kind
        )
    union all
    select
        feed, null, null, kind, '', delivery_month, 'set aside',
        case
            when rows_quarantined >= 0.05 * rows_in and rows_quarantined >= 20 then 'act'
            when rows_quarantined >= 0.02 * rows_in and rows_quarantined >= 10 then 'watch'
            else 'info'
        end,
        rows_quarantined, 'rows',
        '{kind} of {feed} for {month}: {size} ' || case when rows_quarantined = 1 then 'row' else 'rows' end || ' set aside ('
        || case
            when 1000 * rows_quarantined < rows_in then 'less than 0.1'
            else cast(round(100.0 * rows_quarantined / rows_in, 1) as varchar)
        end || '%)'
    from delivery
    where rows_quarantined > 0 and rows_in > 0
    union all
    select
        feed, null, null, kind, '', delivery_month, 'file repeated', 'info', duplicate_files, 'files',
        '{kind} of {feed} for {month}: ' || case when duplicate_files = 1 then 'a file came twice' else cast(duplicate_files as varchar) || ' files came twice' end
    from delivery
    where duplicate_files > 0
    union all
    select
        r.feed, r.contract_id, null, 'eligibility', '', r.delivery_month, 'ended retroactively',
        case when sum(r.members) >= 0.01 * max(t.members) and sum(r.members) >= 3 then 'watch' else 'info' end,
        sum(r.members), 'members',
        'Eligibility of {feed} for {month} ended {size} ' || case when sum(r.members) = 1 then 'member' else 'members' end
        || ' in months already reported (' || cast(sum(r.member_months) as varchar)
        || case when sum(r.member_months) = 1 then ' member-month' else ' member-months' end || ')'
    from mart.retroactive_change as r
    inner join (
        select contract_id, month, count(*) as members from mart.member_month group by contract_id, month
    ) as t
        on t.contract_id = r.contract_id and t.month = cast(r.delivery_month - interval '1' month as date)
    group by r.feed, r.contract_id, r.delivery_month
    union all
    /* The feed that brings the contract answers for it. */
    select
        p.feed, n.contract_id, n.market_id, 'medical_claim', '', n.month, 'members without claims', 'watch',
        100 * (n.without_claims / cast(n.members as double) - b.without_claims / cast(b.members as double)), 'points',
        '{feed} in {market}: ' || cast(cast(round(100.0 * n.without_claims / n.members) as integer) as varchar)
        || '% of members enrolled all year have no claim, ' || cast(cast(round(100.0 * b.without_claims / b.members) as integer) as varchar)
        || '% a year before'
    from mart.member_without_claim as n
    inner join mart.member_without_claim as b
        on b.contract_id = n.contract_id and b.market_id = n.market_id
        and b.month = cast(n.month - interval '12' month as date)
    inner join staging.feed_place as p on p.contract_id = n.contract_id and p.market_id = n.market_id
    where
        n.members >= 200 and b.members >= 200
        and n.without_claims / cast(n.members as double) >= b.without_claims / cast(b.members as double) + 0.05
        and p.feed in (select contracted.feed from raw.contract as contracted where contracted.contract_id = n.contract_id)
),

/* Problems of a feed are told wherever it serves, problems of a contract or market where they are. */
told as (
    select
        b.feed, f.feed_name, p.contract_id, p.market_id, b.kind, b.subject, b.month, b.problem, b.severity, b.size, b.unit, b.template,
        b.feed || ':' || b.kind || ':' || b.subject || ':' || b.problem || ':' || cast(b.month as varchar)
        || coalesce(':' || b.contract_id, '') || coalesce(':' || b.market_id, '') as issue_id
    from problem as b
    inner join staging.feed_name as f on f.feed = b.feed
    inner join staging.feed_place as p
        on p.feed = b.feed
        and (b.contract_id is null or b.contract_id = p.contract_id)
        and (b.market_id is null or b.market_id = p.market_id)
),

/* The most particular line of the table of consequences. */
consequence as (
    select
        t.issue_id, t.contract_id, t.market_id, c.metrics, c.pages, c.months_before, c.months_after, c.consequence,
        row_number() over (
            partition by t.issue_id, t.contract_id, t.market_id
            order by case when c.subject = '*' then 1 else 0 end, case when c.about = '*' then 1 else 0 end
        ) as choice
    from told as t
    left join staging.kind_name as k on k.feed = t.feed and k.kind = t.kind
    inner join reference.data_check as c
        on c.problem = t.problem and c.about in (coalesce(k.about, t.kind), '*') and c.subject in (t.subject, '*')
),

written as (
    select
        t.*,
        coalesce(k.words, t.kind) as kind_words,
        substr('JanFebMarAprMayJunJulAugSepOctNovDec', cast(extract(month from t.month) as integer) * 3 - 2, 3) || ' '
        || cast(cast(extract(year from t.month) as integer) as varchar) as month_words,
        case
            when t.subject = '' then ''
            else upper(substr(t.subject, 1, 1)) || replace(replace(replace(substr(t.subject, 2), '_', ' '), ' npi', ' NPI'), ' code 1', '')
        end as subject_words,
        case
            when t.size is null then ''
            when abs(t.size) < 1000 then cast(cast(abs(t.size) as bigint) as varchar)
            else cast(cast(floor(abs(t.size) / 1000) as bigint) as varchar) || ','
                || lpad(cast(cast(abs(t.size) as bigint) % 1000 as varchar), 3, '0')
        end as size_words,
        coalesce(m.market_name, t.market_id) as market_words
    from told as t
    left join staging.kind_name as k on k.feed = t.feed and k.kind = t.kind
    left join mart.market as m on m.market_id = t.market_id
)

select
    w.issue_id,
    w.feed,
    w.feed_name,
    w.contract_id,
    w.market_id,
    w.month,
    w.kind,
    w.kind_words,
    w.subject,
    w.problem,
    w.severity,
    replace(replace(replace(replace(replace(replace(
        w.template, '{kind}', w.kind_words), '{feed}', w.feed_name), '{month}', w.month_words), '{subject}', w.subject_words),
        '{size}', w.size_words), '{market}', w.market_words) as words,
    c.consequence,
    cast(w.size as double) as size,
    w.unit,
    coalesce(c.metrics, '') as metrics,
    coalesce(c.pages, '') as pages,
    cast(w.month - cast(coalesce(c.months_before, 0) as integer) * interval '1' month as date) as affects_from,
    cast(w.month + cast(coalesce(c.months_after, 0) as integer) * interval '1' month as date) as affects_to
from written as w
left join consequence as c
    on c.issue_id = w.issue_id and c.contract_id = w.contract_id and c.market_id = w.market_id and c.choice = 1

"""What changed since the last snapshot: every dollar and member-month that differs, with its one cause.

The snapshot that is served when a build starts is attached read-only and compared with the one being built:
what counts (claims in enrolment, member-months) by contract, market, care team, PCP and month. For each of
these, new less old is the sum of the causes, to the cent. The causes:

    new_activity            service after the old data end (or of a feed that was not there)
    late_claims             a claim of an old month that was not there before, or more paid for one that was
    reversals               a claim withdrawn or netted away, less paid for it, a negative claim
    retroactive_enrolment   the same claim, counted now and not then (or the other way); member-months of old
                            months added or taken back
    re_attribution          the same claim or member-month under another contract, market, care team or PCP:
                            less in the old place, more in the new one
    definition_change       the same rows of the same files count differently, as the program or the feed's
                            declaration has changed

Where two happen to one claim, its old amount moves first, and the difference of amounts is counted where it
is now. A claim that turns out to be another person's, in the same place, changes nothing. Months whose
checksums agree are not looked at: an unchanged history costs one pass over the monthly sums. What the
comparison needs of the old snapshot are tables that have been there since the first version; where it is
absent, cannot be read or lacks one of them, there are no changes and the reason is kept.
"""

from __future__ import annotations

import duckdb

NAME = "change"
NEEDS = (
    "core.medical_claim",
    "core.pharmacy_claim",
    "core.member_month",
    "mart.member_month",
    "mart.spend_month",
)
TABLES = {
    "estimate.spend_change": {
        "feed": "varchar",
        "claim_id": "varchar",
        "person_id": "varchar",
        "contract_id": "varchar",
        "market_id": "varchar",
        "care_team_id": "varchar",
        "pcp_npi": "varchar",
        "month": "date",
        "service_category_1": "varchar",
        "cause": "varchar",
        "paid": "decimal(18, 2)",
        "allowed": "decimal(18, 2)",
        "member_months": "double",
        "pharmacy_member_months": "double",
        "claims": "bigint",
    },
    "estimate.previous_total": {
        "contract_id": "varchar",
        "month": "date",
        "paid": "decimal(18, 2)",
        "allowed": "decimal(18, 2)",
        "member_months": "double",
        "pharmacy_member_months": "double",
    },
    "estimate.previous_build": {"previous_snapshot_id": "varchar", "note": "varchar"},
}
OLD = "previous"
"""The name under which the old snapshot is attached."""

CAUSES = (
    "new_activity",
    "late_claims",
    "reversals",
    "retroactive_enrolment",
    "re_attribution",
    "definition_change",
)

# What is read of the old snapshot.
_OF_THE_OLD = {
    "core.medical_claim": (
        "claim_id", "person_id", "contract_id", "claim_start_date", "service_month", "service_category_1",
        "paid_amount", "allowed_amount", "data_source",
    ),
    "core.pharmacy_claim": (
        "claim_id", "person_id", "contract_id", "dispensing_date", "paid_amount", "allowed_amount",
        "data_source",
    ),
    "core.member_month": ("person_id", "contract_id", "month", "data_source"),
    "core.build_input": ("name", "sha256"),
    "mart.member_month": (
        "person_id", "contract_id", "month", "market_id", "care_team_id", "pcp_npi", "medical_member_months",
        "pharmacy_member_months",
    ),
    "mart.spend_month": (
        "person_id", "contract_id", "month", "service_category_1", "paid", "allowed", "in_enrolment",
    ),
    "mart.build": ("feed", "incurred_through", "paid_through"),
}  # fmt: skip


class NotComparable(Exception):
    """The old snapshot cannot be compared with; the message says why, in a steward's words."""


def run(connection: duckdb.DuckDBPyConnection, *, published: str) -> None:
    """Compare with the snapshot that `raw.previous_snapshot` names, and fill the tables of `TABLES`."""
    found = connection.execute("select snapshot_id, path, note from raw.previous_snapshot").fetchone()
    snapshot_id, path, note = found or (None, None, None)
    if path is None:
        note = note or "there is no earlier snapshot"
    else:
        try:
            attach(connection, path)
            try:
                compare(connection, old=f"{OLD}.", new=published)
            finally:
                connection.execute(f"detach {OLD}")
        except NotComparable as error:
            note = str(error)
    connection.execute(
        "insert into estimate.previous_build values (?, ?)", [None if note else snapshot_id, note]
    )


def attach(connection: duckdb.DuckDBPyConnection, path: str) -> None:
    """Attach the old snapshot, read-only. Raises NotComparable where it cannot be read or lacks something."""
    try:
        connection.execute("attach '{}' as {} (read_only)".format(path.replace("'", "''"), OLD))
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise NotComparable(f"the earlier snapshot cannot be read: {first}") from error
    try:
        missing = missing_columns(connection, OLD)
        if missing:
            raise NotComparable(
                f"the earlier snapshot was made by another version of the program: it lacks {missing[0]}"
            )
    except BaseException:
        connection.execute(f"detach {OLD}")
        raise


def missing_columns(connection: duckdb.DuckDBPyConnection, database: str) -> list[str]:
    """What a database lacks of the columns the comparison reads, as `schema.table.column`."""
    there = {
        f"{schema}.{table}.{column}"
        for schema, table, column in connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() where database_name = ?",
            [database],
        ).fetchall()
    }
    wanted = [f"{table}.{column}" for table, columns in _OF_THE_OLD.items() for column in columns]
    return [name for name in wanted if name not in there]


def compare(connection: duckdb.DuckDBPyConnection, *, old: str, new: str) -> None:
    """Fill `estimate.spend_change` and `estimate.previous_total`.

    `old` and `new` are what stands before the schema's name of either snapshot's tables (`"previous."`).
    `raw.build_input` holds the new snapshot's inputs (name and sha256). Raises NotComparable, and leaves the
    tables empty, where the causes do not add up to the difference.
    """
    try:
        for statement in _statements(old, new):
            connection.execute(statement)
        apart = connection.execute(_apart(old, new)).fetchone()
        if apart and apart[0]:
            raise NotComparable(
                f"the earlier snapshot does not agree with its own claims in {apart[0]:,} places"
            )
    except duckdb.OutOfMemoryException:
        raise
    except (NotComparable, duckdb.Error) as error:
        connection.execute("delete from estimate.spend_change")
        connection.execute("delete from estimate.previous_total")
        if isinstance(error, NotComparable):
            raise
        first = str(error).splitlines()[0]
        raise NotComparable(f"the earlier snapshot cannot be compared with: {first}") from error
    finally:
        for table in _SCRATCH:
            connection.execute(f"drop table if exists temp.{table}")


_SCRATCH = (
    "change_feed", "change_file", "change_block", "change_place", "change_person", "change_line_old",
    "change_line_new", "change_pair", "change_claim", "change_month", "change_moved_month",
)  # fmt: skip

_MONEY_WEIGHT = "cast(hash(person_id, service_category_1) % 2147483647 as hugeint)"
_PAID = "cast(round(paid * 100) as bigint)"
_ALLOWED = "cast(round(allowed * 100) as bigint)"
_SUMS = f"""
    sum({_PAID}) as paid, sum({_ALLOWED}) as allowed,
    sum({_MONEY_WEIGHT} * {_PAID}) as paid_check, sum({_MONEY_WEIGHT} * {_ALLOWED}) as allowed_check
"""
_PLACE_HASH = """
    hash(
        person_id, coalesce(market_id, ''), coalesce(care_team_id, ''), coalesce(pcp_npi, ''),
        medical_member_months, pharmacy_member_months
    )
"""


def _statements(old: str, new: str) -> list[str]:
    """The comparison, one idea at a time, each in a temporary table."""
    return [
        # Feeds: whether their files are all the same, and whether rows may count differently.
        f"""
        create or replace temp table change_file as
        select distinct
            split_part(n.name, '/', 1) as feed, regexp_replace(n.name, '^[^/]+/[^/]+/', '') as file_name
        from raw.build_input as n
        inner join {old}core.build_input as o on o.name = n.name and o.sha256 = n.sha256
        """,
        f"""
        create or replace temp table change_feed as
        with program as (
            select count(*) > 0 as is_other
            from (
                (from raw.build_input except select name, sha256 from {old}core.build_input)
                union
                (select name, sha256 from {old}core.build_input except from raw.build_input)
            ) as input
            where name = 'code' or starts_with(name, 'reference/')
        ),
        differing as (
            select name from (
                (from raw.build_input except select name, sha256 from {old}core.build_input)
                union
                (select name, sha256 from {old}core.build_input except from raw.build_input)
            ) as inputs
        ),
        feed as (
            select split_part(name, '/', 1) as feed from raw.build_input where contains(name, '/')
            union
            select split_part(name, '/', 1) from {old}core.build_input where contains(name, '/')
        )
        select
            f.feed,
            p.is_other or exists (
                select 1 from differing as d where d.name = f.feed || '/source.yaml'
            ) as counts_otherwise,
            not exists (
                select 1 from differing as d
                where starts_with(d.name, f.feed || '/') and d.name <> f.feed || '/source.yaml'
            ) as has_same_files
        from feed as f
        cross join program as p
        """,
        # Contracts and months whose money or member-months are not the same to the last row.
        f"""
        create or replace temp table change_block as
        with old_money as (
            select contract_id, month, {_SUMS} from {old}mart.spend_month where in_enrolment
            group by contract_id, month
        ),
        new_money as (
            select contract_id, month, {_SUMS} from {new}mart.spend_month where in_enrolment
            group by contract_id, month
        ),
        old_month as (
            select contract_id, month, sum({_PLACE_HASH}) as places,
                sum(medical_member_months) as member_months,
                sum(pharmacy_member_months) as pharmacy_member_months
            from {old}mart.member_month group by contract_id, month
        ),
        new_month as (
            select contract_id, month, sum({_PLACE_HASH}) as places
            from {new}mart.member_month group by contract_id, month
        ),
        place as (
            select contract_id, month from old_money union select contract_id, month from new_money
            union select contract_id, month from old_month union select contract_id, month from new_month
        )
        select
            p.contract_id, p.month,
            coalesce(om.paid, 0) as old_paid, coalesce(om.allowed, 0) as old_allowed,
            coalesce(oe.member_months, 0) as old_member_months,
            coalesce(oe.pharmacy_member_months, 0) as old_pharmacy_member_months,
            (om.paid, om.allowed, om.paid_check, om.allowed_check)
                is distinct from (nm.paid, nm.allowed, nm.paid_check, nm.allowed_check) as money_differs,
            oe.places is distinct from ne.places as months_differ
        from place as p
        left join old_money as om on om.contract_id = p.contract_id and om.month = p.month
        left join new_money as nm on nm.contract_id = p.contract_id and nm.month = p.month
        left join old_month as oe on oe.contract_id = p.contract_id and oe.month = p.month
        left join new_month as ne on ne.contract_id = p.contract_id and ne.month = p.month
        """,
        """
        insert into estimate.previous_total
        select
            contract_id, month, cast(old_paid / 100 as decimal(18, 2)),
            cast(old_allowed / 100 as decimal(18, 2)), old_member_months, old_pharmacy_member_months
        from temp.change_block
        """,
        # Member-months of those, where anything about them differs.
        f"""
        create or replace temp table change_month as
        with old_month as (
            select m.* from {old}mart.member_month as m
            inner join temp.change_block as b on b.contract_id = m.contract_id and b.month = m.month
            where b.months_differ
        ),
        new_month as (
            select m.* from {new}mart.member_month as m
            inner join temp.change_block as b on b.contract_id = m.contract_id and b.month = m.month
            where b.months_differ
        )
        select
            coalesce(n.person_id, o.person_id) as person_id,
            coalesce(n.contract_id, o.contract_id) as contract_id,
            coalesce(n.month, o.month) as month,
            o.person_id is not null as was, n.person_id is not null as "is",
            o.market_id as old_market_id, o.care_team_id as old_care_team_id, o.pcp_npi as old_pcp_npi,
            n.market_id as new_market_id, n.care_team_id as new_care_team_id, n.pcp_npi as new_pcp_npi,
            coalesce(o.medical_member_months, 0) as old_member_months,
            coalesce(n.medical_member_months, 0) as new_member_months,
            coalesce(o.pharmacy_member_months, 0) as old_pharmacy_member_months,
            coalesce(n.pharmacy_member_months, 0) as new_pharmacy_member_months
        from old_month as o
        full outer join new_month as n
            on n.person_id = o.person_id and n.contract_id = o.contract_id and n.month = o.month
        where
            (
                o.person_id, o.market_id, o.care_team_id, o.pcp_npi, o.medical_member_months,
                o.pharmacy_member_months
            ) is distinct from (
                n.person_id, n.market_id, n.care_team_id, n.pcp_npi, n.medical_member_months,
                n.pharmacy_member_months
            )
        """,
        # Persons and months whose claims have to be held against each other.
        f"""
        create or replace temp table change_person as
        with old_money as (
            select s.person_id, s.contract_id, s.month, {_SUMS}
            from {old}mart.spend_month as s
            inner join temp.change_block as b on b.contract_id = s.contract_id and b.month = s.month
            where b.money_differs and s.in_enrolment
            group by s.person_id, s.contract_id, s.month
        ),
        new_money as (
            select s.person_id, s.contract_id, s.month, {_SUMS}
            from {new}mart.spend_month as s
            inner join temp.change_block as b on b.contract_id = s.contract_id and b.month = s.month
            where b.money_differs and s.in_enrolment
            group by s.person_id, s.contract_id, s.month
        )
        select
            coalesce(n.person_id, o.person_id) as person_id,
            coalesce(n.contract_id, o.contract_id) as contract_id,
            coalesce(n.month, o.month) as month
        from old_money as o
        full outer join new_money as n
            on n.person_id = o.person_id and n.contract_id = o.contract_id and n.month = o.month
        where
            (o.paid, o.allowed, o.paid_check, o.allowed_check)
            is distinct from (n.paid, n.allowed, n.paid_check, n.allowed_check)
        union
        select person_id, contract_id, month from temp.change_month
        """,
        _lines("change_line_old", old, known=False),
        _lines("change_line_new", new, known=True),
        # Each claim and category then and now; where a claim has several rows, in the order of their persons.
        """
        create or replace temp table change_pair as
        select
            coalesce(n.is_pharmacy, o.is_pharmacy) as is_pharmacy,
            coalesce(n.feed, o.feed) as feed,
            coalesce(n.claim_id, o.claim_id) as claim_id,
            coalesce(n.service_category_1, o.service_category_1) as service_category_1,
            o.claim_id is not null as was,
            n.claim_id is not null as "is",
            coalesce(o.is_counted, false) as was_counted,
            coalesce(n.is_counted, false) as is_counted,
            coalesce(o.month = n.month, false) as is_same,
            o.person_id as old_person_id, o.contract_id as old_contract_id, o.market_id as old_market_id,
            o.care_team_id as old_care_team_id, o.pcp_npi as old_pcp_npi, o.month as old_month,
            n.person_id as new_person_id, n.contract_id as new_contract_id, n.market_id as new_market_id,
            n.care_team_id as new_care_team_id, n.pcp_npi as new_pcp_npi, n.month as new_month,
            coalesce(o.paid, 0) as old_paid, coalesce(o.allowed, 0) as old_allowed,
            coalesce(n.paid, 0) as new_paid, coalesce(n.allowed, 0) as new_allowed,
            n.service_date as new_service_date,
            coalesce(n.is_known, false) as is_known
        from temp.change_line_old as o
        full outer join temp.change_line_new as n
            on n.is_pharmacy = o.is_pharmacy
            and n.feed = o.feed
            and n.claim_id = o.claim_id
            and n.service_category_1 = o.service_category_1
            and n.turn = o.turn
        """,
        _claims(old),
        _months(old, new),
        """
        insert into estimate.spend_change
        select
            feed, claim_id, person_id, contract_id, market_id, care_team_id, pcp_npi, month,
            service_category_1, cause, sum(paid), sum(allowed), 0, 0, 1
        from temp.change_claim
        group by all
        having sum(paid) <> 0 or sum(allowed) <> 0
        union all
        select
            null, null, person_id, contract_id, market_id, care_team_id, pcp_npi, month, null, cause, 0, 0,
            sum(member_months), sum(pharmacy_member_months), 0
        from temp.change_moved_month
        group by all
        having sum(member_months) <> 0 or sum(pharmacy_member_months) <> 0
        """,
    ]


def _lines(table: str, side: str, *, known: bool) -> str:
    """The claims of `change_person` in one snapshot: grain claim and category, and who and where it counts.

    `is_known` (of the new one): every line is of a file that the old snapshot had read too.
    """
    known_line = "f.feed is not null" if known else "true"
    file_join = (
        "left join temp.change_file as f on f.feed = c.data_source and f.file_name = c.file_name"
        if known
        else ""
    )
    return f"""
    create or replace temp table {table} as
    with line as (
        select
            false as is_pharmacy, c.data_source as feed, c.claim_id, c.person_id, c.contract_id,
            c.service_month as month, c.service_category_1, c.claim_start_date as service_date, c.paid_amount,
            c.allowed_amount, {known_line} as is_known
        from {side}core.medical_claim as c
        inner join temp.change_person as p
            on p.person_id = c.person_id and p.contract_id = c.contract_id and p.month = c.service_month
        {file_join}
        union all
        select
            true, c.data_source, c.claim_id, c.person_id, c.contract_id,
            cast(date_trunc('month', c.dispensing_date) as date), 'pharmacy', c.dispensing_date,
            c.paid_amount, c.allowed_amount, {known_line}
        from {side}core.pharmacy_claim as c
        inner join temp.change_person as p
            on p.person_id = c.person_id and p.contract_id = c.contract_id
            and p.month = cast(date_trunc('month', c.dispensing_date) as date)
        {file_join}
    ),
    claim as (
        select
            is_pharmacy, feed, claim_id, person_id, contract_id, month, service_category_1,
            min(service_date) as service_date, sum(paid_amount) as paid, sum(allowed_amount) as allowed,
            bool_and(is_known) as is_known
        from line
        group by is_pharmacy, feed, claim_id, person_id, contract_id, month, service_category_1
    )
    select
        c.*, m.market_id, m.care_team_id, m.pcp_npi, m.person_id is not null as is_counted,
        row_number() over (
            partition by c.is_pharmacy, c.feed, c.claim_id, c.service_category_1
            order by c.person_id, c.contract_id, c.month
        ) as turn
    from claim as c
    left join {side}mart.member_month as m
        on m.person_id = c.person_id and m.contract_id = c.contract_id and m.month = c.month
    """


_OLD_PLACE = """
    old_person_id as person_id, old_contract_id as contract_id, old_market_id as market_id,
    old_care_team_id as care_team_id, old_pcp_npi as pcp_npi, old_month as month
"""
_NEW_PLACE = _OLD_PLACE.replace("old_", "new_")


def _claims(old: str) -> str:
    """Every change of a claim with its cause, where it counts."""
    return f"""
    create or replace temp table change_claim as
    with ends as (
        select feed, max(coalesce(incurred_through, paid_through)) as data_end
        from {old}mart.build
        group by feed
    ),
    there as (
        select is_pharmacy, feed, claim_id, bool_or(was) as was, bool_or("is") as "is"
        from temp.change_pair
        group by is_pharmacy, feed, claim_id
    ),
    pair as (
        select
            p.*, e.data_end, t.was as claim_was, t."is" as claim_is,
            coalesce(f.counts_otherwise, false) as counts_otherwise,
            coalesce(f.has_same_files, false) as has_same_files,
            p.was_counted and p.is_counted and p.is_same and
                (p.old_contract_id, p.old_market_id, p.old_care_team_id, p.old_pcp_npi) is distinct from
                (p.new_contract_id, p.new_market_id, p.new_care_team_id, p.new_pcp_npi) as has_moved
        from temp.change_pair as p
        inner join there as t on t.is_pharmacy = p.is_pharmacy and t.feed = p.feed and t.claim_id = p.claim_id
        left join ends as e on e.feed = p.feed
        left join temp.change_feed as f on f.feed = p.feed
    ),
    change as (
        /* Counted in another place: what it was worth moves. */
        select feed, claim_id, service_category_1, {_OLD_PLACE}, -old_paid as paid, -old_allowed as allowed,
            're_attribution' as cause
        from pair where has_moved
        union all
        select feed, claim_id, service_category_1, {_NEW_PLACE}, old_paid, old_allowed, 're_attribution'
        from pair where has_moved
        union all
        /* Counted now and not then, or the other way. */
        select feed, claim_id, service_category_1, {_NEW_PLACE}, old_paid, old_allowed,
            case
                when counts_otherwise and has_same_files then 'definition_change'
                else 'retroactive_enrolment'
            end
        from pair where is_same and is_counted and not was_counted
        union all
        select feed, claim_id, service_category_1, {_OLD_PLACE}, -old_paid, -old_allowed,
            case
                when counts_otherwise and has_same_files then 'definition_change'
                else 'retroactive_enrolment'
            end
        from pair where is_same and was_counted and not is_counted
        union all
        /* Worth more or less than it was. */
        select feed, claim_id, service_category_1, {_NEW_PLACE}, new_paid - old_paid,
            new_allowed - old_allowed,
            case
                when counts_otherwise and is_known then 'definition_change'
                when coalesce(nullif(new_paid - old_paid, 0), new_allowed - old_allowed) < 0 then 'reversals'
                else 'late_claims'
            end
        from pair where is_same and is_counted
        union all
        /* Gone; or now another month's, which is a claim withdrawn and a claim sent. */
        select feed, claim_id, service_category_1, {_OLD_PLACE}, -old_paid, -old_allowed,
            case
                when counts_otherwise and (has_same_files or (not "is" and claim_is)) then 'definition_change'
                else 'reversals'
            end
        from pair where not is_same and was and was_counted
        union all
        select feed, claim_id, service_category_1, {_NEW_PLACE}, new_paid, new_allowed,
            case
                when not claim_was and (data_end is null or new_service_date > data_end) then 'new_activity'
                when counts_otherwise and is_known then 'definition_change'
                when coalesce(nullif(new_paid, 0), new_allowed) < 0 then 'reversals'
                else 'late_claims'
            end
        from pair where not is_same and "is" and is_counted
    )
    select * from change where paid <> 0 or allowed <> 0
    """


def _months(old: str, new: str) -> str:
    """Every change of a member-month with its cause, where it counts."""
    return f"""
    create or replace temp table change_moved_month as
    with ends as (
        select contract_id, max(month) as last_month from {old}mart.member_month group by contract_id
    ),
    source as (
        select person_id, contract_id, month, max(data_source) as feed
        from (
            select m.person_id, m.contract_id, m.month, m.data_source
            from {new}core.member_month as m
            semi join temp.change_month as c
                on c.person_id = m.person_id and c.contract_id = m.contract_id and c.month = m.month
            union all
            select m.person_id, m.contract_id, m.month, m.data_source
            from {old}core.member_month as m
            semi join temp.change_month as c
                on c.person_id = m.person_id and c.contract_id = m.contract_id and c.month = m.month
        ) as either
        group by person_id, contract_id, month
    ),
    changed as (
        select
            c.*,
            coalesce(f.counts_otherwise and f.has_same_files, false) as is_defined_otherwise,
            e.last_month is null or c.month > e.last_month as is_new,
            /* The nth contract a person has left in a month goes with the nth they have come to. */
            row_number() over (
                partition by c.person_id, c.month, c.was, c."is" order by c.contract_id
            ) as turn
        from temp.change_month as c
        left join source as s
            on s.person_id = c.person_id and s.contract_id = c.contract_id and s.month = c.month
        left join temp.change_feed as f on f.feed = s.feed
        left join ends as e on e.contract_id = c.contract_id
    ),
    /* Enrolment that moved from one contract to another. */
    crossing as (
        select l.person_id, l.month, l.contract_id as from_contract_id, g.contract_id as to_contract_id
        from changed as l
        inner join changed as g on g.person_id = l.person_id and g.month = l.month and g.turn = l.turn
        where l.was and not l."is" and g."is" and not g.was
    ),
    marked as (
        select c.*, x.person_id is not null as is_crossing
        from changed as c
        left join crossing as x
            on x.person_id = c.person_id and x.month = c.month
            and ((c.was and not c."is" and x.from_contract_id = c.contract_id)
                or (c."is" and not c.was and x.to_contract_id = c.contract_id))
    )
    select
        person_id, contract_id, old_market_id as market_id, old_care_team_id as care_team_id,
        old_pcp_npi as pcp_npi, month,
        case
            when "is" or is_crossing then 're_attribution'
            when is_defined_otherwise then 'definition_change'
            else 'retroactive_enrolment'
        end as cause,
        -old_member_months as member_months, -old_pharmacy_member_months as pharmacy_member_months
    from marked
    where
        was and (
            not "is"
            or (old_market_id, old_care_team_id, old_pcp_npi)
                is distinct from (new_market_id, new_care_team_id, new_pcp_npi)
        )
    union all
    select
        person_id, contract_id, new_market_id, new_care_team_id, new_pcp_npi, month, 're_attribution',
        old_member_months, old_pharmacy_member_months
    from marked
    where
        was and "is"
        and (old_market_id, old_care_team_id, old_pcp_npi)
            is distinct from (new_market_id, new_care_team_id, new_pcp_npi)
    union all
    select
        person_id, contract_id, new_market_id, new_care_team_id, new_pcp_npi, month,
        case
            when is_crossing then 're_attribution'
            when not was and is_new then 'new_activity'
            when is_defined_otherwise then 'definition_change'
            else 'retroactive_enrolment'
        end,
        new_member_months - old_member_months, new_pharmacy_member_months - old_pharmacy_member_months
    from marked
    where "is"
    """


def _apart(old: str, new: str) -> str:
    """In how many places (contract, market, care team, PCP and month) the causes miss the difference.

    Only in months that have been compared: the others' checksums agree.
    """

    def spent(side: str, sign: str) -> str:
        return f"""
        select
            m.contract_id, m.market_id, m.care_team_id, m.pcp_npi, m.month, {sign} s.paid, {sign} s.allowed,
            0, 0.0
        from (
            select s.person_id, s.contract_id, s.month, sum({_PAID}) as paid, sum({_ALLOWED}) as allowed
            from {side}mart.spend_month as s
            inner join temp.change_block as b on b.contract_id = s.contract_id and b.month = s.month
            where s.in_enrolment and (b.money_differs or b.months_differ)
            group by s.person_id, s.contract_id, s.month
        ) as s
        inner join {side}mart.member_month as m
            on m.person_id = s.person_id and m.contract_id = s.contract_id and m.month = s.month
        """

    def enrolled(side: str, sign: str) -> str:
        return f"""
        select m.contract_id, m.market_id, m.care_team_id, m.pcp_npi, m.month, 0, 0,
            {sign} m.medical_member_months, {sign} m.pharmacy_member_months
        from {side}mart.member_month as m
        inner join temp.change_block as b on b.contract_id = m.contract_id and b.month = m.month
        where b.months_differ
        """

    return f"""
    with part (
        contract_id, market_id, care_team_id, pcp_npi, month, paid, allowed, member_months,
        pharmacy_member_months
    ) as (
        {spent(new, "+")} union all {spent(old, "-")}
        union all {enrolled(new, "+")} union all {enrolled(old, "-")}
        union all
        select contract_id, market_id, care_team_id, pcp_npi, month, -cast(paid * 100 as bigint),
            -cast(allowed * 100 as bigint), -member_months, -pharmacy_member_months
        from estimate.spend_change
    )
    select count(*)
    from (
        select 1
        from part
        group by contract_id, market_id, care_team_id, pcp_npi, month
        having sum(paid) <> 0 or sum(allowed) <> 0
            or abs(sum(member_months)) > 1e-6 or abs(sum(pharmacy_member_months)) > 1e-6
    ) as place
    """

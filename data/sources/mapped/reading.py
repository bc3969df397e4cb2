"""Reads a feed by its mapping: payer's columns in, the raw tables' file columns out, all of it as SQL.

Each kind of file is brought into the staging database once, whatever its number of files and of tables it
serves. A table's rows are then the rows of its main file, joined to what completes them; nothing is written
between there and the raw table. Rows of the main file keep their file and number, so that a reason for
setting one aside can name both, and the payer's own column.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from data.feed_error import FeedError
from data.feeds import line_of
from data.sources.adapter import FileCount, Reading, Refusal, StagedFiles
from data.sources.files import is_parquet, is_workbook, literal, new_stage_table, quote, stage_files
from data.sources.layout import Table
from data.sources.loading import set_aside
from data.sources.mapped import schema
from data.sources.mapped.schema import (
    ColumnRule,
    Condition,
    JoinRule,
    Reference,
    TableRule,
    Target,
    reference,
    targets,
)

if TYPE_CHECKING:
    from data.feeds import Feed, FeedFile

ORPHAN = "orphan line"
WITHOUT_LINES = "header without lines"
UNKNOWN_CODE = "unknown code"
REPEATED = "duplicate key"

_FILE, _ROW = quote("file of row"), quote("row of file")
_AT_LENGTH = 1 << 40


@dataclass
class _Partner:
    """A joined kind of file: where its rows are, which of them were left out as repeats, and who needs it."""

    kind: str
    rule: JoinRule
    relation: str
    """One row for each key, with the columns by their names."""
    all_rows: str
    """Every row, with its file and number."""
    users: list[str] = field(default_factory=list)
    """The rows it completes, as selects of the keys."""


class MappedReading(Reading):
    """One feed of a mapped format. A format with files of its own overrides :meth:`stage_kind`."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        feed: Feed,
        scratch: Path,
        today: datetime.date,
        on_file: Callable[[FeedFile], None],
        mapping: schema.Mapping,
        path: Path,
    ) -> None:
        super().__init__(connection, feed, scratch, today, on_file)
        self.mapping = mapping
        self.path = path
        self._kinds: dict[str, list[StagedFiles]] = {}
        self._partners: dict[tuple[str, str], _Partner] = {}
        self._tables: list[str] = []

    def stage(self, table: Table) -> list[StagedFiles]:
        staged: list[StagedFiles] = []
        problems: list[str] = []
        for rule in self.mapping.tables[table.name]:
            try:
                staged += self._stage_rule(table, rule)
            except FeedError as error:
                problems.append(str(error))
        if problems:
            raise FeedError(self.feed.name, "\n".join(dict.fromkeys(problems)))
        return staged

    def secondary(self) -> list[FileCount]:
        """Files that only complete the rows of others: partners nobody has are set aside."""
        counts: list[FileCount] = []
        main = {rule.source for rules in self.mapping.tables.values() for rule in rules}
        for kind in self.mapping.inputs:
            if kind in main:
                continue
            partners = [one for (name, _), one in self._partners.items() if name == kind]
            self._set_aside_partners(kind, partners)
            aside = dict(
                self.connection.execute(
                    "select file_name, count(*) from work.raw.quarantine "
                    "where feed = ? and input_table = ? group by all",
                    [self.feed.name, kind],
                ).fetchall()
            )
            for one in self._kinds.get(kind, []):
                for file, rows in zip(one.files, one.rows, strict=True):
                    bad = aside.get(file.name, 0)
                    counts.append(FileCount(file, rows, rows - bad, bad))
            counts += [
                FileCount(file, 0, 0, 0, file.duplicate_of)
                for file in self.feed.files_of(kind)
                if file.duplicate_of
            ]
        return counts

    def close(self) -> None:
        for staged in self._kinds.values():
            for one in staged:
                one.remove(self.connection)
        for name in self._tables:
            self.connection.execute(f"drop table if exists {name}")

    # Files

    def stage_kind(self, kind: str, wanted: frozenset[str], required: dict[str, str]) -> list[StagedFiles]:
        """Stage every file of a kind: ``texts`` of the ``wanted`` columns by name in lower case.

        ``required`` gives each column the mapping cannot do without, and where the mapping says so.
        """
        return stage_files(
            self.connection,
            self.feed.name,
            self.files(kind),
            written=self.mapping.inputs[kind].written,
            wanted=wanted,
            required=required,
            scratch=self.scratch,
            on_file=self.on_file,
        )

    def _kind(self, kind: str) -> list[StagedFiles]:
        if kind not in self._kinds:
            required: dict[str, str] = {}
            wanted: set[str] = set()
            for _, one, steps in self._all_references():
                if one.kind == kind:
                    wanted.add(one.name)
                    if steps is not None:
                        required.setdefault(one.name, line_of(self.path, *steps).removesuffix(": "))
            for table, rules in self.mapping.tables.items():
                for rule in rules:
                    if rule.source == kind:
                        wanted |= self._rule_columns(table)
            self._kinds[kind] = self.stage_kind(kind, frozenset(wanted), required)
        return self._kinds[kind]

    def _rule_columns(self, table: str) -> frozenset[str]:
        """Columns that contract and market rules look at: the payer's, where the raw table has none such."""
        source = self.feed.source
        if table == "eligibility":
            return source.contract_columns | source.market_columns
        return source.contract_columns if table in ("medical_claim", "pharmacy_claim") else frozenset()

    def _all_references(self) -> Iterator[tuple[str, Reference, tuple[str | int, ...] | None]]:
        """Every payer's column the mapping names, with its place in it; None where it may be missing."""
        for name, rules in self.mapping.tables.items():
            for place, rule in enumerate(rules):
                where: tuple[str | int, ...] = ("tables", name, place)
                for written, column in rule.columns.items():
                    for text in column.references:
                        steps = None if column.optional else (*where, "columns", written)
                        yield name, reference(rule, text), steps
                for key in ("where", "void"):
                    for text in getattr(rule, key):
                        yield name, reference(rule, text), (*where, key, text)
                for kind, join in rule.join.items():
                    at = (*where, "join", kind)
                    for ours, theirs in join.pairs.items():
                        yield name, reference(rule, ours), at
                        yield name, Reference(kind, theirs.strip().lower(), theirs), at
                    if join.order_by:
                        yield name, Reference(kind, join.order_by.strip().lower(), join.order_by), at

    # Rows

    def _stage_rule(self, table: Table, rule: TableRule) -> list[StagedFiles]:
        main = self._kind(rule.source)
        for kind in rule.join:
            self._kind(kind)
        partners = {kind: self._partner(rule, kind, join) for kind, join in rule.join.items()}
        return [self._staged(table, rule, one, partners) for one in main]

    def _staged(
        self, table: Table, rule: TableRule, one: StagedFiles, partners: dict[str, _Partner]
    ) -> StagedFiles:
        columns = [f"{one.file_number} as {_FILE}", f"{one.row_number} as {_ROW}"]
        columns += [f"{text} as {quote(name)}" for name, text in one.texts.items()]
        columns += self._lists(rule.source, one.texts)
        numbers = {
            tuple(column.number): number
            for number, column in enumerate(rule.columns.values())
            if column.number
        }
        for names, number in numbers.items():
            keys = ", ".join(one.texts.get(name.strip().lower(), "null") for name in names)
            order = f"{one.file_number}, {one.row_number}"
            columns.append(
                f"row_number() over (partition by {keys} order by {order}) as {quote(f'number {number}')}"
            )
        relation = f"(select {', '.join(columns)} from {one.relation}) as main"
        refusals: list[Refusal] = []
        for kind, partner in partners.items():
            alias = quote(f"of {kind}")
            pairs = " and ".join(
                f"main.{quote(ours.strip().lower())} = {alias}.{quote(theirs.strip().lower())}"
                for ours, theirs in partner.rule.pairs.items()
            )
            relation += f" left join {partner.relation} as {alias} on {pairs}"
            keys = ", ".join(
                f"{one.texts[ours.strip().lower()]} as {quote(theirs.strip().lower())}"
                for ours, theirs in partner.rule.pairs.items()
            )
            partner.users.append(f"select {keys} from {one.relation}")
            if partner.rule.must_match:
                column = next(iter(partner.rule.pairs))
                refusals.append(Refusal(ORPHAN, column, f"{alias}.{_ROW} is null"))

        def text_of(written: str, at: str | None = None) -> str:
            found = reference(rule, written)
            name = quote(found.name if at is None else f"{found.name} cut at {at}")
            if found.kind == rule.source:
                return f"main.{name}" if found.name in one.texts else "null"
            return f"{quote(f'of {found.kind}')}.{name}"

        texts: dict[str, str] = {}
        origins: dict[str, str] = {}
        formats: dict[str, tuple[str, ...]] = {}
        scales: dict[str, int] = {}
        as_written: dict[str, str] = {}
        typed = any(is_workbook(file.path) or is_parquet(file.path) for file in one.files)
        kind_of = {name: column.kind for column in table.columns for name in column.file_columns}
        for target in targets(table, rule):
            made = target.rule
            before = _value(target, rule, text_of, numbers)
            texts[target.name] = _stepped(before, made)
            if made.references:
                origins[target.name] = made.references[0]
            for name in made.references:
                as_written[reference(rule, name).written] = (
                    text_of(name) if not made.items else f"array_to_string({text_of(name)}, ',')"
                )
            if made.codes is not None and "otherwise" not in made.model_fields_set:
                known = ", ".join(map(literal, made.codes))
                value = _prepared(before, made)
                refusals.append(
                    Refusal(
                        UNKNOWN_CODE,
                        made.references[0] if made.references else target.written,
                        f"{value} is not null and {value} not in ({known})",
                    )
                )
            if kind_of.get(target.name) in ("date", "timestamp"):
                own = tuple(made.date or ())
                iso = typed or (made.date and made.default) or "value" in made.model_fields_set
                if own or iso:
                    own = own or tuple(self.feed.source.options.date_formats)
                    formats[target.name] = own + (("%Y-%m-%d",) if iso and "%Y-%m-%d" not in own else ())
            if made.divide:
                scales[target.name] = made.divide
        for name in self._rule_columns(table.name):
            if name not in texts:
                named = table.names.get(name)
                if named is not None and named.file_columns[0] in texts:
                    texts[name] = texts[named.file_columns[0]]
                elif name in one.texts:
                    texts[name] = f"main.{quote(name)}"
                    as_written.setdefault(one.origins.get(name, name), texts[name])
        keep = [_condition(text_of(name), condition) for name, condition in rule.where.items()]
        void = [_condition(text_of(name), condition) for name, condition in rule.void.items()]
        kept = " and ".join(keep) or None
        orphans = [refusal.condition for refusal in refusals if refusal.reason == ORPHAN]
        if kept and orphans and any(reference(rule, name).kind != rule.source for name in rule.where):
            # What the missing header would have said cannot leave an orphan out: it has to be seen.
            kept = f"(({' or '.join(orphans)}) or ({kept}))"
        return StagedFiles(
            files=one.files,
            relation=relation,
            texts=texts,
            row_number=f"main.{_ROW}",
            rows=one.rows,
            file_number=f"main.{_FILE}" if len(one.files) > 1 else "0",
            broken=one.broken,
            filtered=self._filtered(one, relation, kept),
            keep=kept,
            superseded=" and ".join(void) or None,
            refusals=tuple(refusals),
            origins=origins,
            as_written=as_written,
            date_formats=formats,
            scales=scales,
            owned=False,
        )

    def _filtered(self, one: StagedFiles, relation: str, kept: str | None) -> tuple[int, ...]:
        if kept is None:
            return ()
        counts = dict(
            self.connection.execute(
                f"select main.{_FILE}, count(*) from {relation} where not ({kept}) group by all"
            ).fetchall()
        )
        return tuple(counts.get(number, 0) for number in range(len(one.files)))

    def _lists(self, kind: str, texts: Mapping[str, str]) -> list[str]:
        """SQL for the lists that columns of a kind are cut into, once for all the columns made of them.

        A code has no blanks: those around the mark go first.
        """
        found: dict[str, None] = {}
        for rules in self.mapping.tables.values():
            for rule in rules:
                for column in rule.columns.values():
                    one = reference(rule, column.split) if column.split else None
                    if one and one.kind == kind and one.name in texts:
                        text = texts[one.name]
                        text = text if column.at == " " else f"replace({text}, ' ', '')"
                        name = quote(f"{one.name} cut at {column.at}")
                        found[f"string_split({text}, {literal(column.at)}) as {name}"] = None
        return list(found)

    # What completes rows

    def _partner(self, rule: TableRule, kind: str, join: JoinRule) -> _Partner:
        identity = (kind, repr((sorted(join.pairs.values()), join.many, join.order_by, join.must_match)))
        if identity in self._partners:
            return self._partners[identity]
        keys = [name.strip().lower() for name in join.pairs.values()]
        relation = all_rows = self._rows_of(kind)
        columns = sorted({name for one in self._kind(kind) for name in one.texts})
        if join.many:
            order = f"try_cast({quote(join.order_by.strip().lower())} as integer), " if join.order_by else ""
            table = self._table(kind)
            lists = ", ".join(
                f"list({quote(name)} order by {order}{_FILE}, {_ROW}) as {quote(name)}"
                for name in columns
                if name not in keys
            )
            # Once for all the rows it completes: lists are dear to make.
            self.connection.execute(
                f"create table {table} as "
                f"select {', '.join(map(quote, keys))}, min({_ROW}) as {_ROW}, {lists} "
                f"from {all_rows} as every_row group by {', '.join(map(quote, keys))}"
            )
            relation = table
        else:
            repeats = self._repeats(kind, keys, all_rows, latest=not join.must_match)
            if repeats:
                relation = (
                    f"(select * from {all_rows} as every_row where {_FILE} * {_AT_LENGTH} + {_ROW} "
                    f"not in (select row_id from {repeats}))"
                )
        partner = _Partner(kind, join, relation, all_rows)
        self._partners[identity] = partner
        return partner

    def _rows_of(self, kind: str) -> str:
        """SQL for every row of a kind, with its file's place among the files of the kind."""
        selects = []
        before = 0
        staged = self._kind(kind)
        names = sorted({name for one in staged for name in one.texts})
        for one in staged:
            columns = [f"cast({one.file_number} + {before} as bigint) as {_FILE}"]
            columns.append(f"{one.row_number} as {_ROW}")
            columns += [f"{one.texts.get(name, 'cast(null as varchar)')} as {quote(name)}" for name in names]
            columns += self._lists(kind, one.texts)
            selects.append(f"select {', '.join(columns)} from {one.relation}")
            before += len(one.files)
        if not selects:
            wanted = {one.name for _, one, _ in self._all_references() if one.kind == kind}
            empty = ", ".join(f"cast(null as varchar) as {quote(name)}" for name in sorted(wanted))
            return (
                f"(select cast(null as bigint) as {_FILE}, cast(null as bigint) as {_ROW}, {empty} limit 0)"
            )
        return f"({' union all '.join(selects)})"

    def _repeats(self, kind: str, keys: list[str], all_rows: str, *, latest: bool) -> str | None:
        """A table of the rows whose key another row has; the first is the one that counts, or the latest."""
        key = ", ".join(map(quote, keys))
        found = self.connection.execute(
            f"select 1 from {all_rows} as every_row group by hash({key}) having count(*) > 1 limit 1"
        ).fetchone()
        if not found:
            return None
        table = self._table(f"{kind}_repeats")
        order = "desc" if latest else "asc"
        self.connection.execute(
            f"""
            create table {table} as
            select {_FILE} * {_AT_LENGTH} + {_ROW} as row_id from {all_rows} as every_row
            qualify row_number() over (partition by {key} order by {_FILE} {order}, {_ROW} {order}) > 1
            """
        )
        return table

    def _table(self, kind: str) -> str:
        name = new_stage_table(kind)
        self._tables.append(name)
        return name

    def _set_aside_partners(self, kind: str, partners: list[_Partner]) -> None:
        """Set aside the rows of a kind that complete nothing, or say again what another has said."""
        staged = self._kind(kind)
        files = [file for one in staged for file in one.files]
        broken = [
            (
                one.files[line.file_number].name,
                line.row_number,
                line.column_name,
                line.reason,
                {"line": line.text},
            )
            for one in staged
            for line in one.broken
        ]
        set_aside(self.connection, self.feed.name, kind, broken)
        strict = [one for one in partners if one.rule.must_match or one.rule.many]
        if not strict or len(strict) < len(partners) or not files:
            # A list to look things up in may well hold more than is looked up.
            return
        names = ", ".join(literal(file.name) for file in files)
        columns = sorted({name for one in staged for name in one.texts})
        used = []
        for partner in strict:
            keys = [name.strip().lower() for name in partner.rule.pairs.values()]
            pairs = " and ".join(f"part.{quote(name)} = other.{quote(name)}" for name in keys)
            users = " union all ".join(dict.fromkeys(partner.users)) or "select 1 where false"
            used.append(
                f"exists (select 1 from ({users}) as other where {pairs})" if partner.users else "false"
            )
        first = strict[0]
        column = next(iter(first.rule.pairs.values()))
        repeated = "false"
        if not first.rule.many and first.relation != first.all_rows:
            repeated = (
                f"not exists (select 1 from {first.relation} as kept "
                f"where kept.{_FILE} = part.{_FILE} and kept.{_ROW} = part.{_ROW})"
            )
        spelled = {name: shown for one in staged for name, shown in one.origins.items()}
        written = ", ".join(f"{quote(spelled.get(name, name))} := part.{quote(name)}" for name in columns)
        self.connection.execute(
            f"""
            insert into work.raw.quarantine
            select
                {literal(self.feed.name)}, list_extract([{names}], {_FILE} + 1), {literal(kind)}, {_ROW},
                {literal(column)},
                case when is_repeated then {literal(REPEATED)} else {literal(WITHOUT_LINES)} end,
                cast(json_merge_patch('{{}}', to_json(as_written)) as varchar)
            from (
                select
                    part.{_FILE}, part.{_ROW}, {repeated} as is_repeated, {" or ".join(used)} as is_used,
                    struct_pack({written}) as as_written
                from {first.all_rows} as part
            )
            where is_repeated or not coalesce(is_used, false)
            """
        )


def _value(
    target: Target,
    rule: TableRule,
    text_of: Callable[..., str],
    numbers: dict[tuple[str, ...], int],
) -> str:
    """SQL for the text a column's source gives, before anything is done with it."""
    column = target.rule
    if column.column:
        return text_of(column.column)
    if column.combine:
        parts = ", ".join(map(text_of, column.combine))
        return f"nullif(concat_ws({literal(column.glue)}, {parts}), '')"
    if column.first:
        return f"coalesce({', '.join(map(text_of, column.first))})"
    if column.split:
        return f"nullif(list_extract({text_of(column.split, column.at)}, {target.place}), '')"
    if column.items:
        return f"list_extract({text_of(column.items)}, {target.place})"
    if column.number:
        return f"cast(main.{quote(f'number {numbers[tuple(column.number)]}')} as varchar)"
    return "cast(null as varchar)" if column.value is None else literal(column.value)


def _prepared(value: str, column: ColumnRule) -> str:
    """SQL for a text with unwanted characters removed, cut, and padded."""
    for character in column.remove:
        value = f"replace({value}, {literal(character)}, '')"
    if column.remove:
        value = f"nullif(trim({value}), '')"
    if column.decimal:
        value = f"replace({value}, {literal(column.decimal)}, '.')"
    if column.take:
        value = f"nullif(trim(substr({value}, {column.take[0]}, {column.take[1]})), '')"
    if column.pad:
        value = (
            f"case when length({value}) < {column.pad} then lpad({value}, {column.pad}, '0') else {value} end"
        )
    return value


def _stepped(value: str, column: ColumnRule) -> str:
    """SQL for a text after all that is done with it."""
    value = _prepared(value, column)
    if column.codes is not None:
        cases = " ".join(
            f"when {literal(code)} then {'null' if name is None else literal(name)}"
            for code, name in column.codes.items()
        )
        if column.otherwise == "keep":
            other = value
        else:
            other = "null" if column.otherwise is None else literal(column.otherwise)
            if column.otherwise is not None:
                other = f"case when {value} is not null then {other} end"
        value = f"case {value} {cases} else {other} end"
    if column.default is not None:
        value = f"coalesce({value}, {literal(column.default)})"
    return value


def _condition(value: str, condition: Condition) -> str:
    """SQL for whether a text is among the wanted values and not among the unwanted ones; never null."""

    def among(values: list[str]) -> str:
        exact = [literal(text) for text in values if not text.endswith("*")]
        tests = [f"{value} in ({', '.join(exact)})"] if exact else []
        tests += [f"starts_with({value}, {literal(text[:-1])})" for text in values if text.endswith("*")]
        return f"coalesce({' or '.join(tests)}, false)"

    tests = []
    if condition.among is not None:
        tests.append(among(condition.among))
    if condition.excluded is not None:
        tests.append(f"not {among(condition.excluded)}")
    return f"({' and '.join(tests) or 'true'})"

"""CMS's Claim and Claim Line Feed (CCLF): what Medicare sends an accountable care organisation every month.

Twelve fixed-width files: Part A claim headers (1), revenue centre lines (2), procedures (3) and diagnoses
(4), Part B physicians (5) and equipment (6), Part D (7), demographics (8), the crosswalk of beneficiary
numbers (9), what was withheld and owed by the beneficiary (A, B), a summary with the number of records of
each file (0), and the beneficiaries who declined to share their data (BNEX). ``layouts`` holds the record
layouts as data, ``records`` cuts the files, ``netting`` says which claims CMS's adjustment rules leave
over, ``part_a`` puts the four Part A files together. docs/formats.md says what becomes of every field.

Files of one folder and series (``Y24``, run-out ``R23``) with the same date in their names (``.D240115.``)
are one delivery.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from data.feed_error import FeedError
from data.sources.adapter import Adapter, FileCount, Input, Reading, StagedFiles
from data.sources.cms_cclf import part_a, part_b, part_d
from data.sources.cms_cclf.exclusions import Exclusion, read_exclusions
from data.sources.cms_cclf.layouts import FILES, versions
from data.sources.cms_cclf.records import Records, read_records
from data.sources.cms_cclf.summary import Summary, read_summary
from data.sources.files import literal
from data.sources.layout import Table
from data.sources.loading import set_aside
from data.sources.tuva_input_layer import ELIGIBILITY, MEDICAL_CLAIM, PHARMACY_CLAIM

if TYPE_CHECKING:
    from data.feeds import Feed, FeedFile, Source

PAYER = "medicare"
"""What ``payer``, ``plan`` and ``payer_type`` are: CCLF holds fee-for-service Medicare and nothing else."""

_DATE = re.compile(r"\.D(\d{2})(\d{2})(\d{2})(?=\.|$)")
_SERIES = re.compile(r"^(.*)\.ZC.(W?[YR]\d{2})\.")
"""Whose files they are, and whether they are those of a year (Y24), its weeks (WY24) or its run-out (R23)."""

Delivery = tuple[datetime.date, str, str]
"""When the files came (where no name says so, the earliest date there is), their folder, their series."""

CROSSWALK = "stage.cclf_crosswalk"
EXCLUDED = "stage.cclf_excluded"

DEMOGRAPHICS = (
    "BENE_MBI_ID", "BENE_ZIP_CD", "BENE_DOB", "BENE_SEX_CD", "BENE_RACE_CD", "BENE_MDCR_STUS_CD",
    "BENE_DUAL_STUS_CD", "BENE_ORGNL_ENTLMT_RSN_CD", "BENE_DEATH_DT", "BENE_1ST_NAME", "BENE_LAST_NAME",
    "BENE_LINE_1_ADR", "GEO_ZIP_PLC_NAME", "GEO_USPS_STATE_CD", "GEO_ZIP5_CD",
)  # fmt: skip

RACE = {
    "1": "white",
    "2": "black or african american",
    "3": "other race",
    "4": "asian",
    "5": "hispanic",
    "6": "american indian or alaska native",
}
"""BENE_RACE_CD; 0 is unknown. Source: CCLF Information Packet, table of the demographics file."""


def delivered_on(name: str) -> datetime.date | None:
    """The date in a CCLF file's name (``P.A1234.ACO.ZC1Y24.D240115.T1200000`` came on 15 January 2024)."""
    found = _DATE.search(Path(name).name)
    if not found:
        return None
    year, month, day = (int(part) for part in found.groups())
    try:
        return datetime.date(2000 + year, month, day)
    except ValueError:
        return None


class CclfAdapter(Adapter):
    name = "cms_cclf"
    tables = (ELIGIBILITY, MEDICAL_CLAIM, PHARMACY_CLAIM)
    inputs: Mapping[str, Input] = {
        f"cclf{letter.lower()}": Input(
            f"cclf{letter.lower()}",
            (f"*.ZC{letter}[YR]*", f"*.ZC{letter}WY*"),
            required=letter in "1258",
            suffixes=None,
            # Nothing in these says of which month they are: one like the month before is no repeat.
            may_repeat=letter in "089",
        )
        for letter in ("0", *FILES)
    } | {"bnex": Input("bnex", ("*.BNEX*", "*.MBI[YR][0-9]*"), suffixes=None, may_repeat=True)}
    options = frozenset({"cclf_version", "accept_count_mismatch", "exclusion_reasons"})

    def for_feed(self, source: Source, folder: Path) -> Adapter:
        version = source.options.cclf_version
        if version is not None and version not in versions():
            raise FeedError(
                source.name,
                f"{folder / 'source.yaml'}: options.cclf_version: {version!r} is not known; there is "
                f"{', '.join(versions())}. Leave it out to go by the length of the records",
            )
        return self

    def open(
        self,
        connection: duckdb.DuckDBPyConnection,
        feed: Feed,
        *,
        scratch: Path,
        today: datetime.date,
        on_file: Callable[[FeedFile], None],
    ) -> Reading:
        return CclfReading(connection, feed, scratch, today, on_file)


ADAPTER = CclfAdapter()


class CclfReading(Reading):
    """One CCLF feed: its deliveries, the crosswalk, the exclusions, and the counts of every file."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        feed: Feed,
        scratch: Path,
        today: datetime.date,
        on_file: Callable[[FeedFile], None],
    ) -> None:
        super().__init__(connection, feed, scratch, today, on_file)
        self.problems: list[str] = []
        self.counts: list[FileCount] = []
        self.deliveries = self._deliveries()
        self.summaries: dict[int, list[Summary]] = {}
        self._read_summaries()
        self._read_crosswalk()
        self._read_exclusions()
        self._raise_problems()

    # -- what the kinds share ------------------------------------------------------------------------------

    def _deliveries(self) -> list[Delivery]:
        """The deliveries there are, oldest first."""
        keys: dict[str, Delivery] = {}
        for file in self.feed.files:
            path = Path(file.name)
            series = _SERIES.match(path.name)
            date = delivered_on(file.name) or datetime.date.min
            keys[file.name] = (date, path.parent.as_posix(), ".".join(series.groups()) if series else "")
        found = sorted(set(keys.values()))
        places = {key: place for place, key in enumerate(found)}
        self._delivery_of = {name: places[key] for name, key in keys.items()}
        return found

    def delivery(self, file: FeedFile) -> int:
        """The place of a file's delivery among all deliveries, 0 = oldest."""
        return self._delivery_of[file.name]

    def read(
        self, letter: str, wanted: tuple[str, ...], table: str, files: Mapping[int, FeedFile] | None = None
    ) -> dict[int, Records]:
        """Cut the files of a kind (or some of them, by their place) and compare them with the summaries."""
        if files is None:
            files = dict(enumerate(self.files(f"cclf{letter.lower()}")))
        for file in files.values():
            self.on_file(file)
        found = read_records(
            self.connection,
            self.feed,
            files,
            letter,
            wanted,
            table,
            version=self.feed.source.options.cclf_version,
            scratch=self.scratch,
        )
        for records in found.values():
            for summary in self.summaries.get(self.delivery(records.file), []):
                problem = summary.compare(records.file, letter, records.rows)
                if problem and not self.feed.source.options.accept_count_mismatch:
                    self.problems.append(problem)
        return found

    def _raise_problems(self) -> None:
        if self.problems:
            problems, self.problems = self.problems, []
            raise FeedError(self.feed.name, "\n".join(problems))

    def count(self, records: Records, others: list[tuple[int, str | None, str, str]]) -> None:
        """Count a file that only completes others; ``others`` are rows set aside besides the broken ones."""
        kind = records.file.kind
        rows: list[tuple[str, int, str | None, str, Mapping[str, object] | str]] = [
            (records.file.name, line.row_number, line.column_name, line.reason, {"line": line.text})
            for line in records.broken
        ]
        rows += [(records.file.name, number, column, reason, row) for number, column, reason, row in others]
        set_aside(self.connection, self.feed.name, kind, rows)
        self.counts.append(
            FileCount(records.file, records.rows, records.rows - len(rows), len(rows), None, kind)
        )

    def _read_summaries(self) -> None:
        brought: dict[int, set[str]] = {}
        for file in self.feed.files:
            if file.kind.startswith("cclf"):
                brought.setdefault(self.delivery(file), set()).add(file.kind[4:].upper())
        for file in self.files("cclf0"):
            self.on_file(file)
            summary = read_summary(self.feed, file)
            delivery = self.delivery(file)
            self.summaries.setdefault(delivery, []).append(summary)
            missing = summary.missing(brought[delivery])
            if missing and not self.feed.source.options.accept_count_mismatch:
                self.problems += missing

    def _read_crosswalk(self) -> None:
        """Fill ``CROSSWALK``: every previous MBI with the most recent one of the same beneficiary.

        The newest file wins where files disagree; a number that was itself replaced is followed to the end.
        Source: CCLF Information Packet, section 5.1.1.
        """
        table = "stage.cclf_9"
        wanted = ("HICN_MBI_XREF_IND", "CRNT_NUM", "PRVS_NUM", "PRVS_ID_EFCTV_DT", "PRVS_ID_OBSLT_DT")
        found = self.read("9", wanted, table)
        self.connection.execute(
            f"create or replace table {CROSSWALK} (previous_mbi varchar, current_mbi varchar)"
        )
        for records in found.values():
            self.count(records, [])
        if not found:
            return
        order = ", ".join(str(self.delivery(records.file)) for records in found.values())
        self.connection.execute(
            f"""
            insert into {CROSSWALK}
            select
                PRVS_NUM,
                arg_max(CRNT_NUM, (
                    ([{order}])[file_number + 1], coalesce(PRVS_ID_OBSLT_DT, ''),
                    coalesce(PRVS_ID_EFCTV_DT, ''), CRNT_NUM
                ))
            from {table}
            where line is null and PRVS_NUM <> CRNT_NUM and coalesce(HICN_MBI_XREF_IND, 'M') = 'M'
            group by PRVS_NUM
            """
        )
        for _ in range(20):
            followed = self.connection.execute(
                f"""
                update {CROSSWALK} as x set current_mbi = y.current_mbi
                from {CROSSWALK} as y
                where y.previous_mbi = x.current_mbi and y.current_mbi <> x.previous_mbi
                """
            ).fetchone()
            if not followed or not followed[0]:
                break
        self.connection.execute(f"drop table {table}")

    def _read_exclusions(self) -> None:
        """Fill ``EXCLUDED`` with the most recent MBI of everybody the newest exclusion file takes out."""
        self.connection.execute(f"create or replace table {EXCLUDED} (mbi varchar)")
        reasons = set(self.feed.source.options.exclusion_reasons)
        files = sorted(
            self.files("bnex"), key=lambda file: (delivered_on(file.name) or datetime.date.min, file.name)
        )
        newest: list[Exclusion] = []
        for file in files:
            self.on_file(file)
            newest = read_exclusions(self.feed, file)
            without = [one for one in newest if not one.mbi]
            set_aside(
                self.connection,
                self.feed.name,
                file.kind,
                [(file.name, one.row_number, "MBI", "missing key", {"line": one.text}) for one in without],
            )
            self.counts.append(
                FileCount(file, len(newest), len(newest) - len(without), len(without), None, file.kind)
            )
        excluded = [[one.mbi] for one in newest if one.mbi and reasons.intersection(one.reasons)]
        if excluded:
            self.connection.executemany(f"insert into {EXCLUDED} values (?)", excluded)
            self.connection.execute(
                f"""
                update {EXCLUDED} as e set mbi = x.current_mbi
                from {CROSSWALK} as x where x.previous_mbi = e.mbi
                """
            )

    # -- the tables ----------------------------------------------------------------------------------------

    def kinds(self, table: Table) -> tuple[str, ...]:
        return {
            "eligibility": ("cclf8",),
            "medical_claim": ("cclf2", "cclf5", "cclf6"),
            "pharmacy_claim": ("cclf7",),
        }[table.name]

    def stage(self, table: Table) -> list[StagedFiles]:
        if table.name == "eligibility":
            staged = [self._eligibility()]
        elif table.name == "pharmacy_claim":
            staged = [part_d.stage(self)]
        else:
            staged = [*part_a.stage(self), part_b.stage(self, "5"), part_b.stage(self, "6")]
        self._raise_problems()
        return [one for one in staged if one.files]

    def secondary(self) -> list[FileCount]:
        for records in self.read("B", ("CUR_CLM_UNIQ_ID", "CLM_LINE_NUM"), "stage.cclf_b").values():
            self.count(records, [])
        self._raise_problems()
        for summaries in self.summaries.values():
            for summary in summaries:
                set_aside(self.connection, self.feed.name, "cclf0", summary.set_aside)
                self.counts.append(
                    FileCount(
                        summary.file,
                        summary.rows,
                        summary.rows - len(summary.set_aside),
                        len(summary.set_aside),
                        None,
                        "cclf0",
                    )
                )
        return self.counts

    def close(self) -> None:
        for name in [
            row[0]
            for row in self.connection.execute(
                "select table_name from duckdb_tables() "
                "where database_name = 'stage' and table_name like 'cclf%'"
            ).fetchall()
        ]:
            self.connection.execute(f"drop table if exists stage.{name}")

    def staged_lines(
        self,
        letter: str,
        wanted: tuple[str, ...],
        texts: Mapping[str, tuple[str, str]],
        *,
        superseded: str | None = None,
        prepare: Callable[[str, tuple[FeedFile, ...]], str | None] | None = None,
    ) -> StagedFiles:
        """Stage the files of a kind whose lines are rows as they stand.

        ``texts`` gives, for each file column of the raw table, the CMS field and the SQL of its text.
        ``prepare`` is told the relation of all good lines once they are read and returns SQL for superseded.
        """
        table = f"stage.cclf_{letter.lower()}"
        files = tuple(self.files(f"cclf{letter.lower()}"))
        records = list(self.read(letter, wanted, table).values())
        if not records:
            return StagedFiles((), table, {}, "0", ())
        offsets = ", ".join(str(one.offset) for one in records)
        deliveries = ", ".join(str(self.delivery(file)) for file in files)
        lines = (
            f"(select l.*, l.rowid + 1 - ([{offsets}])[file_number + 1] as row_number, "
            f"([{deliveries}])[file_number + 1] as delivery, "
            f"coalesce(x.current_mbi, l.BENE_MBI_ID) as mbi from {table} as l "
            f"left join {CROSSWALK} as x on x.previous_mbi = l.BENE_MBI_ID where l.line is null)"
        )
        if prepare:
            superseded = prepare(lines, files)
        return StagedFiles(
            files=files,
            relation=f"(select * from {lines} as lines "
            f"anti join {EXCLUDED} as e on e.mbi = lines.mbi) as cclf",
            texts={name: text for name, (_, text) in texts.items()},
            row_number="row_number",
            file_number="file_number",
            rows=tuple(one.rows for one in records),
            broken=tuple(line for one in records for line in one.broken),
            filtered=self.filtered(f"{lines} as lines", len(files)),
            superseded=superseded,
            origins={name: origin for name, (origin, _) in texts.items()},
            as_written={origin: text for origin, text in texts.values() if origin},
        )

    def filtered(self, lines: str, files: int) -> tuple[int, ...]:
        """How many rows of each file belong to somebody who declined to share data."""
        left_out = dict(
            self.connection.execute(
                f"select file_number, count(*) from {lines} semi join {EXCLUDED} as e on e.mbi = lines.mbi "
                "group by file_number"
            ).fetchall()
        )
        return tuple(left_out.get(number, 0) for number in range(files))

    def _eligibility(self) -> StagedFiles:
        """A row of the demographics file is a beneficiary enrolled in the month of the file."""
        months = []
        for file in self.files("cclf8"):
            month = file.delivery_month or delivered_on(file.name)
            if month is None:
                self.problems.append(
                    f"{file.path}: neither its name (.Dyymmdd.) nor delivery.month in source.yaml says which "
                    "month its beneficiaries were enrolled in"
                )
                month = self.today
            months.append(month.replace(day=1))
        first = ", ".join(f"'{month}'" for month in months)
        last = ", ".join(
            f"'{month.replace(day=calendar.monthrange(month.year, month.month)[1])}'" for month in months
        )
        races = " ".join(f"when {literal(code)} then {literal(name)}" for code, name in RACE.items())
        texts = {
            "person_id": ("BENE_MBI_ID", "mbi"),
            "member_id": ("BENE_MBI_ID", "mbi"),
            "gender": ("BENE_SEX_CD", "case BENE_SEX_CD when '1' then 'male' when '2' then 'female' end"),
            "race": ("BENE_RACE_CD", f"case BENE_RACE_CD {races} end"),
            "birth_date": ("BENE_DOB", "BENE_DOB"),
            "death_date": ("BENE_DEATH_DT", "BENE_DEATH_DT"),
            "enrollment_start_date": ("", f"([{first}])[file_number + 1]"),
            "enrollment_end_date": ("", f"([{last}])[file_number + 1]"),
            "payer": ("", literal(PAYER)),
            "plan": ("", literal(PAYER)),
            "payer_type": ("", literal(PAYER)),
            "dual_status_code": ("BENE_DUAL_STUS_CD", "BENE_DUAL_STUS_CD"),
            "medicare_status_code": ("BENE_MDCR_STUS_CD", "BENE_MDCR_STUS_CD"),
            "original_reason_entitlement_code": ("BENE_ORGNL_ENTLMT_RSN_CD", "BENE_ORGNL_ENTLMT_RSN_CD"),
            "first_name": ("BENE_1ST_NAME", "BENE_1ST_NAME"),
            "last_name": ("BENE_LAST_NAME", "BENE_LAST_NAME"),
            "address": ("BENE_LINE_1_ADR", "BENE_LINE_1_ADR"),
            "city": ("GEO_ZIP_PLC_NAME", "GEO_ZIP_PLC_NAME"),
            "state": ("GEO_USPS_STATE_CD", "GEO_USPS_STATE_CD"),
            "zip_code": ("GEO_ZIP5_CD", "coalesce(GEO_ZIP5_CD, BENE_ZIP_CD)"),
        }
        return self.staged_lines("8", DEMOGRAPHICS, texts)

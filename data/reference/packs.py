"""Reference packs: official tables that an operator installs, because the project may not ship them.

A pack is checked as a whole, then stored as Parquet with a manifest under ``WAREHOUSE/reference/<pack>/``.
The build loads the version installed last; where none is installed, a feed of the format ``reference_pack``
may bring one. So far there is one kind, ``nyu-ed``: the weights of emergency department diagnoses of the
NYU/ Billings algorithm in the Johnston 2017 update.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from data.feed_error import FeedError
from data.feeds import Feed
from data.sources.adapter import FileCount
from data.sources.files import literal

NYU_ED_COLUMNS: dict[str, str] = {
    "icd10": "icd10",
    "noner": "non_emergent",
    "epct": "primary_care_treatable",
    "edcnpa": "emergent_avoidable",
    "edcnnpa": "emergent_not_avoidable",
    "injury": "injury",
    "psych": "mental_health",
    "alcohol": "alcohol",
    "drug": "drug",
}
"""The columns of the official file and what they mean: our names of them. A file may use either."""

WEIGHTS = tuple(NYU_ED_COLUMNS.values())[1:]
SUM_TOLERANCE = 0.001
"""The published weights are rounded to ten decimals; rounder files are accepted up to a thousandth."""

PACKS = {"nyu-ed": "NYU/Billings ED weights by ICD-10 code, Johnston 2017 update"}

RAW_TABLES = (
    """create table raw.reference_pack (
    pack varchar, version varchar, sha256 varchar, rows bigint, source varchar, installed_at timestamp,
    origin varchar
)""",
    """create table raw.ed_weight (
    icd10 varchar, non_emergent double, primary_care_treatable double, emergent_avoidable double,
    emergent_not_avoidable double, injury double, mental_health double, alcohol double, drug double,
    citation varchar
)""",
)


class PackError(Exception):
    """A reference file that cannot be used; the message names the file, the row, the column and the fault."""


@dataclass(frozen=True)
class InstalledPack:
    """The manifest of an installed pack. ``installed_at`` is UTC; ``sha256`` is of the file it came from."""

    pack: str
    version: str
    sha256: str
    rows: int
    source: str
    installed_at: str


def add(pack: str, file: Path, warehouse: Path, *, version: str | None = None) -> InstalledPack:
    """Check ``file`` and install it; from the next build on it is the active version of ``pack``.

    ``version`` is by default the day of installation and the first digits of the file's hash. Installing the
    same version again replaces it. Raises :class:`PackError`.
    """
    if pack not in PACKS:
        raise PackError(f"{pack!r} is not a reference pack that is known here; there is {', '.join(PACKS)}")
    if not file.is_file():
        raise PackError(f"{file}: there is no such file")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    now = datetime.datetime.now(datetime.UTC)
    version = version or f"{now:%Y-%m-%d}-{sha256[:8]}"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", version):
        raise PackError(f"version {version!r} may have letters, digits, '.', '-' and '_' only")
    folder = warehouse / "reference" / pack
    target = folder / version
    partial = folder / f".{version}.partial"
    with duckdb.connect(":memory:") as connection:
        rows = _read_nyu_ed(connection, file)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(partial)
        try:
            partial.mkdir(parents=True)
            connection.execute(
                f"copy (select * from pack_rows order by icd10) to {literal(str(partial / 'rows.parquet'))} "
                "(format parquet, compression zstd)"
            )
            manifest = InstalledPack(
                pack, version, sha256, rows, file.name, now.isoformat(timespec="microseconds")
            )
            (partial / "manifest.json").write_text(json.dumps(asdict(manifest), indent=2) + "\n")
            if target.exists():
                shutil.rmtree(target)
            os.replace(partial, target)
        except (OSError, duckdb.Error) as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise PackError(f"{folder}: cannot be written: {error}") from error
    return manifest


def installed(warehouse: Path) -> list[InstalledPack]:
    """The installed packs, newest first. Raises :class:`PackError` for a manifest that cannot be read."""
    found = []
    for path in sorted((warehouse / "reference").glob("*/[!.]*/manifest.json")):
        try:
            found.append(InstalledPack(**json.loads(path.read_text())))
        except (OSError, ValueError, TypeError) as error:
            raise PackError(f"{path}: cannot be read ({error}); add the pack again") from error
    return sorted(found, key=lambda pack: pack.installed_at, reverse=True)


def active(warehouse: Path | None) -> dict[str, InstalledPack]:
    """The version of each pack the next build will use, by pack."""
    newest: dict[str, InstalledPack] = {}
    for pack in installed(warehouse) if warehouse else []:
        newest.setdefault(pack.pack, pack)
    return newest


def load(
    connection: duckdb.DuckDBPyConnection,
    warehouse: Path | None,
    feeds: list[Feed],
    loaded_at: datetime.datetime,
) -> dict[str, FileCount]:
    """Fill ``work.raw.ed_weight`` and ``work.raw.reference_pack`` with the active packs.

    Returns what became of the file of each feed that brings a pack, by feed. Raises FeedError.
    """
    try:
        chosen = active(warehouse)
    except PackError as error:
        raise FeedError("reference", str(error)) from error
    for pack in chosen.values():
        path = Path(str(warehouse)) / "reference" / pack.pack / pack.version / "rows.parquet"
        try:
            connection.execute(
                f"insert into work.raw.ed_weight by name select * from read_parquet({literal(str(path))})"
            )
        except duckdb.Error as error:
            raise FeedError("reference", f"{path}: cannot be read; add the pack again ({error})") from error
        installed_at = datetime.datetime.fromisoformat(pack.installed_at).replace(tzinfo=None)
        connection.execute(
            "insert into work.raw.reference_pack values (?, ?, ?, ?, ?, ?, 'installed')",
            [pack.pack, pack.version, pack.sha256, pack.rows, pack.source, installed_at],
        )
    brought: dict[str, str] = {}
    files: dict[str, FileCount] = {}
    for feed in (feed for feed in feeds if feed.source.format == "reference_pack"):
        source, file = feed.source, feed.files[0]
        pack_name = str(source.pack)
        if pack_name not in PACKS:
            raise FeedError(
                feed.name, f"{feed.folder}: pack: {pack_name!r} is not known; there is {', '.join(PACKS)}"
            )
        if pack_name in brought:
            raise FeedError(
                feed.name, f"{feed.folder}: {brought[pack_name]} brings the pack {pack_name} too; remove one"
            )
        brought[pack_name] = feed.name
        if pack_name in chosen:
            used = f"{pack_name} {chosen[pack_name].version} (installed)"
            files[feed.name] = FileCount(file, 0, 0, 0, duplicate_of=used)
            continue
        try:
            rows = _read_nyu_ed(connection, file.path)
        except PackError as error:
            raise FeedError(feed.name, str(error)) from error
        connection.execute("insert into work.raw.ed_weight by name select * from pack_rows")
        connection.execute(
            "insert into work.raw.reference_pack values (?, ?, ?, ?, ?, ?, 'feed')",
            [pack_name, source.version, file.sha256, rows, source.source, loaded_at],
        )
        files[feed.name] = FileCount(file, rows, rows, 0)
    return files


def _read_nyu_ed(connection: duckdb.DuckDBPyConnection, file: Path) -> int:
    """Check a file of ED weights and leave it in the temporary table ``pack_rows``; the number of rows."""
    reader = "read_parquet" if file.name.lower().endswith(".parquet") else "read_csv"
    # Everything is said, so that a broken row is a fault and not a guess about the header.
    written = ", header=true, skip=0, delim=',', quote='\"', all_varchar=true, strict_mode=true"
    options = "" if reader == "read_parquet" else written
    try:
        connection.execute(
            f"create or replace temp table pack_text as select * from {reader}({literal(str(file))}{options})"
        )
    except duckdb.Error as error:
        raise PackError(f"{file}: cannot be read as a table: {str(error).splitlines()[0]}") from error
    present = {row[0].strip().lower(): row[0] for row in connection.execute("describe pack_text").fetchall()}
    columns: dict[str, str] = {}
    for official, ours in NYU_ED_COLUMNS.items():
        name = present.get(official) or present.get(ours)
        if name is None:
            raise PackError(
                f"{file}: column {official} is missing; the official file has {', '.join(NYU_ED_COLUMNS)}"
            )
        columns[ours] = '"' + name.replace('"', '""') + '"'
    citation = (
        f'cast("{present["citation"]}" as varchar)' if "citation" in present else "cast(null as varchar)"
    )
    weights = ",\n".join(
        f"coalesce(nullif(trim(cast({columns[weight]} as varchar)), ''), '0') as {weight}"
        for weight in WEIGHTS
    )
    connection.execute(
        f"""
        create or replace temp table pack_text_rows as
        select
            rowid + 1 as row_number,
            upper(replace(trim(cast({columns["icd10"]} as varchar)), '.', '')) as icd10,
            {weights},
            {citation} as citation
        from pack_text
        """
    )
    names = {ours: column.strip('"') for ours, column in columns.items()}
    _check_nyu_ed(connection, file, names)
    typed = ", ".join(f"cast({weight} as double) as {weight}" for weight in WEIGHTS)
    connection.execute(
        f"create or replace temp table pack_rows as select icd10, {typed}, citation from pack_text_rows"
    )
    connection.execute("drop table pack_text")
    connection.execute("drop table pack_text_rows")
    found = connection.execute("select count(*) from pack_rows").fetchone()
    assert found is not None
    return int(found[0])


def _check_nyu_ed(connection: duckdb.DuckDBPyConnection, file: Path, names: dict[str, str]) -> None:
    def first(condition: str, show: str) -> tuple[int, str] | None:
        return connection.execute(
            f"select row_number, {show} from pack_text_rows where {condition} order by row_number limit 1"
        ).fetchone()

    if first("true", "icd10") is None:
        raise PackError(f"{file}: has no rows")
    # Letter, digit, then up to five more characters: the shape of every ICD-10-CM code without its dot.
    if wrong := first(
        "icd10 is null or not regexp_full_match(icd10, '[A-Z][0-9][0-9A-Z][0-9A-Z]{0,4}')", "icd10"
    ):
        raise PackError(
            f"{file}: row {wrong[0]:,}, column {names['icd10']}: {wrong[1]!r} is not an ICD-10-CM code"
        )
    for weight in WEIGHTS:
        number = f"try_cast({weight} as double)"
        if wrong := first(f"{number} is null or not ({number} between 0 and 1)", weight):
            raise PackError(
                f"{file}: row {wrong[0]:,}, column {names[weight]}: {wrong[1]!r} is not between 0 and 1"
            )
    total = " + ".join(f"cast({weight} as double)" for weight in WEIGHTS)
    if wrong := first(f"abs({total} - 1) > {SUM_TOLERANCE}", f"icd10 || ': ' || round({total}, 6)"):
        raise PackError(
            f"{file}: row {wrong[0]:,}, columns {names[WEIGHTS[0]]} to {names[WEIGHTS[-1]]}: the weights of "
            f"{wrong[1]} in sum, not 1"
        )
    duplicate = connection.execute(
        """
        select max(row_number), min(row_number), icd10 from pack_text_rows
        group by icd10 having count(*) > 1 order by 1 limit 1
        """
    ).fetchone()
    if duplicate:
        raise PackError(
            f"{file}: row {duplicate[0]:,}, column {names['icd10']}: {duplicate[2]!r} is already in row "
            f"{duplicate[1]:,}"
        )

"""Writes the demo's feeds folder: one folder per payer in the Tuva input layer, the organization feed, the
ED pack.
"""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager, nullcontext
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import yaml

from data.demo import (
    ambulatory,
    claims,
    clinical,
    dirt,
    encounters,
    enrolment,
    network,
    organisation,
    people,
    pharmacy,
)
from data.demo.codes import ROOM, Vocabulary, ed_diagnoses
from data.demo.settings import Settings, load_settings

DATE_FORMAT = "%Y-%m-%d"


def write_demo(members: int, seed: int, to: Path, console: Any = None, through: date | None = None) -> None:
    """Write a synthetic market of `members` people as a FEEDS folder, ready for `data build --from`.

    `through` is the last day anything is known of (default: the last day of the month before today); the same
    members, seed and through give the same files. `console` is a rich Console for progress, or None. An
    earlier
    demo in `to` is replaced; a folder holding anything else is refused with a FileExistsError.
    """
    if members < 1:
        raise ValueError("members must be at least 1")
    settings = load_settings()
    through = through or date.today().replace(day=1) - timedelta(days=1)
    months = people.Months.ending(np.datetime64(through), settings.history_months)
    _clear(settings, to)
    with _progress(console, members) as advance:
        _write(settings, members, seed, to, through, months, advance)


def _write(
    settings: Settings, members: int, seed: int, to: Path, through: date, months: people.Months, advance: Any
) -> None:
    places = network.build_network(settings, members, _generator(seed, "network", 0))
    codes = Vocabulary()
    diagnosis_codes = codes.numbers(ed_diagnoses().code)
    roster = organisation.Roster()
    feeds = [_Feed(to / terms.feed, terms.format) for terms in settings.contracts]
    numbers = [[0, 0] for _ in settings.contracts]  # medical and pharmacy claims so far
    for chunk, first in enumerate(range(0, members, settings.chunk_members)):
        count = min(settings.chunk_members, members - first)
        rng = _generator(seed, "people", chunk)
        folk = people.draw_people(settings, first + 1, count, months, rng)
        coverage = enrolment.draw_coverage(settings, folk, months, rng)
        pcp = organisation.assign_pcps(folk, places, rng)

        rng = _generator(seed, "encounters", chunk)
        visits = encounters.draw_ed_visits(settings, folk, coverage, months, rng)
        stays = encounters.draw_stays(settings, folk, coverage, months, visits, rng)
        kept = encounters.outside_stays(visits, stays)
        walked_in = visits.take(kept[visits.disposition[kept] != encounters.ADMITTED])

        rng = _generator(seed, "claims", chunk)
        batch = claims.join(
            [
                *claims.ed_claims(settings, folk, places, codes, walked_in, diagnosis_codes, rng),
                *claims.stay_claims(settings, folk, places, codes, stays, rng),
                *ambulatory.ambulatory_claims(settings, folk, coverage, months, places, codes, pcp, rng),
                ambulatory.follow_up_claims(
                    settings, folk, coverage, months, places, codes, pcp, walked_in, diagnosis_codes, rng
                ),
            ]
        )
        settled = claims.settle(settings, folk, coverage, months, batch, codes, rng)
        del batch
        fills = pharmacy.draw_fills(settings, folk, coverage, months, _generator(seed, "pharmacy", chunk))
        rng = _generator(seed, "clinical", chunk)
        recent = np.zeros(count, bool)
        recent[walked_in.person[walked_in.day > months.through - 45]] = True
        for number, feed in enumerate(feeds):
            feed.write("eligibility", enrolment.eligibility_table(settings, folk, coverage, number, rng))
            lines, done = claims.medical_table(
                settings, folk, places, codes, settled, number, numbers[number][0]
            )
            numbers[number][0] += done
            feed.write("medical_claim", lines)
            rows, done = pharmacy.pharmacy_table(
                settings, folk, places, pcp, fills, number, numbers[number][1]
            )
            numbers[number][1] += done
            feed.write("pharmacy_claim", rows)
            feed.write("lab_result", clinical.lab_table(settings, folk, codes, settled, number, rng))
            if settings.contracts[number].key in ("aco", "advantage"):
                feed.write("observation", clinical.observation_table(settings, folk, settled, number, rng))
            feed.write(
                "immunization", clinical.immunization_table(settings, folk, codes, settled, number, rng)
            )
            feed.write(
                "appointment",
                clinical.appointment_table(
                    settings, folk, coverage, months, places, pcp, recent, number, rng
                ),
            )
        organisation.note_people(roster, settings, folk, coverage, months, places, pcp, visits, rng)
        advance(count)
    for number, feed in enumerate(feeds):
        feed.close()
        dirt.spoil(settings, feed.folder, settings.contracts[number], through)
        _describe(settings, number, feed, through)
    _write_organisation(settings, places, months, roster, through, seed, to)
    _write_pack(to)


def _generator(seed: int, purpose: str, chunk: int) -> np.random.Generator:
    """A stream of its own for each purpose and chunk, so that one part can change without moving the
    others.
    """
    return np.random.default_rng(np.random.SeedSequence([seed, chunk, *purpose.encode()]))


class _Feed:
    """The files of one payer, open while chunks arrive. Claims and clinical rows: Parquet, or CSV (gzip)."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder, self.kind = folder, kind
        folder.mkdir(parents=True, exist_ok=True)
        self.files: dict[str, str] = {}
        self._writers: dict[str, pq.ParquetWriter | pacsv.CSVWriter] = {}
        self._streams: list[pa.NativeFile] = []

    def write(self, table_name: str, table: pa.Table) -> None:
        text = self.kind == "csv" or table_name == "eligibility"
        if text:
            table = _plain(table)
        if table_name not in self._writers:
            name = f"{table_name}.csv.gz" if text else f"{table_name}.parquet"
            self.files[table_name] = name
            path = self.folder / name
            if text:
                stream = pa.CompressedOutputStream(pa.OSFile(str(path), "wb"), "gzip")
                self._streams.append(stream)
                options = pacsv.WriteOptions(quoting_style="needed")
                self._writers[table_name] = pacsv.CSVWriter(stream, table.schema, write_options=options)
            else:
                self._writers[table_name] = pq.ParquetWriter(path, table.schema, compression="zstd")
        self._writers[table_name].write_table(table)

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()
        for stream in self._streams:
            stream.close()


def _plain(table: pa.Table) -> pa.Table:
    """Dictionary columns as plain strings, for CSV."""
    fields = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _describe(settings: Settings, number: int, feed: _Feed, through: date) -> None:
    """The payer's source.yaml."""
    terms = settings.contracts[number]
    patterns = {
        name: f"{name}*{'.csv.gz' if path.endswith('.gz') else '.parquet'}"
        for name, path in feed.files.items()
    }
    if terms.key == "advantage":
        patterns["immunization"] = "immunization*.parquet"
    content = {
        "name": terms.feed,
        "format": "tuva_input_layer",
        "person_ids": "shared",
        "contracts": [
            {
                "contract_id": terms.contract_id.format(year=through.year),
                "contract_name": terms.contract_name,
                "payer": terms.payer,
                "plan": terms.plan,
                "line_of_business": terms.line_of_business,
                "model": terms.model,
                "performance_start": date(through.year, 1, 1),
                "performance_end": date(through.year, 12, 31),
                "completion_threshold": 0.9,
            }
        ],
        "markets": [
            {"market_id": item.market_id, "market_name": item.market_name, "state": settings.state}
            for item in settings.markets
        ],
        "contract_rules": [{"when": {"plan": terms.plan},
        "contract_id": terms.contract_id.format(year=through.year)}],
        "market_rules": [
            {"when": {"zip_code": [f"{prefix}*" for prefix in sorted({code[:3] for code in item.zip_codes})]},
             "market_id": item.market_id}
            for item in settings.markets
        ],
        "files": patterns,
        "options": {"delimiter": ",", "date_formats": [DATE_FORMAT], "required_files": ["eligibility",
        "medical_claim"]},
    }  # fmt: skip
    title = f"# {terms.contract_name}: synthetic demo data. No row describes a real person.\n"
    _write_yaml(feed.folder / "source.yaml", title, content)


def _write_organisation(
    settings: Settings,
    places: network.Network,
    months: people.Months,
    roster: organisation.Roster,
    through: date,
    seed: int,
    to: Path,
) -> None:
    folder = to / "organization"
    folder.mkdir(parents=True)
    rng = _generator(seed, "organisation", 0)
    tables = organisation.organisation_tables(settings, places, months, roster, through.year, rng)
    for name, table in tables.items():
        pacsv.write_csv(_plain(table), folder / f"{name}.csv", pacsv.WriteOptions(quoting_style="needed"))
    _write_yaml(
        folder / "source.yaml",
        "# The organisation's own rosters, panels, contacts and targets: synthetic demo data.\n",
        {
            "name": "organization",
            "format": "organization",
            "files": {name: f"{name}.csv" for name in tables},
        },
    )


def _write_pack(to: Path) -> None:
    folder = to / "ed_weights"
    folder.mkdir(parents=True)
    shutil.copyfile(ROOM / "ed_weights.csv", folder / "ed_weights.csv")
    _write_yaml(
        folder / "source.yaml",
        "# ED visit weights for the diagnoses the demo uses; install the full table for real data.\n",
        {
            "name": "ed_weights",
            "format": "reference_pack",
            "pack": "nyu-ed",
            "version": "demo-2017",
            "source": "Johnston et al. 2017, the rows the demo needs, each cited",
            "file": "ed_weights.csv",
        },
    )


def _write_yaml(path: Path, title: str, content: dict[str, Any]) -> None:
    path.write_text(
        title + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110), encoding="utf-8"
    )


def _clear(settings: Settings, to: Path) -> None:
    """Remove an earlier demo; never anything else."""
    ours = {terms.feed for terms in settings.contracts} | {"organization", "ed_weights"}
    if to.exists():
        strange = sorted(item.name for item in to.iterdir() if item.name not in ours)
        if strange:
            raise FileExistsError(
                f"{to} holds {', '.join(strange[:5])}, which the demo did not write; choose another folder"
            )
        for name in ours:
            shutil.rmtree(to / name, ignore_errors=True)
    to.mkdir(parents=True, exist_ok=True)


def _progress(console: Any, members: int) -> AbstractContextManager[Any]:
    """A context giving a function to call with the number of members done."""
    if console is None:
        return nullcontext(lambda count: None)
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    class Bar(Progress):
        def __enter__(self) -> Any:  # type: ignore[override]
            super().__enter__()
            task = self.add_task("Writing demo members", total=members)
            return lambda count: self.advance(task, count)

    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )

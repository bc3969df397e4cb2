"""Writes the demo's feeds folder: one folder per payer in the payer's own format, a folder for the practices'
records, the hospitals' messages, the organisation's own lists, and the ED pack.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import yaml

from data.demo import adt, dirt, gaps, network, organisation, people, population
from data.demo.codes import ROOM
from data.demo.formats import FORMATS, WRITERS, Payer, PayerWriter
from data.demo.formats.deliveries import Calendar, plain
from data.demo.formats.tuva import FILED, TuvaWriter
from data.demo.settings import Contract, Settings, load_settings
from data.feeds import ContractDeclaration
from data.sources.organization import TABLES as ORGANIZATION_TABLES

ORGANIZATION, RECORDS, MESSAGES, PACK = "organization", "lakeland_ehr", "lakeland_adt", "ed_weights"
DUE_DAY = 15  # of the month after the delivery month
# The payer that sends its own laboratory results; everybody else's come from the practices' records.
OWN_RESULTS = "advantage"
WRITERS_AT_ONCE = 1


def write_demo(
    members: int,
    seed: int,
    to: Path,
    console: Any = None,
    through: date | None = None,
    *,
    formats: Mapping[str, str] | None = None,
) -> None:
    """Write a synthetic market of `members` people as a FEEDS folder, ready for `data build --from`.

    `through` is the last day anything is known of (default: the last day of the month before today); the same
    members, seed and through give the same files. `console` is a rich Console for progress, or None. An
    earlier demo in `to` is replaced; a folder holding anything else is refused with a FileExistsError.
    `formats` lets a contract (by its key in market.yaml) be sent in another format (a name of
    `data.demo.formats.WRITERS`) than its own.
    """
    if members < 1:
        raise ValueError("members must be at least 1")
    chosen = {**FORMATS, **(formats or {})}
    for key, name in chosen.items():
        if key not in FORMATS or name not in WRITERS:
            raise ValueError(
                f"formats: {key}: {name} is not possible; contracts are {', '.join(FORMATS)}, "
                f"formats {', '.join(WRITERS)}"
            )
    settings = load_settings()
    through = through or date.today().replace(day=1) - timedelta(days=1)
    months = people.Months.ending(np.datetime64(through), settings.history_months)
    _clear(settings, to)
    with _progress(console, members) as advance:
        _write(settings, members, seed, to, through, months, chosen, advance)


def _write(
    settings: Settings,
    members: int,
    seed: int,
    to: Path,
    through: date,
    months: people.Months,
    formats: Mapping[str, str],
    advance: Any,
) -> None:
    places = network.build_network(settings, members, population.generator(seed, "network", 0))
    calendar = Calendar.ending(through, settings.history_months)
    roster = organisation.Roster()
    feeds = [
        WRITERS[formats[terms.key]](dirt.payer(settings, number, to / terms.feed, calendar, seed))
        for number, terms in enumerate(settings.contracts)
    ]
    records = TuvaWriter(Payer(RECORDS, to / RECORDS, calendar), yearly=True)
    messages = adt.Messages(settings, places, months)
    open_gaps = gaps.GapLists(settings, calendar)
    # Each payer's files are written by one thread at a time, while the next chunk is being made.
    with ThreadPoolExecutor(WRITERS_AT_ONCE) as pool:
        waiting: list[Future[None]] = []
        for chunk in population.chunks(settings, members, seed, months, places):
            rng = population.generator(seed, "organisation notes", chunk.number)
            organisation.note_people(
                roster, settings, chunk.people, chunk.coverage, months, places, chunk.pcp, chunk.visits, rng
            )
            messages.note(chunk, population.generator(seed, "messages", chunk.number))
            for number in range(len(feeds)):
                open_gaps.note(chunk, number, population.generator(seed, f"gaps {number}", chunk.number))
            _wait(waiting)
            waiting = [
                pool.submit(_send, feed, tables, settings.contracts[number].key)
                for number, (feed, tables) in enumerate(zip(feeds, chunk.tables, strict=True))
            ]
            waiting.append(pool.submit(_file_records, records, chunk.tables, settings))
            advance(len(chunk))
        _wait(waiting)
        for number, feed in enumerate(feeds):
            lists = open_gaps.table(number)
            if lists is not None and "payer_gap" in feed.tables:
                feed.write("payer_gap", lists)
        _wait([pool.submit(_finish, settings, number, feed, through) for number, feed in enumerate(feeds)])
    records.close()
    _describe_records(records)
    messages.write(to / MESSAGES, seed)
    crosswalk = [(feed.payer.feed, pairs) for feed in feeds for pairs in feed.members]
    _write_organisation(settings, places, months, roster, crosswalk, through, seed, to)
    _write_pack(to)


def _wait(waiting: list[Future[None]]) -> None:
    for task in waiting:
        task.result()


def _send(feed: PayerWriter, tables: dict[str, pa.Table], key: str) -> None:
    """A chunk's rows of one payer: enrolment first, and only what this payer has files for."""
    for name in feed.tables:
        results = name in FILED and (key != OWN_RESULTS or name == "appointment")
        if name in tables and not results:
            feed.write(name, tables[name])


def _file_records(records: TuvaWriter, chunk: list[dict[str, pa.Table]], settings: Settings) -> None:
    """Results, blood pressures, vaccines and appointments of the practices' patients, whoever pays."""
    for terms, tables in zip(settings.contracts, chunk, strict=True):
        for name in ("lab_result", "observation", "immunization", "appointment"):
            if name in tables and (terms.key != OWN_RESULTS or name == "appointment"):
                records.write(name, tables[name])


def _finish(settings: Settings, number: int, feed: PayerWriter, through: date) -> None:
    dirt.spoil(settings, feed)
    feed.close()
    dirt.send_twice(settings, number, feed)
    _describe(settings, number, feed, through)


def _describe(settings: Settings, number: int, feed: PayerWriter, through: date) -> None:
    """The payer's source.yaml, its mapping.yaml where the format needs one, and its control totals."""
    terms = settings.contracts[number]
    own = terms.contract_id.format(year=through.year)
    cohorts: list[tuple[str, str, str, dict[str, str]]] = [(own, terms.contract_name, terms.plan, {})]
    if terms.control:
        control = terms.control
        cohorts.append((control.contract_id, control.contract_name, control.plan, {"control_for": own}))
    keys = feed.declare()
    expected = keys.pop("expected")
    # One plan needs no rule, and the ACO's files name none.
    rules: list[dict[str, Any]] = [
        {"when": {"plan": plan}, "contract_id": contract_id} for contract_id, _, plan, _ in cohorts
    ]
    if keys["format"] == "cms_cclf":
        rules = [{"when": {}, "contract_id": cohorts[0][0]}]
    content: dict[str, Any] = {
        "name": terms.feed,
        "title": terms.contract_name,
        **{key: keys.pop(key) for key in ("format", "mapping", "person_ids") if key in keys},
        "contracts": [
            {
                "contract_id": contract_id,
                "contract_name": contract_name,
                "payer": terms.payer,
                "plan": plan,
                "line_of_business": terms.line_of_business,
                "model": terms.model,
                "performance_start": date(through.year, 1, 1),
                "performance_end": date(through.year, 12, 31),
                "completion_threshold": 0.9,
                **_limits(terms),
                **control_for,
            }
            for contract_id, contract_name, plan, control_for in cohorts
        ],
        "markets": _markets(settings),
        "contract_rules": rules,
        "market_rules": [
            {
                "when": {"zip_code": [f"{code}*" for code in sorted({code[:3] for code in item.zip_codes})]},
                "market_id": item.market_id,
            }
            for item in settings.markets
        ],
        "delivery": {
            "month": r"^(?P<year>\d{4})-(?P<month>\d{2})/",
            "expected": expected,
            "due_day": DUE_DAY,
            "since": feed.payer.calendar.month(0),
        },
        **keys,
    }  # fmt: skip
    title = f"# {terms.contract_name}: synthetic demo data. No row describes a real person.\n"
    folder = feed.payer.folder
    folder.mkdir(parents=True, exist_ok=True)
    _write_yaml(folder / "source.yaml", title, content)
    mapping = feed.mapping()
    if mapping:
        _write_yaml(folder / "mapping.yaml", f"# How to read the files of {terms.payer}.\n", mapping)
    totals = feed.totals.text(feed.payer.calendar, feed.payer.received)
    (folder / "control_totals.csv").write_text(totals, encoding="utf-8", newline="")


def _limits(terms: Contract) -> dict[str, float]:
    """The contract's cap on a member's yearly cost, and from where a member is a large claimant."""
    told = {
        "truncation_cap": terms.truncation_cap,
        "large_claimant_threshold": terms.large_claimant_threshold,
    }
    known = ContractDeclaration.model_fields
    return {name: value for name, value in told.items() if value is not None and name in known}


def _markets(settings: Settings) -> list[dict[str, str]]:
    return [
        {"market_id": item.market_id, "market_name": item.market_name, "state": settings.state}
        for item in settings.markets
    ]


def _describe_records(records: TuvaWriter) -> None:
    keys = records.declare()
    keys.pop("expected")
    title = "# The practices' records: results, vital signs, vaccines, appointments. Synthetic demo data.\n"
    records.payer.folder.mkdir(parents=True, exist_ok=True)
    _write_yaml(
        records.payer.folder / "source.yaml", title, {"name": RECORDS, "title": "Practices' records", **keys}
    )


def _write_organisation(
    settings: Settings,
    places: network.Network,
    months: people.Months,
    roster: organisation.Roster,
    crosswalk: list[tuple[str, pa.Table]],
    through: date,
    seed: int,
    to: Path,
) -> None:
    folder = to / ORGANIZATION
    folder.mkdir(parents=True)
    rng = population.generator(seed, "organisation", 0)
    tables = organisation.organisation_tables(settings, places, months, roster, through.year, rng)
    tables["person_crosswalk"] = organisation.crosswalk_table(crosswalk)
    known = {table.name for table in ORGANIZATION_TABLES}
    tables = {name: table for name, table in tables.items() if name in known}
    for name, table in tables.items():
        pacsv.write_csv(plain(table), folder / f"{name}.csv", pacsv.WriteOptions(quoting_style="needed"))
    _write_yaml(
        folder / "source.yaml",
        "# The organisation's own rosters, panels, contacts and targets: synthetic demo data.\n",
        {
            "name": ORGANIZATION,
            "title": "Our own lists",
            "format": "organization",
            "files": {name: f"{name}.csv" for name in tables},
        },
    )


def _write_pack(to: Path) -> None:
    folder = to / PACK
    folder.mkdir(parents=True)
    shutil.copyfile(ROOM / "ed_weights.csv", folder / "ed_weights.csv")
    _write_yaml(
        folder / "source.yaml",
        "# ED visit weights for the diagnoses the demo uses; install the full table for real data.\n",
        {
            "name": PACK,
            "title": "ED visit weights",
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


# Feeds that an earlier version of the demo wrote.
_FORMER = ("harbor_medicare_aco",)


def _clear(settings: Settings, to: Path) -> None:
    """Remove an earlier demo; never anything else."""
    ours = {terms.feed for terms in settings.contracts}
    ours |= {ORGANIZATION, RECORDS, MESSAGES, PACK, *_FORMER}
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

"""The command line of the warehouse: build it, list its snapshots, make a demo, install reference data."""

from __future__ import annotations

import argparse
import datetime
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid

from data import publish
from data.build import MEMORY_LIMIT, BuildError, build
from data.feed_error import FeedError
from data.reference import packs

DEFAULT_WAREHOUSE = "var/demo/warehouse"


def parser() -> argparse.ArgumentParser:
    """The commands and their options; ``docs/commands.md`` explains each of them."""
    top = argparse.ArgumentParser(
        prog="python -m data",
        description="Build the warehouse that the dashboards read, and look after it.",
        epilog="Every command is explained, with examples, in docs/commands.md.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    one = commands.add_parser(
        "build",
        help="load the feeds and publish a new snapshot",
        description="Load every feed, build the marts, check them, and publish them as a new snapshot. If "
        "anything is wrong nothing is published, and the last good snapshot still serves.",
    )
    one.add_argument(
        "--from",
        dest="feeds",
        type=Path,
        required=True,
        metavar="FEEDS",
        help="the folder with one folder per feed, each with a source.yaml",
    )
    _warehouse(one, "where to publish")
    one.add_argument("--force", action="store_true", help="publish even if nothing has changed")
    one.add_argument(
        "--through-delivery",
        type=_month,
        metavar="MONTH",
        help="leave aside files delivered for later months than this, such as 2026-09",
    )
    one.add_argument(
        "--memory-limit",
        default=MEMORY_LIMIT,
        metavar="SIZE",
        help="memory DuckDB may use before it spills to disk, such as 4GB (default: %(default)s)",
    )
    one.add_argument(
        "--threads", type=_positive, metavar="N", help="processor cores to use (default: all there are)"
    )
    one.add_argument(
        "--check", action="store_true", help="read everything and say what is wrong, but write nothing"
    )
    one.set_defaults(run=_build)

    one = commands.add_parser(
        "check",
        help="say what a build would make of a feed, without building",
        description="Read a feed, or a folder of feeds, into a database that is thrown away, and report "
        "every problem at once: what would stop a build, which rows would be set aside, what looks odd.",
    )
    one.add_argument("feeds", type=Path, metavar="FEED", help="the folder of a feed, or of several feeds")
    one.set_defaults(run=_check)

    one = commands.add_parser(
        "map",
        help="propose a mapping for a payer's files",
        description="Look at the column names and the contents of delimited files or workbooks and propose a "
        "mapping.yaml: what each column seems to be and why, and which ones could not be placed.",
    )
    one.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="a file of each kind the payer sends"
    )
    one.add_argument(
        "--to",
        dest="mapping",
        type=Path,
        metavar="MAPPING",
        help="write the proposal to this file, such as feeds/acme/mapping.yaml (default: print it)",
    )
    one.set_defaults(run=_map)

    one = commands.add_parser(
        "snapshots",
        help="list the published snapshots, or go back to one",
        description="List the published snapshots, newest first, and mark the one that is served.",
    )
    _warehouse(one, "the warehouse")
    one.add_argument("--use", metavar="ID", help="serve this snapshot from now on")
    one.set_defaults(run=_snapshots)

    one = commands.add_parser(
        "demo",
        help="write the files of a made-up population",
        description="Write the feeds of a made-up population, ready for 'build'. The same members and seed "
        "give the same files.",
    )
    one.add_argument(
        "--members",
        type=_positive,
        default=5000,
        metavar="N",
        help="how many members to make (default: %(default)s)",
    )
    one.add_argument(
        "--seed", type=int, default=1, metavar="S", help="which population to make (default: %(default)s)"
    )
    one.add_argument(
        "--through",
        type=datetime.date.fromisoformat,
        metavar="DATE",
        help="the last day anything is known of, as 2026-10-31 (default: the end of last month)",
    )
    one.add_argument(
        "--to", dest="feeds", type=Path, required=True, metavar="FEEDS", help="the folder to write feeds to"
    )
    one.set_defaults(run=_demo)

    one = commands.add_parser(
        "truths",
        help="check that the product finds what was planted in the demo",
        description="Ask the pages' own questions for everything that was planted in the demo market, and "
        "say what was found. Exits with 1 if something was not.",
    )
    _warehouse(one, "a warehouse built from the demo's feeds")
    one.add_argument(
        "--from",
        dest="feeds",
        type=Path,
        metavar="FEEDS",
        help="count in these payer files what waits for a page that does not exist yet",
    )
    one.set_defaults(run=_truths)

    reference = commands.add_parser(
        "reference",
        help="install official reference tables, or list them",
        description="Official tables that the project may not ship are installed by the operator. The next "
        "build uses the version installed last.",
    )
    actions = reference.add_subparsers(dest="action", required=True, metavar="ACTION")
    one = actions.add_parser(
        "add",
        help="check a file and install it",
        description="Check a file (columns, values, duplicates) and install it as a version of a pack.",
    )
    one.add_argument(
        "pack",
        choices=sorted(packs.PACKS),
        metavar="PACK",
        help="; ".join(f"{name}: {title}" for name, title in packs.PACKS.items()),
    )
    one.add_argument("file", type=Path, metavar="FILE", help="the CSV or Parquet file as published")
    _warehouse(one, "the warehouse to install it in")
    one.add_argument(
        "--version", metavar="V", help="what to call this version (default: today and the file's hash)"
    )
    one.set_defaults(run=_reference_add)
    one = actions.add_parser(
        "list", help="list what is installed", description="List the installed packs, newest first."
    )
    _warehouse(one, "the warehouse")
    one.set_defaults(run=_reference_list)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run a command: 0 where it did what it says, 1 where it could not, 130 where it was interrupted."""
    options = parser().parse_args(arguments)
    console = Console(stderr=True)
    try:
        return int(options.run(options, console) or 0)
    except (BuildError, FeedError, publish.PublishError, packs.PackError) as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return 1
    except OSError as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped. Nothing was published; the last good snapshot, if any, still serves.")
        return 130


def _warehouse(one: argparse.ArgumentParser, meaning: str) -> None:
    one.add_argument(
        "--to",
        dest="warehouse",
        type=Path,
        default=Path(os.environ.get("HUDDLEBOARD_WAREHOUSE") or DEFAULT_WAREHOUSE),
        metavar="WAREHOUSE",
        help=f"{meaning} (default: HUDDLEBOARD_WAREHOUSE, else {DEFAULT_WAREHOUSE})",
    )


def _month(text: str) -> datetime.date:
    try:
        return datetime.datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a month; write it as 2026-09") from None


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def _check(options: argparse.Namespace, console: Console) -> None:
    from data import check

    findings = check.check(options.feeds)
    check.report(console, options.feeds, findings)
    if not findings.would_build:
        raise BuildError("Nothing was written.")


def _map(options: argparse.Namespace, console: Console) -> None:
    from data.sources.mapped import propose

    proposal = propose.propose(options.files)
    if options.mapping:
        if options.mapping.exists():
            raise BuildError(
                f"{options.mapping} is already there: move it away, or name another file with --to"
            )
        options.mapping.parent.mkdir(parents=True, exist_ok=True)
        options.mapping.write_text(proposal.yaml, encoding="utf-8")
        console.print(f"Wrote {options.mapping}", highlight=False)
    else:
        sys.stdout.write(proposal.yaml)
    propose.report(console, proposal)


def _build(options: argparse.Namespace, console: Console) -> None:
    if options.check:
        _check(options, console)
        return
    build(
        options.feeds,
        options.warehouse,
        console=console,
        force=options.force,
        through_delivery=options.through_delivery,
        memory_limit=options.memory_limit,
        threads=options.threads,
    )


def _snapshots(options: argparse.Namespace, console: Console) -> None:
    if options.use:
        chosen = publish.use(options.warehouse, options.use)
        console.print(f"{options.warehouse} now serves {chosen.snapshot_id}", highlight=False)
        return
    found = publish.snapshots(options.warehouse)
    if not found:
        console.print(f"{options.warehouse} has no snapshot yet: python -m data build makes one.")
        return
    grid = Grid(title=f"Snapshots in {options.warehouse}", title_justify="left")
    for heading in ("", "Snapshot", "Size", "Feeds", "Incurred through"):
        grid.add_column(heading, no_wrap=True)
    for snapshot in found:
        feeds, incurred = publish.summary_of(snapshot.path)
        size = f"{snapshot.path.stat().st_size / 1e6:,.1f} MB"
        grid.add_row("served" if snapshot.is_current else "", snapshot.snapshot_id, size, feeds, incurred)
    _print_result(grid)


def _demo(options: argparse.Namespace, console: Console) -> None:
    from data.demo import write_demo

    write_demo(options.members, options.seed, options.feeds, console, options.through)


def _truths(options: argparse.Namespace, console: Console) -> int:
    from data import truths

    try:
        outcomes = truths.look(options.warehouse)
    except truths.TruthError as error:
        raise BuildError(str(error)) from error
    grid = Grid(title=f"Planted truths in {options.warehouse}", title_justify="left")
    for heading in ("", "Truth", "Where", "Since", "Asked", "Answer"):
        grid.add_column(heading)
    missing = 0
    for outcome in outcomes:
        truth, status, words = outcome.truth, outcome.status, outcome.words
        if truth.waiting and options.feeds:
            there, value = truths.check_files(truth, options.feeds)
            words += f"; in the files: {value}{'' if there else ', which is not as planted'}"
            status = status if there else truths.NOT_FOUND
        missing += status == truths.NOT_FOUND
        grid.add_row(status, truth.title, truth.where, truth.since, truth.question or truth.waiting, words)
    _print_result(grid)
    waiting = sum(outcome.status == truths.WAITING for outcome in outcomes)
    few = sum(outcome.status == truths.TOO_FEW for outcome in outcomes)
    console.print(
        f"{len(outcomes)} truths: {missing} not found, {few} with too few members to tell, {waiting} waiting "
        "for a page.",
        highlight=False,
    )
    return 1 if missing else 0


def _reference_add(options: argparse.Namespace, console: Console) -> None:
    pack = packs.add(options.pack, options.file, options.warehouse, version=options.version)
    console.print(
        f"Installed {pack.pack} {pack.version}: {pack.rows:,} rows from {options.file}. "
        "The next build uses it.",
        highlight=False,
        soft_wrap=True,
    )


def _reference_list(options: argparse.Namespace, console: Console) -> None:
    found = packs.installed(options.warehouse)
    if not found:
        console.print(
            f"{options.warehouse} has no reference pack: python -m data reference add installs one."
        )
        return
    grid = Grid(title=f"Reference packs in {options.warehouse}", title_justify="left")
    for heading in ("", "Pack", "Version", "Rows", "File", "Installed", "sha256"):
        grid.add_column(heading, no_wrap=True)
    used = packs.active(options.warehouse)
    for pack in found:
        grid.add_row(
            "used" if used[pack.pack] == pack else "",
            pack.pack,
            pack.version,
            f"{pack.rows:,}",
            pack.source,
            pack.installed_at[:19],
            pack.sha256[:12],
        )
    _print_result(grid)


def _print_result(grid: Grid) -> None:
    # What was asked for goes to standard output, so that it can be piped; progress goes to standard error.
    out = Console()
    if not out.is_terminal:
        out.width = max(out.width, 140)
    out.print(grid)


if __name__ == "__main__":
    sys.exit(main())

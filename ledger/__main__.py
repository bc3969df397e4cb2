"""`python -m ledger`: bring the ledger up to date, check its chain, read the audit trail."""

from __future__ import annotations

import argparse
import json
import sys

from rich.console import Console
from rich.table import Table

from ledger import audit
from ledger.database import HEAD_REVISION, LedgerError, ledger_url, open_engine
from ledger.database import upgrade as upgrade_tables


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m ledger",
        description="The ledger holds accounts, sessions and the audit trail. HUDDLEBOARD_LEDGER says where.",
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("upgrade", help="create or update the tables (the application does so on first use)")
    verify = commands.add_parser("verify", help="read the whole audit chain and report the first broken link")
    verify.add_argument(
        "--expect",
        metavar="SEQUENCE:HASH",
        help="a link noted earlier and kept elsewhere; shows even a chain that was rebuilt as a whole",
    )
    show = commands.add_parser("show", help="print the last audit events, newest first")
    show.add_argument("--last", type=int, default=20, metavar="N", help="how many (default 20)")
    show.add_argument("--user", metavar="USER_ID", help="only what this user did")
    show.add_argument("--member", metavar="PERSON_ID", help="only events that touched this member")
    show.add_argument("--json", action="store_true", help="one JSON object a line, member ids included")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when all is well, 1 when the chain is broken, 2 when it could not be done."""
    given = parser().parse_args(arguments)
    console = Console()
    try:
        if given.command == "upgrade":
            changed = upgrade_tables(open_engine(ledger_url()))
            console.print(
                f"The ledger is at revision {HEAD_REVISION}"
                + (", brought up to date now." if changed else "; nothing to do."),
                highlight=False,
            )
            return 0
        if given.command == "verify":
            return _verify(given.expect, console)
        return _show(given, console)
    except LedgerError as error:
        print(error, file=sys.stderr)
        return 2


def _verify(expect: str | None, console: Console) -> int:
    noted = None
    if expect is not None:
        sequence, _, noted_hash = expect.partition(":")
        if not sequence.isdigit() or not noted_hash:
            print("--expect takes SEQUENCE:HASH, as `python -m ledger verify` prints it.", file=sys.stderr)
            return 2
        noted = (int(sequence), noted_hash)
    found = audit.verify(expected=noted)
    if found.is_intact:
        console.print(f"Intact: {found.events:,} events.", highlight=False)
        console.print(f"Last link {found.events}:{found.last_hash}", highlight=False, soft_wrap=True)
        return 0
    console.print(f"BROKEN at event {found.broken_at}: {found.fault}.", highlight=False)
    console.print(
        f"The {found.events:,} events before it hold. Keep a copy of the database before anything else.",
        highlight=False,
    )
    return 1


def _show(given: argparse.Namespace, console: Console) -> int:
    events = audit.last_events(given.last, user_id=given.user, member_id=given.member)
    if given.json:
        for event in events:
            print(json.dumps(event, default=str, ensure_ascii=False))
        return 0
    table = Table("#", "When (UTC)", "User", "Action", "Question", "Filters", "Rows", "Members", "Snapshot")
    for event in events:
        table.add_row(
            str(event["sequence"]),
            f"{event['recorded_at']:%Y-%m-%d %H:%M:%S}",
            event["user_id"] or "",
            event["action"],
            event["question"] or "",
            "" if event["filters"] == "{}" else event["filters"],
            "" if event["row_total"] is None else f"{event['row_total']:,}",
            f"{event['member_total']:,}",
            event["snapshot"] or "",
        )
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())

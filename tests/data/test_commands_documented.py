"""docs/commands.md names every command and option of `python -m data`, with the words of its help."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.__main__ import parser

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "commands.md"


def commands(
    top: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command with its parser, as it is typed."""
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, sub in action.choices.items():
                yield from commands(sub, (*words, name))
            return
    yield " ".join(words), top


COMMANDS = dict(commands(parser()))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_is_documented(command):
    heading = f"## `python -m data {command}`"
    sections = DOCUMENT.read_text().split("\n## ")
    section = next((part for part in sections if f"## {part}".startswith(heading)), None)
    assert section is not None, f"docs/commands.md has no section {heading}"
    for action in COMMANDS[command]._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        name = action.option_strings[-1] if action.option_strings else action.metavar
        assert f"`{name}" in section, f"docs/commands.md does not explain {name} of {command}"


def test_the_document_describes_no_command_that_is_gone():
    headings = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("## `python -m data ")]
    described = {line.removeprefix("## `python -m data ").rstrip("`") for line in headings}
    assert described == set(COMMANDS)

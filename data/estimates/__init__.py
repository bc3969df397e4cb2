"""Estimates of a build: what SQL alone cannot say (completion, risk, what changed), made between two models.

A step is one module of this folder. It has

    NAME      what it is called in messages and measurements
    NEEDS     the models it reads; all are built, and have kept their promises, before it runs
    TABLES    {"estimate.<table>": {column: DuckDB type}}: the tables it fills
    PACKAGES  distributions whose version decides the result (optional)
    run(connection, *, published)   reads, computes, and inserts into its TABLES, which exist and are empty

`published` goes before a published table's name: tables of core and mart are in the database of the snapshot
being made (`from {published}mart.spend_lag`); everything else, and views of any layer, are in the work
database, which is the one in use. What `run` raises stops the build and nothing is published: a step that
cannot say something leaves the rows out, or says so in a column.

A model reads a step's table like any other: `from estimate.completion`. `data/transform.py` runs the step
once, before the first model that reads one of its tables; `data/project.py` gives that model the step's NEEDS
as dependencies, so that they come first. A step that no model reads is not run. SQLMesh knows the tables as
external models (`data/models/external_models.yaml`, held against TABLES by a test): a plan of its own reads
what a build has left in schema `estimate` of the work database.

Steps run when a warehouse is built, never when a page is drawn; pages read the marts made from their tables.
What they import from `analytics/` is part of what a snapshot is made from (`code_files`), so a change there
is a reason to build. Heavy packages are imported inside `run`: reading the models must not wait for them.

Adding one: the module; its tables in external_models.yaml; the mart models that read them.
"""

from __future__ import annotations

import ast
import functools
import importlib
from importlib.metadata import version
from pathlib import Path
from typing import Protocol, cast

import duckdb

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent.parent
SCHEMA = "estimate"


class Step(Protocol):
    """What a module of this folder offers."""

    NAME: str
    NEEDS: tuple[str, ...]
    TABLES: dict[str, dict[str, str]]

    def run(self, connection: duckdb.DuckDBPyConnection, *, published: str) -> None: ...


@functools.cache
def steps() -> tuple[Step, ...]:
    """Every step, by name of its module."""
    names = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
    return tuple(cast(Step, importlib.import_module(f"data.estimates.{name}")) for name in names)


def step_of(table: str) -> Step | None:
    """The step that fills `estimate.<table>`, if it is one."""
    return next((step for step in steps() if table in step.TABLES), None)


def needs(tables: tuple[str, ...]) -> set[str]:
    """The models that have to be built before a model that reads `tables`, on account of steps."""
    found = (step_of(table) for table in tables)
    return {name for step in found if step for name in step.NEEDS}


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Every table of every step, empty, in a schema `estimate` made anew in the database in use."""
    connection.execute(f"drop schema if exists {SCHEMA} cascade")
    connection.execute(f"create schema {SCHEMA}")
    for step in steps():
        for table, columns in step.TABLES.items():
            described = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
            connection.execute(f"create table {table} ({described})")


def code_files() -> list[Path]:
    """The modules of `analytics/` that steps import, however deep, in order of their path."""
    found: set[Path] = set()
    waiting = sorted(FOLDER.glob("*.py"))
    while waiting:
        for module in _imported(waiting.pop()):
            path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
            if path.is_file() and path not in found:
                found.add(path)
                waiting.append(path)
    return sorted(found)


def package_versions() -> dict[str, str]:
    """The packages that steps name as deciding their result, with the versions installed."""
    names = {name for step in steps() for name in getattr(step, "PACKAGES", ())}
    return {name: version(name) for name in sorted(names)}


def _imported(path: Path) -> set[str]:
    """Modules of `analytics` that a file imports, anywhere in it."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in modules if name.split(".")[0] == "analytics"}

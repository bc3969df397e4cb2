"""Raw tables in, `core` and `mart` out: runs the models of `data/models` on one DuckDB work file.

The models and their audits are those of the SQLMesh project (`data/project.py`), built under their own names,
so that what is left behind is plain tables and views. Tables of `core` and `mart` are written where they are
published, once, in the order in which they are read. A blocking audit that finds rows stops the run with
`AuditFailed`, and nothing is published. Before the first model that reads an estimate, the step that makes it
runs (`data/estimates`).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from data import estimates
from data.project import LAYERS, PUBLISHED, SEEDS, SNAPSHOT, Audit, Model, Statements, statements
from data.publish import ORDER
from data.sources.files import literal, quote


class TransformFailed(Exception):
    """A model could not be built; the message names the model and what the database said."""


class AuditFailed(TransformFailed):
    """A promise of the warehouse is broken; the message names table, promise and number of rows."""


@dataclass(frozen=True)
class BrokenPromise:
    """One audit that found rows: the table, the audit with its arguments, and how many rows fail."""

    model: str
    audit: str
    arguments: dict[str, str]
    rows: int

    def __str__(self) -> str:
        details = ", ".join(f"{name} {value}" for name, value in self.arguments.items())
        promise = PROMISES.get(self.audit, self.audit.replace("_", " "))
        rows = "1 row fails" if self.rows == 1 else f"{self.rows:,} rows fail"
        return f"{self.model}: {promise}{f' ({details})' if details else ''}: {rows} [audit {self.audit}]"


PROMISES = {
    "key_is_unique": "every row has a key of its own",
    "key_is_not_null": "keys are never empty",
    "enrolled_rows_have_member_month": "every row of an enrolled month has its member-month",
    "spend_ties_to_loaded_lines": "paid equals the paid of the loaded claim lines, to the cent, per feed",
    "lines_tie_to_spend": "claim lines add up to the months of spend, to the cent",
    "group_ties_to_spend": "the sums without members are those of the members, to the cent",
    "causes_sum_to_difference": "what changed since the last snapshot adds up to the difference, to the cent",
    "class_weights_account_for_one": "the four weights and the special class are 0 to 1 and account for 1",
    "exists_in_dimension": "every id exists in its dimension",
    "completion_holds_every_month": "every month of the triangle has its completion, of the enrolled dollars",
    "completion_is_consistent": "an estimate is what its factors make of the dollars to date",
}


def transform(
    work_database: Path,
    snapshot: Path | None = None,
    *,
    on_model: Callable[[str, int, int], None] | None = None,
    memory_limit: str = "4GB",
    threads: int | None = None,
) -> None:
    """Build every model of `data/models` in the work database, whose schema `raw` holds the loaded feeds.

    Leaves schemas `reference` (the seeds), `staging` and `estimate` there; earlier ones are replaced. The
    tables of `core` and `mart` go to `snapshot`, a file that does not exist yet, or to the work database too
    where none is given: only then is the work database left in a state to be read again. `on_model(name,
    done, total)` is called after each model. `memory_limit` and `threads` are DuckDB's. Raises `AuditFailed`
    when a promise of the warehouse is broken, `TransformFailed` when a model fails, and DuckDB's own error
    when memory, or the disk, gives out.
    """
    found = statements()
    broken: list[BrokenPromise] = []
    held_back: set[str] = set()
    with _opened(work_database, snapshot, memory_limit, threads) as connection:
        for layer in LAYERS:
            connection.execute(f"drop schema if exists {layer} cascade")
            connection.execute(f"create schema {layer}")
        if snapshot:
            for schema in PUBLISHED:
                connection.execute(f"create schema {SNAPSHOT}.{schema}")
        _load_reference(connection, found)
        estimates.create_tables(connection)
        estimated: set[str] = set()
        for done, model in enumerate(found.models, start=1):
            # What rests on a table that breaks its promise is not built; the rest is, to tell it all at once.
            if held_back.intersection(model.depends_on):
                held_back.add(model.name)
                continue
            _estimate(connection, model, estimated, snapshot is not None)
            failing = _build(connection, model, snapshot is not None)
            if failing:
                broken += failing
                held_back.add(model.name)
            if on_model:
                on_model(model.name, done, len(found.models))
        if not broken:
            connection.execute(f"checkpoint {SNAPSHOT if snapshot else quote(work_database.stem)}")
    if broken:
        lines = dict.fromkeys(f"  {promise}" for promise in broken)
        raise AuditFailed("The warehouse does not keep its promises:\n" + "\n".join(lines))


def broken_promises(work_database: Path, models: set[str] | None = None) -> list[BrokenPromise]:
    """Run the audits again on tables already built (all, or those of `models`), and list what fails."""
    with _opened(work_database, None, "4GB", None) as connection:
        return [
            promise
            for model in statements().models
            if models is None or model.name in models
            for promise in _failing(connection, model, apart=False)
        ]


@contextmanager
def _opened(
    work_database: Path, snapshot: Path | None, memory_limit: str, threads: int | None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The work database as the one in use, and `snapshot`, with bounds; it spills beside itself."""
    scratch = Path(tempfile.mkdtemp(prefix="transform-", dir=work_database.parent))
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "preserve_insertion_order": False,
        "temp_directory": str(scratch),
        "autoinstall_known_extensions": False,
    }
    if threads:
        config["threads"] = threads
    try:
        with duckdb.connect(":memory:", config=config) as connection:
            connection.execute("set enable_progress_bar = false")
            # A work file is thrown away if the build stops: it is not logged ahead of being written.
            connection.execute("set checkpoint_threshold = '1TB'")
            # Views carry the name of the database they were made in; publishing attaches it by the same.
            name = quote(work_database.stem)
            connection.execute(
                f"attach {literal(str(work_database))} as {name} (recovery_mode no_wal_writes)"
            )
            connection.execute(f"use {name}")
            if snapshot:
                connection.execute(
                    f"attach {literal(str(snapshot))} as {SNAPSHOT} (recovery_mode no_wal_writes)"
                )
            yield connection
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _estimate(connection: duckdb.DuckDBPyConnection, model: Model, estimated: set[str], apart: bool) -> None:
    """Run the steps whose tables a model reads; `estimated` names those that have run, and is added to."""
    for table in model.depends_on:
        step = estimates.step_of(table)
        if step is None or step.NAME in estimated:
            continue
        estimated.add(step.NAME)
        try:
            step.run(connection, published=f"{SNAPSHOT}." if apart else "")
        except (duckdb.OutOfMemoryException, duckdb.IOException, MemoryError, OSError):
            raise
        except Exception as error:
            raise TransformFailed(f"estimate of {step.NAME}: {error}") from error


def _build(connection: duckdb.DuckDBPyConnection, model: Model, apart: bool) -> list[BrokenPromise]:
    """Make a model's table or view; the promises it breaks. `apart`: published tables have their own file."""
    order = ORDER.get(model.name)
    query = f"from ({model.query}) order by {', '.join(order)}" if order else model.query
    place = f"{SNAPSHOT}.{model.name}" if model.is_published and apart else model.name
    try:
        connection.execute(
            f"create {'view' if model.is_view else 'table'} {place} as {_placed(query, apart)}"
        )
        return _failing(connection, model, apart)
    except (duckdb.OutOfMemoryException, duckdb.IOException):
        raise
    except duckdb.Error as error:
        raise TransformFailed(f"{model.name}: {error}") from error


def _placed(query: str, apart: bool) -> str:
    """A model's query with its published tables looked for in the work database, unless they are apart."""
    if not apart:
        for schema in PUBLISHED:
            query = query.replace(f'{SNAPSHOT}."{schema}".', f'"{schema}".')
    return query


def _failing(connection: duckdb.DuckDBPyConnection, model: Model, apart: bool) -> list[BrokenPromise]:
    counted = ((audit, _rows(connection, audit, apart)) for audit in model.audits)
    return [BrokenPromise(model.name, audit.name, audit.arguments, rows) for audit, rows in counted if rows]


def _rows(connection: duckdb.DuckDBPyConnection, audit: Audit, apart: bool) -> int:
    found = connection.execute(f"select count(*) from ({_placed(audit.query, apart)}) as failing").fetchone()
    return int(found[0]) if found else 0


def _load_reference(connection: duckdb.DuckDBPyConnection, found: Statements) -> None:
    """Each file of `data/reference/seeds` as a table of schema `reference`, typed as declared."""
    connection.execute("create schema if not exists reference")
    for name, kinds in found.seeds.items():
        columns = ", ".join(
            f"cast(nullif({column}, '') as {kind}) as {column}" for column, kind in kinds.items()
        )
        file = literal(str(SEEDS / f"{name.split('.')[1]}.csv"))
        connection.execute(
            f"create or replace table {name} as "
            f"select {columns} from read_csv({file}, all_varchar = true, header = true)"
        )

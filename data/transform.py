"""Raw tables in, `core` and `mart` out: runs the SQLMesh project in `data/models` on one DuckDB work file.

SQLMesh keeps its state in memory and its cache in a temporary folder beside the work file, is told to send
nothing anywhere, and materialises the models under their own names, so that what it leaves behind is plain
tables and views. A blocking audit that finds rows stops the run with `AuditFailed`, and nothing is published.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("SQLMESH__DISABLE_ANONYMIZED_ANALYTICS", "true")

from sqlmesh import Context  # noqa: E402
from sqlmesh.core import constants  # noqa: E402
from sqlmesh.core.config import (  # noqa: E402
    Config,
    DuckDBConnectionConfig,
    GatewayConfig,
    ModelDefaultsConfig,
)
from sqlmesh.core.config.common import VirtualEnvironmentMode  # noqa: E402
from sqlmesh.core.config.connection import BaseDuckDBConnectionConfig  # noqa: E402
from sqlmesh.core.console import NoopConsole, get_console, set_console  # noqa: E402
from sqlmesh.core.loader import SqlMeshLoader  # noqa: E402
from sqlmesh.utils.errors import AuditError, NodeAuditsErrors, SQLMeshError  # noqa: E402

MODELS = Path(__file__).parent / "models"
SEEDS = Path(__file__).parent / "reference" / "seeds"
LAYERS = ("staging", "core", "mart")


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
    "class_weights_account_for_one": "the four weights and the special class are 0 to 1 and account for 1",
    "exists_in_dimension": "every id exists in its dimension",
}


class _FoldersByLayer(SqlMeshLoader):
    """SQLMesh looks for models in `<project>/models`; ours are in the layers' folders of the project."""

    def _glob_paths(
        self, path: Path, ignore_patterns: list[str] | None = None, extension: str | None = None
    ) -> Generator[Path, None, None]:
        if path == self.config_path / constants.MODELS:
            for layer in LAYERS:
                yield from super()._glob_paths(self.config_path / layer, ignore_patterns, extension)
        else:
            yield from super()._glob_paths(path, ignore_patterns, extension)


class _Progress(NoopConsole):
    """Passes each finished model to a callback; keeps the errors that SQLMesh only logs."""

    def __init__(self, on_model: Callable[[str, int, int], None] | None = None) -> None:
        self.on_model = on_model
        self.total = 0
        self.done = 0
        self.errors: list[BaseException] = []

    def start_evaluation_progress(self, batched_intervals: Any, *args: Any, **kwargs: Any) -> None:
        self.total = sum(len(intervals) for intervals in batched_intervals.values())

    def update_snapshot_evaluation_progress(self, snapshot: Any, *args: Any, **kwargs: Any) -> None:
        self.done += 1
        if self.on_model:
            self.on_model(_plain_name(snapshot.name), self.done, self.total)

    def log_failed_models(self, errors: list[Any]) -> None:
        self.errors.extend(errors)


def transform(
    work_database: Path,
    *,
    on_model: Callable[[str, int, int], None] | None = None,
    memory_limit: str = "4GB",
    threads: int | None = None,
) -> None:
    """Build every model of `data/models` in the work database, whose schema `raw` holds the loaded feeds.

    `on_model(name, done, total)` is called after each model. `memory_limit` and `threads` are DuckDB's.
    Leaves schemas `reference` (the seeds), `staging`, `core` and `mart`; earlier ones are replaced.
    Raises `AuditFailed` when a promise of the warehouse is broken, `TransformFailed` when a model fails.
    """
    progress = _Progress(on_model)
    with project(work_database, memory_limit=memory_limit, threads=threads, console=progress) as context:
        for layer in LAYERS:
            context.engine_adapter.execute(f"drop schema if exists {layer} cascade")
        _load_reference(context)
        try:
            context.plan("prod", no_prompts=True, auto_apply=True, skip_tests=True, skip_linter=True)
        except (SQLMeshError, Exception) as error:  # a plan wraps what its models raised in its own errors
            raise _explained(error, progress.errors) from error


def broken_promises(work_database: Path, models: set[str] | None = None) -> list[BrokenPromise]:
    """Run the audits again on tables already built (all, or those of `models`), and list what fails."""
    broken = []
    with project(work_database, console=_Progress()) as context:
        for model in context.models.values():
            name = _plain_name(model.fqn)
            if models is not None and name not in models:
                continue
            for audit, arguments in model.audits_with_args:
                given: dict[str, Any] = dict(arguments)
                query = model.render_audit_query(audit, execution_time=dt.datetime.now(dt.UTC), **given)
                count = context.engine_adapter.fetchone(f"select count(*) from ({query.sql('duckdb')}) as t")
                if count and count[0]:
                    broken.append(BrokenPromise(name, audit.name, _words(arguments), int(count[0])))
    return broken


@contextmanager
def project(
    work_database: Path | None,
    *,
    memory_limit: str = "4GB",
    threads: int | None = None,
    console: NoopConsole | None = None,
) -> Iterator[Context]:
    """The SQLMesh context on a work database (None: in memory, for unit tests), closed and swept up after."""
    # Forking a process that runs DuckDB threads can deadlock, and sixty small files load quickly without.
    constants.MAX_FORK_WORKERS = 1
    parent = work_database.parent if work_database else None
    scratch = Path(tempfile.mkdtemp(prefix="transform-", dir=parent))
    database = str(work_database) if work_database else None
    settings: dict[str, Any] = {"memory_limit": memory_limit, "preserve_insertion_order": False}
    settings["temp_directory"] = str(scratch / "spill")
    if threads:
        settings["threads"] = threads
    config = Config(
        gateways={
            "work": GatewayConfig(
                connection=DuckDBConnectionConfig(
                    database=database, connector_config=settings, concurrent_tasks=1, register_comments=False
                ),
                state_connection=DuckDBConnectionConfig(),
                test_connection=DuckDBConnectionConfig(),
            )
        },
        default_gateway="work",
        model_defaults=ModelDefaultsConfig(
            dialect="duckdb", start="2020-01-01", cron="@daily", optimize_query=False
        ),
        virtual_environment_mode=VirtualEnvironmentMode.DEV_ONLY,
        disable_anonymized_analytics=True,
        cache_dir=str(scratch / "cache"),
        log_limit=1,
    )
    previous = get_console()
    set_console(console or NoopConsole())
    logging.getLogger("sqlmesh").setLevel(logging.CRITICAL)
    context = None
    try:
        context = Context(paths=[str(MODELS)], config=config, loader=_FoldersByLayer)
        yield context
    finally:
        if context is not None:
            context.close()
        adapters = BaseDuckDBConnectionConfig._data_file_to_adapter
        adapter = adapters.pop(database, None) if database else None
        if adapter is not None:
            adapter.close()
        set_console(previous)
        shutil.rmtree(scratch, ignore_errors=True)


def _load_reference(context: Context) -> None:
    """Each file of `data/reference/seeds` as a table of schema `reference`, typed as declared."""
    execute = context.engine_adapter.execute
    execute("create schema if not exists reference")
    for model in context.models.values():
        schema, table = _plain_name(model.fqn).split(".")
        if schema == "reference":
            columns = ", ".join(
                f"cast(nullif({column}, '') as {kind.sql('duckdb')}) as {column}"
                for column, kind in (model.columns_to_types or {}).items()
            )
            file = str(SEEDS / f"{table}.csv").replace("'", "''")
            execute(
                f"create or replace table reference.{table} as "
                f"select {columns} from read_csv('{file}', all_varchar = true, header = true)"
            )


def _plain_name(fqn: str) -> str:
    """`"work"."mart"."member"` as mart.member."""
    return ".".join(part.strip('"') for part in fqn.split(".")[-2:])


def _words(arguments: dict[str, Any]) -> dict[str, str]:
    """Audit arguments (syntax trees) as text without quotes."""
    return {
        name: (value.sql(dialect="duckdb") if hasattr(value, "sql") else str(value))
        .strip("'")
        .replace('"', "")
        for name, value in arguments.items()
    }


def _explained(error: BaseException, logged: list[Any]) -> TransformFailed:
    """What went wrong in words a data steward can use: broken promises, else model and reason."""
    broken: list[BrokenPromise] = []
    reasons: list[str] = []
    for item in [*logged, error]:
        for cause in _causes(item):
            if isinstance(cause, NodeAuditsErrors):
                broken.extend(_promise(each) for each in cause.errors)
            elif isinstance(cause, AuditError):
                broken.append(_promise(cause))
        node = getattr(item, "node", None)
        if node is not None:
            name = node[0] if isinstance(node, tuple) else getattr(node, "snapshot_name", str(node))
            reasons.append(f"{_plain_name(str(name))}: {item.__cause__ or item}")
    if broken:
        lines = dict.fromkeys(f"  {promise}" for promise in broken)
        return AuditFailed("The warehouse does not keep its promises:\n" + "\n".join(lines))
    return TransformFailed("\n".join(dict.fromkeys(reasons)) or str(error))


def _promise(error: AuditError) -> BrokenPromise:
    return BrokenPromise(
        _plain_name(error.model_name or "?"), error.audit_name, _words(dict(error.audit_args)), error.count
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__

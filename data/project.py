"""The SQLMesh project of `data/models`: its models and audits as plain statements, in the order they are run.

SQLMesh reads the models, resolves what depends on what and renders every query and audit. What comes of that
depends only on the program, not on the data, so it is kept in a folder (`HUDDLEBOARD_CACHE`) under a hash of
everything it was made from: a build then starts without SQLMesh, whose reading takes longer than a small
build. Where nothing can be kept, every build reads the models again. SQLMesh is told to send nothing
anywhere.

Raw, staging, reference and estimate tables, and views, are in the work database. Tables of core and mart are
in the database called `snapshot`, which is the file that is published; or in the work database, if that is
all there is.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data import estimates

if TYPE_CHECKING:
    from sqlmesh import Context

MODELS = Path(__file__).parent / "models"
SEEDS = Path(__file__).parent / "reference" / "seeds"
LAYERS = ("staging", "core", "mart")
PUBLISHED = ("core", "mart")
SNAPSHOT = "snapshot"
KEPT = 8


@dataclass(frozen=True)
class Audit:
    """One promise of a table: the audit's name, its arguments in words, and the query whose rows break it."""

    name: str
    arguments: dict[str, str]
    query: str


@dataclass(frozen=True)
class Model:
    """A model ready to run: `schema.table`, if it is a view, what it is made from, its query and audits."""

    name: str
    is_view: bool
    depends_on: tuple[str, ...]
    query: str
    audits: tuple[Audit, ...]

    @property
    def is_published(self) -> bool:
        """Whether the table is made where it is published, not in the work database."""
        return not self.is_view and self.name.split(".")[0] in PUBLISHED


@dataclass(frozen=True)
class Statements:
    """The project as statements: models in the order they are built, and each seed's columns with types."""

    models: tuple[Model, ...]
    seeds: dict[str, dict[str, str]]


def statements() -> Statements:
    """The models and seeds of this version of the program; kept ones, where they have been read before."""
    path = _cache_folder() / f"models-{_fingerprint()}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return _from_json(json.loads(path.read_text()))
    found = _read_project()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(asdict(found)))
        os.replace(fresh, path)
        kept = sorted(path.parent.glob("models-*.json"), key=lambda file: file.stat().st_mtime)
        for old in kept[:-KEPT]:
            old.unlink(missing_ok=True)
    return found


@contextmanager
def project(database: Path | None = None) -> Iterator[Context]:
    """The SQLMesh context on a database (by default in memory: enough for unit tests); swept up after."""
    os.environ.setdefault("SQLMESH__DISABLE_ANONYMIZED_ANALYTICS", "true")
    from sqlmesh import Context
    from sqlmesh.core import constants
    from sqlmesh.core.config import (
        Config,
        DuckDBConnectionConfig,
        GatewayConfig,
        ModelDefaultsConfig,
    )
    from sqlmesh.core.config.common import VirtualEnvironmentMode
    from sqlmesh.core.config.connection import BaseDuckDBConnectionConfig
    from sqlmesh.core.console import NoopConsole, get_console, set_console
    from sqlmesh.core.loader import SqlMeshLoader

    class FoldersByLayer(SqlMeshLoader):
        """SQLMesh looks for models in `<project>/models`; ours are in the layers' folders of the project."""

        def _glob_paths(
            self, path: Path, ignore_patterns: list[str] | None = None, extension: str | None = None
        ) -> Generator[Path, None, None]:
            if path == self.config_path / constants.MODELS:
                for layer in LAYERS:
                    yield from super()._glob_paths(self.config_path / layer, ignore_patterns, extension)
            else:
                yield from super()._glob_paths(path, ignore_patterns, extension)

    # Forking a process that runs DuckDB threads can deadlock, and sixty small files load quickly without.
    constants.MAX_FORK_WORKERS = 1
    scratch = Path(tempfile.mkdtemp(prefix="huddleboard-models-"))
    config = Config(
        gateways={
            "work": GatewayConfig(
                connection=DuckDBConnectionConfig(
                    database=str(database) if database else None, concurrent_tasks=1, register_comments=False
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
    set_console(NoopConsole())
    logging.getLogger("sqlmesh").setLevel(logging.CRITICAL)
    context = None
    try:
        context = Context(paths=[str(MODELS)], config=config, loader=FoldersByLayer)
        yield context
    finally:
        if context is not None:
            context.close()
        adapter = BaseDuckDBConnectionConfig._data_file_to_adapter.pop(str(database), None)
        if adapter is not None:
            adapter.close()
        set_console(previous)
        shutil.rmtree(scratch, ignore_errors=True)


def _read_project() -> Statements:
    """Every model and audit rendered by SQLMesh, each after what it depends on."""
    models: list[Model] = []
    seeds: dict[str, dict[str, str]] = {}
    with project() as context:
        published = {
            _plain_name(fqn)
            for fqn, model in context.models.items()
            if _plain_name(fqn).split(".")[0] in PUBLISHED and not model.kind.is_view
        }
        for fqn in context.dag.sorted:
            model = context.models.get(fqn)
            if model is None:
                continue
            name = _plain_name(fqn)
            if model.kind.is_external:
                if name.startswith("reference."):
                    kinds = model.columns_to_types or {}
                    seeds[name] = {column: kind.sql("duckdb") for column, kind in kinds.items()}
                continue
            audits = [
                Audit(
                    audit.name,
                    _words(arguments),
                    _sql(model.render_audit_query(audit, **dict(arguments)), published),
                )
                for audit, arguments in model.audits_with_args
            ]
            read = tuple(sorted(_plain_name(other) for other in model.depends_on))
            models.append(
                Model(
                    name,
                    model.kind.is_view,
                    tuple(sorted({*read, *estimates.needs(read)})),
                    _sql(model.render_query_or_raise(), published),
                    tuple(audits),
                )
            )
    return Statements(_in_order(models), seeds)


def _in_order(models: list[Model]) -> tuple[Model, ...]:
    """The models as SQLMesh sorts them, but each after what the estimates it reads are made from."""
    named = {model.name: model for model in models}
    placed: dict[str, Model] = {}

    def place(model: Model, waiting: tuple[str, ...]) -> None:
        if model.name in waiting:
            raise ValueError(f"models and estimates go in a circle: {' -> '.join((*waiting, model.name))}")
        for name in model.depends_on:
            if name in named and name not in placed:
                place(named[name], (*waiting, model.name))
        placed.setdefault(model.name, model)

    for model in models:
        if model.name not in placed:
            place(model, ())
    return tuple(placed.values())


def _sql(query: Any, published: set[str]) -> str:
    """A rendered query as DuckDB's SQL: tables by schema and name, published ones also by database."""
    from sqlglot import exp

    query = query.copy()
    for table in query.find_all(exp.Table):
        if table.db:
            is_published = f"{table.db}.{table.name}" in published
            table.set("catalog", exp.to_identifier(SNAPSHOT) if is_published else None)
    return str(query.sql(dialect="duckdb"))


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


def _cache_folder() -> Path:
    given = os.environ.get("HUDDLEBOARD_CACHE")
    return Path(given) if given else Path.home() / ".cache" / "huddleboard"


def _fingerprint() -> str:
    """A hash of the models, of the modules that read and run them, and of what renders the SQL."""
    digest = hashlib.sha256()
    for package in ("sqlmesh", "sqlglot", "duckdb"):
        digest.update(f"{package} {version(package)}\n".encode())
    files = [path for path in MODELS.rglob("*") if path.suffix in (".sql", ".yaml")]
    steps = estimates.FOLDER.glob("*.py")
    for path in [Path(__file__), Path(__file__).with_name("transform.py"), *sorted(steps), *sorted(files)]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:24]


def _from_json(found: dict[str, Any]) -> Statements:
    models = tuple(
        Model(
            model["name"],
            model["is_view"],
            tuple(model["depends_on"]),
            model["query"],
            tuple(Audit(**audit) for audit in model["audits"]),
        )
        for model in found["models"]
    )
    return Statements(models, found["seeds"])

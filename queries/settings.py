"""The settings of this room, read once from the environment. Documented in docs/questions.md.

They are read once because DuckDB refuses to open one file twice in a process with different settings.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_WAREHOUSE = ROOT / "var" / "demo" / "warehouse"


@dataclass(frozen=True)
class Settings:
    """Limits for the process: seconds per question, megabytes of cache, DuckDB's memory and threads."""

    query_seconds: float
    cache_bytes: int
    cache_entries: int
    memory_limit: str
    threads: int
    open_snapshots: int

    def duckdb_config(self) -> dict[str, str]:
        """The one configuration with which this process opens snapshots: no files, no network, no changes."""
        return {
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
            "memory_limit": self.memory_limit,
            "threads": str(self.threads),
            # No spill file: member data is not written anywhere but in the snapshot.
            "temp_directory": "",
            "lock_configuration": "true",
        }


def _number(name: str, default: float, least: float) -> float:
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not value >= least:
        raise ValueError(f"{name} must be a number of at least {least:g}, and is {text!r}.")
    return value


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings; raises ValueError naming the variable that is wrong."""
    return Settings(
        query_seconds=_number("HUDDLEBOARD_QUERY_SECONDS", 20, 0.001),
        cache_bytes=int(_number("HUDDLEBOARD_CACHE_MB", 256, 0) * 1_000_000),
        cache_entries=int(_number("HUDDLEBOARD_CACHE_ENTRIES", 2000, 1)),
        memory_limit=os.environ.get("HUDDLEBOARD_DUCKDB_MEMORY", "").strip() or "2GB",
        threads=int(_number("HUDDLEBOARD_DUCKDB_THREADS", min(8, os.cpu_count() or 2), 1)),
        open_snapshots=int(_number("HUDDLEBOARD_OPEN_SNAPSHOTS", 3, 1)),
    )


def warehouse_folder() -> Path:
    """The folder that is served: HUDDLEBOARD_WAREHOUSE, or the demo's."""
    named = os.environ.get("HUDDLEBOARD_WAREHOUSE", "").strip()
    return Path(named).resolve() if named else DEFAULT_WAREHOUSE

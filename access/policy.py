"""The policy: what each role may open, do and see, read from policy.yaml and column_classes.yaml.

Nothing is granted that the file does not grant: a role, page, action or column class it does not name is
denied, and a file that grants something undeclared is refused as a whole.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from access.principal import Principal

HERE = Path(__file__).resolve().parent
POLICY_FILE = HERE / "policy.yaml"
COLUMN_CLASSES_FILE = HERE / "column_classes.yaml"


class PolicyError(Exception):
    """A policy file cannot be used; the message names the file and the entry."""


class Role(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    pages: frozenset[str]
    actions: frozenset[str]
    column_classes: frozenset[str]


class Policy(BaseModel):
    """The whole of policy.yaml: what there is to grant, and which role is granted what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pages: dict[str, str]
    actions: dict[str, str]
    column_classes: dict[str, str]
    roles: dict[str, Role]

    @model_validator(mode="after")
    def _grants_only_what_is_declared(self) -> Policy:
        both = set(self.pages) & set(self.actions)
        if both:
            raise ValueError(f"{', '.join(sorted(both))} is both a page and an action")
        for name, role in self.roles.items():
            for kind in ("pages", "actions", "column_classes"):
                unknown = getattr(role, kind) - set(getattr(self, kind))
                if unknown:
                    raise ValueError(f"role {name}: {kind} does not declare {', '.join(sorted(unknown))}")
        return self


def read_policy(file: Path) -> Policy:
    """The policy in `file`. Raises PolicyError naming the entry that is wrong."""
    try:
        return Policy.model_validate(_read_yaml(file))
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'policy'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise PolicyError(f"{file.name}: {faults}") from error


@cache
def policy() -> Policy:
    """The product's policy, read once."""
    return read_policy(POLICY_FILE)


@cache
def column_classes() -> dict[str, dict[str, str]]:
    """Mart table ('mart.member') → column → class, for columns that are not open. Raises PolicyError."""
    return read_column_classes(COLUMN_CLASSES_FILE, policy())


def read_column_classes(file: Path, against: Policy) -> dict[str, dict[str, str]]:
    """The classes in `file`, each declared by the policy `against`. Raises PolicyError naming the column."""
    tables = _read_yaml(file)
    for table, columns in tables.items():
        if not isinstance(columns, dict):
            raise PolicyError(f"{file.name}: {table} must map columns to classes")
        for column, its_class in columns.items():
            if its_class not in against.column_classes:
                raise PolicyError(f"{file.name}: {table}.{column} has the undeclared class {its_class!r}")
    return tables


def class_of(table: str, column: str) -> str | None:
    """The class of a mart column, or None if it is open. `table` with or without 'mart.'."""
    name = table if table.startswith("mart.") else f"mart.{table}"
    return column_classes().get(name, {}).get(column)


def permits(principal: Principal | None, page_or_action: str) -> bool:
    """May this principal open this page, or do this? False for whatever is not granted, and for nobody."""
    if principal is None:
        return False
    return page_or_action in principal.pages or page_or_action in principal.actions


def principal_for(
    user_id: str,
    name: str,
    role: str,
    *,
    markets: frozenset[str] | None,
    contracts: frozenset[str] | None,
    session_id: str = "",
) -> Principal:
    """The principal the policy makes of a person with this role and scope; an unknown role may do nothing.

    Grants nothing by itself: sessions, benchmarks and tests use it, pages are handed theirs.
    """
    granted = policy().roles.get(role)
    nothing: frozenset[str] = frozenset()
    return Principal(
        user_id=user_id,
        name=name,
        role=role,
        markets=markets,
        contracts=contracts,
        pages=granted.pages if granted else nothing,
        column_classes=granted.column_classes if granted else nothing,
        actions=granted.actions if granted else nothing,
        session_id=session_id,
    )


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        read = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise PolicyError(f"{file} cannot be read: {error}") from error
    if not isinstance(read, dict):
        raise PolicyError(f"{file.name} is empty or not a mapping")
    return read

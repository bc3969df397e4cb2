"""What the operator decides about signing in, from the environment, validated. See docs/settings.md."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta


class SettingsError(Exception):
    """A setting cannot be used; the message names it and says what it takes."""


@dataclass(frozen=True)
class Settings:
    """How long sessions last, how many wrong passwords are too many, and whether this is a demonstration."""

    idle: timedelta
    absolute: timedelta
    is_demo: bool
    attempts_per_username: int
    attempts_per_client: int
    is_https: bool
    trusts_unverified_email: bool


def settings() -> Settings:
    """The settings as they are now. Raises SettingsError naming the variable."""
    return Settings(
        idle=timedelta(minutes=_number("HUDDLEBOARD_IDLE_MINUTES", 30, 1, 24 * 60)),
        absolute=timedelta(hours=_number("HUDDLEBOARD_SESSION_HOURS", 12, 1, 7 * 24)),
        is_demo=_switch("HUDDLEBOARD_DEMO"),
        attempts_per_username=int(_number("HUDDLEBOARD_SIGN_IN_ATTEMPTS", 5, 1, 100)),
        attempts_per_client=int(_number("HUDDLEBOARD_CLIENT_ATTEMPTS", 50, 1, 100_000)),
        is_https=_switch("HUDDLEBOARD_HTTPS"),
        trusts_unverified_email=_switch("HUDDLEBOARD_OIDC_TRUST_EMAIL"),
    )


def _number(name: str, default: float, least: float, most: float) -> float:
    given = os.environ.get(name, "").strip()
    if not given:
        return default
    try:
        number = float(given)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise SettingsError(f"{name} is {given!r}; it takes a number from {least:g} to {most:g}.")
    return number


def _switch(name: str) -> bool:
    given = os.environ.get(name, "").strip().lower()
    if given in ("", "0", "no", "false", "off"):
        return False
    if given in ("1", "yes", "true", "on"):
        return True
    raise SettingsError(f"{name} is {given!r}; it takes 1 or 0.")

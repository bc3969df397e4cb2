"""Passwords: how they are hashed, checked and chosen. The hashes are streamlit-authenticator's (bcrypt)."""

from __future__ import annotations

import importlib.util
import secrets
from functools import cache
from pathlib import Path
from typing import Any

MINIMUM_LENGTH = 12
# bcrypt reads no further; a longer password would be cut short without anyone noticing, so it is refused.
MAXIMUM_BYTES = 72


class WeakPassword(Exception):
    """The password does not meet the policy; the message says how."""


@cache
def _hasher() -> Any:
    """streamlit-authenticator's Hasher, loaded from its own file.

    Importing it through its package would start Streamlit, which this room must do without: the command line
    would take seconds and print warnings meant for a browser session.
    """
    package = importlib.util.find_spec("streamlit_authenticator")
    if package is None or not package.submodule_search_locations:
        raise ImportError("streamlit-authenticator is not installed: run `make setup`")
    file = Path(package.submodule_search_locations[0]) / "utilities" / "hasher.py"
    spec = importlib.util.spec_from_file_location("access._streamlit_authenticator_hasher", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"streamlit-authenticator has no {file}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Hasher


def hash_password(password: str) -> str:
    """The bcrypt hash to store for `password`, salted; twelve rounds."""
    return str(_hasher().hash(password))


def is_password(password: str, password_hash: str) -> bool:
    """True if `password` is the one behind the hash. Takes the same time either way."""
    encoded = password.encode()
    too_long = len(encoded) > MAXIMUM_BYTES
    if too_long:
        password = encoded[:MAXIMUM_BYTES].decode(errors="ignore")
    return bool(_hasher().check_pw(password, password_hash)) and not too_long


@cache
def nobodys_hash() -> str:
    """A hash no password is known for: checked for unknown users, so that they take as long as known ones."""
    return hash_password(secrets.token_urlsafe(32))


def check_strength(password: str, *, username: str = "", name: str = "") -> None:
    """Raise WeakPassword, saying why, if the password may not be used.

    Length is what counts (NIST SP 800-63B): no rules about capitals and digits, but not the person's own name
    and not one character or a short run repeated.
    """
    if len(password) < MINIMUM_LENGTH:
        raise WeakPassword(f"Use at least {MINIMUM_LENGTH} characters; a few words in a row do well.")
    if len(password.encode()) > MAXIMUM_BYTES:
        raise WeakPassword(f"Use at most {MAXIMUM_BYTES} bytes.")
    if len(set(password.lower())) < 5:
        raise WeakPassword("Use at least five different characters.")
    for own in {username, *username.split("."), *name.split()}:
        if len(own) >= 4 and own.lower() in password.lower():
            raise WeakPassword("Leave the person's own name out of the password.")

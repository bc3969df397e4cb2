"""Single sign-on: from what an identity provider says about a person to an account in the ledger.

The provider says who somebody is; the ledger says what they may see. Nobody gets an account by being known to
the provider: an address no active account carries is turned away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from access.sessions import Denied, Session, open_session
from access.settings import settings
from ledger.database import reading
from ledger.tables import UserAccount


def sign_in_with_claims(
    claims: Mapping[str, Any], *, user_agent: str | None = None, now: datetime | None = None
) -> Session | Denied:
    """Open a session for the verified e-mail address in an identity token's claims.

    One token opens one session: after sign-out or idleness the provider is asked again, though Streamlit's
    own identity cookie would go on saying who is there. Denied: 'not_verified', 'no_account' or 'used'.
    """
    email = str(claims.get("email") or "").strip().lower()
    is_verified = claims.get("email_verified")
    # Some providers (Microsoft Entra ID) leave the claim out; the operator may say their addresses are
    # proven.
    if not email or not (is_verified is True or (is_verified is None and settings().trusts_unverified_email)):
        return Denied("not_verified")
    with reading() as session:
        user = session.scalar(select(UserAccount).where(UserAccount.email == email))
    # A demonstration user has no identity to prove, and a password-less way in of its own.
    if user is None or user.is_demo:
        return Denied("no_account")
    return open_session(
        user.username, method="oidc", user_agent=user_agent, identity_proof=proof_of(claims), now=now
    )


def proof_of(claims: Mapping[str, Any]) -> str:
    """What tells one identity token from another: issuer, subject, session and time of issue, hashed."""
    parts = [str(claims.get(name, "")) for name in ("iss", "sub", "sid", "jti", "nonce", "iat")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()

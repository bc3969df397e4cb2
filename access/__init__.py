"""Access: who is asking, and what they may see.

One function answers "may this principal do this?": `permits`. What it goes by, in the order it is decided:

1. `access.sessions`: a secret (the tab's or the cookie's) must stand for a running session of an active
   account. It is looked up in the ledger at every run of the script; nothing is remembered from the run
   before.
2. `access.policy`: the account's role must grant the page or action in policy.yaml. What it does not name is
   denied.
3. The scope granted to the account (markets and contracts) says which rows exist for it, and the role's
   column classes say which columns. Both are enforced by `queries`, where SQL is made, from the principal
   alone.

`access.accounts` and `python -m access` administer accounts; `access.lockout` counts wrong passwords;
`access.identity` is single sign-on. Nothing here knows about Streamlit.
"""

from access.policy import PolicyError, class_of, column_classes, permits, policy
from access.principal import Principal
from access.sessions import Denied, Session, resolve, sign_in, sign_out, still_signed_in

__all__ = [
    "Denied",
    "PolicyError",
    "Principal",
    "Session",
    "class_of",
    "column_classes",
    "permits",
    "policy",
    "resolve",
    "sign_in",
    "sign_out",
    "still_signed_in",
]

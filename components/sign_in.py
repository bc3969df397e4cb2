"""The door: who is asking is established here, at every run of the script, before anything else is drawn.

`require_principal()` gives the signed-in person or draws the sign-in page and stops. It does not remember:
the secret held by this tab, or the cookie the browser sent, is looked up in the ledger each time, so that a
session that was ended elsewhere ends here at the next click.

The address is never touched, so signing in at a deep link lands on it, parameters included.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState
from streamlit_authenticator import Authenticate

from access import accounts, identity, policy, sessions
from access.accounts import Account
from access.demo import DEMO_PASSWORD
from access.principal import Principal
from access.sessions import COOKIE, Denied, Session
from access.settings import settings

# What this tab keeps, on the server's side only: the secret of its session, and what to say at the door.
TOKEN = "huddleboard_token"
MESSAGE = "huddleboard_message"
TICKET_DUE = "huddleboard_ticket_due"
COOKIE_STALE = "huddleboard_cookie_stale"

WATCH_SECONDS = 60
COOKIE_WAIT_SECONDS = 2.0


def require_principal() -> Principal:
    """The signed-in person. Draws the sign-in page and stops the script if there is none.

    May be called more than once in a run, and inside a fragment: there, an ended session reruns the whole
    page.
    """
    principal = _resolved()
    if _inside_fragment():
        if principal is None:
            st.rerun(scope="app")
        return principal
    if principal is None:
        principal = _signed_on_elsewhere()
    if principal is None:
        _door()
        st.stop()
    if st.session_state.pop(TICKET_DUE, False):
        _give_cookie()
    _watch()
    return principal


def sign_out() -> None:
    """End this person's session, everywhere it is held, and forget everything this tab knew."""
    for secret in (st.session_state.get(TOKEN), _cookie()):
        sessions.sign_out(secret)
    _forget("You have signed out.")
    if _signed_on_by_provider():
        # Removes Streamlit's own identity cookie; the page is loaded afresh.
        st.logout()


def sign_out_button() -> None:
    """The button that signs out."""
    st.button(
        "Sign out", icon=":material/logout:", type="tertiary", key="huddleboard_sign_out", on_click=sign_out
    )


def demo_mode() -> bool:
    """True while this is a demonstration (HUDDLEBOARD_DEMO)."""
    return settings().is_demo


def role_words(principal: Principal) -> str:
    """'Market lead, Harbor': the role and the scope in a few words."""
    return _role_and_scope(principal.role, principal.markets, principal.contracts)


def _resolved() -> Principal | None:
    """Who this tab, or else the browser's cookie, stands for now."""
    token = st.session_state.get(TOKEN)
    if token:
        principal = sessions.resolve(token)
        if principal is None and not _inside_fragment():
            _forget(_farewell(sessions.end_reason(token)))
        return principal
    cookie = _cookie()
    principal = sessions.resolve(cookie)
    if principal is not None:
        st.session_state[TOKEN] = cookie
    elif cookie and MESSAGE not in st.session_state and not _inside_fragment():
        st.session_state[MESSAGE] = _farewell(sessions.end_reason(cookie))
        st.session_state[COOKIE_STALE] = True
    return principal


def _cookie() -> str | None:
    return _text(st.context.cookies.get(COOKIE))


def _text(given: Any) -> str | None:
    """What a browser sent, if there is one: a script run by a test has stand-ins there."""
    return given if isinstance(given, str) and given else None


def _inside_fragment() -> bool:
    try:
        return ThreadState.get().fragment_id is not None
    except RuntimeError:
        return False


def _forget(message: str | None) -> None:
    """Drop all this tab knew: whoever signs in next must not inherit a filter, a selection or an answer."""
    st.session_state.clear()
    st.session_state[COOKIE_STALE] = True
    if message:
        st.session_state[MESSAGE] = message


def _farewell(reason: str | None) -> str | None:
    if reason == "idle":
        minutes = settings().idle.total_seconds() / 60
        return f"Your session ended after {minutes:g} minutes without activity."
    if reason == "expired":
        hours = settings().absolute.total_seconds() / 3600
        return f"Your session ended after {hours:g} hours. Please sign in again."
    if reason in ("disabled", "password_changed", "demo_off"):
        return "Your session was ended by an administrator."
    return None


def _enter(answer: Session | Denied) -> bool:
    """Take what signing in answered: keep the secret and draw the page, or say why not."""
    if isinstance(answer, Session):
        st.session_state.clear()
        st.session_state[TOKEN] = answer.token
        st.session_state[TICKET_DUE] = True
        return True
    st.session_state[MESSAGE] = answer
    return False


def _give_cookie() -> None:
    """Let the browser exchange a ticket for its cookie, so that a reload finds the session again.

    Waits a moment for it, because a page's downloads are given only to a browser that has the cookie. A
    browser that never asks (scripts or cookies blocked) is signed in until it is reloaded, and cannot
    export.
    """
    ticket = sessions.issue_ticket(st.session_state[TOKEN])
    if ticket is None:
        return
    _post("/_session", ticket)
    if _user_agent() is None:
        return
    until = time.monotonic() + COOKIE_WAIT_SECONDS
    while time.monotonic() < until and not sessions.is_ticket_used(ticket):
        time.sleep(0.025)


def _post(path: str, body: str = "") -> None:
    """Have the browser send one request to this server. Only our own constants and random secrets go in."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    address = (f"/{base}" if base else "") + path
    script = (
        f"fetch({json.dumps(address)},{{method:'POST',credentials:'same-origin',body:{json.dumps(body)}}})"
    )
    # In Streamlit's container for things that take no room: in the page, the layout would jump at the next
    # run.
    place = getattr(st, "_event", st)
    place.html(f"<script>{script}.catch(()=>{{}})</script><span></span>", unsafe_allow_javascript=True)


@st.fragment(run_every=WATCH_SECONDS)
def _watch() -> None:
    """Take the page off the screen soon after its session ends, though nobody clicks. No activity itself."""
    context = get_script_run_ctx()
    is_own_run = context is not None and bool(context.fragment_ids_this_run)
    token = st.session_state.get(TOKEN)
    if token and is_own_run and sessions.resolve(token, touch=False) is None:
        st.rerun(scope="app")


# ---- single sign-on --------------------------------------------------------------------------------------


def _provider_configured() -> bool:
    """True if secrets.toml has an [auth] section: then `st.login` leads to an identity provider."""
    try:
        return "auth" in st.secrets
    except FileNotFoundError:
        return False


def _signed_on_by_provider() -> bool:
    return _provider_configured() and bool(st.user.get("is_logged_in"))


def _signed_on_elsewhere() -> Principal | None:
    """Who the identity provider has just vouched for; None if nobody, or its word was used already."""
    if not _signed_on_by_provider():
        return None
    answer = identity.sign_in_with_claims(st.user.to_dict(), user_agent=_user_agent())
    if isinstance(answer, Denied) and answer.reason == "used":
        return None
    message = st.session_state.get(MESSAGE)
    if not _enter(answer):
        return None
    if message is None:
        st.session_state.pop(MESSAGE, None)
    return sessions.resolve(st.session_state[TOKEN])


# ---- the page --------------------------------------------------------------------------------------------


def _door() -> None:
    """The sign-in page: one calm card, what went wrong if anything did, and the demonstration's users."""
    if st.session_state.pop(COOKIE_STALE, False):
        _post("/_session/end")
    message = st.session_state.pop(MESSAGE, None)
    st.space("medium")
    with st.container(horizontal=True, horizontal_alignment="center", gap="large"):
        with st.container(width=400):
            st.title("Huddleboard", anchor=False)
            st.markdown(":gray[Operational dashboards for value-based care.]")
            _say(message)
            if _provider_configured():
                st.button(
                    "Continue with single sign-on",
                    type="primary",
                    icon=":material/key:",
                    width="stretch",
                    on_click=st.login,
                )
            _LedgerForm(_try_password).show()
            if not demo_mode() and not accounts.any_accounts():
                st.info(
                    "There are no accounts yet. On the server, run `python -m access add --help`.",
                    icon=":material/person_add:",
                )
            st.caption("For people who were given an account. What you open here is recorded.")
        if demo_mode():
            with st.container(width=440):
                _demo_users()


def _say(message: str | Denied | None) -> None:
    if isinstance(message, str):
        st.info(message, icon=":material/schedule:")
    elif isinstance(message, Denied):
        if message.reason == "locked":
            st.warning(
                f"Too many attempts. Try again {_from_now(message.retry_at)}, or ask an administrator to "
                "reset your password.",
                icon=":material/lock_clock:",
            )
        elif message.reason in ("no_account", "not_verified"):
            st.error(
                "You signed on, but no active Huddleboard account carries your verified e-mail address. "
                "Ask an administrator for one.",
                icon=":material/no_accounts:",
            )
        else:
            st.error(
                "That username and password do not open an account. Check both, or ask an administrator.",
                icon=":material/error:",
            )


def _from_now(moment: datetime | None) -> str:
    if moment is None:
        return "later"
    minutes = max(1, -int(-(moment - datetime.now(UTC)).total_seconds() // 60))
    if minutes < 90:
        return f"in {minutes} minute{'' if minutes == 1 else 's'}"
    return f"in {round(minutes / 60)} hours"


def _try_password(username: str, password: str) -> None:
    _enter(sessions.sign_in(username, password, client=_client(), user_agent=_user_agent()))
    st.rerun()


def _demo_users() -> None:
    """The demonstration's users, each with a way in that needs no password. Never drawn outside demo mode."""
    users = accounts.demo_accounts()
    with st.container(border=True):
        st.subheader("Demo users", anchor=False)
        if not users:
            st.markdown("There are none yet. Run `python -m access demo`.")
            return
        st.markdown(
            f":gray[Synthetic people, synthetic data. Or use the form, with the password] `{DEMO_PASSWORD}`"
        )
        for user in users:
            _demo_user(user)


def _demo_user(user: Account) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(
            f"**{user.name}**  \n:gray[{_role_and_scope(user.role, user.markets, user.contracts)}]",
            width="content",
        )
        st.button(
            f"Use {user.name.split()[0]}",
            key=f"demo_{user.username}",
            on_click=_try_demo,
            args=(user.username,),
            help=f"Sign in as {user.name} ({user.username})",
        )


def _try_demo(username: str) -> None:
    _enter(sessions.sign_in_demo(username, user_agent=_user_agent()))


def _role_and_scope(role: str, markets: frozenset[str] | None, contracts: frozenset[str] | None) -> str:
    known = policy().roles.get(role)
    title = known.title if known else role
    if contracts is not None and len(contracts) > 0:
        names = sorted({contract.rsplit("-", 1)[0] for contract in contracts})
        return f"{title}, {' and '.join(names)}"
    if markets is None:
        return f"{title}, all markets"
    names = sorted(market.replace("_", " ").title() for market in markets)
    return f"{title}, {', '.join(names) or 'no market yet'}"


def _client() -> str | None:
    """The address this browser comes from, if it is known. Behind a proxy: the proxy's (docs/access.md)."""
    return _text(st.context.ip_address)


def _user_agent() -> str | None:
    return _text(st.context.headers.get("User-Agent"))


class _LedgerForm(Authenticate):
    """streamlit-authenticator's login form, with the ledger behind it.

    Of the library we take the form it draws and nothing else. Its constructor is not called: that would set
    up its own cookie, which scripts can read and nobody can revoke, and a list of all users and hashes in
    memory. In their places stand a controller that hands what was typed to the ledger, and a cookie that is
    never there.
    """

    def __init__(self, on_submit: Callable[[str, str], None]) -> None:
        self.attrs: dict[str, Any] = {"login_sleep_time": 0}
        self.path = None
        self.cookie_controller = _NoCookie()
        self.authentication_controller = _Handover(on_submit)

    def show(self) -> None:
        labels = {"Form name": "Sign in", "Username": "Username", "Password": "Password", "Login": "Sign in"}
        self.login(location="main", fields=labels, key="huddleboard_sign_in")


class _NoCookie:
    """The library's cookie, which there is none of."""

    def get_cookie(self) -> None:
        return None

    def set_cookie(self) -> None:
        return None


class _Handover:
    """The library's controller: gives what was typed to the ledger, and never says anyone is signed in."""

    def __init__(self, on_submit: Callable[[str, str], None]) -> None:
        self.on_submit = on_submit

    def login(self, username: str, password: str, *_limits: Any, **_options: Any) -> bool:
        self.on_submit(username, password)
        return False

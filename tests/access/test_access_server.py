"""The cookie is given for a ticket alone, scripts cannot read it, and it is worthless after sign-out."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import server
from access import accounts, sessions
from access.accounts import Account
from access.sessions import COOKIE


def _file(_request: Request) -> Response:
    return Response(b"person_id\n1\n", media_type="text/csv")


def _strip(_request: Request) -> Response:
    return Response(b"<svg/>", media_type="image/svg+xml")


def _attached(_request: Request) -> Response:
    return Response(b"<svg/>", 200, {"content-disposition": "attachment"}, "image/svg+xml")


APP = Starlette(
    routes=[
        *server.ROUTES,
        Route("/media/export.csv", _file),
        Route("/media/export.svg", _file),
        Route("/media/strip.svg", _strip),
        Route("/media/attached.svg", _attached),
        Route("/members", _strip),
    ],
    middleware=[Middleware(server.Guard)],
)


class Answer:
    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.status = messages[0]["status"]
        pairs = [(name.decode(), value.decode()) for name, value in messages[0]["headers"]]
        self.headers = dict(pairs)
        self.cookie = SimpleCookie(next((value for name, value in pairs if name == "set-cookie"), ""))
        self.body = b"".join(message.get("body", b"") for message in messages[1:])


def ask(
    path: str,
    body: str | None = None,
    cookie: str | None = None,
    scheme: str = "http",
    **headers: str,
) -> Answer:
    """One request to the server's own routes; a body makes it a POST from one of our pages."""
    given = {"host": "hb.example.org", **headers}
    if body is not None and "site" not in headers and "origin" not in headers:
        given["sec-fetch-site"] = "same-origin"
    if "site" in given:
        given["sec-fetch-site"] = given.pop("site")
    if cookie:
        given["cookie"] = f"{COOKIE}={cookie}"
    scope = {
        "type": "http", "method": "GET" if body is None else "POST", "path": path, "raw_path": path.encode(),
        "query_string": b"", "scheme": scheme, "server": ("hb.example.org", 80), "client": ("192.0.2.1", 1),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()], "http_version": "1.1",
    }  # fmt: skip
    sent: list[dict[str, Any]] = []

    async def run() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": (body or "").encode(), "more_body": False}

        async def send(message: Any) -> None:
            sent.append(dict(message))

        await APP(scope, receive, send)

    # A thread of its own: the test process may have a browser, whose event loop runs in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run()).result()
    return Answer(sent)


@pytest.fixture
def token(priya: Account) -> str:
    opened = sessions.open_session(priya.username)
    assert isinstance(opened, sessions.Session)
    return opened.token


def given_cookie(token: str) -> str:
    return ask("/_session", sessions.issue_ticket(token) or "").cookie[COOKIE].value


def test_a_ticket_gives_a_cookie_that_scripts_cannot_read(token: str) -> None:
    answer = ask("/_session", sessions.issue_ticket(token) or "")
    assert answer.status == 204
    morsel = answer.cookie[COOKIE]
    assert morsel["httponly"]
    assert morsel["samesite"] == "lax"
    assert morsel["path"] == "/"
    assert not morsel["secure"]
    assert answer.headers["cache-control"] == "no-store"
    principal = sessions.resolve(morsel.value)
    assert principal is not None
    assert principal.name == "Priya Natarajan"


@pytest.mark.parametrize("how", [{"scheme": "https"}, {"x-forwarded-proto": "https"}])
def test_over_https_the_cookie_travels_over_https_only(token: str, how: dict[str, str]) -> None:
    answer = ask("/_session", sessions.issue_ticket(token) or "", **how)
    assert answer.cookie[COOKIE]["secure"]
    assert "strict-transport-security" in answer.headers


def test_the_operator_can_insist_on_https(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUDDLEBOARD_HTTPS", "1")
    assert ask("/_session", sessions.issue_ticket(token) or "").cookie[COOKIE]["secure"]


@pytest.mark.parametrize(
    "foreign",
    [
        {"site": "cross-site"},
        {"site": "same-site"},
        {"site": "none"},
        {"origin": "https://evil.example.com"},
        {"origin": "null"},
    ],
)
@pytest.mark.parametrize("path", ["/_session", "/_session/end"])
def test_other_sites_can_neither_give_nor_take_a_cookie(
    token: str, path: str, foreign: dict[str, str]
) -> None:
    ticket = sessions.issue_ticket(token) or ""
    answer = ask(path, ticket, **foreign)
    assert answer.status == 403
    assert not answer.cookie
    assert not sessions.is_ticket_used(ticket)


def test_a_browser_without_fetch_metadata_is_told_by_its_origin(token: str) -> None:
    answer = ask("/_session", sessions.issue_ticket(token) or "", origin="http://hb.example.org")
    assert answer.status == 204


@pytest.mark.parametrize("ticket", ["", "x", "\x00", "x" * 5000])
def test_an_invented_ticket_gives_nothing(ticket: str) -> None:
    answer = ask("/_session", ticket)
    assert answer.status in (403, 413)
    assert not answer.cookie


def test_a_used_ticket_gives_nothing(token: str) -> None:
    ticket = sessions.issue_ticket(token) or ""
    ask("/_session", ticket)
    assert ask("/_session", ticket).status == 403


def test_a_tickets_address_cannot_be_opened_with_get(token: str) -> None:
    assert ask("/_session").status == 405


def test_an_export_is_given_only_to_a_running_session(token: str) -> None:
    cookie = given_cookie(token)
    assert ask("/media/export.csv").status == 403
    assert ask("/media/export.csv", cookie="invented").status == 403
    answer = ask("/media/export.csv", cookie=cookie)
    assert (answer.status, answer.body) == (200, b"person_id\n1\n")
    assert answer.headers["cache-control"] == "no-store"


def test_a_copied_cookie_is_worthless_after_sign_out(token: str) -> None:
    cookie = given_cookie(token)
    assert ask("/media/export.csv", cookie=cookie).status == 200
    sessions.sign_out(token)
    refused = ask("/media/export.csv", cookie=cookie)
    assert refused.status == 403
    assert b"person_id" not in refused.body
    assert sessions.resolve(cookie) is None


def test_a_cookie_is_worthless_once_the_account_is_disabled(token: str) -> None:
    cookie = given_cookie(token)
    accounts.disable("priya.natarajan")
    assert ask("/media/export.csv", cookie=cookie).status == 403


def test_what_a_file_is_called_does_not_open_it() -> None:
    assert ask("/media/export.svg").status == 403
    assert ask("/media/attached.svg").status == 403
    assert ask("/media/strip.svg").status == 200


def test_a_stale_cookie_is_removed_and_a_running_one_left_alone(token: str) -> None:
    cookie = given_cookie(token)
    assert not ask("/_session/end", "", cookie=cookie).cookie
    sessions.sign_out(token)
    removed = ask("/_session/end", "", cookie=cookie)
    assert removed.cookie[COOKIE].value == ""
    assert removed.cookie[COOKIE]["max-age"] == "0"


@pytest.mark.parametrize("path", ["/members", "/media/export.csv", "/_session"])
def test_every_answer_carries_the_security_headers(path: str) -> None:
    headers = ask(path).headers
    for name, value in server.SECURITY_HEADERS.items():
        assert headers[name.lower()] == value
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"

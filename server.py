"""The web server: Streamlit's application with what Streamlit alone cannot do.

- `/_session` exchanges a one-time ticket for the session cookie, which scripts in the page cannot read
  (HttpOnly), and `/_session/end` removes a cookie that stands for nothing any more.
- Files offered for download are given only to a browser with a running session.
- Every answer carries the headers that keep the application out of frames, its addresses out of referrers,
  and member data out of shared caches.
- An error in a page is logged with an incident number; the person sees the number and what to do, no trace.

Run it with `streamlit run server.py`.
"""

from __future__ import annotations

import logging
import secrets
from urllib.parse import urlsplit

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access import sessions
from access.sessions import COOKIE
from access.settings import settings

log = logging.getLogger("huddleboard")

BASE = "/" + str(st.get_option("server.baseUrlPath") or "").strip("/")
PREFIX = BASE.rstrip("/")
TICKET_BYTES = 200

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "frame-ancestors 'none'; object-src 'none'; base-uri 'self'; form-action 'self'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def is_https(connection: HTTPConnection) -> bool:
    """True if the browser speaks https to us, or to the proxy before us."""
    forwarded = connection.headers.get("x-forwarded-proto", "").split(",")[0].strip()
    return connection.url.scheme == "https" or forwarded == "https" or settings().is_https


def is_same_origin(request: Request) -> bool:
    """True if the request comes from a page of this application.

    Browsers say so in Sec-Fetch-Site; older ones send the origin, compared with the host that was asked.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = urlsplit(request.headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc == request.headers.get("host", "")


async def give_cookie(request: Request) -> Response:
    """Exchange the ticket in the body for the session cookie. The ticket is the proof, not a cookie."""
    if not is_same_origin(request):
        return PlainTextResponse("Not from this application.", 403)
    ticket = b""
    async for part in request.stream():
        ticket += part
        if len(ticket) > TICKET_BYTES:
            return PlainTextResponse("Not a ticket.", 413)
    cookie = await run_in_threadpool(sessions.exchange_ticket, ticket.decode("ascii", errors="ignore"))
    if cookie is None:
        return PlainTextResponse("This ticket is used, late or unknown. Sign in again.", 403)
    response = Response(status_code=204)
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=int(settings().absolute.total_seconds()),
        path=BASE,
        httponly=True,
        samesite="lax",
        secure=is_https(request),
    )
    return response


async def drop_cookie(request: Request) -> Response:
    """Remove a cookie whose session has ended. One that another tab has just renewed is left alone."""
    if not is_same_origin(request):
        return PlainTextResponse("Not from this application.", 403)
    response = Response(status_code=204)
    if not await run_in_threadpool(_is_running, request.cookies.get(COOKIE)):
        response.delete_cookie(COOKIE, path=BASE, httponly=True, samesite="lax", secure=is_https(request))
    return response


def _is_running(cookie: str | None) -> bool:
    return sessions.resolve(cookie, touch=False) is not None


class Guard:
    """Adds the security headers to every answer, and withholds downloads from browsers without a session.

    What a file is, is read from the answer: the address proves nothing, since Streamlit finds a file by its
    number whatever ending is asked for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        path: str = scope["path"]
        is_media = path.startswith(f"{PREFIX}/media/")
        is_withheld = False

        async def guarded(message: Message) -> None:
            nonlocal is_withheld
            if is_withheld:
                return
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if is_media and not _is_drawing(headers) and not await _has_session(connection):
                    is_withheld = True
                    refusal = PlainTextResponse("Sign in to Huddleboard, then export again.", 403)
                    await refusal(scope, receive, with_headers)
                    return
            await with_headers(message)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY_HEADERS)
                if is_media or path.startswith(f"{PREFIX}/_session"):
                    headers["Cache-Control"] = "no-store"
                if is_https(connection):
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        await self.app(scope, receive, guarded)


def _is_drawing(headers: MutableHeaders) -> bool:
    """True for strips, icons and fonts: drawn before the cookie has arrived, and without a member in them."""
    kind = headers.get("content-type", "")
    return kind.startswith(("image/", "font/")) and "attachment" not in headers.get("content-disposition", "")


async def _has_session(connection: HTTPConnection) -> bool:
    return await run_in_threadpool(_is_running, connection.cookies.get(COOKIE))


def on_script_error(error: Exception) -> bool:
    """Log what happened under a number; show the number and what to do. True: no trace in the page."""
    incident = secrets.token_hex(4)
    log.error("incident %s", incident, exc_info=error)
    with st.container(border=True):
        st.markdown(":material/error: **This page could not be shown**")
        st.markdown(
            ":gray[Something failed on our side, and nothing was changed. Reload the page; the other pages "
            f"work. If it happens again, give your data steward this number:] `{incident}`"
        )
    return True


ROUTES = [
    Route(f"{PREFIX}/_session", give_cookie, methods=["POST"]),
    Route(f"{PREFIX}/_session/end", drop_cookie, methods=["POST"]),
]

app = st.App("app.py", routes=ROUTES, middleware=[Middleware(Guard)], on_script_error=on_script_error)

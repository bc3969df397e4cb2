"""What a page says when it has no number to show: loading, empty, failed, not permitted, nothing built yet.

Each says what happened, what still works and what to do next. None shows a trace or a count.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

import streamlit as st

from queries import NotPermitted, NoWarehouse, QueryError, QueryTooSlow

P = ParamSpec("P")

log = logging.getLogger(__name__)

HOW_TO_BUILD = """python -m data demo --members 5000 --seed 7 --to var/demo/feeds
python -m data build --from var/demo/feeds --to var/demo/warehouse"""


@contextmanager
def section(what: str, height: int) -> Iterator[None]:
    """Hold a part of the page at its final height while it loads, and keep its failure to itself.

    what: the part as a person would name it ("The monthly trend"). height: pixels of the finished part.
    A failed section leaves the others standing; the reason is logged, and shown only if it was written for
    people.
    """
    with st.skeleton(height=height):
        try:
            yield
        except NoWarehouse:
            raise
        except NotPermitted as refusal:
            _designed(":material/lock:", f"{what} is not open to your role", str(refusal))
        except QueryTooSlow as slow:
            _designed(
                ":material/timer_off:", f"{what} took too long", f"{slow} The rest of the page is complete."
            )
        except QueryError as failure:
            failed(what, str(failure))
        except Exception:
            log.exception("section %r failed", what)
            failed(what, "Something unexpected happened; it has been written to the server's log.")


def part(what: str, height: int) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """A section that reruns alone when something in it is used: Streamlit's fragment, with
    `section` inside it.
    """

    def made(draw: Callable[P, None]) -> Callable[P, None]:
        @wraps(draw)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
            with section(what, height):
                draw(*args, **kwargs)

        @wraps(draw)
        def drawn(*args: P.args, **kwargs: P.kwargs) -> None:
            # Made a fragment when it is drawn: a page's module calls nothing of Streamlit when it is
            # imported.
            st.fragment(guarded)(*args, **kwargs)

        return drawn

    return made


@contextmanager
def whole_page() -> Iterator[None]:
    """The last resort around a page: no warehouse yet, or a failure before its first section."""
    try:
        yield
    except NoWarehouse:
        no_warehouse()
    except NotPermitted as refusal:
        _designed(":material/lock:", "This page is not open to your role", str(refusal))
    except QueryError as failure:
        failed("This page", str(failure))


def failed(what: str, why: str) -> None:
    """An error someone can act on: what failed, what works, whom to tell."""
    _designed(
        ":material/error:",
        f"{what} could not be shown",
        f"{why} The rest of the page works. If it happens again, tell your data steward the time and "
        "the page.",
    )


def empty(what: str, why: str, reset: Callable[[], None] | None = None, key: str = "") -> None:
    """Nothing matched: what was asked, the likely filter, and a way out."""
    _designed(":material/search_off:", what, why)
    if reset is not None:
        st.button("Reset filters", icon=":material/restart_alt:", on_click=reset, key=f"reset_{key or what}")


def no_permission(title: str) -> None:
    """The page exists and this role may not open it. No counts, no hint of what is inside."""
    st.title("You do not have access to this page")
    _designed(
        ":material/lock:",
        f"{title} is not open to your role",
        "An administrator of Huddleboard can grant it. Ask with your name, the page and why you need it.",
    )


def no_warehouse() -> None:
    """Nothing has been built yet: how to build it."""
    st.title("There is no data yet")
    _designed(
        ":material/database_off:",
        "No snapshot has been published",
        "Huddleboard reads a warehouse built from payer files. Build the demo one, or your own, then reload:",
    )
    st.code(HOW_TO_BUILD, language="bash")
    st.caption("The folder served is named by HUDDLEBOARD_WAREHOUSE; without it, the demo's is used.")


def _designed(icon: str, headline: str, text: str) -> None:
    with st.container(border=True):
        st.markdown(f"{icon} **{headline}**")
        st.markdown(f":gray[{text}]")

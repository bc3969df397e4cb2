"""The sign-in page comes before everything, says what it should, and looks the session up at every run."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from access import accounts, sessions
from access.accounts import Account
from components import sign_in

PASSWORD = "correct horse battery"


def _script() -> None:
    import streamlit as st

    from components import sign_in

    principal = sign_in.require_principal()
    st.title(f"Secret page of {principal.name}")
    st.caption(sign_in.role_words(principal))
    sign_in.sign_out_button()


def opened() -> AppTest:
    return AppTest.from_function(_script, default_timeout=30).run()


def typed(app: AppTest, username: str, password: str) -> AppTest:
    next(field for field in app.text_input if field.label == "Username").input(username)
    next(field for field in app.text_input if field.label == "Password").input(password)
    next(button for button in app.button if button.label == "Sign in").click()
    return app.run()


def titles(app: AppTest) -> list[str]:
    assert not app.exception
    return [title.value for title in app.title]


def test_without_a_session_there_is_the_form_and_nothing_else(priya: Account) -> None:
    assert titles(opened()) == ["Huddleboard"]


def test_the_right_password_opens_the_page(priya: Account) -> None:
    app = typed(opened(), "priya.natarajan", PASSWORD)
    assert titles(app) == ["Secret page of Priya Natarajan"]
    assert app.caption[0].value == "Market lead, Harbor"


@pytest.mark.parametrize(
    ("username", "password"), [("priya.natarajan", "wrong"), ("nobody", PASSWORD), ("", "")]
)
def test_a_wrong_password_and_an_unknown_name_are_answered_alike(
    priya: Account, username: str, password: str
) -> None:
    app = typed(opened(), username, password)
    assert titles(app) == ["Huddleboard"]
    assert [error.value for error in app.error] == [
        "That username and password do not open an account. Check both, or ask an administrator."
    ]


def test_a_locked_name_is_told_when_to_come_back(priya: Account) -> None:
    app = opened()
    for _ in range(5):
        app = typed(app, "priya.natarajan", "wrong")
    assert "Try again in 15 minutes" in app.warning[0].value
    assert titles(typed(app, "priya.natarajan", PASSWORD)) == ["Huddleboard"]


def test_a_session_ended_elsewhere_ends_here_at_the_next_click(priya: Account) -> None:
    app = typed(opened(), "priya.natarajan", PASSWORD)
    accounts.disable("priya.natarajan")
    app.run()
    assert titles(app) == ["Huddleboard"]
    assert app.info[0].value == "Your session was ended by an administrator."


def test_an_idle_session_is_named_as_the_reason(priya: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    app = typed(opened(), "priya.natarajan", PASSWORD)
    token = app.session_state[sign_in.TOKEN]
    monkeypatch.setattr(sessions, "_over", lambda *given: "idle")
    app.run()
    assert titles(app) == ["Huddleboard"]
    assert app.info[0].value == "Your session ended after 30 minutes without activity."
    assert sessions.end_reason(token) == "idle"


def test_signing_out_ends_the_session_and_forgets_what_the_tab_knew(priya: Account) -> None:
    app = typed(opened(), "priya.natarajan", PASSWORD)
    token = app.session_state[sign_in.TOKEN]
    app.session_state["chosen_market"] = "harbor"
    app.button(key="huddleboard_sign_out").click().run()
    assert titles(app) == ["Huddleboard"]
    assert app.info[0].value == "You have signed out."
    assert "chosen_market" not in app.session_state
    assert sessions.resolve(token) is None


def test_the_librarys_own_word_that_somebody_is_signed_in_counts_for_nothing(priya: Account) -> None:
    app = AppTest.from_function(_script, default_timeout=30)
    app.session_state["authentication_status"] = True
    app.session_state["username"] = "priya.natarajan"
    assert titles(app.run()) == ["Huddleboard"]


def test_demo_users_are_shown_in_demo_mode_only(priya: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts.add(
        "demo.user", name="Demo User", role="care_team", password=PASSWORD, is_demo=True, markets=["*"]
    )
    assert not [button for button in opened().button if button.label.startswith("Use")]
    monkeypatch.setenv("HUDDLEBOARD_DEMO", "1")
    app = opened()
    app.button(key="demo_demo.user").click().run()
    assert titles(app) == ["Secret page of Demo User"]


def test_an_empty_ledger_says_how_to_add_the_first_account() -> None:
    assert "python -m access add" in opened().info[0].value

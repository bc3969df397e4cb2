"""Nothing is open that the policy does not open, and the policy can be read."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
import yaml

from access import Principal, accounts, class_of, column_classes, permits, policy, sessions
from access.policy import COLUMN_CLASSES_FILE, POLICY_FILE, PolicyError, read_column_classes, read_policy
from ledger.database import writing
from ledger.tables import UserAccount

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["ed_utilization", "cost_pmpm", "members", "data_operations"]
ACTIONS = ["view_members", "export_members", "view_quarantine", "manage_users", "view_audit"]

# Written out by hand, apart from the file: a grant added there must be meant here too.
GRANTED = {
    "market_operations": {
        "ed_utilization",
        "cost_pmpm",
        "members",
        "data_operations",
        "view_members",
        "export_members",
    },
    "medical_director": {
        "ed_utilization",
        "cost_pmpm",
        "members",
        "data_operations",
        "view_members",
        "export_members",
    },
    "account_manager": {"ed_utilization", "cost_pmpm", "members", "view_members", "export_members"},
    "care_team": {"ed_utilization", "cost_pmpm", "members", "view_members", "export_members"},
    "data_steward": {"data_operations", "view_quarantine"},
    "administrator": {"data_operations", "manage_users", "view_audit"},
}
CLASSES = {
    "market_operations": {"key", "identifier", "clinical"},
    "medical_director": {"key", "identifier", "clinical", "sensitive"},
    "account_manager": {"key"},
    "care_team": {"key", "identifier", "clinical", "sensitive"},
    "data_steward": {"key", "sensitive"},
    "administrator": set(),
}


def someone(role: str) -> Principal:
    """A signed-in person of that role, as sessions make them."""
    accounts.add(f"some.{role}", name="Some One", role=role, password="correct horse battery", markets=["*"])
    opened = sessions.open_session(f"some.{role}")
    assert isinstance(opened, sessions.Session)
    principal = sessions.resolve(opened.token)
    assert principal is not None
    return principal


def test_the_policy_names_every_page_action_and_role_there_is() -> None:
    assert list(policy().pages) == PAGES
    assert list(policy().actions) == ACTIONS
    assert set(policy().roles) == set(GRANTED)


@pytest.mark.parametrize("role", GRANTED)
def test_a_role_may_do_exactly_what_it_was_granted(role: str) -> None:
    principal = someone(role)
    may = {thing for thing in [*PAGES, *ACTIONS] if permits(principal, thing)}
    assert may == GRANTED[role]
    assert principal.column_classes == CLASSES[role]


@pytest.mark.parametrize("role", GRANTED)
def test_what_the_policy_does_not_name_is_denied(role: str) -> None:
    principal = someone(role)
    for thing in ("contract_performance", "", "*", "members ", "MEMBERS", "key"):
        assert not permits(principal, thing)


@pytest.mark.parametrize("thing", [*PAGES, *ACTIONS])
def test_nobody_may_do_anything(thing: str) -> None:
    assert not permits(None, thing)


@pytest.mark.parametrize("thing", [*PAGES, *ACTIONS])
def test_a_role_the_policy_does_not_know_may_do_nothing(thing: str) -> None:
    """First it is open to a role that is granted it, then not: an account keeps a role the file lost."""
    granted = next(role for role, things in GRANTED.items() if thing in things)
    principal = someone(granted)
    assert permits(principal, thing)
    with writing() as session:
        session.get_one(UserAccount, principal.user_id).role = "retired_role"
    opened = sessions.open_session(f"some.{granted}")
    assert isinstance(opened, sessions.Session)
    retired = sessions.resolve(opened.token)
    assert retired is not None
    assert not permits(retired, thing)
    assert retired.column_classes == frozenset()


def test_only_the_right_roles_see_names() -> None:
    sees = {name for name, role in policy().roles.items() if "identifier" in role.column_classes}
    assert sees == {"market_operations", "medical_director", "care_team"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"roles": {"lead": {"title": "L", "pages": ["nope"], "actions": [], "column_classes": []}}}, "nope"),
        ({"roles": {"lead": {"title": "L", "pages": []}}}, "roles.lead.actions"),
        ({"rules": {}}, "rules"),
        ({"actions": {"members": "the same name as a page"}}, "both a page and an action"),
    ],
)
def test_a_policy_that_grants_the_undeclared_is_refused_by_name(
    tmp_path: Path, change: dict[str, object], says: str
) -> None:
    changed = {**yaml.safe_load(POLICY_FILE.read_text()), **change}
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump(changed))
    with pytest.raises(PolicyError, match=says):
        read_policy(file)


def test_the_policy_reads_top_to_bottom_with_a_sentence_for_everything() -> None:
    raw = yaml.safe_load(POLICY_FILE.read_text())
    assert list(raw) == ["pages", "actions", "column_classes", "roles"]
    for kind in ("pages", "actions", "column_classes"):
        for name, meaning in raw[kind].items():
            assert len(meaning) > 15, f"{name} does not say what it is"


def test_every_page_address_has_a_place_in_the_policy() -> None:
    for file in (ROOT / "pages").glob("*.py"):
        if file.stem != "__init__":
            # One member's page stands behind the member list's permission.
            assert file.stem in {*policy().pages, "member"}, f"{file.name} is in no policy"


def test_a_column_of_an_undeclared_class_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "column_classes.yaml"
    file.write_text("mart.member: {phone: private}")
    with pytest.raises(PolicyError, match="mart.member.phone"):
        read_column_classes(file, policy())


def test_a_columns_class_is_found_with_or_without_the_schema() -> None:
    assert class_of("member", "phone") == "identifier"
    assert class_of("mart.member", "phone") == "identifier"
    assert class_of("mart.member", "market_id") is None


# What a column of this name is, in whatever table it stands. A mart column so named must have a class.
TELLING_NAMES = {
    "person_id", "member_id", "claim_id", "claim_ids", "visit_id", "stay_id", "event_id", "touch_id",
    "first_name", "last_name", "birth_date", "death_date", "address", "zip_code", "phone", "email",
    "race_ethnicity", "social_needs", "dual_status", "conditions", "risk_score", "row_json",
}  # fmt: skip


def mart_columns() -> dict[str, list[str]]:
    """The columns of each mart model, read from its SQL; empty where a model cannot be read this way."""
    found = {}
    for file in sorted((ROOT / "data" / "models" / "mart").glob("*.sql")):
        selects = [
            statement
            for statement in sqlglot.parse(file.read_text(), dialect="duckdb", error_level="ignore")
            if isinstance(statement, sqlglot.exp.Query)
        ]
        if selects and "*" not in selects[-1].named_selects:
            found[f"mart.{file.stem}"] = list(selects[-1].named_selects)
    return found


def test_every_classified_column_is_one_the_warehouse_has() -> None:
    columns = mart_columns()
    if not columns:
        pytest.skip("needs the mart models in data/models/mart")
    for table, classes in column_classes().items():
        if table in columns:
            unknown = set(classes) - set(columns[table])
            assert not unknown, f"{COLUMN_CLASSES_FILE.name}: {table} has no {', '.join(sorted(unknown))}"


def test_every_mart_column_with_a_telling_name_has_a_class() -> None:
    columns = mart_columns()
    if not columns:
        pytest.skip("needs the mart models in data/models/mart")
    # A benchmark's risk score is that of everybody it describes.
    about_nobody = {("mart.benchmark", "risk_score")}
    for table, names in columns.items():
        for name in TELLING_NAMES.intersection(names):
            if (table, name) in about_nobody:
                continue
            assert class_of(table, name), f"{COLUMN_CLASSES_FILE.name} does not classify {table}.{name}"

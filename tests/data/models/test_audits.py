"""Every promise of the warehouse is broken once, and the audit that guards it must say so.

That an unharmed warehouse passes needs no test of its own: the build of every fixture here runs all audits.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from data.transform import PROMISES, AuditFailed, broken_promises, transform

from .conftest import small_feed, write_raw

TAMPERING = {
    "key_is_unique": ("mart.ed_visit", "insert into mart.ed_visit select * from mart.ed_visit limit 1"),
    "key_is_not_null": ("mart.member", "update mart.member set person_id = null where person_id = '1'"),
    "enrolled_rows_have_member_month": (
        "mart.inpatient_stay",
        "delete from mart.member_month where person_id = '2' and month = date '2026-02-01'",
    ),
    "spend_ties_to_loaded_lines": (
        "mart.spend_month",
        "update mart.spend_month set paid = paid + 0.01 where paid = 12.5",
    ),
    "lines_tie_to_spend": (
        "mart.claim_line",
        "update mart.claim_line set allowed_truncated = allowed_truncated - 0.01 where paid = 12.5",
    ),
    "group_ties_to_spend": (
        "mart.spend_group",
        "delete from mart.spend_group where month = date '2026-02-01'",
    ),
    "causes_sum_to_difference": (
        "mart.spend_change",
        "update estimate.previous_build set previous_snapshot_id = 'before'",
    ),
    "completion_holds_every_month": (
        "mart.completion",
        "delete from mart.completion where month = date '2026-03-01' and basis = 'paid'",
    ),
    "completion_is_consistent": (
        "mart.completion",
        "update mart.completion set multiplier = multiplier + 0.5 where amount_to_date > 0",
    ),
    "class_weights_account_for_one": (
        "mart.ed_visit",
        "update mart.ed_visit set injury = 0.2 where injury = 1",
    ),
    "exists_in_dimension": ("mart.touch", "update mart.touch set staff_id = 'nobody'"),
}


def test_every_audit_is_tried() -> None:
    assert set(TAMPERING) == set(PROMISES)


def test_each_audit_fails_when_its_promise_is_broken(small_warehouse: Path, tmp_path: Path) -> None:
    """All the tampering in one copy: every audit named must report its own table."""
    copy = Path(shutil.copy(small_warehouse, tmp_path / "work.duckdb"))
    with duckdb.connect(str(copy)) as connection:
        for _, statement in TAMPERING.values():
            connection.execute(statement)
    found = {(promise.audit, promise.model) for promise in broken_promises(copy)}
    for audit, (model, _) in TAMPERING.items():
        assert (audit, model) in found


def test_a_broken_promise_stops_the_build_in_a_stewards_words(tmp_path: Path) -> None:
    feed = small_feed()
    feed["touch"][0]["staff_id"] = "nobody"
    write_raw(tmp_path / "work.duckdb", feed)
    with pytest.raises(AuditFailed) as failure:
        transform(tmp_path / "work.duckdb", memory_limit="1GB", threads=1)
    assert "mart.touch: every id exists in its dimension" in str(failure.value)
    assert "1 row fails" in str(failure.value)

"""Accounts, scope grants, sessions, sign-in attempts, member handles and the append-only audit trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FIRST_HASH = "0" * 64

SQLITE_TRIGGERS = [
    """
    create trigger audit_event_no_update before update on audit_event
    begin select raise(abort, 'audit_event is append-only: rows are never changed'); end
    """,
    """
    create trigger audit_event_no_delete before delete on audit_event
    begin select raise(abort, 'audit_event is append-only: rows are never deleted'); end
    """,
    # "insert or replace" removes the old row without asking the delete trigger, so its way in is shut here.
    """
    create trigger audit_event_next_only before insert on audit_event
    when new.sequence is not (select coalesce(max(sequence), 0) + 1 from audit_event)
    begin select raise(abort, 'audit_event is append-only: the next sequence follows the last'); end
    """,
]

POSTGRES_TRIGGERS = [
    """
    create function audit_event_refuse() returns trigger language plpgsql as $$
    begin raise exception 'audit_event is append-only: rows are never changed or deleted'; end $$
    """,
    """
    create trigger audit_event_no_change before update or delete on audit_event
    for each row execute function audit_event_refuse()
    """,
    """
    create trigger audit_event_no_truncate before truncate on audit_event
    for each statement execute function audit_event_refuse()
    """,
]


def upgrade() -> None:
    op.create_table(
        "user_account",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("display_name", sa.String(200), nullable=False),
        sa.Column("email", sa.String(320)),
        sa.Column("password_hash", sa.String(200)),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("password_changed_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("user_id", name="pk_user_account"),
        sa.UniqueConstraint("username", name="uq_user_account_username"),
        sa.UniqueConstraint("email", name="uq_user_account_email"),
    )
    op.create_table(
        "scope_grant",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("value", sa.String(200), nullable=False),
        sa.Column("granted_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "kind", "value", name="pk_scope_grant"),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.user_id"], name="fk_scope_grant_user_id"),
    )
    op.create_table(
        "user_session",
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime()),
        sa.Column("end_reason", sa.String(32)),
        sa.Column("user_agent_hash", sa.String(64)),
        sa.Column("identity_proof", sa.String(64)),
        sa.PrimaryKeyConstraint("session_id", name="pk_user_session"),
        sa.UniqueConstraint("identity_proof", name="uq_user_session_identity_proof"),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.user_id"], name="fk_user_session_user_id"),
    )
    op.create_index("ix_user_session_user_id", "user_session", ["user_id"])
    op.create_table(
        "session_token",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime()),
        sa.Column("used_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("token_hash", name="pk_session_token"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["user_session.session_id"], name="fk_session_token_session_id"
        ),
    )
    op.create_index("ix_session_token_session_id", "session_token", ["session_id"])
    op.create_table(
        "sign_in_attempts",
        sa.Column("subject_kind", sa.String(16), nullable=False),
        sa.Column("subject_hash", sa.String(64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("lockouts", sa.Integer(), nullable=False),
        sa.Column("first_failure_at", sa.DateTime(), nullable=False),
        sa.Column("last_failure_at", sa.DateTime(), nullable=False),
        sa.Column("locked_until", sa.DateTime()),
        sa.PrimaryKeyConstraint("subject_kind", "subject_hash", name="pk_sign_in_attempts"),
    )
    op.create_index("ix_sign_in_attempts_last_failure_at", "sign_in_attempts", ["last_failure_at"])
    op.create_table(
        "member_handle",
        sa.Column("handle", sa.String(32), nullable=False),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("handle", name="pk_member_handle"),
        sa.UniqueConstraint("session_id", "person_id", name="uq_member_handle_session_id_person_id"),
    )
    op.create_table(
        "audit_event",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("user_id", sa.String(64)),
        sa.Column("session_id", sa.String(64)),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("question", sa.String(200)),
        sa.Column("filters", sa.Text(), nullable=False),
        sa.Column("row_total", sa.BigInteger()),
        sa.Column("member_total", sa.BigInteger(), nullable=False),
        sa.Column("member_ids", sa.LargeBinary(), nullable=False),
        sa.Column("members_sha256", sa.String(64), nullable=False),
        sa.Column("snapshot", sa.String(200)),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("repeat_key", sa.String(64), nullable=False),
        sa.Column("prev_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_event"),
    )
    op.create_index("ix_audit_event_recorded_at", "audit_event", ["recorded_at"])
    op.create_index("ix_audit_event_user_id", "audit_event", ["user_id"])
    op.create_index("ix_audit_event_repeat_key", "audit_event", ["repeat_key", "recorded_at"])
    head = op.create_table(
        "audit_head",
        sa.Column("head_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("head_id", name="pk_audit_head"),
    )
    op.bulk_insert(head, [{"head_id": 1, "sequence": 0, "hash": FIRST_HASH}])

    triggers = SQLITE_TRIGGERS if op.get_bind().dialect.name == "sqlite" else POSTGRES_TRIGGERS
    for trigger in triggers:
        op.execute(trigger)


def downgrade() -> None:
    raise NotImplementedError("the ledger only moves forward: it is evidence")

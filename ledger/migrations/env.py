"""Alembic's entry: runs the migrations on the connection that `ledger.database.upgrade` hands over."""

from __future__ import annotations

from alembic import context

from ledger.tables import Base

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Run `python -m ledger upgrade`: it opens the ledger, takes the lock and calls Alembic.")

context.configure(connection=connection, target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()

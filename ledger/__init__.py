"""The ledger: what people are allowed, and what they did. Kept apart from the warehouse, because a warehouse
can be built again and this cannot.

- `ledger.tables` says what is kept; `ledger.migrations` how it came to be so (applied on first use).
- `ledger.database` opens it: `reading()` to look up, `writing()` to change something in one transaction.
- `ledger.audit` is the trail of who saw which members' data: `record`, `verify`, `last_events`.
- `ledger.handles` gives members opaque names for addresses.

`access` decides with what is kept here; the ledger itself imports nothing of ours.
"""

from ledger import audit, handles
from ledger.database import LedgerError

__all__ = ["LedgerError", "audit", "handles"]

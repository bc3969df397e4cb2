"""A feed that brings a reference pack: used only where no pack of that kind is installed in the warehouse.

Its file has the columns of the pack (``data.reference.packs``); it is checked exactly like an installed one,
and loaded there: a pack has no raw table of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from data.sources.adapter import Adapter, Input

if TYPE_CHECKING:
    from data.feeds import Source


class ReferencePackAdapter(Adapter):
    """One file, named in ``source.yaml``."""

    name = "reference_pack"
    person_ids = ()

    def for_feed(self, source: Source, folder: Path) -> Adapter:
        bound = ReferencePackAdapter()
        bound.inputs = {"reference_pack": Input("reference_pack", (str(source.file),), required=True)}
        return bound


ADAPTER = ReferencePackAdapter()

"""How each payer of the demo sends what it knows: one writer per format, all fed the same chunk tables.

    deliveries   months, growing files, the payer's own totals, dates and amounts in the payer's spelling
    rosters      enrolment as it was known at the end of a month
    payer        what all writers have in common
    tuva         the Tuva input layer, Parquet or gzipped CSV
    cclf         CMS's Claim and Claim Line Feed, fixed width (records made by `fixed`)
    delimited    a payer's own delimited files, with the mapping.yaml that reads them
    workbook     rosters as Excel workbooks

A writer takes Arrow tables in the Tuva input layer's shape (`write`), a chunk of people at a time, and writes
one folder per delivery month. Which payer uses which writer is `WRITERS`; `write_demo(formats=…)` may choose
otherwise, so that one population can be sent in every format.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from data.demo.formats.cclf import CclfWriter
from data.demo.formats.delimited import FlatWriter, HeaderDetailWriter
from data.demo.formats.payer import Payer, PayerWriter
from data.demo.formats.tuva import TuvaWriter

WRITERS: dict[str, Callable[[Payer], PayerWriter]] = {
    "cms_cclf": CclfWriter,
    "header_detail": HeaderDetailWriter,
    "flat": FlatWriter,
    "tuva_parquet": TuvaWriter,
    "tuva_csv": partial(TuvaWriter, packed=True, rosters="full"),
}

# The format of each contract of market.yaml, by its key.
FORMATS = {
    "aco": "cms_cclf",
    "medicaid": "header_detail",
    "advantage": "tuva_parquet",
    "commercial": "flat",
    "dual": "tuva_csv",
}

__all__ = ["FORMATS", "WRITERS", "Payer", "PayerWriter"]

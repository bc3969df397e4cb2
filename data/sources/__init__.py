"""One folder per file format, and the machinery they share.

``layout`` says what a table of a format looks like (columns, types, keys, dates), ``files`` brings a CSV or
Parquet file into the staging database as it was written, ``damaged`` takes broken lines out of a CSV file,
``placement`` says which contract and market a row belongs to, and ``loading`` types every row with one
statement and sets aside the ones that cannot be used. A new payer format is a folder with a list of tables.
"""

from data.sources import organization, tuva_input_layer
from data.sources.layout import Table

FORMATS: dict[str, tuple[Table, ...]] = {
    "tuva_input_layer": tuva_input_layer.TABLES,
    "organization": organization.TABLES,
    "reference_pack": (),
}
"""The tables each format may bring, by the name used in ``format:`` of a ``source.yaml``."""

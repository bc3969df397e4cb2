"""One folder per payer format, and the machinery they share.

``adapter`` says what a format has to be, and finds the ones there are: each folder that exports ``ADAPTER``.
``layout`` says what a raw table looks like (columns, types, keys, dates), ``tables`` holds those of no one
format, ``files`` brings delimited files, workbooks and Parquet files into the staging database as they were
written, ``damaged`` takes broken lines out of them, ``direct`` reads files that already look like the raw
tables, ``mapped`` the ones that a ``mapping.yaml`` describes. ``placement`` says which contract and market a
row belongs to, and ``loading`` types the rows of every format and sets aside the ones that cannot be used.
"""

"""The warehouse: payer files go in, an immutable snapshot comes out.

The way a build goes, in order:

1. ``data.feeds`` reads each ``source.yaml`` and finds the files its patterns name.
2. ``data.sources`` reads the files, types them, and sets aside the rows that cannot be used (``raw.*``).
3. ``data.transform`` runs the SQLMesh models: staging, core, mart.
4. ``data.publish`` copies core and mart into ``<snapshot>.duckdb``, checks it, and moves ``CURRENT``.

``data.build`` ties the four together under a lock; ``python -m data`` is the command line. Nothing that a
reader could be looking at is ever changed: a build that fails or is killed leaves ``CURRENT`` as it was.
"""

"""The pieces pages are made of: DataFrames in, something to look at out. No SQL, and no metric is computed
here."""

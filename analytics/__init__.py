"""What numbers mean once chance is taken into account: intervals, control charts, funnels, comparisons,
completion, concentration, and the sentences they allow.

Pure functions: arrays and DataFrames in, DataFrames and small dataclasses out. No I/O, no SQL, no Streamlit,
and nothing else of ours is imported here. Rates are events ÷ member-months × 12,000 (per 1,000 members a
year) unless `per` says otherwise; an interval is 95% unless it says otherwise.
"""

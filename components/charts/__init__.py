"""Charts: a DataFrame shaped like a question in, a `Chart` (figure, alt, table) out. They know neither
Streamlit nor a database, so they can be tested without a browser and reused in a report.

Draw with `st.plotly_chart(chart.figure, theme=None, alt=chart.alt, on_select="rerun",
selection_mode="points", config=PLOTLY_CONFIG)`. Each selectable mark carries its key in `customdata`, as the
function's docstring says; `picked(event)` reads the first one.
"""

from __future__ import annotations

from typing import Any

from components.charts.categories import category_bars, cost_heat
from components.charts.classes import class_bars, class_months
from components.charts.frame import Chart
from components.charts.groups import funnel, interval_plot
from components.charts.reasons import ahrq_bars, diagnosis_bars
from components.charts.spend import amount_bars, backtest, cost_concentration, leakage_bars
from components.charts.spread import concentration
from components.charts.steps import waterfall
from components.charts.trend import control_chart
from components.charts.triangle import claims_triangle
from components.charts.week import weekday_bars, weekday_hour

PLOTLY_CONFIG: dict[str, Any] = {"displayModeBar": False, "scrollZoom": False}


def picked(event: Any) -> tuple[Any, ...] | None:
    """The customdata of the first selected mark of a `st.plotly_chart` event, as a tuple; None if nothing is
    picked."""
    selection = event.get("selection") if hasattr(event, "get") else getattr(event, "selection", None)
    points = (selection.get("points") if hasattr(selection, "get") else None) or []
    for point in points:
        key = point.get("customdata")
        if key is not None:
            # Streamlit sends the array back as a list or, for one key in older fronts, as {"0": key}.
            values = list(key.values()) if isinstance(key, dict) else key
            return tuple(values) if isinstance(values, (list, tuple)) else (values,)
    return None


__all__ = [
    "PLOTLY_CONFIG",
    "Chart",
    "ahrq_bars",
    "amount_bars",
    "backtest",
    "category_bars",
    "claims_triangle",
    "class_bars",
    "class_months",
    "concentration",
    "control_chart",
    "cost_concentration",
    "cost_heat",
    "diagnosis_bars",
    "funnel",
    "interval_plot",
    "leakage_bars",
    "picked",
    "waterfall",
    "weekday_bars",
    "weekday_hour",
]

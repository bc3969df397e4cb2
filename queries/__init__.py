"""Questions to the warehouse, and the only way to ask them.

A question is one file, `queries/<view>/<question>.sql`: a header that says what it answers, and plain
DuckDB SQL over the `mart` schema of the published snapshot. `ask` answers one. In this order it

1. refuses a request without a principal, or by a principal who lacks an action the header needs;
2. checks the parameters against the header (types, closed lists, defaults);
3. takes the snapshot: the pinned one, or the one that `CURRENT` names at this moment;
4. rewrites the syntax tree: every reference to a mart table becomes a subquery filtered to what the
   principal may see and the filters have chosen, with bound values (`scope.py`); the columns of classes
   that the principal may not see are null inside it, and are dropped from the answer (`lineage.py`);
5. looks in the cache (question, parameters, filters, scope, snapshot); identical requests in flight wait
   for the first one;
6. runs it through SQLAlchemy on a cursor of its own, under a time limit, and fetches Arrow.

`drill` returns the rows that a number of a question counted. `docs/questions.md` tells how to add one.
"""

from queries.catalog import Column, Drill, Parameter, Question, all_questions, question
from queries.errors import NotPermitted, NoWarehouse, QueryError, QueryTooSlow, UnknownQuestion
from queries.filters import Filters
from queries.metrics import Metric, all_metrics, metric
from queries.runner import ask, bare_sql, clear_cache, drill, drill_parameters
from queries.snapshots import current_snapshot

__all__ = [
    "Column",
    "Drill",
    "Filters",
    "Metric",
    "NoWarehouse",
    "NotPermitted",
    "Parameter",
    "QueryError",
    "QueryTooSlow",
    "Question",
    "UnknownQuestion",
    "all_metrics",
    "all_questions",
    "ask",
    "bare_sql",
    "clear_cache",
    "current_snapshot",
    "drill",
    "drill_parameters",
    "metric",
    "question",
]

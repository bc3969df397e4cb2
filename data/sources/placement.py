"""Which contract and which market a row belongs to, by the rules of its feed's ``source.yaml``.

The first rule that matches wins; a row that no rule matches is *unassigned*: counted and shown, never
dropped. Comparison ignores capitals and surrounding blanks. A value that ends in ``*`` is a prefix.
"""

from __future__ import annotations

from collections.abc import Sequence

from data.feeds import SOURCE_FILE, UNASSIGNED, ContractRule, Feed, FeedError, MarketRule
from data.sources.adapter import StagedFiles
from data.sources.files import literal, quote


def placed_by(rules: Sequence[ContractRule] | Sequence[MarketRule], row: str) -> str:
    """SQL that gives the contract or market of a row; ``row`` is the alias its file columns are read from."""
    cases = []
    for rule in rules:
        tests = [_test(f"{row}.{quote(column.lower())}", values) for column, values in rule.when.items()]
        target = rule.contract_id if isinstance(rule, ContractRule) else rule.market_id
        cases.append(f"when {' and '.join(tests) or 'true'} then {literal(target)}")
    return f"case {' '.join(cases)} else {literal(UNASSIGNED)} end" if cases else literal(UNASSIGNED)


def _test(column: str, values: Sequence[str]) -> str:
    value = f"lower(trim({column}))"
    exact = [literal(v.strip().lower()) for v in values if not v.endswith("*")]
    tests = [f"{value} in ({', '.join(exact)})"] if exact else []
    tests += [f"starts_with({value}, {literal(v[:-1].strip().lower())})" for v in values if v.endswith("*")]
    return f"coalesce({' or '.join(tests)}, false)"


def check_rule_columns(feed: Feed, eligibility: Sequence[StagedFiles]) -> None:
    """Refuse a rule on a column that no eligibility file has: it could never match. Raises FeedError."""
    if not eligibility:
        return
    present = frozenset[str]().union(*(staged.columns for staged in eligibility))
    for key, columns in (
        ("contract_rules", feed.source.contract_columns),
        ("market_rules", feed.source.market_columns),
    ):
        missing = sorted(columns - present)
        if missing:
            raise FeedError(
                feed.name,
                f"{feed.folder / SOURCE_FILE}: {key}: no eligibility file has the column "
                f"{', '.join(missing)}; correct the rule",
            )

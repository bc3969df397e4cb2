"""Where each column of an answer comes from: which classes of mart columns its values can carry.

A count says nothing about the values it counts, and an `exists` is only true or false: neither carries a
class. Everything else does, through any number of CTEs, subqueries and unions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope as Block
from sqlglot.optimizer.scope import build_scope

from queries.errors import InvalidQuestion
from queries.scope import Tables

_CARRY_NOTHING = (exp.Count, exp.CountIf, exp.Exists)


def carried_classes(
    tree: exp.Query, tables: Tables, classes: Mapping[tuple[str, str], str]
) -> dict[str, frozenset[str]]:
    """Output column -> the classes its values can carry. Raises InvalidQuestion if that cannot be told."""
    columns = {name: dict(found) for name, found in tables.items()}
    schema: dict[str, Any] = {"mart": columns, "permitted": columns}
    try:
        qualified = qualify(tree.copy(), schema=schema, dialect="duckdb", quote_identifiers=False)
    except OptimizeError as error:
        raise InvalidQuestion(f"Columns cannot be traced: {error}") from error
    root = build_scope(qualified)
    if root is None:
        raise InvalidQuestion("Columns cannot be traced: not a select.")
    blocks = {id(block.expression): block for block in root.traverse()}
    memory: dict[tuple[int, str], frozenset[str]] = {}

    def of_output(block: Block, name: str) -> frozenset[str]:
        key = (id(block.expression), name.lower())
        if key not in memory:
            memory[key] = frozenset()  # a recursive CTE meets itself here
            memory[key] = frozenset().union(*_outputs(block, name))
        return memory[key]

    def _outputs(block: Block, name: str) -> Iterator[frozenset[str]]:
        if block.union_scopes:
            first = [output.lower() for output in block.expression.named_selects]
            position = first.index(name.lower())
            for side in block.union_scopes:
                yield of_output(side, side.expression.named_selects[position])
            return
        if not isinstance(block.expression, exp.Select):
            # unnest or another table function: whatever goes in may come out
            yield of_expression(block.expression, block)
            return
        for select in block.expression.selects:
            if select.alias_or_name.lower() == name.lower():
                yield of_expression(select, block)

    def of_expression(expression: exp.Expression, block: Block) -> frozenset[str]:
        found: set[str] = set()
        for column in expression.find_all(exp.Column):
            if _counted(column, expression):
                continue
            found |= of_column(column, block)
        return frozenset(found)

    def of_column(column: exp.Column, block: Block) -> frozenset[str]:
        select = column.find_ancestor(exp.Select)
        near: Block | None = blocks.get(id(select), block) if select is not None else block
        while near is not None:
            source = near.sources.get(column.table)
            if isinstance(source, exp.Table):
                class_ = classes.get((source.name.lower(), column.name.lower()))
                return frozenset({class_} if class_ else ())
            if isinstance(source, Block):
                return of_output(source, column.name)
            near = near.parent
        if not column.table and isinstance(column.find_ancestor(exp.Lambda), exp.Lambda):
            return frozenset()  # the variable of a lambda; the list it runs over is traced beside it
        raise InvalidQuestion(f"The column {column.sql()} cannot be traced; give it its table's alias.")

    return {name: of_output(root, name) for name in root.expression.named_selects}


def _counted(column: exp.Column, within: exp.Expression) -> bool:
    node: exp.Expression | None = column
    while node is not None and node is not within.parent:
        if isinstance(node, _CARRY_NOTHING):
            return True
        node = node.parent
    return False

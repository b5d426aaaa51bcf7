"""Totals of what the reader may read: never more precise than the records behind them."""

from collections.abc import Sequence
from typing import Any

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.messages import worded
from ostiary.kernel.ports import Row
from ostiary.objects import public as objects
from ostiary.records._aggregate_query import (
    Aggregate,
    AggregateQuery,
    Cell,
    Key,
    Others,
    check_aggregate,
)
from ostiary.records._aggregate_sql import Totals, totals_statement
from ostiary.records._conditions import structure
from ostiary.records._kept import kept
from ostiary.records._read import object_name, readable_view, record_read
from ostiary.records._settings import SMALLEST_CELL
from ostiary.records._small_cells import kept_back
from ostiary.records._view import Stale, View, decided

MAX_CELLS = 10_000  # that small cells are looked for in
_FIXED = 5  # epoch, place, cells, total, n


def aggregate_records(ctx: Context, query: AggregateQuery) -> Aggregate:
    """Totals by groups, over the records that the principal may read.

    Raises: NotFound: no such object. AccessDenied: layer 2, or a column that is below read. Invalid.
    """
    check_aggregate(query)
    found, data_class = decided(ctx, lambda: _aggregated(ctx, query))
    facts = {"count": found.records, "cells": len(found.cells)}
    record_read(ctx, data_class, "records.record.aggregated", object_name(ctx, query.object), None, facts)
    return found


def _aggregated(ctx: Context, query: AggregateQuery) -> tuple[Aggregate, objects.DataClass]:
    view = readable_view(ctx, query.object)
    totals = _kept_statement(ctx, view, query)
    least = _least(ctx) if any(totals.closed) else 0
    values = totals.compiled.bound(query.filter)
    values["zone"] = query.time_zone
    values["limit"] = MAX_CELLS + 1 if least else query.limit
    rows = totals.compiled.statement.run(ctx, values)
    if rows[0][0] != view.rights.epoch:
        raise Stale
    rows = [row for row in rows if row[1] is not None]
    cells = [_cell(row, query) for row in rows]
    if least:
        cells = _told(cells, _resting(rows, query), totals.closed, least, query)
    return _answer(cells[: query.limit], rows), totals.compiled.data_class


def _kept_statement(ctx: Context, view: View, query: AggregateQuery) -> Totals:
    key = ("totals", query.measures, query.groups, structure(query.filter), query.sort)
    return kept(view, key, Totals, lambda: totals_statement(ctx, view, query))


def _least(ctx: Context) -> int:
    found = access.get_setting(ctx, SMALLEST_CELL.code)
    return found if isinstance(found, int) and found > 1 else 0


def _cell(row: Row, query: AggregateQuery) -> Cell:
    keys = []
    for n in range(len(query.groups)):
        value, hidden, shown = row[_FIXED + 3 * n : _FIXED + 3 * n + 3]
        keys.append(Key(None, restricted=True) if hidden else _key(value, shown))
    figures = row[_FIXED + 3 * len(query.groups) :: 2]
    return Cell(tuple(keys), tuple(figures), (False,) * len(figures), row[_FIXED - 1])


def _key(value: Any, shown: str | None) -> Key:
    """A text is its own name: the key it was grouped by is of no use to anybody."""
    if isinstance(value, str) and shown is not None:
        return Key(shown)
    return Key(value, shown)


def _resting(rows: Sequence[Row], query: AggregateQuery) -> list[tuple[int, ...]]:
    """On how many values each figure of each cell rests."""
    return [row[_FIXED + 3 * len(query.groups) + 1 :: 2] for row in rows]


def _told(
    cells: list[Cell],
    resting: list[tuple[int, ...]],
    closed: tuple[bool, ...],
    least: int,
    query: AggregateQuery,
) -> list[Cell]:
    """The cells without the figures that are kept back; those whose order would tell of one stand last."""
    if len(cells) > MAX_CELLS:
        raise Invalid(
            [
                FieldError(
                    "groups",
                    "too_many",
                    worded("More than %(most)s cells: group by less", most=MAX_CELLS),
                )
            ]
        )
    back = [
        kept_back([(cell.keys, on[n]) for cell, on in zip(cells, resting, strict=True)], least)
        if is_closed
        else frozenset[int]()
        for n, is_closed in enumerate(closed)
    ]
    told = [_without(cell, tuple(n in some for some in back)) for n, cell in enumerate(cells)]
    names = {measure.name: n for n, measure in enumerate(query.measures)}
    asked = [names[sort.column] for sort in query.sort if sort.column in names]
    if not asked:
        return told
    last = [c for c in told if any(c.suppressed[n] for n in asked)]
    by_key = sorted(last, key=lambda c: [(k.restricted, str(k.display or k.value)) for k in c.keys])
    return [c for c in told if not any(c.suppressed[n] for n in asked)] + by_key


def _without(cell: Cell, suppressed: tuple[bool, ...]) -> Cell:
    values = tuple(None if gone else v for v, gone in zip(cell.values, suppressed, strict=True))
    return Cell(cell.keys, values, suppressed, cell.records)


def _answer(cells: list[Cell], rows: Sequence[Row]) -> Aggregate:
    if not rows:
        return Aggregate((), Others(), 0)
    _, _, all_cells, total = rows[0][:4]
    total = int(total)
    others = Others(all_cells - len(cells), total - sum(cell.records for cell in cells))
    return Aggregate(tuple(cells), others, total)

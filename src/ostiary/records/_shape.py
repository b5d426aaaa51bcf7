"""Which plan shape a list takes: what each would cost, from how much the reader sees and how much there is.

The costs are of PostgreSQL 18 with everything in memory; only their proportions matter. A wrong choice costs
time and never correctness.
"""

import time

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.recent import Recent
from ostiary.records._plans import count_statement, default_order, indexed
from ostiary.records._query import PlanShape, RecordQuery
from ostiary.records._view import View

PROBE_US = 5.0  # one key of a branch looked up in its index
WALKED_US = 2.0  # one row taken from a branch, compared and sorted
TESTED_US = 12.0  # one row asked for its rights, none of which it has
FILTERED_US = 0.5  # one row that the filter leaves out before its rights are asked
FEW_BRANCHES = 20  # up to here no walk costs enough to count rows for
COUNTED_ROWS = 20_000  # counting so many costs as much as a page
MORE_THAN_COUNTED = 3  # where counting stopped there are taken to be so many times as many
HINT_AGE_S = 600.0

_seen: Recent[tuple[object, ...], tuple[float, int, int]] = Recent(50_000)
_rows: Recent[tuple[str, str], tuple[float, int]] = Recent(50_000)


def choose_shape(ctx: Context, view: View, query: RecordQuery) -> PlanShape:
    """The plan shape for this principal, order and filter."""
    filter_ = view.filter(ctx, access.Verb.READ)
    if filter_.open:
        return PlanShape.SORT
    if not indexed(view, query.sort or default_order(ctx, view)):
        return PlanShape.SET
    if filter_.fanout <= FEW_BRANCHES:
        return PlanShape.WALK
    seen, rows = _counts(ctx, view)
    window = query.offset + query.limit
    return cheaper_shape(filter_.fanout, seen, rows, window, filtered=query.filter is not None)


def cheaper_shape(fanout: int, seen: int, rows: int, window: int, *, filtered: bool) -> PlanShape:
    """Walk or sort. fanout: branches of a walk. seen, rows: as counted. window: rows to the page's end."""
    rows = max(rows, seen, 1)
    if seen > COUNTED_ROWS:
        seen = min(seen * MORE_THAN_COUNTED, rows)
    if filtered:  # it may match nothing: either way is then gone to its end
        walk, sort = seen * WALKED_US, rows * FILTERED_US
    else:
        walk = min(seen, fanout * window) * WALKED_US
        sort = window * rows / max(seen, 1) * TESTED_US
    return PlanShape.WALK if fanout * PROBE_US + walk <= sort else PlanShape.SORT


def sees_few(ctx: Context, view: View) -> bool:
    """Whether looking at every record that the reader sees is cheap."""
    return not view.filter(ctx, access.Verb.READ).open and _counts(ctx, view)[0] <= COUNTED_ROWS


def forget_hints() -> None:
    """Count again when next asked."""
    _seen.clear()
    _rows.clear()


def _counts(ctx: Context, view: View) -> tuple[int, int]:
    """About how many rows the principal sees, counted up to a bound, and how many there are.

    Hints that may be minutes old, and one lookup where they are known, for every list comes by here.
    """
    key = (ctx.db.schema, view.object.code, view.filter(ctx, access.Verb.READ))
    known = _seen.get(key)
    if known is not None and known[0] > time.monotonic():
        return known[1], known[2]
    compiled = count_statement(ctx, view, None, None)
    _, seen = compiled.statement.run(ctx, {**compiled.values, "cap": COUNTED_ROWS + 1})[0]
    rows = _rows_of(ctx, view)
    _seen.put(key, (time.monotonic() + HINT_AGE_S, int(seen), rows))
    return int(seen), rows


def _rows_of(ctx: Context, view: View) -> int:
    """About how many rows the table has, as its statistics say."""
    key = (ctx.db.schema, view.object.table)
    known = _rows.get(key)
    if known is not None and known[0] > time.monotonic():
        return known[1]
    row = ctx.db.row(
        "select case when reltuples > 0 then reltuples else"
        f" (select count(*) from (select from @.{view.object.table} limit %(cap)s) c) end"
        " from pg_catalog.pg_class where oid = to_regclass(%(table)s)",
        {"cap": COUNTED_ROWS + 1, "table": f"{ctx.db.schema}.{view.object.table}"},
    )
    found = 0 if row is None else int(row[0])
    _rows.put(key, (time.monotonic() + HINT_AGE_S, found))
    return found

"""Lists and counts as statements: three plan shapes over one predicate.

`sort` walks the sort index and asks the rights of each row: right for who sees much. `walk` takes the first
rows of each branch of the visible set in sort order: right for who sees little, whatever the filter. `set`
gathers the visible set and sorts it: for orders that no index serves. One generic plan would be wrong for
somebody (architecture 3).
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.objects import public as objects
from ostiary.records._columns import Bound, prefix, record_json, selected_columns, sort_column
from ostiary.records._conditions import condition, structure, valued
from ostiary.records._errors import ColumnRestricted
from ostiary.records._filters import Filter
from ostiary.records._order import SortTerm, sort_term
from ostiary.records._query import CAP, MAX_LIMIT, MAX_OFFSET, CountMode, PlanShape, RecordQuery, Sort
from ostiary.records._statement import Statement, make_statement
from ostiary.records._view import View
from ostiary.records._visible import undenied, visible_parts


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement for one view with the values that do not change from call to call."""

    statement: Statement
    values: Mapping[str, Any]
    converters: tuple[Callable[[Any], object], ...]
    casts: tuple[SortTerm, ...] = ()
    data_class: objects.DataClass = objects.DataClass.INTERNAL

    def bound(self, node: Filter | None) -> dict[str, Any]:
        """The values of all slots for a filter of the structure that this was compiled from."""
        values = dict(self.values)
        for number, (convert, compare) in enumerate(zip(self.converters, valued(node), strict=True)):
            values[f"f{number}"] = convert(compare.value)
        return values


def page_statement(ctx: Context, view: View, query: RecordQuery, shape: PlanShape) -> Compiled:
    """The statement of a page; kept with the view."""
    sort = query.sort or default_order(ctx, view)
    window = query.limit + 1 + (1 << (query.offset - 1).bit_length() if query.offset else 0)
    cut = (query.after is not None, shape, window, query.verdicts)
    key = ("page", query.columns, structure(query.filter), sort, *cut)
    known = view.statements.get(key)
    if known is None:
        _make_room(view)
        known = view.statements[key] = _compile_page(ctx, view, query, sort, shape, window)
    if not isinstance(known, Compiled):
        raise TypeError("a statement's key is used twice")
    return known


def _compile_page(
    ctx: Context, view: View, query: RecordQuery, sort: tuple[Sort, ...], shape: PlanShape, window: int
) -> Compiled:
    # `window` is a literal: the planner takes an unknown limit for a tenth of the table, and sorts
    bound = Bound(ctx, view)
    columns = selected_columns(bound, query.columns)
    terms = sort_terms(bound, sort)
    where = condition(bound, query.filter)
    if query.after is not None:
        where = f"{where} and {_beyond(terms)}"
    table = f"@.{view.object.table}"
    rows = first_rows(bound, terms, where, shape, window)
    outer = in_order(terms, lambda n: f"p.k{n}", identity="p.id")
    within = "place > {skip} and place <= {last}"
    also = f", {updatable(bound, view, within)}" if query.verdicts else ""
    text = f"""with p as materialized ({rows}),
 n as materialized (select p.*, row_number() over (order by {outer}) as place from p)
select {bound.epoch()},
 (select coalesce(json_agg(j order by place), '[]')::text from (
   select n.place, {record_json(bound, columns)} as j from n join {table} r on r.id = n.id
   where n.place > {{skip}} and n.place <= {{last}}) x),
 array(select id from n where {within} order by place),
 (select {boundary(terms)} from n as p
  where place = {{last}} and exists (select 1 from n where place > {{last}})){also}"""
    return Compiled(
        make_statement(ctx.db.schema, text, keep=is_usual(bound)),
        bound.values,
        tuple(bound.converters),
        tuple(terms),
        highest_class([*columns, *bound.touched]),
    )


def first_rows(bound: Bound, terms: list[SortTerm], where: str, shape: PlanShape, window: int) -> str:
    """A select of `id` and the keys `k<n>` of the first rows that the principal sees, in order."""
    view, table = bound.view, f"@.{bound.view.object.table}"
    keys = "".join(f", {t.expression} as k{n}" for n, t in enumerate(terms))
    order = in_order(terms, lambda n: f"k{n}")
    inner_order = in_order(terms, lambda n: terms[n].expression, identity="r.id")
    filter_ = bound.filter(view)
    if filter_.open or shape is PlanShape.SORT:
        test = "" if filter_.everyone else f" and {bound.row_test(view, 'r')}"
        return f"select r.id{keys} from {table} r where {where}{test} order by {inner_order} limit {window}"
    rows = _union(
        filter_.branches(prefix(view)),
        lambda branch, test: _branch(branch, table, keys, test, inner_order, shape, window),
        undenied(where, filter_, view),
        apart=shape is PlanShape.SET or window > WIDE,
    )
    rows = rows or f"select r.id{keys} from {table} r where false"
    return f"select * from ({rows}) b order by {order} limit {window}"


def boundary(terms: list[SortTerm]) -> str:
    """What a cursor is made of, of a row `p`."""
    return f"json_build_array({', '.join(['p.id', *(f'p.k{n}::text' for n in range(len(terms)))])})::text"


def updatable(bound: Bound, view: View, within: str) -> str:
    """The ids of those rows of `n` that the principal may update, given that it may read them."""
    may = bound.row_test(view, "r", access.Verb.UPDATE) if view.may(access.Verb.UPDATE) else "false"
    return f"array(select r.id from n join @.{view.object.table} r on r.id = n.id where {within} and {may})"


def _union(
    branches: tuple[access.Branch, ...],
    select: Callable[[access.Branch, str], str],
    where: str,
    *,
    apart: bool,
) -> str:
    """The branches together, each row once.

    apart: each branch leaves out what earlier ones reach, so many rows need not be compared; otherwise the
    few rows that each gives are, which lets a branch stop early.
    """
    parts, outside = [], ""
    for branch in branches:
        parts.append(f"({select(branch, where + outside)})")
        if apart:
            outside += f" and {branch.outside.replace('{alias}', 'r')}"
    return (" union all " if apart else " union ").join(parts)


def _branch(
    branch: access.Branch, table: str, keys: str, where: str, order: str, shape: PlanShape, window: int
) -> str:
    if branch.column == "id":
        return f"select w.* {_by_id(branch, table, f'r.id{keys}', where)}"
    if shape is PlanShape.SET:
        return f"select r.id{keys} from {table} r where r.{branch.column} in ({branch.keys}) and {where}"
    return (
        f"select w.* from ({branch.keys}) v cross join lateral (select r.id{keys} from {table} r"
        f" where r.{branch.column} = v.key and {where} order by {order} limit {window}) w"
    )


WIDE = 200  # rows of a window from which comparing the branches' rows costs more than keeping them apart
USUAL_COMPARISONS = 10
MAX_STATEMENTS = 300  # of one view; their texts come from readers, so they must not grow without end


def is_usual(bound: Bound) -> bool:
    """Whether the statement is likely to come again; plans of odd filters would fill the server."""
    return len(bound.converters) <= USUAL_COMPARISONS


def _make_room(view: View) -> None:
    if len(view.statements) >= MAX_STATEMENTS:
        view.statements.clear()


def default_order(ctx: Context, view: View) -> tuple[Sort, ...]:
    """The object's own order, as far as the reader may see it; nothing left: by id."""
    kept = view.statements.get("order")
    if isinstance(kept, tuple):
        return kept
    order = []
    for sort in (Sort.parse(text) for text in view.object.layout.default_sort):
        with suppress(ColumnRestricted):
            sort_term(Bound(ctx, view), sort.column, descending=sort.descending)
            order.append(sort)
    view.statements["order"] = found = tuple(order)
    return found


def _by_id(branch: access.Branch, table: str, selected: str, where: str) -> str:
    """Rows named one by one. The limit keeps the planner, which cannot know how few, from a join by scan."""
    return (
        f"from ({branch.keys}) v cross join lateral"
        f" (select {selected} from {table} r where r.id = v.key and {where} limit 1) w"
    )


def highest_class(columns: list[objects.Column]) -> objects.DataClass:
    """The most closed class among the columns; ids and times are internal."""
    return max((c.data_class for c in columns), default=objects.DataClass.INTERNAL)


def sort_terms(bound: Bound, sort: tuple[Sort, ...]) -> list[SortTerm]:
    """The terms of an order. Raises Invalid: too many, or not sortable; ColumnRestricted."""
    if len(sort) > 5:
        raise Invalid([FieldError("sort", "too_many", "A list is sorted by at most 5 columns")])
    return [sort_term(bound, s.column, descending=s.descending) for s in sort]


def in_order(terms: list[SortTerm], name: Callable[[int], str], identity: str = "id") -> str:
    """Order by the terms, then by id in the direction of the first, so that one index walk gives it."""
    parts = [f"{name(n)} desc" if t.descending else name(n) for n, t in enumerate(terms)]
    falling = bool(terms) and terms[0].descending
    return ", ".join([*parts, f"{identity} desc" if falling else identity])


def _beyond(terms: list[SortTerm]) -> str:
    """Rows after the cursor `c0..cn`, `cid`; blanks count as greatest, in either direction."""
    falling = bool(terms) and terms[0].descending
    if all(not t.nullable and t.descending == falling for t in terms):
        left = ", ".join([*(t.expression for t in terms), "r.id"])
        right = ", ".join([*(f"{{c{n}}}::text::{t.cast}" for n, t in enumerate(terms)), "{cid}::uuid"])
        return f"({left}) {'<' if falling else '>'} ({right})"
    ways, same = [], ""
    for n, term in enumerate(terms):
        at = f"{{c{n}}}::text::{term.cast}"
        value = term.expression
        if term.descending:
            further = f"({value} < {at} or ({at} is null and {value} is not null))"
        else:
            further = f"({value} > {at} or ({at} is not null and {value} is null))"
        ways.append(f"({same}{further})")
        same += f"{value} is not distinct from {at} and "
    ways.append(f"({same}r.id {'<' if falling else '>'} {{cid}}::uuid)")
    return f"({' or '.join(ways)})"


def _plain_text(text: str) -> None:
    if "\x00" in text:
        raise ValueError


def _known_boolean(text: str) -> None:
    if text not in ("true", "false"):
        raise ValueError


# A cursor comes back from outside: each value must be one that its type takes.
_CURSOR_VALUES: Mapping[str, Callable[[str], object]] = {
    "text": _plain_text,
    "bigint": int,
    "numeric": Decimal,
    "boolean": _known_boolean,
    "date": date.fromisoformat,
    "timestamptz": datetime.fromisoformat,
}


def cursor_values(after: str, terms: tuple[SortTerm, ...]) -> dict[str, Any]:
    """The slots of a cursor. Raises Invalid: not one of ours for this order."""
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(after.encode() + b"=" * (-len(after) % 4)))
        if not isinstance(parts, list) or len(parts) != len(terms) + 1:
            raise ValueError
        UUID(parts[0])
        for part, term in zip(parts[1:], terms, strict=True):
            if part is not None:
                _CURSOR_VALUES[term.cast](part)
    except (ValueError, TypeError, AttributeError, ArithmeticError, binascii.Error):
        raise Invalid(
            [FieldError("after", "malformed", "This cursor does not belong to this list")]
        ) from None
    return {"cid": parts[0], **{f"c{n}": part for n, part in enumerate(parts[1:])}}


def make_cursor(boundary: str) -> str:
    """The cursor of a page's last row."""
    return base64.urlsafe_b64encode(boundary.encode()).decode().rstrip("=")


def check_window(query: RecordQuery) -> None:
    """Raises Invalid: limit or offset out of bounds, or both offset and cursor."""
    if not 1 <= query.limit <= MAX_LIMIT:
        raise Invalid([FieldError("limit", "out_of_range", f"limit is 1 to {MAX_LIMIT}")])
    if not 0 <= query.offset <= MAX_OFFSET:
        raise Invalid([FieldError("offset", "out_of_range", f"offset is 0 to {MAX_OFFSET}: go on by cursor")])
    if query.after is not None and query.offset:
        raise Invalid([FieldError("offset", "with_cursor", "Use either offset or after")])


def count_statement(
    ctx: Context,
    view: View,
    node: Filter | None,
    mode: CountMode | None,
    verb: access.Verb = access.Verb.READ,
) -> Compiled:
    """The statement that counts readable rows; `mode` None counts up to the slot `cap`.

    verb: count only those to which this may be done as well, as far as layer 3 goes.
    """
    key = ("count", structure(node), mode, verb)
    known = view.statements.get(key)
    if known is None:
        _make_room(view)
        known = view.statements[key] = _compile_count(ctx, view, node, mode, verb)
    if not isinstance(known, Compiled):
        raise TypeError("a statement's key is used twice")
    return known


def _compile_count(
    ctx: Context, view: View, node: Filter | None, mode: CountMode | None, verb: access.Verb
) -> Compiled:
    bound = Bound(ctx, view)
    where = condition(bound, node)
    if verb is not access.Verb.READ:
        where = f"{where} and {bound.row_test(view, 'r', verb)}"
    parts = visible_parts(bound, view, "1", where)
    if mode is CountMode.EXACT:
        total = " + ".join(f"(select count(*) from ({part}) c)" for part in parts) or "0"
    else:
        limit = str(CAP + 1) if mode is CountMode.CAPPED else "{cap}"
        rows = " union all ".join(f"({part} limit {limit})" for part in parts)
        total = f"(select count(*) from (select 1 from ({rows}) a limit {limit}) b)" if rows else "0"
    text = f"select {bound.epoch()}, {total}"
    return Compiled(
        make_statement(ctx.db.schema, text, keep=is_usual(bound)),
        bound.values,
        tuple(bound.converters),
        data_class=highest_class(bound.touched),
    )


def indexed(view: View, sort: tuple[Sort, ...]) -> bool:
    """Whether the branch indexes give this order: the display column alone, in either direction."""
    return (
        len(sort) == 1
        and sort[0].column == view.object.display
        and bool(sort_column(view.object.columns[view.object.display]))
    )

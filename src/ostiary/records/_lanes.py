"""The first records of each of several lanes, which are the values of one column: one statement for all."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.objects import public as objects
from ostiary.objects.public import ColumnType
from ostiary.records._columns import Bound, record_json, selected_columns, stored
from ostiary.records._conditions import condition, structure
from ostiary.records._errors import ColumnRestricted
from ostiary.records._kept import kept
from ostiary.records._plans import (
    Compiled,
    boundary,
    check_window,
    default_order,
    first_rows,
    highest_class,
    in_order,
    is_usual,
    make_cursor,
    sort_terms,
    updatable,
)
from ostiary.records._query import Page, PlanShape, RecordQuery, Sort
from ostiary.records._read import object_name, readable_view, record_read
from ostiary.records._shape import choose_shape
from ostiary.records._statement import make_statement
from ostiary.records._view import Stale, View, decided

MAX_LANES = 50
_TYPES = {ColumnType.LOOKUP: "uuid", ColumnType.CHOICE: "text"}


def list_lanes(ctx: Context, query: RecordQuery, column: str, values: Sequence[str]) -> Mapping[str, Page]:
    """By value, the first `query.limit` of the records that have it in `column`, a lookup or a choice.

    A page goes on as that of a list does that is narrowed to the value: by cursor. Raises as `list_records`.
    """
    wanted = tuple(dict.fromkeys(values))
    _check(query, wanted)
    if not wanted:
        return {}
    pages, data_class = decided(ctx, lambda: _selected(ctx, query, column, wanted))
    ids = [str(i) for page in pages.values() for i in page.ids]
    name = object_name(ctx, query.object)
    record_read(ctx, data_class, "records.record.listed", name, None, {"ids": ids, "count": len(ids)})
    return pages


def _check(query: RecordQuery, values: tuple[str, ...]) -> None:
    check_window(query)
    if query.offset or query.after is not None or query.count is not None:
        raise Invalid([FieldError("offset", "not_of_lanes", "Lanes begin at their first record")])
    if len(values) > MAX_LANES:
        raise Invalid([FieldError("lanes", "too_many", f"At most {MAX_LANES} lanes")])


def _selected(
    ctx: Context, query: RecordQuery, column: str, values: tuple[str, ...]
) -> tuple[Mapping[str, Page], objects.DataClass]:
    view = readable_view(ctx, query.object)
    sort = query.sort or default_order(ctx, view)
    shape = query.plan or choose_shape(ctx, view, query)
    cut = (column, query.columns, structure(query.filter), sort, shape, query.limit, query.verdicts)
    compiled = kept(view, ("lanes", *cut), Compiled, lambda: _compile(ctx, view, query, column, sort, shape))
    slots = compiled.bound(query.filter)
    slots |= {"lanes": _keys(view, column, values), "last": query.limit}
    found = {}
    for epoch, place, text, ids, last, may in compiled.statement.run(ctx, slots):
        if epoch != view.rights.epoch:
            raise Stale
        cursor = None if last is None else make_cursor(last)
        page = Page(text.encode(), tuple(ids), cursor, view.restricted, None, frozenset(may))
        found[values[place - 1]] = page
    return found, compiled.data_class


def _keys(view: View, code: str, values: tuple[str, ...]) -> list[object]:
    if view.readable[code].type is not ColumnType.LOOKUP:
        return list(values)
    try:
        return [UUID(value) for value in values]
    except ValueError:
        raise Invalid([FieldError("lanes", "malformed", "A lane of a lookup is named by an id")]) from None


def _compile(
    ctx: Context, view: View, query: RecordQuery, code: str, sort: tuple[Sort, ...], shape: PlanShape
) -> Compiled:
    bound = Bound(ctx, view)
    columns = selected_columns(bound, query.columns)
    terms = sort_terms(bound, sort)
    where = f"{condition(bound, query.filter)} and {_in_lane(bound, code)}"
    table, kind = f"@.{view.object.table}", _TYPES[view.readable[code].type]
    rows = first_rows(bound, terms, where, shape, query.limit + 1)
    outer = in_order(terms, lambda n: f"p.k{n}", identity="p.id")
    within = "n.lane = s.lane and n.place <= {last}"
    may = updatable(bound, view, within) if query.verdicts else "array[]::uuid[]"
    text = f"""with p as materialized (select lane.place as lane, w.*
  from unnest({{lanes}}::{kind}[]) with ordinality lane(key, place) cross join lateral ({rows}) w),
 n as materialized (
  select p.*, row_number() over (partition by p.lane order by {outer}) as place from p)
select {bound.epoch()}, s.lane,
 (select coalesce(json_agg(j order by place), '[]')::text from (
   select n.place, {record_json(bound, columns)} as j from n join {table} r on r.id = n.id
   where {within}) x),
 array(select n.id from n where {within} order by n.place),
 (select {boundary(terms)} from n as p where p.lane = s.lane and p.place = {{last}}
  and exists (select 1 from n where n.lane = s.lane and n.place > {{last}})), {may}
from generate_series(1, cardinality({{lanes}}::{kind}[])) s(lane)"""
    return Compiled(
        make_statement(ctx.db.schema, text, keep=is_usual(bound)),
        bound.values,
        tuple(bound.converters),
        tuple(terms),
        highest_class([*columns, *bound.touched]),
    )


def _in_lane(bound: Bound, code: str) -> str:
    """Rows `r` of the lane; a lane must not tell of a record that the reader is shown as restricted."""
    column = bound.column(bound.view, code, "lanes")
    if column.type not in _TYPES:
        raise Invalid([FieldError("lanes", "wrong_type", f"{code} makes no lanes")])
    test = f"r.{stored(column)} = lane.key"
    if column.type is not ColumnType.LOOKUP:
        return test
    target = bound.object_view(column.target or "")
    if not target.may(access.Verb.READ):
        raise ColumnRestricted(code)
    if bound.filter(target).everyone:
        return test
    seen = f"select 1 from @.{target.object.table} t where t.id = lane.key and {bound.row_test(target, 't')}"
    return f"{test} and exists ({seen})"

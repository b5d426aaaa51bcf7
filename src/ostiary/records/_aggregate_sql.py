"""Totals as a statement: the visible rows, what each group and measure takes from a row, the cells."""

from dataclasses import dataclass

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.objects import public as objects
from ostiary.objects.public import ColumnType
from ostiary.records._aggregate_query import AggregateQuery, Function, Group, Measure
from ostiary.records._columns import Bound, sort_column, stored
from ostiary.records._conditions import condition
from ostiary.records._errors import ColumnRestricted
from ostiary.records._paths import Paths, Place
from ostiary.records._plans import Compiled, highest_class
from ostiary.records._statement import make_statement
from ostiary.records._view import View
from ostiary.records._visible import visible_parts

_NUMBERS = frozenset({ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.MONEY})
_TIMES = frozenset({ColumnType.DATE, ColumnType.INSTANT})
_MEASURED = {
    Function.SUM: _NUMBERS,
    Function.AVG: _NUMBERS,
    Function.MIN: _NUMBERS | _TIMES,
    Function.MAX: _NUMBERS | _TIMES,
    Function.COUNT_DISTINCT: frozenset(ColumnType) - {ColumnType.LONG_TEXT},
}
_ORDERED_BY_KEY = objects.TEXT_SORTED | _TIMES | {ColumnType.BOOLEAN}


@dataclass(frozen=True, slots=True)
class Totals:
    """The statement of an aggregate. closed: by measure, whether its column is Confidential or Restricted."""

    compiled: Compiled
    closed: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class _Grouped:
    """One group in SQL. key, hidden, text: of a row. join, shown, order: of a cell, whose key is `c.g<n>`."""

    key: str
    hidden: str = "false"
    text: str = ""
    join: str = ""
    shown: str = "null::text"
    order: str = ""


def totals_statement(ctx: Context, view: View, query: AggregateQuery) -> Totals:
    """Compile an aggregate for one view. Raises ColumnRestricted, Invalid."""
    bound = Bound(ctx, view)
    paths = Paths(bound)
    groups = [_grouped(paths, group, n) for n, group in enumerate(query.groups)]
    measured = [_measured(paths, measure) for measure in query.measures]
    where = condition(bound, query.filter)
    base = ", ".join(f"r.{name}" for name in paths.base) or "r.id"
    parts = visible_parts(bound, view, base, where)
    parts = parts or [f"select {base} from @.{view.object.table} r where false"]
    rows = f"({' union all '.join(parts)}) r{paths.sql()}"
    cells, placed = _cells(query, groups), _placed(query, groups)
    taken = _taken(groups, [value for value, _ in measured])
    text = (
        f"with x as (select {taken} from {rows}), c as ({cells}), o as ({placed})"
        f" select e.epoch, o.* from (select {bound.epoch()} as epoch) e"
        " left join o on o.place <= {limit} order by o.place"
    )
    bound.values["zone"] = query.time_zone
    compiled = Compiled(
        make_statement(ctx.db.schema, text),
        bound.values,
        tuple(bound.converters),
        data_class=highest_class(bound.touched),
    )
    closed = objects.DataClass.CONFIDENTIAL
    return Totals(
        compiled, tuple(column is not None and column.data_class >= closed for _, column in measured)
    )


def _taken(groups: list[_Grouped], values: list[str]) -> str:
    """What the cells need of each row."""
    parts = [f"{g.key} as g{n}, {g.hidden} as h{n}" for n, g in enumerate(groups)]
    parts += [f"{g.text} as t{n}" for n, g in enumerate(groups) if g.text]
    parts += [f"{value} as v{n}" for n, value in enumerate(values) if value]
    return ", ".join(parts) or "1"


def _cells(query: AggregateQuery, groups: list[_Grouped]) -> str:
    keys = [f"g{n}, h{n}" for n in range(len(groups))]
    parts = [*keys, "count(*) as n"]
    parts += [f"min(t{n}) as t{n}" for n, g in enumerate(groups) if g.text]
    for n, measure in enumerate(query.measures):
        parts += [f"{_figure(measure, n)} as m{n}", f"{_values(measure, n)} as k{n}"]
    grouped = f" group by {', '.join(keys)}" if keys else ""
    return f"select {', '.join(parts)} from x{grouped}"


def _figure(measure: Measure, n: int) -> str:
    if measure.function is Function.COUNT:
        return "count(*)"
    if measure.function is Function.COUNT_DISTINCT:
        return f"count(distinct v{n})"
    return f"{measure.function}(v{n})"


def _values(measure: Measure, n: int) -> str:
    return "count(*)" if measure.function is Function.COUNT else f"count(v{n})"


def _placed(query: AggregateQuery, groups: list[_Grouped]) -> str:
    """The cells with names and places: `place, cells, total, n, then g h shown, then m k` in turn."""
    order = _order(query, groups)
    parts = [
        f"row_number() over ({order}) as place",
        "count(*) over () as cells",
        "(sum(c.n) over ())::bigint as total",
        "c.n",
        *(f"c.g{n}, c.h{n}, {g.shown} as s{n}" for n, g in enumerate(groups)),
        *(f"c.m{n}, c.k{n}" for n in range(len(query.measures))),
    ]
    return f"select {', '.join(parts)} from c{''.join(g.join for g in groups)}"


def _order(query: AggregateQuery, groups: list[_Grouped]) -> str:
    """Blank keys last and what is restricted after them, in either direction."""
    parts = []
    numbers = {g.name: n for n, g in enumerate(query.groups)}
    measures = {m.name: n for n, m in enumerate(query.measures)}
    for sort in query.sort:
        way = "desc nulls last" if sort.descending else "asc nulls last"
        if sort.column in measures:
            parts.append(f"c.m{measures[sort.column]} {way}")
        else:
            n = numbers[sort.column]
            parts += [f"c.h{n}", f"{groups[n].order or f'c.g{n}'} {way}"]
    for n, group in enumerate(groups):
        parts += [f"c.h{n}", f"{group.order or f'c.g{n}'} asc nulls last", f"c.g{n} asc nulls last"]
    return f"order by {', '.join(parts)}" if parts else ""


def _grouped(paths: Paths, group: Group, n: int) -> _Grouped:
    place = paths.place(group.column)
    kind = place.column.type
    if (group.period is not None) is not (kind in _TIMES):
        words = f"{group.column} is grouped {'by a period' if kind in _TIMES else 'without a period'}"
        raise Invalid([FieldError("groups", "wrong_period", words)])
    hidden = place.hidden or "false"
    if kind in _TIMES:
        return _Grouped(_period(place, group), hidden)
    if kind is ColumnType.LOOKUP:
        return _grouped_lookup(paths, place, n)
    if kind is ColumnType.OWNER:
        named = f" left join @.identity_unit d{n} on d{n}.id = c.g{n}"
        return _Grouped(place.value, hidden, "", named, f"d{n}.name", f"d{n}.name")
    if kind in objects.TEXT_SORTED:
        # spellings that a filter takes for equal are one group, called by the first of them
        key = f"case when {place.value} is not null then {paths.of(place, sort_column(place.column))} end"
        return _Grouped(key, hidden, f'{place.value} collate "C"', "", f"c.t{n}")
    if kind is ColumnType.CHOICE:
        return _Grouped(place.value, hidden, order=_choice_order(paths.bound, place.column, n))
    if kind is ColumnType.BOOLEAN:
        return _Grouped(place.value, hidden)
    raise Invalid([FieldError("groups", "not_groupable", f"Records are not grouped by {group.column}")])


def _period(place: Place, group: Group) -> str:
    """The first day. Period names are ours, the zone is bound."""
    value = f"{place.value}::timestamp"
    if place.column.type is ColumnType.INSTANT:
        value = f"({place.value} at time zone {{zone}}::text)"
    return f"date_trunc('{group.period}', {value})::date"


def _choice_order(bound: Bound, column: objects.Column, n: int) -> str:
    bound.values[f"choices{n}"] = [choice.code for choice in column.choices]
    return f"array_position({{choices{n}}}::text[], c.g{n})"


def _grouped_lookup(paths: Paths, place: Place, n: int) -> _Grouped:
    """By what the reader is shown: every record that the reader may not see is in one group."""
    target = paths.bound.object_view(place.column.target or "")
    closed = f"{place.value} is not null"
    if not target.may(access.Verb.READ):
        return _Grouped("null::uuid", " or ".join(filter(None, [place.hidden, closed])))
    key, hidden = place.value, place.hidden
    if not paths.bound.filter(target).everyone:
        key = f"{paths.join(target, place.value)}.id"
        hidden = " or ".join(filter(None, [hidden, f"({closed} and {key} is null)"]))
    named = f" left join @.{target.object.table} d{n} on d{n}.id = c.g{n}"
    display = target.readable.get(target.object.display)
    if display is None:
        return _Grouped(key, hidden or "false")
    paths.bound.touched.append(display)
    shown = f"d{n}.{stored(display)}::text"
    return _Grouped(key, hidden or "false", "", named, shown, f"d{n}.{sort_column(display)}")


def _measured(paths: Paths, measure: Measure) -> tuple[str, objects.Column | None]:
    """What a measure takes from a row, and of which column. Raises ColumnRestricted, Invalid."""
    if measure.function is Function.COUNT:
        if measure.column:
            raise Invalid([FieldError("measures", "takes_no_column", "count counts records")])
        return "", None
    place = paths.place(measure.column)
    kind = place.column.type
    if kind not in _MEASURED[measure.function]:
        words = f"{measure.function} does not fit {measure.column}"
        raise Invalid([FieldError("measures", "wrong_function", words)])
    value = place.value
    if kind in objects.TEXT_SORTED:
        value = f"case when {value} is not null then {paths.of(place, sort_column(place.column))} end"
    elif kind is ColumnType.LOOKUP:
        value = _seen_only(paths, place, measure)
    return value, place.column


def _seen_only(paths: Paths, place: Place, measure: Measure) -> str:
    """Records that a lookup leads to, as far as the reader may see them."""
    target = paths.bound.object_view(place.column.target or "")
    if not target.may(access.Verb.READ):
        raise ColumnRestricted(measure.column)
    if paths.bound.filter(target).everyone:
        return place.value
    return f"{paths.join(target, place.value)}.id"

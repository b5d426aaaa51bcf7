"""What a widget of a dashboard shows: totals under the reader's rights, each with the list behind it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from ostiary.dashboards import public as dashboards
from ostiary.objects.public import Column, ColumnType
from ostiary.pages._captions import column_of
from ostiary.pages._cells import NUMERIC, plain_words
from ostiary.pages._choices import OptionNames
from ostiary.pages._filters import read_filters
from ostiary.pages._reader import Reader, readable
from ostiary.pages._stages import stages_of
from ostiary.pages._state import ALL, Condition, ListState, read_state
from ostiary.records import public as records
from ostiary.records.public import Function, Group, Key, Measure, ObjectView, Period
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _

_BLANK = records.Op.IS_NULL.value
_MONTHS = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}
MOST_SERIES = 6  # colours that are told apart


@dataclass(frozen=True, slots=True)
class Asked:
    """A widget as it was understood for this reader. left_out: conditions that are not open to them."""

    view: ObjectView
    state: ListState
    filter: records.Filter | None
    measure: Measure
    groups: tuple[Group, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. value: None where it is kept back or there is none. url: the records behind it."""

    label: str
    value: float | None
    text: str
    url: str
    series: str = ""


class Closed(Exception):
    """The reader may not read what the widget is about. The argument says what, in words."""


def understand(reader: Reader, widget: dashboards.Widget) -> Asked:
    """Raises Closed."""
    view = reader.views.get(widget.object)
    if view is None:
        raise Closed(_("You may not read these records (layer 2, object)."))
    state = read_state(parse_qs(widget.filter, keep_blank_values=True))
    filtering = read_filters(reader, view, state, OptionNames(reader))
    groups = [dashboards.read_group(g) for g in (widget.group, widget.split) if g]
    measure = dashboards.read_measure(widget.measure)
    for code in (measure.column, *(group.column for group in groups)):
        if code and not readable(view, code):
            known = view.object.columns.get(code)
            told = {"field": known.caption if known else code}
            raise Closed(_("You may not read %(field)s (layer 4, field).") % told)
    return Asked(view, state, filtering.filter, measure, tuple(groups), filtering.errors)


def total(reader: Reader, asked: Asked) -> Figure:
    """One figure of all records."""
    found = _totals(reader, asked, (), 1)
    value = found.cells[0].values[0] if found.cells else 0
    return Figure("", _number(value), value_words(asked, value), list_url(reader, asked))


def by_groups(reader: Reader, asked: Asked, limit: int) -> tuple[Figure, ...]:
    """A figure for each group, or each pair of groups, in the order in which they are read."""
    found = _totals(reader, asked, asked.groups, limit * (MOST_SERIES if len(asked.groups) > 1 else 1))
    figures = [(cell.keys, _figure(reader, asked, cell)) for cell in found.cells]
    order = _order(reader, asked)
    return tuple(figure for _keys, figure in sorted(figures, key=lambda f: order(f[0][0])))


def list_url(reader: Reader, asked: Asked, *more: Condition) -> str:
    """The list of the records behind a figure."""
    state = asked.state.first_page(conditions=(*asked.state.conditions, *more))
    if state.content == ListState():
        state = replace(state, view=ALL)  # not the view that would open by itself
    return reader.urls.records(asked.view.object.code, state.query())


def value_words(asked: Asked, value: Any) -> str:
    """The figure in words; money and decimals as their column has them."""
    if value is None:
        return _("none")
    column = asked.view.object.columns.get(asked.measure.column)
    if column is None or column.type not in NUMERIC or asked.measure.function is Function.COUNT_DISTINCT:
        return words.number(Decimal(str(value)))
    return words.number(Decimal(str(value)), 2 if asked.measure.function is Function.AVG else column.scale)


def _totals(reader: Reader, asked: Asked, groups: tuple[Group, ...], limit: int) -> records.Aggregate:
    dated = bool(groups) and groups[0].period is not None
    sort = records.Sort(groups[0].name if dated else asked.measure.name, descending=True)
    zone = reader.zone.key if isinstance(reader.zone, ZoneInfo) else "UTC"
    query = records.AggregateQuery(
        asked.view.object.code,
        (asked.measure,),
        groups,
        asked.filter,
        (sort,) if groups else (),
        max(1, limit),
        zone,
    )
    return records.aggregate_records(reader.ctx, query)


def _figure(reader: Reader, asked: Asked, cell: records.Cell) -> Figure:
    labels = [_label(reader, asked, *pair) for pair in zip(asked.groups, cell.keys, strict=True)]
    conditions: list[Condition] = []
    for group, key in zip(asked.groups, cell.keys, strict=True):
        conditions += _conditions(group, key)
    value = cell.values[0]
    text = _("kept back: too few records") if cell.suppressed[0] else value_words(asked, value)
    hidden = any(key.restricted for key in cell.keys)
    url = "" if hidden else list_url(reader, asked, *conditions)
    return Figure(labels[0], _number(value), text, url, labels[1] if len(labels) > 1 else "")


def _number(value: Any) -> float | None:
    return None if value is None or isinstance(value, str | dt.date) else float(value)


def _column(asked: Asked, code: str) -> Column:
    return column_of(asked.view.object, code)


def _label(reader: Reader, asked: Asked, group: Group, key: Key) -> str:
    if key.restricted:
        return _("Restricted")
    if key.value is None:
        return _("empty")
    column = _column(asked, group.column)
    if group.period is not None:
        return _period_words(group.period, dt.date.fromisoformat(str(key.value)[:10]))
    if column.type is ColumnType.CHOICE:
        return next((c.caption for c in column.choices if c.code == key.value), str(key.value))
    if column.type is ColumnType.BOOLEAN:
        return _("Yes") if key.value else _("No")
    return key.display or plain_words(column, key.value) or _("no name")


def _period_words(period: Period, first: dt.date) -> str:
    match period:
        case Period.YEAR:
            return str(first.year)
        case Period.QUARTER:
            return _("Q%(number)d %(year)d") % {"number": (first.month + 2) // 3, "year": first.year}
        case Period.MONTH:
            return words.month(first)
        case Period.WEEK:
            return _("week of %(day)s") % {"day": words.day(first)}
    return words.day(first)


def _conditions(group: Group, key: Key) -> list[Condition]:
    """What a list is narrowed to by one key."""
    if key.value is None:
        return [Condition(group.column, _BLANK, "")]
    if group.period is not None:
        first = dt.date.fromisoformat(str(key.value)[:10])
        after = _next(group.period, first)
        return [
            Condition(group.column, records.Op.GE.value, _day_text(first)),
            Condition(group.column, records.Op.LT.value, _day_text(after)),
        ]
    value = "yes" if key.value is True else "no" if key.value is False else str(key.value)
    return [Condition(group.column, records.Op.EQ.value, value)]


def _day_text(day: dt.date) -> str:
    return day.isoformat()


def _next(period: Period, first: dt.date) -> dt.date:
    if months := _MONTHS.get(period):
        month = first.month - 1 + months
        return dt.date(first.year + month // 12, month % 12 + 1, 1)
    return first + dt.timedelta(days=7 if period is Period.WEEK else 1)


def _order(reader: Reader, asked: Asked) -> Any:
    """Stages and choices as they follow each other, periods by time, others by their figure."""
    group = asked.groups[0]
    if group.period is not None:
        return lambda key: (key.value is not None, str(key.value))
    column = _column(asked, group.column)
    places: Sequence[str] = ()
    if asked.view.object.layout.stage == group.column:
        places = [stage.value for stage in stages_of(reader, asked.view)]
    elif column.type is ColumnType.CHOICE:
        places = [choice.code for choice in column.choices]
    known = {value: place for place, value in enumerate(places)}
    return lambda key: known.get(str(key.value), len(known))

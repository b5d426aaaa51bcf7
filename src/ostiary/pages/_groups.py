"""A list in groups: each with its number of records and its sums, a few of them open with their records."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ostiary.objects.public import ColumnType
from ostiary.pages._cells import EMPTY, RESTRICTED, Cell
from ostiary.pages._fields import FieldAt, find_field, offers
from ostiary.pages._operators import Is
from ostiary.pages._reader import Reader
from ostiary.pages._state import MOST_CONDITIONS, Condition, ListState
from ostiary.records import public as records
from ostiary.records.public import And, Compare, Filter, ObjectView, Op, Or, Period
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import later
from ostiary.ui.values import Option

BLANK, CLOSED = "-", "~"  # keys of the group without a value, and of none: all are folded
_RESTRICTED = "!"
_KINDS = frozenset({ColumnType.CHOICE, ColumnType.LOOKUP, ColumnType.OWNER, ColumnType.BOOLEAN})
_DATES = frozenset({ColumnType.DATE, ColumnType.INSTANT})
_PERIODS = {
    Period.WEEK: later("%(field)s by week"),
    Period.MONTH: later("%(field)s by month"),
    Period.QUARTER: later("%(field)s by quarter"),
    Period.YEAR: later("%(field)s by year"),
}
_OPEN_AT_FIRST = 2
_MOST_GROUPS = 100


@dataclass(frozen=True, slots=True)
class Grouping:
    """What a list is grouped by."""

    field: FieldAt
    period: Period | None = None

    @property
    def label(self) -> str:
        """In words: "Stage", "Close date by month"."""
        return (
            self.field.caption
            if self.period is None
            else _(_PERIODS[self.period]) % {"field": self.field.caption}
        )


@dataclass(frozen=True, slots=True)
class Group:
    """One group. key: in links; "" where it cannot be opened. filter: its records among those of the list."""

    key: str
    cell: Cell
    count: int
    figures: tuple[Cell, ...]
    filter: Filter | None
    condition: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups in order. others: groups and records beyond those that are shown."""

    groups: tuple[Group, ...]
    others: records.Others
    records: int


def groupings(reader: Reader, view: ObjectView) -> list[tuple[str, tuple[Option, ...]]]:
    """What may be grouped by, under captions."""
    found = []
    for offer in offers(reader, view):
        options = [option for field in offer.fields for option in _options(field)]
        if options:
            found.append((offer.caption if offer.path else "", tuple(options)))
    return found


def _options(field: FieldAt) -> list[Option]:
    kind = field.column.type
    if kind in _KINDS:
        return [Option(field.path, field.caption)]
    if kind in _DATES:
        return [Option(f"{field.path}:{period}", Grouping(field, period).label) for period in _PERIODS]
    return []


def read_grouping(reader: Reader, view: ObjectView, text: str) -> Grouping | None:
    """What `path` or `path:period` groups by; None: nothing, or nothing that the reader may read."""
    path, _colon, unit = text.partition(":")
    field = find_field(reader, view, path) if path else None
    if field is None or not field.readable:
        return None
    if field.column.type in _KINDS and not unit:
        return Grouping(field)
    period = Period(unit) if unit in set(Period) else None
    return Grouping(field, period) if field.column.type in _DATES and period in _PERIODS else None


def read_groups(
    reader: Reader,
    code: str,
    grouping: Grouping,
    node: Filter | None,
    sums: list[FieldAt],
    tones: Mapping[str, str],
) -> Groups:
    """The groups of the records that fit `node`, with the sums of columns."""
    found = records.aggregate_records(
        reader.ctx,
        records.AggregateQuery(
            code,
            measures=(records.Measure(records.Function.COUNT), *sum_measures(sums)),
            groups=(records.Group(grouping.field.path, grouping.period),),
            filter=node,
            limit=_MOST_GROUPS,
            time_zone=getattr(reader.zone, "key", "UTC"),
        ),
    )
    groups = [_group(reader, grouping, cell, sums, tones) for cell in found.cells]
    if tones:  # stages stand in their own order
        places = {key: n for n, key in enumerate(tones)}
        groups.sort(key=lambda group: places.get(group.key, len(places)))
    return Groups(tuple(groups), found.others, found.records)


def sum_measures(sums: list[FieldAt]) -> tuple[records.Measure, ...]:
    """The sums to ask for."""
    return tuple(records.Measure(records.Function.SUM, field.path) for field in sums)


def figure(field: FieldAt, value: Any, *, suppressed: bool) -> Cell:
    """A sum in words; one that rests on too few values is not told."""
    if suppressed:
        return Cell("text", "…", title=_("Not told: it rests on too few records"))
    return EMPTY if value is None else Cell("text", words.number(value, field.column.scale))


def opened(groups: Groups, state: ListState) -> tuple[str, ...]:
    """The keys of the groups that show their records: those asked for, else the first ones."""
    if state.opened:
        return state.opened
    return tuple(group.key for group in groups.groups if group.key)[:_OPEN_AT_FIRST]


def toggled(groups: Groups, state: ListState, key: str) -> ListState:
    """The list with one group opened or folded."""
    now = [each for each in opened(groups, state) if each != CLOSED]
    after = [each for each in now if each != key] if key in now else [*now, key]
    return state.first_page(opened=tuple(after) or (CLOSED,))


def narrowed(state: ListState, group: Group) -> ListState | None:
    """The list of one group alone, all of it; None where no condition says so."""
    many = len(state.conditions) + len(group.condition) > MOST_CONDITIONS
    if not group.condition or many or "" in state.any_of:
        return None
    return state.other(conditions=(*state.conditions, *group.condition), grouped="", opened=())


def _group(
    reader: Reader,
    grouping: Grouping,
    cell: records.Cell,
    sums: list[FieldAt],
    tones: Mapping[str, str],
) -> Group:
    key = cell.keys[0]
    figures = tuple(
        figure(field, value, suppressed=gone)
        for field, value, gone in zip(sums, cell.values[1:], cell.suppressed[1:], strict=True)
    )
    if key.restricted:
        return Group("", RESTRICTED, cell.records, figures, None, ())
    path = grouping.field.path
    if key.value is None:
        condition = () if grouping.field.reached else (Condition(path, Is.IS_NULL.value, ""),)
        return Group(BLANK, Cell("text", _("No value")), cell.records, figures, _blank(path), condition)
    if grouping.period is not None:
        return _of_period(reader, grouping, key.value, cell.records, figures)
    typed = {True: "yes", False: "no"}.get(key.value) if isinstance(key.value, bool) else str(key.value)
    return Group(
        str(key.value),
        _cell(grouping.field, key, tones),
        cell.records,
        figures,
        Compare(path, Op.EQ, key.value if isinstance(key.value, bool) else str(key.value)),
        (Condition(path, Is.EQ.value, typed or ""),),
    )


def _blank(path: str) -> Filter:
    """No value at the end of a path, or the way ends before; a way that is closed is something else."""
    steps = path.split(".")
    ends = tuple(Compare(".".join(steps[:n]), Op.IS_NULL) for n in range(1, len(steps) + 1))
    return Or(ends) if len(ends) > 1 else ends[0]


def _cell(field: FieldAt, key: records.Key, tones: Mapping[str, str]) -> Cell:
    column = field.column
    if column.type is ColumnType.CHOICE:
        choice = next((c for c in column.choices if c.code == key.value), None)
        return Cell("pill", choice.caption, tone=choice.tone) if choice else Cell("text", str(key.value))
    if column.type is ColumnType.BOOLEAN:
        return Cell("text", _("Yes") if key.value else _("No"))
    name = key.display or _("no name")
    if column.type is ColumnType.OWNER:
        return Cell("person", name)
    tone = tones.get(str(key.value))
    return Cell("pill", name, tone=tone) if tone else Cell("text", name)


def _of_period(
    reader: Reader, grouping: Grouping, first: dt.date, count: int, figures: tuple[Cell, ...]
) -> Group:
    path, period = grouping.field.path, grouping.period
    after = _next(first, period)
    if grouping.field.column.type is ColumnType.DATE:
        start, end = first.isoformat(), after.isoformat()
        typed = (start, end)
    else:
        at = [dt.datetime.combine(day, dt.time(), reader.zone) for day in (first, after)]
        start, end = (each.astimezone(dt.UTC).isoformat() for each in at)
        typed = (f"{first.isoformat()}T00:00", f"{after.isoformat()}T00:00")
    within = And((Compare(path, Op.GE, start), Compare(path, Op.LT, end)))
    return Group(
        first.isoformat(),
        Cell("text", _period_words(first, period)),
        count,
        figures,
        within,
        (Condition(path, Is.GE.value, typed[0]), Condition(path, Is.LT.value, typed[1])),
    )


def _next(first: dt.date, period: Period | None) -> dt.date:
    if period is Period.WEEK:
        return first + dt.timedelta(days=7)
    months = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}[period or Period.MONTH]
    at = first.year * 12 + first.month - 1 + months
    return dt.date(at // 12, at % 12 + 1, 1)


def _period_words(first: dt.date, period: Period | None) -> str:
    if period is Period.WEEK:
        return _("Week of %(day)s") % {"day": words.day(first)}
    if period is Period.YEAR:
        return str(first.year)
    if period is Period.QUARTER:
        return _("Quarter %(n)s of %(year)s") % {"n": (first.month + 2) // 3, "year": first.year}
    return words.month(first)

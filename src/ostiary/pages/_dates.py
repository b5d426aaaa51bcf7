"""The dates that a calendar goes by: which columns, what they hold where the reader is, how they move."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.objects.public import Column, ColumnType
from ostiary.pages._fields import FieldAt, find_field, own_fields
from ostiary.pages._reader import Json, Reader
from ostiary.records.public import And, Compare, Filter, ObjectView, Op, Or

_DATES = frozenset({ColumnType.DATE, ColumnType.INSTANT})
_MORNING = "T09:00"  # when something begins that is added on a day


@dataclass(frozen=True, slots=True)
class Dates:
    """The columns: when a record begins and, where that is known, when it ends."""

    start: FieldAt
    end: FieldAt | None


def date_fields(view: ObjectView) -> list[FieldAt]:
    """The columns that a calendar may go by: dates and times of the object's own that may be read."""
    return [f for f in own_fields(view) if f.column.type in _DATES and f.column.code in view.object.columns]


def dates_of(reader: Reader, view: ObjectView, start: str = "", end: str = "") -> Dates | None:
    """The columns asked for; else those that the order and the declaration suggest; None: there are none.

    Where every record has a start, the column of its kind that is declared right after it is its end.
    """
    offered = {field.path: field for field in date_fields(view)}
    first = _asked_for(reader, view, start, offered) or _usual(view, offered)
    if first is None:
        return None
    fits = {p: f for p, f in offered.items() if f.column.type is first.column.type and p != first.path}
    if start or end:
        return Dates(first, _asked_for(reader, view, end, fits))
    codes = list(view.object.columns)
    after = codes[codes.index(first.path) + 1 :][:1]
    return Dates(first, fits.get(after[0]) if after and first.column.required else None)


def _asked_for(reader: Reader, view: ObjectView, path: str, offered: Mapping[str, FieldAt]) -> FieldAt | None:
    field = find_field(reader, view, path) if path else None
    return None if field is None else offered.get(field.path)


def _usual(view: ObjectView, offered: Mapping[str, FieldAt]) -> FieldAt | None:
    """What the list has its order by, what every record has, what the list shows, then any."""
    layout = view.object.layout
    ordered = (key.removeprefix("-") for key in layout.default_sort)
    by_sort = [offered[path] for path in ordered if path in offered]
    needed = [field for field in offered.values() if field.column.required]
    listed = [offered[path] for path in layout.list_columns if path in offered]
    return next(iter([*by_sort, *needed, *listed, *offered.values()]), None)


def within(reader: Reader, dates: Dates, first: dt.date, after: dt.date) -> Filter:
    """What begins between two days of the reader's, or has begun and not ended before them."""
    start, end = dates.start, dates.end
    since, until = (_stored(reader, start.column, day) for day in (first, after))
    begins = Compare(start.path, Op.GE, since)
    lasts: Filter = begins if end is None else Or((begins, Compare(end.path, Op.GE, since)))
    return And((Compare(start.path, Op.LT, until), lasts))


def _stored(reader: Reader, column: Column, day: dt.date) -> str:
    if column.type is ColumnType.DATE:
        return day.isoformat()
    return dt.datetime.combine(day, dt.time(), reader.zone).astimezone(dt.UTC).isoformat()


def local_time(reader: Reader, column: Column, value: Json) -> dt.datetime | None:
    """A stored value where the reader is; a date is its midnight."""
    if value is None or isinstance(value, dict):  # masked
        return None
    at = dt.datetime.fromisoformat(value)
    return at.astimezone(reader.zone) if column.type is ColumnType.INSTANT else at


def shifted(reader: Reader, column: Column, value: Json, days: int) -> Json:
    """A stored value some days later, at the same time of day where the reader is. Raises OverflowError."""
    at = local_time(reader, column, value)
    if at is None:
        return value
    day = at.date() + dt.timedelta(days=days)
    if column.type is ColumnType.DATE:
        return day.isoformat()
    return dt.datetime.combine(day, at.time(), reader.zone).astimezone(dt.UTC).isoformat()


def typed_day(column: Column, day: dt.date) -> str:
    """A day as the form of a new record takes it."""
    return day.isoformat() + ("" if column.type is ColumnType.DATE else _MORNING)

"""Spans of days that move with the calendar: `this_month`, `last_7_days`, `next_2_quarters`, `overdue`.

A span of weeks, months, quarters or years is whole ones of the calendar, weeks from Monday: `next_2_quarters`
are the two after the present one. `last_7_days` ends with today and `next_7_days` begins with it.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_FIRST, _LAST = date(1, 1, 1), date(9999, 12, 31)
_NEAR = {"yesterday": -1, "today": 0, "tomorrow": 1}
_UNIT = "day|week|month|quarter|year"
_PRESENT = re.compile(rf"(this|last|next)_({_UNIT})")
_MANY = re.compile(rf"(last|next)_([1-9]\d{{0,2}})_({_UNIT})s")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@cache
def time_zones() -> frozenset[str]:
    """Names that every database knows too."""
    return frozenset(available_timezones()) - {"localtime"}


def days_of(text: str, now: datetime) -> tuple[date, date]:
    """The first day of a span and the first one after it, on the calendar of `@zone`, else UTC.

    Raises: ValueError: no such span or zone.
    """
    name, today = _read(text, now)
    if name == "overdue":
        return _FIRST, today
    if name == "upcoming":
        return today + timedelta(days=1), _LAST
    if name in _NEAR:
        first = today + timedelta(days=_NEAR[name])
        return first, first + timedelta(days=1)
    if found := _PRESENT.fullmatch(name):
        start = _start(today, found[2])
        return _around(start, found[2], {"this": 0, "last": -1, "next": 1}[found[1]], 1)
    if found := _MANY.fullmatch(name):
        return _many(today, found[1], int(found[2]), found[3])
    raise ValueError(text)


def instants_of(text: str, now: datetime) -> tuple[datetime, datetime]:
    """The same as instants: midnights in the zone; overdue is before now, upcoming after it."""
    first, after = days_of(text, now)
    zone = _zone(text)
    start = datetime.combine(max(first, date(1, 1, 3)), time(), zone).astimezone(UTC)
    end = datetime.combine(min(after, date(9999, 12, 29)), time(), zone).astimezone(UTC)
    name = text.partition("@")[0]
    return (now if name == "upcoming" else start), (now if name == "overdue" else end)


def _read(text: str, now: datetime) -> tuple[str, date]:
    return text.partition("@")[0], now.astimezone(_zone(text)).date()


def _zone(text: str) -> ZoneInfo:
    name = text.partition("@")[2] or "UTC"
    if name not in time_zones():
        raise ValueError(text)
    return ZoneInfo(name)


def _start(day: date, unit: str) -> date:
    """The first day of the unit that `day` lies in."""
    if unit == "day":
        return day
    if unit == "week":
        return day - timedelta(days=day.weekday())
    months = _MONTHS[unit]
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)


def _around(start: date, unit: str, offset: int, many: int) -> tuple[date, date]:
    return _later(start, unit, offset), _later(start, unit, offset + many)


def _later(start: date, unit: str, many: int) -> date:
    if unit in ("day", "week"):
        return start + timedelta(days=many * (7 if unit == "week" else 1))
    months = start.year * 12 + start.month - 1 + many * _MONTHS[unit]
    return date(months // 12, months % 12 + 1, 1)


def _many(today: date, way: str, many: int, unit: str) -> tuple[date, date]:
    if unit == "day":
        return _around(today, unit, 1 - many if way == "last" else 0, many)
    return _around(_start(today, unit), unit, -many if way == "last" else 1, many)

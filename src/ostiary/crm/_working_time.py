"""Working time as values: a calendar with its zone, days and holidays, and instants on it. Nothing is asked.

What the terms mean is said in docs/reference/crm.md.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Hours = tuple[tuple[time, time], ...]  # of one day, ascending, none over midnight
Span = tuple[datetime, datetime]  # from <= t < to
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LONGEST_DAYS = 3_660  # ten years: a calendar without working time ends the search
_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*(24:00|(?:[01]?\d|2[0-3]):[0-5]\d)")
MIDNIGHT = "24:00"
LAST = time(23, 59, 59, 999_999)  # stands for the end of a day


@dataclass(frozen=True, slots=True)
class Calendar:
    """When work is done. week: hours by weekday, from Monday. days: hours of single days, () on a holiday."""

    zone: ZoneInfo
    week: tuple[Hours, ...]
    days: Mapping[date, Hours] = field(default_factory=dict)

    def spans(self, day: date) -> Iterator[Span]:
        """The working time of a day, in UTC."""
        for begin, end in self.days.get(day, self.week[day.weekday()]):
            over = end == LAST
            last = datetime.combine(day + timedelta(days=1) if over else day, time(0) if over else end)
            first = datetime.combine(day, begin, self.zone)
            # in UTC, since a difference within one zone would not see the clocks change
            yield first.astimezone(UTC), last.replace(tzinfo=self.zone).astimezone(UTC)

    def from_day(self, start: datetime) -> Iterator[tuple[date, tuple[Span, ...]]]:
        """Working days from the one of an instant on, with their time."""
        day = start.astimezone(self.zone).date()
        for number in range(LONGEST_DAYS):
            spans = tuple(self.spans(day + timedelta(days=number)))
            if spans:
                yield day + timedelta(days=number), spans


_DAY: Hours = ((time(9), time(18)),)
DEFAULT = Calendar(ZoneInfo("UTC"), (_DAY, _DAY, _DAY, _DAY, _DAY, (), ()))


class BadHours(ValueError):
    """A text that tells no hours of a day."""


def read_hours(text: str | None) -> Hours:
    """The hours of a text such as `09:00-13:00, 14:00-18:00`; an empty one is a day off. Raises BadHours."""
    found: list[tuple[time, time]] = []
    for part in (p.strip() for p in (text or "").split(",")):
        if not part:
            continue
        match = _HOURS.fullmatch(part)
        if match is None:
            raise BadHours(f"{part[:20]!r} is no time such as 09:00-17:30")
        begin = time(int(match[1]), int(match[2]))
        end = LAST if match[3] == MIDNIGHT else time.fromisoformat(match[3].zfill(5))
        if end <= begin or (found and begin < found[-1][1]):
            raise BadHours("times of a day follow each other")
        found.append((begin, end))
    return tuple(found)


def add_working(
    calendar: Calendar, start: datetime, amount: timedelta, pauses: Sequence[Span]
) -> datetime | None:
    """When `amount` of working time has passed since `start`, without pauses. None: never."""
    left = amount
    for _, spans in calendar.from_day(start):
        for begin, end in running(spans, start, pauses):
            if end - begin >= left:
                return begin + left
            left -= end - begin
    return None


def add_days(calendar: Calendar, start: datetime, days: int, pauses: Sequence[Span]) -> datetime | None:
    """The end of the last of so many working days. None: never.

    A day counts if it began after `start`; a day of which a part was paused is used up and does not count.
    """
    left = days
    for _, spans in calendar.from_day(start):
        begin, end = spans[0][0], spans[-1][1]
        if begin < start or any(since < end and until > begin for since, until in pauses):
            continue
        left -= 1
        if left <= 0:
            return end
    return None


def add_elapsed(start: datetime, amount: timedelta, pauses: Sequence[Span]) -> datetime:
    """When `amount` of any time has passed since `start`, without pauses."""
    due = start + amount
    for since, until in united(pauses):
        begin = max(since, start)
        if begin < due and until > begin:
            due += until - begin
    return due


def running(spans: Iterable[Span], start: datetime, pauses: Sequence[Span]) -> Iterator[Span]:
    """What is left of working time after `start` and without pauses."""
    for begin, end in spans:
        at = max(begin, start)
        for since, until in united(pauses):
            if until <= at or since >= end:
                continue
            if since > at:
                yield at, since
            at = max(at, until)
        if at < end:
            yield at, end


def united(pauses: Iterable[Span]) -> list[Span]:
    """The same time as spans that do not touch, in order."""
    found: list[Span] = []
    for since, until in sorted(p for p in pauses if p[1] > p[0]):
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((since, until))
    return found

"""When a case is to be answered and resolved: pure functions of what is known of it (reference/crm.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ostiary.crm._working_time import (
    DEFAULT,
    LONGEST_DAYS,
    Calendar,
    Span,
    add_days,
    add_elapsed,
    add_working,
)


class Unit(StrEnum):
    """What a term is counted in. A working day is a day, and never so many hours."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WORKING_MINUTES = "working_minutes"
    WORKING_HOURS = "working_hours"
    WORKING_DAYS = "working_days"


_MINUTES = {
    Unit.MINUTES: 1,
    Unit.HOURS: 60,
    Unit.DAYS: 1440,
    Unit.WORKING_MINUTES: 1,
    Unit.WORKING_HOURS: 60,
}
_ELAPSED = frozenset({Unit.MINUTES, Unit.HOURS, Unit.DAYS})


@dataclass(frozen=True, slots=True)
class Term:
    """So much of a unit."""

    amount: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Source:
    """What one strategy knows: a service of an agreement, a service, a priority. A term may be missing."""

    response: Term | None = None
    resolution: Term | None = None


def due(start: datetime, term: Term, calendar: Calendar, pauses: Sequence[Span] = ()) -> datetime | None:
    """When a term ends that began at `start`. None: the calendar has no such time in ten years.

    pauses: spans in which the clock stood. Terms in elapsed units do not look at the calendar.
    """
    if term.unit is Unit.WORKING_DAYS:
        return add_days(calendar, start, min(max(term.amount, 1), LONGEST_DAYS), pauses)
    amount = timedelta(minutes=min(term.amount * _MINUTES[term.unit], LONGEST_DAYS * 1440))
    if term.unit in _ELAPSED:
        return add_elapsed(start, amount, pauses)
    return add_working(calendar, start, amount, pauses)


def deadlines(
    registered: datetime,
    strategy: Sequence[Source],
    calendars: Sequence[Calendar | None] = (),
    pauses: Sequence[Span] = (),
) -> tuple[datetime | None, datetime | None]:
    """(respond by, resolve by). Each is taken from the first source that has it, by itself; none: empty.

    calendars: the first that is there counts, else Monday to Friday, nine to six. An answer is due whatever
    stands still: pauses are of the resolution.
    """
    calendar = next((c for c in calendars if c is not None), DEFAULT)
    response = next((s.response for s in strategy if s.response is not None), None)
    resolution = next((s.resolution for s in strategy if s.resolution is not None), None)
    return (
        None if response is None else due(registered, response, calendar),
        None if resolution is None else due(registered, resolution, calendar, pauses),
    )


def read_term(amount: object, unit: object) -> Term | None:
    """A term as it is stored; nothing where no amount is given."""
    if not isinstance(amount, int) or amount <= 0:
        return None
    return Term(amount, Unit(str(unit)) if unit in set(Unit) else Unit.MINUTES)


def read_source(row: Mapping[str, object]) -> Source:
    """What a stored row says: `response` and `resolution`, each with its unit."""
    return Source(
        read_term(row.get("response"), row.get("response_unit")),
        read_term(row.get("resolution"), row.get("resolution_unit")),
    )

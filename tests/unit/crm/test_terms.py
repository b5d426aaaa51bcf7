"""Terms of cases: the published examples, calendars with holidays and zones, pauses, strategies."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from ostiary.crm import public as crm
from ostiary.crm.public import Calendar, Source, Term, Unit

MONDAY = datetime(2026, 11, 30, 10, tzinfo=UTC)  # ten o'clock
NINE_TO_SIX = ((time(9), time(18)),)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of that week: day 0 is the Monday."""
    return datetime(2026, 11, 30, hour, minute, tzinfo=UTC) + timedelta(days=day)


@pytest.mark.parametrize(
    ("amount", "unit", "expected"),
    [
        (1, Unit.WORKING_HOURS, at(0, 11)),
        (3, Unit.WORKING_HOURS, at(0, 13)),
        (30, Unit.WORKING_MINUTES, at(0, 10, 30)),
        (2, Unit.WORKING_HOURS, at(0, 12)),
        (4, Unit.WORKING_HOURS, at(0, 14)),
        (1, Unit.WORKING_DAYS, at(1, 18)),
        (9, Unit.WORKING_HOURS, at(1, 10)),
        (5, Unit.WORKING_DAYS, at(7, 18)),  # over the weekend
        (90, Unit.MINUTES, at(0, 11, 30)),
        (20, Unit.HOURS, at(1, 6)),
        (6, Unit.DAYS, at(6, 10)),  # a Sunday: elapsed days do not look at the calendar
    ],
)
def test_terms_of_the_published_examples(amount: int, unit: Unit, expected: datetime) -> None:
    assert crm.due(MONDAY, Term(amount, unit), crm.DEFAULT_CALENDAR) == expected


def test_a_working_day_that_has_not_begun_counts_and_one_that_has_does_not() -> None:
    day = Term(1, Unit.WORKING_DAYS)
    assert crm.due(at(0, 8), day, crm.DEFAULT_CALENDAR) == at(0, 18)
    assert crm.due(at(0, 9, 1), day, crm.DEFAULT_CALENDAR) == at(1, 18)
    assert crm.due(at(4, 20), day, crm.DEFAULT_CALENDAR) == at(7, 18)


def test_holidays_lunch_and_the_zone_of_the_calendar_count() -> None:
    split = ((time(9), time(12)), (time(13), time(17)))
    week = (split,) * 5 + ((), ())
    calendar = Calendar(ZoneInfo("Europe/Berlin"), week, {date(2026, 12, 1): ()})
    start = datetime(2026, 11, 30, 10, 30, tzinfo=UTC)  # half past eleven in Berlin
    assert crm.due(start, Term(1, Unit.WORKING_HOURS), calendar) == datetime(2026, 11, 30, 12, 30, tzinfo=UTC)
    late = crm.due(start, Term(5, Unit.WORKING_HOURS), calendar)
    assert late == datetime(2026, 12, 2, 8, 30, tzinfo=UTC)  # Tuesday is a holiday
    never = Calendar(ZoneInfo("UTC"), ((),) * 7)
    assert crm.due(start, Term(1, Unit.WORKING_HOURS), never) is None


def test_clocks_that_change_keep_the_hours_of_the_calendar() -> None:
    calendar = Calendar(ZoneInfo("Europe/Berlin"), (NINE_TO_SIX,) * 7)
    before = datetime(2026, 10, 24, 15, tzinfo=UTC)  # five in summer time; the clocks go back in that night
    assert crm.due(before, Term(2, Unit.WORKING_HOURS), calendar) == datetime(2026, 10, 25, 9, tzinfo=UTC)


def test_pauses_stop_the_clock_of_the_resolution_and_not_of_the_response() -> None:
    strategy = [Source(Term(2, Unit.WORKING_HOURS), Term(4, Unit.WORKING_HOURS))]
    paused = [(at(0, 11), at(0, 13)), (at(0, 12), at(0, 12, 30))]
    assert crm.deadlines(MONDAY, strategy) == (at(0, 12), at(0, 14))
    assert crm.deadlines(MONDAY, strategy, pauses=paused) == (at(0, 12), at(0, 16))
    overnight = [(at(0, 17), at(1, 10))]
    assert crm.due(at(0, 16), Term(2, Unit.WORKING_HOURS), crm.DEFAULT_CALENDAR, overnight) == at(1, 11)
    assert crm.due(MONDAY, Term(61, Unit.MINUTES), crm.DEFAULT_CALENDAR, paused) == at(0, 13, 1)
    # a working day that was paused is used up as a whole
    day = Term(1, Unit.WORKING_DAYS)
    assert crm.due(MONDAY, day, crm.DEFAULT_CALENDAR, [(at(1, 10), at(1, 11))]) == at(2, 18)
    assert crm.due(MONDAY, day, crm.DEFAULT_CALENDAR, paused) == at(1, 18)


def test_each_term_comes_from_the_first_source_that_has_it() -> None:
    agreement = Source(None, Term(1, Unit.WORKING_DAYS))
    service = Source(Term(1, Unit.WORKING_HOURS), Term(2, Unit.WORKING_HOURS))
    assert crm.deadlines(MONDAY, [agreement, service]) == (at(0, 11), at(1, 18))
    assert crm.deadlines(MONDAY, []) == (None, None)


@pytest.mark.parametrize("text", ["9-17", "09:00-08:00", "09:00-12:00, 11:00-13:00", "25:00-26:00", "x"])
def test_hours_are_read_strictly(text: str) -> None:
    assert crm.read_hours("09:00-13:00, 14:00-24:00")[0] == (time(9), time(13))
    assert crm.read_hours("") == ()
    with pytest.raises(crm.BadHours):
        crm.read_hours(text)

"""Spans of days: whole units of the calendar, side by side, whatever the day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.records._spans import days_of, instants_of

UNITS = ("day", "week", "month", "quarter", "year")
NOW = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)  # a Monday
moments = st.integers(-300_000, 300_000).map(lambda days: NOW + timedelta(days=days))


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("today", date(2026, 11, 30), date(2026, 12, 1)),
        ("yesterday", date(2026, 11, 29), date(2026, 11, 30)),
        ("tomorrow", date(2026, 12, 1), date(2026, 12, 2)),
        ("this_week", date(2026, 11, 30), date(2026, 12, 7)),
        ("last_month", date(2026, 10, 1), date(2026, 11, 1)),
        ("this_quarter", date(2026, 10, 1), date(2027, 1, 1)),
        ("next_2_quarters", date(2027, 1, 1), date(2027, 7, 1)),
        ("last_3_years", date(2023, 1, 1), date(2026, 1, 1)),
        ("last_7_days", date(2026, 11, 24), date(2026, 12, 1)),
        ("next_7_days", date(2026, 11, 30), date(2026, 12, 7)),
        ("overdue", date(1, 1, 1), date(2026, 11, 30)),
        ("upcoming", date(2026, 12, 1), date(9999, 12, 31)),
        ("today@Asia/Tokyo", date(2026, 12, 1), date(2026, 12, 2)),
    ],
)
def test_spans(text: str, first: date, after: date) -> None:
    assert days_of(text, NOW) == (first, after)


@pytest.mark.parametrize(
    "text",
    ["soon", "last_0_days", "last_1000_days", "last_7_day", "this_2_weeks", "today@Mars/Base"],
)
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        days_of(text, NOW)


@given(moments, st.sampled_from(UNITS))
def test_last_this_and_next_lie_side_by_side(now: datetime, unit: str) -> None:
    last, this, following = (days_of(f"{which}_{unit}", now) for which in ("last", "this", "next"))
    assert last[1] == this[0] <= now.date() < this[1] == following[0]


@given(moments, st.sampled_from(UNITS[1:]), st.integers(1, 999))
def test_many_units_reach_to_the_present_one(now: datetime, unit: str, many: int) -> None:
    this = days_of(f"this_{unit}", now)
    assert days_of(f"last_{many}_{unit}s", now)[1] == this[0]
    assert days_of(f"next_{many}_{unit}s", now)[0] == this[1]


@given(moments, st.integers(1, 999))
def test_many_days_hold_today(now: datetime, many: int) -> None:
    for way in ("last", "next"):
        first, after = days_of(f"{way}_{many}_days", now)
        assert first <= now.date() < after
        assert after - first == timedelta(days=many)


def test_instants_are_midnights_of_the_zone_and_overdue_ends_now() -> None:
    start, end = instants_of("today@Asia/Tokyo", NOW)
    assert (start, end - start) == (datetime(2026, 11, 30, 15, tzinfo=UTC), timedelta(days=1))
    assert instants_of("overdue", NOW)[1] == NOW == instants_of("upcoming", NOW)[0]
    assert instants_of("overdue@Asia/Tokyo", NOW)[0] < NOW < instants_of("upcoming@America/New_York", NOW)[1]

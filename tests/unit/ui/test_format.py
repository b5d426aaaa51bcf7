from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from ostiary.ui import format as words
from ostiary.ui import i18n

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [
        (486000, None, "486,000"),
        (Decimal("486000.00"), 2, "486,000"),
        (Decimal("1234.5"), 2, "1,234.50"),
        (12.5, None, "12.5"),
        (-3, None, "-3"),
        (0, 2, "0"),
        (Decimal("0.001"), 2, "0"),
    ],
)
def test_numbers(value: Decimal, scale: int | None, text: str) -> None:
    assert words.number(value, scale) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (1234, "1.2 kB"),
        (412_345, "412 kB"),
        (999_960, "1 MB"),
        (25_000_000, "25 MB"),
        (5_000_000_000_000, "5,000 GB"),
    ],
)
def test_sizes_are_in_units_of_a_thousand(count: int, text: str) -> None:
    assert words.size(count) == text


def test_days_and_instants_are_in_words_and_in_the_readers_zone() -> None:
    late = datetime(2026, 12, 13, 23, 30, tzinfo=UTC)
    assert words.day(date(2026, 12, 14)) == "14 Dec 2026"
    assert words.instant(late, BERLIN) == "14 Dec 2026, 00:30"
    assert words.instant(late, UTC) == "13 Dec 2026, 23:30"


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 11, 23, 8, 41, tzinfo=UTC), "Today 09:41"),
        (datetime(2026, 11, 22, 23, 30, tzinfo=UTC), "Today 00:30"),
        (datetime(2026, 11, 22, 16, 20, tzinfo=UTC), "Yesterday 17:20"),
        (datetime(2026, 11, 19, 8, 0, tzinfo=UTC), "19 Nov"),
        (datetime(2025, 9, 3, 8, 0, tzinfo=UTC), "3 Sep 2025"),
    ],
)
def test_moments_are_as_short_as_they_may_be(at: datetime, text: str) -> None:
    assert words.moment(at, datetime(2026, 11, 23, 12, 0, tzinfo=UTC), BERLIN) == text


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Ines Marok", "IM"), ("Helios", "HE"), ("Ana de la Cruz", "AC"), ("", "?"), ("- x", "X")],
)
def test_initials(name: str, letters: str) -> None:
    assert words.initials(name) == letters


def test_a_name_keeps_its_colours_and_lists_read_well() -> None:
    assert words.palette("Ines Marok") == words.palette("Ines Marok")
    assert {words.palette(str(n)) for n in range(50)} == set(range(1, 9))
    assert [words.listed(names) for names in ([], ["A"], ["A", "B"], ["A", "B", "C"])] == [
        "",
        "A",
        "A and B",
        "A, B and C",
    ]


def test_figures_follow_the_language() -> None:
    at, now = datetime(2026, 11, 19, 8, 0, tzinfo=UTC), datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    with i18n.use_language("de"):
        assert words.number(Decimal("12345.67"), 2) == "12.345,67"
        assert words.number(-1_234_567) == "-1.234.567"
        assert words.size(1234) == "1,2 kB"
        assert words.day(date(2026, 12, 14)) == "14. Dez. 2026"
        assert words.day(date(2026, 3, 1)) == "1. März 2026"
        assert words.month(date(2026, 12, 1)) == "Dez. 2026"
        assert words.instant(now, BERLIN) == "23. Nov. 2026, 13:00"
        assert words.moment(at, now, BERLIN) == "19. Nov."
        assert words.moment(now, now, BERLIN) == "Heute 13:00"
        assert words.listed(["A", "B", "C"]) == "A, B und C"
        assert words.within("Verkaufschancen") == "Verkaufschancen"
    assert words.within("Opportunities") == "opportunities"

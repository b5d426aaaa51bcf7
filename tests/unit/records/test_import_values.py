"""From cells to values, by the column's type."""

from decimal import Decimal
from uuid import UUID

import pytest

from ostiary.kernel.ids import ColumnId
from ostiary.objects.public import Choice, Column, ColumnType, DataClass, Retention
from ostiary.records._import_mapping import ColumnSource
from ostiary.records._import_values import BadValue, check_format, fill_template, parse_cell, same_value


def make_column(kind: ColumnType) -> Column:
    return Column(
        ColumnId(UUID(int=1)),
        "c",
        "C",
        kind,
        DataClass.INTERNAL,
        "none",
        Retention(0, "created", "keep"),
        max_length=14,
        choices=(Choice("won", "Closed won"),),
    )


def parse(kind: ColumnType, text: str, pattern: str | None = None, factor: Decimal | None = None) -> object:
    return parse_cell(make_column(kind), text, ColumnSource("c", source="s", format=pattern, factor=factor))


@pytest.mark.parametrize(
    ("kind", "good", "value", "bad"),
    [
        (ColumnType.TEXT, "01234  6789", "01234 6789", "0123456789abcde"),
        (ColumnType.INTEGER, "-12", -12, "1.5"),
        (ColumnType.INTEGER, "2822.0", 2822, "1e3"),
        (ColumnType.DECIMAL, ".5", "0.50", "NaN"),
        (ColumnType.MONEY, "1054", "1054.00", "1054.005"),
        (ColumnType.MONEY, "10.500", "10.50", "٣"),
        (ColumnType.BOOLEAN, "Yes", True, "perhaps"),
        (ColumnType.BOOLEAN, "-", False, ""),
        (ColumnType.DATE, "2016-10-20", "2016-10-20", "20.10.2016"),
        (ColumnType.INSTANT, "2016-10-20T08:00:00", "2016-10-20T08:00:00+00:00", "noon"),
        (ColumnType.CHOICE, "closed WON", "won", "lost"),
    ],
)
def test_a_good_cell_becomes_a_value_and_a_bad_one_is_refused(
    kind: ColumnType, good: str, value: object, bad: str
) -> None:
    assert parse(kind, good) == value
    with pytest.raises(BadValue):
        parse(kind, bad)


@pytest.mark.parametrize(
    ("specimen", "good", "bad"),
    [
        ("1,234.56", "12,345,678.90", "12.345.678,90"),
        ("1.234,56", "12.345.678,90", "12,345,678.90"),
        ("1 234,56", "12 345 678,90", "12 345 6,90"),
        ("1'234", "12'345'678", "12'345'678.5.1"),
        ("1234,56", "12345678,90", "12345678.90.1"),
    ],
)
def test_numbers_by_specimen(specimen: str, good: str, bad: str) -> None:
    found = parse(ColumnType.MONEY, good, specimen)
    assert Decimal(str(found)) in (Decimal("12345678.90"), Decimal(12345678))
    with pytest.raises(BadValue):
        parse(ColumnType.MONEY, bad, specimen)


def test_a_factor_is_exact() -> None:
    assert parse(ColumnType.MONEY, "1100.04", factor=Decimal(1000000)) == "1100040000.00"


def test_dates_by_pattern() -> None:
    assert parse(ColumnType.DATE, "20.10.2016", "%d.%m.%Y") == "2016-10-20"


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (ColumnType.DATE, "%d.%m.%Y", "%d.%m"),
        (ColumnType.MONEY, "1.234,56", "1.234.56"),
        (ColumnType.INTEGER, "1,234", "%d"),
    ],
)
def test_a_format_must_suit_its_column(kind: ColumnType, good: str, bad: str) -> None:
    assert check_format(make_column(kind), ColumnSource("c", format=good)) is None
    assert check_format(make_column(kind), ColumnSource("c", format=bad)) is not None
    assert check_format(make_column(ColumnType.TEXT), ColumnSource("c", format=good)) is not None
    assert check_format(make_column(ColumnType.TEXT), ColumnSource("c", factor=Decimal(2))) is not None


def test_the_first_template_with_all_its_parts_is_used() -> None:
    spec = ColumnSource("c", templates=("{a} for {b}", "{a}"))
    assert fill_template(spec, {"a": "GTX", "b": "Isdom"}) == "GTX for Isdom"
    assert fill_template(spec, {"a": "GTX", "b": ""}) == "GTX"
    assert fill_template(spec, {"a": "", "b": "Isdom"}) == ""


@pytest.mark.parametrize(
    ("kind", "stored", "same", "other"),
    [
        (ColumnType.MONEY, 1054.0, "1054", "1054.01"),
        (ColumnType.MONEY, "1054.00", "1054", "1055"),
        (ColumnType.LOOKUP, {"id": str(UUID(int=1)), "display": "X"}, str(UUID(int=1)), str(UUID(int=2))),
        (ColumnType.LOOKUP, {"restricted": True}, None, str(UUID(int=2))),
        (ColumnType.URL, "https://a.io", "a.io", "b.io"),
        (ColumnType.TEXT, "a b", " a  b", "a"),
        (
            ColumnType.INSTANT,
            "2016-10-20T10:00:00+02:00",
            "2016-10-20T08:00:00+00:00",
            "2016-10-20T10:00:00+00:00",
        ),
        (ColumnType.TEXT, None, None, "x"),
        (ColumnType.BOOLEAN, False, False, True),
    ],
)
def test_equality_is_of_meaning(kind: ColumnType, stored: object, same: object, other: object) -> None:
    if same is not None:
        assert same_value(make_column(kind), stored, same)
    assert not same_value(make_column(kind), stored, other)
    assert not same_value(make_column(ColumnType.TEXT), "x" * 15, "y" * 15)

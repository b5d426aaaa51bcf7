"""What people type becomes a typed value, or an error in words."""

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import ColumnId, TenantId, UnitId
from ostiary.objects.public import Catalogue, Choice, Column, ColumnType, DataClass, Retention
from ostiary.pages._cells import RESTRICTED, make_cell
from ostiary.pages._input import NotUnderstood, read_value, show_value
from ostiary.pages._reader import Reader, Urls
from ostiary.ui import i18n

NOBODY = UUID(int=1)


def make_reader() -> Reader:
    ctx = Context(TenantId(NOBODY), None, UnitId(NOBODY), Channel.WEB)  # type: ignore[arg-type]  # nothing is queried
    catalogue = Catalogue(1, MappingProxyType({}), ())
    return Reader(ctx, catalogue, {}, Urls(), ZoneInfo("Europe/Berlin"), datetime(2026, 11, 23, tzinfo=UTC))


def make_column(kind: ColumnType, **more: Any) -> Column:
    keep = Retention(12, "created", "keep")
    return Column(ColumnId(NOBODY), "x", "X", kind, DataClass.INTERNAL, "none", keep, **more)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (ColumnType.INTEGER, "1,200", 1200),
        (ColumnType.INTEGER, "-7", -7),
        (ColumnType.MONEY, "486 000.50", "486000.50"),
        (ColumnType.BOOLEAN, "yes", True),
        (ColumnType.DATE, "2026-12-14", "2026-12-14"),
        (ColumnType.INSTANT, "2026-12-14T09:30", "2026-12-14T08:30:00+00:00"),
        (ColumnType.CHOICE, "a", "a"),
        (ColumnType.TEXT, "  two\r\nlines ", "two\nlines"),
        (ColumnType.LOOKUP, str(NOBODY), str(NOBODY)),
    ],
)
def test_understood(kind: ColumnType, text: str, value: object) -> None:
    column = make_column(kind, choices=(Choice("a", "A"),))
    assert read_value(make_reader(), column, text) == value
    assert read_value(make_reader(), column, "  ") is None


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ColumnType.INTEGER, "1.5"),
        (ColumnType.INTEGER, "9" * 30),
        (ColumnType.DECIMAL, "nan"),
        (ColumnType.DECIMAL, "a lot"),
        (ColumnType.MONEY, "1e200000000"),  # written out it would fill the memory
        (ColumnType.BOOLEAN, "maybe"),
        (ColumnType.DATE, "2027-02-31"),
        (ColumnType.INSTANT, "tomorrow"),
        (ColumnType.CHOICE, "z"),
        (ColumnType.LOOKUP, "Helios Labs"),
    ],
)
def test_refused_in_words(kind: ColumnType, text: str) -> None:
    with pytest.raises(NotUnderstood, match=r"\.$"):
        read_value(make_reader(), make_column(kind, choices=(Choice("a", "A"),)), text)


@pytest.mark.parametrize(
    ("kind", "stored", "text"),
    [
        (ColumnType.MONEY, 486000.5, "486000.50"),
        (ColumnType.BOOLEAN, False, ""),
        (ColumnType.INSTANT, "2026-12-14T08:30:00+00:00", "2026-12-14T09:30"),
        (ColumnType.LOOKUP, {"id": str(NOBODY), "display": "A"}, str(NOBODY)),
        (ColumnType.LOOKUP, {"restricted": True}, ""),
        (ColumnType.TEXT, None, ""),
    ],
)
def test_shown_in_its_input(kind: ColumnType, stored: object, text: str) -> None:
    assert show_value(make_reader(), make_column(kind), stored) == text


@pytest.mark.parametrize(
    ("text", "english", "german"),
    [
        ("1,200.50", "1200.50", "1200.50"),  # what can mean one thing only means it in every language
        ("1.200,50", "1200.50", "1200.50"),
        ("1.200.300,5", "1200300.5", "1200300.5"),
        ("12.5", "12.5", "12.5"),
        ("12,5", "12.5", "12.5"),
        ("0,125", "0.125", "0.125"),
        ("-1.200", "-1.200", "-1200"),  # this could be either
        ("1,200", "1200", "1.200"),
        ("1,2,3", None, None),
        ("1,23,456.5", None, None),
        ("1.2.3,4", None, None),
        ("1,200.300,5", None, None),
        (",", None, None),
    ],
)
def test_a_number_is_never_read_as_another(text: str, english: str | None, german: str | None) -> None:
    reader, column = make_reader(), make_column(ColumnType.DECIMAL)
    for language, value in (("en", english), ("de", german)):
        with i18n.use_language(language):
            if value is None:
                with pytest.raises(NotUnderstood, match=r"1.200.50"):
                    read_value(reader, column, text)
            else:
                assert read_value(reader, column, text) == value


def test_forms_speak_the_language_of_their_reader() -> None:
    reader, amount = make_reader(), make_column(ColumnType.MONEY)
    with i18n.use_language("de"):
        assert show_value(reader, amount, "486000.50") == "486000,50"
        assert read_value(reader, amount, show_value(reader, amount, "486000.50")) == "486000.50"
        assert read_value(reader, make_column(ColumnType.INTEGER), "1.200") == 1200
        assert read_value(reader, make_column(ColumnType.DATE), "14.12.2026") == "2026-12-14"
        with pytest.raises(NotUnderstood):
            read_value(reader, make_column(ColumnType.DATE), "31.2.2026")
    with pytest.raises(NotUnderstood):
        read_value(reader, make_column(ColumnType.DATE), "14.12.2026")


def test_only_web_addresses_become_links() -> None:
    reader, column = make_reader(), make_column(ColumnType.URL)
    assert make_cell(reader, column, "https://helios.example/").url == "https://helios.example/"
    assert make_cell(reader, column, "javascript:alert(1)").url == ""


def test_a_restricted_lookup_says_nothing_of_its_record() -> None:
    cell = make_cell(make_reader(), make_column(ColumnType.LOOKUP, target="account"), {"restricted": True})
    assert cell is RESTRICTED
    assert (cell.text, cell.url) == ("", "")

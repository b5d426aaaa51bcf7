"""What values are compared by, and which names are like each other."""

from uuid import UUID

import pytest

from ostiary.kernel.ids import ColumnId
from ostiary.objects import public as objects
from ostiary.records._likeness import is_like, key_of, near_words, trigrams

KEPT = objects.Retention(0, "created", "keep")


def make_column(kind: objects.ColumnType) -> objects.Column:
    return objects.Column(ColumnId(UUID(int=1)), "x", "X", kind, objects.DataClass.INTERNAL, "none", KEPT)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (objects.ColumnType.TEXT, "Äther  GmbH", "ather gmbh"),
        (objects.ColumnType.EMAIL, "Mira@Helios.example", "mira@helios.EXAMPLE"),
        (objects.ColumnType.PHONE, "+49 (30) 555-0101", "0049305550101"),
        (objects.ColumnType.URL, "https://www.helios.example/team?x=1", "helios.example"),
    ],
)
def test_what_is_written_otherwise_is_the_same(kind: objects.ColumnType, one: str, other: str) -> None:
    column = make_column(kind)
    assert key_of(column, one) == key_of(column, other) is not None
    assert key_of(column, "") is None
    assert key_of(column, {"masked": "•••"}) is None


def test_what_a_column_would_not_take_is_compared_by_nothing() -> None:
    for kind, value in (
        (objects.ColumnType.LOOKUP, "no id"),
        (objects.ColumnType.PHONE, "12"),
        (objects.ColumnType.EMAIL, "nobody"),
        (objects.ColumnType.DATE, 7),
        (objects.ColumnType.TEXT, "a\x00b"),
    ):
        assert key_of(make_column(kind), value) is None


def test_names_are_alike_by_most_of_their_letters_and_not_by_what_a_company_is() -> None:
    for one, other, like in (
        ("nordwind logistics gmbh", "nordwind logistik ag", True),
        ("helios labs", "helios laboratories", False),
        ("helios labs", "labs helios", True),
        ("alpha gmbh", "beta gmbh", False),
        ("nordwind logistics", "nordwind trading", False),
        ("", "", False),
    ):
        assert is_like(trigrams(one), trigrams(other)) is like, (one, other)
    assert near_words("alpha & gmbh o'neill") == "'alph':* | 'neil':*"
    assert near_words("ab") == ""

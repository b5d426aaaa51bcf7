"""The way a list is walked: what costs less, by how much the reader sees and how much there is."""

import pytest

from ostiary.records._query import PlanShape
from ostiary.records._shape import COUNTED_ROWS, cheaper_shape

MORE = COUNTED_ROWS + 1


@pytest.mark.parametrize(
    ("who", "fanout", "seen", "rows", "plain", "filtered"),
    [
        ("50 of a million", 60, 50, 1_000_000, PlanShape.WALK, PlanShape.WALK),
        ("6,000 of 100,000 by 24 branches", 24, 6_000, 100_000, PlanShape.WALK, PlanShape.WALK),
        ("all of 20,000 by 10,000 branches", 10_000, 20_000, 20_000, PlanShape.SORT, PlanShape.SORT),
        ("all of 20,000 by 200 branches", 200, 20_000, 20_000, PlanShape.SORT, PlanShape.SORT),
        ("much of a million by 100,000 branches", 100_000, MORE, 1_000_000, PlanShape.SORT, PlanShape.SORT),
        ("some of ten millions by 200 branches", 200, MORE, 10_000_000, PlanShape.WALK, PlanShape.WALK),
        ("nothing of a million by 200 branches", 200, 0, 1_000_000, PlanShape.WALK, PlanShape.WALK),
    ],
)
def test_the_cheaper_way(
    who: str, fanout: int, seen: int, rows: int, plain: PlanShape, filtered: PlanShape
) -> None:
    found = [cheaper_shape(fanout, seen, rows, 50, filtered=filtered) for filtered in (False, True)]
    assert found == [plain, filtered], who


def test_a_table_without_statistics_is_no_smaller_than_what_is_seen() -> None:
    assert cheaper_shape(30, 5_000, 0, 50, filtered=False) is cheaper_shape(
        30, 5_000, 5_000, 50, filtered=False
    )

"""What is kept back of totals over few values."""

from itertools import product
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ostiary.records._small_cells import kept_back


def test_a_cell_with_too_few_values_is_kept_back_and_never_alone() -> None:
    assert kept_back([(("a",), 9), (("b",), 9)], 3) == frozenset()
    assert kept_back([(("a",), 2), (("b",), 9), (("c",), 5)], 3) == {0, 2}


def test_two_small_cells_that_together_are_still_few_take_a_third() -> None:
    assert kept_back([(("a",), 1), (("b",), 1), (("c",), 7), (("d",), 8)], 5) == {0, 1, 2}
    assert kept_back([(("a",), 3), (("b",), 3), (("c",), 7), (("d",), 8)], 5) == {0, 1}


def test_a_cell_without_values_tells_nothing_and_hides_nothing() -> None:
    assert kept_back([(("a",), 0), (("b",), 9)], 3) == frozenset()
    assert kept_back([(("a",), 0), (("b",), 1), (("c",), 9)], 3) == {1, 2}


cells = st.lists(st.integers(0, 9), min_size=9, max_size=9).map(
    lambda numbers: list(zip(product("abc", "xyz"), numbers, strict=True))
)


lines = st.sampled_from([(None, None), *((0, a) for a in "abc"), *((1, x) for x in "xyz")])


@given(cells, st.integers(2, 6), lines)
def test_no_coarser_total_gives_a_kept_cell_away(
    found: list[tuple[tuple[str, ...], int]], least: int, line: tuple[int | None, str | None]
) -> None:
    back = {found[n][0] for n in kept_back(found, least)}
    assert {keys for keys, n in found if 0 < n < least} <= back
    axis, value = line
    there = {keys: n for keys, n in found if n and (axis is None or keys[axis] == value)}
    missing = [n for keys, n in there.items() if keys in back]
    # nothing is missing, or as much as it takes, or all there is
    assert not missing or (len(missing) > 1 and sum(missing) >= least) or len(missing) == len(there)


@given(cells, st.integers(2, 6), st.randoms(use_true_random=False))
def test_the_order_of_the_cells_does_not_matter(
    found: list[tuple[tuple[str, ...], int]], least: int, dice: Random
) -> None:
    mixed = list(found)
    dice.shuffle(mixed)
    back = [{some[n][0] for n in kept_back(some, least)} for some in (found, mixed)]
    assert back[0] == back[1]

"""Cells that rest on too few values, and the cells that would give them away.

A figure is told only if it rests on at least as many values as the tenant asks for. What is not told must
not follow from a coarser question and what is: in the whole, and for each value of each set of groups, no
cell is kept back or at least two, with as many values behind them. Further cells are kept back until it is
so, the smallest first. It is no protection against somebody who compares questions with different filters.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import combinations

Keys = tuple[Hashable, ...]


def kept_back(cells: Sequence[tuple[Keys, int]], least: int) -> frozenset[int]:
    """Positions of the cells whose figure is not told. cells: keys and how many values the figure rests on.

    A figure of no values tells nothing and is never kept back. The answer does not depend on the order.
    """
    back = {n for n, (_, values) in enumerate(cells) if 0 < values < least}
    groups = _groups(cells) if back else []
    while more := _more(cells, groups, back, least):
        back |= more
    return frozenset(back)


def _groups(cells: Sequence[tuple[Keys, int]]) -> list[list[int]]:
    """The cells that each coarser question would put together, smallest first."""
    width = len(cells[0][0])
    ranked = sorted(range(len(cells)), key=lambda n: (cells[n][1], [str(k) for k in cells[n][0]]))
    found: dict[Hashable, list[int]] = defaultdict(list)
    for size in range(width):
        for axes in combinations(range(width), size):
            for n in ranked:
                found[axes, tuple(cells[n][0][axis] for axis in axes)].append(n)
    return list(found.values())


def _more(cells: Sequence[tuple[Keys, int]], groups: list[list[int]], back: set[int], least: int) -> set[int]:
    """For each group that gives its missing cells away: the next cell to keep back."""
    more = set()
    for group in groups:
        hidden = [cells[n][1] for n in group if n in back]
        if hidden and (len(hidden) == 1 or sum(hidden) < least):
            more |= set([n for n in group if n not in back and cells[n][1]][:1])
    return more

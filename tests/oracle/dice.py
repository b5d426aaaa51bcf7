"""All choices of a generated world, by one kind of draw: a small integer, and 0 is always the plainest."""

from collections.abc import Sequence
from functools import cache
from typing import TypeVar

from hypothesis import strategies as st

from tests.oracle.model import Graph, Kind, Unit
from tests.oracle.units import Units, managed_units

Option = TypeVar("Option")

VALIDITIES = [(None, None), (0, None), (-1, 1), (None, 0), (None, 1), (1, None), (-2, -1)]


@cache
def _below(count: int) -> st.SearchStrategy[int]:
    return st.integers(0, count - 1)


class Dice:
    """All choices of a world."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def pick(self, options: Sequence[Option]) -> Option:
        """One of the options."""
        return options[self._draw(_below(len(options)))]

    def count(self, least: int, most: int) -> int:
        """A number in between, both included."""
        return least + self._draw(_below(most - least + 1))

    def some(self, options: Sequence[Option], most: int) -> list[Option]:
        """Up to `most` different options, in any order."""
        return list(dict.fromkeys(self.pick(options) for _ in range(self.count(0, most)))) if options else []

    def chance(self, one_in: int) -> bool:
        """True once in `one_in`, and never in the plainest world."""
        return self._draw(_below(one_in)) == one_in - 1

    def unit(self, graph: Graph) -> Unit:
        """Any unit: a person, a role, one that somebody manages, or whatever there is."""
        managed = sorted(Units().union(*(managed_units(graph, who) for who in graph.of_kind(Kind.PERSON))))
        pools = [graph.of_kind(Kind.PERSON), graph.of_kind(Kind.ORG, Kind.FUNC), managed, list(graph.kinds)]
        return self.pick(self.pick(pools) or graph.of_kind(Kind.ORG))

    def units(self, graph: Graph, most: int) -> list[Unit]:
        """Up to `most` different units."""
        return list(dict.fromkeys(self.unit(graph) for _ in range(self.count(0, most))))

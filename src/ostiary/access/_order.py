"""How the rows of one list stand to those above them: whose order matters, which can never decide.

Said of rows that nobody saved yet, to whoever edits them; what is decided is decided in `core`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ostiary.access._units import Holders, NamedUnit
from ostiary.identity import public as identity
from ostiary.kernel.ids import UnitId


@dataclass(frozen=True, slots=True)
class RowNote:
    """About one row, by the places of others in the list, from 0.

    overlaps: rows above that concern some of the same people and say something else. shadow: a row above
    that decides wherever this one could. mostly: one that decides for everybody who has the unit, so that
    this row is left to whoever reaches it by managing or by an elevation.
    """

    overlaps: tuple[int, ...] = ()
    shadow: int | None = None
    mostly: int | None = None


def row_notes(
    rows: Sequence[tuple[UnitId, object]],
    units: Mapping[UnitId, NamedUnit],
    graph: identity.RoleGraph,
    held: Holders,
) -> tuple[RowNote, ...]:
    """What is to be said of each row, topmost first."""
    order = _Order([unit for unit, _ in rows], units, graph, held)
    values = [value for _, value in rows]
    return tuple(_note(order, values, place) for place in range(len(rows)))


def _note(order: "_Order", values: Sequence[object], place: int) -> RowNote:
    shadow = order.first_above(place, order.least[place])
    if shadow is not None:
        return RowNote(shadow=shadow)
    overlaps = tuple(n for n in range(place) if values[n] != values[place] and order.meet(place, n))
    return RowNote(overlaps, mostly=order.first_above(place, order.usual[place]))


class _Order:
    """Which units of a list come with which others; all by their place in it.

    least: what every source with the unit holds beside it, whoever has it. usual: what everybody has, too,
    who has the unit.
    """

    def __init__(
        self,
        listed: Sequence[UnitId],
        units: Mapping[UnitId, NamedUnit],
        graph: identity.RoleGraph,
        held: Holders,
    ) -> None:
        self._places = {unit: place for place, unit in enumerate(listed)}
        self._units, self._graph, self._held = units, graph, held
        self._roots = self._among((graph.root, graph.external_root))
        self._linked = {func for _org, func in graph.links}
        self._labels = [held.labels.get(unit, frozenset()) for unit in listed]
        self.usual = [self._usual(unit) for unit in listed]
        self.least = [self._least(unit, self.usual[place]) for place, unit in enumerate(listed)]

    def _among(self, units: Iterable[UnitId]) -> frozenset[int]:
        return frozenset(self._places[unit] for unit in units if unit in self._places)

    def _usual(self, unit: UnitId) -> frozenset[int]:
        role = self._graph.roles.get(unit)
        if role is None:
            named = self._units.get(unit)
            return self._among(self._held.roles_of(None if named is None else named.label, self._places))
        if unit in self._held.accounts:  # a service account has the role and nothing with it
            return frozenset()
        return self._among(self._graph.own_set([unit], external=role.external).roles - {unit})

    def _least(self, unit: UnitId, usual: frozenset[int]) -> frozenset[int]:
        """A subordinate's role comes to the manager with its ancestors alone, and none that is marked.

        One that is linked comes to whoever is elevated to the organisational role without its ancestors.
        """
        role = self._graph.roles.get(unit)
        if role is None or unit in self._held.accounts:
            return usual
        if unit in self._linked:
            return frozenset()
        line = self._graph.line(unit) - {unit}
        if not role.not_inherited:
            line = frozenset(above for above in line if not self._graph.roles[above].not_inherited)
        return self._among(line)

    @staticmethod
    def first_above(place: int, places: frozenset[int]) -> int | None:
        """The topmost of the places, if it stands above."""
        first = min(places, default=place)
        return first if first < place else None

    def meet(self, one: int, other: int) -> bool:
        """Whether somebody can have both; that everybody has the root is no news."""
        if one in self._roots or other in self._roots:
            return False
        if one in self.usual[other] or other in self.usual[one]:
            return True
        return not self._labels[one].isdisjoint(self._labels[other])

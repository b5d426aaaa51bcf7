"""Semantics section 1: units and sources. A source is a set of units that is evaluated by itself."""

from collections.abc import Callable
from functools import wraps
from typing import Protocol, TypeVar

from tests.oracle.model import EXTERNALS, ROOT, Graph, Kind, Unit

Units = frozenset[Unit]
Source = Units  # decided by itself
Found = TypeVar("Found")


class Timed(Protocol):
    """What holds for a while: a share, a delegation, an elevation."""

    @property
    def starts(self) -> int | None: ...

    @property
    def ends(self) -> int | None: ...


def is_valid(timed: Timed) -> bool:
    """from <= t < to, at t = 0."""
    return (timed.starts is None or timed.starts <= 0) and (timed.ends is None or timed.ends > 0)


def once(find: Callable[[Graph, Unit], Found]) -> Callable[[Graph, Unit], Found]:
    """Found once for a graph: the only thing here that is there for speed. What it returns is not changed."""

    @wraps(find)
    def remembered(graph: Graph, unit: Unit) -> Found:
        if (find, unit) not in graph.memo:
            graph.memo[find, unit] = find(graph, unit)
        answer: Found = graph.memo[find, unit]
        return answer

    return remembered


def ancestors(graph: Graph, role: Unit) -> Units:
    """The strict ancestors of a role in its own tree. A manager role has none."""
    above = Units()
    while role in graph.parents:
        role = graph.parents[role]
        above |= {role}
    return above


def descendants(graph: Graph, role: Unit) -> Units:
    """Every role that has this one above it."""
    return Units(other for other in graph.kinds if role in ancestors(graph, other))


def direct_roles(graph: Graph, principal: Unit) -> Units:
    """The roles that a principal is a member of."""
    return Units(role for member, role in graph.members if member == principal)


@once
def own_set(graph: Graph, principal: Unit) -> Units:
    """What a principal is: of a service account only itself and its direct roles."""
    own = direct_roles(graph, principal) | {principal}
    if graph.kinds[principal] is Kind.SERVICE:
        return own
    for role in direct_roles(graph, principal):
        own |= ancestors(graph, role)
    own |= {EXTERNALS if principal in graph.external else ROOT}
    for org, func in graph.links:
        if org in own:
            own |= {func} | ancestors(graph, func)
    return own


@once
def held_units(graph: Graph, principal: Unit) -> Units:
    """The organisational roles whose manager role the principal holds."""
    return Units(unit for manager, unit in graph.manages.items() if manager in own_set(graph, principal))


@once
def reporting_units(graph: Graph, principal: Unit) -> Units:
    """Where a person is a subordinate. A service account is nobody's."""
    if graph.kinds[principal] is not Kind.PERSON:
        return Units()
    units = Units(unit for unit in own_set(graph, principal) if graph.kinds[unit] is Kind.ORG)
    for unit in held_units(graph, principal):
        units |= ancestors(graph, unit)
    return units


def subtree_members(graph: Graph, unit: Unit) -> Units:
    """The persons who report to `unit`."""
    return Units(person for person in graph.of_kind(Kind.PERSON) if unit in reporting_units(graph, person))


@once
def managed_units(graph: Graph, principal: Unit) -> Units:
    """The units whose manager the principal is, and everything below them."""
    units = held_units(graph, principal)
    for unit in held_units(graph, principal):
        units |= descendants(graph, unit)
    return units


@once
def managed_persons(graph: Graph, principal: Unit) -> Units:
    """The subtree members of the principal's managed units."""
    return Units().union(*(subtree_members(graph, unit) for unit in managed_units(graph, principal)))


def managed_sources(graph: Graph, principal: Unit) -> set[Source]:
    """One source for each role of a managed person: the role and its ancestors, less the marked ones."""
    sources = set()
    for person in managed_persons(graph, principal):
        for role in own_set(graph, person):
            if graph.kinds[role] in (Kind.ORG, Kind.FUNC) and role not in graph.marked:
                sources.add((ancestors(graph, role) | {role}) - graph.marked)
    return sources


def direct_grantors(graph: Graph, principal: Unit) -> Units:
    """The active persons with a delegation to the principal or to a role in its own set: persons only."""
    if graph.kinds[principal] is not Kind.PERSON:
        return Units()
    return Units(
        delegation.grantor
        for delegation in graph.delegations
        if delegation.receiver in own_set(graph, principal)
        and is_valid(delegation)
        and delegation.grantor not in graph.inactive
    )


@once
def grantors(graph: Graph, principal: Unit) -> Units:
    """The grantors, their grantors and so on, each once; nobody is a grantor of oneself."""
    found, asked = Units(), {principal}
    while asked:
        new = direct_grantors(graph, asked.pop()) - found - {principal}
        found |= new
        asked |= new
    return found


def represented(graph: Graph, principal: Unit) -> Units:
    """The principal and all grantors."""
    return grantors(graph, principal) | {principal}


@once
def represented_held_units(graph: Graph, principal: Unit) -> Units:
    """The units whose manager role the principal or a grantor holds."""
    return Units().union(*(held_units(graph, who) for who in represented(graph, principal)))


def elevated_source(graph: Graph, role: Unit) -> Source:
    """The role, its ancestors, and what is linked to these, without its ancestors."""
    roles = ancestors(graph, role) | {role}
    return roles | {func for org, func in graph.links if org in roles}


def elevations(graph: Graph, principal: Unit) -> list[Source]:
    """One source for each elevation that is valid now: persons only."""
    if graph.kinds[principal] is not Kind.PERSON:
        return []
    return [
        elevated_source(graph, elevation.role)
        for elevation in graph.elevations
        if elevation.person == principal and is_valid(elevation)
    ]


@once
def sources(graph: Graph, principal: Unit) -> list[Source]:
    """Each source is decided by itself; the caller unites the answers."""
    found = [own_set(graph, principal), *managed_sources(graph, principal)]
    for grantor in sorted(grantors(graph, principal)):
        found += [own_set(graph, grantor), *managed_sources(graph, grantor)]
    return found + elevations(graph, principal)


def all_units(graph: Graph, principal: Unit) -> Units:
    """Every unit that speaks for the principal."""
    managed = Units().union(*(managed_units(graph, who) for who in represented(graph, principal)))
    return (managed - graph.marked).union(*sources(graph, principal))


@once
def nameable_units(graph: Graph, principal: Unit) -> Units:
    """All units as legs 5 to 7 see them: with the persons whom the principal itself manages.

    They count where they are named. Persons whom a grantor manages do not.
    """
    return all_units(graph, principal) | managed_persons(graph, principal)

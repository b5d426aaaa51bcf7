"""Semantics section 1: units and sources. A source is a set of units that is evaluated by itself."""

from tests.oracle.model import ROOT, Graph, Kind, Unit

Source = frozenset[Unit]


def ancestors(graph: Graph, role: Unit) -> set[Unit]:
    """The strict ancestors of a role in its own tree. A manager role has none."""
    above: set[Unit] = set()
    while role in graph.parents:
        role = graph.parents[role]
        above.add(role)
    return above


def descendants(graph: Graph, role: Unit) -> set[Unit]:
    """Every role that has this one above it."""
    return {other for other in graph.kinds if role in ancestors(graph, other)}


def direct_roles(graph: Graph, principal: Unit) -> set[Unit]:
    """The roles that a principal is a member of."""
    return {role for member, role in graph.members if member == principal}


def own_set(graph: Graph, principal: Unit) -> set[Unit]:
    """What a principal is: of a service account only itself and its direct roles."""
    own = {principal} | direct_roles(graph, principal)
    if graph.kinds[principal] is Kind.SERVICE:
        return own
    for role in direct_roles(graph, principal):
        own |= ancestors(graph, role)
    own |= {ROOT}
    for org, func in graph.links:
        if org in own:
            own |= {func} | ancestors(graph, func)
    return own


def held_units(graph: Graph, principal: Unit) -> set[Unit]:
    """The organisational roles whose manager role the principal holds."""
    return {unit for manager, unit in graph.manages.items() if manager in own_set(graph, principal)}


def reporting_units(graph: Graph, principal: Unit) -> set[Unit]:
    """Where a person is a subordinate. A service account is nobody's."""
    if graph.kinds[principal] is not Kind.PERSON:
        return set()
    units = {unit for unit in own_set(graph, principal) if graph.kinds[unit] is Kind.ORG}
    for unit in held_units(graph, principal):
        units |= ancestors(graph, unit)
    return units


def subtree_members(graph: Graph, unit: Unit) -> set[Unit]:
    """The persons who report to `unit`."""
    return {person for person in graph.of_kind(Kind.PERSON) if unit in reporting_units(graph, person)}


def managed_units(graph: Graph, principal: Unit) -> set[Unit]:
    """The units whose manager the principal is, and everything below them."""
    units = held_units(graph, principal)
    for unit in held_units(graph, principal):
        units |= descendants(graph, unit)
    return units


def managed_persons(graph: Graph, principal: Unit) -> set[Unit]:
    """The subtree members of the principal's managed units."""
    return {person for unit in managed_units(graph, principal) for person in subtree_members(graph, unit)}


def managed_sources(graph: Graph, principal: Unit) -> set[Source]:
    """One source for each role of a managed person: the role and its ancestors, less the marked ones."""
    sources = set()
    for person in managed_persons(graph, principal):
        for role in own_set(graph, person):
            if graph.kinds[role] in (Kind.ORG, Kind.FUNC) and role not in graph.marked:
                sources.add(frozenset(({role} | ancestors(graph, role)) - graph.marked))
    return sources


def sources(graph: Graph, principal: Unit) -> list[Source]:
    """Each source is decided by itself; the caller unites the answers."""
    return [frozenset(own_set(graph, principal)), *managed_sources(graph, principal)]


def all_units(graph: Graph, principal: Unit) -> set[Unit]:
    """Every unit that speaks for the principal."""
    units = managed_units(graph, principal) - graph.marked
    return units.union(*sources(graph, principal))


def nameable_units(graph: Graph, principal: Unit) -> set[Unit]:
    """All units as legs 5 to 7 see them: with the managed persons, who count where they are named."""
    return all_units(graph, principal) | managed_persons(graph, principal)

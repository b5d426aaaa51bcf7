"""Generated role graphs, and what may happen to one between two moments."""

from collections.abc import Callable
from dataclasses import replace

from tests.oracle.dice import Dice
from tests.oracle.model import ADA, ADMINISTRATORS, EXTERNALS, ROOT, Graph, Kind, Unit
from tests.oracle.units import ancestors, direct_roles, own_set

ROOTS = (ROOT, EXTERNALS)


def make_graph(dice: Dice) -> Graph:
    """2-5 persons, perhaps a service account, trees of organisational and functional roles, managers."""
    orgs = [f"o{n}" for n in range(1, dice.count(2, 5) + 1)]
    funcs = [f"f{n}" for n in range(1, dice.count(0, 3) + 1)]
    persons = [f"p{n}" for n in range(1, dice.count(2, 5) + 1)]
    services = ["s1"] * dice.count(0, 1)
    parents = {org: dice.pick([ROOT, *orgs[:n], *orgs[max(n - 1, 0) : n]]) for n, org in enumerate(orgs)}
    for n, func in enumerate(funcs):
        if n and dice.chance(2):
            parents[func] = dice.pick(funcs[:n])
    manages = {f"m_{unit}": unit for unit in dice.some([*orgs, *orgs, ROOT], 4)}
    kinds: dict[Unit, Kind] = {
        **dict.fromkeys([ROOT, *orgs], Kind.ORG),
        **dict.fromkeys([ADMINISTRATORS, *funcs], Kind.FUNC),
        **dict.fromkeys(manages, Kind.MANAGER),
        **dict.fromkeys(persons, Kind.PERSON),
        **dict.fromkeys(services, Kind.SERVICE),
        ADA: Kind.PERSON,
    }
    pools = [orgs, list(manages) or orgs, list(manages) or orgs, [*funcs, ADMINISTRATORS]]
    members = {
        (person, dice.pick(dice.pick(pools))) for person in persons for _ in range(dice.pick([0, 1, 1, 2]))
    } | {(service, role) for service in services for role in dice.some([*orgs, *funcs], 2)}
    links = {(dice.pick([*orgs, ROOT]), dice.pick([*funcs, ADMINISTRATORS])) for _ in range(dice.count(0, 2))}
    members.add((ADA, ADMINISTRATORS))
    marked = {ADMINISTRATORS, *dice.some([*funcs, *orgs, ROOT], 2)}
    return Graph(kinds, parents, manages, frozenset(links), frozenset(members), frozenset(marked))


def akin(graph: Graph, unit: Unit, *kinds: Kind) -> list[Unit]:
    """The units of these kinds to which an edge may lead: employee or external like the unit itself."""
    return [other for other in graph.of_kind(*kinds) if (other in graph.external) == (unit in graph.external)]


def leave(dice: Dice, graph: Graph, who: Unit) -> Graph:
    """Somebody loses a direct role."""
    roles = sorted(direct_roles(graph, who))
    return replace(graph, members=graph.members - {(who, dice.pick(roles))}) if roles else graph


def join(dice: Dice, graph: Graph, who: Unit) -> Graph:
    """Somebody gets a direct role."""
    kinds = [Kind.ORG, Kind.FUNC] if graph.kinds[who] is Kind.SERVICE else [Kind.ORG, Kind.MANAGER, Kind.FUNC]
    roles = [role for role in akin(graph, who, *kinds) if role not in ROOTS]
    return replace(graph, members=graph.members | {(who, dice.pick(roles))})


def move(dice: Dice, graph: Graph, who: Unit) -> Graph:
    """A role gets another parent of its kind, mostly one with managers; a functional one perhaps none."""
    movable = [r for r in graph.of_kind(Kind.ORG, Kind.FUNC) if r not in (*ROOTS, ADMINISTRATORS)]
    role = dice.pick([r for r in movable if r in own_set(graph, who)] or movable)
    kind, before = graph.kinds[role], graph.parents.get(role)
    possible = [r for r in akin(graph, role, kind) if r != before and role not in {r, *ancestors(graph, r)}]
    possible += [r for r in possible if r in graph.manages.values()] * 3
    parents = {r: parent for r, parent in graph.parents.items() if r != role}
    if possible and (kind is Kind.ORG or dice.chance(2)):
        parents[role] = dice.pick(possible)
    elif kind is Kind.ORG:
        return graph
    return replace(graph, parents=parents)


def link(dice: Dice, graph: Graph, who: Unit) -> Graph:
    """A link comes or goes."""
    org = dice.pick(graph.of_kind(Kind.ORG))
    pair = (org, dice.pick(akin(graph, org, Kind.FUNC)))
    return replace(graph, links=graph.links ^ {pair})


def appoint(dice: Dice, graph: Graph, who: Unit) -> Graph:
    """A unit gets a manager role, held by somebody at once."""
    free = [unit for unit in graph.of_kind(Kind.ORG) if unit not in graph.manages.values()]
    if not free:
        return graph
    unit = dice.pick([u for u in free if u in own_set(graph, who)] or free)
    manager = f"m_{unit}"
    return replace(
        graph,
        kinds={**graph.kinds, manager: Kind.MANAGER},
        manages={**graph.manages, manager: unit},
        members=graph.members | {(dice.pick(akin(graph, unit, Kind.PERSON)), manager)},
        external=graph.external | ({manager} if unit in graph.external else set()),
    )


def mark(dice: Dice, graph: Graph, who: Unit) -> Graph:
    """A mark comes or goes."""
    return replace(graph, marked=graph.marked ^ {dice.pick(graph.of_kind(Kind.ORG, Kind.FUNC))})


MOVES: list[Callable[[Dice, Graph, Unit], Graph]] = [leave, join, move, move, link, appoint, mark]

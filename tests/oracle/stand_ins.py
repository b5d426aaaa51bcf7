"""Generated externals, and everything by which one person gets what another has: who stands in for whom."""

from collections.abc import Callable
from dataclasses import replace

from tests.oracle.dice import VALIDITIES, Dice
from tests.oracle.graphs import akin
from tests.oracle.model import ADA, EXTERNALS, Delegation, Elevation, Graph, Kind, Unit
from tests.oracle.units import direct_roles

MOSTLY_NOW = [(None, None), *VALIDITIES, (None, None), (None, None), (None, None), (-1, 1)]


def with_externals(dice: Dice, graph: Graph) -> Graph:
    """One or two external organisations with their people, a role linked to them, perhaps a manager."""
    orgs = [f"e{n}" for n in range(1, dice.count(1, 2) + 1)]
    persons = [f"x{n}" for n in range(1, dice.count(1, 2) + 1)]
    manages = {f"m_{unit}": unit for unit in dice.some([*orgs, EXTERNALS], 1)}
    kinds: dict[Unit, Kind] = {
        **dict.fromkeys([EXTERNALS, *orgs], Kind.ORG),
        "ef1": Kind.FUNC,
        **dict.fromkeys(manages, Kind.MANAGER),
        **dict.fromkeys(persons, Kind.PERSON),
    }
    pool = [*orgs, *manages, *manages, "ef1"]
    members = {(person, dice.pick(pool)) for person in persons}
    return replace(
        graph,
        kinds={**graph.kinds, **kinds},
        parents={**graph.parents, orgs[0]: EXTERNALS, orgs[-1]: dice.pick([EXTERNALS, *orgs[:-1]])},
        manages={**graph.manages, **manages},
        members=graph.members | members,
        links=graph.links | ({(dice.pick([*orgs, EXTERNALS]), "ef1")} if dice.chance(2) else set()),
        external=frozenset(kinds),
    )


def delegate(dice: Dice, graph: Graph, who: Unit) -> Graph:
    """Somebody delegates, mostly to one who has no role, and who may pass it on; or an old one ends."""
    if graph.delegations and dice.chance(5):
        return replace(graph, delegations=graph.delegations[1:])
    persons = [person for person in akin(graph, who, Kind.PERSON) if person != who]
    if graph.kinds[who] is not Kind.PERSON or not persons:
        return graph
    idle = [person for person in persons if not direct_roles(graph, person)]
    roles = akin(graph, who, Kind.ORG, Kind.FUNC, Kind.MANAGER)
    receiver = dice.pick(dice.pick([idle, persons, roles, idle]) or persons)
    made = [Delegation(who, receiver, *dice.pick(MOSTLY_NOW))]
    if receiver in persons and dice.chance(3):
        made.append(Delegation(receiver, dice.pick([p for p in persons if p != receiver] or [who])))
    edges = {(delegation.grantor, delegation.receiver) for delegation in made}
    others = [d for d in graph.delegations if (d.grantor, d.receiver) not in edges]
    return replace(graph, delegations=(*others, *made))


def elevate(dice: Dice, graph: Graph, who: Unit) -> Graph:
    """Somebody, often a grantor, gets a role for a while, often one with links; or an elevation ends."""
    if graph.elevations and dice.chance(5):
        return replace(graph, elevations=graph.elevations[1:])
    persons = akin(graph, who, Kind.PERSON)
    grantors = [d.grantor for d in graph.delegations if d.grantor in persons]
    person = dice.pick(dice.pick([persons, grantors]) or persons)
    roles = akin(graph, person, Kind.ORG, Kind.FUNC, Kind.MANAGER)
    linked = [org for org, _ in sorted(graph.links)]
    receivers = [delegation.receiver for delegation in graph.delegations]
    pool = [role for role in dice.pick([roles, linked, receivers]) if role in roles]
    role = dice.pick(pool or roles)
    others = [e for e in graph.elevations if (e.person, e.role) != (person, role)]
    return replace(graph, elevations=(*others, Elevation(person, role, *dice.pick(MOSTLY_NOW))))


def deactivate(dice: Dice, graph: Graph, who: Unit) -> Graph:
    """Somebody may not act any more, or again: one who delegated, if any. The first administrator stays."""
    grantors = sorted({delegation.grantor for delegation in graph.delegations} - {ADA})
    person = dice.pick(grantors or [who])
    if graph.kinds[person] is not Kind.PERSON:
        return graph
    return replace(graph, inactive=graph.inactive ^ {person})


STAND_INS: list[Callable[[Dice, Graph, Unit], Graph]] = [delegate, elevate, delegate, elevate, deactivate]

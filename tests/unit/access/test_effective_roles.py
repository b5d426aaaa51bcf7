"""The ways to a principal's roles lead to exactly the roles that decide: those of its sources."""

import random
from datetime import UTC, datetime
from uuid import UUID

import pytest

from ostiary.access._effective import WayKind, managed_ways, other_ways
from ostiary.access._question import Origin
from ostiary.identity.public import (
    Delegation,
    Elevation,
    Hop,
    Period,
    Role,
    RoleGraph,
    Step,
    UnitKind,
    own_paths,
)
from ostiary.kernel.ids import UnitId

NOW = datetime(2026, 12, 1, tzinfo=UTC)
ROOT, OUTSIDE = UnitId(UUID(int=1)), UnitId(UUID(int=2))
ME = UnitId(UUID(int=999))


def unit(number: int) -> UnitId:
    return UnitId(UUID(int=number))


def make_graph(dice: random.Random) -> RoleGraph:
    roles = [
        Role(ROOT, UnitKind.ORG, None, None, not_inherited=False),
        Role(OUTSIDE, UnitKind.ORG, None, None, not_inherited=False, external=True),
    ]
    orgs, funcs = [ROOT], list[UnitId]()
    for number in range(10, 10 + dice.randint(1, 8)):
        made = unit(number)
        marked = dice.random() < 0.2
        roles.append(Role(made, UnitKind.ORG, dice.choice(orgs), None, not_inherited=marked))
        orgs.append(made)
    for number in range(30, 30 + dice.randint(0, 5)):
        made = unit(number)
        above = dice.choice([None, *funcs])
        roles.append(Role(made, UnitKind.FUNC, above, None, not_inherited=dice.random() < 0.2))
        funcs.append(made)
    for number, managed in enumerate(dice.sample(orgs, dice.randint(0, len(orgs)))):
        roles.append(Role(unit(50 + number), UnitKind.MANAGER, None, managed, not_inherited=False))
    links = [(dice.choice(orgs), func) for func in funcs if dice.random() < 0.7]
    return RoleGraph(roles, links, ROOT, OUTSIDE)


def make_origin(seed: int) -> Origin:
    dice = random.Random(seed)  # noqa: S311  a world to try, no secret
    graph = make_graph(dice)
    inside = [role for role in graph.roles.values() if not role.external and role.id != ROOT]

    def some(most: int) -> frozenset[UnitId]:
        return frozenset(r.id for r in dice.sample(inside, min(len(inside), dice.randint(0, most))))

    people = {unit(100 + n): graph.own_set(some(3)) for n in range(3)}
    subordinates = [graph.own_set(some(3)) for _ in range(3)]
    heads = {r.manages for r in graph.roles.values() if r.manages is not None}
    under = {
        head: frozenset().union(*(s.roles for s in [*subordinates, *people.values()] if head in s.reporting))
        for head in heads
    }
    receivers = [ME, *people, *(r.id for r in inside)]
    delegations = tuple(
        Delegation(unit(200 + n), dice.choice(list(people)), dice.choice(receivers), Period())
        for n in range(dice.randint(0, 3))
    )
    elevations = tuple(
        Elevation(unit(300 + n), ME, dice.choice(inside).id, Period(valid_to=end))
        for n, end in enumerate(dice.sample([None, NOW], dice.randint(0, 2)))
    )
    return Origin(
        ME,
        graph,
        NOW,
        some(3),
        under=under,
        people=people,
        delegations=tuple(d for d in delegations if d.grantor != d.receiver),
        elevations=elevations,
    )


@pytest.mark.parametrize("seed", range(400))
def test_the_roles_told_are_those_of_the_sources(seed: int) -> None:
    origin = make_origin(seed)
    told = {role for ways in (other_ways, managed_ways) for role, _ in ways(origin)}
    assert told == origin.sources().roles


@pytest.mark.parametrize("seed", range(100))
def test_each_way_of_its_own_can_be_walked(seed: int) -> None:
    origin = make_origin(seed)
    graph = origin.graph
    for role, way in other_ways(origin):
        if way.kind is not WayKind.OWN:
            continue
        assert way.hops[-1].role == role
        assert way.hops[0] in {
            Hop(ROOT, Step.EVERYBODY),
            *(Hop(d, Step.DIRECT) for d in origin.direct),
        }
        for before, after in zip(way.hops, way.hops[1:], strict=False):
            if after.step is Step.ABOVE:
                assert graph.roles[before.role].parent == after.role
            else:
                assert after.step is Step.LINK
                assert after.role in graph.linked(before.role)


def test_the_shortest_way_from_each_role_is_told() -> None:
    north, berlin, west, func = (unit(n) for n in range(10, 14))
    roles = [
        Role(ROOT, UnitKind.ORG, None, None, not_inherited=False),
        Role(north, UnitKind.ORG, ROOT, None, not_inherited=False),
        Role(berlin, UnitKind.ORG, north, None, not_inherited=False),
        Role(west, UnitKind.ORG, ROOT, None, not_inherited=False),
        Role(func, UnitKind.FUNC, None, None, not_inherited=False),
    ]
    graph = RoleGraph(roles, [(north, func), (west, func)], ROOT, OUTSIDE)
    paths = own_paths(graph, UnitKind.PERSON, [berlin, west], external=False)
    assert paths[func] == [
        (Hop(west, Step.DIRECT), Hop(func, Step.LINK)),
        (Hop(berlin, Step.DIRECT), Hop(north, Step.ABOVE), Hop(func, Step.LINK)),
    ]
    assert paths[ROOT][0] == (Hop(ROOT, Step.EVERYBODY),)
    service = own_paths(graph, UnitKind.SERVICE, [berlin], external=False)
    assert service == {berlin: [(Hop(berlin, Step.DIRECT),)]}

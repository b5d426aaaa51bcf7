"""Notes on the order of rows, against the sources of everybody in small worlds."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.access._order import RowNote, row_notes
from ostiary.access._units import Holders, NamedUnit
from ostiary.access.core import Held, Source, SourceKind, sources_of
from ostiary.identity.public import Role, RoleGraph, UnitKind
from ostiary.kernel.ids import UnitId

ROOT = UnitId(UUID(int=1))
OWN = (SourceKind.OWN, SourceKind.DELEGATED)


@dataclass
class World:
    """Roles, people and service accounts. held: the own set of each principal, and what it manages."""

    graph: RoleGraph
    units: dict[UnitId, NamedUnit]
    holders: Holders
    sources: list[tuple[Source, ...]]


def unit(number: int) -> UnitId:
    return UnitId(UUID(int=number))


def make_graph(random: Random) -> RoleGraph:
    roles = [Role(ROOT, UnitKind.ORG, None, None, not_inherited=False)]
    for number in range(2, random.randint(4, 9)):
        kind = random.choice([UnitKind.ORG, UnitKind.FUNC])
        above = [r.id for r in roles if r.kind is kind]
        parent = random.choice(above) if above and (kind is UnitKind.ORG or random.random() < 0.5) else None
        roles.append(Role(unit(number), kind, parent, None, not_inherited=random.random() < 0.2))
    orgs = [r.id for r in roles if r.kind is UnitKind.ORG]
    funcs = [r.id for r in roles if r.kind is UnitKind.FUNC]
    links = [(random.choice(orgs), f) for f in funcs if random.random() < 0.3]
    heads = [
        Role(unit(50 + n), UnitKind.MANAGER, None, o, not_inherited=False)
        for n, o in enumerate(orgs)
        if random.random() < 0.5
    ]
    return RoleGraph([*roles, *heads], links, ROOT, unit(99))


def make_world(random: Random) -> World:
    graph = make_graph(random)
    roles = list(graph.roles)
    people = {unit(100 + n): random.sample(roles, random.randint(0, min(3, len(roles)))) for n in range(4)}
    plain = [r for r in roles if graph.roles[r].kind is not UnitKind.MANAGER]
    service = random.sample(plain, random.randint(0, 1))
    own = {p: graph.own_set(direct) for p, direct in people.items()}
    below = {
        p: frozenset(
            role for other in own.values() if graph.heads(own[p]) & other.reporting for role in other.roles
        )
        for p in people
    }
    held = {p: Held(p, own[p], below[p]) for p in people}
    sources = [
        sources_of(
            held[p],
            graph,
            [held[g] for g in random.sample(list(people), random.randint(0, 1)) if g != p],
            random.sample(roles, random.randint(0, 1)),
        ).each
        for p in people
    ]
    account = unit(200)
    sources.append(sources_of(Held(account, graph.service_set(service)), graph).each)
    labels = {p: n for n, p in enumerate(people, 1)}
    units = {
        p: NamedUnit(p, "Somebody", UnitKind.PERSON, None, active=True, external=False, label=labels[p])
        for p in people
    }
    holders = Holders(
        1,
        {},
        {r: frozenset(labels[p] for p in people if r in own[p].roles) for r in roles},
        frozenset(service),
    )
    return World(graph, units, holders, sources)


def deciding(rows: Sequence[tuple[UnitId, object]], source: Source) -> int | None:
    return next((n for n, (named, _) in enumerate(rows) if named in source.units), None)


@settings(max_examples=400, deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_row_that_never_decides_decides_for_nobody(random: Random) -> None:
    world = make_world(random)
    everybody = [*world.graph.roles, *world.units]
    chosen = random.sample(everybody, min(len(everybody), random.randint(2, 7)))
    rows = [(named, random.choice("ab")) for named in chosen]
    notes = row_notes(rows, world.units, world.graph, world.holders)
    for each in world.sources:
        for source in each:
            place = deciding(rows, source)
            if place is not None:
                assert notes[place].shadow is None, (place, source)
                if source.kind in OWN:
                    assert notes[place].mostly is None, (place, source)
            if source.kind is SourceKind.OWN:
                ensure_overlaps(world, rows, notes, source)


def ensure_overlaps(
    world: World, rows: Sequence[tuple[UnitId, object]], notes: Sequence[RowNote], source: Source
) -> None:
    """Two rows for one person that say different things are told, unless one is the root's or is out."""
    both = [n for n, (named, _) in enumerate(rows) if named in source.units and named != ROOT]
    for above in both:
        for place in both:
            told = place <= above or rows[above][1] == rows[place][1] or notes[place].shadow is not None
            assert told or above in notes[place].overlaps


def test_samples_of_notes() -> None:
    org, team = unit(2), unit(3)
    func, other = unit(4), unit(5)
    graph = RoleGraph(
        [
            Role(ROOT, UnitKind.ORG, None, None, not_inherited=False),
            Role(org, UnitKind.ORG, ROOT, None, not_inherited=False),
            Role(team, UnitKind.ORG, org, None, not_inherited=False),
            Role(func, UnitKind.FUNC, None, None, not_inherited=False),
            Role(other, UnitKind.FUNC, None, None, not_inherited=False),
        ],
        [(team, func)],
        ROOT,
        unit(99),
    )
    nobody = Holders(1, {}, {}, frozenset())

    def of(rows: Sequence[tuple[UnitId, object]], held: Holders = nobody) -> tuple[RowNote, ...]:
        return row_notes(rows, {}, graph, held)

    assert of([(org, "a"), (team, "a")]) == (RowNote(), RowNote(shadow=0))
    assert of([(team, "a"), (org, "b")]) == (RowNote(), RowNote((0,)))
    assert of([(team, "a"), (func, "b")]) == (RowNote(), RowNote((0,)))  # linked
    assert of([(func, "a"), (other, "b")]) == (RowNote(), RowNote())
    shared = Holders(1, {}, {func: frozenset({7}), other: frozenset({7})}, frozenset())
    assert of([(func, "a"), (other, "b")], shared) == (RowNote(), RowNote((0,)))
    assert of([(func, "a"), (other, "a")], shared) == (RowNote(), RowNote())  # both say the same
    assert of([(ROOT, "a"), (func, "b")]) == (RowNote(), RowNote(mostly=0))
    account = Holders(1, {}, {}, frozenset({func}))
    assert of([(ROOT, "a"), (func, "b")], account) == (RowNote(), RowNote())  # a service account has no root

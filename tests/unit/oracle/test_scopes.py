"""The oracle's own examples for semantics section 3, leg 6."""

from dataclasses import replace

import pytest

from tests.oracle.legs import granted_by
from tests.oracle.model import (
    MANAGED_UNITS,
    OWN_UNITS,
    ROOT,
    SELF,
    Delegation,
    Grant,
    Graph,
    Leg,
    Object,
    Record,
    Scope,
    Unit,
    Verb,
    World,
)
from tests.unit.oracle._small import EVERYBODY, make_graph, make_world, readers

READABLE = {Verb.READ: Grant.GRANTED}


def make_scoped(
    *scopes: Scope, graph: Graph | None = None, owner: Unit | None = None, place: str | None = "north"
) -> World:
    """A record of Bob's about a place, whose region is a record of its own; only scopes give anything."""
    object = Object(rows=EVERYBODY, legs=frozenset({Leg.SCOPE}), scopes=scopes)
    world = make_world(graph or make_graph(), object=object)
    return replace(
        world,
        objects={**world.objects, "place": Object(), "region": Object()},
        records={
            "n": Record("note", "bob", owner, values={"place": place}),
            "north": Record("place", "robot", values={"region": "europe"}),
            "nowhere": Record("place", "robot", values={"region": None}),
            "europe": Record("region", "robot"),
        },
        lookups={("note", "place"): "place", ("place", "region"): "region"},
    )


def with_list(graph: Graph, **values: str) -> Graph:
    """Each person's regions."""
    return replace(graph, attributes={who: {"regions": frozenset({value})} for who, value in values.items()})


def test_a_scope_compares_with_oneself() -> None:
    assert readers(make_scoped(Scope(ROOT, ("author",), SELF, READABLE), owner="eve")) == {"bob"}
    assert readers(make_scoped(Scope(ROOT, ("owner",), SELF, READABLE), owner="eve")) == {"eve"}
    assert readers(make_scoped(Scope(ROOT, ("owner",), SELF, READABLE))) == set()


def test_a_scope_concerns_whoever_has_its_grantee() -> None:
    graph = with_list(make_graph(("ann", "paris"), ("eve", "writers")), ann="north", eve="north")
    for_paris = Scope("paris", ("place",), "regions", READABLE)
    assert readers(make_scoped(for_paris, graph=graph)) == {"ann"}
    assert readers(make_scoped(replace(for_paris, grantee=ROOT), graph=graph)) == {"ann", "eve"}


def test_a_scope_that_names_a_person_concerns_that_persons_managers() -> None:
    graph = with_list(make_graph(("eve", "paris"), ("ann", "paris_managers")), ann="north", bob="north")
    assert readers(make_scoped(Scope("eve", ("place",), "regions", READABLE), graph=graph)) == {"ann"}


def test_a_path_is_followed_without_rights_on_what_it_meets() -> None:
    scope = Scope(ROOT, ("place", "region"), "regions", READABLE)
    graph = with_list(make_graph(), ann="europe", eve="asia")
    assert readers(make_scoped(scope, graph=graph)) == {"ann"}
    by_author = Scope(ROOT, ("place", "author"), SELF, READABLE)
    robots = make_scoped(replace(by_author, grantee="robot"), graph=graph)
    assert readers(robots) == {"robot"}


@pytest.mark.parametrize("place", [None, "nowhere"])
def test_an_empty_value_never_matches(place: str | None) -> None:
    scope = Scope(ROOT, ("place", "region"), "regions", READABLE)
    graph = with_list(make_graph(), ann="europe")
    assert readers(make_scoped(scope, graph=graph, place=place)) == set()
    assert readers(make_scoped(scope, graph=graph)) == {"ann"}


def test_own_and_managed_units_are_compared_as_they_are_now() -> None:
    graph = make_graph(("ann", "paris"), ("eve", "sales_managers"))
    own, managed = (Scope(ROOT, ("owner",), which, READABLE) for which in (OWN_UNITS, MANAGED_UNITS))
    assert readers(make_scoped(own, graph=graph, owner="paris")) == {"ann"}
    assert readers(make_scoped(own, graph=graph, owner="ann")) == {"ann"}
    assert readers(make_scoped(managed, graph=graph, owner="paris")) == {"eve"}
    marked = replace(graph, marked=frozenset({"paris"}))
    assert readers(make_scoped(managed, graph=marked, owner="paris")) == {"eve"}


def test_a_grantor_brings_the_grantee_but_not_the_values() -> None:
    graph = replace(
        with_list(make_graph(("ann", "paris")), ann="north"), delegations=(Delegation("ann", "eve"),)
    )
    scope = Scope("paris", ("place",), "regions", READABLE)
    assert readers(make_scoped(scope, graph=graph)) == {"ann"}
    both = replace(graph, attributes=with_list(graph, ann="north", eve="north").attributes)
    assert readers(make_scoped(scope, graph=both)) == {"ann", "eve"}


def test_scopes_give_each_verb_by_itself_and_can_be_switched_off() -> None:
    scope = Scope(ROOT, ("author",), SELF, {**READABLE, Verb.UPDATE: Grant.DELEGABLE})
    world = make_scoped(scope)
    assert granted_by(world, "bob", Verb.UPDATE, "n") == {Leg.SCOPE: Grant.DELEGABLE}
    assert granted_by(world, "bob", Verb.DELETE, "n") == {Leg.SCOPE: Grant.NONE}
    off = replace(world.objects["note"], legs=frozenset({Leg.OWNER}))
    assert readers(replace(world, objects={**world.objects, "note": off})) == set()

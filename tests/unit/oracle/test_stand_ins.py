"""The oracle's own examples for semantics section 1: grantors, elevations, externals, and who is inactive."""

from dataclasses import replace

import pytest

from tests.oracle.answers import NOBODY, OK, answer_to, answer_to_create, may_list, who_can
from tests.oracle.layers import may_create, object_permits
from tests.oracle.model import (
    EXTERNALS,
    ROOT,
    Delegation,
    Elevation,
    Graph,
    Kind,
    Object,
    ObjectRow,
    Record,
    Share,
    Unit,
    Verb,
)
from tests.oracle.units import (
    all_units,
    grantors,
    managed_sources,
    managed_units,
    nameable_units,
    own_set,
    sources,
    subtree_members,
)
from tests.unit.oracle._small import EVERYBODY, READ_ONLY, make_graph, make_world, readers


def make_delegating(*delegations: Delegation, members: tuple[tuple[Unit, Unit], ...] = ()) -> Graph:
    """Who delegates to whom, and who is a member of what."""
    return replace(make_graph(*members), delegations=delegations)


def test_a_grantor_passes_on_the_own_set_and_managed_sources() -> None:
    members = (("ann", "paris"), ("ann", "sales_managers"), ("eve", "writers"), ("eve", "sales"))
    graph = make_delegating(Delegation("ann", "bob"), members=members)
    assert grantors(graph, "bob") == {"ann"}
    assert grantors(graph, "eve") == set()
    assert own_set(graph, "bob") == {"bob", ROOT}
    assert own_set(graph, "ann") in sources(graph, "bob")
    assert frozenset({"writers"}) in managed_sources(graph, "ann")
    assert frozenset({"writers"}) in sources(graph, "bob")
    assert own_set(graph, "ann") not in sources(graph, "eve")


@pytest.mark.parametrize("role", ["paris", "sales", ROOT, "editors", "paris_managers"])
def test_whoever_has_the_role_in_the_own_set_receives(role: Unit) -> None:
    members = (("bob", "paris"), ("bob", "paris_managers"))
    graph = make_delegating(Delegation("ann", role), members=members)
    assert grantors(graph, "bob") == {"ann"}
    assert grantors(graph, "eve") == ({"ann"} if role == ROOT else set())


def test_a_managed_role_does_not_receive() -> None:
    graph = make_delegating(Delegation("ann", "paris"), members=(("bob", "paris_managers"), ("eve", "paris")))
    assert grantors(graph, "eve") == {"ann"}
    assert grantors(graph, "bob") == set()
    assert "paris" in all_units(graph, "bob")


def test_grantors_are_found_through_grantors_each_once_and_never_oneself() -> None:
    graph = make_delegating(Delegation("ann", "bob"), Delegation("bob", "eve"), Delegation("eve", "ann"))
    assert grantors(graph, "eve") == {"ann", "bob"}
    assert grantors(graph, "ann") == {"bob", "eve"}
    assert len(sources(graph, "eve")) == 3
    assert grantors(replace(graph, delegations=graph.delegations[:1]), "eve") == set()


def test_an_inactive_grantor_ends_the_chain() -> None:
    graph = make_delegating(Delegation("ann", "bob"), Delegation("bob", "eve"))
    assert grantors(graph, "eve") == {"ann", "bob"}
    assert grantors(replace(graph, inactive=frozenset({"bob"})), "eve") == set()
    assert grantors(replace(graph, inactive=frozenset({"ann"})), "eve") == {"bob"}


def test_a_service_account_receives_nothing() -> None:
    members = (("robot", "paris"), ("eve", "paris"))
    graph = make_delegating(Delegation("ann", "paris"), Delegation("bob", "robot"), members=members)
    assert grantors(graph, "eve") == {"ann"}
    assert grantors(graph, "robot") == set()


@pytest.mark.parametrize(
    ("starts", "ends", "valid"),
    [(None, None, True), (0, 1, True), (1, None, False), (None, 0, False), (-2, -1, False)],
)
def test_delegations_and_elevations_hold_from_their_start_and_before_their_end(
    starts: int | None, ends: int | None, *, valid: bool
) -> None:
    graph = replace(
        make_delegating(Delegation("ann", "bob", starts, ends)),
        elevations=(Elevation("eve", "paris", starts, ends),),
    )
    assert grantors(graph, "bob") == ({"ann"} if valid else set())
    assert ("paris" in all_units(graph, "eve")) == valid


def test_a_row_that_closes_for_oneself_takes_nothing_from_what_is_delegated() -> None:
    rows = (ObjectRow("bob", frozenset()), ObjectRow(ROOT, READ_ONLY))
    graph = make_delegating(Delegation("ann", "bob"))
    assert object_permits(make_world(graph, object=Object(rows=rows)), "bob", Verb.READ, "note")
    assert not object_permits(make_world(object=Object(rows=rows)), "bob", Verb.READ, "note")


def test_a_grantors_records_are_reached_by_author_and_by_owner() -> None:
    graph = make_delegating(Delegation("bob", "ann"))
    assert readers(make_world(graph)) == {"ann", "bob"}
    owned = Record("note", "robot", "bob")
    assert readers(make_world(graph, record=owned)) == {"ann", "bob", "robot"}
    assert readers(make_world(record=owned)) == {"bob", "robot"}


def test_what_a_grantor_manages_is_reached_by_author_and_by_owner() -> None:
    members = (("bob", "paris"), ("eve", "paris_managers"))
    graph = make_delegating(Delegation("eve", "ann"), members=members)
    assert readers(make_world(graph)) == {"ann", "bob", "eve"}
    owned = Record("note", "robot", "bob")
    assert readers(make_world(graph, record=owned)) == {"ann", "bob", "eve", "robot"}
    assert readers(make_world(make_graph(*members), record=owned)) == {"bob", "eve", "robot"}


def test_units_that_a_grantor_manages_count_but_not_the_persons_in_them() -> None:
    members = (("bob", "paris"), ("eve", "paris_managers"))
    graph = make_delegating(Delegation("eve", "ann"), members=members)
    assert "paris" in all_units(graph, "ann")
    assert "paris" not in all_units(replace(graph, marked=frozenset({"paris"})), "ann")
    assert "bob" in nameable_units(graph, "eve")
    assert "bob" not in nameable_units(graph, "ann")
    eve_sees = make_world(graph, record=Record("note", "robot"), shares=(Share("n", "bob", Verb.READ),))
    assert readers(eve_sees) == {"bob", "eve", "robot"}


def test_an_elevation_is_a_source_of_its_own() -> None:
    above = replace(make_graph(), parents={"sales": ROOT, "paris": "sales", "editors": "writers"})
    graph = replace(above, elevations=(Elevation("ann", "paris"),))
    assert sources(graph, "ann") == [{"ann", ROOT}, {"paris", "sales", ROOT, "editors"}]
    assert own_set(make_graph(("bob", "paris")), "bob") >= {"editors"}
    assert sources(graph, "bob") == [{"bob", ROOT}]
    assert "writers" in own_set(replace(above, members=frozenset({("bob", "paris")})), "bob")


def test_an_elevation_gives_no_managing_and_is_not_passed_on() -> None:
    members = (("eve", "paris"),)
    graph = replace(
        make_delegating(Delegation("ann", "bob"), members=members),
        elevations=(Elevation("ann", "paris_managers"),),
    )
    assert sources(graph, "ann") == [{"ann", ROOT}, {"paris_managers"}]
    assert managed_units(graph, "ann") == set()
    assert "paris_managers" not in all_units(graph, "bob")
    held = make_graph(*members, ("ann", "paris_managers"))
    assert managed_units(held, "ann") == {"paris"}


def test_a_delegation_to_the_elevated_role_is_not_received() -> None:
    graph = replace(make_delegating(Delegation("ann", "paris")), elevations=(Elevation("bob", "paris"),))
    assert grantors(graph, "bob") == set()
    assert grantors(replace(graph, members=frozenset({("bob", "paris")})), "bob") == {"ann"}


def test_a_service_account_is_not_elevated() -> None:
    graph = replace(make_graph(), elevations=(Elevation("robot", "paris"), Elevation("ann", "paris")))
    assert "paris" in all_units(graph, "ann")
    assert all_units(graph, "robot") == {"robot"}


def make_external() -> Graph:
    """Xavier in a partner organisation, Yvonne its manager; Ann an employee."""
    graph = make_graph(("ann", "paris"), ("xavier", "partner"), ("yvonne", "partner_managers"))
    kinds = {
        EXTERNALS: Kind.ORG,
        "partner": Kind.ORG,
        "resellers": Kind.FUNC,
        "partner_managers": Kind.MANAGER,
        **dict.fromkeys(["xavier", "yvonne"], Kind.PERSON),
    }
    return replace(
        graph,
        kinds={**graph.kinds, **kinds},
        parents={**graph.parents, "partner": EXTERNALS},
        manages={**graph.manages, "partner_managers": "partner"},
        links=graph.links | {(EXTERNALS, "resellers")},
        external=frozenset(kinds),
    )


def test_externals_have_a_root_of_their_own() -> None:
    graph = make_external()
    assert own_set(graph, "xavier") == {"xavier", "partner", EXTERNALS, "resellers"}
    assert own_set(graph, "ann") == {"ann", "paris", "sales", ROOT, "editors"}
    assert subtree_members(graph, EXTERNALS) == {"xavier", "yvonne"}
    assert managed_sources(graph, "yvonne") == {
        frozenset({"partner", EXTERNALS}),
        frozenset({EXTERNALS}),
        frozenset({"resellers"}),
    }


def test_rows_may_name_externals_beside_employees() -> None:
    world = make_world(make_external(), object=Object(records=False, rows=(ObjectRow(ROOT, READ_ONLY),)))
    assert readers(world) == {"ann", "bob", "eve"}
    rows = (ObjectRow("partner", READ_ONLY),)
    assert readers(replace(world, objects={"note": Object(records=False, rows=rows)})) == {
        "xavier",
        "yvonne",
    }


def test_who_is_inactive_may_nothing_and_stays_a_managed_person() -> None:
    graph = make_graph(("bob", "paris"), ("bob", "writers"), ("ann", "paris_managers"))
    gone = replace(graph, inactive=frozenset({"bob"}))
    open_ = Object(records=False, rows=EVERYBODY)
    assert answer_to(make_world(graph, object=open_), "bob", Verb.READ, "n") == OK
    world = make_world(gone, object=open_)
    assert answer_to(world, "bob", Verb.READ, "n") == NOBODY
    assert answer_to_create(world, "bob", "note") == NOBODY
    assert not may_list(world, "bob", "note")
    assert not may_create(world, "bob", "note")
    assert who_can(world, Verb.READ, "n") == {"ann", "eve", "robot"}
    assert frozenset({"writers"}) in managed_sources(gone, "ann")
    assert readers(make_world(gone)) == {"ann"}

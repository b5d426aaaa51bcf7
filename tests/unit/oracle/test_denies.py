"""The oracle's own examples for semantics section 3: denies."""

from dataclasses import replace

import pytest

from tests.oracle.layers import may
from tests.oracle.legs import grant_of
from tests.oracle.model import (
    ROOT,
    Delegation,
    Deny,
    DenyRule,
    Elevation,
    Grant,
    Object,
    Operation,
    OperationRow,
    Rule,
    Unit,
    Verb,
    World,
)
from tests.unit.oracle._small import EVERYBODY, READ_ONLY, make_graph, make_world, readers

OPEN = Object(rows=EVERYBODY, denies=True, rules=(Rule(ROOT, ROOT, dict.fromkeys(Verb, Grant.DELEGABLE)),))
EVERYONE = {"ann", "bob", "eve"}


def verbs_of(world: World, principal: Unit) -> set[Verb]:
    """What the principal may do to the record."""
    return {verb for verb in (Verb.READ, Verb.UPDATE, Verb.DELETE) if may(world, principal, verb, "n")}


def test_a_deny_beats_every_leg_for_whom_it_names() -> None:
    world = make_world(object=OPEN, denies=(Deny("n", "bob", READ_ONLY),))
    assert readers(world) == EVERYONE - {"bob"}
    assert grant_of(world, "bob", Verb.READ, "n") is Grant.NONE
    assert grant_of(world, "ann", Verb.READ, "n") is Grant.DELEGABLE
    assert readers(make_world(object=OPEN)) == EVERYONE


def test_an_object_that_does_not_allow_denies_has_none() -> None:
    denies = (Deny("n", "bob", READ_ONLY),)
    assert readers(make_world(object=replace(OPEN, denies=False), denies=denies)) == EVERYONE
    without_records = replace(OPEN, records=False)
    assert readers(make_world(object=without_records, denies=denies)) == {*EVERYONE, "robot"}


def test_denied_read_denies_all_and_another_verb_itself() -> None:
    world = make_world(
        object=OPEN, denies=(Deny("n", "ann", READ_ONLY), Deny("n", "eve", frozenset({Verb.UPDATE})))
    )
    assert verbs_of(world, "ann") == set()
    assert not grant_of(world, "ann", Verb.DELETE, "n")
    assert verbs_of(world, "eve") == {Verb.READ, Verb.DELETE}
    assert verbs_of(world, "bob") == {Verb.READ, Verb.UPDATE, Verb.DELETE}


@pytest.mark.parametrize("unit", ["ann", "paris", "sales", ROOT, "editors", "sales_managers"])
def test_a_deny_names_any_unit_of_the_own_set(unit: Unit) -> None:
    graph = make_graph(("ann", "paris"), ("ann", "sales_managers"))
    world = make_world(graph, object=OPEN, denies=(Deny("n", unit, READ_ONLY),))
    assert readers(world) == (set() if unit == ROOT else {"bob", "eve"})


def test_denies_do_not_act_through_managed_sources_delegation_or_elevation() -> None:
    graph = replace(
        make_graph(("bob", "paris"), ("ann", "paris_managers")),
        delegations=(Delegation("bob", "eve"),),
        elevations=(Elevation("eve", "paris"),),
    )
    assert readers(make_world(graph, object=OPEN, denies=(Deny("n", "paris", READ_ONLY),))) == {"ann", "eve"}


def test_what_one_alone_is_denied_stays_denied_whoever_delegates() -> None:
    graph = replace(make_graph(), delegations=(Delegation("bob", "ann"),))
    assert readers(make_world(graph, object=replace(OPEN, rules=()))) == {"ann", "bob"}
    world = make_world(graph, object=replace(OPEN, rules=()), denies=(Deny("n", "ann", READ_ONLY),))
    assert readers(world) == {"bob"}


def test_a_deny_rule_finds_its_author_in_the_stored_set() -> None:
    then, now = make_graph(("bob", "paris")), make_graph()
    object = replace(OPEN, deny_rules=(DenyRule("editors", "eve", READ_ONLY),))
    assert readers(make_world(then, now, object=object)) == EVERYONE - {"eve"}
    assert readers(make_world(now, then, object=object)) == EVERYONE
    by_author = replace(OPEN, deny_rules=(DenyRule("bob", "eve", READ_ONLY),))
    assert readers(make_world(now, object=by_author)) == EVERYONE - {"eve"}


def test_denies_yield_to_any_data_alone() -> None:
    denies = (Deny("n", "bob", READ_ONLY),)
    can = {Operation.VIEW_ANY: (OperationRow("bob", allowed=True),)}
    world = make_world(object=OPEN, denies=denies, operations=can)
    assert verbs_of(world, "bob") == {Verb.READ}
    can = {**can, Operation.EDIT_ANY: (OperationRow("bob", allowed=True),)}
    assert verbs_of(replace(world, operations=can), "bob") == {Verb.READ, Verb.UPDATE}

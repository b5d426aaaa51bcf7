"""The oracle's own examples for carried verbs, masked and sealed columns, sharing, and who can."""

from dataclasses import replace

import pytest

from tests.oracle.answers import (
    MASKED,
    OK,
    Answer,
    Reference,
    answer_to,
    answer_to_create,
    masked_columns,
    reach,
    restricted_columns,
    shown,
    who_can,
    who_can_see_column,
)
from tests.oracle.layers import column_level, may_create, may_read_column, may_share, object_permits
from tests.oracle.model import (
    ROOT,
    ColumnRow,
    Deny,
    Grant,
    Leg,
    Level,
    Object,
    ObjectRow,
    Operation,
    OperationRow,
    Record,
    Share,
    Verb,
    World,
)
from tests.unit.oracle._small import ALL_VERBS, EVERYBODY, READ_ONLY, make_graph, make_world, readers

ANY_DATA = (Operation.VIEW_ANY, Operation.ADD_ANY, Operation.EDIT_ANY, Operation.DELETE_ANY)


def test_an_operation_carries_verbs_for_whoever_may_execute_it() -> None:
    world = make_world(
        object=Object(rows=(ObjectRow("bob", READ_ONLY),)),
        operations={Operation.EXPORT: (OperationRow("bob", allowed=True),)},
        carried={Operation.EXPORT: {"note": frozenset({Verb.CREATE, Verb.UPDATE})}},
    )
    assert [verb for verb in Verb if object_permits(world, "bob", verb, "note")] == [
        Verb.CREATE,
        Verb.READ,
        Verb.UPDATE,
    ]
    assert not any(object_permits(world, "eve", verb, "note") for verb in Verb)
    assert may_create(world, "bob", "note")
    refused = replace(world, operations={Operation.EXPORT: (OperationRow("bob", allowed=False),)})
    assert not may_create(refused, "bob", "note")


def test_what_is_carried_opens_neither_records_nor_columns() -> None:
    world = make_world(
        object=Object(columns={"name": (ColumnRow("bob", Level.READ),)}),
        operations={Operation.EXPORT: (OperationRow(ROOT, allowed=True),)},
        carried={Operation.EXPORT: {"note": ALL_VERBS}},
    )
    assert readers(world) == {"bob"}
    assert column_level(world, "ann", "note", "name") is Level.NONE
    assert answer_to(world, "bob", Verb.UPDATE, "n", "name") == Answer("forbidden", "column", "name")


def make_named(level: Level, *operations: Operation, name: str | None = "N", sealed: bool = False) -> World:
    """A record whose name everybody has at this level, and Bob edits."""
    rows = (ColumnRow("bob", Level.EDIT), ColumnRow(ROOT, level))
    object = Object(
        records=False,
        rows=EVERYBODY,
        columns={"name": rows},
        sealed=frozenset({"name"}) if sealed else frozenset(),
    )
    return make_world(
        object=object,
        record=Record("note", "bob", values={"name": name}),
        operations={operation: (OperationRow("eve", allowed=True),) for operation in operations},
    )


def test_a_masked_column_shows_its_masked_form() -> None:
    world = make_named(Level.MASKED)
    assert shown(world, "bob", "n") == {"name": "N"}
    assert shown(world, "ann", "n") == {"name": MASKED}
    assert shown(make_named(Level.MASKED, name=None), "ann", "n") == {"name": None}
    assert restricted_columns(world, "ann", "note") == set()
    assert masked_columns(world, "ann", "note") == {"name"}
    assert not may_read_column(world, "ann", "note", "name")
    assert answer_to(world, "ann", Verb.UPDATE, "n", "name") == Answer("forbidden", "column", "name")
    assert answer_to(world, "bob", Verb.UPDATE, "n", "name") == OK


def test_any_data_leaves_a_mask_on() -> None:
    world = make_named(Level.MASKED, Operation.VIEW_ANY, Operation.EDIT_ANY)
    assert shown(world, "eve", "n") == {"name": MASKED}
    assert answer_to(world, "eve", Verb.UPDATE, "n", "name") == OK
    assert answer_to_create(world, "eve", "note", "name") == Answer("forbidden", "column", "name")
    assert shown(make_named(Level.NONE, Operation.VIEW_ANY), "eve", "n") == {"name": "N"}
    assert shown(make_named(Level.NONE), "eve", "n") == {}


@pytest.mark.parametrize("level", list(Level))
def test_a_sealed_column_is_closed_to_everybody(level: Level) -> None:
    world = make_named(level, *ANY_DATA, sealed=True)
    for who in ("bob", "eve"):
        assert restricted_columns(world, who, "note") == {"name"}
        assert shown(world, who, "n") == {}
        assert answer_to(world, who, Verb.UPDATE, "n", "name") == Answer("forbidden", "column", "name")
        assert answer_to_create(world, who, "note", "name") == Answer("forbidden", "column", "name")
    assert shown(make_named(level, *ANY_DATA), "bob", "n") == {"name": "N"}


def test_a_sealed_column_without_rows_is_closed() -> None:
    world = make_world(object=Object(rows=EVERYBODY, columns={"name": ()}))
    assert column_level(world, "bob", "note", "name") is Level.EDIT
    sealed = replace(world.objects["note"], sealed=frozenset({"name"}))
    assert column_level(replace(world, objects={"note": sealed}), "bob", "note", "name") is Level.NONE


def test_a_masked_lookup_shows_no_id_and_a_masked_display_no_text() -> None:
    world = make_named(Level.MASKED)
    line = Object(records=False, rows=EVERYBODY, columns={"about": (ColumnRow("bob", Level.MASKED),)})
    world = replace(
        world,
        objects={**world.objects, "line": line},
        records={**world.records, "l": Record("line", "bob", values={"about": "n"})},
        lookups={("line", "about"): "note"},
        displays={"note": "name"},
    )
    assert shown(world, "bob", "l") == {"about": MASKED}
    opened = replace(world, objects={**world.objects, "line": replace(line, columns={"about": ()})})
    assert shown(opened, "bob", "l") == {"about": Reference("n", "N")}
    assert shown(opened, "ann", "l") == {"about": Reference("n", None)}


def test_sharing_needs_the_verb_with_delegation() -> None:
    shares = (Share("n", "ann", Verb.READ, Grant.DELEGABLE), Share("n", "eve", Verb.READ, Grant.GRANTED))
    world = make_world(shares=shares)
    for level in (Grant.GRANTED, Grant.DELEGABLE):
        assert may_share(world, "bob", Verb.DELETE, "n", level)
        assert may_share(world, "ann", Verb.READ, "n", level)
        assert not may_share(world, "ann", Verb.UPDATE, "n", level)
        assert not may_share(world, "eve", Verb.READ, "n", level)
    assert not may_share(world, "bob", Verb.READ, "n", Grant.NONE)


def test_the_operation_for_sharing_counts_as_delegation_on_what_one_reads() -> None:
    world = make_world(
        shares=(Share("n", "eve", Verb.READ),),
        operations={Operation.SHARE_ANY: (OperationRow(ROOT, allowed=True),)},
    )
    assert may_share(world, "eve", Verb.DELETE, "n", Grant.DELEGABLE)
    assert not may_share(world, "ann", Verb.READ, "n", Grant.GRANTED)


def test_what_is_denied_or_open_to_all_is_not_passed_on() -> None:
    denies = (Deny("n", "bob", frozenset({Verb.UPDATE})),)
    world = make_world(object=Object(rows=EVERYBODY, denies=True), denies=denies)
    assert may_share(world, "bob", Verb.READ, "n", Grant.GRANTED)
    assert not may_share(world, "bob", Verb.UPDATE, "n", Grant.GRANTED)
    open_ = make_world(object=Object(rows=EVERYBODY, records=False))
    assert not may_share(open_, "bob", Verb.READ, "n", Grant.GRANTED)


def test_who_can_and_what_is_in_reach_are_one_answer() -> None:
    columns = {"name": (ColumnRow("bob", Level.READ), ColumnRow("eve", Level.MASKED))}
    world = make_world(
        replace(make_graph(("ann", "paris")), inactive=frozenset({"ann"})),
        object=Object(rows=EVERYBODY, columns=columns, legs=frozenset({Leg.AUTHOR, Leg.SHARES})),
        shares=(Share("n", ROOT, Verb.READ),),
    )
    assert who_can(world, Verb.READ, "n") == {"bob", "eve"}
    assert who_can(world, Verb.UPDATE, "n") == {"bob"}
    assert who_can_see_column(world, "n", "name") == {"bob"}
    assert who_can_see_column(world, "n", "owner") == {"bob", "eve"}
    assert reach(world, "eve", Verb.READ, "note") == {"n"}
    assert reach(world, "eve", Verb.UPDATE, "note") == set()
    assert reach(world, "ann", Verb.READ, "note") == set()

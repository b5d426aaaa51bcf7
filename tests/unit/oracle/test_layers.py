"""The oracle's own examples for semantics sections 2 to 5."""

from dataclasses import replace

import pytest

from tests.oracle.answers import (
    NOT_FOUND,
    OK,
    RESTRICTED,
    Answer,
    Reference,
    answer_to,
    answer_to_create,
    may_export,
    may_list,
    restricted_columns,
    shown,
    visible,
)
from tests.oracle.layers import column_level, may, may_create, may_operate, may_write_column, object_permits
from tests.oracle.legs import granted_by
from tests.oracle.model import (
    ROOT,
    ColumnRow,
    Grant,
    Leg,
    Level,
    Object,
    ObjectRow,
    Operation,
    OperationRow,
    Record,
    Rule,
    Share,
    Unit,
    Verb,
    World,
)
from tests.unit.oracle._small import ALL_VERBS, EVERYBODY, READ_ONLY, make_graph, make_world, readers


def test_nothing_matches_nothing_permitted() -> None:
    world = make_world(object=Object(rows=(ObjectRow("ann", ALL_VERBS),)))
    assert object_permits(world, "ann", Verb.READ, "note")
    assert not object_permits(world, "bob", Verb.READ, "note")
    assert not may_operate(world, "ann", Operation.EXPORT)


def test_the_topmost_row_of_a_source_decides_all_verbs() -> None:
    closed, open_ = ObjectRow("paris", READ_ONLY), ObjectRow(ROOT, ALL_VERBS)
    graph = make_graph(("ann", "paris"))
    world = make_world(graph, object=Object(rows=(closed, open_)))
    assert object_permits(world, "ann", Verb.READ, "note")
    assert not object_permits(world, "ann", Verb.UPDATE, "note")
    assert object_permits(world, "bob", Verb.UPDATE, "note")
    assert object_permits(make_world(graph, object=Object(rows=(open_, closed))), "ann", Verb.UPDATE, "note")


def test_sources_are_united_so_a_manager_keeps_what_another_source_loses() -> None:
    rows = (ObjectRow("paris_managers", frozenset()), ObjectRow("paris", READ_ONLY))
    graph = make_graph(("ann", "paris_managers"), ("bob", "paris"))
    assert object_permits(make_world(graph, object=Object(rows=rows)), "ann", Verb.READ, "note")
    alone = make_graph(("ann", "paris_managers"))
    assert not object_permits(make_world(alone, object=Object(rows=rows)), "ann", Verb.READ, "note")


def test_operations_take_the_topmost_row_of_each_source() -> None:
    rows = (OperationRow("ann", False), OperationRow(ROOT, True))
    world = make_world(operations={Operation.EXPORT: rows})
    assert may_operate(world, "bob", Operation.EXPORT)
    assert not may_operate(world, "ann", Operation.EXPORT)
    assert may_export(world, "bob", "note")
    assert not may_export(replace(world, objects={"note": Object()}), "bob", "note")


def test_columns_take_the_highest_of_the_sources_and_none_where_no_row_matches() -> None:
    columns = {
        "open": (),
        "closed": (ColumnRow("eve", Level.EDIT),),
        "split": (ColumnRow("paris_managers", Level.NONE), ColumnRow("paris", Level.READ)),
    }
    graph = make_graph(("ann", "paris_managers"), ("bob", "paris"))
    world = make_world(graph, object=Object(rows=EVERYBODY, columns=columns))
    assert [column_level(world, "ann", "note", column) for column in columns] == [
        Level.EDIT,
        Level.NONE,
        Level.READ,
    ]
    assert restricted_columns(world, "bob", "note") == {"closed"}


def test_update_and_delete_need_read_at_both_layers() -> None:
    writer = Object(rows=(ObjectRow("bob", frozenset({Verb.UPDATE, Verb.DELETE})),))
    assert answer_to(make_world(object=writer), "bob", Verb.UPDATE, "n") == NOT_FOUND
    shares = (Share("n", "eve", Verb.UPDATE), Share("n", "eve", Verb.READ))
    assert answer_to(make_world(shares=shares[:1]), "eve", Verb.UPDATE, "n") == NOT_FOUND
    assert answer_to(make_world(shares=shares), "eve", Verb.UPDATE, "n") == OK
    assert answer_to(make_world(shares=shares), "eve", Verb.DELETE, "n") == Answer("forbidden", "record")


def test_a_refusal_names_the_layer_and_the_column() -> None:
    columns = {"name": (ColumnRow("bob", Level.READ),)}
    reader = Object(rows=(ObjectRow("bob", READ_ONLY),), columns=columns)
    world = make_world(object=reader)
    assert answer_to(world, "bob", Verb.READ, "n") == OK
    assert answer_to(world, "bob", Verb.UPDATE, "n", "name") == Answer("forbidden", "object")
    assert answer_to(world, "ann", Verb.DELETE, "n") == NOT_FOUND
    assert answer_to_create(world, "bob", "note") == Answer("forbidden", "object")
    world = make_world(object=replace(reader, rows=EVERYBODY))
    assert answer_to(world, "bob", Verb.UPDATE, "n", "name") == Answer("forbidden", "column", "name")
    assert answer_to_create(world, "bob", "note", "name") == Answer("forbidden", "column", "name")
    assert answer_to(world, "bob", Verb.DELETE, "n") == OK


@pytest.mark.parametrize("operation", [Operation.VIEW_ANY, Operation.EDIT_ANY, Operation.DELETE_ANY])
def test_an_any_data_operation_gives_its_own_verb_only(operation: Operation) -> None:
    columns = {"name": (ColumnRow("bob", Level.READ),)}
    rows = (ObjectRow("bob", READ_ONLY),)
    can = {operation: (OperationRow(ROOT, True),)}
    world = make_world(object=Object(rows=rows, columns=columns), operations=can)
    expected = {
        Operation.VIEW_ANY: {("ann", Verb.READ), ("bob", Verb.READ), ("eve", Verb.READ)},
        Operation.EDIT_ANY: {("bob", Verb.READ), ("bob", Verb.UPDATE)},
        Operation.DELETE_ANY: {("bob", Verb.READ), ("bob", Verb.DELETE)},
    }[operation]
    verbs = (Verb.READ, Verb.UPDATE, Verb.DELETE)
    assert {
        (person, verb) for person in world.principals() for verb in verbs if may(world, person, verb, "n")
    } == expected
    assert not may_create(world, "ann", "note")
    assert may_write_column(world, "bob", Verb.UPDATE, "note", "name") == (operation is Operation.EDIT_ANY)
    assert not may_write_column(world, "bob", Verb.CREATE, "note", "name")
    hidden = set() if operation is Operation.VIEW_ANY else {"name"}
    assert restricted_columns(world, "ann", "note") == hidden


def test_add_any_creates_with_any_column_and_reads_nothing() -> None:
    can = {Operation.ADD_ANY: (OperationRow("ann", True),)}
    closed = Object(columns={"name": (ColumnRow("bob", Level.READ),)})
    world = make_world(object=closed, operations=can)
    assert answer_to_create(world, "ann", "note", "name") == OK
    assert answer_to_create(world, "bob", "note") == Answer("forbidden", "object")
    assert not may_list(world, "ann", "note")


def test_layer_three_off_permits_everyone_whom_the_object_permits() -> None:
    assert readers(make_world(object=Object(records=False, rows=EVERYBODY))) == {"ann", "bob", "eve", "robot"}
    assert readers(make_world()) == {"bob"}
    assert readers(make_world(object=Object(records=False, rows=(ObjectRow("eve", READ_ONLY),)))) == {"eve"}


def test_author_and_owner_have_everything() -> None:
    record = Record("note", "bob", "robot")
    assert readers(make_world(record=record)) == {"bob", "robot"}
    assert granted_by(make_world(record=record), "bob", Verb.DELETE, "n")[Leg.AUTHOR] is Grant.DELEGABLE
    no_author = Object(rows=EVERYBODY, legs=frozenset(Leg) - {Leg.AUTHOR})
    assert readers(make_world(object=no_author, record=record)) == {"robot"}
    no_owner = Object(rows=EVERYBODY, legs=frozenset(Leg) - {Leg.OWNER})
    assert readers(make_world(object=no_owner, record=record)) == {"bob"}


def test_managers_of_the_author_are_found_in_the_set_of_then() -> None:
    then = make_graph(("bob", "paris"), ("eve", "sales_managers"))
    now = make_graph(("ann", "paris_managers"), ("eve", "sales_managers"))
    assert readers(make_world(then, now)) == {"ann", "bob", "eve"}
    assert readers(make_world(now, replace(now, members=now.members | {("bob", "paris")}))) == {"bob"}
    off = Object(rows=EVERYBODY, legs=frozenset(Leg) - {Leg.AUTHOR_MANAGERS})
    assert readers(make_world(then, now, object=off)) == {"bob"}


def test_a_stored_unit_that_was_moved_away_keeps_its_old_managers() -> None:
    then = make_graph(("bob", "paris"), ("eve", "sales_managers"))
    assert readers(make_world(then, replace(then, parents={"sales": ROOT, "paris": ROOT}))) == {"bob", "eve"}


def test_managers_of_the_owner_are_found_in_the_tree_of_now() -> None:
    record = Record("note", "robot", "bob")
    then = make_graph(("bob", "paris"), ("ann", "paris_managers"))
    assert readers(make_world(then, record=record)) == {"ann", "bob", "robot"}
    now = make_graph(("ann", "paris_managers"))
    assert readers(make_world(then, now, record=record)) == {"bob", "robot"}
    off = Object(rows=EVERYBODY, legs=frozenset(Leg) - {Leg.OWNER_MANAGERS})
    assert readers(make_world(then, object=off, record=record)) == {"bob", "robot"}


def test_managers_do_not_see_each_other() -> None:
    graph = make_graph(("bob", "paris_managers"), ("ann", "paris_managers"), ("eve", "sales_managers"))
    assert readers(make_world(graph)) == {"bob", "eve"}


def test_a_service_account_has_no_managers() -> None:
    graph = make_graph(("robot", "paris"), ("ann", "paris_managers"))
    assert readers(make_world(graph, record=Record("note", "robot", "robot"))) == {"robot"}


@pytest.mark.parametrize("unit", ["bob", "paris", "sales", ROOT, "editors", "paris_managers"])
def test_a_rule_finds_its_author_in_the_stored_set_of_any_kind(unit: Unit) -> None:
    rule = Rule(unit, "eve", {Verb.READ: Grant.GRANTED})
    then = make_graph(("bob", "paris"), ("bob", "paris_managers"))
    object = Object(rows=EVERYBODY, rules=(rule,))
    assert readers(make_world(then, make_graph(), object=object)) == {"bob", "eve"}
    expected = {"bob", "eve"} if unit in ("bob", ROOT) else {"bob"}
    assert readers(make_world(make_graph(), then, object=object)) == expected


@pytest.mark.parametrize("unit", ["ann", "sales", "editors", "sales_managers"])
def test_a_rule_finds_its_grantee_in_all_units_of_now(unit: Unit) -> None:
    object = Object(rows=EVERYBODY, rules=(Rule("bob", unit, {Verb.READ: Grant.GRANTED}),))
    now = make_graph(("ann", "paris"), ("ann", "sales_managers"))
    assert readers(make_world(now, make_graph(), object=object)) == (
        {"ann", "bob"} if unit == "ann" else {"bob"}
    )
    assert readers(make_world(make_graph(), now, object=object)) == {"ann", "bob"}


def test_a_rule_that_names_a_person_reaches_that_persons_managers() -> None:
    object = Object(rows=EVERYBODY, rules=(Rule("bob", "eve", {Verb.READ: Grant.GRANTED}),))
    graph = make_graph(("eve", "paris"), ("ann", "paris_managers"))
    assert readers(make_world(graph, object=object)) == {"ann", "bob", "eve"}
    named_robot = Object(rows=EVERYBODY, rules=(Rule("bob", "robot", {Verb.READ: Grant.GRANTED}),))
    below = make_graph(("robot", "paris"), ("ann", "paris_managers"))
    assert readers(make_world(below, object=named_robot)) == {"bob", "robot"}


def test_rules_give_each_verb_by_itself() -> None:
    rule = Rule(ROOT, "eve", {Verb.READ: Grant.GRANTED, Verb.UPDATE: Grant.DELEGABLE})
    world = make_world(object=Object(rows=EVERYBODY, rules=(rule,)))
    assert answer_to(world, "eve", Verb.UPDATE, "n") == OK
    assert answer_to(world, "eve", Verb.DELETE, "n") == Answer("forbidden", "record")
    assert granted_by(world, "eve", Verb.UPDATE, "n")[Leg.RULES] is Grant.DELEGABLE
    assert granted_by(world, "eve", Verb.READ, "n")[Leg.RULES] is Grant.GRANTED


@pytest.mark.parametrize(
    ("starts", "ends", "valid"),
    [
        (None, None, True),
        (0, None, True),
        (1, None, False),
        (None, 0, False),
        (None, 1, True),
        (-2, -1, False),
        (-1, 1, True),
    ],
)
def test_a_share_is_valid_from_its_start_and_before_its_end(
    starts: int | None, ends: int | None, *, valid: bool
) -> None:
    share = Share("n", "eve", Verb.READ, starts=starts, ends=ends)
    assert readers(make_world(shares=(share,))) == ({"bob", "eve"} if valid else {"bob"})


def test_a_share_reaches_everybody_of_its_unit_and_their_managers() -> None:
    graph = make_graph(("eve", "paris"), ("ann", "sales_managers"))
    assert readers(make_world(graph, shares=(Share("n", "paris", Verb.READ),))) == {"ann", "bob", "eve"}
    assert readers(make_world(graph, shares=(Share("n", "eve", Verb.READ),))) == {"ann", "bob", "eve"}
    off = Object(rows=EVERYBODY, legs=frozenset(Leg) - {Leg.SHARES})
    assert readers(make_world(graph, object=off, shares=(Share("n", "eve", Verb.READ),))) == {"bob"}


def test_a_lookup_shows_no_more_than_its_target_shows() -> None:
    objects = {
        "note": Object(rows=EVERYBODY, columns={"name": (ColumnRow("bob", Level.READ),)}),
        "line": Object(records=False, rows=EVERYBODY, columns={"about": ()}),
    }
    records = {
        "n": Record("note", "bob", "ann", values={"name": "N"}),
        "l": Record("line", "bob", values={"about": "n"}),
    }
    world = World(
        (make_graph(),), objects, records, lookups={("line", "about"): "note"}, displays={"note": "name"}
    )
    assert shown(world, "bob", "l") == {"about": Reference("n", "N")}
    assert shown(world, "ann", "l") == {"about": Reference("n", None)}
    assert shown(world, "eve", "l") == {"about": RESTRICTED}
    assert visible(world, "eve", "note") == set()
    assert visible(world, "eve", "line") == {"l"}

"""The oracle's own examples for semantics section 3, leg 8, and for what a new master is asked."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.oracle.answers import OK, Answer, answer_to, answer_to_create, reach
from tests.oracle.layers import may
from tests.oracle.legs import grant_of
from tests.oracle.model import (
    ROOT,
    Deny,
    Grant,
    Leg,
    Object,
    ObjectRow,
    Operation,
    OperationRow,
    Record,
    Share,
    Unit,
    Verb,
    World,
)
from tests.unit.oracle._small import EVERYBODY, READ_ONLY, make_graph

OPEN = Object(rows=EVERYBODY, columns={"under": ()})


def make_chain(
    *shares: Share, denies: tuple[Deny, ...] = (), operations: tuple[Operation, ...] = (), **objects: Object
) -> World:
    """Records `o` of an order, `l` of its line, `p` of the line's part, all Bob's; another order `other`."""
    return World(
        (make_graph(),),
        {"order": OPEN, "line": OPEN, "part": OPEN} | objects,
        {
            "o": Record("order", "bob"),
            "other": Record("order", "bob"),
            "l": Record("line", "bob", values={"under": "o"}),
            "alone": Record("line", "bob", values={"under": None}),
            "p": Record("part", "bob", values={"under": "l"}),
        },
        shares,
        {operation: (OperationRow("eve", allowed=True),) for operation in operations},
        {("line", "under"): "order", ("part", "under"): "line"},
        denies=denies,
        masters={"line": "under", "part": "under"},
    )


def shared(record: str, levels: Mapping[Verb, Grant], unit: Unit = "eve") -> tuple[Share, ...]:
    """Shares with Eve."""
    return tuple(Share(record, unit, verb, grant) for verb, grant in levels.items())


READ = {Verb.READ: Grant.GRANTED}
UPDATE = {**READ, Verb.UPDATE: Grant.DELEGABLE}


def test_a_record_is_reached_through_its_master_and_that_ones_master() -> None:
    world = make_chain(*shared("o", READ))
    assert [may(world, "eve", Verb.READ, name) for name in "olp"] == [True, True, True]
    assert [may(world, "ann", Verb.READ, name) for name in "olp"] == [False, False, False]
    assert reach(world, "eve", Verb.READ, "line") == {"l"}
    assert [may(make_chain(*shared("l", READ)), "eve", Verb.READ, name) for name in "olp"] == [
        False,
        True,
        True,
    ]


def test_each_verb_comes_with_the_level_that_the_master_gives() -> None:
    world = make_chain(*shared("o", UPDATE))
    assert grant_of(world, "eve", Verb.READ, "p") is Grant.GRANTED
    assert grant_of(world, "eve", Verb.UPDATE, "p") is Grant.DELEGABLE
    assert grant_of(world, "eve", Verb.DELETE, "p") is Grant.NONE


def test_writing_needs_to_read_the_master() -> None:
    update_alone = {Verb.UPDATE: Grant.GRANTED}
    world = make_chain(*shared("o", update_alone), *shared("l", READ))
    assert may(world, "eve", Verb.READ, "l")
    assert not may(world, "eve", Verb.UPDATE, "l")
    world = make_chain(*shared("o", {**update_alone, **READ}), *shared("l", READ))
    assert may(world, "eve", Verb.UPDATE, "l")


def test_only_layer_three_of_the_master_is_asked() -> None:
    closed = Object(columns={"under": ()})
    assert may(make_chain(*shared("o", READ), order=closed), "eve", Verb.READ, "l")
    assert not may(make_chain(*shared("o", READ), order=closed), "eve", Verb.READ, "o")
    assert not may(make_chain(order=closed, operations=(Operation.VIEW_ANY,)), "ann", Verb.READ, "l")


def test_any_data_counts_for_the_record_itself_only() -> None:
    world = make_chain(operations=(Operation.VIEW_ANY,))
    assert may(world, "eve", Verb.READ, "l")
    assert grant_of(world, "eve", Verb.READ, "l") is Grant.NONE


def test_a_master_without_layer_three_permits_everybody() -> None:
    world = make_chain(order=replace(OPEN, records=False))
    assert may(world, "eve", Verb.DELETE, "l")
    assert grant_of(world, "eve", Verb.READ, "l") is Grant.GRANTED
    assert not may(world, "eve", Verb.READ, "alone")


def test_the_leg_can_be_switched_off() -> None:
    off = replace(OPEN, legs=frozenset(Leg) - {Leg.MASTER})
    world = make_chain(*shared("o", READ), line=off)
    assert not may(world, "eve", Verb.READ, "l")
    assert may(make_chain(*shared("o", READ), part=off), "eve", Verb.READ, "l")


def test_a_deny_on_the_master_removes_this_leg_alone() -> None:
    denying = replace(OPEN, denies=True)
    denies = (Deny("o", "eve", READ_ONLY),)
    world = make_chain(*shared("o", READ), order=denying, denies=denies)
    assert not may(world, "eve", Verb.READ, "l")
    world = make_chain(*shared("o", READ), *shared("l", READ), order=denying, denies=denies)
    assert may(world, "eve", Verb.READ, "l")
    update = (Deny("o", "eve", frozenset({Verb.UPDATE})),)
    world = make_chain(*shared("o", UPDATE), order=denying, denies=update)
    assert may(world, "eve", Verb.READ, "l")
    assert not may(world, "eve", Verb.UPDATE, "l")


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ({}, Answer("invalid", None, "under")),
        ({Verb.UPDATE: Grant.GRANTED}, Answer("invalid", None, "under")),
        (READ, Answer("forbidden", "record")),
        (UPDATE, OK),
    ],
)
def test_a_new_master_must_be_readable_and_writable_at_layer_three(
    levels: Mapping[Verb, Grant], expected: Answer
) -> None:
    world = make_chain(*shared("other", levels), *shared("l", UPDATE))
    assert answer_to_create(world, "eve", "line", "under", referred="other") == expected
    assert answer_to(world, "eve", Verb.UPDATE, "l", "under", referred="other") == expected
    assert answer_to_create(world, "eve", "line", "under") == OK
    assert answer_to(world, "eve", Verb.UPDATE, "l", "under") == OK


def test_layer_two_of_the_master_is_asked_for_read_alone() -> None:
    world = make_chain(*shared("other", UPDATE), order=replace(OPEN, rows=(ObjectRow(ROOT, READ_ONLY),)))
    assert not may(world, "eve", Verb.UPDATE, "other")
    assert answer_to_create(world, "eve", "line", "under", referred="other") == OK
    closed = make_chain(*shared("other", UPDATE), order=replace(OPEN, rows=()))
    assert answer_to_create(closed, "eve", "line", "under", referred="other") == Answer(
        "invalid", None, "under"
    )


def test_edit_any_counts_as_update_of_the_master_and_needs_its_read() -> None:
    edit, view = Operation.EDIT_ANY, Operation.VIEW_ANY
    unreadable = Answer("invalid", None, "under")
    asked = ("eve", "line", "under")
    assert answer_to_create(make_chain(operations=(edit,)), *asked, referred="o") == unreadable
    assert answer_to_create(make_chain(operations=(view,)), *asked, referred="o") == Answer(
        "forbidden", "record"
    )
    assert answer_to_create(make_chain(operations=(edit, view)), *asked, referred="o") == OK
    readable = make_chain(*shared("o", READ), operations=(edit,))
    assert answer_to_create(readable, *asked, referred="o") == OK


@pytest.mark.parametrize(
    "child", [replace(OPEN, records=False), replace(OPEN, legs=frozenset(Leg) - {Leg.MASTER})]
)
def test_nothing_is_asked_of_a_master_that_gives_nothing(child: Object) -> None:
    world = make_chain(*shared("o", READ), line=child)
    assert answer_to_create(world, "eve", "line", "under", referred="o") == OK
    assert answer_to_create(world, "eve", "line", "under", referred="other") == Answer(
        "invalid", None, "under"
    )
    assert answer_to_create(make_chain(*shared("o", READ)), "eve", "line", "under", referred="o") == Answer(
        "forbidden", "record"
    )


def test_a_column_that_may_not_be_written_is_refused_before_its_value() -> None:
    sealed = replace(OPEN, sealed=frozenset({"under"}))
    world = make_chain(line=sealed)
    assert answer_to_create(world, "eve", "line", "under", referred="o") == Answer(
        "forbidden", "column", "under"
    )

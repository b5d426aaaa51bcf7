"""Every world of a small size, for a run that leaves none of them out.

Two persons, two roles (one organisational, its manager role), one object, two records, one column.
"""

from collections.abc import Iterator, Sequence, Sized
from dataclasses import replace
from itertools import permutations, product
from math import prod
from typing import TypeVar

from tests.oracle.model import (
    ROOT,
    ColumnRow,
    Delegation,
    Deny,
    Grant,
    Graph,
    Kind,
    Leg,
    Level,
    Object,
    ObjectRow,
    Record,
    Rule,
    Share,
    Unit,
    Verb,
    World,
)

Option = TypeVar("Option")

READ = frozenset({Verb.READ})
KINDS = {ROOT: Kind.ORG, "o1": Kind.ORG, "m_o1": Kind.MANAGER, "p1": Kind.PERSON, "p2": Kind.PERSON}
RECORDS = {"r1": Record("alpha", "p1", values={"title": "One"}), "r2": Record("alpha", "p2", "p1")}


def row_sets(options: Sequence[Option]) -> list[list[tuple[Unit, Option]]]:
    """No row, one, or two in either order, for All employees and for the role below it."""
    rows = [(unit, option) for unit in ("o1", ROOT) for option in options]
    pairs = [list(pair) for pair in permutations(rows, 2) if pair[0][0] != pair[1][0]]
    return [[], *([row] for row in rows), *pairs]


def graphs() -> list[Graph]:
    """Each person in no role, in the unit, or its manager; one delegates to nobody, a person, or the unit."""
    roles = [None, "o1", "m_o1"]
    delegations = [(), (Delegation("p1", "p2"),), (Delegation("p1", "o1"),)]
    return [
        Graph(
            KINDS,
            {"o1": ROOT},
            {"m_o1": "o1"},
            members=frozenset((who, role) for who, role in (("p1", first), ("p2", second)) if role),
            delegations=delegated,
        )
        for first, second, delegated in product(roles, roles, delegations)
    ]


GRAPHS = graphs()
OBJECT_ROWS = [
    tuple(ObjectRow(unit, verbs) for unit, verbs in rows) for rows in row_sets([frozenset(Verb), READ])
]
COLUMN_ROWS = [
    tuple(ColumnRow(unit, level) for unit, level in rows) for rows in row_sets([Level.EDIT, Level.NONE])
]
RULES = [(), (Rule("o1", ROOT, {Verb.READ: Grant.GRANTED, Verb.UPDATE: Grant.GRANTED}),)]
SHARES = [(), (Share("r1", "o1", Verb.READ),)]
DENIES = [(), (Deny("r1", "o1", READ),)]
SWITCHES = [
    Object(denies=True),
    Object(denies=False, legs=frozenset({Leg.RULES, Leg.SHARES})),
    Object(denies=True, records=False),
]
DIMENSIONS: list[Sized] = [GRAPHS, OBJECT_ROWS, COLUMN_ROWS, RULES, SHARES, DENIES, SWITCHES]
TINY_WORLDS = prod(len(options) for options in DIMENSIONS)


def tiny_worlds() -> Iterator[World]:
    """TINY_WORLDS worlds, always in the same order: 27 graphs and so 109,512 in all.

    9 memberships x 3 delegations; 13 lists of object rows and 13 of column rows (none, one, two in either
    order, over two units and two options); with and without a default rule, a share, a deny; 3 settings of
    the switches.
    The worlds of one graph follow each other, so whoever builds them builds each graph once.
    """
    objects = [
        replace(switches, rows=rows, columns={"title": columns}, rules=rules)
        for switches, rows, columns, rules in product(SWITCHES, OBJECT_ROWS, COLUMN_ROWS, RULES)
    ]
    displays = {"alpha": "title"}
    for graph, object, shares, denies in product(GRAPHS, objects, SHARES, DENIES):
        yield World((graph,), {"alpha": object}, RECORDS, shares, displays=displays, denies=denies)

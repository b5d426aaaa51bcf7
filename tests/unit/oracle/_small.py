"""A small world for the oracle's own examples: one object, one record, a few people."""

from collections.abc import Mapping

from tests.oracle.layers import may
from tests.oracle.model import (
    ROOT,
    Deny,
    Graph,
    Kind,
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

ALL_VERBS = frozenset(Verb)
READ_ONLY = frozenset({Verb.READ})
EVERYBODY = (ObjectRow(ROOT, ALL_VERBS), ObjectRow("robot", ALL_VERBS))


def make_graph(*members: tuple[Unit, Unit]) -> Graph:
    """Sales with Paris below it, both with managers; one functional role linked to Paris."""
    kinds = {
        **dict.fromkeys([ROOT, "sales", "paris"], Kind.ORG),
        **dict.fromkeys(["editors", "writers"], Kind.FUNC),
        **dict.fromkeys(["sales_managers", "paris_managers"], Kind.MANAGER),
        **dict.fromkeys(["ann", "bob", "eve"], Kind.PERSON),
        "robot": Kind.SERVICE,
    }
    return Graph(
        kinds,
        {"sales": ROOT, "paris": "sales"},
        {"sales_managers": "sales", "paris_managers": "paris"},
        frozenset({("paris", "editors")}),
        frozenset(members),
    )


def make_world(
    *eras: Graph,
    object: Object | None = None,
    record: Record | None = None,
    shares: tuple[Share, ...] = (),
    operations: Mapping[Operation, tuple[OperationRow, ...]] | None = None,
    denies: tuple[Deny, ...] = (),
    carried: Mapping[Operation, Mapping[str, frozenset[Verb]]] | None = None,
) -> World:
    """One object `note`, open to everybody at layer 2, and one record `n` of Bob's."""
    return World(
        eras or (make_graph(),),
        {"note": object or Object(rows=EVERYBODY)},
        {"n": record or Record("note", "bob")},
        shares,
        operations or {},
        denies=denies,
        carried=carried or {},
    )


def readers(world: World) -> set[Unit]:
    """Who may read the record."""
    return {principal for principal in world.principals() if may(world, principal, Verb.READ, "n")}

"""Generated rights beyond rows and rules: scopes, denies, masters' legs, masks, seals, carried verbs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tests.oracle.dice import Dice
from tests.oracle.grants import DERIVED_LEGS, LEGS, LEVELS, everybody, make_column_rows, make_object
from tests.oracle.model import (
    MANAGED_UNITS,
    OWN_UNITS,
    SELF,
    Deny,
    DenyRule,
    Grant,
    Graph,
    Kind,
    Leg,
    Level,
    Object,
    ObjectRow,
    Operation,
    OperationRow,
    Record,
    Scope,
    Share,
    Unit,
    Verb,
)
from tests.oracle.units import Units, managed_persons, own_set

ALL_LEVELS = [*LEVELS, Level.MASKED]
ALL_LEGS = [*LEGS, Leg.SCOPE, *DERIVED_LEGS, Leg.SCOPE, Leg.SCOPE]
PATHS: dict[str, list[tuple[str, ...]]] = {
    "alpha": [("owner",), ("region",), ("region",), ("author",)],
    "beta": [("about",), ("about", "owner"), ("about", "region"), ("about", "region")],
    "gamma": [("part_of", "about", "region")],
}
LISTS = {"region": "region", "about": "topic"}  # last step of a path -> the named list that may match
PERSONAL = [SELF, OWN_UNITS, SELF, MANAGED_UNITS]
SCOPED: list[dict[Verb, Grant]] = [
    {Verb.READ: Grant.GRANTED},
    {Verb.READ: Grant.GRANTED, Verb.UPDATE: Grant.GRANTED},
    {Verb.READ: Grant.DELEGABLE, Verb.UPDATE: Grant.DELEGABLE, Verb.DELETE: Grant.DELEGABLE},
    {Verb.UPDATE: Grant.DELEGABLE},
    {Verb.READ: Grant.GRANTED, Verb.DELETE: Grant.GRANTED},
]
DENIED = [
    frozenset({Verb.READ}),
    frozenset({Verb.UPDATE}),
    frozenset({Verb.DELETE}),
    frozenset({Verb.UPDATE, Verb.DELETE}),
]
CARRIED = [
    frozenset({Verb.READ}),
    frozenset(Verb),
    frozenset({Verb.READ, Verb.UPDATE}),
    frozenset({Verb.CREATE}),
]
Operations = Mapping[Operation, tuple[OperationRow, ...]]


def make_finer_object(
    dice: Dice, graph: Graph, name: str, columns: Sequence[str], authors: Sequence[Unit], *, below: bool
) -> Object:
    """An object with scope rules, perhaps with denies. below: it names a master."""
    legs = [*ALL_LEGS, *[Leg.MASTER] * (6 if below else 1)]
    rough = make_object(dice, graph, columns, authors, levels=ALL_LEVELS, legs=legs)
    return replace(
        rough,
        scopes=make_scopes(dice, graph, PATHS[name]),
        denies=dice.chance(2),
        deny_rules=make_deny_rules(dice, graph, authors),
        sealed=frozenset({dice.pick(columns)}) if dice.chance(5) else frozenset(),
    )


def make_lookup_object(dice: Dice, graph: Graph, columns: Sequence[str]) -> Object:
    """A small object that others refer to: mostly open, for it is there to be compared with."""
    verbs = dice.pick([frozenset(Verb), frozenset(Verb), frozenset[Verb]()])
    return Object(
        records=dice.chance(4),
        rows=tuple(ObjectRow(unit, verbs) for unit in everybody(graph)),
        columns={column: make_column_rows(dice, graph, ALL_LEVELS) for column in columns},
    )


def make_scopes(dice: Dice, graph: Graph, paths: Sequence[tuple[str, ...]]) -> tuple[Scope, ...]:
    """Up to two scope rules, mostly for everybody of one kind, since the attribute chooses as well."""
    found: dict[tuple[Unit, tuple[str, ...], str], Scope] = {}
    for _ in range(dice.pick([0, 1, 1, 2])):
        grantee = dice.unit(graph) if dice.chance(3) else dice.pick(everybody(graph))
        path = dice.pick(paths)
        attribute = LISTS.get(path[-1]) or dice.pick(PERSONAL)
        found[grantee, path, attribute] = Scope(grantee, path, attribute, dice.pick(SCOPED))
    return tuple(found.values())


def make_deny_rules(dice: Dice, graph: Graph, authors: Sequence[Unit]) -> tuple[DenyRule, ...]:
    """None, or one that concerns some record's author, often for everybody."""
    if not dice.chance(3):
        return ()
    unit = dice.unit(graph) if dice.chance(2) else dice.pick(everybody(graph))
    return (DenyRule(dice.pick(authors), unit, dice.pick(DENIED)),)


def make_denies(dice: Dice, graph: Graph, records: Mapping[str, Record]) -> tuple[Deny, ...]:
    """Up to three denies, half of them for units of whoever would see the record anyhow.

    Records to which others refer are denied more often, for those may have them as masters.
    """
    referred = [str(value) for record in records.values() for value in record.values.values()]
    names = [*records, *(name for name in referred if name in records)]
    found: dict[tuple[str, Unit], Deny] = {}
    for _ in range(dice.count(0, 3)):
        name = dice.pick(names)
        author = records[name].author
        unit = dice.pick(sorted(own_set(graph, author))) if dice.chance(2) else dice.unit(graph)
        found[name, unit] = Deny(name, unit, dice.pick(DENIED))
    return tuple(found.values())


def make_split_shares(
    dice: Dice, graph: Graph, records: Mapping[str, Record], masters: Mapping[str, str]
) -> tuple[Share, ...]:
    """Now and then somebody reads a record, and may write its master without reading that."""
    pairs = [
        (name, str(master))
        for name, record in records.items()
        if (master := record.values.get(masters.get(record.object, ""))) is not None
    ]
    if not pairs or not dice.chance(3):
        return ()
    (below, above), unit = dice.pick(pairs), dice.unit(graph)
    return (Share(below, unit, Verb.READ), Share(above, unit, dice.pick([Verb.UPDATE, Verb.DELETE])))


def make_shares_with_managed(dice: Dice, graph: Graph, records: Sequence[str]) -> tuple[Share, ...]:
    """Now and then a share that names a person whom a grantor manages: it reaches the grantor alone."""
    managed = (managed_persons(graph, delegation.grantor) for delegation in graph.delegations)
    persons = sorted(Units().union(*managed))
    if not persons or not dice.chance(2):
        return ()
    return (Share(dice.pick(records), dice.pick(persons), Verb.READ),)


def make_carried(
    dice: Dice, graph: Graph, operations: Operations, objects: Sequence[str]
) -> tuple[Operations, dict[Operation, dict[str, frozenset[Verb]]]]:
    """Now and then an operation that carries verbs on an object, with a row for somebody if it has none."""
    if not dice.chance(3):
        return operations, {}
    operation = dice.pick([*operations, Operation.EXPORT, Operation.SHARE_ANY])
    unit = dice.unit(graph) if dice.chance(2) else dice.pick(everybody(graph))
    rows = operations.get(operation) or (OperationRow(unit, allowed=True),)
    return {**operations, operation: rows}, {operation: {dice.pick(objects): dice.pick(CARRIED)}}


def with_attributes(
    dice: Dice, graph: Graph, scopes: Sequence[Scope], values: Mapping[str, Sequence[str]]
) -> Graph:
    """The lists of values that the scopes name, stored for some. values: list -> what may stand in it.

    Grantors have them more often, for theirs are not passed on.
    """
    grantors = [delegation.grantor for delegation in graph.delegations]
    who = [*graph.of_kind(Kind.PERSON, Kind.SERVICE), *grantors, *grantors]
    named = sorted({scope.attribute for scope in scopes} & {name for name in values if values[name]})
    found: dict[Unit, dict[str, frozenset[str]]] = {}
    for name in named:
        for _ in range(dice.count(1, 4)):
            found.setdefault(dice.pick(who), {})[name] = frozenset({dice.pick(values[name])})
    return replace(graph, attributes=found)

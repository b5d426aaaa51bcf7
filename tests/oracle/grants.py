"""Generated rights: rows, switches, rules, shares, operations."""

from collections.abc import Mapping, Sequence

from tests.oracle.dice import VALIDITIES, Dice
from tests.oracle.graphs import ROOTS
from tests.oracle.model import (
    ROOT,
    ColumnRow,
    Grant,
    Graph,
    Kind,
    Leg,
    Level,
    Object,
    ObjectRow,
    Operation,
    OperationRow,
    Rule,
    Share,
    Unit,
    Verb,
)

ALL_VERBS = frozenset(Verb)
VERB_SETS = [
    ALL_VERBS,
    frozenset({Verb.READ}),
    frozenset[Verb](),
    frozenset({Verb.READ, Verb.UPDATE}),
    frozenset({Verb.READ, Verb.DELETE}),
    frozenset({Verb.UPDATE, Verb.DELETE}),
    frozenset({Verb.CREATE, Verb.READ}),
    frozenset({Verb.CREATE}),
]
LEVELS = [Level.READ, Level.NONE, Level.EDIT]
GRANTS = [Grant.GRANTED, Grant.NONE, Grant.DELEGABLE]
RECORD_VERBS = [Verb.READ, Verb.READ, Verb.UPDATE, Verb.DELETE]
OPERATIONS = [operation for operation in Operation if operation is not Operation.SHARE_ANY]
LEGS = [leg for leg in Leg if leg not in (Leg.SCOPE, Leg.MASTER)]
DERIVED_LEGS = [Leg.AUTHOR_MANAGERS, Leg.OWNER_MANAGERS, Leg.RULES, Leg.SHARES]


def make_object(
    dice: Dice,
    graph: Graph,
    columns: Sequence[str],
    authors: Sequence[Unit],
    *,
    levels: Sequence[Level] = LEVELS,
    legs: Sequence[Leg] = (*LEGS, *DERIVED_LEGS, *DERIVED_LEGS),
) -> Object:
    """Mostly with a broad row at the bottom, since a closed object hides every other mistake.

    authors: units in the stored sets of the records, so that rules concern some of them.
    legs: those that the object knows, the more often named the more often alone.
    """
    rows = {unit: dice.pick(VERB_SETS) for unit in dice.units(graph, 2)}
    if not dice.chance(5):
        rows |= {unit: ALL_VERBS for unit in everybody(graph) if unit not in rows}
    rules = {
        (dice.pick(authors) if dice.chance(2) else dice.unit(graph), dice.unit(graph)): {
            verb: dice.pick(GRANTS) for verb in (Verb.READ, Verb.UPDATE, Verb.DELETE)
        }
        for _ in range(dice.count(0, 3))
    }
    return Object(
        records=not dice.chance(8),
        legs=make_legs(dice, legs),
        rows=tuple(ObjectRow(unit, verbs) for unit, verbs in rows.items()),
        columns={column: make_column_rows(dice, graph, levels) for column in columns},
        rules=tuple(Rule(author, grantee, grants) for (author, grantee), grants in rules.items()),
    )


def everybody(graph: Graph) -> list[Unit]:
    """The roots and whoever is in none."""
    return [*(root for root in ROOTS if root in graph.kinds), *graph.of_kind(Kind.SERVICE)]


def make_legs(dice: Dice, legs: Sequence[Leg]) -> frozenset[Leg]:
    """All legs, or one alone so that it decides, or some missing."""
    every = frozenset(legs)
    alone = frozenset({dice.pick(legs)})
    return dice.pick([every, alone, alone, every - frozenset(dice.some(sorted(every), 4))])


def make_column_rows(dice: Dice, graph: Graph, levels: Sequence[Level]) -> tuple[ColumnRow, ...]:
    """No rows, or a few, with a broad one at the bottom now and then."""
    rows: Mapping[Unit, Level] = {unit: dice.pick(levels) for unit in dice.units(graph, 2)}
    if ROOT not in rows and dice.chance(3):
        level = dice.pick(levels)
        rows = {**rows, **{root: level for root in ROOTS if root in graph.kinds and root not in rows}}
    return tuple(ColumnRow(unit, level) for unit, level in rows.items())


def make_shares(dice: Dice, graph: Graph, records: Sequence[str]) -> tuple[Share, ...]:
    """Up to four shares, one for a record, unit and verb; some start or end at the very instant."""
    found: dict[tuple[str, Unit, Verb], Share] = {}
    for _ in range(dice.count(0, 4)):
        key = (dice.pick(records), dice.unit(graph), dice.pick(RECORD_VERBS))
        found[key] = Share(*key, dice.pick([Grant.GRANTED, Grant.DELEGABLE]), *dice.pick(VALIDITIES))
    return tuple(found.values())


def make_operations(
    dice: Dice, graph: Graph, operations: Sequence[Operation] = OPERATIONS, *, one_in: int = 3
) -> dict[Operation, tuple[OperationRow, ...]]:
    """Rows for no operation in most worlds, since any-data hides the rest; else for one or two."""
    if dice.chance(one_in):
        return {
            operation: tuple(OperationRow(unit, not dice.chance(3)) for unit in dice.units(graph, 2))
            for operation in dice.some(operations, 2)
        }
    return {}

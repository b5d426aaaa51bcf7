"""The layers as a whole: rows and rules with what any-data operations, carried verbs and masters add to them.

`may` answers layer 1 by the code of an operation. Source: semantics.md section 2.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from uuid import UUID

from ostiary.access.core._facts import RecordFacts, decide_record
from ostiary.access.core._layers import (
    ANY_DATA,
    ColumnRow,
    Decision,
    ObjectRow,
    OperationRow,
    column_level,
    decide_object,
    decide_operation,
)
from ostiary.access.core._principal import Sources
from ostiary.access.core._records import Everyone, RecordPolicy, RecordRule, record_rule
from ostiary.access.core._words import ColumnLevel, Verb
from ostiary.kernel.ids import UnitId

May = Callable[[str], Decision]


def needed(verb: Verb) -> tuple[Verb, ...]:
    """The verbs that a verb needs at layers 2 and 3, itself the last: update and delete also need read."""
    return (verb,) if verb in (Verb.READ, Verb.CREATE) else (Verb.READ, verb)


def decide_verb(
    verb: Verb, rows: Sequence[ObjectRow], carried: Mapping[str, frozenset[Verb]], sources: Sources, may: May
) -> Decision:
    """Layer 2 for one verb alone, with any-data and with what operations carry."""
    code = ANY_DATA[verb].value
    if may(code).allowed:
        return Decision(True, code)
    by_rows = decide_object(rows, sources, verb)
    if by_rows.allowed:
        return by_rows
    carriers = (
        Decision(True, code) for code, verbs in carried.items() if verb in verbs and may(code).allowed
    )
    return next(carriers, by_rows)


def legs_of(
    verb: Verb, sources: Sources, policies: Sequence[RecordPolicy], roles: frozenset[UnitId]
) -> RecordRule:
    """Layer 3 by switches, legs and denies alone. policies: of the object, its master, and so on up."""
    policy, *masters = policies
    above = tuple(legs_of(v, sources, masters, roles) for v in needed(verb)) if masters else ()
    return record_rule(verb, sources, policy, roles, above)


def rule_of(
    verb: Verb, sources: Sources, policies: Sequence[RecordPolicy], roles: frozenset[UnitId], may: May
) -> RecordRule:
    """Layer 3 for one verb alone, any-data included."""
    return Everyone() if may(ANY_DATA[verb].value).allowed else legs_of(verb, sources, policies, roles)


def shown_level(rows: Sequence[ColumnRow], sources: Sources, may: May) -> ColumnLevel:
    """Layer 4: View any lifts none to read; masked stays masked."""
    level = column_level(rows, sources)
    lifted = level is ColumnLevel.NONE and may(ANY_DATA[Verb.READ].value).allowed
    return ColumnLevel.READ if lifted else level


def is_writable(level: ColumnLevel, verb: Verb, may: May) -> bool:
    """Layer 4 for writing: edit, or the any-data operation of the verb."""
    return level is ColumnLevel.EDIT or may(ANY_DATA[verb].value).allowed


class Layer(StrEnum):
    """The layers by name."""

    GATE = "gate"
    OPERATION = "operation"
    OBJECT = "object"
    RECORD = "record"
    COLUMN = "column"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. fixed: its level where rows do not count (sealed, owner, number)."""

    id: UUID
    rows: tuple[ColumnRow, ...] = ()
    fixed: ColumnLevel | None = None


@dataclass(frozen=True, slots=True)
class Matter:
    """What is asked about, with everything that was ever said about it.

    policies: of the object, its master, and so on up. roles: every role of the tenant. facts: None asks about
    the object as a whole. column: to read asks for its plain value, to create or update for writing it.
    operation: code of one that is needed beside, such as that of exports.
    """

    verb: Verb
    operations: Mapping[str, tuple[OperationRow, ...]]
    rows: tuple[ObjectRow, ...]
    carried: Mapping[str, frozenset[Verb]]
    policies: tuple[RecordPolicy, ...]
    roles: frozenset[UnitId]
    facts: RecordFacts | None = None
    column: Column | None = None
    operation: str | None = None

    def may(self, sources: Sources) -> May:
        """Layer 1 for these sources, each operation decided once."""
        return cache(lambda code: decide_operation(self.operations.get(code, ()), sources))


Verdict = tuple[Layer, Verb, bool]


def verdicts(matter: Matter, sources: Sources) -> Iterator[Verdict]:
    """What each layer from the second on says for each verb that is needed; all of them must allow."""
    may = matter.may(sources)
    if matter.operation is not None:
        yield Layer.OPERATION, matter.verb, may(matter.operation).allowed
    for verb in needed(matter.verb):
        decision = decide_verb(verb, matter.rows, matter.carried, sources, may)
        yield Layer.OBJECT, verb, decision.allowed
    if matter.facts is not None and matter.verb is not Verb.CREATE:
        for verb in needed(matter.verb):
            rule = rule_of(verb, sources, matter.policies, matter.roles, may)
            yield Layer.RECORD, verb, decide_record(rule, matter.facts).allowed
    if matter.column is not None and matter.verb is not Verb.DELETE:
        yield Layer.COLUMN, matter.verb, _column_allows(matter.column, matter.verb, sources, may)


def permits(matter: Matter, sources: Sources) -> bool:
    """Whether an active principal with these sources may."""
    return all(allowed for _, _, allowed in verdicts(matter, sources))


def _column_allows(column: Column, verb: Verb, sources: Sources, may: May) -> bool:
    if column.fixed is not None:
        return column.fixed >= (ColumnLevel.READ if verb is Verb.READ else ColumnLevel.EDIT)
    level = shown_level(column.rows, sources, may)
    return level >= ColumnLevel.READ if verb is Verb.READ else is_writable(level, verb, may)

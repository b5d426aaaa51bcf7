"""Why: what each layer rests on. The third reader of the tree; it decides nothing itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ostiary.access.core._facts import DenyFact, Reason, RecordFacts, is_denied, reasons
from ostiary.access.core._layers import ANY_DATA, AnyRow, ColumnRow, ObjectRow, OperationRow, deciding_rows
from ostiary.access.core._principal import Source, Sources
from ostiary.access.core._records import AnyOf, Denied, DenyRule, Everyone, RecordPolicy
from ostiary.access.core._verdicts import Layer, Matter, needed, rule_of, verdicts
from ostiary.access.core._words import Verb

OBJECT_ROWS, COLUMN_ROWS = "object", "column"


@dataclass(frozen=True, slots=True)
class Deciding:
    """A row that decides for a source. rows: the list, an operation by its code; position: 1 is topmost."""

    rows: str
    position: int
    row: OperationRow | ObjectRow | ColumnRow
    source: Source


Cause = Deciding | Reason | DenyFact | DenyRule | Everyone


@dataclass(frozen=True, slots=True)
class Settled:
    """What one layer says about one verb, and what that rests on; on nothing: no row or leg concerns it."""

    layer: Layer
    verb: Verb
    allowed: bool
    by: tuple[Cause, ...] = ()


def settled_layers(matter: Matter, sources: Sources) -> tuple[Settled, ...]:
    """What each layer from the second on says; all must allow."""
    return tuple(
        Settled(layer, verb, allowed, tuple(_causes(layer, verb, matter, sources)))
        for layer, verb, allowed in verdicts(matter, sources)
    )


def settled_any_data(matter: Matter, sources: Sources) -> tuple[Settled, ...]:
    """The any-data operations of the verbs needed: one that allows replaces layers, the others nothing."""
    may = matter.may(sources)
    found = []
    for verb in needed(matter.verb):
        code = ANY_DATA[verb].value
        rows = tuple(_rows(code, matter.operations.get(code, ()), sources))
        found.append(Settled(Layer.OPERATION, verb, may(code).allowed, rows))
    return tuple(found)


def _causes(layer: Layer, verb: Verb, matter: Matter, sources: Sources) -> Iterator[Cause]:
    if layer is Layer.OPERATION and matter.operation is not None:
        yield from _rows(matter.operation, matter.operations.get(matter.operation, ()), sources)
        return
    if layer is Layer.COLUMN and matter.column is not None:
        if matter.column.fixed is not None:
            return
        yield from _rows(COLUMN_ROWS, matter.column.rows, sources)
    any_data = list(_granting(ANY_DATA[verb].value, matter, sources))
    yield from any_data
    if layer is Layer.OBJECT:
        yield from _rows(OBJECT_ROWS, matter.rows, sources)
        for code, verbs in matter.carried.items():
            if verb in verbs:
                yield from _granting(code, matter, sources)
    elif layer is Layer.RECORD and matter.facts is not None and not any_data:
        yield from _record_causes(verb, matter, sources, matter.facts)


def _rows(name: str, rows: Sequence[AnyRow], sources: Sources) -> Iterator[Deciding]:
    for row, source in deciding_rows(rows, sources.each):
        yield Deciding(name, 1 + rows.index(row), row, source)


def _granting(code: str, matter: Matter, sources: Sources) -> Iterator[Deciding]:
    for found in _rows(code, matter.operations.get(code, ()), sources):
        if isinstance(found.row, OperationRow) and found.row.allowed:
            yield found


def _record_causes(verb: Verb, matter: Matter, sources: Sources, facts: RecordFacts) -> Iterator[Cause]:
    rule = rule_of(verb, sources, matter.policies, matter.roles, matter.may(sources))
    if isinstance(rule, Everyone):
        yield rule
    elif isinstance(rule, AnyOf):
        if is_denied(rule.denied, facts):
            yield from _denies(rule.denied, facts, matter.policies[0])
        for leg in rule.legs:
            yield from reasons(leg, facts)


def _denies(denied: Denied | None, facts: RecordFacts, policy: RecordPolicy) -> Iterator[Cause]:
    if denied is None:
        return
    yield from (d for d in facts.denies if d.verb in denied.verbs and d.unit in denied.units)
    for rule in policy.deny_rules:
        if rule.unit in denied.units and rule.author in facts.author_set and rule.verbs & denied.verbs:
            yield rule

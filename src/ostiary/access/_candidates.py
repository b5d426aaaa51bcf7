"""Which changes are worth trying when somebody asks what would turn a verdict, the most usual first."""

from collections.abc import Iterable, Iterator
from itertools import islice

from ostiary.access._flips import (
    Activation,
    CarriedChange,
    Change,
    Denying,
    DenyRuleChange,
    EndOfDelegation,
    EndOfElevation,
    Membership,
    RowChange,
    RuleChange,
    Sharing,
    Value,
)
from ostiary.access._question import Question
from ostiary.access.core import (
    ANY_DATA,
    COLUMN_ROWS,
    OBJECT_ROWS,
    ColumnLevel,
    DefaultRule,
    Grant,
    Layer,
    RecordFacts,
    RecordPolicy,
    ScopeRule,
    Sources,
    Verb,
    deciding_rows,
    needed,
    object_verbs,
    verdicts,
)
from ostiary.identity import public as identity
from ostiary.kernel.ids import UnitId

MOST_CANDIDATES = 60


def candidates(question: Question) -> tuple[list[Change], bool]:
    """Changes that may turn the verdict, and whether some were left out."""
    seeking = _Opening(question) if not question.allowed() else _Closing(question)
    found = list(islice(dict.fromkeys(seeking.changes()), MOST_CANDIDATES + 1))
    return found[:MOST_CANDIDATES], len(found) > MOST_CANDIDATES


class _Seeking:
    """What both directions look at. levels: (depth, policy, facts) of the record, its master and so on."""

    def __init__(self, question: Question) -> None:
        self.question, self.matter, self.origin = question, question.matter, question.origin
        self.me = question.origin.unit
        self.sources: Sources = self.origin.sources()
        self.verbs = needed(self.matter.verb)
        self.levels = list(_levels(question))

    def leaving(self) -> Iterator[Change]:
        """The principal loses a role."""
        for role in sorted(self.origin.direct):
            yield Membership(role, given=False)

    def held_codes(self) -> Iterator[str]:
        """The operation needed beside, any-data operations of the verbs, then those that carry them."""
        if self.matter.operation is not None:
            yield self.matter.operation
        yield from (ANY_DATA[verb].value for verb in self.verbs)
        for code, verbs in self.matter.carried.items():
            if not verbs.isdisjoint(self.verbs):
                yield code

    def rules_that_concern(self) -> Iterator[tuple[int, DefaultRule | ScopeRule]]:
        """Rules that may give the record, by depth."""
        for at, policy, facts in self.levels:
            yield from ((at, rule) for rule in policy.rules if rule.author in facts.author_set)
            yield from ((at, rule) for rule in policy.scopes if facts.values.get(rule.path) is not None)


def _levels(question: Question) -> Iterator[tuple[int, RecordPolicy, RecordFacts]]:
    facts = question.matter.facts
    for at, policy in enumerate(question.matter.policies):
        if facts is None:
            return
        yield at, policy, facts
        facts = facts.master


class _Opening(_Seeking):
    """From refused to allowed."""

    def changes(self) -> Iterator[Change]:
        if not self.origin.active:
            yield Activation()
        self.refused = {(layer, verb) for layer, verb, ok in verdicts(self.matter, self.sources) if not ok}
        if self.refused:
            yield from self._joining()
            yield from self.leaving()
            yield from self._shares()
            yield from self._rows()
            yield from self._rules()
            yield from self._denies()
            yield from self._personal_rows()

    def _verbs_at(self, layer: Layer) -> list[Verb]:
        return [verb for verb in self.verbs if (layer, verb) in self.refused]

    @property
    def _wanted(self) -> ColumnLevel:
        return ColumnLevel.READ if self.matter.verb is Verb.READ else ColumnLevel.EDIT

    def _column_refuses(self) -> bool:
        return any(layer is Layer.COLUMN for layer, _ in self.refused)

    def _joining(self) -> Iterator[Change]:
        own, roles = self.sources.own, self.origin.graph.roles
        for unit in dict.fromkeys(self._named()):
            role = roles.get(unit)
            if unit in own or role is None or role.external != self.origin.external:
                continue
            if not (self.origin.service and role.kind is identity.UnitKind.MANAGER):
                yield Membership(unit, given=True)

    def _named(self) -> Iterator[UnitId]:
        """Units to which rows, rules, shares and operations give what is missing."""
        at_object, at_record = self._verbs_at(Layer.OBJECT), self._verbs_at(Layer.RECORD)
        yield from (row.unit for row in self.matter.rows if not row.verbs.isdisjoint(at_object))
        if self._column_refuses() and self.matter.column is not None:
            yield from (row.unit for row in self.matter.column.rows if row.level >= self._wanted)
        if at_record:
            yield from self._named_by_legs(at_record)
        for code in self.held_codes():
            yield from (row.unit for row in self.matter.operations.get(code, ()) if row.allowed)

    def _named_by_legs(self, verbs: Iterable[Verb]) -> Iterator[UnitId]:
        for _, _, facts in self.levels:
            yield from (share.unit for share in facts.shares if share.verb in verbs)
        for _, rule in self.rules_that_concern():
            if any(rule.grants.get(verb) for verb in verbs):
                yield rule.grantee
        for _, _, facts in self.levels:
            yield from self._managers_of(facts.author_reporting | facts.owner_reporting)

    def _managers_of(self, units: frozenset[UnitId]) -> Iterator[UnitId]:
        """Manager roles of the units, the nearest first."""
        graph = self.origin.graph
        found = [(len(graph.line(unit)), r.id) for r in graph.roles.values() if (unit := r.manages) in units]
        return (role for _, role in sorted(found, reverse=True))

    def _shares(self) -> Iterator[Change]:
        for at, _, _ in self.levels:
            for verb in self._verbs_at(Layer.RECORD):
                yield Sharing(at, self.me, verb, given=True)

    def _operation_refuses(self) -> str | None:
        return self.matter.operation if self._verbs_at(Layer.OPERATION) else None

    def _rows(self) -> Iterator[Change]:
        if code := self._operation_refuses():
            for held, _ in deciding_rows(self.matter.operations.get(code, ()), self.sources.each):
                yield RowChange(code, held.unit, value=True)
                yield RowChange(code, held.unit, None)
        if verbs := self._verbs_at(Layer.OBJECT):
            for row, _ in deciding_rows(self.matter.rows, self.sources.each):
                yield RowChange(OBJECT_ROWS, row.unit, row.verbs.union(verbs))
                yield RowChange(OBJECT_ROWS, row.unit, None)
        column = self.matter.column
        if self._column_refuses() and column is not None and column.fixed is None:
            for level, _ in deciding_rows(column.rows, self.sources.each):
                yield RowChange(COLUMN_ROWS, level.unit, self._wanted)
                if len(column.rows) > 1:  # without any row it would be open to everybody
                    yield RowChange(COLUMN_ROWS, level.unit, None)

    def _rules(self) -> Iterator[Change]:
        for at, rule in self.rules_that_concern():
            for verb in self._verbs_at(Layer.RECORD):
                if not rule.grants.get(verb):
                    yield RuleChange(at, rule, verb, Grant.GRANTED)

    def _denies(self) -> Iterator[Change]:
        if not self._verbs_at(Layer.RECORD):
            return
        for at, policy, facts in self.levels:
            for deny in facts.denies:
                if deny.verb in self.verbs and deny.unit in self.sources.own:
                    yield Denying(at, deny.unit, deny.verb, given=False)
            for rule in policy.deny_rules:
                if rule.unit in self.sources.own and rule.author in facts.author_set:
                    for verb in sorted(rule.verbs.intersection(self.verbs)):
                        yield DenyRuleChange(at, rule, verb)

    def _personal_rows(self) -> Iterator[Change]:
        if code := self._operation_refuses():
            yield RowChange(code, self.me, value=True, top=True)
        if verbs := self._verbs_at(Layer.OBJECT):
            held = object_verbs(self.matter.rows, self.sources)
            yield RowChange(OBJECT_ROWS, self.me, held.union(verbs), top=True)
        column = self.matter.column
        if self._column_refuses() and column is not None and column.fixed is None:
            yield RowChange(COLUMN_ROWS, self.me, self._wanted, top=True)


class _Closing(_Seeking):
    """From allowed to refused."""

    def changes(self) -> Iterator[Change]:
        yield from self.leaving()
        yield from self._shares()
        yield from self._rows()
        yield from self._rules()
        yield from self._denies()
        yield from self._stand_ins()
        yield from self._personal_rows()

    @property
    def _less(self) -> frozenset[Verb]:
        """What a row loses: without read, update and delete are worth nothing."""
        verb = self.matter.verb
        return frozenset({verb, Verb.UPDATE, Verb.DELETE} if verb is Verb.READ else {verb})

    @property
    def _closed(self) -> ColumnLevel:
        return ColumnLevel.NONE if self.matter.verb is Verb.READ else ColumnLevel.READ

    def _shares(self) -> Iterator[Change]:
        for at, _, facts in self.levels:
            for share in facts.shares:
                if share.verb in self.verbs:
                    yield Sharing(at, share.unit, share.verb, given=False)

    def _rows(self) -> Iterator[Change]:
        verb = self.matter.verb
        for row, _ in deciding_rows(self.matter.rows, self.sources.each):
            if verb in row.verbs:
                yield from self._lessened(OBJECT_ROWS, row.unit, row.verbs - self._less)
        yield from self._operations()
        yield from self._column_rows()

    def _operations(self) -> Iterator[Change]:
        for code in self.held_codes():
            for held, _ in deciding_rows(self.matter.operations.get(code, ()), self.sources.each):
                if held.allowed:
                    yield from self._lessened(code, held.unit, value=False)
        for code, verbs in self.matter.carried.items():
            if self.matter.verb in verbs:
                yield CarriedChange(code, self.matter.verb)

    def _column_rows(self) -> Iterator[Change]:
        column = self.matter.column
        if column is not None and column.fixed is None and self.matter.verb is not Verb.DELETE:
            for level, _ in deciding_rows(column.rows, self.sources.each):
                if level.level > self._closed:
                    yield from self._lessened(COLUMN_ROWS, level.unit, self._closed)

    def _lessened(self, rows: str, unit: UnitId, value: Value) -> Iterator[Change]:
        yield RowChange(rows, unit, value)
        yield RowChange(rows, unit, None)

    def _rules(self) -> Iterator[Change]:
        for at, rule in self.rules_that_concern():
            for verb in self.verbs:
                if rule.grants.get(verb):
                    yield RuleChange(at, rule, verb, Grant.NONE)

    def _denies(self) -> Iterator[Change]:
        for at, policy, _ in self.levels:
            if policy.switches.denies:
                yield Denying(at, self.me, self.matter.verb, given=True)

    def _stand_ins(self) -> Iterator[Change]:
        speaking = self.sources.persons
        for given in self.origin.delegations:
            if given.grantor in speaking and given.period.holds(self.origin.now):
                yield EndOfDelegation(given.id, given.grantor, given.receiver)
        for elevation in self.origin.elevations:
            if elevation.person == self.me and elevation.period.holds(self.origin.now):
                yield EndOfElevation(elevation.id, elevation.role)

    def _personal_rows(self) -> Iterator[Change]:
        held = object_verbs(self.matter.rows, self.sources)
        yield RowChange(OBJECT_ROWS, self.me, held - self._less, top=True)
        for code in self.held_codes():
            if any(row.allowed for row in self.matter.operations.get(code, ())):
                yield RowChange(code, self.me, value=False, top=True)
        column = self.matter.column
        if column is not None and column.rows and self.matter.verb is not Verb.DELETE:
            yield RowChange(COLUMN_ROWS, self.me, self._closed, top=True)

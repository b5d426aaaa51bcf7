"""Changes that would turn a verdict: each on plain values, with the operation whose holders may make it.

The search tries them by asking the same pure functions again; nothing here decides.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import combinations
from typing import Any, ClassVar, Protocol, TypeVar
from uuid import UUID

from ostiary.access._question import Question
from ostiary.access.core import (
    COLUMN_ROWS,
    OBJECT_ROWS,
    ColumnLevel,
    ColumnRow,
    DefaultRule,
    DenyFact,
    DenyRule,
    Grant,
    Layer,
    ObjectRow,
    Operation,
    OperationRow,
    RecordFacts,
    RecordPolicy,
    ScopeRule,
    ShareFact,
    Sources,
    Verb,
    verdicts,
)
from ostiary.kernel.ids import UnitId

MOST_TRIED = 4_000
MOST_AT_ONCE = 3

Value = frozenset[Verb] | ColumnLevel | bool
Rule = TypeVar("Rule", DefaultRule, ScopeRule)


class Change(Protocol):
    """One change that somebody could make."""

    @property
    def operation(self) -> Operation:
        """Whoever may execute it may make the change."""
        ...

    @property
    def units(self) -> frozenset[UnitId]:
        """The units that it names."""
        ...

    def applied(self, question: Question) -> Question: ...


@dataclass(frozen=True, slots=True)
class Membership:
    """The principal gets a role, or loses it."""

    role: UnitId
    given: bool
    operation: ClassVar[Operation] = Operation.MANAGE_USERS

    @property
    def units(self) -> frozenset[UnitId]:
        return frozenset({self.role})

    def applied(self, question: Question) -> Question:
        direct = question.origin.direct
        return question.having(direct | {self.role} if self.given else direct - {self.role})


@dataclass(frozen=True, slots=True)
class Sharing:
    """A record is shared with a unit for one verb, or no longer. at: 0 the record, 1 its master, and so on.

    Whoever has the verb with delegation on the record may do it too.
    """

    at: int
    unit: UnitId
    verb: Verb
    given: bool
    operation: ClassVar[Operation] = Operation.CHANGE_RECORD_RIGHTS

    @property
    def units(self) -> frozenset[UnitId]:
        return frozenset({self.unit})

    def applied(self, question: Question) -> Question:
        def shared(facts: RecordFacts) -> RecordFacts:
            kept = tuple(s for s in facts.shares if (s.unit, s.verb) != (self.unit, self.verb))
            made = ShareFact(self.unit, self.verb, Grant.GRANTED, question.origin.own().reporting)
            return replace(facts, shares=(*kept, made) if self.given else kept)

        return _with_facts(question, self.at, shared)


@dataclass(frozen=True, slots=True)
class RowChange:
    """The row of a unit gets another value, in its place or on top; None: the row goes.

    rows: the list: that of the object, of the column, or of an operation by its code.
    """

    rows: str
    unit: UnitId
    value: Value | None
    top: bool = False

    @property
    def operation(self) -> Operation:
        """Rows of operations have an operation of their own."""
        own = self.rows in (OBJECT_ROWS, COLUMN_ROWS)
        return Operation.MANAGE_RIGHTS if own else Operation.CHANGE_OPERATIONS

    def edited(self, rows: Sequence[tuple[UnitId, Any]]) -> list[tuple[UnitId, Any]]:
        """The list after the change, as (unit, value)."""
        others = [row for row in rows if row[0] != self.unit]
        if self.value is None:
            return others
        if self.top:
            return [(self.unit, self.value), *others]
        return [(u, self.value if u == self.unit else v) for u, v in rows]

    @property
    def units(self) -> frozenset[UnitId]:
        return frozenset({self.unit})

    def applied(self, question: Question) -> Question:
        matter = question.matter
        if self.rows == OBJECT_ROWS:
            verbs = self.edited([(r.unit, r.verbs) for r in matter.rows])
            return question.about(rows=tuple(ObjectRow(UUID(int=n), u, v) for n, (u, v) in enumerate(verbs)))
        if self.rows == COLUMN_ROWS:
            if matter.column is None:
                return question
            levels = self.edited([(r.unit, r.level) for r in matter.column.rows])
            rows = tuple(ColumnRow(UUID(int=n), u, v) for n, (u, v) in enumerate(levels))
            return question.about(column=replace(matter.column, rows=rows))
        allowed = self.edited([(r.unit, r.allowed) for r in matter.operations.get(self.rows, ())])
        listed = tuple(OperationRow(UUID(int=n), u, v) for n, (u, v) in enumerate(allowed))
        return question.about(operations={**matter.operations, self.rows: listed})


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A default or scope rule gives another grant of one verb. at: as of a sharing."""

    at: int
    rule: DefaultRule | ScopeRule = field(hash=False)  # it holds a mapping
    verb: Verb
    grant: Grant
    operation: ClassVar[Operation] = Operation.MANAGE_RIGHTS

    @property
    def units(self) -> frozenset[UnitId]:
        named = frozenset({self.rule.grantee})
        return named | {self.rule.author} if isinstance(self.rule, DefaultRule) else named

    def applied(self, question: Question) -> Question:
        def changed(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
            return tuple(
                replace(r, grants={**r.grants, self.verb: self.grant}) if r.id == self.rule.id else r
                for r in rules
            )

        return _with_policy(
            question, self.at, lambda p: replace(p, rules=changed(p.rules), scopes=changed(p.scopes))
        )


@dataclass(frozen=True, slots=True)
class DenyRuleChange:
    """A deny rule denies one verb less. at: as of a sharing."""

    at: int
    rule: DenyRule
    verb: Verb
    operation: ClassVar[Operation] = Operation.MANAGE_RIGHTS

    @property
    def units(self) -> frozenset[UnitId]:
        return frozenset({self.rule.author, self.rule.unit})

    def applied(self, question: Question) -> Question:
        def changed(policy: RecordPolicy) -> RecordPolicy:
            rules = tuple(
                replace(r, verbs=r.verbs - {self.verb}) if r.id == self.rule.id else r
                for r in policy.deny_rules
            )
            return replace(policy, deny_rules=rules)

        return _with_policy(question, self.at, changed)


@dataclass(frozen=True, slots=True)
class Denying:
    """A record is denied to a unit for one verb, or no longer. at: as of a sharing."""

    at: int
    unit: UnitId
    verb: Verb
    given: bool
    operation: ClassVar[Operation] = Operation.CHANGE_RECORD_RIGHTS

    @property
    def units(self) -> frozenset[UnitId]:
        return frozenset({self.unit})

    def applied(self, question: Question) -> Question:
        def denied(facts: RecordFacts) -> RecordFacts:
            deny = DenyFact(self.unit, self.verb)
            kept = tuple(d for d in facts.denies if d != deny)
            return replace(facts, denies=(*kept, deny) if self.given else kept)

        return _with_facts(question, self.at, denied)


@dataclass(frozen=True, slots=True)
class CarriedChange:
    """An operation no longer carries a verb on the object."""

    code: str
    verb: Verb
    operation: ClassVar[Operation] = Operation.CHANGE_OPERATIONS

    @property
    def units(self) -> frozenset[UnitId]:
        return frozenset()

    def applied(self, question: Question) -> Question:
        carried = question.matter.carried
        less = carried.get(self.code, frozenset()) - {self.verb}
        return question.about(carried={**carried, self.code: less})


@dataclass(frozen=True, slots=True)
class EndOfDelegation:
    """A delegation is taken back."""

    delegation: UUID
    grantor: UnitId
    receiver: UnitId
    operation: ClassVar[Operation] = Operation.CHANGE_DELEGATIONS

    @property
    def units(self) -> frozenset[UnitId]:
        return frozenset({self.grantor, self.receiver})

    def applied(self, question: Question) -> Question:
        kept = tuple(d for d in question.origin.delegations if d.id != self.delegation)
        return replace(question, origin=replace(question.origin, delegations=kept))


@dataclass(frozen=True, slots=True)
class EndOfElevation:
    """An elevation ends before its time."""

    elevation: UUID
    role: UnitId
    operation: ClassVar[Operation] = Operation.MANAGE_USERS

    @property
    def units(self) -> frozenset[UnitId]:
        return frozenset({self.role})

    def applied(self, question: Question) -> Question:
        kept = tuple(e for e in question.origin.elevations if e.id != self.elevation)
        return replace(question, origin=replace(question.origin, elevations=kept))


@dataclass(frozen=True, slots=True)
class Activation:
    """The principal is made active."""

    operation: ClassVar[Operation] = Operation.MANAGE_USERS

    @property
    def units(self) -> frozenset[UnitId]:
        return frozenset()

    def applied(self, question: Question) -> Question:
        return replace(question, origin=replace(question.origin, active=True))


Flip = tuple[Change, ...]


class _Trial:
    """Verdicts after changes, with an account of what they cost: who manages thousands has many sources."""

    def __init__(self, question: Question) -> None:
        self.question, self.cost = question, 0
        self._sources: dict[Hashable, Sources] = {}
        self.before = self._verdict(question)

    def turns(self, changes: Sequence[Change]) -> bool:
        """Whether the changes turn the verdict."""
        return self._verdict(applied(self.question, changes)) != self.before

    def _verdict(self, question: Question) -> bool:
        sources = self._sources.get(question.origin.key)
        if sources is None:
            sources = self._sources[question.origin.key] = question.origin.sources()
            self.cost += len(sources.each) // 100
        self.cost += 1 + len(sources.each) // 500
        return question.allowed(sources)


def smallest_flips(
    question: Question, candidates: Sequence[Change], most: int = MOST_TRIED
) -> tuple[tuple[Flip, ...], bool]:
    """The smallest sets of changes that turn the verdict, and whether the search was cut short.

    All of one size, the first at which any is found: so nothing less than each of them turns it. most: bound
    of the cost; a verdict about few sources costs 1.
    """
    trial = _Trial(question)
    for size in range(1, MOST_AT_ONCE + 1):
        found: list[Flip] = []
        for chosen in combinations(candidates, size):
            if trial.cost > most:
                return tuple(found), True
            if trial.turns(chosen):
                found.append(chosen)
        if found:
            return tuple(found), False
    return (), len(candidates) > MOST_AT_ONCE


def shared_together(question: Question) -> Flip:
    """Shares of the record with the principal that turn a refusal only together, if there are such.

    To change a record takes two shares, so that anything done by one change would hide what is usual.
    """
    matter, sources = question.matter, question.origin.sources()
    verbs = [verb for layer, verb, ok in verdicts(matter, sources) if layer is Layer.RECORD and not ok]
    shares: Flip = tuple(Sharing(0, question.origin.unit, verb, given=True) for verb in verbs)
    if len(shares) < 2 or not applied(question, shares).allowed():
        return ()
    return () if any(applied(question, [share]).allowed() for share in shares) else shares


def applied(question: Question, changes: Sequence[Change]) -> Question:
    """The question after these changes, one after the other."""
    return reduce(lambda changed, change: change.applied(changed), changes, question)


def _with_facts(question: Question, at: int, change: Callable[[RecordFacts], RecordFacts]) -> Question:
    def at_depth(facts: RecordFacts | None, depth: int) -> RecordFacts | None:
        if facts is None:
            return None
        return change(facts) if depth == 0 else replace(facts, master=at_depth(facts.master, depth - 1))

    return question.about(facts=at_depth(question.matter.facts, at))


def _with_policy(question: Question, at: int, change: Callable[[RecordPolicy], RecordPolicy]) -> Question:
    policies = question.matter.policies
    return question.about(policies=(*policies[:at], change(policies[at]), *policies[at + 1 :]))

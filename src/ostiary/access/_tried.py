"""What the layer that stops looked at: every row, or every leg, rule, share and deny, and how far each went.

It asks the functions that decide about one rule or share at a time; nothing here decides.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from ostiary.access._question import Question
from ostiary.access.core import (
    AUTHOR,
    AUTHOR_MANAGERS,
    COLUMN_ROWS,
    MASTER,
    OBJECT_ROWS,
    OWNER,
    OWNER_MANAGERS,
    RULES,
    SCOPES,
    SHARES,
    AnyOf,
    ColumnLevel,
    ColumnRow,
    DefaultRule,
    DenyFact,
    DenyRule,
    Everyone,
    Grant,
    Layer,
    ObjectRow,
    OperationRow,
    RecordFacts,
    RecordPolicy,
    ScopeRule,
    ShareFact,
    Sources,
    Switches,
    Verb,
    decide_record,
    deciding_rows,
    legs_of,
    needed,
    reasons,
    record_rule,
    verdicts,
)
from ostiary.kernel.ids import UnitId

Rule = TypeVar("Rule", DefaultRule, ScopeRule)
Row = TypeVar("Row", OperationRow, ObjectRow, ColumnRow)
MOST_TOLD = 30  # of one kind; whoever wants all of them opens the list itself


class Outcome(StrEnum):
    """How far a row, rule or share goes towards the verb."""

    GIVES = "gives"
    LESS = "less"  # it is about this principal and this record, but gives something else
    ENDED = "ended"
    LATER = "later"  # it begins only then
    COVERED = "covered"  # a row further up decides
    OTHERS = "others"  # about other principals
    OFF = "off"
    DENIES = "denies"

    @property
    def near(self) -> bool:
        """Whether little is missing."""
        return self in (Outcome.LESS, Outcome.ENDED, Outcome.LATER)


@dataclass(frozen=True, slots=True)
class TriedLeg:
    """A leg that looks at whose record it is. units: the author or owner, or those to whom they report."""

    letter: str
    units: frozenset[UnitId] = frozenset()


AnyRow = OperationRow | ObjectRow | ColumnRow
What = TriedLeg | AnyRow | DefaultRule | ScopeRule | ShareFact | DenyFact | DenyRule


@dataclass(frozen=True, slots=True)
class Tried:
    """One thing that was looked at. rows, position: of a row, the list that it stands in and its place."""

    what: What
    outcome: Outcome
    rows: str = ""
    position: int = 0

    @property
    def units(self) -> frozenset[UnitId]:
        """The units that it names."""
        match self.what:
            case TriedLeg(_, units):
                return units
            case DefaultRule() as rule:
                return frozenset({rule.author, rule.grantee})
            case ScopeRule() as scope:
                return frozenset({scope.grantee})
            case DenyRule() as denying:
                return frozenset({denying.author, denying.unit})
            case what:
                return frozenset({what.unit})


def tried_of(question: Question, sources: Sources) -> tuple[tuple[Tried, ...], int]:
    """What the first layer that refuses looked at, and how much more of it is not told."""
    refused = next(((layer, verb) for layer, verb, ok in verdicts(question.matter, sources) if not ok), None)
    if refused is None:
        return (), 0
    layer, verb = refused
    found = list(_tried(question, sources, layer, verb))
    kept = [each for each in found if each.outcome is not Outcome.OTHERS]
    kept += [each for each in found if each.outcome is Outcome.OTHERS][: max(0, MOST_TOLD - len(kept))]
    told = [each for each in found if each in kept]
    return tuple(told), len(found) - len(told)


def _tried(question: Question, sources: Sources, layer: Layer, verb: Verb) -> Iterator[Tried]:
    matter = question.matter
    if layer is Layer.RECORD and matter.facts is not None:
        yield from _Legs(question, sources, verb, matter.facts).tried()
    elif layer is Layer.OPERATION and matter.operation is not None:
        allowed = matter.operations.get(matter.operation, ())
        yield from _rows(matter.operation, allowed, sources, lambda row: row.allowed)
    elif layer is Layer.COLUMN and matter.column is not None and matter.column.fixed is None:
        wanted = ColumnLevel.READ if verb is Verb.READ else ColumnLevel.EDIT
        yield from _rows(COLUMN_ROWS, matter.column.rows, sources, lambda row: row.level >= wanted)
    elif layer is Layer.OBJECT:
        yield from _rows(OBJECT_ROWS, matter.rows, sources, lambda row: verb in row.verbs)


def _rows(name: str, rows: Sequence[Row], sources: Sources, gives: Callable[[Row], bool]) -> Iterator[Tried]:
    deciding = {row.id for row, _ in deciding_rows(rows, sources.each)}
    named = frozenset().union(*(source.units for source in sources.each))
    for position, row in enumerate(rows, 1):
        if row.id in deciding:
            outcome = Outcome.GIVES if gives(row) else Outcome.LESS
        else:
            outcome = Outcome.COVERED if row.unit in named else Outcome.OTHERS
        yield Tried(row, outcome, name, position)


class _Legs:
    """Layer 3 of one verb, leg by leg."""

    def __init__(self, question: Question, sources: Sources, verb: Verb, facts: RecordFacts) -> None:
        self.matter, self.sources, self.verb, self.facts = question.matter, sources, verb, facts
        self.policy = self.matter.policies[0]
        self.switches = self.policy.switches

    def tried(self) -> Iterator[Tried]:
        facts = self.facts
        yield from self._denies()
        yield self._leg(AUTHOR, frozenset({facts.author}))
        yield self._leg(AUTHOR_MANAGERS, facts.author_reporting)
        yield self._leg(OWNER, frozenset() if facts.owner is None else frozenset({facts.owner}))
        yield self._leg(OWNER_MANAGERS, facts.owner_reporting)
        for rule in self.policy.rules:
            if rule.author in facts.author_set:
                yield Tried(rule, self._of_rule(RULES, rule, RecordPolicy(rules=(self._open(rule),))))
        for scope in self.policy.scopes:
            if facts.values.get(scope.path) is not None:
                yield Tried(scope, self._of_rule(SCOPES, scope, RecordPolicy(scopes=(self._open(scope),))))
        for share in facts.shares:
            yield Tried(share, self._of_share(share))
        if len(self.matter.policies) > 1:
            yield Tried(TriedLeg(MASTER), self._of_master())

    def _leg(self, letter: str, units: frozenset[UnitId]) -> Tried:
        if letter not in self.switches.legs:
            return Tried(TriedLeg(letter), Outcome.OFF)
        gives = self._reaches(letter, RecordPolicy(), self.facts)
        return Tried(TriedLeg(letter, units), Outcome.GIVES if gives else Outcome.OTHERS)

    def _reaches(self, letter: str, policy: RecordPolicy, facts: RecordFacts) -> bool:
        """Whether this leg alone reaches the record."""
        alone = replace(policy, switches=Switches(legs=frozenset({letter})))
        rule = record_rule(self.verb, self.sources, alone, self.matter.roles)
        return isinstance(rule, AnyOf) and any(True for leg in rule.legs for _ in reasons(leg, facts))

    def _open(self, rule: Rule) -> Rule:
        """The rule as if it gave the verb: whether it is about this principal and this record at all."""
        return replace(rule, grants={**rule.grants, self.verb: Grant.GRANTED})

    def _of_rule(self, letter: str, rule: DefaultRule | ScopeRule, opened: RecordPolicy) -> Outcome:
        if letter not in self.switches.legs:
            return Outcome.OFF
        if not self._reaches(letter, opened, self.facts):
            return Outcome.OTHERS
        return Outcome.GIVES if rule.grants.get(self.verb) else Outcome.LESS

    def _of_share(self, share: ShareFact) -> Outcome:
        if SHARES not in self.switches.legs:
            return Outcome.OFF
        opened = replace(share, verb=self.verb, valid_from=None, valid_to=None)
        if not self._reaches(SHARES, RecordPolicy(), replace(self.facts, shares=(opened,))):
            return Outcome.OTHERS
        if not share.holds(self.facts.now):
            ended = share.valid_to is not None and share.valid_to <= self.facts.now
            return Outcome.ENDED if ended else Outcome.LATER
        return Outcome.GIVES if share.verb is self.verb else Outcome.LESS

    def _of_master(self) -> Outcome:
        if MASTER not in self.switches.legs:
            return Outcome.OFF
        above = self.facts.master
        if above is None:
            return Outcome.OTHERS
        policies = self.matter.policies[1:]
        rules = [legs_of(v, self.sources, policies, self.matter.roles) for v in needed(self.verb)]
        open_ = [isinstance(rule, Everyone) or decide_record(rule, above).allowed for rule in rules]
        if all(open_):
            return Outcome.GIVES
        return Outcome.LESS if any(open_) else Outcome.OTHERS

    def _denies(self) -> Iterator[Tried]:
        if not self.switches.denies:
            return
        taken, own = frozenset({Verb.READ, self.verb}), self.sources.own
        for deny in self.facts.denies:
            if deny.verb in taken and deny.unit in own:
                yield Tried(deny, Outcome.DENIES)
        for rule in self.policy.deny_rules:
            if rule.verbs & taken and rule.unit in own and rule.author in self.facts.author_set:
                yield Tried(rule, Outcome.DENIES)

"""Layer 3 on a loaded record: the same expression that compiles to SQL, read on facts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from ostiary.access.core._layers import Decision
from ostiary.access.core._records import (
    AnyOf,
    AuthorIs,
    AuthorSetHas,
    AuthorUnder,
    Denied,
    Everyone,
    Leg,
    OwnerIs,
    OwnerUnder,
    Path,
    RecordRule,
    ScopeHas,
    SharedWith,
    UnderMaster,
)
from ostiary.access.core._words import Grant, Verb
from ostiary.kernel.ids import UnitId

DENIED = "denied"
Level = TypeVar("Level", bound=int)


@dataclass(frozen=True, slots=True)
class ShareFact:
    """A share on a loaded record. reporting: of the unit now, if it is a person."""

    unit: UnitId
    verb: Verb
    grant: Grant
    reporting: frozenset[UnitId] = frozenset()
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it is valid at an instant."""
        started = self.valid_from is None or self.valid_from <= now
        return started and (self.valid_to is None or now < self.valid_to)


@dataclass(frozen=True, slots=True)
class DenyFact:
    """A deny on a loaded record."""

    unit: UnitId
    verb: Verb


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """What layer 3 looks at in one record.

    author_set, author_reporting: the stored set (own set with the author, reporting units) of its creation.
    owner_reporting: reporting units of the owner now. persons: reporting units now of persons named by rules.
    values: what stands at the end of each path of a scope rule. master: None where the lookup is empty.
    """

    author: UnitId
    author_set: frozenset[UnitId]
    author_reporting: frozenset[UnitId]
    owner: UnitId | None
    owner_reporting: frozenset[UnitId]
    shares: tuple[ShareFact, ...]
    persons: Mapping[UnitId, frozenset[UnitId]]
    now: datetime
    denies: tuple[DenyFact, ...] = ()
    values: Mapping[Path, UUID | None] = field(default_factory=dict)
    master: "RecordFacts | None" = None


@dataclass(frozen=True, slots=True)
class Reason:
    """A leg that reaches the record. by: units, rules or shares through which; grant: how far it goes."""

    leg: Leg
    grant: Grant
    by: UUID | None = None


def decide_record(rule: RecordRule, facts: RecordFacts) -> Decision:
    """Layer 3 on a loaded record. `determined_by` names the leg."""
    if isinstance(rule, Everyone):
        return Decision(True, "everyone")
    if not isinstance(rule, AnyOf):
        return Decision(False)
    if is_denied(rule.denied, facts):
        return Decision(False, DENIED)
    for leg in rule.legs:
        for _ in reasons(leg, facts):
            return Decision(True, type(leg).__name__)
    return Decision(False)


def record_grant(rule: RecordRule, facts: RecordFacts) -> Grant:
    """How far the verb goes: with delegation, granted, or not at all."""
    if isinstance(rule, Everyone):
        return Grant.GRANTED
    if not isinstance(rule, AnyOf) or is_denied(rule.denied, facts):
        return Grant.NONE
    found = (reason.grant for leg in rule.legs for reason in reasons(leg, facts))
    return max(found, default=Grant.NONE)


def is_denied(denied: Denied | None, facts: RecordFacts) -> bool:
    """Whether a deny of the record or of a rule takes the verb away."""
    return denied is not None and (
        not denied.authors.isdisjoint(facts.author_set)
        or any(deny.verb in denied.verbs and deny.unit in denied.units for deny in facts.denies)
    )


def reasons(leg: Leg, facts: RecordFacts) -> Iterator[Reason]:  # noqa: C901, PLR0912  one case for each leg
    """Every way in which a leg reaches the record."""
    full = Grant.DELEGABLE
    match leg:
        case AuthorIs(persons):
            if facts.author in persons:
                yield Reason(leg, full, facts.author)
        case AuthorUnder(heads):
            for unit in heads & facts.author_reporting:
                yield Reason(leg, full, unit)
        case OwnerIs(persons):
            if facts.owner in persons:
                yield Reason(leg, full, facts.owner)
        case OwnerUnder(heads):
            for unit in heads & facts.owner_reporting:
                yield Reason(leg, full, unit)
        case AuthorSetHas(sure, managed, heads):
            for author in facts.author_set & sure.keys():
                yield Reason(leg, sure[author], author)
            for author, grantee, grant in managed:
                if author in facts.author_set and _is_under(grantee, heads, facts):
                    yield Reason(leg, grant, author)
        case ScopeHas(tests, heads):
            for test in tests:
                if test.person is not None and not _is_under(test.person, heads, facts):
                    continue
                if facts.values.get(test.path) in test.values:
                    yield Reason(leg, test.grant, test.id)
        case SharedWith():
            for share in facts.shares:
                if _share_holds(leg, share, facts.now):
                    yield Reason(leg, share.grant, share.unit)
        case UnderMaster(rules):
            master = facts.master
            if master is not None and all(decide_record(rule, master).allowed for rule in rules):
                yield Reason(leg, record_grant(rules[-1], master))


def _is_under(person: UnitId, heads: frozenset[UnitId], facts: RecordFacts) -> bool:
    return not heads.isdisjoint(facts.persons.get(person, frozenset()))


def _share_holds(leg: SharedWith, share: ShareFact, now: datetime) -> bool:
    named = share.unit in leg.persons or share.unit in leg.roles
    return (
        share.verb is leg.verb and share.holds(now) and (named or not leg.heads.isdisjoint(share.reporting))
    )


def highest_share(own: frozenset[UnitId], shares: Mapping[UnitId, Level]) -> Level | None:
    """What is shared and is no record, such as a dashboard: the highest level for one of these units."""
    return max((level for unit, level in shares.items() if unit in own), default=None)

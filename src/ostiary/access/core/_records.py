"""Layer 3: the legs by which a record is reached, as one expression, and its reading on a loaded record.

The same expression compiles to SQL (`access._sql`). Source: semantics.md section 3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ostiary.access.core._layers import Decision
from ostiary.access.core._principal import Sources
from ostiary.access.core._words import Grant, Verb
from ostiary.kernel.ids import UnitId

AUTHOR, AUTHOR_MANAGERS, OWNER, OWNER_MANAGERS, RULES, SHARES = "a", "A", "o", "O", "r", "s"
ALL_LEGS = frozenset({AUTHOR, AUTHOR_MANAGERS, OWNER, OWNER_MANAGERS, RULES, SHARES})


@dataclass(frozen=True, slots=True)
class Switches:
    """Layer 3 of an object: `records` off permits everyone; `legs` are those that are on."""

    records: bool = True
    legs: frozenset[str] = ALL_LEGS


@dataclass(frozen=True, slots=True)
class DefaultRule:
    """Leg 5: records whose stored own set holds `author` concern `grantee`."""

    author: UnitId
    grantee: UnitId
    grants: Mapping[Verb, Grant]


@dataclass(frozen=True, slots=True)
class Everyone:
    """Layer 3 is off, or an any-data operation replaces it."""


@dataclass(frozen=True, slots=True)
class Nobody:
    """No leg is on."""


@dataclass(frozen=True, slots=True)
class AuthorIs:
    """Leg 1."""

    person: UnitId


@dataclass(frozen=True, slots=True)
class AuthorUnder:
    """Leg 2: a reporting unit in the stored set is one of the heads."""

    heads: frozenset[UnitId]


@dataclass(frozen=True, slots=True)
class OwnerIs:
    """Leg 3."""

    person: UnitId


@dataclass(frozen=True, slots=True)
class OwnerUnder:
    """Leg 4: a reporting unit of the owner now is one of the heads."""

    heads: frozenset[UnitId]


@dataclass(frozen=True, slots=True)
class AuthorSetHas:
    """Leg 5: a unit of the stored own set (the author included) is the author side of a rule that counts.

    sure: author units of rules whose grantee is a role or the principal. managed: (author unit, grantee
    person) of rules that name another person: they count if that person is a subordinate now.
    """

    sure: Mapping[UnitId, Grant]
    managed: tuple[tuple[UnitId, UnitId, Grant], ...]
    heads: frozenset[UnitId]


@dataclass(frozen=True, slots=True)
class SharedWith:
    """Leg 7: a share valid now names a role of the principal, the principal, or a subordinate."""

    verb: Verb
    person: UnitId
    roles: frozenset[UnitId]
    heads: frozenset[UnitId]


Leg = AuthorIs | AuthorUnder | OwnerIs | OwnerUnder | AuthorSetHas | SharedWith


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The union of legs; never empty (that is `Nobody`)."""

    legs: tuple[Leg, ...]

    def __post_init__(self) -> None:
        if not self.legs:
            raise ValueError("AnyOf needs a leg: an empty union is Nobody")


RecordRule = Everyone | Nobody | AnyOf


def record_rule(
    verb: Verb, sources: Sources, switches: Switches, rules: Sequence[DefaultRule], roles: frozenset[UnitId]
) -> RecordRule:
    """The expression of one verb on one object for one principal, any-data aside.

    Args: rules: all default rules of the object. roles: every role of the tenant, to tell roles from persons.
    """
    if not switches.records:
        return Everyone()
    on, legs = switches.legs, list[Leg]()
    if AUTHOR in on:
        legs.append(AuthorIs(sources.principal))
    if AUTHOR_MANAGERS in on and sources.heads:
        legs.append(AuthorUnder(sources.heads))
    if OWNER in on:
        legs.append(OwnerIs(sources.principal))
    if OWNER_MANAGERS in on and sources.heads:
        legs.append(OwnerUnder(sources.heads))
    if RULES in on:
        leg = _rules_leg(verb, sources, rules, roles)
        if leg is not None:
            legs.append(leg)
    if SHARES in on:
        legs.append(SharedWith(verb, sources.principal, sources.roles, sources.heads))
    return AnyOf(tuple(legs)) if legs else Nobody()


def _rules_leg(
    verb: Verb, sources: Sources, rules: Sequence[DefaultRule], roles: frozenset[UnitId]
) -> AuthorSetHas | None:
    sure: dict[UnitId, Grant] = {}
    managed: list[tuple[UnitId, UnitId, Grant]] = []
    for rule in rules:
        grant = rule.grants.get(verb, Grant.NONE)
        if grant is Grant.NONE:
            continue
        if rule.grantee == sources.principal or rule.grantee in sources.roles:
            sure[rule.author] = max(grant, sure.get(rule.author, Grant.NONE))
        elif sources.heads and rule.grantee not in roles:
            managed.append((rule.author, rule.grantee, grant))
    return AuthorSetHas(sure, tuple(managed), sources.heads) if sure or managed else None


@dataclass(frozen=True, slots=True)
class ShareFact:
    """A share on a loaded record. reporting: of the unit now, if it is a person."""

    unit: UnitId
    verb: Verb
    grant: Grant
    reporting: frozenset[UnitId] = frozenset()
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """What layer 3 looks at in one record.

    author_set, author_reporting: the stored set (own set with the author, reporting units) of its creation.
    owner_reporting: reporting units of the owner now. persons: reporting units now of persons named by rules.
    """

    author: UnitId
    author_set: frozenset[UnitId]
    author_reporting: frozenset[UnitId]
    owner: UnitId | None
    owner_reporting: frozenset[UnitId]
    shares: tuple[ShareFact, ...]
    persons: Mapping[UnitId, frozenset[UnitId]]
    now: datetime


def decide_record(rule: RecordRule, facts: RecordFacts) -> Decision:
    """Layer 3 on a loaded record. `determined_by` names the leg."""
    match rule:
        case Everyone():
            return Decision(True, "everyone")
        case Nobody():
            return Decision(False)
        case AnyOf(legs):
            for leg in legs:
                if _holds(leg, facts):
                    return Decision(True, type(leg).__name__)
            return Decision(False)


def _holds(leg: Leg, facts: RecordFacts) -> bool:
    match leg:
        case AuthorIs(person):
            return facts.author == person
        case AuthorUnder(heads):
            return not heads.isdisjoint(facts.author_reporting)
        case OwnerIs(person):
            return facts.owner == person
        case OwnerUnder(heads):
            return not heads.isdisjoint(facts.owner_reporting)
        case AuthorSetHas(sure, managed, heads):
            return not facts.author_set.isdisjoint(sure) or any(
                author in facts.author_set and not heads.isdisjoint(facts.persons.get(grantee, frozenset()))
                for author, grantee, _ in managed
            )
        case SharedWith():
            return any(_share_holds(leg, share, facts.now) for share in facts.shares)


def _share_holds(leg: SharedWith, share: ShareFact, now: datetime) -> bool:
    return (
        share.verb is leg.verb
        and (share.valid_from is None or share.valid_from <= now)
        and (share.valid_to is None or now < share.valid_to)
        and (share.unit == leg.person or share.unit in leg.roles or not leg.heads.isdisjoint(share.reporting))
    )

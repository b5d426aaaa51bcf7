"""Layer 3: the legs by which a record is reached, less denies, as one expression. Source: semantics.md 3.

Three readers of it: SQL (`access._bound_legs`), a loaded record (`_facts`), the explanation (`_explain`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ostiary.access.core._principal import Sources
from ostiary.access.core._words import Grant, Verb
from ostiary.kernel.ids import UnitId

AUTHOR, AUTHOR_MANAGERS, OWNER, OWNER_MANAGERS, RULES, SCOPES, SHARES, MASTER = "aAoOrcsm"
ALL_LEGS = frozenset({AUTHOR, AUTHOR_MANAGERS, OWNER, OWNER_MANAGERS, RULES, SCOPES, SHARES, MASTER})

Path = tuple[str, ...]  # lookup columns by id, then perhaps "owner" or "author"


@dataclass(frozen=True, slots=True)
class Switches:
    """Layer 3 of an object: `records` off permits everyone; `legs` are those that are on."""

    records: bool = True
    legs: frozenset[str] = ALL_LEGS
    denies: bool = False


@dataclass(frozen=True, slots=True)
class DefaultRule:
    """Leg 5: records whose stored own set holds `author` concern `grantee`."""

    id: UUID
    author: UnitId
    grantee: UnitId
    grants: Mapping[Verb, Grant]


@dataclass(frozen=True, slots=True)
class ScopeRule:
    """Leg 6: records whose value at `path` is among the principal's `attribute` concern `grantee`."""

    id: UUID
    grantee: UnitId
    path: Path
    attribute: str
    grants: Mapping[Verb, Grant]


@dataclass(frozen=True, slots=True)
class DenyRule:
    """Records whose stored own set holds `author` are denied to `unit` for these verbs."""

    id: UUID
    author: UnitId
    unit: UnitId
    verbs: frozenset[Verb]


@dataclass(frozen=True, slots=True)
class RecordPolicy:
    """All that an administrator said about layer 3 of one object."""

    switches: Switches = Switches()
    rules: tuple[DefaultRule, ...] = ()
    scopes: tuple[ScopeRule, ...] = ()
    deny_rules: tuple[DenyRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Everyone:
    """Layer 3 is off, or an any-data operation replaces it."""


@dataclass(frozen=True, slots=True)
class Nobody:
    """No leg is on."""


@dataclass(frozen=True, slots=True)
class AuthorIs:
    """Leg 1: the principal or a grantor."""

    persons: frozenset[UnitId]


@dataclass(frozen=True, slots=True)
class AuthorUnder:
    """Leg 2: a reporting unit in the stored set is one of the heads."""

    heads: frozenset[UnitId]


@dataclass(frozen=True, slots=True)
class OwnerIs:
    """Leg 3: the principal or a grantor."""

    persons: frozenset[UnitId]


@dataclass(frozen=True, slots=True)
class OwnerUnder:
    """Leg 4: a reporting unit of the owner now is one of the heads."""

    heads: frozenset[UnitId]


@dataclass(frozen=True, slots=True)
class AuthorSetHas:
    """Leg 5: a unit of the stored own set (the author included) is the author side of a rule that counts.

    sure: author units of rules whose grantee is a role or one of the persons. managed: (author unit, grantee
    person) of rules that name another person: they count if that person is a subordinate now.
    """

    sure: Mapping[UnitId, Grant]
    managed: tuple[tuple[UnitId, UnitId, Grant], ...]
    heads: frozenset[UnitId]


@dataclass(frozen=True, slots=True)
class ScopeTest:
    """One scope rule that counts. person: a grantee who must be a subordinate now; None: it counts anyway."""

    id: UUID
    path: Path
    attribute: str
    values: frozenset[UUID]
    grant: Grant
    person: UnitId | None = None


@dataclass(frozen=True, slots=True)
class ScopeHas:
    """Leg 6: the record's value at a path is among the values of a test."""

    tests: tuple[ScopeTest, ...]
    heads: frozenset[UnitId]


@dataclass(frozen=True, slots=True)
class SharedWith:
    """Leg 7: a share valid now names a role of the principal, one of the persons, or a subordinate."""

    verb: Verb
    persons: frozenset[UnitId]
    roles: frozenset[UnitId]
    heads: frozenset[UnitId]


@dataclass(frozen=True, slots=True)
class UnderMaster:
    """Leg 8: the master record is reached by all of these rules; the last is that of the verb itself."""

    rules: tuple["RecordRule", ...]


Leg = AuthorIs | AuthorUnder | OwnerIs | OwnerUnder | AuthorSetHas | ScopeHas | SharedWith | UnderMaster


@dataclass(frozen=True, slots=True)
class Denied:
    """What is taken away: by a deny of a verb for one of the units, or where the stored set has an author."""

    verbs: frozenset[Verb]
    units: frozenset[UnitId]
    authors: frozenset[UnitId]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The union of legs, less what is denied; never without a leg (that is `Nobody`)."""

    legs: tuple[Leg, ...]
    denied: Denied | None = None

    def __post_init__(self) -> None:
        if not self.legs:
            raise ValueError("AnyOf needs a leg: an empty union is Nobody")


RecordRule = Everyone | Nobody | AnyOf


def record_rule(
    verb: Verb,
    sources: Sources,
    policy: RecordPolicy,
    roles: frozenset[UnitId],
    master: tuple[RecordRule, ...] = (),
) -> RecordRule:
    """The expression of one verb on one object for one principal, any-data aside.

    Args: roles: every role of the tenant, to tell roles from persons. master: rules on the master record, all
    of which leg 8 needs; empty for an object without a master.
    """
    switches = policy.switches
    if not switches.records:
        return Everyone()
    heads = sources.all_heads
    possible: dict[str, Leg | None] = {
        AUTHOR: AuthorIs(sources.persons),
        AUTHOR_MANAGERS: AuthorUnder(heads) if heads else None,
        OWNER: OwnerIs(sources.persons),
        OWNER_MANAGERS: OwnerUnder(heads) if heads else None,
        RULES: _rules_leg(verb, sources, policy.rules, roles),
        SCOPES: _scopes_leg(verb, sources, policy.scopes, roles),
        SHARES: SharedWith(verb, sources.persons, sources.roles, sources.heads),
        MASTER: UnderMaster(master) if master and not any(isinstance(r, Nobody) for r in master) else None,
    }
    legs = tuple(leg for letter, leg in possible.items() if leg is not None and letter in switches.legs)
    return AnyOf(legs, _denied(verb, sources, policy)) if legs else Nobody()


def _counts(grantee: UnitId, sources: Sources, roles: frozenset[UnitId]) -> bool | None:
    """Whether a rule's grantee is among all units; None: it does if that person is a subordinate now."""
    if grantee in sources.persons or grantee in sources.roles:
        return True
    return None if sources.heads and grantee not in roles else False


def _rules_leg(
    verb: Verb, sources: Sources, rules: Sequence[DefaultRule], roles: frozenset[UnitId]
) -> AuthorSetHas | None:
    sure: dict[UnitId, Grant] = {}
    managed: list[tuple[UnitId, UnitId, Grant]] = []
    for rule in rules:
        grant = rule.grants.get(verb, Grant.NONE)
        counts = grant is not Grant.NONE and _counts(rule.grantee, sources, roles)
        if counts:
            sure[rule.author] = max(grant, sure.get(rule.author, Grant.NONE))
        elif counts is None:
            managed.append((rule.author, rule.grantee, grant))
    return AuthorSetHas(sure, tuple(managed), sources.heads) if sure or managed else None


def _scopes_leg(
    verb: Verb, sources: Sources, scopes: Sequence[ScopeRule], roles: frozenset[UnitId]
) -> ScopeHas | None:
    tests: list[ScopeTest] = []
    for rule in scopes:
        grant = rule.grants.get(verb, Grant.NONE)
        values = sources.attributes.get(rule.attribute, frozenset())
        if grant is Grant.NONE or not values:
            continue
        counts = _counts(rule.grantee, sources, roles)
        if counts is not False:
            person = None if counts else rule.grantee
            tests.append(ScopeTest(rule.id, rule.path, rule.attribute, values, grant, person))
    return ScopeHas(tuple(tests), sources.heads) if tests else None


def _denied(verb: Verb, sources: Sources, policy: RecordPolicy) -> Denied | None:
    """Denying read denies all; it acts through the own set only."""
    if not policy.switches.denies:
        return None
    verbs = frozenset({Verb.READ, verb})
    authors = frozenset(
        rule.author for rule in policy.deny_rules if rule.unit in sources.own and rule.verbs & verbs
    )
    return Denied(verbs, sources.own, authors)

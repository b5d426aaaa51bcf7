"""By what a record is reached, whoever asks: each leg, rule, share and operation with the units it names.

It reads what is stored and decides nothing: whether somebody gets through also takes the other layers.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from ostiary.access._administration import ensure_operation
from ostiary.access._asked import Asked, at_one_epoch, load_matter
from ostiary.access._facts import passes_on, record_facts
from ostiary.access._ground import Grounds, masters_of
from ostiary.access._policy import load_policy
from ostiary.access._rights import Rights
from ostiary.access.core import (
    ANY_DATA,
    AUTHOR,
    AUTHOR_MANAGERS,
    MASTER,
    OWNER,
    OWNER_MANAGERS,
    RECORD_VERBS,
    RULES,
    SCOPES,
    SHARES,
    ColumnLevel,
    Grant,
    Matter,
    Operation,
    OperationRow,
    Path,
    RecordFacts,
    ScopeRule,
    ShareFact,
    Verb,
)
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId


class GrantKind(StrEnum):
    """What opens, or closes."""

    EVERYONE = "everyone"  # layer 3 is off
    AUTHOR = "author"
    AUTHOR_MANAGERS = "author_managers"
    OWNER = "owner"
    OWNER_MANAGERS = "owner_managers"
    RULE = "rule"
    SCOPE = "scope"
    SHARE = "share"
    MASTER = "master"
    DENY = "deny"
    DENY_RULE = "deny_rule"
    OPERATION = "operation"
    OBJECT_ROW = "object_row"
    COLUMN_ROW = "column_row"


@dataclass(frozen=True, slots=True)
class Granting:
    """One thing that gives, or denies, verbs to units. author: whose records a rule is about.

    level: of a row of the column. attribute, path: of a scope rule. since, until: of a share.
    """

    kind: GrantKind
    units: tuple[UnitId, ...] = ()
    grants: Mapping[Verb, Grant] = field(default_factory=dict)
    author: UnitId | None = None
    level: ColumnLevel | None = None
    attribute: str = ""
    path: Path = ()
    since: datetime | None = None
    until: datetime | None = None

    @property
    def named(self) -> frozenset[UnitId]:
        """Every unit that it names."""
        return frozenset(self.units) | ({self.author} if self.author is not None else set())


def who_grants(ctx: Context, grounds: Grounds, asked: Asked) -> tuple[Granting, ...]:
    """By what the object, the record and the column that are asked about are reached.

    Needs CanManageAdministration. Raises: NotFound, AccessDenied.
    """
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)

    def read(epoch: int) -> tuple[Granting, ...]:
        graph = identity.role_graph(ctx, epoch)
        matter = load_matter(ctx, grounds, graph, load_policy(ctx, epoch), asked)
        found = [*_rows(matter)]
        if matter.facts is not None:
            found = [*_legs(graph, matter, matter.facts), *found]
        return (*found, *_operations(matter.operations))

    return at_one_epoch(ctx, read)


def record_ways(
    ctx: Context, rights: Rights, grounds: Grounds, object_id: UUID, record_id: UUID
) -> tuple[tuple[Granting, ...], frozenset[Verb]]:
    """By which legs a record is reached, and the verbs that the principal holds with delegation.

    Unchecked: `records.list_sharing` checks who may know what of it.
    """
    facts = record_facts(ctx, rights.policy, grounds, object_id, record_id)
    if facts is None:
        return (), frozenset()
    policies = tuple(rights.policy.object(o).records for o in masters_of(grounds, object_id))
    matter = Matter(Verb.READ, {}, (), {}, policies, frozenset(rights.graph.roles), facts)
    held = frozenset(v for v in RECORD_VERBS if passes_on(rights, grounds, object_id, facts, v))
    return tuple(_legs(rights.graph, matter, facts)), held


def _legs(graph: identity.RoleGraph, matter: Matter, facts: RecordFacts) -> Iterator[Granting]:
    policy = matter.policies[0]
    if not policy.switches.records:
        yield Granting(GrantKind.EVERYONE, grants=dict.fromkeys(RECORD_VERBS, Grant.GRANTED))
        return
    legs = policy.switches.legs
    yield from _whose(graph, legs, facts)
    if RULES in legs:
        for rule in policy.rules:
            if rule.author in facts.author_set:
                yield Granting(GrantKind.RULE, (rule.grantee,), _given(rule.grants), rule.author)
    if SCOPES in legs:
        yield from _scopes(policy.scopes, facts)
    if SHARES in legs:
        yield from _shares(facts.shares)
    if MASTER in legs and facts.master is not None:
        yield Granting(GrantKind.MASTER, grants=dict.fromkeys(RECORD_VERBS, Grant.GRANTED))
    if policy.switches.denies:
        yield from _denies(matter, facts)


def _whose(graph: identity.RoleGraph, legs: frozenset[str], facts: RecordFacts) -> Iterator[Granting]:
    """The legs that look at whose record it is."""
    owners = () if facts.owner is None else (facts.owner,)
    for letter, way, units in (
        (AUTHOR, GrantKind.AUTHOR, (facts.author,)),
        (AUTHOR_MANAGERS, GrantKind.AUTHOR_MANAGERS, _manager_roles(graph, facts.author_reporting)),
        (OWNER, GrantKind.OWNER, owners),
        (OWNER_MANAGERS, GrantKind.OWNER_MANAGERS, _manager_roles(graph, facts.owner_reporting)),
    ):
        if letter in legs and units:
            yield Granting(way, units, dict.fromkeys(RECORD_VERBS, Grant.DELEGABLE))


def _given(grants: Mapping[Verb, Grant]) -> dict[Verb, Grant]:
    return {verb: grant for verb, grant in grants.items() if grant}


def _manager_roles(graph: identity.RoleGraph, units: frozenset[UnitId]) -> tuple[UnitId, ...]:
    return tuple(sorted(role.id for role in graph.roles.values() if role.manages in units))


def _scopes(scopes: Iterable[ScopeRule], facts: RecordFacts) -> Iterator[Granting]:
    for scope in scopes:
        if facts.values.get(scope.path) is not None:
            yield Granting(
                GrantKind.SCOPE,
                (scope.grantee,),
                _given(scope.grants),
                attribute=scope.attribute,
                path=scope.path,
            )


def _shares(shares: Sequence[ShareFact]) -> Iterator[Granting]:
    """Those of a unit that are valid alike, as one."""
    together: dict[tuple[UnitId, datetime | None, datetime | None], dict[Verb, Grant]] = {}
    for share in shares:
        key = (share.unit, share.valid_from, share.valid_to)
        together.setdefault(key, {})[share.verb] = share.grant
    for (unit, since, until), grants in together.items():
        yield Granting(GrantKind.SHARE, (unit,), grants, since=since, until=until)


def _denies(matter: Matter, facts: RecordFacts) -> Iterator[Granting]:
    units: dict[UnitId, dict[Verb, Grant]] = {}
    for deny in facts.denies:
        units.setdefault(deny.unit, {})[deny.verb] = Grant.NONE
    for unit, grants in units.items():
        yield Granting(GrantKind.DENY, (unit,), grants)
    for rule in matter.policies[0].deny_rules:
        if rule.author in facts.author_set:
            yield Granting(
                GrantKind.DENY_RULE, (rule.unit,), dict.fromkeys(rule.verbs, Grant.NONE), rule.author
            )


def _rows(matter: Matter) -> Iterator[Granting]:
    for row in matter.rows:
        yield Granting(GrantKind.OBJECT_ROW, (row.unit,), dict.fromkeys(row.verbs, Grant.GRANTED))
    if matter.column is not None:
        for level in matter.column.rows:
            yield Granting(GrantKind.COLUMN_ROW, (level.unit,), level=level.level)


def _operations(operations: Mapping[str, Sequence[OperationRow]]) -> Iterator[Granting]:
    """Any-data operations, by the verbs that a unit has through them."""
    units: dict[UnitId, dict[Verb, Grant]] = {}
    for verb in RECORD_VERBS:
        for row in operations.get(ANY_DATA[verb].value, ()):
            if row.allowed:
                units.setdefault(row.unit, {})[verb] = Grant.GRANTED
    for unit, grants in units.items():
        yield Granting(GrantKind.OPERATION, (unit,), grants)

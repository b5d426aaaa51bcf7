"""What each role gives by itself: to somebody who has it and no other. Nothing is decided here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from ostiary.access._administration import ensure_operation
from ostiary.access._policy import Policy, load_policy
from ostiary.access._reach import NO_REACH
from ostiary.access._rights import Rights
from ostiary.access._standing import ANYBODY
from ostiary.access.core import (
    ANY_DATA,
    ColumnLevel,
    Decision,
    Held,
    ObjectRow,
    Operation,
    OperationRow,
    Verb,
    deciding_rows,
    sources_of,
)
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId
from ostiary.kernel.recent import Recent

_TENANTS = 50  # whose roles are kept: a few administrators look at them now and then


@dataclass(frozen=True, slots=True)
class Given:
    """An answer and what it rests on. by: the unit of the deciding row, or an operation; None: no row."""

    allowed: bool
    by: UnitId | Operation | None = None


@dataclass(frozen=True, slots=True)
class GivenLevel:
    """The same of a column. by: None also where the column has no rows and follows its object."""

    level: ColumnLevel
    by: UnitId | Operation | None = None


@dataclass(frozen=True, slots=True)
class GivenByRole:
    """The answers of one role, made when they are asked for.

    units: by which rows and rules find whoever has the role. Of a manager role that includes the roles of
    those who report to its unit now.
    """

    role: UnitId
    _rights: Rights
    _verbs: dict[UUID, Mapping[Verb, Given]] = field(default_factory=dict)

    @property
    def units(self) -> frozenset[UnitId]:
        return self._rights.sources.roles

    def operation(self, operation: Operation) -> Given:
        """Layer 1."""
        rows = self._rights.policy.operations.get(operation.value, ())
        return _given(self._rights.operation(operation), rows)

    def verbs(self, object_id: UUID) -> Mapping[Verb, Given]:
        """Layer 2: the verbs that are allowed."""
        known = self._verbs.get(object_id)
        if known is None:
            rights, rows = self._rights, self._rights.policy.object(object_id).rows
            decided = {verb: rights.decide_object(object_id, verb) for verb in Verb}
            known = {verb: _given(found, rows) for verb, found in decided.items() if found.allowed}
            self._verbs[object_id] = known
        return known

    def level(self, object_id: UUID, column_id: UUID, *, sealed: bool = False) -> GivenLevel:
        """Layer 4, as `Rights.level`."""
        rights = self._rights
        level = rights.level(object_id, column_id, sealed=sealed)
        if sealed:
            return GivenLevel(level)
        rows = rights.policy.object(object_id).columns.get(column_id, ())
        deciding = [row for row, _ in deciding_rows(rows, rights.sources.each)]
        by: UnitId | Operation | None = next((row.unit for row in deciding if row.level is level), None)
        if by is None and level and rows:
            by = ANY_DATA[Verb.READ]
        return GivenLevel(level, by)


@dataclass(frozen=True, slots=True)
class GivenByRoles:
    """All roles of a tenant with what they give, and what that was read from."""

    policy: Policy
    graph: identity.RoleGraph
    roles: Mapping[UnitId, GivenByRole]


_kept: Recent[str, GivenByRoles] = Recent(_TENANTS)


def given_by_roles(ctx: Context) -> GivenByRoles:
    """What each role gives by itself; needs CanManageAdministration. Whoever shows it records that."""
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    epoch = identity.current_epoch(ctx)
    known = _kept.get(ctx.db.schema)
    if known is not None and known.policy.epoch == epoch:
        return known
    policy, graph = load_policy(ctx, epoch), identity.role_graph(ctx, epoch)
    own = {role: graph.own_set((role,), external=made.external) for role, made in graph.roles.items()}
    below = _roles_below(ctx, {head for held in own.values() for head in graph.heads(held)})
    found = {}
    for role, held in own.items():
        under = frozenset().union(*(below.get(head, frozenset()) for head in graph.heads(held)))
        sources = sources_of(Held(ANYBODY, held, under), graph)
        rights = Rights(epoch, ANYBODY, 0, sources, graph, policy, NO_REACH, NO_REACH, 0)
        found[role] = GivenByRole(role, rights)
    made_now = GivenByRoles(policy, graph, found)
    _kept.put(ctx.db.schema, made_now)
    return made_now


def _roles_below(ctx: Context, heads: Iterable[UnitId]) -> Mapping[UnitId, frozenset[UnitId]]:
    """By unit: every role in the own set of whoever reports to it now."""
    return {
        UnitId(head): frozenset(roles)
        for head, roles in ctx.db.rows(
            "select r.unit_id, array_agg(distinct o.unit_id) from @.identity_label_unit r"
            " join @.identity_label_unit o on o.label_id = r.label_id and o.kind = 'o'"
            " where r.kind = 'r' and r.unit_id = any(%(heads)s)"
            " and r.label_id in (select u.current_label_id from @.identity_unit u) group by r.unit_id",
            {"heads": sorted(heads)},
        )
    }


def _given(decision: Decision, rows: Sequence[OperationRow] | Sequence[ObjectRow]) -> Given:
    by = decision.determined_by
    if isinstance(by, str):
        return Given(decision.allowed, Operation(by))
    return Given(decision.allowed, next((row.unit for row in rows if row.id == by), None))

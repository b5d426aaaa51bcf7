"""Where each unit is named by rows and rules, as the unit sees it; and what decides for a role alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from ostiary.access._policy import Policy
from ostiary.access.core import (
    ColumnLevel,
    Source,
    SourceKind,
    Verb,
    deciding_rows,
)
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId
from ostiary.kernel.recent import TENANTS_AT_HAND, Recent


@dataclass(slots=True)
class Mentions:
    """Where a unit is named: codes of operations, ids of objects, columns by object; rules by object."""

    operations: list[str] = field(default_factory=list)
    objects: list[UUID] = field(default_factory=list)
    columns: dict[UUID, list[UUID]] = field(default_factory=dict)
    rules: list[UUID] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Rows and rules together; the rules of an object count once."""
        columns = sum(map(len, self.columns.values()))
        return len(self.operations) + len(self.objects) + columns + len(self.rules)


@dataclass(frozen=True, slots=True)
class Decided:
    """What the rows decide for whoever has a role and nothing else, and the unit of the deciding row."""

    operations: Mapping[str, tuple[bool, UnitId]]
    objects: Mapping[UUID, tuple[frozenset[Verb], UnitId]]


_kept: Recent[str, tuple[int, Mapping[UnitId, Mentions]]] = Recent(TENANTS_AT_HAND)


def mentions(ctx: Context, policy: Policy) -> Mapping[UnitId, Mentions]:
    """Where units are named; of a unit that nothing names there is no entry."""
    known = _kept.get(ctx.db.schema)
    if known is not None and known[0] == policy.epoch:
        return known[1]
    found = _find(policy)
    _kept.put(ctx.db.schema, (policy.epoch, found))
    return found


def _find(policy: Policy) -> dict[UnitId, Mentions]:
    found: dict[UnitId, Mentions] = {}

    def of(unit: UnitId) -> Mentions:
        return found.setdefault(unit, Mentions())

    for code, operation_rows in policy.operations.items():
        for operation_row in operation_rows:
            of(operation_row.unit).operations.append(code)
    for object_id, made in policy.objects.items():
        for row in made.rows:
            of(row.unit).objects.append(object_id)
        for column, column_rows in made.columns.items():
            for column_row in column_rows:
                of(column_row.unit).columns.setdefault(object_id, []).append(column)
        for unit in _in_rules(policy, object_id):
            of(unit).rules.append(object_id)
    return found


def _in_rules(policy: Policy, object_id: UUID) -> set[UnitId]:
    rules = policy.object(object_id).records
    named = {unit for rule in rules.rules for unit in (rule.author, rule.grantee)}
    named |= {rule.grantee for rule in rules.scopes}
    return named | {unit for rule in rules.deny_rules for unit in (rule.author, rule.unit)}


def _source(graph: identity.RoleGraph, role: UnitId) -> Source:
    own = graph.own_set([role], external=graph.roles[role].external)
    return Source(SourceKind.OWN, role, own.roles)


def decided_for(policy: Policy, graph: identity.RoleGraph, role: UnitId) -> Decided:
    """The topmost row of each operation and object for whoever has the role and what it inherits."""
    each = (_source(graph, role),)
    operations = {
        code: (row.allowed, row.unit)
        for code, rows in policy.operations.items()
        for row, _source_ in deciding_rows(rows, each)
    }
    objects = {
        object_id: (row.verbs, row.unit)
        for object_id, made in policy.objects.items()
        for row, _source_ in deciding_rows(made.rows, each)
    }
    return Decided(operations, objects)


def levels_for(
    policy: Policy, graph: identity.RoleGraph, role: UnitId, object_id: UUID
) -> Mapping[UUID, tuple[ColumnLevel, UnitId | None]]:
    """The level of each column that has rows, for whoever has the role and what it inherits, and by whose."""
    each = (_source(graph, role),)
    found: dict[UUID, tuple[ColumnLevel, UnitId | None]] = {}
    for column, rows in policy.object(object_id).columns.items():
        decided = deciding_rows(rows, each)
        found[column] = (decided[0][0].level, decided[0][0].unit) if decided else (ColumnLevel.NONE, None)
    return found

"""The role graph as a value, and what semantics section 1 derives from it for one principal."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from ostiary.kernel.context import Batch, Context
from ostiary.kernel.ids import UnitId
from ostiary.kernel.recent import TENANTS_AT_HAND, Recent

ALL_EMPLOYEES = "all_employees"
ALL_EXTERNALS = "all_external_users"
SYSTEM_ADMINISTRATORS = "system_administrators"
NO_UNIT = UnitId(UUID(int=0))
MOST_DERIVED = 64
Derived = TypeVar("Derived")


class UnitKind(StrEnum):
    """Kinds of units. Stored keys are never reused."""

    PERSON = "person"
    SERVICE = "service"
    ORG = "org"
    FUNC = "func"
    MANAGER = "manager"


ROLE_KINDS = frozenset({UnitKind.ORG, UnitKind.FUNC, UnitKind.MANAGER})


@dataclass(frozen=True, slots=True)
class Role:
    """A role of any kind. parent: in its own tree; manages: the unit of a manager role.

    external: of outsiders; no edge joins them with what is of employees.
    """

    id: UnitId
    kind: UnitKind
    parent: UnitId | None
    manages: UnitId | None
    not_inherited: bool
    external: bool = False


@dataclass(frozen=True, slots=True)
class OwnSet:
    """The roles of a principal's own set and its reporting units; the principal is left out of both."""

    roles: frozenset[UnitId]
    reporting: frozenset[UnitId]


class RoleGraph:
    """All roles of a tenant with their trees and links. Immutable after it is made."""

    def __init__(
        self,
        roles: Iterable[Role],
        links: Iterable[tuple[UnitId, UnitId]],
        root: UnitId,
        external_root: UnitId,
    ) -> None:
        self.roles: Mapping[UnitId, Role] = {r.id: r for r in roles}
        self.root = root
        self.external_root = external_root
        self.links = frozenset(links)
        self._linked: dict[UnitId, set[UnitId]] = {}
        for org, func in self.links:
            self._linked.setdefault(org, set()).add(func)
        self._children: dict[UnitId, list[UnitId]] = {}
        for role in self.roles.values():
            if role.parent is not None:
                self._children.setdefault(role.parent, []).append(role.id)
        self._lines: dict[UnitId, frozenset[UnitId]] = {}
        self._derived: dict[Hashable, tuple[Any]] = {}

    def derived(self, key: Hashable, make: Callable[[], Derived]) -> Derived:
        """What follows from this graph alone, made once; few keys are kept. Nobody may change the value."""
        known = self._derived.get(key)
        if known is None:
            known = (make(),)
            if len(self._derived) >= MOST_DERIVED:
                self._derived.clear()
            self._derived[key] = known
        found: Derived = known[0]
        return found

    def equals(self, other: "RoleGraph") -> bool:
        """Whether it has the same roles, trees and links."""
        return self.roles == other.roles and self.links == other.links

    def line(self, role: UnitId) -> frozenset[UnitId]:
        """The role and its ancestors in its own tree; a manager role is only itself."""
        known = self._lines.get(role)
        if known is None:
            known = self._lines[role] = frozenset(self.ladder(role))
        return known

    def linked(self, role: UnitId) -> frozenset[UnitId]:
        """The functional roles that members of an organisational role get."""
        return frozenset(self._linked.get(role, ()))

    def ladder(self, role: UnitId) -> tuple[UnitId, ...]:
        """The role and its ancestors, from below."""
        found: list[UnitId] = []
        step: UnitId | None = role
        while step is not None and step not in found:
            found.append(step)
            step = self.roles[step].parent
        return tuple(found)

    def descendants(self, role: UnitId) -> frozenset[UnitId]:
        """The role and everything below it."""
        return self.derived(("descendants", role), lambda: frozenset(self._below(role)))

    def _below(self, role: UnitId) -> set[UnitId]:
        found: set[UnitId] = set()
        todo = [role]
        while todo:
            step = todo.pop()
            if step not in found:
                found.add(step)
                todo.extend(self._children.get(step, ()))
        return found

    def own_set(self, direct: Iterable[UnitId], *, external: bool = False) -> OwnSet:
        """A person's own set and reporting units from the direct roles. Source: semantics section 1."""
        direct = frozenset(direct)
        found = set(self.line(self.external_root if external else self.root))
        for role in direct:
            found |= self.line(role)
        for role in list(found):
            for func in self._linked.get(role, ()):
                found |= self.line(func)
        reporting = {r for r in found if self.roles[r].kind is UnitKind.ORG}
        for role in direct:
            unit = self.roles[role].manages
            if unit is not None:
                reporting |= self.line(unit) - {unit}
        return OwnSet(frozenset(found), frozenset(reporting))

    def service_set(self, direct: Iterable[UnitId]) -> OwnSet:
        """A service account's own set: its direct roles, no inheritance, nobody's subordinate."""
        return OwnSet(frozenset(direct), frozenset())

    def set_of(self, kind: UnitKind, direct: Iterable[UnitId], *, external: bool) -> OwnSet:
        """The own set of a principal of either kind."""
        if kind is UnitKind.SERVICE:
            return self.service_set(direct)
        return self.own_set(direct, external=external)

    def elevated(self, role: UnitId) -> frozenset[UnitId]:
        """What an elevation to a role gives: the role, its ancestors, functional roles linked to these."""
        line = self.line(role)
        return line.union(*(self._linked.get(r, ()) for r in line))

    def heads(self, own: OwnSet) -> frozenset[UnitId]:
        """The units whose manager role is in the own set."""
        return frozenset(u for r in own.roles if (u := self.roles[r].manages) is not None)

    def managed_units(self, heads: Iterable[UnitId]) -> frozenset[UnitId]:
        """The heads' units and all their descendants."""
        return frozenset().union(*(self.descendants(h) for h in heads))


_graphs: Recent[str, tuple[int, RoleGraph]] = Recent(TENANTS_AT_HAND)


def current_epoch(ctx: Context) -> int:
    """The tenant's epoch as this statement sees it."""
    row = ctx.db.row("select epoch from @.identity_epoch")
    if row is None:
        raise RuntimeError("the tenant has no epoch row: its schema was not seeded")
    return int(row[0])


def bump_epoch(ctx: Context) -> int:
    """Raise the tenant's epoch: whatever was cached before this transaction's commit is void afterwards.

    The number comes from a sequence, so one that was rolled back never stands for other content later. Within
    a batch it rises at the end.
    """
    if ctx.batch is not None:
        ctx.batch.changed = True
        return current_epoch(ctx)
    row = ctx.db.row("update @.identity_epoch set epoch = nextval('@.identity_epoch_seq') returning epoch")
    if row is None:
        raise RuntimeError("the tenant has no epoch row: its schema was not seeded")
    return int(row[0])


@contextmanager
def as_one(ctx: Context) -> Iterator[Context]:
    """Changes of rights as one, each checked by the rights of the beginning; others wait for the end.

    Checking each by what the ones before left would read every row and rule again for each of thousands. What
    is read in between is kept under an epoch that nobody else ever sees, also when all is rolled back.
    """
    if ctx.batch is not None:
        yield ctx
        return
    batch = Batch()
    bump_epoch(ctx)
    yield replace(ctx, batch=batch)
    if batch.changed:
        bump_epoch(ctx)


def role_graph(ctx: Context, epoch: int | None = None) -> RoleGraph:
    """The tenant's role graph; with `epoch`, one that was read at that epoch may be reused."""
    if epoch is not None:
        known = _graphs.get(ctx.db.schema)
        if known is not None and known[0] == epoch:
            return known[1]
    roles = [
        Role(r[0], UnitKind(r[1]), r[2], r[3], r[4], r[5])
        for r in ctx.db.rows(
            "select id, kind, parent_id, manages_id, not_inherited, external from @.identity_unit"
            " where kind in ('org', 'func', 'manager')"
        )
    ]
    links = [(r[0], r[1]) for r in ctx.db.rows("select org_id, func_id from @.identity_link")]
    roots = {
        r[0]: r[1]
        for r in ctx.db.rows(
            "select code, id from @.identity_unit where code = any(%(codes)s)",
            {"codes": [ALL_EMPLOYEES, ALL_EXTERNALS]},
        )
    }
    if ALL_EMPLOYEES not in roots:
        raise RuntimeError("the tenant has no role All employees: its schema was not seeded")
    # a tenant of the release before has no externals and no root for them yet
    graph = RoleGraph(roles, links, roots[ALL_EMPLOYEES], roots.get(ALL_EXTERNALS, NO_UNIT))
    if epoch is not None:
        _graphs.put(ctx.db.schema, (epoch, graph))
    return graph

"""A principal's sources: the sets by which rows, rules and shares find it. Source: semantics.md section 1."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ostiary.kernel.ids import UnitId

if TYPE_CHECKING:  # the values come in as arguments: the core itself stands on the kernel alone
    from ostiary.identity import public as identity


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything by which a principal may be given something.

    own: the own set, the principal included. managed: the distinct managed sources, each a role and its
    ancestors without the marked ones. heads: units whose manager role is held. roles: all units but persons.
    Persons among all units are the principal and whoever has one of `heads` among the reporting units now.
    """

    principal: UnitId
    own: frozenset[UnitId]
    managed: tuple[frozenset[UnitId], ...]
    heads: frozenset[UnitId]
    roles: frozenset[UnitId]

    @property
    def each(self) -> tuple[frozenset[UnitId], ...]:
        """Each source by itself: rows are decided per source and the results united."""
        return (self.own, *self.managed)


def sources_of(
    principal: UnitId,
    own: "identity.OwnSet",
    graph: "identity.RoleGraph",
    subordinate_roles: Iterable[UnitId],
) -> Sources:
    """The sources of a principal.

    Args: subordinate_roles: every role in the own set of any subtree member of the managed units; manager
    roles among them are passed over, since a manager's manager does not inherit the managing itself.
    """
    heads = graph.heads(own)
    managed: set[frozenset[UnitId]] = set()
    for role in subordinate_roles:
        known = graph.roles[role]
        if known.manages is not None or known.not_inherited:
            continue
        managed.add(frozenset(r for r in graph.line(role) if not graph.roles[r].not_inherited))
    units = frozenset(u for u in graph.managed_units(heads) if not graph.roles[u].not_inherited)
    roles = own.roles.union(units, *managed)
    return Sources(principal, own.roles | {principal}, tuple(sorted(managed, key=sorted)), heads, roles)

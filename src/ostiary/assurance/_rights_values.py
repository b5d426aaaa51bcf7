"""Rights as a file holds them: units by reference, objects and columns by code."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ostiary.access import public as access
from ostiary.identity import public as identity

Rows = tuple[tuple[str, str], ...]  # (unit, verbs or level), topmost first
Switches = tuple[bool, frozenset[str], bool]


@dataclass(frozen=True, slots=True)
class RoleText:
    """A role. parent, manages: references."""

    kind: identity.UnitKind
    name: str
    parent: str | None = None
    manages: str | None = None
    not_inherited: bool = False
    external: bool = False


@dataclass(frozen=True, slots=True)
class OperationText:
    """A system operation; None: the file says nothing of it. carries: letters of verbs by object."""

    rows: tuple[tuple[str, bool], ...] | None = None
    carries: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ObjectText:
    """Layers 2 to 4 of an object; None: the file says nothing of it, nor of columns that it does not name.

    switches: layer 3 on, its legs, denies allowed. rules: by (author, grantee); scopes: by (grantee, path of
    codes, attribute); deny_rules: letters of verbs by (author, unit).
    """

    rows: Rows | None = None
    switches: Switches | None = None
    rules: Mapping[tuple[str, str], access.Grants] | None = None
    scopes: Mapping[tuple[str, str, str], access.Grants] | None = None
    deny_rules: Mapping[tuple[str, str], str] | None = None
    columns: Mapping[str, Rows] = field(default_factory=dict)

    def units(self) -> Iterator[str]:
        """Every unit that is named."""
        yield from (unit for unit, _ in self.rows or ())
        yield from (unit for rows in self.columns.values() for unit, _ in rows)
        yield from (unit for rule in self.rules or () for unit in rule)
        yield from (rule[0] for rule in self.scopes or ())
        yield from (unit for rule in self.deny_rules or () for unit in rule)


@dataclass(frozen=True, slots=True)
class RightsText:
    """All rights of a tenant, or those that a file speaks of. links: (organisational, functional role)."""

    roles: Mapping[str, RoleText] = field(default_factory=dict)
    links: frozenset[tuple[str, str]] | None = None
    operations: Mapping[str, OperationText] = field(default_factory=dict)
    objects: Mapping[str, ObjectText] = field(default_factory=dict)

    def units(self) -> set[str]:
        """Every unit that is named."""
        named = {unit for made in self.objects.values() for unit in made.units()}
        named |= {unit for made in self.operations.values() for unit, _ in made.rows or ()}
        named |= {unit for link in self.links or () for unit in link}
        for role in self.roles.values():
            named |= {unit for unit in (role.parent, role.manages) if unit is not None}
        return named | self.roles.keys()

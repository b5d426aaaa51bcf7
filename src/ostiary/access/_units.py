"""Units as administration shows them: names, kinds, how many people have a role. Nothing here decides."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ostiary.access._administration import ensure_operation
from ostiary.access.core import Operation
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId
from ostiary.kernel.recent import TENANTS_AT_HAND, Recent
from ostiary.kernel.tables import has_table

MOST_FOUND = 20


@dataclass(frozen=True, slots=True)
class NamedUnit:
    """A unit with its name. label: of a principal, the stored set that it has now."""

    id: UnitId
    name: str
    kind: identity.UnitKind
    code: str | None
    active: bool
    external: bool
    label: int | None


@dataclass(frozen=True, slots=True)
class Holders:
    """Who has which role at an epoch. people: active ones by role. labels: of active principals, by role.

    accounts: roles that an active service account has, which inherits nothing.
    """

    epoch: int
    people: Mapping[UnitId, int]
    labels: Mapping[UnitId, frozenset[int]]
    accounts: frozenset[UnitId]

    def roles_of(self, label: int | None, among: Iterable[UnitId]) -> frozenset[UnitId]:
        """Those of the roles that principals with this label have."""
        return frozenset(role for role in among if label in self.labels.get(role, ()))


_kept: Recent[str, Holders] = Recent(TENANTS_AT_HAND)
_FIELDS = "id, name, kind, code, active, external, current_label_id"


def holders(ctx: Context, epoch: int) -> Holders:
    """Who has which role; read again when the epoch has moved on."""
    known = _kept.get(ctx.db.schema)
    if known is not None and known.epoch == epoch:
        return known
    rows = ctx.db.rows(
        "select l.unit_id, array_agg(l.label_id), sum(p.people), bool_or(p.accounts > 0) from ("
        " select current_label_id as label, count(*) filter (where kind = 'person') as people,"
        "  count(*) filter (where kind = 'service') as accounts"
        " from @.identity_unit where active and current_label_id is not null group by current_label_id"
        ") p join @.identity_label_unit l on l.label_id = p.label and l.kind = 'o' group by l.unit_id"
    )
    found = Holders(
        epoch,
        {UnitId(r[0]): int(r[2]) for r in rows},
        {UnitId(r[0]): frozenset(r[1]) for r in rows},
        frozenset(UnitId(r[0]) for r in rows if r[3]),
    )
    _kept.put(ctx.db.schema, found)
    return found


def units_named(ctx: Context, units: Collection[UnitId]) -> dict[UnitId, NamedUnit]:
    """Units by id; those that are not there are left out."""
    rows = ctx.db.rows(f"select {_FIELDS} from @.identity_unit where id = any(%(ids)s)", {"ids": list(units)})
    return {UnitId(r[0]): _named(r) for r in rows}


def find_units(
    ctx: Context,
    text: str,
    *,
    kinds: Collection[identity.UnitKind] = identity.ROLE_KINDS,
    after: UnitId | None = None,
) -> list[NamedUnit]:
    """At most `MOST_FOUND` active units with the text in their name, by name.

    Needs CanManageAdministration. after: the last one of the page before.
    """
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    rows = ctx.db.rows(
        f"select {_FIELDS} from @.identity_unit where kind = any(%(kinds)s)"
        " and active and position(lower(%(text)s) in lower(name)) > 0 and (%(after)s::uuid is null"
        " or (name, id) > (select name, id from @.identity_unit where id = %(after)s))"
        " order by name, id limit %(most)s::int",
        {"kinds": sorted(kinds), "text": text, "after": after, "most": MOST_FOUND},
    )
    return [_named(r) for r in rows]


def units_called(ctx: Context, name: str) -> list[NamedUnit]:
    """Active units of any kind with exactly this name, whatever its case; needs CanManageAdministration."""
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    rows = ctx.db.rows(
        f"select {_FIELDS} from @.identity_unit where active and lower(name) = lower(%(name)s)"
        " limit %(most)s::int",
        {"name": name.strip(), "most": MOST_FOUND},
    )
    return [_named(r) for r in rows]


def _named(row: Sequence[object]) -> NamedUnit:
    id_, name, kind, code, active, external, label = row
    return NamedUnit(
        UnitId(id_),  # type: ignore[arg-type]  # as the database typed it
        str(name),
        identity.UnitKind(str(kind)),
        None if code is None else str(code),
        bool(active),
        bool(external),
        label if isinstance(label, int) else None,
    )


def attribute_names(ctx: Context) -> list[str]:
    """Names of the lists of values that somebody has, by which scope rules compare."""
    if not has_table(ctx.db, "identity_attribute"):
        return []  # a tenant of the release before
    rows = ctx.db.rows(
        "select distinct name from @.identity_attribute order by name limit %(most)s::int",
        {"most": MOST_FOUND},
    )
    return [str(r[0]) for r in rows]

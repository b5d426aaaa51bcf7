"""Finding people and roles by what somebody types: quick among a hundred thousand, and never all of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ostiary.identity._graph import UnitKind
from ostiary.identity._roles import SYSTEM_PREFIX
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId

LONGEST_SEARCH = 100
_LAST = "\U0010ffff"
_SELECTED = (
    "select u.id, u.name, u.kind, u.external, coalesce(p.name, (select min(o.name)"
    " from @.identity_membership m join @.identity_unit o on o.id = m.role_id and o.kind = 'org'"
    " where m.principal_id = u.id), '') from"
)
_JOINED = "left join @.identity_unit p on p.id = u.parent_id"
_ACTIVE = "u.active and u.kind = any(%(kinds)s) and not starts_with(coalesce(u.code, ''), %(system)s)"
_PRINCIPAL = "u.active and u.kind in ('person', 'service')"


@dataclass(frozen=True, slots=True)
class FoundUnit:
    """A unit to choose. place: the role above it, or a unit that a person is in; tells namesakes apart."""

    id: UnitId
    name: str
    kind: UnitKind
    external: bool = False
    place: str = ""


def search_units(ctx: Context, text: str, kinds: Collection[UnitKind], limit: int = 20) -> list[FoundUnit]:
    """Active units whose name begins with a text, then others that contain it; without regard to case.

    Names that begin with it are found by the index of names, in the usual spellings; what contains it is
    looked for only while there is room.
    """
    asked = "".join(c for c in text if c.isprintable()).strip()[:LONGEST_SEARCH]
    if not asked:
        return []
    values = {
        "kinds": sorted(kind.value for kind in kinds),
        "system": f"service:{SYSTEM_PREFIX}",
        "limit": limit,
    }
    found = _beginning(ctx, _spellings(asked), values)
    if len(found) < limit:
        found += _containing(ctx, asked, values)
    return list({unit.id: unit for unit in found}.values())[:limit]


def describe_units(ctx: Context, units: Collection[UnitId]) -> dict[UnitId, FoundUnit]:
    """The units by id, active or not; those that are none are left out."""
    rows = ctx.db.rows(
        f"{_SELECTED} @.identity_unit u {_JOINED} where u.id = any(%(ids)s)", {"ids": sorted(set(units))}
    )
    return {unit.id: unit for unit in _named(rows)}


def find_named(ctx: Context, name: str, kinds: Collection[UnitKind], limit: int = 20) -> list[FoundUnit]:
    """Those found by a text that are called exactly so, without regard to case."""
    wanted = name.strip().casefold()
    return [unit for unit in search_units(ctx, name, kinds, limit) if unit.name.casefold() == wanted]


def _spellings(text: str) -> list[str]:
    return sorted({text, text.lower(), text.upper(), text.capitalize(), text.title()})


def _beginning(ctx: Context, spellings: Sequence[str], values: Mapping[str, Any]) -> list[FoundUnit]:
    rows = ctx.db.rows(
        f"{_SELECTED} unnest(%(from)s::text[], %(to)s::text[]) as v(first, last)"
        f" cross join lateral (select * from @.identity_unit u where {_ACTIVE}"
        " and u.name >= v.first and u.name < v.last and starts_with(u.name, v.first)"
        f" order by u.name limit %(limit)s) u {_JOINED} order by u.name, u.id limit %(limit)s",
        {**values, "from": list(spellings), "to": [s + _LAST for s in spellings]},
    )
    return _named(rows)


def _containing(ctx: Context, text: str, values: Mapping[str, Any]) -> list[FoundUnit]:
    rows = ctx.db.rows(
        f"{_SELECTED} (select * from @.identity_unit u where {_ACTIVE}"
        f" and (u.name ilike %(any)s or %(far)s and u.name like %(title)s) limit %(limit)s) u {_JOINED}"
        " order by u.name, u.id",
        # the database may fold the letters of English alone
        {**values, "any": _within(text), "far": not text.isascii(), "title": _within(text.title())},
    )
    return _named(rows)


def _within(text: str) -> str:
    """A pattern of LIKE for "contains this text"."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"


def _named(rows: Sequence[Sequence[Any]]) -> list[FoundUnit]:
    return [FoundUnit(UnitId(r[0]), r[1], UnitKind(r[2]), r[3], r[4]) for r in rows]


def some_members(ctx: Context, units: Collection[UnitId], most: int = 3) -> dict[UnitId, tuple[str, ...]]:
    """Names of some active principals who have each unit in their own set now, a person being its own."""
    rows = ctx.db.rows(
        "select v.unit, coalesce(m.names, '{}') from unnest(%(units)s::uuid[]) as v(unit)"
        " cross join lateral (select array_agg(f.name) as names from ("
        f"(select u.name from @.identity_unit u where u.id = v.unit and {_PRINCIPAL}) union all"
        " (select u.name from @.identity_label_unit l"
        "  join @.identity_unit u on u.current_label_id = l.label_id"
        f"  where l.unit_id = v.unit and l.kind = 'o' and {_PRINCIPAL}) limit %(most)s) f) m",
        {"units": sorted(set(units)), "most": most},
    )
    return {UnitId(unit): tuple(names) for unit, names in rows}

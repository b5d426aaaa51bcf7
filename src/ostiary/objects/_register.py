"""All metadata as stored, with what readers do not see: packages, versions, what was dropped but is kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import ColumnId, ObjectId
from ostiary.kernel.ports import Db
from ostiary.kernel.recent import TENANTS_AT_HAND, Recent
from ostiary.objects._aliases import Former, aliased
from ostiary.objects._linked import links_of
from ostiary.objects._model import (
    SYSTEM_COLUMNS,
    Catalogue,
    Choice,
    Column,
    ColumnType,
    DataClass,
    Layout,
    Mask,
    Object,
    Retention,
    Workplace,
)
from ostiary.objects._rules import read_rules
from ostiary.objects._strict import Node

# One statement, hence one snapshot: objects, columns and workplaces always fit together. An object's mark
# names the very versions of the rows that describe it: where the mark is known, no column is read.
_READ = """
with head as materialized (
  select o.id as head_id, md5(concat(o.ctid, o.xmin, l.ctid, l.xmin,
    (select string_agg(concat(c.ctid, c.xmin), ',' order by c.id)
     from @.objects_column c where c.object_id = o.id))) as mark
  from @.objects_object o join @.objects_layout l on l.object_id = o.id)
select
  coalesce((select jsonb_agg(to_jsonb(o) || jsonb_build_object('layout', l.definition, 'mark', h.mark)
                             order by o.position, o.code)
            from @.objects_object o join @.objects_layout l on l.object_id = o.id
            join head h on h.head_id = o.id), '[]'),
  coalesce((select json_agg(to_json(c) order by c.position, c.code)
            from head h join @.objects_column c on c.object_id = h.head_id
            where h.mark <> all(%(known)s)), '[]'),
  coalesce((select jsonb_agg(to_jsonb(w) || jsonb_build_object('sections', s.list)
                             order by w.position, w.code)
            from @.objects_workplace w
            cross join lateral (
              select coalesce(jsonb_agg(jsonb_build_array(n.group_caption, o.code) order by n.position),
                              '[]') as list
              from @.objects_section n join @.objects_object o on o.id = n.object_id
              where n.workplace_id = w.id) s), '[]')
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """Something dropped that can still be restored. until: from then on it may be purged. by: who did it."""

    since: str
    until: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """One object as stored: its layout may name dropped columns. kept: of dropped columns, by code."""

    object: Object
    package: str
    position: int
    version: int
    dropped: Kept | None = None
    kept: Mapping[str, Kept] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """One workplace as stored: it may name objects that are dropped."""

    workplace: Workplace
    package: str
    position: int
    version: int


@dataclass(frozen=True, slots=True)
class Register:
    """Everything that is stored, by id and by code."""

    objects: Mapping[ObjectId, Held]
    places: Mapping[str, Place]

    def catalogue(self, epoch: int) -> Catalogue:
        """What readers see."""
        shown = {h.object.code: shown_object(h.object) for h in self.objects.values() if h.dropped is None}
        shown = {code: _with_reachable_details(o, shown) for code, o in shown.items()}
        former = {f.code: o.code for o in shown.values() for f in o.former}
        return Catalogue(
            epoch=epoch,
            objects=MappingProxyType(aliased(shown, former)),
            workplaces=tuple(_shown_place(p.workplace, shown) for p in self.places.values()),
            links=links_of(aliased(shown, former)),
        )


_at_hand: Recent[str, Mapping[str, Held]] = Recent(TENANTS_AT_HAND)  # by schema: mark -> object


def load_register(db: Db) -> Register:
    """Read all metadata in one statement; objects that are as they were are taken from memory."""
    known = _at_hand.get(db.schema) or {}
    objects, columns, places = db.row(_READ, {"known": list(known)}) or ([], [], [])
    by_object: dict[str, list[dict[str, Any]]] = {}
    for stored in columns:
        by_object.setdefault(stored["object_id"], []).append(stored)
    marked = {o["mark"]: known.get(o["mark"]) or _held(o, by_object.get(o["id"], [])) for o in objects}
    _at_hand.put(db.schema, marked)
    return Register({h.object.id: h for h in marked.values()}, {p["code"]: place_of(p) for p in places})


def list_stored(ctx: Context) -> list[Held]:
    """Every object as stored, dropped ones too, in order; for who manages the solution."""
    return list(load_register(ctx.db).objects.values())


def find_stored(ctx: Context, code: str) -> Held:
    """An object as stored, by its code. Raises NotFound."""
    found = next((h for h in list_stored(ctx) if h.object.code == code), None)
    if found is None:
        raise NotFound
    return found


def _held(stored: Mapping[str, Any], columns: Iterable[Mapping[str, Any]]) -> Held:
    there = {c["code"]: column_of(c) for c in columns if c.get("dropped_at") is None}
    dropped = {c["code"]: column_of(c) for c in columns if c.get("dropped_at") is not None}
    made = Object(
        id=ObjectId(UUID(stored["id"])),
        code=stored["code"],
        caption=stored["caption"],
        plural=stored["plural"],
        icon=stored["icon"],
        display=stored["display"],
        columns=there,
        layout=layout_of(stored["layout"]),
        is_lookup=stored["is_lookup"],
        has_owner=stored["has_owner"],
        dropped=dropped,
        **_settings(stored.get("settings", {})),
    )
    return Held(
        made,
        stored["package"],
        stored["position"],
        stored["version"],
        _kept(stored),
        {c["code"]: kept for c in columns if (kept := _kept(c)) is not None},
    )


def _kept(stored: Mapping[str, Any]) -> Kept | None:
    if stored.get("dropped_at") is None:  # a tenant of release 0 has no such column
        return None
    return Kept(_utc(stored["dropped_at"]), _utc(stored["purge_after"]), stored["dropped_by"])


def _utc(instant: str) -> str:
    """An instant as the product writes it, whatever time zone the session has: they are compared as text."""
    return datetime.fromisoformat(instant).astimezone(UTC).isoformat()


def _settings(stored: Mapping[str, Any]) -> dict[str, Any]:
    settings = dict(stored)
    if "spent" in settings:
        settings["spent"] = tuple(settings["spent"])
    if "rules" in settings:
        settings["rules"] = read_rules(Node("rules", settings["rules"]))
    if "former" in settings:
        settings["former"] = tuple(Former(**former) for former in settings["former"])
    return settings


def column_of(stored: Mapping[str, Any]) -> Column:
    """A column from its row; `settings` names the fields that differ from their defaults."""
    settings = _settings(stored["settings"])
    if "mask" in settings:
        settings["mask"] = Mask(settings["mask"])
    if "choices" in settings:
        settings["choices"] = tuple(Choice(**choice) for choice in settings["choices"])
    return Column(
        id=ColumnId(UUID(stored["id"])),
        code=stored["code"],
        caption=stored["caption"],
        type=ColumnType(stored["type"]),
        data_class=DataClass(stored["data_class"]),
        personal_data=stored["personal_data"],
        retention=Retention(stored["retention_months"], stored["retention_after"], stored["retention_then"]),
        tags=tuple(stored["tags"]),
        required=stored["required"],
        **settings,
    )


def layout_of(stored: Mapping[str, Any]) -> Layout:
    """A layout from its stored form."""
    return Layout(
        list_columns=tuple(stored["list_columns"]),
        default_sort=tuple(stored["default_sort"]),
        facts=tuple(stored["facts"]),
        groups=tuple((caption, tuple(columns)) for caption, columns in stored["groups"]),
        details=tuple((caption, code, column) for caption, code, column in stored["details"]),
        stage=stored["stage"],
    )


def place_of(stored: Mapping[str, Any]) -> Place:
    """A workplace from its row with `sections`: caption and code of each."""
    groups: dict[str, list[str]] = {}
    for caption, code in stored["sections"]:
        groups.setdefault(caption, []).append(code)
    workplace = Workplace(
        stored["code"], stored["caption"], tuple((g, tuple(codes)) for g, codes in groups.items())
    )
    return Place(workplace, stored["package"], stored["position"], stored.get("version", 1))


def shown_object(made: Object) -> Object:
    """The object as readers have it: no dropped column in its layout, columns found by former codes too."""
    columns = MappingProxyType(aliased(made.columns, made.aliases))
    layout = without_columns(made.layout, made.dropped) if made.dropped else made.layout
    return replace(made, columns=columns, layout=layout)


def without_former(held: Held, stamp: str) -> Held:
    """The object without the former codes, its own and those of columns, whose time was over at `stamp`."""

    def left(former: tuple[Former, ...]) -> tuple[Former, ...]:
        return tuple(f for f in former if f.until > stamp)

    made = held.object
    columns = {code: replace(x, former=left(x.former)) for code, x in made.columns.items()}
    return replace(held, object=replace(made, columns=columns, former=left(made.former)))


def _with_reachable_details(made: Object, shown: Mapping[str, Object]) -> Object:
    details = tuple(d for d in made.layout.details if d[1] in shown and d[2] in shown[d[1]].columns)
    if details == made.layout.details:
        return made
    return replace(made, layout=replace(made.layout, details=details))


def without_columns(layout: Layout, gone: Iterable[str]) -> Layout:
    """A layout that names none of these columns of its object."""
    gone = frozenset(gone)

    def left(codes: Iterable[str]) -> tuple[str, ...]:
        return tuple(code for code in codes if code.removeprefix("-") not in gone)

    return replace(
        layout,
        list_columns=left(layout.list_columns),
        default_sort=left(layout.default_sort),
        facts=left(layout.facts),
        groups=tuple((caption, kept) for caption, codes in layout.groups if (kept := left(codes))),
        stage=None if layout.stage in gone else layout.stage,
    )


def _shown_place(place: Workplace, shown: Mapping[str, Object]) -> Workplace:
    groups = ((caption, tuple(c for c in codes if c in shown)) for caption, codes in place.groups)
    return Workplace(place.code, place.caption, tuple((g, codes) for g, codes in groups if codes))


def known_codes(made: Object) -> frozenset[str]:
    """Codes that a layout of the object may name, dropped columns included."""
    return frozenset({*SYSTEM_COLUMNS, *made.columns, *made.dropped})

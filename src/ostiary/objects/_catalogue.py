"""The catalogue as values: one statement reads it, one process keeps it for the tenant's epoch."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from uuid import UUID

from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import ColumnId, ObjectId, TenantId
from ostiary.kernel.ports import Db
from ostiary.objects._model import (
    Catalogue,
    Choice,
    Column,
    ColumnType,
    DataClass,
    Layout,
    Object,
    Retention,
    Workplace,
)

# One statement, hence one snapshot: objects, columns and workplaces always fit together.
_READ = """
select
  coalesce((select jsonb_agg(to_jsonb(o) || jsonb_build_object('layout', l.definition)
                             order by o.position, o.code)
            from @.objects_object o join @.objects_layout l on l.object_id = o.id), '[]'),
  coalesce((select jsonb_agg(to_jsonb(c) order by c.position, c.code) from @.objects_column c), '[]'),
  coalesce((select jsonb_agg(jsonb_build_object('code', w.code, 'caption', w.caption, 'sections', s.list)
                             order by w.position, w.code)
            from @.objects_workplace w
            cross join lateral (
              select coalesce(jsonb_agg(jsonb_build_array(n.group_caption, o.code) order by n.position),
                              '[]') as list
              from @.objects_section n join @.objects_object o on o.id = n.object_id
              where n.workplace_id = w.id) s), '[]')
"""
_lock = threading.Lock()
_kept: dict[TenantId, tuple[int, Catalogue]] = {}  # tenant -> revision, catalogue
_MAX_KEPT = 2_000  # tenants; each some hundred kilobytes, so a process that serves more starts over


def get_catalogue(ctx: Context) -> Catalogue:
    """The tenant's metadata now, for whoever is not told the epoch. Kept while the epoch stands."""
    row = ctx.db.row("select epoch from @.identity_epoch")
    return catalogue_at(ctx, int(row[0]) if row else 0)


def catalogue_at(ctx: Context, epoch: int) -> Catalogue:
    """The tenant's metadata at an epoch read in this transaction: no statement when it is the kept one.

    A raised epoch with the same revision of metadata (a membership changed) costs one small statement.
    """
    kept = _kept.get(ctx.tenant_id)
    if kept is not None and kept[1].epoch == epoch:
        return kept[1]
    revision = read_revision(ctx.db)
    if kept is not None and kept[0] == revision:
        catalogue = replace(kept[1], epoch=epoch)
    else:
        catalogue = load_catalogue(ctx.db, epoch)
    with _lock:
        if len(_kept) >= _MAX_KEPT:
            _kept.clear()
        _kept[ctx.tenant_id] = (revision, catalogue)
    return catalogue


def forget(tenant: TenantId) -> None:
    """Read the metadata again at the next question, whatever the epoch."""
    with _lock:
        _kept.pop(tenant, None)


def find_object(ctx: Context, code: str) -> Object:
    """The object with this code. Raises NotFound."""
    found = get_catalogue(ctx).objects.get(code)
    if found is None:
        raise NotFound
    return found


def read_revision(db: Db) -> int:
    """How often the metadata changed."""
    row = db.row("select revision from @.objects_revision")
    return int(row[0]) if row else 0


def load_catalogue(db: Db, epoch: int) -> Catalogue:
    """Read all metadata, past the cache."""
    row = db.row(_READ)
    objects, columns, workplaces = row or ([], [], [])
    by_object: dict[str, dict[str, Column]] = {}
    for stored in columns:
        by_object.setdefault(stored["object_id"], {})[stored["code"]] = column_of(stored)
    return Catalogue(
        epoch=epoch,
        objects=MappingProxyType({o["code"]: _object_of(o, by_object.get(o["id"], {})) for o in objects}),
        workplaces=tuple(_workplace_of(w) for w in workplaces),
    )


def _object_of(stored: Mapping[str, Any], columns: dict[str, Column]) -> Object:
    return Object(
        id=ObjectId(UUID(stored["id"])),
        code=stored["code"],
        caption=stored["caption"],
        plural=stored["plural"],
        icon=stored["icon"],
        display=stored["display"],
        columns=MappingProxyType(columns),
        layout=layout_of(stored["layout"]),
        is_lookup=stored["is_lookup"],
        has_owner=stored["has_owner"],
    )


def column_of(stored: Mapping[str, Any]) -> Column:
    """A column from its row; `settings` names the fields that differ from their defaults."""
    settings = dict(stored["settings"])
    settings["choices"] = tuple(Choice(**choice) for choice in settings.get("choices", ()))
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


def _workplace_of(stored: Mapping[str, Any]) -> Workplace:
    groups: dict[str, list[str]] = {}
    for caption, code in stored["sections"]:
        groups.setdefault(caption, []).append(code)
    return Workplace(
        stored["code"], stored["caption"], tuple((g, tuple(codes)) for g, codes in groups.items())
    )

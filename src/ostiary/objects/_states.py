"""The catalogue as it was: a row after each change names the version of every object that was in it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import OstiaryError
from ostiary.kernel.ids import ColumnId, ObjectId
from ostiary.kernel.ports import Db
from ostiary.kernel.tables import has_table
from ostiary.objects._aliases import Former
from ostiary.objects._model import (
    SYSTEM_COLUMNS,
    Catalogue,
    Choice,
    Column,
    ColumnType,
    DataClass,
    Layout,
    Object,
    Retention,
)
from ostiary.objects._register import Held, Place, Register, layout_of, place_of, without_columns
from ostiary.objects._rules import read_rules
from ostiary.objects._strict import Node

_TABLE = "objects_state"

# The clock and not the start of the transaction: changes wait for each other, so those are in any order.
_KEEP = """
insert into @.objects_state (number, made_at, made_by, request_id, versions, workplaces)
select r.revision, clock_timestamp(), %(by)s, %(request)s,
  coalesce((select jsonb_object_agg(o.id, o.version) from @.objects_object o
    where o.dropped_at is null), '{}'),
  coalesce((select jsonb_agg(to_jsonb(w) || jsonb_build_object('sections', (
    select coalesce(jsonb_agg(jsonb_build_array(n.group_caption, n.object_id) order by n.position), '[]')
    from @.objects_section n where n.workplace_id = w.id)) order by w.position, w.code)
    from @.objects_workplace w), '[]')
from @.objects_revision r"""

_AS_OF = """
select number, versions, workplaces from @.objects_state where made_at <= %(instant)s
order by number desc limit 1"""

_DEFINITIONS = """
select v.definition from @.objects_version v
join jsonb_each_text(%(versions)s::jsonb) as s(id, number)
  on v.object_id = s.id::uuid and v.number = s.number::int
order by v.definition ->> 'code'"""


class NotKept(OstiaryError):
    """The catalogue of that instant is not known: it is older than the oldest that was kept."""

    code = "objects.not_kept"


def keep_state(ctx: Context) -> None:
    """Keep what the catalogue is now, in the transaction of the change that made it so."""
    if has_table(ctx.db, _TABLE):
        ctx.db.run(_KEEP, {"by": ctx.principal, "request": ctx.request_id})


def name_changes(db: Db, changes: Sequence[UUID]) -> None:
    """Say which changes led to the newest state."""
    if has_table(db, _TABLE):
        db.run(
            "update @.objects_state set changes = %(c)s::jsonb"
            " where number = (select revision from @.objects_revision)",
            {"c": json.dumps([str(change) for change in changes])},
        )


def catalogue_as_of(ctx: Context, instant: datetime) -> Catalogue:
    """All metadata as it was at an instant; needs CanManageSolution. `epoch` is the number of the state.

    Objects that were purged since are missing: their definitions are gone with them.
    Raises: AccessDenied. NotKept: before the first change that was kept.
    """
    access.ensure_operation(ctx, access.Operation.MANAGE_SOLUTION)
    row = ctx.db.row(_AS_OF, {"instant": instant}) if has_table(ctx.db, _TABLE) else None
    if row is None:
        raise NotKept("The catalogue of that time was not kept")
    number, versions, workplaces = row
    rows = ctx.db.rows(_DEFINITIONS, {"versions": json.dumps(versions)})
    made = [_object_of(definition) for (definition,) in rows]
    held = {o.id: Held(o, "", 0, int(versions[str(o.id)])) for o in made}
    places = [_place_of(stored, held) for stored in workplaces]
    return Register(held, {p.workplace.code: p for p in places}).catalogue(int(number))


def _place_of(stored: Mapping[str, Any], held: Mapping[ObjectId, Held]) -> Place:
    known = {str(id_): each.object.code for id_, each in held.items()}
    sections = [(caption, known[id_]) for caption, id_ in stored["sections"] if id_ in known]
    return place_of({**stored, "sections": sections})


_READ_APART = frozenset({"id", "columns", "layout", "former", "dropped", "spent", "rules"})


def _object_of(stored: Mapping[str, Any]) -> Object:
    plain = {name: value for name, value in stored.items() if name not in _READ_APART}
    columns = [_column_of(column) for column in stored["columns"]]
    layout = layout_of(stored["layout"])
    there = {*SYSTEM_COLUMNS, *(c.code for c in columns)}
    return Object(
        id=ObjectId(UUID(stored["id"])),
        columns=MappingProxyType({c.code: c for c in columns}),
        layout=without_columns(layout, _named(layout) - there),  # dropped columns keep their place in it
        former=_former(stored),
        spent=tuple(stored.get("spent", ())),
        rules=read_rules(Node("rules", stored.get("rules") or {})),
        **plain,
    )


def _named(layout: Layout) -> set[str]:
    """Codes of the object's own columns that a layout names."""
    sorts = (code.removeprefix("-") for code in layout.default_sort)
    grouped = (code for _, codes in layout.groups for code in codes)
    stage = () if layout.stage is None else (layout.stage,)
    return {*layout.list_columns, *sorts, *layout.facts, *grouped, *stage}


_TYPED = ("id", "type", "data_class", "retention", "tags", "choices", "former")


def _column_of(stored: Mapping[str, Any]) -> Column:
    return Column(
        id=ColumnId(UUID(stored["id"])),
        type=ColumnType(stored["type"]),
        data_class=DataClass(stored["data_class"]),
        retention=Retention(**stored["retention"]),
        tags=tuple(stored["tags"]),
        choices=tuple(Choice(**choice) for choice in stored["choices"]),
        former=_former(stored),
        **{k: v for k, v in stored.items() if k not in _TYPED},
    )


def _former(stored: Mapping[str, Any]) -> tuple[Former, ...]:
    return tuple(Former(**former) for former in stored.get("former", ()))

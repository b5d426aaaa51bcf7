"""The catalogue's rows: how values are written. Only ever run in a transaction of the owner."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any
from uuid import UUID

from ostiary.kernel.context import Context
from ostiary.kernel.ids import ColumnId, new_id
from ostiary.kernel.ports import Db
from ostiary.objects._model import FOREVER, UNASSIGNED, Column, ColumnType, DataClass, Object
from ostiary.objects._package import Package

_PLAIN = Column(ColumnId(UNASSIGNED), "plain", "", ColumnType.TEXT, DataClass.PUBLIC, "none", FOREVER)
_OWN_FIELDS = {
    "id",
    "code",
    "caption",
    "type",
    "data_class",
    "personal_data",
    "retention",
    "tags",
    "required",
}


def lock(db: Db) -> None:
    """Wait for the one row that every change of metadata takes."""
    db.run("insert into @.objects_revision (one) values (true) on conflict do nothing")
    db.run("select revision from @.objects_revision for update")


def raise_revision(db: Db) -> None:
    """Metadata changed: kept catalogues are read again."""
    db.run("update @.objects_revision set revision = revision + 1")


def packages(db: Db) -> Mapping[str, str]:
    """Code of the package of each installed object."""
    return dict(db.rows("select code, package from @.objects_object"))


def write_default(db: Db, column: ColumnId, value: str) -> None:
    """Set the default of a column."""
    db.run(
        "update @.objects_column set settings = settings || jsonb_build_object('default', %(value)s::text) "
        "where id = %(id)s",
        {"id": column, "value": value},
    )


def write_objects(ctx: Context, package: Package, objects: Sequence[Object]) -> None:
    """Insert or replace objects, their columns and layouts; append a version of each."""
    db, order = ctx.db, {code: i for i, code in enumerate(package.objects)}
    _populate(
        db,
        "objects_object",
        [
            {
                **{f: getattr(o, f) for f in ("id", "code", "caption", "plural", "icon", "display")},
                "is_lookup": o.is_lookup,
                "has_owner": o.has_owner,
                "package": package.code,
                "position": order[o.code],
                "version": 1,
            }
            for o in objects
        ],
        "(id) do update set caption = excluded.caption, plural = excluded.plural, icon = excluded.icon, "
        "position = excluded.position, version = objects_object.version + 1",
    )
    _populate(
        db,
        "objects_column",
        [_column_row(o, c, i) for o in objects for i, c in enumerate(o.columns.values())],
        "(id) do update set (caption, data_class, personal_data, retention_months, retention_after, "
        "retention_then, tags, required, settings, position) = (excluded.caption, excluded.data_class, "
        "excluded.personal_data, excluded.retention_months, excluded.retention_after, "
        "excluded.retention_then, excluded.tags, excluded.required, excluded.settings, excluded.position)",
    )
    _populate(
        db,
        "objects_layout",
        [{"object_id": o.id, "definition": asdict(o.layout)} for o in objects],
        "(object_id) do update set definition = excluded.definition",
    )
    for o in objects:
        db.run(
            """
            insert into @.objects_version
              (id, object_id, number, definition, package, package_version, created_by)
            select %(id)s, o.id, o.version, %(definition)s::jsonb, %(package)s, %(version)s, %(by)s
            from @.objects_object o where o.id = %(object)s
            """,
            {
                "id": new_id(),
                "object": o.id,
                "definition": _json(_definition(o)),
                "package": package.code,
                "version": package.version,
                "by": ctx.principal,
            },
        )


def write_workplaces(db: Db, package: Package) -> None:
    """Replace the workplaces of a package."""
    db.run(
        "delete from @.objects_section where workplace_id in "
        "(select id from @.objects_workplace where package = %(package)s)",
        {"package": package.code},
    )
    db.run("delete from @.objects_workplace where package = %(package)s", {"package": package.code})
    ids = {code: id_ for id_, code in db.rows("select id, code from @.objects_object")}
    for position, workplace in enumerate(package.workplaces):
        place = new_id()
        db.run(
            "insert into @.objects_workplace (id, code, caption, package, position) "
            "values (%(id)s, %(code)s, %(caption)s, %(package)s, %(position)s)",
            {
                "id": place,
                "code": workplace.code,
                "caption": workplace.caption,
                "package": package.code,
                "position": position,
            },
        )
        listed = [(group, code) for group, codes in workplace.groups for code in codes]
        _populate(
            db,
            "objects_section",
            [
                {
                    "id": new_id(),
                    "workplace_id": place,
                    "object_id": ids[code],
                    "group_caption": group,
                    "position": i,
                }
                for i, (group, code) in enumerate(listed)
            ],
        )


def _column_row(made: Object, column: Column, position: int) -> dict[str, object]:
    return {
        "id": column.id,
        "object_id": made.id,
        "code": column.code,
        "caption": column.caption,
        "type": column.type,
        "data_class": int(column.data_class),
        "personal_data": column.personal_data,
        "retention_months": column.retention.months,
        "retention_after": column.retention.after,
        "retention_then": column.retention.then,
        "tags": column.tags,
        "required": column.required,
        "settings": settings_of(column),
        "position": position,
    }


def settings_of(column: Column) -> dict[str, Any]:
    """What a column states beyond its own row's fields: only values that differ from the plain column's."""
    stated = {}
    for f in fields(Column):
        value = getattr(column, f.name)
        if f.name not in _OWN_FIELDS and value != getattr(_PLAIN, f.name):
            stated[f.name] = [asdict(choice) for choice in value] if f.name == "choices" else value
    return stated


def _definition(made: Object) -> dict[str, object]:
    return {**asdict(made), "columns": [asdict(c) for c in made.columns.values()]}


def _populate(db: Db, table: str, rows: list[dict[str, object]], conflict: str = "") -> None:
    """Insert rows given by column name, in one statement. `table` and `conflict` are constants from here."""
    if rows:
        db.run(
            f"insert into @.{table}"
            f" select * from jsonb_populate_recordset(null::@.{table}, %(rows)s::jsonb)"
            + (f" on conflict {conflict}" if conflict else ""),
            {"rows": _json(rows)},
        )


def _json(value: object) -> str:
    def plain(other: object) -> str:
        if isinstance(other, UUID):
            return str(other)
        raise TypeError(f"no JSON form of {type(other).__name__}")

    return json.dumps(value, default=plain)

"""The catalogue's rows: how values are written. Only ever run in a transaction of the owner."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any
from uuid import UUID

from ostiary.kernel.context import Context
from ostiary.kernel.ids import ColumnId, ObjectId, new_id
from ostiary.kernel.ports import Db
from ostiary.objects._model import FOREVER, UNASSIGNED, Column, ColumnType, DataClass, Object
from ostiary.objects._register import Held, Kept, Place
from ostiary.objects._rules import rules_document

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


def write_objects(
    ctx: Context, written: Sequence[Held], *, summary: str = "", package_version: str = ""
) -> None:
    """Insert or replace objects, their columns and layouts; append a version of each."""
    db, ids = ctx.db, [h.object.id for h in written]
    # codes may change places among the rows of one statement
    db.run("update @.objects_object set code = id::text where id = any(%(ids)s)", {"ids": ids})
    db.run("update @.objects_column set code = id::text where object_id = any(%(ids)s)", {"ids": ids})
    _populate(
        db,
        "objects_object",
        [_object_row(h) for h in written],
        "(id) do update set (code, caption, plural, icon, display, position, settings, dropped_at, "
        "dropped_by, purge_after, version) = (excluded.code, excluded.caption, excluded.plural, "
        "excluded.icon, excluded.display, excluded.position, excluded.settings, excluded.dropped_at, "
        "excluded.dropped_by, excluded.purge_after, objects_object.version + 1)",
    )
    _populate(
        db,
        "objects_column",
        [row for h in written for row in _column_rows(h)],
        "(id) do update set (code, caption, data_class, personal_data, retention_months, retention_after, "
        "retention_then, tags, required, settings, position, dropped_at, dropped_by, purge_after) = ("
        "excluded.code, excluded.caption, excluded.data_class, excluded.personal_data, "
        "excluded.retention_months, excluded.retention_after, excluded.retention_then, excluded.tags, "
        "excluded.required, excluded.settings, excluded.position, excluded.dropped_at, excluded.dropped_by, "
        "excluded.purge_after)",
    )
    _populate(
        db,
        "objects_layout",
        [{"object_id": h.object.id, "definition": asdict(h.object.layout)} for h in written],
        "(object_id) do update set definition = excluded.definition",
    )
    _append_versions(ctx, written, summary, package_version)


def _append_versions(ctx: Context, written: Sequence[Held], summary: str, package_version: str) -> None:
    for h in written:
        ctx.db.run(
            """
            insert into @.objects_version
              (id, object_id, number, definition, package, package_version, created_by, summary)
            select %(id)s, o.id, o.version, %(definition)s::jsonb, %(package)s, %(version)s, %(by)s, %(what)s
            from @.objects_object o where o.id = %(object)s
            """,
            {
                "id": new_id(),
                "object": h.object.id,
                "definition": _json(_definition(h.object)),
                "package": h.package,
                "version": package_version,
                "by": ctx.principal,
                "what": summary,
            },
        )


def forget_columns(db: Db, columns: Sequence[ColumnId]) -> None:
    """Take the rows of purged columns away."""
    db.run("delete from @.objects_column where id = any(%(c)s)", {"c": list(columns)})


def forget_object(db: Db, object_id: ObjectId) -> None:
    """Take a purged object away with its columns, layout, sections and versions."""
    for table in ("column", "layout", "section", "version"):
        db.run(f"delete from @.objects_{table} where object_id = %(o)s", {"o": object_id})
    db.run("delete from @.objects_object where id = %(o)s", {"o": object_id})


def write_places(db: Db, places: Sequence[Place], gone: Sequence[str] = ()) -> None:
    """Insert or replace workplaces with their sections; take those of codes in `gone` away."""
    ids = {code: id_ for id_, code in db.rows("select id, code from @.objects_object")}
    for code in (*gone, *(p.workplace.code for p in places)):
        db.run(
            "delete from @.objects_section where workplace_id in "
            "(select id from @.objects_workplace where code = %(code)s)",
            {"code": code},
        )
    for code in gone:
        db.run("delete from @.objects_workplace where code = %(code)s", {"code": code})
    for p in places:
        row = db.row(
            "insert into @.objects_workplace (id, code, caption, package, position) "
            "values (%(id)s, %(code)s, %(caption)s, %(package)s, %(position)s) on conflict (code) do update "
            "set caption = excluded.caption, position = excluded.position, "
            "version = objects_workplace.version + 1 returning id",
            {
                "id": new_id(),
                "code": p.workplace.code,
                "caption": p.workplace.caption,
                "package": p.package,
                "position": p.position,
            },
        )
        listed = [(group, code) for group, codes in p.workplace.groups for code in codes]
        _populate(
            db,
            "objects_section",
            [
                {
                    "id": new_id(),
                    "workplace_id": row[0] if row else None,
                    "object_id": ids[code],
                    "group_caption": group,
                    "position": i,
                }
                for i, (group, code) in enumerate(listed)
            ],
        )


def _object_row(held: Held) -> dict[str, object]:
    made = held.object
    settings: dict[str, object] = {}
    if made.description:
        settings["description"] = made.description
    if made.born_as:
        settings["born_as"] = made.born_as
    if made.spent:
        settings["spent"] = list(made.spent)
    if made.master:
        settings["master"] = made.master
    for flag in ("content", "log"):
        if getattr(made, flag):
            settings[flag] = True
    if not made.rules.none:
        settings["rules"] = rules_document(made.rules)
    if made.former:
        settings["former"] = [asdict(f) for f in made.former]
    return {
        **{f: getattr(made, f) for f in ("id", "code", "caption", "plural", "icon", "display")},
        "is_lookup": made.is_lookup,
        "has_owner": made.has_owner,
        "package": held.package,
        "position": held.position,
        "version": 1,
        "settings": settings,
        **_kept_row(held.dropped),
    }


def _kept_row(kept: Kept | None) -> dict[str, object]:
    return {
        "dropped_at": kept and kept.since,
        "dropped_by": kept and kept.by,
        "purge_after": kept and kept.until,
    }


def _column_rows(held: Held) -> Iterator[dict[str, object]]:
    made = held.object
    for position, column in enumerate((*made.columns.values(), *made.dropped.values())):
        yield {**_column_row(made, column, position), **_kept_row(held.kept.get(column.code))}


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
            parts = f.name in ("choices", "former")
            stated[f.name] = [asdict(part) for part in value] if parts else value
    return stated


def _definition(made: Object) -> dict[str, object]:
    plain = replace(made, columns={}, dropped={})
    columns = [asdict(c) for c in made.columns.values()]
    return {**asdict(plain), "columns": columns, "rules": rules_document(made.rules)}


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

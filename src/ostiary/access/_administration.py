"""Changes of rights and, offered upward, of people and roles. Each checks its operation, leaves an event."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from ostiary.access._policy import Policy, load_policy
from ostiary.access._rights import current_rights, rights_of
from ostiary.access.core import ColumnLevel, Operation, Verb
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, FieldError, Invalid
from ostiary.kernel.ids import ColumnId, ObjectId, UnitId, new_id
from ostiary.kernel.messages import worded
from ostiary.kernel.tables import has_table
from ostiary.settings import public as settings


def may_operate(ctx: Context, operation: Operation) -> bool:
    """Layer 1, now."""
    return current_rights(ctx).operation(operation).allowed


def ensure_operation(ctx: Context, operation: Operation) -> None:
    """Raises AccessDenied(layer="operation"), recorded, when the principal may not execute it."""
    if may_operate(ctx, operation):
        return
    audit.append_aside(
        ctx,
        "access.operation.denied",
        outcome="denied",
        parts=[audit.Part("decision", {"operation": operation.value})],
    )
    raise AccessDenied(
        worded("You may not do this: it needs the operation %(operation)s", operation=operation.value),
        layer="operation",
        operation=operation.value,
    )


def changed(ctx: Context, what: str, about: UUID | None, data: Mapping[str, Any]) -> None:
    """Void what is kept, and leave the event of a change of rights."""
    identity.bump_epoch(ctx)
    audit.append(
        ctx,
        f"access.{what}.changed",
        object_type=what if about is not None else None,
        object_ref=about,
        parts=[audit.Part("rights", dict(data))],
    )


def _distinct(field: str, units: Sequence[UnitId]) -> None:
    if len(set(units)) != len(units):
        raise Invalid([FieldError(field, "twice", "A unit stands at one position only")])


def set_operation_rows(ctx: Context, operation: Operation, rows: Sequence[tuple[UnitId, bool]]) -> None:
    """Replace the rows of a system operation, topmost first."""
    ensure_operation(ctx, Operation.CHANGE_OPERATIONS)
    store_operation_rows(ctx, operation, rows)


def store_operation_rows(ctx: Context, operation: Operation, rows: Sequence[tuple[UnitId, bool]]) -> None:
    """The same without a check: a tenant's first rows, before anybody could hold an operation."""
    _distinct("rows", [unit for unit, _ in rows])
    ctx.db.run("delete from @.access_operation_row where operation = %(o)s", {"o": operation.value})
    ctx.db.run(
        "insert into @.access_operation_row (id, operation, unit_id, allowed, position)"
        " select i, %(o)s, u, a, n from unnest(%(ids)s::uuid[], %(units)s::uuid[], %(allowed)s::bool[])"
        " with ordinality as r(i, u, a, n)",
        {
            "o": operation.value,
            "ids": [new_id() for _ in rows],
            "units": [u for u, _ in rows],
            "allowed": [a for _, a in rows],
        },
    )
    changed(
        ctx,
        "operation",
        None,
        {"operation": operation.value, "rows": [[str(u), "yes" if a else "no"] for u, a in rows]},
    )


def set_object_rows(
    ctx: Context, object_id: ObjectId, rows: Sequence[tuple[UnitId, frozenset[Verb] | set[Verb]]]
) -> None:
    """Replace the layer-2 rows of an object, topmost first."""
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    _distinct("rows", [unit for unit, _ in rows])
    ctx.db.run("delete from @.access_object_row where object_id = %(o)s", {"o": object_id})
    ctx.db.run(
        "insert into @.access_object_row (id, object_id, unit_id, verbs, position)"
        " select i, %(o)s, u, v, n from unnest(%(ids)s::uuid[], %(units)s::uuid[], %(verbs)s::text[])"
        " with ordinality as r(i, u, v, n)",
        {
            "o": object_id,
            "ids": [new_id() for _ in rows],
            "units": [u for u, _ in rows],
            "verbs": ["".join(sorted(verb.letter for verb in verbs)) for _, verbs in rows],
        },
    )
    changed(ctx, "object", object_id, {"rows": [[str(u), sorted(verbs)] for u, verbs in rows]})


def list_object_rows(ctx: Context, object_id: ObjectId) -> list[tuple[UnitId, frozenset[Verb]]]:
    """The layer-2 rows of an object as they are stored, topmost first."""
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    letters = {verb.letter: verb for verb in Verb}
    rows = ctx.db.rows(
        "select unit_id, verbs from @.access_object_row where object_id = %(o)s order by position",
        {"o": object_id},
    )
    return [(unit, frozenset(letters[letter] for letter in verbs)) for unit, verbs in rows]


def list_column_rows(
    ctx: Context, object_id: ObjectId
) -> Mapping[ColumnId, list[tuple[UnitId, ColumnLevel]]]:
    """The layer-4 rows of an object's columns as they are stored, topmost first."""
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    found: dict[ColumnId, list[tuple[UnitId, ColumnLevel]]] = {}
    for column, unit, level in ctx.db.rows(
        "select column_id, unit_id, level from @.access_column_row where object_id = %(o)s order by position",
        {"o": object_id},
    ):
        found.setdefault(column, []).append((unit, ColumnLevel(level)))
    return found


def set_column_rows(
    ctx: Context, object_id: ObjectId, column_id: ColumnId, rows: Sequence[tuple[UnitId, ColumnLevel]]
) -> None:
    """Replace the layer-4 rows of a column, topmost first. An empty list leaves it as open as the object."""
    set_columns_rows(ctx, object_id, {column_id: rows})


def set_columns_rows(
    ctx: Context, object_id: ObjectId, columns: Mapping[ColumnId, Sequence[tuple[UnitId, ColumnLevel]]]
) -> None:
    """`set_column_rows` for several columns of one object, as one change and one event."""
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    for rows in columns.values():
        _distinct("rows", [unit for unit, _ in rows])
    # every column has rows from its birth, so one that belongs elsewhere shows by them
    foreign = ctx.db.row(
        "select 1 from @.access_column_row where column_id = any(%(c)s) and object_id <> %(o)s",
        {"c": list(columns), "o": object_id},
    )
    if foreign:
        raise Invalid([FieldError("columns", "other_object", "A column of another object is among them")])
    flat = [(c, u, level, n) for c, rows in columns.items() for n, (u, level) in enumerate(rows, 1)]
    ctx.db.run("delete from @.access_column_row where column_id = any(%(c)s)", {"c": list(columns)})
    ctx.db.run(
        "insert into @.access_column_row (id, object_id, column_id, unit_id, level, position)"
        " select i, %(o)s, c, u, l, n from"
        " unnest(%(ids)s::uuid[], %(cols)s::uuid[], %(units)s::uuid[], %(levels)s::int[], %(pos)s::int[])"
        " as r(i, c, u, l, n)",
        {
            "o": object_id,
            "ids": [new_id() for _ in flat],
            "cols": [c for c, _, _, _ in flat],
            "units": [u for _, u, _, _ in flat],
            "levels": [int(level) for _, _, level, _ in flat],
            "pos": [n for _, _, _, n in flat],
        },
    )
    data = {str(c): [[str(u), level.name] for u, level in rows] for c, rows in columns.items()}
    changed(ctx, "column", object_id, {"columns": data})


def view_policy(ctx: Context) -> Policy:
    """Every row and rule of the tenant as stored; needs CanManageAdministration, and is recorded."""
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    append = audit.append_aside if ctx.tentative else audit.append
    append(ctx, "access.policy.viewed", outcome="success")
    return load_policy(ctx, identity.current_epoch(ctx))


def forget_rights(ctx: Context, object_id: ObjectId, columns: Sequence[ColumnId] | None = None) -> None:
    """Take away what is stored about an object, or columns of it, that is gone for good.

    Unchecked: it belongs to a change of metadata that was, and nothing that exists is opened or closed by it.
    """
    if columns is not None:
        ctx.db.run("delete from @.access_column_row where column_id = any(%(c)s)", {"c": list(columns)})
        return
    tables = ["object_row", "column_row", "switches", "default_rule", "share"]
    if has_table(ctx.db, "access_deny"):
        tables += ["scope_rule", "deny_rule", "deny", "carried_right"]
    for table in tables:
        ctx.db.run(f"delete from @.access_{table} where object_id = %(o)s", {"o": object_id})


def get_setting(ctx: Context, code: str) -> settings.Value:
    """A setting without a query, as of the epoch of the principal's rights. Raises NotFound."""
    return settings.get_at(ctx, rights_of(ctx).epoch, code)


def list_settings(ctx: Context) -> list[settings.Kept]:
    """Every setting of the tenant with its value; needs CanManageSysSettings, and is recorded."""
    ensure_operation(ctx, Operation.MANAGE_SYSTEM_SETTINGS)
    audit.append(ctx, "settings.value.listed")
    return settings.list_kept(ctx)


def view_setting(ctx: Context, code: str) -> tuple[settings.Kept, list[audit.EventView]]:
    """A setting and its last changes, newest first; needs CanManageSysSettings, and is recorded."""
    ensure_operation(ctx, Operation.MANAGE_SYSTEM_SETTINGS)
    kept = settings.get_kept(ctx, code)
    audit.append(ctx, "settings.value.viewed", parts=[audit.Part("setting", {"code": code})])
    changes = [] if kept.id is None else audit.list_events(ctx, settings.OBJECT_TYPE, kept.id, limit=10)
    return kept, changes


def set_setting(ctx: Context, code: str, value: settings.Value) -> bool:
    """Decide a system setting of the tenant, None for its default; needs the operation that it declares.

    False: it was so already. Raises: NotFound: no such setting. AccessDenied. Invalid: names the code.
    """
    ensure_operation(ctx, Operation(settings.get_setting(code).operation))
    if not settings.store(ctx, code, value):
        return False
    identity.bump_epoch(ctx)  # whatever was read at an epoch before may rest on the old value
    return True

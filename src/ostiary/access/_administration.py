"""Changes of rights and, offered upward, of people and roles. Each checks its operation, leaves an event."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ostiary.access._rights import current_rights, rights_of
from ostiary.access.core import ColumnLevel, Grant, Operation, Verb
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, FieldError, Invalid
from ostiary.kernel.ids import ColumnId, ObjectId, RecordId, UnitId, new_id
from ostiary.settings import public as settings

LEG_LETTERS = {
    "author": "a",
    "author_managers": "A",
    "owner": "o",
    "owner_managers": "O",
    "rules": "r",
    "shares": "s",
}


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
        f"You may not do this: it needs the operation {operation.value}",
        layer="operation",
        operation=operation.value,
    )


def _changed(ctx: Context, what: str, about: UUID | None, data: Mapping[str, Any]) -> None:
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
    _changed(
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
    _changed(ctx, "object", object_id, {"rows": [[str(u), sorted(verbs)] for u, verbs in rows]})


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
    _changed(ctx, "column", object_id, {"columns": data})


def set_switches(  # noqa: PLR0913  one switch for each leg
    ctx: Context,
    object_id: ObjectId,
    *,
    records: bool,
    author: bool = True,
    author_managers: bool = True,
    owner: bool = True,
    owner_managers: bool = True,
    rules: bool = True,
    shares: bool = True,
) -> None:
    """Turn layer 3 of an object, or single legs of it, on and off."""
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    wanted = {
        "author": author,
        "author_managers": author_managers,
        "owner": owner,
        "owner_managers": owner_managers,
        "rules": rules,
        "shares": shares,
    }
    legs = "".join(LEG_LETTERS[name] for name, on in wanted.items() if on)
    ctx.db.run(
        "insert into @.access_switches (object_id, records, legs) values (%(o)s, %(r)s, %(l)s)"
        " on conflict (object_id) do update set records = excluded.records, legs = excluded.legs",
        {"o": object_id, "r": records, "l": legs},
    )
    _changed(
        ctx, "switches", object_id, {"records": records, "legs": sorted(n for n, on in wanted.items() if on)}
    )


def add_default_rule(
    ctx: Context,
    object_id: ObjectId,
    author: UnitId,
    grantee: UnitId,
    *,
    read: Grant = Grant.NONE,
    update: Grant = Grant.NONE,
    delete: Grant = Grant.NONE,
) -> None:
    """Leg 5: give `grantee` the records whose author had `author` in the own set.

    Replaces what the pair had.
    """
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    ctx.db.run(
        "insert into @.access_default_rule (id, object_id, author_id, grantee_id, read, update, delete)"
        " values (%(id)s, %(o)s, %(a)s, %(g)s, %(r)s, %(u)s, %(d)s)"
        " on conflict (object_id, author_id, grantee_id) do update"
        " set read = excluded.read, update = excluded.update, delete = excluded.delete",
        {
            "id": new_id(),
            "o": object_id,
            "a": author,
            "g": grantee,
            "r": int(read),
            "u": int(update),
            "d": int(delete),
        },
    )
    _changed(
        ctx,
        "rule",
        object_id,
        {
            "author": str(author),
            "grantee": str(grantee),
            "grants": [read.name, update.name, delete.name],
        },
    )


def store_share(  # noqa: PLR0913  what a share is made of
    ctx: Context,
    object_id: ObjectId,
    record_id: RecordId,
    unit: UnitId,
    verb: Verb,
    grant: Grant = Grant.GRANTED,
    *,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
) -> None:
    """Leg 7: one record, one unit, one verb. `records.share_record` checks that the sharer may give it."""
    if verb is Verb.CREATE or grant is Grant.NONE:
        raise Invalid([FieldError("verb", "not_shareable", "Read, update and delete can be shared")])
    ctx.db.run(
        "insert into @.access_share (id, object_id, record_id, unit_id, verb, level, valid_from, valid_to)"
        " values (%(id)s, %(o)s, %(r)s, %(u)s, %(v)s, %(l)s, %(from)s, %(to)s)"
        " on conflict (record_id, verb, unit_id) do update set level = excluded.level,"
        " valid_from = excluded.valid_from, valid_to = excluded.valid_to",
        {
            "id": new_id(),
            "o": object_id,
            "r": record_id,
            "u": unit,
            "v": verb.letter,
            "l": int(grant),
            "from": valid_from,
            "to": valid_to,
        },
    )
    audit.append(
        ctx,
        "access.record.shared",
        object_type="record",
        object_ref=record_id,
        parts=[audit.Part("rights", {"unit": str(unit), "verb": verb.value, "grant": grant.name})],
    )


def remove_shares(ctx: Context, record_id: RecordId) -> None:
    """Forget the shares of a record that is gone."""
    ctx.db.run("delete from @.access_share where record_id = %(r)s", {"r": record_id})


def forget_rights(ctx: Context, object_id: ObjectId, columns: Sequence[ColumnId] | None = None) -> None:
    """Take away what is stored about an object, or columns of it, that is gone for good.

    Unchecked: it belongs to a change of metadata that was, and nothing that exists is opened or closed by it.
    """
    if columns is not None:
        ctx.db.run("delete from @.access_column_row where column_id = any(%(c)s)", {"c": list(columns)})
        return
    for table in ("object_row", "column_row", "switches", "default_rule", "share"):
        ctx.db.run(f"delete from @.access_{table} where object_id = %(o)s", {"o": object_id})


def _identity_event(ctx: Context, event: str, unit: UnitId, data: Mapping[str, Any]) -> None:
    audit.append(
        ctx,
        event,
        object_type="unit",
        object_ref=unit,
        parts=[audit.Part("unit", dict(data), data_subject=unit)],
    )


def create_person(
    ctx: Context, *, login: str, name: str, email: str, language: str = "en", time_zone: str | None = None
) -> UnitId:
    """See `identity.create_person`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    unit = identity.create_person(
        ctx, login=login, name=name, email=email, language=language, time_zone=time_zone
    )
    _identity_event(ctx, "identity.person.created", unit, {"login": login, "name": name, "email": email})
    return unit


def create_service_account(ctx: Context, *, login: str, name: str) -> UnitId:
    """See `identity.create_service_account`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    unit = identity.create_service_account(ctx, login=login, name=name)
    _identity_event(ctx, "identity.service_account.created", unit, {"login": login, "name": name})
    return unit


def create_role(
    ctx: Context,
    kind: identity.UnitKind,
    name: str,
    *,
    code: str | None = None,
    parent: UnitId | None = None,
    manages: UnitId | None = None,
    not_inherited: bool = False,
) -> UnitId:
    """See `identity.create_role`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    unit = identity.create_role(
        ctx, kind, name, code=code, parent=parent, manages=manages, not_inherited=not_inherited
    )
    _identity_event(ctx, "identity.role.created", unit, {"kind": kind.value, "name": name})
    return unit


def move_role(ctx: Context, role: UnitId, parent: UnitId | None) -> None:
    """See `identity.move_role`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    identity.move_role(ctx, role, parent)
    _identity_event(ctx, "identity.role.moved", role, {"parent": str(parent)})


def add_members(ctx: Context, pairs: Sequence[tuple[UnitId, UnitId]]) -> None:
    """See `identity.add_members`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    identity.add_members(ctx, pairs)
    for principal, role in pairs:
        _identity_event(ctx, "identity.membership.added", principal, {"role": str(role)})


def add_member(ctx: Context, principal: UnitId, role: UnitId) -> None:
    """See `identity.add_members`; needs CanManageUsers."""
    add_members(ctx, [(principal, role)])


def remove_member(ctx: Context, principal: UnitId, role: UnitId) -> None:
    """See `identity.remove_member`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    identity.remove_member(ctx, principal, role)
    _identity_event(ctx, "identity.membership.removed", principal, {"role": str(role)})


def link(ctx: Context, org: UnitId, func: UnitId) -> None:
    """See `identity.link`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    identity.link(ctx, org, func)
    _identity_event(ctx, "identity.link.added", org, {"functional": str(func)})


def set_active(ctx: Context, principal: UnitId, *, active: bool) -> None:
    """See `identity.set_active`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    identity.set_active(ctx, principal, active=active)
    _identity_event(
        ctx, "identity.principal.activated" if active else "identity.principal.deactivated", principal, {}
    )


def set_password(ctx: Context, person: UnitId, password: str) -> None:
    """See `identity.set_password`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    identity.set_password(ctx, person, password)
    _identity_event(ctx, "identity.password.set", person, {})


def create_api_key(ctx: Context, principal: UnitId, name: str, *, expires_at: datetime | None = None) -> str:
    """See `identity.create_api_key`; a person may make own keys, others' need CanManageApiClients."""
    if principal != ctx.actor:
        ensure_operation(ctx, Operation.MANAGE_API_CLIENTS)
    key = identity.create_api_key(ctx, principal, name, expires_at)
    _identity_event(ctx, "identity.api_key.created", principal, {"name": name})
    return key


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

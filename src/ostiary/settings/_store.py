"""Settings of a tenant, read and stored. Who may change one is decided above, in `access`."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from ostiary.audit import public as audit
from ostiary.crypto import public as crypto
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId, new_id
from ostiary.settings._declare import Kind, Setting, Value, get_setting, list_settings
from ostiary.settings._values import ensure_acceptable, loaded, shown, stored

OBJECT_TYPE = "setting"
_MOST = 1_000  # tenants whose settings a process keeps

_ONE = "select value from @.settings_value where code = %(code)s"
_ALL = "select code, id, value, changed_by, changed_at from @.settings_value"
_STORE = """
insert into @.settings_value (code, id, value, changed_by, changed_at)
values (%(code)s, %(id)s, %(value)s::jsonb, %(by)s, now())
on conflict (code) do update set value = excluded.value, changed_by = excluded.changed_by,
  changed_at = excluded.changed_at
returning id"""

# One change at a time in a tenant, so that an event's value before is the one that was there.
_LOCK = "select pg_advisory_xact_lock(%(key)s)"
_LOCKED = 0x73657474  # apart from other locks made from the tenant's id
# A tenant that is not migrated yet has no such table: there every setting is its default.
_TABLE = "select to_regclass('@.settings_value') is not null"

_lock = threading.Lock()
_there: set[tuple[UUID, str]] = set()
_kept: dict[tuple[UUID, str], tuple[int, Mapping[str, Value]]] = {}


@dataclass(frozen=True, slots=True)
class Kept:
    """A setting with its value in a tenant. changed_by, changed_at: None while it never was changed.

    is_default: nobody decided otherwise. id: what events about it refer to.
    """

    setting: Setting
    value: Value
    is_default: bool
    id: UUID | None
    changed_by: UnitId | None
    changed_at: datetime | None

    @property
    def shown(self) -> str:
        """The value as text; of a secret only that it is there."""
        return shown(self.setting, self.value)


def get(ctx: Context, code: str) -> Value:
    """The value of a setting as this statement sees it; for a secret whether it is set, as text.

    Raises: NotFound: no context declares it.
    """
    setting = get_setting(code)
    if not _is_kept(ctx):
        return setting.default
    row = ctx.db.row(_ONE, {"code": code})
    return _value(setting, row[0] if row else None)


def get_at(ctx: Context, epoch: int, code: str) -> Value:
    """The same without a query, as of the tenant's `epoch`, which the caller has read or will test.

    A change raises the epoch, so that values are read once for each. Raises NotFound.
    """
    setting = get_setting(code)
    key = (ctx.tenant_id, ctx.db.schema)
    known = _kept.get(key)
    if known is None or known[0] != epoch:
        known = (epoch, {kept.setting.code: kept.value for kept in list_kept(ctx)})
        with _lock:
            if len(_kept) >= _MOST:
                _kept.clear()
            _kept[key] = known
    return known[1].get(code, setting.default)


def _is_kept(ctx: Context) -> bool:
    """Whether the tenant has its table; asked once, since it never goes away."""
    key = (ctx.tenant_id, ctx.db.schema)
    if key in _there:
        return True
    if ctx.db.row(_TABLE) != (True,):
        return False
    with _lock:
        if len(_there) >= _MOST:
            _there.clear()
        _there.add(key)
    return True


def sql_integer(ctx: Context, setting: Setting) -> str:
    """An SQL expression of a number or of a duration in seconds, for a statement that runs anyway.

    It holds within the bounds of this release whatever is stored. Raises: ValueError: of another kind.
    """
    least, most, default = (stored(v) for v in (setting.minimum, setting.maximum, setting.default))
    if setting.kind not in (Kind.INTEGER, Kind.DURATION) or not (
        isinstance(least, int) and isinstance(most, int) and isinstance(default, int)
    ):
        raise ValueError(f"{setting.code} is no bounded number")
    if not _is_kept(ctx):
        return str(default)
    # greatest() passes over nulls: a value that went back to its default would hold as the lower bound
    return (
        f"coalesce((select least(greatest(v.value::int8, {least}), {most}) from @.settings_value v"
        f" where v.code = '{setting.code}' and v.value is not null), {default})"
    )


def list_kept(ctx: Context) -> list[Kept]:
    """Every declared setting with its value in the tenant, by group and code."""
    rows = {row[0]: row[1:] for row in ctx.db.rows(_ALL)} if _is_kept(ctx) else {}
    found = []
    for setting in list_settings():
        id_, value, by, at = rows.get(setting.code, (None, None, None, None))
        kept = _value(setting, value)
        found.append(Kept(setting, kept, value is None, id_, None if by is None else UnitId(by), at))
    return found


def get_kept(ctx: Context, code: str) -> Kept:
    """One of them. Raises NotFound."""
    get_setting(code)
    return next(kept for kept in list_kept(ctx) if kept.setting.code == code)


def store(ctx: Context, code: str, value: Value) -> bool:
    """Store a value, None for the default; False when nothing changed. Unchecked: `access.set_setting` asks.

    Raises: NotFound: unknown code. Invalid: the value is refused, naming the code.
    """
    setting = get_setting(code)
    if value is not None:
        ensure_acceptable(setting, value)
    ctx.db.row(_LOCK, {"key": int.from_bytes(ctx.tenant_id.bytes[-7:]) ^ _LOCKED})
    before = get_kept(ctx, code)
    if setting.kind is not Kind.SECRET and value == (None if before.is_default else before.value):
        return False
    if setting.kind is Kind.SECRET:
        if value is None and before.is_default:
            return False
        _store_secret(ctx, code, value)
    kept = None if value is None else ("set" if setting.kind is Kind.SECRET else stored(value))
    row = ctx.db.row(
        _STORE,
        {
            "code": code,
            "id": before.id or new_id(),
            "value": None if kept is None else orjson.dumps(kept).decode(),
            "by": ctx.principal,
        },
    )
    if row is None:
        raise RuntimeError("a setting was stored and is not there")
    _record(ctx, setting, row[0], before, value)
    return True


def _store_secret(ctx: Context, code: str, value: Value) -> None:
    name = _secret_name(code)
    if value is None:
        crypto.delete_secret(ctx, name)
    else:
        crypto.put_secret(ctx, name, str(value))


def _secret_name(code: str) -> str:
    return f"setting.{code.lower()}"


def get_secret(ctx: Context, code: str) -> str | None:
    """The value of a setting of type secret, for the code that uses it; never to be shown."""
    if get_setting(code).kind is not Kind.SECRET:
        raise ValueError(f"{code} is no secret")
    if get(ctx, code) is None:
        return None
    return crypto.get_secret(ctx, _secret_name(code))


def _value(setting: Setting, kept: object) -> Value:
    if kept is None:
        return setting.default
    return "set" if setting.kind is Kind.SECRET else loaded(setting, kept)


def _record(ctx: Context, setting: Setting, id_: UUID, before: Kept, value: Value) -> None:
    if setting.kind is Kind.SECRET:
        change: dict[str, object] = {"code": setting.code, "changed": "yes"}
    else:
        change = {
            "code": setting.code,
            "before": None if before.is_default else before.shown,
            "after": None if value is None else shown(setting, value),
        }
    audit.append(
        ctx,
        "settings.value.changed",
        object_type=OBJECT_TYPE,
        object_ref=id_,
        parts=[audit.Part("setting", change)],
    )

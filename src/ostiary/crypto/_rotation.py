"""Replacing keys without a pause: pending, active, decrypt_only, retired, destroyed (standards 5.3).

Where a rotation stands is told by the states of the keys alone, so a killed one goes on where it was, from
any process; the cursor only spares a pass from looking at rows twice. Everything here runs in the owner's
transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from ostiary.crypto._encrypted import Encrypted, encrypted_tables
from ostiary.crypto._errors import KeyGone
from ostiary.crypto._kek import DERIVED_VERSION, ensure_kek, has_keys_table, insert_kek, rewrap_kek
from ostiary.crypto._reencrypt import WINDOW_ROWS, Window, reencrypt_window
from ostiary.crypto._ring import RING_AGE_S, KeyRing
from ostiary.crypto._ring import ring as _own_ring
from ostiary.crypto._wrapping import bind_wrapping, derived_kek_info
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Misconfigured

# A node may believe for RING_AGE_S what it read of a scope; what it does then takes a moment to commit.
GRACE_S = RING_AGE_S + 5.0
REWRAP_ROWS = 500

_LOCK = "select pg_try_advisory_xact_lock(hashtextextended('ostiary.crypto.' || %(tenant)s, 0))"
_TAKE_LOCK = "select pg_advisory_xact_lock(hashtextextended('ostiary.crypto.' || %(tenant)s, 0))"
_PENDING = """
select 'kek' as kind, '' as scope, version, null::uuid as id,
  extract(epoch from coalesce(%(now)s::timestamptz, now()) - state_since)::float8 as age
from @.crypto_kek where state = 'pending'
union all select 'dek', scope, version, id,
  extract(epoch from coalesce(%(now)s::timestamptz, now()) - state_since)::float8
from @.crypto_dek where state = 'pending' order by 1, 2"""
_OLD_DEKS = """
select o.id, o.scope, o.version, a.id,
  extract(epoch from coalesce(%(now)s::timestamptz, now()) - o.state_since)::float8
from @.crypto_dek o left join @.crypto_dek a on a.scope = o.scope and a.state = 'active'
where o.state in ('decrypt_only', 'compromised') order by o.id"""
_IDLE_KEKS = """
select k.version, extract(epoch from coalesce(%(now)s::timestamptz, now()) - k.state_since)::float8
from @.crypto_kek k where k.state in ('decrypt_only', 'compromised')
  and not exists (select 1 from @.crypto_dek d where d.kek_version = k.version and d.wrapped is not null)"""
_FOREIGN_DEKS = """
select id, scope, wrapped, kek_version from @.crypto_dek
where wrapped is not null and kek_version <> %(active)s::int order by id limit %(rows)s::int"""
_REWRAP = """
update @.crypto_dek set wrapped = %(new)s, kek_version = %(version)s
where id = %(id)s and wrapped = %(old)s"""


@dataclass(frozen=True, slots=True)
class Act:
    """What became of a key, for the event that the caller records in the same transaction.

    verb: created, activated, retired or destroyed. kind: kek or dek.
    """

    verb: str
    kind: str
    scope: str
    version: int


@dataclass(frozen=True, slots=True)
class Step:
    """The outcome of one chunk. cursor: for the next one; None: nothing is left to do.

    done: keys or values changed. damaged: values that do not open, for whose sake their key is not retired.
    looked, total: rows of this pass, the second by the planner's estimate. wait_s: nothing to do until then.
    """

    cursor: Mapping[str, Any] | None
    done: int = 0
    damaged: int = 0
    looked: int = 0
    total: int = 0
    wait_s: float = 0.0
    acts: Sequence[Act] = ()


@dataclass(frozen=True, slots=True)
class _Pass:
    """One walk over every encrypted table. `fresh`: begun when no node used the old keys any more."""

    old: tuple[str, ...]
    fresh: bool
    table: str = ""
    after: list[Any] | None = None
    found: int = 0
    damaged: int = 0
    looked: int = 0

    def as_cursor(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__} | {"old": list(self.old)}


def begin_kek_rotation(ctx: Context, *, compromised: bool = False, ring: KeyRing = _own_ring) -> list[Act]:
    """Make the next key-encryption key, `pending` until every node has it; at once, where the old one leaked.

    Safe to repeat: while one is pending no other is made.
    """
    store = ring.store()
    ensure_migrated(ctx)
    ctx.db.rows(_TAKE_LOCK, {"tenant": str(ctx.tenant_id)})
    if ctx.db.row("select 1 from @.crypto_kek limit 1") is None:
        _keep_derived(ctx, ring)
        ensure_kek(ctx.db, store, ctx.tenant_id)
    acts = []
    if ctx.db.row("select 1 from @.crypto_kek where state = 'pending'") is None:
        newest = ctx.db.rows("select max(version) from @.crypto_kek")[0][0]
        insert_kek(ctx.db, store, ctx.tenant_id, newest + 1, "pending")
        acts = [Act("created", "kek", "", newest + 1)]
    return acts + (_activate(ctx, "kek", "", compromised=True) if compromised else [])


def begin_dek_rotation(
    ctx: Context, scope: str, *, compromised: bool = False, ring: KeyRing = _own_ring
) -> list[Act]:
    """The same for the data-encryption key of a scope. Raises KeyGone: the scope has no key."""
    ensure_migrated(ctx)
    ctx.db.rows(_TAKE_LOCK, {"tenant": str(ctx.tenant_id)})
    if (
        ctx.db.row("select 1 from @.crypto_dek where scope = %(s)s and state = 'active'", {"s": scope})
        is None
    ):
        raise KeyGone(f"There is no key of scope {scope} to replace")
    acts = []
    if (
        ctx.db.row("select 1 from @.crypto_dek where scope = %(s)s and state = 'pending'", {"s": scope})
        is None
    ):
        dek_id = ring.make_dek(ctx, scope, "pending")
        version = ctx.db.rows("select version from @.crypto_dek where id = %(id)s", {"id": dek_id})[0][0]
        acts = [Act("created", "dek", scope, version)]
    return acts + (_activate(ctx, "dek", scope, compromised=True) if compromised else [])


def rotate_chunk(
    ctx: Context,
    cursor: Mapping[str, Any] | None = None,
    *,
    now: datetime | None = None,
    rows: int = WINDOW_ROWS,
    ring: KeyRing = _own_ring,
) -> Step:
    """Do the next piece of whatever rotation is under way in the tenant, in `ctx.db`'s transaction.

    now: instead of the database's clock, for tests.
    """
    if not has_keys_table(ctx.db):
        return Step(None)  # a tenant that is not migrated yet rotates nothing
    if not ctx.db.rows(_LOCK, {"tenant": str(ctx.tenant_id)})[0][0]:
        return Step(cursor or {}, wait_s=1.0)  # another process does it
    waits = []
    for kind, scope, _, _, age in ctx.db.rows(_PENDING, {"now": now}):
        if age >= GRACE_S:
            return Step(cursor or {}, acts=_activate(ctx, kind, scope, compromised=False))
        waits.append(GRACE_S - age)
    if rewrapped := _rewrap_deks(ctx, ring):
        return Step(cursor or {}, done=rewrapped)
    for version, age in ctx.db.rows(_IDLE_KEKS, {"now": now}):
        if age >= GRACE_S:
            _set_kek_state(ctx, version, "retired")
            return Step(cursor or {}, acts=[Act("retired", "kek", "", version)])
        waits.append(GRACE_S - age)
    old = ctx.db.rows(_OLD_DEKS, {"now": now})
    if not old:
        return Step({}, wait_s=min(waits)) if waits else Step(None)
    step = _reencrypt(ctx, ring, _resume(cursor, old), old, rows)
    if step.wait_s and waits:
        step = replace(step, wait_s=min(step.wait_s, *waits))
    return step if step.cursor is not None or not waits else replace(step, cursor={}, wait_s=min(waits))


def rewrap_under_root(ctx: Context, *, ring: KeyRing = _own_ring) -> int:
    """Wrap every key-encryption key of the tenant by the present root; how many were wrapped by another."""
    store = ring.store()
    ensure_migrated(ctx)
    if ctx.db.row("select 1 from @.crypto_kek limit 1") is None:
        _keep_derived(ctx, ring)
    done = 0
    stale = ctx.db.rows(
        "select version, root_id, wrapped from @.crypto_kek"
        " where wrapped is not null and root_id <> %(root)s",
        {"root": UUID(store.root_id)},
    )
    for version, root_id, wrapped in stale:
        fresh = rewrap_kek(store, ctx.tenant_id, version, root_id.hex, bytes(wrapped))
        done += ctx.db.run(
            "update @.crypto_kek set wrapped = %(new)s, root_id = %(root)s"
            " where version = %(version)s and wrapped = %(old)s",
            {"new": fresh, "root": UUID(store.root_id), "version": version, "old": wrapped},
        )
    return done


def is_rotating(ctx: Context) -> bool:
    """Whether a rotation of the tenant is under way or was left half done."""
    if not has_keys_table(ctx.db):
        return False
    unfinished = "state in ('pending', 'decrypt_only', 'compromised')"
    return (
        ctx.db.row(f"select 1 from @.crypto_kek where {unfinished} limit 1") is not None
        or ctx.db.row(f"select 1 from @.crypto_dek where {unfinished} limit 1") is not None
    )


def ensure_migrated(ctx: Context) -> None:
    """Raises Misconfigured: the tenant's tables are those of an earlier release."""
    if not has_keys_table(ctx.db):
        raise Misconfigured(
            "the tenant's tables are those of an earlier release: run `ostiary migrate` first"
        )


def _keep_derived(ctx: Context, ring: KeyRing) -> None:
    """Store version 1, so far derived, so that it outlives the root that it was derived from."""
    if ctx.db.row("select 1 from @.crypto_dek limit 1") is not None:
        key = ring.store().derive(derived_kek_info(ctx.tenant_id, DERIVED_VERSION))
        insert_kek(ctx.db, ring.store(), ctx.tenant_id, DERIVED_VERSION, "active", key)


def _activate(ctx: Context, kind: str, scope: str, *, compromised: bool) -> list[Act]:
    before = "compromised" if compromised else "decrypt_only"
    table = f"@.crypto_{kind}"
    where = "true" if kind == "kek" else "scope = %(scope)s"
    ctx.db.run(
        f"update {table} set state = %(before)s, state_since = now() where state = 'active' and {where}",
        {"before": before, "scope": scope},
    )
    versions = ctx.db.rows(
        f"update {table} set state = 'active', state_since = now() where state = 'pending' and {where}"
        " returning version",
        {"scope": scope},
    )
    return [Act("activated", kind, scope, version) for (version,) in versions]


def _rewrap_deks(ctx: Context, ring: KeyRing) -> int:
    if ctx.db.row("select 1 from @.crypto_kek where state = 'active'") is None:
        return 0  # version 1 is derived and nothing replaced it
    active = ensure_kek(ctx.db, ring.store(), ctx.tenant_id)
    done = 0
    for dek_id, scope, wrapped, version in ctx.db.rows(
        _FOREIGN_DEKS, {"active": active.version, "rows": REWRAP_ROWS}
    ):
        key = ring.get_kek(ctx, version).unwrap(
            bytes(wrapped), bind_wrapping(ctx.tenant_id, scope, dek_id, version)
        )
        fresh = active.wrap(key, bind_wrapping(ctx.tenant_id, scope, dek_id, active.version))
        done += ctx.db.run(_REWRAP, {"id": dek_id, "old": wrapped, "new": fresh, "version": active.version})
    return done


def _set_kek_state(ctx: Context, version: int, state: str) -> None:
    ctx.db.run(
        "update @.crypto_kek set state = %(state)s, state_since = now() where version = %(version)s",
        {"state": state, "version": version},
    )


def _resume(cursor: Mapping[str, Any] | None, old: Sequence[Any]) -> _Pass:
    """The pass under way, or a new one where the set of old keys is another."""
    ids = tuple(str(row[0]) for row in old)
    if cursor and tuple(cursor.get("old", ())) == ids:
        return _Pass(**{**cursor, "old": ids})
    return _Pass(ids, fresh=all(row[4] >= GRACE_S for row in old))


def _reencrypt(ctx: Context, ring: KeyRing, walk: _Pass, old: Sequence[Any], rows: int) -> Step:
    """The next window that has something to do, over all tables before it; past the last one, the end."""
    successors = {row[0]: row[3] for row in old if row[3] is not None}
    tables = encrypted_tables(ctx.db)
    for table in tables if successors else ():
        if table.table < walk.table:
            continue
        after = walk.after if table.table == walk.table else None
        window = reencrypt_window(ctx, ring, table, successors, after, rows=rows)
        walk = _walked(walk, table, window, rows)
        if window.found or window.after is not None:
            return Step(walk.as_cursor(), window.changed, walk.damaged, walk.looked, _estimate(ctx, tables))
    return _conclude(ctx, walk, old)


def _walked(walk: _Pass, table: Encrypted, window: Window, rows: int) -> _Pass:
    return replace(
        walk,
        table=table.table if window.after else table.table + "\x00",  # which sorts right after this one
        after=window.after,
        found=walk.found + window.found,
        damaged=walk.damaged + window.damaged,
        looked=walk.looked + (rows if window.after else 0),
    )


def _conclude(ctx: Context, walk: _Pass, old: Sequence[Any]) -> Step:
    """A pass is over: was it the proof that nothing is left?"""
    if walk.found > walk.damaged:
        return Step({}, damaged=walk.damaged)  # once more
    if not walk.fresh:
        youngest = min(row[4] for row in old)
        return Step({}, damaged=walk.damaged, wait_s=max(0.0, GRACE_S - youngest))
    if walk.damaged:
        return Step(None, damaged=walk.damaged)  # their key stays; `keys status` says so
    retired = ctx.db.rows(
        "update @.crypto_dek set state = 'retired', state_since = now()"
        " where id = any(%(ids)s::uuid[]) returning scope, version",
        {"ids": list(walk.old)},
    )
    return Step({}, acts=[Act("retired", "dek", scope, version) for scope, version in retired])


def _estimate(ctx: Context, tables: Sequence[Any]) -> int:
    names = [f"{ctx.db.schema}.{table.table}" for table in tables]
    rows = ctx.db.rows(
        "select coalesce(sum(greatest(reltuples, 0)), 0)::bigint from pg_catalog.pg_class"
        " where oid = any(%(names)s::regclass[])",
        {"names": names},
    )
    return int(rows[0][0])

"""What keys a tenant has, whether they open, and the end of those that nothing needs any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ostiary.crypto._blob import Dek
from ostiary.crypto._encrypted import encrypted_tables
from ostiary.crypto._errors import KeyGone, RootMissing, Undecipherable
from ostiary.crypto._kek import load_kek
from ostiary.crypto._reencrypt import count_by_key
from ostiary.crypto._ring import KeyRing
from ostiary.crypto._ring import ring as _own_ring
from ostiary.crypto._rotation import Act, ensure_migrated
from ostiary.crypto._wrapping import bind_wrapping
from ostiary.kernel.context import Context
from ostiary.kernel.ports import KeyStore

_KEYS = """
select 'kek', '', version, state, created_at, state_since, root_id, null::uuid, version from @.crypto_kek
union all
select 'dek', scope, version, state, created_at, state_since, null, id, kek_version from @.crypto_dek
order by 1 desc, 2, 3"""
_KEKS = "select version, check_value from @.crypto_kek where wrapped is not null order by version"
_DEKS = """
select id, scope, wrapped, kek_version from @.crypto_dek where wrapped is not null order by scope, version"""
_DUE = """
select 'kek', '', version, null::uuid from @.crypto_kek where state = 'retired' and state_since <= %(before)s
union all
select 'dek', scope, version, id from @.crypto_dek where state = 'retired' and state_since <= %(before)s
order by 1, 2, 3"""


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key without its secret. kind: kek or dek. root_id: of a kek. dek_id: of a dek.

    kek_version: what it is wrapped by; of a kek its own. values: how many it encrypts; None: not counted.
    """

    kind: str
    scope: str
    version: int
    state: str
    created_at: datetime
    state_since: datetime
    root_id: str | None
    dek_id: UUID | None
    kek_version: int
    values: int | None = None


def list_keys(ctx: Context, *, count: bool = False) -> list[KeyInfo]:
    """Every key of the tenant, key-encryption keys first. count: read every encrypted table."""
    ensure_migrated(ctx)
    counts: dict[UUID, int] = {}
    for table in encrypted_tables(ctx.db) if count else ():
        for dek_id, number in count_by_key(ctx, table).items():
            counts[dek_id] = counts.get(dek_id, 0) + number
    found = []
    for kind, scope, version, state, created_at, since, root_id, dek_id, kek_version in ctx.db.rows(_KEYS):
        values = counts.get(dek_id, 0) if count and dek_id is not None else None
        root = root_id.hex if root_id else None
        found.append(
            KeyInfo(kind, scope, version, state, created_at, since, root, dek_id, kek_version, values)
        )
    return found


def verify_keys(ctx: Context, *, ring: KeyRing = _own_ring) -> list[str]:
    """Open every key of the tenant and a value under each kind of them; what is wrong, in words.

    Past every cache, since that is the point.
    """
    ensure_migrated(ctx)
    problems = []
    for version, check in ctx.db.rows(_KEKS):
        try:
            kek = load_kek(ctx.db, ring.store(), ctx.tenant_id, version)
        except (Undecipherable, RootMissing) as error:
            problems.append(f"kek {version}: {error.message}")
            continue
        if check is None or not kek.opens(bytes(check), ctx.tenant_id):
            problems.append(f"kek {version}: its known text does not open")
    for dek_id, scope, wrapped, kek_version in ctx.db.rows(_DEKS):
        try:
            kek = load_kek(ctx.db, ring.store(), ctx.tenant_id, kek_version)
            aad = bind_wrapping(ctx.tenant_id, scope, dek_id, kek_version)
            dek = Dek(dek_id, kek.unwrap(bytes(wrapped), aad))
            problems += _open_samples(ctx, scope, dek)
        except (Undecipherable, RootMissing, KeyGone) as error:
            problems.append(f"dek {scope} {dek_id}: {error.message}")
    return problems


def _open_samples(ctx: Context, scope: str, dek: Dek) -> list[str]:
    """One value of each encrypted column under this key, if there is any among the newest rows."""
    problems = []
    for table in encrypted_tables(ctx.db):
        keys = [name for name, _ in table.keys]
        order = ", ".join(f"{name} desc" for name in keys)
        for blob in table.blobs:
            row = ctx.db.row(
                f"select {', '.join(keys)}, {blob} from"
                f" (select * from @.{table.table} order by {order} limit 200) t"
                f" where substring({blob} from 3 for 16) = %(id)s limit 1",
                {"id": dek.id.bytes},
            )
            if row is None:
                continue
            try:
                dek.decrypt(bytes(row[-1]), table.place(ctx.tenant_id, row[:-1], blob))
            except Undecipherable as error:
                problems.append(f"dek {scope} {dek.id}: a value of {table.table}: {error.message}")
    return problems


def opens_something(ctx: Context, store: KeyStore) -> bool | None:
    """Whether `store` is the one that this tenant's keys are under; None: it has no key yet."""
    row = ctx.db.row(
        "select id, scope, wrapped, kek_version from @.crypto_dek where wrapped is not null limit 1"
    )
    if row is None:
        return None
    try:
        kek = load_kek(ctx.db, store, ctx.tenant_id, row[3])
        kek.unwrap(bytes(row[2]), bind_wrapping(ctx.tenant_id, row[1], row[0], row[3]))
    except (Undecipherable, RootMissing):
        return False
    return True


def destroy_retired(ctx: Context, *, kept_for: timedelta, now: datetime) -> Sequence[Act]:
    """Destroy keys that retired before `now - kept_for` and that nothing uses; in the owner's transaction.

    kept_for: at least as long as any backup is kept, since a restored one needs them. A key that encrypts
    something after all, say an event that waited on a node, is put back to `decrypt_only`.
    """
    ensure_migrated(ctx)
    acts: list[Act] = []
    for kind, scope, version, dek_id in ctx.db.rows(_DUE, {"before": now - kept_for}):
        if kind == "dek":
            used = any(count_by_key(ctx, table).get(dek_id) for table in encrypted_tables(ctx.db))
            state = "decrypt_only" if used else "destroyed"
            ctx.db.run(
                "update @.crypto_dek set state = %(state)s::text, state_since = now(),"
                " wrapped = case when %(state)s = 'destroyed' then null else wrapped end where id = %(id)s",
                {"state": state, "id": dek_id},
            )
        else:
            used = (
                ctx.db.row(
                    "select 1 from @.crypto_dek where kek_version = %(v)s and wrapped is not null",
                    {"v": version},
                )
                is not None
            )
            if not used:
                ctx.db.run(
                    "update @.crypto_kek set state = 'destroyed', state_since = now(), wrapped = null,"
                    " check_value = null where version = %(v)s",
                    {"v": version},
                )
        if not used:
            acts.append(Act("destroyed", kind, scope, version))
    return acts


def destroy_all_keys(ctx: Context) -> int:
    """Make everything of the tenant unreadable, for its end. Nodes forget within five minutes.

    Returns: how many keys there were.
    """
    ended = "state = 'destroyed', state_since = now(), wrapped = null"
    deks = ctx.db.run(f"update @.crypto_dek set {ended} where wrapped is not null")
    return deks + ctx.db.run(f"update @.crypto_kek set {ended}, check_value = null where wrapped is not null")

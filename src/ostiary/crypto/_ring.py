"""The tenant's data-encryption keys: made when first needed, unwrapped once, kept for a while."""

import os
import threading
import time
from collections import OrderedDict
from typing import Generic, TypeVar
from uuid import UUID

from ostiary.crypto._blob import Dek, key_of
from ostiary.crypto._errors import KeyGone
from ostiary.crypto._wrapping import bind_wrapping
from ostiary.crypto._xaes import KEY_SIZE
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Misconfigured
from ostiary.kernel.ids import new_id
from ostiary.kernel.ports import Db, KeyStore

KEK_VERSION = 1
_KEEP_S = 300.0  # an unwrapped key
_RING_AGE_S = 60.0  # which key of a scope is the active one: rotation waits longer than that
_MOST = 10_000

_ACTIVE = "select id, wrapped, kek_version from @.crypto_dek where scope = %(scope)s and state = 'active'"
_BY_ID = "select scope, wrapped, kek_version from @.crypto_dek where id = %(id)s"
_MAKE = """
insert into @.crypto_dek (id, scope, version, state, wrapped, kek_version)
select %(id)s, %(scope)s, coalesce(max(version), 0) + 1, 'active', %(wrapped)s, %(kek_version)s
from @.crypto_dek where scope = %(scope)s
on conflict do nothing"""

Key = TypeVar("Key")


class _Kept(Generic[Key]):
    """A bounded map whose entries grow stale; the oldest leaves first."""

    def __init__(self, keep_s: float) -> None:
        self._entries: OrderedDict[Key, tuple[float, Dek]] = OrderedDict()
        self._lock = threading.Lock()
        self._keep_s = keep_s

    def get(self, key: Key) -> Dek | None:
        entry = self._entries.get(key)
        if entry is None or time.monotonic() - entry[0] > self._keep_s:
            return None
        return entry[1]

    def put(self, key: Key, dek: Dek) -> None:
        with self._lock:
            self._entries[key] = (time.monotonic(), dek)
            self._entries.move_to_end(key)
            while len(self._entries) > _MOST:
                self._entries.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


_stores: list[KeyStore] = []
# By the tenant and not by its schema: a schema that is made anew has other keys under the same name.
_deks: _Kept[tuple[UUID, UUID]] = _Kept(_KEEP_S)
_active: _Kept[tuple[UUID, str]] = _Kept(_RING_AGE_S)


def configure(store: KeyStore) -> None:
    """Set where key-encryption keys live, once at start-up. Forgets every key kept so far."""
    _stores[:] = [store]
    _deks.clear()
    _active.clear()


def _store() -> KeyStore:
    if not _stores:
        raise Misconfigured("No key provider is configured")
    return _stores[0]


def ensure_dek(ctx: Context, scope: str) -> Dek:
    """The key that new values of a scope are encrypted with; the tenant's first call makes it.

    It is made in a transaction of its own: a key must outlive a rollback, since another transaction may
    already write with it.
    """
    known = _active.get((ctx.tenant_id, scope))
    if known is not None:
        return known
    dek = _find_active(ctx, ctx.db, scope)
    if dek is None:
        with ctx.db.aside() as db:
            _make(ctx, db, scope)
        dek = _find_active(ctx, ctx.db, scope)
        if dek is None:
            raise Misconfigured(f"The key of scope {scope} was made and is not there")
    _active.put((ctx.tenant_id, scope), dek)
    return dek


def _find_active(ctx: Context, db: Db, scope: str) -> Dek | None:
    row = db.row(_ACTIVE, {"scope": scope})
    return _unwrap(ctx, row[0], scope, row[1], row[2]) if row else None


def _make(ctx: Context, db: Db, scope: str) -> None:
    dek_id = new_id()
    aad = bind_wrapping(ctx.tenant_id, scope, dek_id, KEK_VERSION)
    db.run(
        _MAKE,
        {
            "id": dek_id,
            "scope": scope,
            "wrapped": _store().wrap(os.urandom(KEY_SIZE), aad),
            "kek_version": KEK_VERSION,
        },
    )


def get_dek(ctx: Context, dek_id: UUID) -> Dek:
    """The key with this id.

    Raises: KeyGone: destroyed or unknown. Undecipherable: its wrapping was altered.
    """
    known = _deks.get((ctx.tenant_id, dek_id))
    if known is not None:
        return known
    row = ctx.db.row(_BY_ID, {"id": dek_id})
    if row is None or row[1] is None:
        raise KeyGone("The key of this value was destroyed")
    return _unwrap(ctx, dek_id, row[0], row[1], row[2])


def _unwrap(ctx: Context, dek_id: UUID, scope: str, wrapped: bytes, kek_version: int) -> Dek:
    known = _deks.get((ctx.tenant_id, dek_id))
    if known is None:
        aad = bind_wrapping(ctx.tenant_id, scope, dek_id, kek_version)
        known = Dek(dek_id, _store().unwrap(wrapped, aad))
        _deks.put((ctx.tenant_id, dek_id), known)
    return known


def decrypt(ctx: Context, blob: bytes, aad: bytes) -> bytes:
    """The plaintext of a blob, with the key that its header names.

    Raises: KeyGone: erased with its key. Undecipherable: altered or moved.
    """
    return get_dek(ctx, key_of(blob)).decrypt(blob, aad)

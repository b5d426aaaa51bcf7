"""The tenant's data-encryption keys: made when first needed, unwrapped once, kept for a while."""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar
from uuid import UUID

from ostiary.crypto._blob import Dek, key_of
from ostiary.crypto._errors import KeyGone
from ostiary.crypto._kek import Kek, ensure_kek, load_kek
from ostiary.crypto._wrapping import bind_wrapping
from ostiary.crypto._xaes import KEY_SIZE
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Misconfigured
from ostiary.kernel.ids import new_id
from ostiary.kernel.ports import KeyStore

KEEP_S = 300.0  # an unwrapped key: as long may a node read on after its key was destroyed
RING_AGE_S = 60.0  # which key of a scope is the active one: a rotation waits longer than that
_MOST = 10_000

# What is pending is loaded with what is active, so that a node has it before it is used.
_OF_SCOPE = """
select id, wrapped, kek_version, state from @.crypto_dek
where scope = %(scope)s and state in ('active', 'pending') order by state desc"""
_BY_ID = "select scope, wrapped, kek_version from @.crypto_dek where id = %(id)s"
_MAKE = """
insert into @.crypto_dek (id, scope, version, state, wrapped, kek_version)
select %(id)s, %(scope)s, coalesce(max(version), 0) + 1, %(state)s, %(wrapped)s, %(kek_version)s
from @.crypto_dek where scope = %(scope)s
on conflict do nothing"""

Key = TypeVar("Key")
Kept = TypeVar("Kept")


class _Kept(Generic[Key, Kept]):
    """A bounded map whose entries grow stale; the oldest leaves first."""

    def __init__(self, keep_s: float, clock: Callable[[], float]) -> None:
        self._entries: OrderedDict[Key, tuple[float, Kept]] = OrderedDict()
        self._lock = threading.Lock()
        self._keep_s = keep_s
        self._clock = clock

    def get(self, key: Key) -> Kept | None:
        entry = self._entries.get(key)
        if entry is None or self._clock() - entry[0] > self._keep_s:
            return None
        return entry[1]

    def put(self, key: Key, value: Kept) -> None:
        with self._lock:
            self._entries[key] = (self._clock(), value)
            self._entries.move_to_end(key)
            while len(self._entries) > _MOST:
                self._entries.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


class KeyRing:
    """What one node knows of keys. A process has one; tests make several to be several nodes.

    By the tenant and not by its schema: a schema that is made anew has other keys under the same name.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._open: Callable[[], KeyStore] | None = None
        self._store: KeyStore | None = None
        self._opening = threading.Lock()
        self._deks: _Kept[tuple[UUID, UUID], Dek] = _Kept(KEEP_S, clock)
        self._keks: _Kept[tuple[UUID, int], Kek] = _Kept(KEEP_S, clock)
        self._active: _Kept[tuple[UUID, str], Dek] = _Kept(RING_AGE_S, clock)

    def configure(self, store: KeyStore | Callable[[], KeyStore]) -> None:
        """Set where the root lives, or how it is opened when it is first needed. Forgets every key."""
        with self._opening:
            if callable(store):
                self._open, self._store = store, None
            else:
                self._open, self._store = None, store
        self.forget()

    def forget(self) -> None:
        """Drop every unwrapped key."""
        self._deks.clear()
        self._keks.clear()
        self._active.clear()

    def store(self) -> KeyStore:
        """The configured root, opened now if it was not. Raises Misconfigured."""
        if self._store is None:
            with self._opening:
                if self._store is None:
                    if self._open is None:
                        raise Misconfigured("No key provider is configured")
                    self._store = self._open()
        return self._store

    def is_configured(self) -> bool:
        """Whether there is a provider, opened or not."""
        return self._store is not None or self._open is not None

    def ensure_dek(self, ctx: Context, scope: str) -> Dek:
        """The key that new values of a scope are encrypted with; the tenant's first call makes it.

        It is made in a transaction of its own: a key must outlive a rollback, since another transaction may
        already write with it.
        """
        known = self._active.get((ctx.tenant_id, scope))
        if known is not None:
            return known
        dek = self._find_active(ctx, scope)
        if dek is None:
            with ctx.db.aside() as db:
                self.make_dek(ctx.within(db), scope, "active")
            dek = self._find_active(ctx, scope)
            if dek is None:
                raise Misconfigured(f"The key of scope {scope} was made and is not there")
        self._active.put((ctx.tenant_id, scope), dek)
        return dek

    def _find_active(self, ctx: Context, scope: str) -> Dek | None:
        active = None
        for dek_id, wrapped, kek_version, state in ctx.db.rows(_OF_SCOPE, {"scope": scope}):
            dek = self._unwrap(ctx, dek_id, scope, wrapped, kek_version)
            if state == "active":
                active = dek
        return active

    def make_dek(self, ctx: Context, scope: str, state: str) -> UUID:
        """Store a new key of a scope; it is not there afterwards if another one took the place."""
        dek_id = new_id()
        kek = ensure_kek(ctx.db, self.store(), ctx.tenant_id)
        aad = bind_wrapping(ctx.tenant_id, scope, dek_id, kek.version)
        ctx.db.run(
            _MAKE,
            {
                "id": dek_id,
                "scope": scope,
                "state": state,
                "wrapped": kek.wrap(os.urandom(KEY_SIZE), aad),
                "kek_version": kek.version,
            },
        )
        return dek_id

    def get_dek(self, ctx: Context, dek_id: UUID) -> Dek:
        """The key with this id.

        Raises: KeyGone: destroyed or unknown. Undecipherable: its wrapping was altered.
        """
        known = self._deks.get((ctx.tenant_id, dek_id))
        if known is not None:
            return known
        row = ctx.db.row(_BY_ID, {"id": dek_id})
        if row is None or row[1] is None:
            raise KeyGone("The key of this value was destroyed")
        return self._unwrap(ctx, dek_id, row[0], row[1], row[2])

    def get_kek(self, ctx: Context, version: int) -> Kek:
        """A version of the tenant's key-encryption key. Raises: KeyGone. RootMissing. Undecipherable."""
        known = self._keks.get((ctx.tenant_id, version))
        if known is None:
            known = load_kek(ctx.db, self.store(), ctx.tenant_id, version)
            self._keks.put((ctx.tenant_id, version), known)
        return known

    def _unwrap(self, ctx: Context, dek_id: UUID, scope: str, wrapped: bytes, kek_version: int) -> Dek:
        known = self._deks.get((ctx.tenant_id, dek_id))
        if known is None:
            aad = bind_wrapping(ctx.tenant_id, scope, dek_id, kek_version)
            known = Dek(dek_id, self.get_kek(ctx, kek_version).unwrap(bytes(wrapped), aad))
            self._deks.put((ctx.tenant_id, dek_id), known)
        return known

    def decrypt(self, ctx: Context, blob: bytes, aad: bytes) -> bytes:
        """The plaintext of a blob, with the key that its header names.

        Raises: KeyGone: erased with its key. Undecipherable: altered or moved.
        """
        return self.get_dek(ctx, key_of(blob)).decrypt(blob, aad)


ring = KeyRing()  # this process's
configure, store, forget_keys = ring.configure, ring.store, ring.forget
unlock, is_configured = ring.store, ring.is_configured
ensure_dek, get_dek, decrypt = ring.ensure_dek, ring.get_dek, ring.decrypt

"""A tenant's key-encryption keys: random, versioned, wrapped by the root, kept in the tenant's own schema.

Version 1 is the exception: earlier releases derived it from the root, and so does this one for tenants that
they made, until it is replaced (ADR-0022).
"""

import hmac
import os
from dataclasses import dataclass
from typing import NoReturn
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ostiary.crypto._errors import KeyGone, Undecipherable
from ostiary.crypto._wrapping import bind_check, bind_kek, derived_kek_info
from ostiary.kernel.ports import Db, KeyStore

DERIVED_VERSION = 1
KEY_SIZE = 32
_NONCE_SIZE = 12
_KNOWN_TEXT = b"ostiary: this key opens what it should"

# A tenant that is not migrated yet has no such table: the release before derived the one key that there was.
_TABLE = "select to_regclass('@.crypto_kek') is not null"
_ACTIVE = "select version, root_id, wrapped from @.crypto_kek where state = 'active'"
_BY_VERSION = "select root_id, wrapped from @.crypto_kek where version = %(version)s"
_USED_BEFORE = "select 1 from @.crypto_dek limit 1"
_INSERT = """
insert into @.crypto_kek (version, state, root_id, wrapped, check_value)
values (%(version)s, %(state)s, %(root_id)s, %(wrapped)s, %(check)s)
on conflict do nothing"""


class Kek:
    """A key-encryption key in use. It has no way to be shown or copied by accident."""

    __slots__ = ("_cipher", "version")

    def __init__(self, version: int, key: bytes) -> None:
        self.version = version
        self._cipher = AESGCM(key)

    def wrap(self, key: bytes, aad: bytes) -> bytes:
        """Nonce (12) | ciphertext and tag (48)."""
        nonce = os.urandom(
            _NONCE_SIZE
        )  # fresh for each call: a nonce used twice under one KEK permits forgery
        return nonce + self._cipher.encrypt(nonce, key, aad)

    def unwrap(self, wrapped: bytes, aad: bytes) -> bytes:
        """The data-encryption key. Raises Undecipherable: altered, or wrapped for another place or KEK."""
        try:
            return self._cipher.decrypt(wrapped[:_NONCE_SIZE], wrapped[_NONCE_SIZE:], aad)
        except (InvalidTag, ValueError):
            raise Undecipherable(
                "A stored key cannot be opened: it was altered or moved, or the root key is another one"
            ) from None

    def make_check_value(self, tenant_id: UUID) -> bytes:
        """A known text under this key, to test a stored or recovered key by."""
        return self.wrap(_KNOWN_TEXT, bind_check(tenant_id, self.version))

    def opens(self, check_value: bytes, tenant_id: UUID) -> bool:
        """Whether the check value was made by this key."""
        try:
            found = self.unwrap(check_value, bind_check(tenant_id, self.version))
        except Undecipherable:
            return False
        return hmac.compare_digest(found, _KNOWN_TEXT)

    def __repr__(self) -> str:
        return f"<Kek {self.version}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not copied or pickled")


@dataclass(frozen=True, slots=True)
class WrappedKek:
    """A key-encryption key as it is stored. `root_id`: 32 hexadecimal digits."""

    root_id: str
    wrapped: bytes


def unwrap_kek(store: KeyStore, tenant_id: UUID, version: int, stored: WrappedKek) -> Kek:
    """The key. Raises: RootMissing: its root is not here. Undecipherable."""
    return Kek(version, store.unwrap(stored.wrapped, bind_kek(tenant_id, version), stored.root_id))


def load_kek(db: Db, store: KeyStore, tenant_id: UUID, version: int) -> Kek:
    """One version. Raises: KeyGone: destroyed or unknown. RootMissing. Undecipherable."""
    row = db.row(_BY_VERSION, {"version": version}) if has_keys_table(db) else None
    if row is None and version == DERIVED_VERSION:
        return Kek(version, store.derive(derived_kek_info(tenant_id, version)))
    if row is None or row[1] is None:
        raise KeyGone("The key-encryption key of this value was destroyed")
    return unwrap_kek(store, tenant_id, version, WrappedKek(row[0].hex, bytes(row[1])))


def ensure_kek(db: Db, store: KeyStore, tenant_id: UUID) -> Kek:
    """The key that new data-encryption keys are wrapped by; a new tenant's first call makes it."""
    if not has_keys_table(db):
        return load_kek(db, store, tenant_id, DERIVED_VERSION)
    found = _find_active(db, store, tenant_id)
    if found is not None:
        return found
    if db.row("select 1 from @.crypto_kek limit 1") is None:
        if db.row(_USED_BEFORE) is not None:
            return load_kek(db, store, tenant_id, DERIVED_VERSION)
        insert_kek(db, store, tenant_id, DERIVED_VERSION + 1, "active")
        found = _find_active(db, store, tenant_id)
    if found is None:
        raise KeyGone("The keys of this tenant were destroyed")
    return found


def insert_kek(
    db: Db, store: KeyStore, tenant_id: UUID, version: int, state: str, key: bytes | None = None
) -> None:
    """Store a key, by default a new random one; nothing happens where the version is there already."""
    key = os.urandom(KEY_SIZE) if key is None else key
    db.run(
        _INSERT,
        {
            "version": version,
            "state": state,
            "root_id": UUID(store.root_id),
            "wrapped": store.wrap(key, bind_kek(tenant_id, version)),
            "check": Kek(version, key).make_check_value(tenant_id),
        },
    )


def rewrap_kek(store: KeyStore, tenant_id: UUID, version: int, root_id: str, wrapped: bytes) -> bytes:
    """The same key, wrapped by the present root."""
    aad = bind_kek(tenant_id, version)
    return store.wrap(store.unwrap(wrapped, aad, root_id), aad)


def has_keys_table(db: Db) -> bool:
    """Whether the tenant is migrated to a release that stores key-encryption keys."""
    return db.rows(_TABLE) == [(True,)]


def _find_active(db: Db, store: KeyStore, tenant_id: UUID) -> Kek | None:
    row = db.row(_ACTIVE)
    return unwrap_kek(store, tenant_id, row[0], WrappedKek(row[1].hex, bytes(row[2]))) if row else None

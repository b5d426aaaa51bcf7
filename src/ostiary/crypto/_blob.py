"""The encrypted value as it is stored (standards 5.2).

`01 | algorithm | key id (16) | nonce (12 or 24) | ciphertext and tag`. The key id lies at a fixed place, so
SQL can count and find what a key encrypts. Neither algorithm commits to its key: it is always chosen
by this id, never by trial.
"""

import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ostiary.crypto._errors import Undecipherable
from ostiary.crypto._xaes import KEY_SIZE, NONCE_SIZE, XaesKey

VERSION = 1
A256GCM = 1
XAES_256_GCM = 2
_ID_AT = 2
_NONCE_AT = 18
_TAG_SIZE = 16
_GCM_NONCE_SIZE = 12
_AAD_PREFIX = b"app.enc.v1\x00"


def bind(tenant_id: UUID, object_type_id: UUID, field_id: UUID, record_id: UUID) -> bytes:
    """The place of a value, authenticated with it: moved to another place, it does not decrypt.

    All of fixed length, so no two places share an encoding.
    """
    return bind_column(tenant_id, object_type_id, field_id) + record_id.bytes


def bind_column(tenant_id: UUID, object_type_id: UUID, field_id: UUID) -> bytes:
    """The part of a place that all records share, for who keeps it: `bind` is this and the record's id."""
    return _AAD_PREFIX + tenant_id.bytes + object_type_id.bytes + field_id.bytes


class Dek:
    """A data-encryption key in use. Never logged, never shown: it has no `repr` of its contents."""

    __slots__ = ("_header", "_key", "_xaes", "id")

    def __init__(self, dek_id: UUID, key: bytes) -> None:
        if len(key) != KEY_SIZE:
            raise ValueError("a data-encryption key has 32 bytes")
        self.id = dek_id
        self._key = key
        self._xaes = XaesKey(key)
        self._header = bytes([VERSION, XAES_256_GCM]) + dek_id.bytes

    def encrypt(self, plaintext: bytes, aad: bytes, *, nonce: bytes | None = None) -> bytes:
        """A blob under XAES-256-GCM. `nonce` is for test vectors alone."""
        nonce = os.urandom(NONCE_SIZE) if nonce is None else nonce
        return self._header + nonce + self._xaes.encrypt(nonce, plaintext, aad)

    def sealer(self) -> "Sealer":
        """For several blobs that are written together: one key derivation for all."""
        return Sealer(self._header, self._xaes)

    def decrypt(self, blob: bytes, aad: bytes) -> bytes:
        """The plaintext. Raises Undecipherable: altered, moved, of another key or of an unknown kind."""
        if key_of(blob) != self.id:
            raise Undecipherable("This value belongs to another key")
        try:
            if blob[1] == XAES_256_GCM:
                body = _NONCE_AT + NONCE_SIZE
                return self._xaes.decrypt(blob[_NONCE_AT:body], blob[body:], aad)
            body = _NONCE_AT + _GCM_NONCE_SIZE
            return AESGCM(self._key).decrypt(blob[_NONCE_AT:body], blob[body:], aad)
        except InvalidTag:
            raise Undecipherable("A stored value was altered or moved") from None


class Sealer:
    """Blobs that share the first half of their nonce, drawn at random for this object.

    Safe because the whole nonce still never repeats: the second halves are 96 random bits each, and a sealer
    lives for the blobs of one row or file, far from the 2^32 that SP 800-38D allows under one derived key.
    """

    __slots__ = ("_encrypt", "_start")

    def __init__(self, header: bytes, key: XaesKey) -> None:
        half = os.urandom(12)
        self._encrypt = key.derive(half).encrypt
        self._start = header + half

    def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        """A blob like any other."""
        rest = os.urandom(12)
        return self._start + rest + self._encrypt(rest, plaintext, aad)


def key_of(blob: bytes) -> UUID:
    """The id of the key that a blob was made with. Raises Undecipherable: not a blob that we write."""
    sizes = {A256GCM: _GCM_NONCE_SIZE, XAES_256_GCM: NONCE_SIZE}
    if len(blob) < _NONCE_AT or blob[0] != VERSION or blob[1] not in sizes:
        raise Undecipherable("A stored value is of an unknown kind")
    if len(blob) < _NONCE_AT + sizes[blob[1]] + _TAG_SIZE:
        raise Undecipherable("A stored value is too short")
    return UUID(bytes=bytes(blob[_ID_AT:_NONCE_AT]))

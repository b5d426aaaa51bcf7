"""Blind indexes: equality of an encrypted value without its content (standards 5.6)."""

import hmac
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

_LABEL = b"app.bidx.v1"
_FULL_BITS = 256


def derive_index_key(index_root: bytes, tenant_id: UUID, field_id: UUID, name: str, version: int) -> bytes:
    """The key of one index of one field. index_root: 32 bytes of the tenant. Source: standards 5.6."""
    parts = (_LABEL, tenant_id.bytes, field_id.bytes, name.encode(), version.to_bytes(4))
    info = b"".join(len(part).to_bytes(4) + part for part in parts)
    return HKDFExpand(SHA256(), 32, info).derive(index_root)


def blind_index(key: bytes, normalised: bytes, bits: int = _FULL_BITS) -> bytes:
    """The first `bits` bits of the value's MAC, the rest of the last byte zero.

    normalised: the value in the form that the field's kind and version prescribe.
    """
    if not 1 <= bits <= _FULL_BITS:
        raise ValueError("a blind index has 1 to 256 bits")
    size = (bits + 7) // 8
    value = int.from_bytes(hmac.digest(key, normalised, "sha256")[:size])
    spare = size * 8 - bits
    return (value >> spare << spare).to_bytes(size)

"""What a wrapped key is bound to, so that it opens in its own place alone.

A DEK: `app.dek.v1 | tenant (16) | scope | key id (16) | KEK version (4)`. Only the scope varies in length and
it stands between fixed ones, so no two places share an encoding.
A KEK: `app.kek.v2 | tenant (16) | version (4)`.
"""

from uuid import UUID

_DEK = b"app.dek.v1\x00"
_KEK = b"app.kek.v2\x00"
_DERIVED_KEK = b"app.kek.v1\x00"
_CHECK = b"app.kek.check.v1\x00"


def bind_wrapping(tenant_id: UUID, scope: str, dek_id: UUID, kek_version: int) -> bytes:
    """Additional data for wrapping a data-encryption key."""
    return _DEK + tenant_id.bytes + scope.encode() + dek_id.bytes + kek_version.to_bytes(4)


def bind_kek(tenant_id: UUID, version: int) -> bytes:
    """Additional data for wrapping a key-encryption key under a root."""
    return _KEK + tenant_id.bytes + version.to_bytes(4)


def bind_check(tenant_id: UUID, version: int) -> bytes:
    """Additional data of the known text that a key-encryption key is tested by."""
    return _CHECK + tenant_id.bytes + version.to_bytes(4)


def derived_kek_info(tenant_id: UUID, version: int) -> bytes:
    """What version 1 of a tenant's key-encryption key is derived from the root by."""
    return _DERIVED_KEK + tenant_id.bytes + version.to_bytes(4)

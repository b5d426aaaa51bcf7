"""What a wrapped key is bound to: `app.dek.v1 | tenant (16) | scope | key id (16) | KEK version (4)`.

Only the scope varies in length and it stands between fixed ones, so no two places share an encoding.
"""

from uuid import UUID

_PREFIX = b"app.dek.v1\x00"
_FIXED = len(_PREFIX) + 16 + 16 + 4


def bind_wrapping(tenant_id: UUID, scope: str, dek_id: UUID, kek_version: int) -> bytes:
    """Additional data for wrapping a data-encryption key."""
    return _PREFIX + tenant_id.bytes + scope.encode() + dek_id.bytes + kek_version.to_bytes(4)


def split_wrapping(aad: bytes) -> tuple[UUID, int]:
    """Tenant and KEK version, for a provider that keeps a key-encryption key for each tenant."""
    if not aad.startswith(_PREFIX) or len(aad) <= _FIXED:
        raise ValueError("not the additional data of a wrapped key")
    start = len(_PREFIX)
    return UUID(bytes=aad[start : start + 16]), int.from_bytes(aad[-4:])

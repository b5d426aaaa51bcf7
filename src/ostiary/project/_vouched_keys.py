"""Keys verified at an epoch. The data statement tests that epoch, so a revoked key opens nothing."""

import hashlib

from django.http import HttpRequest

from ostiary.identity import public as identity
from ostiary.kernel import clock
from ostiary.kernel.context import Context
from ostiary.kernel.ids import PrincipalId
from ostiary.kernel.recent import Recent

MAX_KEPT = 10_000


class VouchedKeys:
    """(schema, hash of the header) -> the key and the epoch at which it was found valid."""

    def __init__(self) -> None:
        self._kept: Recent[tuple[str, bytes], tuple[identity.ApiKey, int]] = Recent(MAX_KEPT)

    def find(self, ctx: Context, header: str) -> tuple[PrincipalId, int] | None:
        """The key's principal and the epoch, unless the key has expired by the clock since."""
        found = self._kept.get(self._name(ctx, header))
        if found is None:
            return None
        key, epoch = found
        if key.expires_at is not None and key.expires_at <= clock.now():
            return None
        return key.principal, epoch

    def keep(self, ctx: Context, header: str, key: identity.ApiKey, epoch: int) -> None:
        """Remember a key found valid after `epoch` was read."""
        self._kept.put(self._name(ctx, header), (key, epoch))

    def forget(self, request: HttpRequest) -> None:
        """Verify the request's key again."""
        self._kept.forget(self._name(request.ctx, request.META.get("HTTP_AUTHORIZATION", "")))

    @staticmethod
    def _name(ctx: Context, header: str) -> tuple[str, bytes]:
        return ctx.db.schema, hashlib.sha256(header.encode("utf-8", "surrogateescape")).digest()

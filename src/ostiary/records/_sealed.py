"""Values in the data plane's own tables, each encrypted for its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from ostiary.crypto import public as crypto
from ostiary.kernel.context import Context

SCOPE = "records"


@dataclass(frozen=True, slots=True)
class Place:
    """Where values are kept: a table and its column. keys: of a row, all ids. type, field: its name."""

    table: str
    column: str
    type: UUID
    field: UUID
    keys: tuple[str, ...] = ("id",)

    def seal(self, ctx: Context, key: Sequence[UUID], data: object) -> bytes:
        """The value as it is stored."""
        text = orjson.dumps(data, default=str)
        return crypto.ensure_dek(ctx, SCOPE).encrypt(text, self._at(ctx.tenant_id, key))

    def open(self, ctx: Context, key: Sequence[UUID], blob: bytes) -> Any:
        """The stored value. Raises crypto.Undecipherable."""
        return orjson.loads(crypto.decrypt(ctx, bytes(blob), self._at(ctx.tenant_id, key)))

    def _at(self, tenant_id: UUID, key: Sequence[UUID]) -> bytes:
        return crypto.bind_column(tenant_id, self.type, self.field) + b"".join(each.bytes for each in key)


def register(*places: Place) -> None:
    """Let rotation and the copy of a tenant know the places of one table."""
    first = places[0]
    by_column = {place.column: place for place in places}

    def bound(tenant_id: UUID, key: Sequence[Any], column: str) -> bytes:
        return by_column[column]._at(tenant_id, key)  # noqa: SLF001  of the same module

    keys = [(name, "uuid") for name in first.keys]
    crypto.register_encrypted(crypto.Encrypted(first.table, keys, list(by_column), bound))

"""Where encrypted values lie: each context says it of its tables, so that a rotation leaves none behind."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ostiary.crypto._secrets import bind_secret
from ostiary.kernel.ports import Db
from ostiary.kernel.tables import has_table

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_TYPES = frozenset({"uuid", "text", "bigint", "integer", "smallint"})


@dataclass(frozen=True, slots=True)
class Encrypted:
    """A table of the tenant's schema with encrypted columns.

    keys: its primary key in order, each column with its PostgreSQL type. blobs: columns in the form of
    standards 5.2; null stays null. place: additional data of (tenant, values of the key, column).
    dek_column: a column that repeats the key's id, if there is one. page: rows to hold in memory at once.
    """

    table: str
    keys: Sequence[tuple[str, str]]
    blobs: Sequence[str]
    place: Callable[[UUID, Sequence[Any], str], bytes]
    dek_column: str | None = None
    page: int = 2_000


_registry: dict[str, Encrypted] = {}


def register_encrypted(encrypted: Encrypted) -> None:
    """Declare a table with encrypted columns, at import. Raises ValueError: malformed, or declared before."""
    names = [encrypted.table, *(name for name, _ in encrypted.keys), *encrypted.blobs]
    names += [encrypted.dek_column] if encrypted.dek_column else []
    if not encrypted.keys or not encrypted.blobs or not all(_NAME.fullmatch(name) for name in names):
        raise ValueError(f"{encrypted.table}: keys and encrypted columns are plain names")
    if not {type_ for _, type_ in encrypted.keys} <= _TYPES:
        raise ValueError(f"{encrypted.table}: a key of another type than {', '.join(sorted(_TYPES))}")
    if encrypted.table in _registry:
        raise ValueError(f"{encrypted.table} was declared before")
    _registry[encrypted.table] = encrypted


def encrypted_tables(db: Db) -> list[Encrypted]:
    """Every declared table that the schema of `db` has, by name.

    The installation's own schema holds few of them, a tenant of the release before lacks the newest.
    """
    return [_registry[name] for name in sorted(_registry) if has_table(db, name)]


register_encrypted(
    Encrypted(
        table="crypto_secret",
        keys=[("name", "text")],
        blobs=["blob"],
        place=lambda tenant_id, key, _: bind_secret(tenant_id, key[0]),
    )
)

"""Ports that low contexts need and higher ones fill."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol
from uuid import UUID

Params = Mapping[str, Any]
Row = tuple[Any, ...]


class Db(Protocol):
    """One transaction of one tenant, under the tenant's own database role.

    In SQL text `@.` stands for the tenant's schema: `select id from @.identity_unit`. Every statement is
    bound on the server, so it is one statement and its parameters are never text of it.
    """

    @property
    def schema(self) -> str: ...

    def rows(self, sql: str, params: Params | None = None) -> list[Row]:
        """All rows of one statement; parameters are named, `%(name)s`."""

    def row(self, sql: str, params: Params | None = None) -> Row | None:
        """The first row or None."""

    def run(self, sql: str, params: Params | None = None) -> int:
        """Execute and return the number of rows concerned."""

    def raw(self, sql: str, params: Sequence[Any], *, keep: bool = True) -> list[Row]:
        """All rows of a compiled statement with native parameters `$1..$n`; `sql` names the schema itself.

        keep: whether the server keeps its plan; no for texts that may never come again.
        """

    def savepoint(self) -> AbstractContextManager[None]:
        """A part that can fail without the rest."""

    def aside(self) -> AbstractContextManager["Db"]:
        """A second transaction that commits by itself, for derived state and events of refused actions."""


class KeyStore(Protocol):
    """Where the root of the keys lives (standards: KMS port). The local one keeps it in a file.

    A root is named by `root_id`, 32 hexadecimal digits that tell nothing about it. More than one may be
    known: the present one wraps, the others still open what they wrapped.
    """

    @property
    def root_id(self) -> str:
        """The root that wraps from now on."""

    def wrap(self, key: bytes, aad: bytes) -> bytes:
        """Encrypt a key under the present root."""

    def unwrap(self, wrapped: bytes, aad: bytes, root_id: str) -> bytes:
        """The key. Raises Undecipherable or Misconfigured: that root is not here."""

    def derive(self, info: bytes, root_id: str | None = None) -> bytes:
        """32 bytes that belong to `info` alone, from the present or the named root."""

    def purpose_version(self, purpose: str) -> int:
        """The present version of an installation key."""


class Tenant(Protocol):
    """What low contexts know of a tenant."""

    @property
    def id(self) -> UUID: ...

    @property
    def schema(self) -> str: ...

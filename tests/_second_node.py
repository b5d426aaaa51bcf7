"""A second node: another process on the same database, which keeps what it knows about rights to itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from uuid import UUID

from ostiary.crypto import public as crypto
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied, NotFound, NotSignedIn
from ostiary.kernel.ids import PrincipalId
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation

Shown = tuple[tuple[str, ...], tuple[str, ...]]  # ids of the list in order, restricted columns
REFUSED: Shown = (("refused",), ())


@dataclass(frozen=True)
class Asked:
    """A principal's whole list of an object."""

    tenant: tenancy.Tenant
    principal: UUID
    object: str


def answer(asked: Asked) -> Shown:
    """The list as this process gives it now."""
    with tenancy.transaction(asked.tenant) as db:
        ctx = Context(asked.tenant.id, db, PrincipalId(asked.principal), Channel.API)
        query = records.RecordQuery(asked.object, sort=(records.Sort("created_at"),), limit=1_000)
        try:
            page = records.list_records(ctx, query)
        except (AccessDenied, NotFound, NotSignedIn):
            return REFUSED
    return tuple(map(str, page.ids)), page.restricted


class SecondNode:
    """What the test says to the other process."""

    def __init__(self, pipe: "Connection[Any, Any]") -> None:
        self._pipe = pipe

    def ask(self, asked: Asked) -> Shown:
        """The list as the other node gives it now. Raises RuntimeError with what it stumbled over."""
        self._pipe.send(asked)
        found: Shown | str = self._pipe.recv()
        if isinstance(found, str):
            raise RuntimeError(found)
        return found


@contextmanager
def second_node(installation: Installation) -> Iterator[SecondNode]:
    """Start another node on the same database."""
    context = get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(
        target=_serve,
        args=(theirs, installation.credentials, installation.vault, installation.root_key),
        daemon=True,
    )
    process.start()
    try:
        yield SecondNode(mine)
    finally:
        mine.send(None)
        process.join(30)
        if process.is_alive():
            process.kill()


def _serve(pipe: "Connection[Any, Any]", credentials: Any, vault: Any, root_key: Path) -> None:
    crypto.configure(crypto.ensure_plaintext_root(root_key))
    placement = tenancy.configure(credentials, vault=vault)
    while (asked := pipe.recv()) is not None:
        try:
            pipe.send(answer(asked))
        except Exception as error:  # noqa: BLE001  the test that asked is told
            pipe.send(f"{type(error).__name__}: {error}")
    placement.close()

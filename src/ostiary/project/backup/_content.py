"""Reading a backup: its parts in the order in which they stand, each checked when it has gone by."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ostiary.kernel.errors import Invalid
from ostiary.project.backup._copy import Tally
from ostiary.project.backup._describe import Structure, Table
from ostiary.project.backup._errors import BackupDamaged
from ostiary.project.backup._frames import Kind, Pull, read_frames, read_note


@dataclass(frozen=True, slots=True)
class TenantHeader:
    """What a backup says of the tenant in it. own_login: None where an older release did not note it."""

    product: int
    at: str
    server: int
    id: UUID
    slug: str
    name: str
    schema: str
    placement: str
    release: int
    hosts: tuple[str, ...]
    own_login: bool | None


class Content:
    """The inside of one tenant's backup. Read it once, from the top: header, structure, tables, end."""

    def __init__(self, source: Pull) -> None:
        self._frames = read_frames(source)
        self.header = _header(self._note(Kind.HEADER))
        try:
            self.structure = Structure.from_json(self._note(Kind.STRUCTURE))
        except (TypeError, KeyError):
            raise BackupDamaged("the structure in the backup is of another release") from None
        self.tables: dict[str, dict[str, Any]] = {}
        self.sequences: dict[str, list[Any]] = {}

    def _note(self, kind: Kind) -> Any:
        found, payload = self._next()
        if found is not kind:
            raise BackupDamaged(f"the backup has {found.name} where {kind.name} belongs")
        return read_note(payload)

    def _next(self) -> tuple[Kind, bytes]:
        found = next(self._frames, None)
        if found is None:
            raise BackupDamaged("the backup is cut short")
        return found

    def walk(self) -> Iterator[tuple[Table, Iterator[bytes]]]:
        """Each table with its rows, which must be taken to their end before the next table.

        Raises: BackupDamaged: a digest is not the one in the file, or tables are missing or unknown.
        """
        expected = {table.name: table for table in self.structure.data_tables()}
        while True:
            kind, payload = self._next()
            if kind is Kind.SEQUENCES:
                self.sequences = read_note(payload)
                break
            if kind is not Kind.TABLE:
                raise BackupDamaged(f"the backup has {kind.name} where a table belongs")
            said = read_note(payload)
            table = expected.pop(said["name"], None)
            if table is None or table.stored != said["columns"]:
                raise BackupDamaged(
                    f"the backup has rows of a table that it does not describe: {said['name']}"
                )
            tally = Tally()
            yield table, self._rows(tally)
            if table.name not in self.tables:
                raise BackupDamaged(f"the rows of {table.name} were not read to their end")
        if expected:
            raise BackupDamaged(f"the backup lacks the rows of {', '.join(sorted(expected))}")
        if self._note(Kind.MANIFEST) != {"tables": self.tables}:
            raise BackupDamaged("the list of digests is not that of the tables")
        if self._next()[0] is not Kind.END or next(self._frames, None) is not None:
            raise BackupDamaged("the backup goes on behind its end")

    def _rows(self, tally: Tally) -> Iterator[bytes]:
        while True:
            kind, payload = self._next()
            if kind is Kind.TABLE_END:
                said = read_note(payload)
                if {"rows": said.get("rows"), "sha256": said.get("sha256")} != tally.as_json():
                    raise BackupDamaged(f"the rows of {said.get('name')} have another digest")
                self.tables[said["name"]] = tally.as_json()
                return
            if kind is not Kind.ROWS:
                raise BackupDamaged(f"the backup has {kind.name} where rows belong")
            tally.add(payload)
            yield payload


def _header(said: Any) -> TenantHeader:
    try:
        tenant = said["tenant"]
        return TenantHeader(
            int(said["product"]),
            said["at"],
            int(said["server"]),
            UUID(tenant["id"]),
            str(tenant["slug"]),
            str(tenant["name"]),
            str(tenant["schema"]),
            str(tenant["placement"]),
            int(tenant["release"]),
            tuple(map(str, tenant["hosts"])),
            _said_login(tenant),
        )
    except (KeyError, TypeError, ValueError, Invalid):
        raise BackupDamaged("the header of the backup cannot be read") from None


def _said_login(tenant: dict[str, Any]) -> bool | None:
    return bool(tenant["own_login"]) if "own_login" in tenant else None

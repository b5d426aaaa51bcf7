"""Proving a backup: every byte opened, every digest compared; deeply, by restoring it unseen."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ostiary.kernel import clock
from ostiary.kernel.ids import TenantId, new_id
from ostiary.project.backup._content import Content, TenantHeader
from ostiary.project.backup._copy import connect
from ostiary.project.backup._errors import BackupRefused
from ostiary.project.backup._restore import fill
from ostiary.project.backup._save import Progress, silent
from ostiary.project.backup._sealed import open_sealed
from ostiary.tenancy import public as tenancy

PROVING = "proving_"  # start of the name of the schema that a backup is restored into and dropped again
_ABANDONED_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found whole. `deep`: it was restored and read again."""

    header: TenantHeader
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    deep: bool = False


def verify_tenant(file: Path, *, deep: bool = False, progress: Progress = silent) -> Verified:
    """Read a tenant's backup to its end and compare every digest.

    deep: restore it into a schema without a role, compare what the database then holds, and drop it.
    Raises: BackupDamaged. BackupRefused: it cannot be restored here.
    """
    with open_sealed(file) as (head, source):
        if head.kind not in ("tenant", "schema"):
            raise BackupRefused(f"{file.name} holds {head.kind}, not a tenant")
        content = Content(source)
        if deep:
            _prove(content, progress)
        else:
            for _table, lines in content.walk():
                for _ in lines:
                    pass
    return Verified(content.header, content.tables, deep)


def _prove(content: Content, progress: Progress) -> None:
    owner = tenancy.placement()
    name = f"{PROVING}{new_id().hex}"
    scratch = tenancy.Tenant(TenantId(new_id()), content.header.slug, "", schema=name, role="ostiary_owner")
    with tenancy.owner_transaction(scratch) as db:
        for left in _abandoned(db):
            db.ddl(f"DROP SCHEMA {left} CASCADE")
        tenancy.make_schema(db, scratch)
    try:
        with connect(owner.owner, scratch.schema) as connection:
            fill(connection, scratch, content, progress)
    finally:
        with tenancy.owner_transaction(scratch) as db:
            db.ddl(f"DROP SCHEMA IF EXISTS {scratch.schema} CASCADE")


def _abandoned(db: tenancy.OwnerTransaction) -> list[str]:
    """Schemas of proofs that were killed, a day after they began: the id in the name tells when."""
    rows = db.rows(
        "select nspname from pg_catalog.pg_namespace where nspname ~ %(form)s",
        {"form": f"^{PROVING}[0-9a-f]{{32}}$"},
    )
    limit = (clock.now().timestamp() - _ABANDONED_S) * 1000
    return [name for (name,) in rows if int(name.removeprefix(PROVING)[:12], 16) < limit]

"""Planted migrations, tenants of the release before, and a tenant that an earlier release made itself."""

import gzip
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import migrations
from django.db.migrations.loader import MigrationLoader

from ostiary.kernel.ids import TenantId
from ostiary.project._release import OLDEST_SERVED
from ostiary.project._tenants import create_tenant
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation

FIXTURES = Path(__file__).parents[2] / "fixtures"


@contextmanager
def planted(patch: pytest.MonkeyPatch, *steps: Sequence[object], atomic: bool = True) -> Iterator[None]:
    """Further migrations of `access`, one after the other, as if the next release had brought them."""
    load = MigrationLoader.load_disk

    def load_disk(self: Any) -> None:
        load(self)
        last = max(name for app, name in self.disk_migrations if app == "access")
        for number, operations in enumerate(steps):
            migration = migrations.Migration(f"9{number:03}_planted", "access")
            migration.dependencies = [("access", last)]
            migration.operations = list(operations)
            migration.atomic = atomic
            self.disk_migrations["access", migration.name] = migration
            last = migration.name

    with patch.context() as inner:
        inner.setattr(MigrationLoader, "load_disk", load_disk)
        yield


def make_tenant(installation: Installation, name: str) -> tenancy.Tenant:
    """A tenant with today's tables, noted as one of the release before."""
    made = create_tenant(
        f"{name}{installation.worker}",
        name,
        [],
        login="admin",
        person="Ada Admin",
        email="admin@example.com",
        password=None,
    ).tenant
    tenancy.set_release(made, OLDEST_SERVED)
    return replace(made, release=OLDEST_SERVED)


def columns(tenant: tenancy.Tenant) -> Mapping[tuple[str, str], tuple[str, bool]]:
    """By table and column of the tenant's schema: type, and whether a row may leave it out."""
    with tenancy.owner_transaction(tenant) as db:
        return {
            (row[0], row[1]): (row[2], row[3])
            for row in db.rows(
                "select c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod),"
                " not a.attnotnull or a.atthasdef or a.attidentity <> ''"
                " from pg_attribute a join pg_class c on c.oid = a.attrelid"
                " where c.relnamespace = %(schema)s::regnamespace and c.relkind in ('r', 'p')"
                " and a.attnum > 0 and not a.attisdropped",
                {"schema": tenant.schema},
            )
        }


def no_pause(seconds: float) -> None:
    """Between attempts, in tests."""
    assert seconds > 0


@dataclass(frozen=True, slots=True)
class Past:
    """A tenant as a release left it, and what may be expected of it. key: its root key."""

    tenant: tenancy.Tenant
    facts: Mapping[str, Any]
    key: Path


def restore(installation: Installation, folder: str, keys: Path) -> Past:
    """Bring a kept tenant of a release into the worker's database, under the name that its keys carry."""
    source = FIXTURES / folder
    facts = json.loads((source / "facts.json").read_text())
    key = keys / "root.key"
    shutil.copyfile(source / "root.key", key)
    key.chmod(0o600)
    tenant = tenancy.Tenant(TenantId(UUID(facts["id"])), "past", "Past", schema="t_past", role="t_past")
    tenancy.make_role(installation.placement, tenant)
    dump = gzip.decompress((source / "tenant.sql.gz").read_bytes())
    with psycopg.connect(installation.credentials.admin or "", autocommit=True) as connection:
        connection.execute(dump)
    tenancy.directory().enter(tenant, ["past.test"])
    return Past(tenant, facts, key)


def forget(tenant: tenancy.Tenant) -> None:
    """Take a restored tenant away again. Its role stays, since other workers' databases know it too."""
    with tenancy.owner_transaction(tenant) as db:
        db.ddl(f"DROP SCHEMA {tenant.schema} CASCADE")
    tenancy.directory().remove(tenant)

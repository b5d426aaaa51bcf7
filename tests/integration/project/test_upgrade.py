"""Tenants brought up to this release: each by itself, whole or not at all, and served meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from django.db import migrations
from django.db.migrations.loader import MigrationLoader

from ostiary.project import _release
from ostiary.project._tenants import NewTenant, create_tenant
from ostiary.project._upgrade import Order, Outcome, upgrade_tenant
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation

pytestmark = pytest.mark.database

Operations = Callable[[], list[migrations.operations.base.Operation]]


@contextmanager
def planted(monkeypatch: pytest.MonkeyPatch, **operations: list[object]) -> Iterator[None]:
    """Further migrations of `access`, one after the other, as if the next release had brought them."""
    load = MigrationLoader.load_disk

    def load_disk(self: MigrationLoader) -> None:
        load(self)
        last = max(name for app, name in self.disk_migrations if app == "access")
        for name, wanted in operations.items():
            migration = migrations.Migration(name, "access")
            migration.dependencies = [("access", last)]
            migration.operations = wanted
            self.disk_migrations["access", name] = migration
            last = name

    with monkeypatch.context() as patch:
        patch.setattr(MigrationLoader, "load_disk", load_disk)
        yield


def make_tenant(installation: Installation, name: str) -> tenancy.Tenant:
    """A tenant of the release before."""
    new: NewTenant = create_tenant(
        f"{name}{installation.worker}",
        name,
        [],
        login="admin",
        person="Ada Admin",
        email="admin@example.com",
        password=None,
    )
    tenancy.set_release(new.tenant, _release.OLDEST_SERVED)
    return replace(new.tenant, release=_release.OLDEST_SERVED)


def columns(tenant: tenancy.Tenant, table: str) -> set[str]:
    with tenancy.owner_transaction(tenant) as db:
        return {
            row[0]
            for row in db.rows(
                "select column_name from information_schema.columns where table_schema = %(s)s"
                " and table_name = %(t)s",
                {"s": tenant.schema, "t": table},
            )
        }


def no_pause(seconds: float) -> None:
    assert seconds > 0


ADD = migrations.RunSQL("alter table access_switches add column planted integer")


def test_a_tenant_is_whole_or_as_before(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = make_tenant(installation, "good"), make_tenant(installation, "bad")
    break_ = migrations.RunPython(
        lambda apps, editor: editor.execute("select 1 / (current_schema() <> %s)::int", [bad.schema])
    )
    with planted(monkeypatch, p1=[ADD], p2=[break_]):
        reports = [upgrade_tenant(t, Order(), pause=no_pause) for t in (good, bad)]
    assert [r.outcome for r in reports] == [Outcome.UPGRADED, Outcome.FAILED]
    assert "division by zero" in reports[1].reason
    assert "planted" in columns(good, "access_switches")
    assert "planted" not in columns(bad, "access_switches")
    assert tenancy.get_tenant(good.slug).release == _release.RELEASE
    assert tenancy.get_tenant(bad.slug).release == _release.OLDEST_SERVED
    with planted(monkeypatch, p1=[ADD], p2=[]):
        again = [upgrade_tenant(tenancy.get_tenant(t.slug), Order(), pause=no_pause) for t in (good, bad)]
    assert [r.outcome for r in again] == [Outcome.CURRENT, Outcome.UPGRADED]

"""Tenants brought up to this release: each by itself, whole or not at all, and served meanwhile."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models, transaction

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.crm import public as crm
from ostiary.identity import public as identity
from ostiary.kernel import clock
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import new_id
from ostiary.objects import public as objects
from ostiary.project import _migrations
from ostiary.project._release import OLDEST_SERVED, RELEASE, refusal
from ostiary.project._upgrade import ATTEMPTS, Order, Outcome, upgrade_tenant
from ostiary.project._upgrade_command import upgrade_all
from ostiary.tenancy import public as tenancy
from tests._houses import eventually
from tests._tenants import Installation
from tests.integration.project._upgrades import columns, make_tenant, no_pause, planted

pytestmark = pytest.mark.database

ADD = migrations.RunSQL("alter table access_switches add column planted integer")
GIVE = migrations.RunSQL(
    "insert into access_operation_row (id, operation, unit_id, allowed, position)"
    " select gen_random_uuid(), 'CanExportGrid', id, true, 99 from identity_unit where code = 'all_employees'"
)
PLACE = ("access_switches", "planted")


def failing_in(tenant: tenancy.Tenant) -> migrations.RunPython:
    def divide(apps: Any, editor: Any) -> None:
        with editor.connection.cursor() as cursor:
            cursor.execute("select 1 / (current_schema() <> %s)::int", [tenant.schema])

    return migrations.RunPython(divide)


def add_person(tenant: tenancy.Tenant, login: str) -> None:
    with tenancy.transaction(tenant) as db:
        ctx = Context(tenant.id, db, None, Channel.CLI)
        identity.create_person(ctx, login=login, name=login.title(), email=f"{login}@example.com")


def upgraded_events(tenant: tenancy.Tenant) -> list[audit.EventView]:
    with tenancy.transaction(tenant) as db:
        ctx = Context(tenant.id, db, None, Channel.CLI)
        return [e for e in audit.list_latest(ctx, limit=20) if e.type == "tenancy.tenant.upgraded"]


def test_one_that_fails_stops_nobody_and_is_repeated(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants = [make_tenant(installation, f"five{n}") for n in range(5)]
    bad = tenants[2]
    with planted(monkeypatch, [ADD], [failing_in(bad)]):
        reports = {r.tenant: r for r in upgrade_all(tenants, Order(), 3)}
    assert {r.outcome for r in reports.values()} == {Outcome.UPGRADED, Outcome.FAILED}
    assert [slug for slug, r in reports.items() if r.outcome is Outcome.FAILED] == [bad.slug]
    assert reports[bad.slug].reason == "DivisionByZero: division by zero"
    for tenant in tenants:
        known = tenancy.get_tenant_by_id(tenant.id)
        assert (PLACE in columns(tenant)) == (tenant is not bad)
        assert known.release == (OLDEST_SERVED if tenant is bad else RELEASE)
        assert refusal(known) is None  # the failed one is served as before
    with planted(monkeypatch, [ADD], []):
        again = {r.tenant: r.outcome for r in upgrade_all(list(map(by_id, tenants)), Order(), 2)}
    assert again == {t.slug: Outcome.UPGRADED if t is bad else Outcome.CURRENT for t in tenants}


def by_id(tenant: tenancy.Tenant) -> tenancy.Tenant:
    return tenancy.get_tenant_by_id(tenant.id)


def test_widening_is_undone_until_it_is_accepted(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = make_tenant(installation, "wide")
    add_person(tenant, "bob")
    with planted(monkeypatch, [ADD], [GIVE]):
        refused = upgrade_tenant(tenant, Order(), pause=no_pause)
        assert refused.outcome is Outcome.WIDENS
        assert refused.after == OLDEST_SERVED
        assert refused.access == ("+ execute CanExportGrid -- Bob (All employees)",)
        assert PLACE not in columns(tenant)
        assert upgraded_events(tenant) == []

        accepted = upgrade_tenant(tenant, Order(accept_widening=True), pause=no_pause)
    assert accepted.outcome is Outcome.UPGRADED
    assert accepted.access == refused.access
    assert PLACE in columns(tenant)
    (event,) = upgraded_events(tenant)
    upgrade, access = event.parts
    assert upgrade["widening_accepted"] is True
    assert upgrade["migrations"] == ["access.9000_planted", "access.9001_planted"]
    assert [change["what"] for change in access["gained"]["changes"]] == ["execute CanExportGrid"]


def test_a_dry_run_tells_and_keeps_nothing(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = make_tenant(installation, "dry")
    add_person(tenant, "bob")
    with planted(monkeypatch, [ADD], [GIVE]):
        report = upgrade_tenant(tenant, Order(dry_run=True), pause=no_pause)
    assert (report.outcome, report.after) == (Outcome.WOULD_UPGRADE, OLDEST_SERVED)
    assert report.access == ("+ execute CanExportGrid -- Bob (All employees)",)
    assert PLACE not in columns(tenant)


@pytest.mark.parametrize("attempts_held", [1, ATTEMPTS])
def test_somebody_elses_lock_is_waited_for_not_for_ever(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, attempts_held: int
) -> None:
    tenant = make_tenant(installation, f"lock{attempts_held}")
    monkeypatch.setattr(_migrations, "LOCK_TIMEOUT", "50ms")
    pauses: list[float] = []
    with ExitStack() as stack:
        reader = stack.enter_context(tenancy.transaction(tenant))
        reader.rows("select records from @.access_switches")

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == attempts_held:
                stack.close()  # the reader ends

        with planted(monkeypatch, [ADD]):
            report = upgrade_tenant(tenant, Order(), pause=pause)
    if attempts_held < ATTEMPTS:
        assert report.outcome is Outcome.UPGRADED
        assert PLACE in columns(tenant)
    else:
        assert report.outcome is Outcome.FAILED
        assert report.reason.startswith("LockNotAvailable: ")
        assert len(pauses) == ATTEMPTS - 1
        assert max(pauses) > pauses[0]
        assert PLACE not in columns(tenant)


def test_a_data_migration_may_use_djangos_models(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows wait for the check of their references: the next change of their table must not mind."""
    tenant = make_tenant(installation, "orm")
    seen: list[Any] = []

    def work(apps: Any, editor: Any) -> None:
        unit, membership = apps.get_model("identity", "Unit"), apps.get_model("identity", "Membership")
        person = unit.objects.get(kind="person")
        with suppress(RuntimeError), transaction.atomic():
            membership.objects.all().delete()
            raise RuntimeError
        with transaction.atomic():
            role = unit.objects.create(id=new_id(), kind="func", name="Planted")
            membership.objects.bulk_create([membership(principal=person, role=role)])
        session = apps.get_model("identity", "Session")
        session.objects.create(
            key_hash=b"k", principal=person, expires_at=clock.now(), data={"planted": [1, {"a": None}]}
        )
        seen.extend(session.objects.values_list("data", "expires_at__year", "created_at").iterator())

    change = migrations.RunSQL("alter table identity_membership add column planted integer")
    with planted(monkeypatch, [migrations.RunPython(work)], [change]):
        report = upgrade_tenant(tenant, Order(accept_widening=True), pause=no_pause)
    assert (report.outcome, report.reason) == (Outcome.UPGRADED, "")
    assert [line.partition(" -- ")[0] for line in report.access] == ["+ have what is given to Planted"]
    ((data, year, created),) = seen
    assert data == {"planted": [1, {"a": None}]}
    assert year == created.year
    assert created.tzinfo is not None


def test_two_runs_do_not_work_on_one_tenant(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = make_tenant(installation, "busy")
    inner = []

    def meanwhile(apps: object, editor: object) -> None:
        inner.append(upgrade_tenant(tenant, Order(), pause=no_pause))

    with planted(monkeypatch, [ADD, migrations.RunPython(meanwhile)]):
        outer = upgrade_tenant(tenant, Order(), pause=no_pause)
    assert outer.outcome is Outcome.UPGRADED
    assert [r.outcome for r in inner] == [Outcome.BUSY]


def test_an_index_is_built_beside_the_work_and_begun_anew(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = make_tenant(installation, "index")
    build = AddIndexConcurrently("share", models.Index(fields=["level"], name="planted_idx"))
    with tenancy.owner_transaction(tenant) as db:
        db.ddl("create index planted_idx on @.access_share (level)")
    with psycopg.connect(installation.credentials.admin or "", autocommit=True) as connection:
        connection.execute(  # as an attempt that was killed leaves it
            "update pg_index set indisvalid = false where indexrelid = to_regclass(%s)",
            (f"{tenant.schema}.planted_idx",),
        )
    with planted(monkeypatch, [build], atomic=False):
        dry = upgrade_tenant(tenant, Order(dry_run=True), pause=no_pause)
        assert dry.outcome is Outcome.WOULD_UPGRADE
        assert "cannot be tried" in dry.reason
        report = upgrade_tenant(tenant, Order(), pause=no_pause)
    assert (report.outcome, report.reason) == (Outcome.UPGRADED, "")
    with tenancy.owner_transaction(tenant) as db:
        assert db.row(
            "select indisvalid from pg_index where indexrelid = to_regclass(%(name)s)",
            {"name": f"{tenant.schema}.planted_idx"},
        ) == (True,)


def test_widening_that_no_transaction_holds_is_told(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = make_tenant(installation, "loose")
    add_person(tenant, "bob")
    with planted(monkeypatch, [GIVE], atomic=False):
        report = upgrade_tenant(tenant, Order(), pause=no_pause)
        assert report.outcome is Outcome.WIDENS
        assert report.access == ("+ execute CanExportGrid -- Bob (All employees)",)
        assert "cannot be rolled back" in report.reason
        again = upgrade_tenant(by_id(tenant), Order(), pause=no_pause)
    assert again.outcome is Outcome.UPGRADED


def test_new_tables_are_granted_and_those_of_the_log_only_to_add_to(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = make_tenant(installation, "grant")
    make = [
        migrations.RunSQL("create table planted (id integer)"),
        migrations.RunSQL("create table audit_event_planted (id integer)"),
    ]
    with planted(monkeypatch, make):
        assert upgrade_tenant(tenant, Order(), pause=no_pause).outcome is Outcome.UPGRADED
    with tenancy.transaction(tenant) as db:
        for table, verbs in (("planted", "SIUD"), ("audit_event_planted", "SI")):
            row = db.row(
                "select has_table_privilege(%(t)s, 'SELECT'), has_table_privilege(%(t)s, 'INSERT'),"
                " has_table_privilege(%(t)s, 'UPDATE'), has_table_privilege(%(t)s, 'DELETE')",
                {"t": f"{tenant.schema}.{table}"},
            )
            assert row is not None
            assert "".join(letter for letter, has in zip("SIUD", row, strict=True) if has) == verbs


def test_a_later_tenant_is_left_alone(installation: Installation) -> None:
    tenant = make_tenant(installation, "later")
    tenancy.set_release(tenant, RELEASE + 1)
    report = upgrade_tenant(by_id(tenant), Order(), pause=no_pause)
    assert report.outcome is Outcome.FAILED
    assert by_id(tenant).release == RELEASE + 1


def test_a_node_serves_its_own_release_and_the_one_before(installation: Installation) -> None:
    tenant = make_tenant(installation, "window")
    served = {
        release: refusal(replace(tenant, release=release)) is None
        for release in range(RELEASE - 2, RELEASE + 2)
    }
    assert served == {RELEASE - 2: False, RELEASE - 1: True, RELEASE: True, RELEASE + 1: False}


def test_a_run_that_is_killed_is_taken_up_where_it_was(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tenants = [make_tenant(installation, f"kill{n}") for n in range(4)]
    held, others = tenants[1], [t for n, t in enumerate(tenants) if n != 1]
    key = tmp_path_factory.getbasetemp() / "keys0" / "root.key"  # the installation's, of this worker
    asked = {
        "app": installation.credentials.app,
        "owner": installation.credentials.owner,
        "key": str(key),
        "tenants": [str(t.id) for t in tenants],
        "held": held.schema,
    }
    run = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.project._held_run"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with run:
        assert run.stdin is not None
        assert run.stdout is not None
        run.stdin.write(json.dumps(asked) + "\n")
        run.stdin.flush()
        said = {run.stdout.readline().strip() for _ in range(len(tenants))}
        run.kill()
    assert said == {"held", *(f"{t.slug} upgraded" for t in others)}
    assert [by_id(t).release for t in others] == [RELEASE] * len(others)
    assert by_id(held).release == OLDEST_SERVED
    with planted(monkeypatch, [ADD], []):
        reports = [
            upgrade_tenant(by_id(t), Order(), pause=no_pause)
            for t in tenants
            if t is not held or until_free(held)
        ]
    assert {r.outcome for r in reports if r.tenant != held.slug} == {Outcome.CURRENT}
    assert [r.outcome for r in reports if r.tenant == held.slug] == [Outcome.UPGRADED]
    assert PLACE in columns(held)


def until_free(tenant: tenancy.Tenant) -> bool:
    """The server ends a killed client's sessions when it notices: wait for its locks, which say so."""
    return eventually(lambda: upgrade_tenant(tenant, Order(dry_run=True)).outcome is not Outcome.BUSY)


def test_packages_come_along_by_a_service_account_that_is_nobody_afterwards(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tenant = make_tenant(installation, "pack")
    with tenancy.transaction(tenant) as db:
        nobody = Context(tenant.id, db, None, Channel.CLI)
        ctx = nobody.acting_as(identity.find_login(nobody, "admin"))
    crm.install(tenant, ctx)
    with tenancy.transaction(tenant) as db:
        inside = ctx.within(db)
        bob = access.create_person(inside, login="bob", name="Bob", email="bob@example.com")
        sales = identity.find_unit(inside, "sales")
        assert sales is not None
        access.add_member(inside, bob, sales)
    current = upgrade_tenant(replace(tenant, release=RELEASE), Order(), pause=no_pause)
    assert (current.outcome, current.reason) == (Outcome.CURRENT, "")

    later = with_one_more_column(tmp_path)
    monkeypatch.setattr("ostiary.crm._install.FOLDER", later)
    plain = upgrade_tenant(replace(tenant, release=RELEASE), Order(packages=False), pause=no_pause)
    assert plain.outcome is Outcome.CURRENT
    refused = upgrade_tenant(tenant, Order(), pause=no_pause)
    assert refused.outcome is Outcome.WIDENS, refused
    assert any(line.startswith("+ lead.planted: none -> ") and "Bob" in line for line in refused.access)
    accepted = upgrade_tenant(tenant, Order(accept_widening=True), pause=no_pause)
    assert (accepted.outcome, accepted.access) == (Outcome.UPGRADED, refused.access)
    with tenancy.transaction(tenant) as db:
        inside = ctx.within(db)
        assert "planted" in objects.find_object(inside, "lead").columns
        account = identity.find_unit(inside, "service:upgrade")
        assert account is not None
        assert db.row("select active from @.identity_unit where id = %(id)s", {"id": account}) == (False,)
        assert identity.roles_of(inside, account) == frozenset()
    assert upgraded_events(tenant)[0].parts[0]["packages"] == ["crm"]


def with_one_more_column(folder: Path) -> Path:
    """The CRM package as a later release might bring it."""
    later = folder / "package"
    shutil.copytree(crm.FOLDER, later)
    lead = later / "lead.yaml"
    text = lead.read_text()
    column = (
        "  - {column: planted, type: text, class: internal, personal_data: none,"
        " retention: {months: 0, after: created, then: keep}}\n"
    )
    lead.write_text(text.replace("columns:\n", "columns:\n" + column, 1))
    return later


def test_rights_do_not_change_while_they_are_compared(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an administrator does meanwhile comes after the upgrade and is not taken for its doing."""
    tenant = make_tenant(installation, "still")
    add_person(tenant, "bob")
    with tenancy.transaction(tenant) as db:
        nobody = Context(tenant.id, db, None, Channel.CLI)
        admin, bob = (identity.find_login(nobody, login) for login in ("admin", "bob"))
        administrators = identity.find_unit(nobody, identity.SYSTEM_ADMINISTRATORS)
    assert bob is not None
    assert administrators is not None
    waiting = []

    def meanwhile(apps: Any, editor: Any) -> None:
        try:
            with tenancy.transaction(tenant) as db:
                db.run("set local lock_timeout = '100ms'")
                access.add_member(nobody.within(db).acting_as(admin), bob, administrators)
        except psycopg.errors.LockNotAvailable:
            waiting.append(True)

    with planted(monkeypatch, [migrations.RunPython(meanwhile)]):
        report = upgrade_tenant(tenant, Order(), pause=no_pause)
    assert (report.outcome, report.access) == (Outcome.UPGRADED, ())
    assert waiting == [True]
    with tenancy.transaction(tenant) as db:  # and afterwards it can be done
        access.add_member(nobody.within(db).acting_as(admin), bob, administrators)

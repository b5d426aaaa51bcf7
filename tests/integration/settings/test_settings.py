"""Settings of a tenant: guarded, recorded with before and after, read without a query of their own."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound
from ostiary.settings import _declare, _store
from ostiary.settings import public as settings
from ostiary.settings.public import Kind, Setting
from ostiary.tenancy import public as tenancy
from tests._tenants import RolledBack, TestTenant, rolled_back

PLAIN = Setting("SampleNumber", Kind.INTEGER, 5, "Number", "A number.", "Samples", minimum=1, maximum=9)
STRICT = replace(PLAIN, code="SampleLimit", operation=settings.SECURITY_SETTINGS)
HIDDEN = Setting("SampleSecret", Kind.SECRET, None, "Secret", "A secret.", "Samples")


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_declare, "_declared", dict(_declare._declared))
    for setting in (PLAIN, STRICT, HIDDEN):
        settings.declare(setting)


class Counting(RolledBack):
    """A transaction that counts its statements."""

    count: int = 0

    def rows(self, sql: str, params: object = None) -> list[tuple[object, ...]]:
        self.count += 1
        return super().rows(sql, params)  # type: ignore[arg-type]  # passed on as it came

    def row(self, sql: str, params: object = None) -> tuple[object, ...] | None:
        self.count += 1
        return super().row(sql, params)  # type: ignore[arg-type]  # passed on as it came


def test_a_value_is_stored_and_goes_back_to_its_default(ctx: Context) -> None:
    assert settings.get(ctx, "SampleNumber") == 5
    assert access.set_setting(ctx, "SampleNumber", 7)
    assert settings.get(ctx, "SampleNumber") == 7
    kept = settings.get_kept(ctx, "SampleNumber")
    assert (kept.is_default, kept.changed_by, kept.shown) == (False, ctx.principal, "7")
    assert not access.set_setting(ctx, "SampleNumber", 7)  # nothing to do, nothing to record
    assert access.set_setting(ctx, "SampleNumber", None)
    assert settings.get(ctx, "SampleNumber") == 5
    assert settings.get_kept(ctx, "SampleNumber").is_default


def test_every_change_is_an_event_with_before_and_after(ctx: Context) -> None:
    access.set_setting(ctx, "SampleNumber", 7)
    access.set_setting(ctx, "SampleNumber", 8)
    access.set_setting(ctx, "SampleNumber", None)
    id_ = settings.get_kept(ctx, "SampleNumber").id
    assert id_ is not None
    events = audit.list_events(ctx, settings.OBJECT_TYPE, id_, limit=3)
    assert [(e.type, e.actor) for e in events] == [("settings.value.changed", ctx.principal)] * 3
    changes = [(e.parts[0].get("before"), e.parts[0].get("after")) for e in events]
    assert changes == [("8", None), ("7", "8"), (None, "7")]


def test_the_value_before_is_the_one_that_was_there(tenant: TestTenant) -> None:
    """Two people decide at once: the second waits, and its event starts from what the first decided."""

    def change(value: settings.Value) -> None:
        with tenancy.transaction(tenant.tenant) as db:
            access.set_setting(as_admin(tenant, db), "SampleNumber", value)

    second = threading.Thread(target=change, args=(7,))
    try:
        with tenancy.transaction(tenant.tenant) as db:
            access.set_setting(as_admin(tenant, db), "SampleNumber", 6)
            second.start()
            wait_until_blocked(db)
        second.join(30)
        with tenancy.transaction(tenant.tenant) as db:
            ctx = as_admin(tenant, db)
            id_ = settings.get_kept(ctx, "SampleNumber").id
            assert id_ is not None
            changes = [
                (e.parts[0].get("before"), e.parts[0]["after"])
                for e in audit.list_events(ctx, "setting", id_)
            ]
            assert changes[0] == ("6", "7")
    finally:
        change(None)


def as_admin(tenant: TestTenant, db: tenancy.Transaction) -> Context:
    return Context(tenant.tenant.id, db, tenant.administrator, Channel.CLI)


def wait_until_blocked(db: tenancy.Transaction) -> None:
    """Until somebody waits for a lock of ours."""
    deadline = time.monotonic() + 30
    waiting = "select 1 from pg_catalog.pg_locks where not granted and locktype = 'advisory'"
    while db.row(waiting) is None:
        assert time.monotonic() < deadline


def test_a_value_out_of_bounds_is_refused_by_name_and_changes_nothing(ctx: Context) -> None:
    assert access.set_setting(ctx, "SampleNumber", 9)
    with pytest.raises(Invalid) as refused:
        access.set_setting(ctx, "SampleNumber", 10)
    assert [(e.field, e.code) for e in refused.value.errors] == [("SampleNumber", "too_large")]
    with pytest.raises(NotFound, match="NoSuchSetting"):
        access.set_setting(ctx, "NoSuchSetting", 1)
    assert settings.get(ctx, "SampleNumber") == 9


def test_each_setting_needs_the_operation_that_it_declares(ctx: Context) -> None:
    person = access.create_person(ctx, login="sam", name="Sam Setter", email="sam@example.com")
    access.set_operation_rows(ctx, access.Operation.MANAGE_SYSTEM_SETTINGS, [(person, True)])
    sam = ctx.acting_as(person)
    assert access.set_setting(sam, "SampleNumber", 6)
    with pytest.raises(AccessDenied, match="CanManageSecuritySettings"):
        access.set_setting(sam, "SampleLimit", 6)
    assert settings.get(ctx, "SampleLimit") == 5
    access.set_operation_rows(ctx, access.Operation.MANAGE_SECURITY_SETTINGS, [(person, True)])
    access.set_operation_rows(ctx, access.Operation.MANAGE_SYSTEM_SETTINGS, [(person, False)])
    assert access.set_setting(sam, "SampleLimit", 6)
    with pytest.raises(AccessDenied, match="CanManageSysSettings"):
        access.set_setting(sam, "SampleNumber", 7)


def test_a_secret_is_kept_encrypted_and_never_shown(ctx: Context) -> None:
    assert settings.get_secret(ctx, "SampleSecret") is None
    access.set_setting(ctx, "SampleSecret", "hunter2 hunter2")
    assert settings.get_secret(ctx, "SampleSecret") == "hunter2 hunter2"
    assert settings.get_kept(ctx, "SampleSecret").shown == "(set)"
    rows = ctx.db.rows("select row_to_json(v)::text from @.settings_value v")
    assert "hunter2" not in str(rows)
    id_ = settings.get_kept(ctx, "SampleSecret").id
    assert id_ is not None
    (event,) = audit.list_events(ctx, settings.OBJECT_TYPE, id_)
    assert event.parts == [{"code": "SampleSecret", "changed": "yes"}]
    access.set_setting(ctx, "SampleSecret", None)
    assert settings.get_secret(ctx, "SampleSecret") is None


@pytest.fixture
def counting(tenant: TestTenant) -> Iterator[Counting]:
    with rolled_back(tenant.tenant) as db:
        counted = Counting(db._database, tenant.tenant, db._connection)
        counted.count = 0
        yield counted


def test_at_a_known_epoch_reading_costs_no_query_and_a_change_is_seen(
    ctx: Context, counting: Counting, tenant: TestTenant
) -> None:
    mine = ctx.within(counting)
    epoch = identity.current_epoch(mine)
    settings.get_at(mine, epoch, "SampleNumber")
    counting.count = 0
    for _ in range(100):
        assert settings.get_at(mine, epoch, "SampleNumber") == 5
    assert counting.count == 0
    access.set_setting(mine, "SampleNumber", 7)
    later = identity.current_epoch(mine)
    assert later != epoch
    assert settings.get_at(mine, later, "SampleNumber") == 7


def test_a_duration_survives(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.declare(Setting("SampleTime", Kind.DURATION, timedelta(hours=1), "Time", "A time.", "Samples"))
    access.set_setting(ctx, "SampleTime", timedelta(minutes=90))
    assert settings.get(ctx, "SampleTime") == timedelta(minutes=90)


def test_a_tenant_of_the_release_before_has_the_defaults(
    ctx: Context, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node of this release serves a tenant that has no such table yet."""
    monkeypatch.setattr(_store, "_there", set())
    monkeypatch.setattr(_store, "_TABLE", "select to_regclass('@.no_such_table') is not null")
    monkeypatch.setattr(_store, "_ONE", "select value from @.no_such_table where code = %(code)s")
    monkeypatch.setattr(_store, "_ALL", "select code, id, value, changed_by, changed_at from @.no_such_table")
    assert settings.get(ctx, "SampleNumber") == 5
    assert settings.get_at(ctx, -1, "SampleNumber") == 5
    token = identity.open_session(ctx, ctx.actor)
    assert "settings_value" not in settings.sql_integer(ctx, PLAIN)
    assert identity.find_session(ctx, token)

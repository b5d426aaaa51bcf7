"""A tenant is closed at once, comes back whole, and goes completely, whenever that was interrupted."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from types import ModuleType

import psycopg
import pytest

from ostiary.kernel import clock
from ostiary.kernel.errors import Invalid, Misconfigured, NotFound
from ostiary.project import _lifecycle
from ostiary.project._tenants import create_tenant
from ostiary.tenancy import _directory, _schemas
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation, TestTenant

pytestmark = pytest.mark.database
PEOPLE = "select count(*) from @.identity_unit"


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def make_tenant(installation: Installation) -> Iterator[Callable[[str], tenancy.Tenant]]:
    made: list[tenancy.Tenant] = []

    def make(letter: str) -> tenancy.Tenant:
        slug = f"life{letter}{installation.worker}"
        new = create_tenant(
            slug, "Life", [f"{slug}.test"], login="ann", person="Ann", email="ann@example.com", password=None
        )
        made.append(new.tenant)
        return new.tenant

    yield make
    there = {tenant.id for tenant in tenancy.list_tenants()}
    for tenant in made:
        if tenant.id in there:
            end(tenant)


def end(tenant: tenancy.Tenant) -> None:
    tenancy.directory().schedule_drop(tenant, clock.now())
    tenancy.drop_tenant(tenant)


def found(tenant: tenancy.Tenant) -> tenancy.Tenant:
    return tenancy.get_tenant_by_id(tenant.id)


def left_of(installation: Installation, tenant: tenancy.Tenant) -> list[str]:
    """What the database still has of a tenant."""
    with psycopg.connect(installation.placement.admin) as connection:
        return [
            what
            for what, query in (
                ("schema", "select 1 from pg_namespace where nspname = %s"),
                ("role", "select 1 from pg_roles where rolname = %s"),
                ("directory", "select 1 from public.tenant where role = %s"),
                ("host", "select 1 from public.tenant_host where host = substr(%s, 3) || '.test'"),
            )
            if connection.execute(query, (tenant.role,)).fetchone()
        ]


def test_a_suspended_tenant_is_refused_at_its_next_request_and_comes_back(
    make_tenant: Callable[[str], tenancy.Tenant], tenant: TestTenant
) -> None:
    closed = make_tenant("s")
    host = f"{closed.slug}.test"
    with tenancy.transaction(closed) as db:
        before = db.row(PEOPLE)
    _lifecycle.suspend(closed, "unpaid")
    with pytest.raises(tenancy.TenantClosed), tenancy.transaction(closed) as db:
        db.row(PEOPLE)  # a node that still believes the directory as it was
    suspended = tenancy.find_tenant_by_host(host)
    assert suspended is not None
    assert (suspended.suspended, suspended.state) == (True, "suspended")
    with tenancy.transaction(tenant.tenant) as db:  # nobody else notices
        assert db.row(PEOPLE) is not None
    _lifecycle.resume(closed)
    with tenancy.transaction(closed) as db:
        assert db.row(PEOPLE) == before
        noted = db.rows(
            "select type from @.audit_event where type like 'tenancy.tenant.%%' order by occurred_at"
        )
    assert [row[0] for row in noted] == [
        "tenancy.tenant.created",
        "tenancy.tenant.suspended",
        "tenancy.tenant.resumed",
    ]
    assert found(closed).state == "active"


def test_a_tenant_that_is_to_go_is_refused_and_can_be_kept_as_it_was(
    make_tenant: Callable[[str], tenancy.Tenant],
) -> None:
    going = make_tenant("k")
    _lifecycle.suspend(going, "first")
    after = _lifecycle.schedule_drop(going, 30)
    assert found(going).drop_after == after
    assert found(going).suspended
    with pytest.raises(tenancy.TenantClosed), tenancy.transaction(going) as db:
        db.row(PEOPLE)
    with pytest.raises(Invalid):
        _lifecycle.purge(found(going))
    assert going.slug not in {t.slug for t in _lifecycle.due()}
    _lifecycle.cancel_drop(found(going))
    assert found(going).state == "suspended"
    with pytest.raises(tenancy.TenantClosed), tenancy.transaction(going) as db:
        db.row(PEOPLE)
    _lifecycle.resume(going)
    with tenancy.transaction(going) as db:
        assert db.row(PEOPLE) is not None
    with pytest.raises(Invalid):
        _lifecycle.cancel_drop(found(going))


def test_resuming_does_not_open_a_tenant_that_is_to_go(make_tenant: Callable[[str], tenancy.Tenant]) -> None:
    going = make_tenant("o")
    _lifecycle.schedule_drop(going, 30)
    _lifecycle.resume(going)
    assert found(going).state == "dropping"
    with pytest.raises(tenancy.TenantClosed), tenancy.transaction(going) as db:
        db.row(PEOPLE)


def test_nothing_is_left_of_a_dropped_tenant_and_others_are_untouched(
    make_tenant: Callable[[str], tenancy.Tenant], installation: Installation, tenant: TestTenant
) -> None:
    gone = make_tenant("g")
    with tenancy.transaction(tenant.tenant) as db:
        before = db.row(PEOPLE)
    assert left_of(installation, gone) == ["schema", "role", "directory", "host"]
    tenancy.schedule_drop(gone, clock.now() + timedelta(hours=1))
    with pytest.raises(Invalid):
        tenancy.drop_tenant(gone)
    assert left_of(installation, gone) == ["schema", "role", "directory", "host"]
    tenancy.schedule_drop(gone, clock.now())
    dropped, failed = _lifecycle.purge_due()
    assert ([t.slug for t in dropped], failed) == ([gone.slug], {})
    assert left_of(installation, gone) == []
    with pytest.raises(tenancy.TenantClosed), tenancy.transaction(gone) as db:
        db.row(PEOPLE)
    with pytest.raises(NotFound):
        tenancy.get_tenant(gone.slug)
    with tenancy.transaction(tenant.tenant) as db:
        assert db.row(PEOPLE) == before
    again = make_tenant("g")  # the name is free, and nothing of the old one is found
    assert again.id != gone.id
    with tenancy.transaction(again) as db:
        assert db.row("select count(*) from @.audit_event where tenant_id = %(t)s", {"t": gone.id}) == (0,)


@pytest.mark.parametrize(
    ("place", "step"),
    [
        (_directory.Directory, "begin_drop"),
        (_directory.Directory, "close_hosts"),
        (_schemas, "drop_schema"),
        (_schemas, "drop_role"),
        (_directory.Directory, "remove"),
    ],
)
def test_dropping_goes_on_where_it_was_killed(
    place: type | ModuleType,
    step: str,
    make_tenant: Callable[[str], tenancy.Tenant],
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = make_tenant("i")
    tenancy.schedule_drop(gone, clock.now())
    done = getattr(place, step)

    def do_and_die(*values: object) -> None:
        done(*values)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(place, step, do_and_die)
        with pytest.raises(Killed):
            tenancy.drop_tenant(gone)
    if step != "remove":
        with pytest.raises(Invalid):
            tenancy.cancel_drop(gone)  # it is no longer whole
        assert [t.slug for t in _lifecycle.purge_due()[0]] == [gone.slug]
    assert left_of(installation, gone) == []


def tables_of(installation: Installation, tenant: tenancy.Tenant) -> int:
    with psycopg.connect(installation.placement.admin) as connection:
        row = connection.execute(
            "select count(*) from pg_tables where schemaname = %s", (tenant.schema,)
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_schema_half_dropped_is_dropped_later(
    make_tenant: Callable[[str], tenancy.Tenant], installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = make_tenant("h")
    before = tables_of(installation, gone)
    tenancy.schedule_drop(gone, clock.now())
    monkeypatch.setattr(_schemas, "_TABLES_AT_ONCE", 5)
    transactions = tenancy.placement().owner_transaction
    opened = iter(range(100))

    def second_is_killed(tenant: tenancy.Tenant) -> object:
        if next(opened) == 2:
            raise Killed
        return transactions(tenant)

    with monkeypatch.context() as patched:
        patched.setattr(tenancy.placement(), "owner_transaction", second_is_killed)
        with pytest.raises(Killed):
            tenancy.drop_tenant(gone)
    assert 0 < tables_of(installation, gone) < before
    tenancy.drop_tenant(gone)
    assert left_of(installation, gone) == []


def test_a_role_that_owns_something_else_stays_and_so_does_that(
    make_tenant: Callable[[str], tenancy.Tenant], installation: Installation
) -> None:
    gone = make_tenant("w")
    with psycopg.connect(installation.placement.admin, autocommit=True) as admin:
        admin.execute(f"create schema extra_{installation.worker} authorization {gone.role}")
        tenancy.schedule_drop(gone, clock.now())
        _, failed = _lifecycle.purge_due()
        assert gone.slug in failed
        assert "role" in left_of(installation, gone)
        with pytest.raises(Misconfigured):
            tenancy.drop_tenant(gone)
        assert admin.execute(
            "select 1 from pg_namespace where nspname = %s", (f"extra_{installation.worker}",)
        ).fetchone()
        admin.execute(f"drop schema extra_{installation.worker}")
    tenancy.drop_tenant(gone)
    assert left_of(installation, gone) == []


def test_epochs_of_a_dropped_tenant_never_come_again(make_tenant: Callable[[str], tenancy.Tenant]) -> None:
    """Nodes keep policies and role graphs by schema and epoch, and the schema's name does come again."""
    gone = make_tenant("n")
    with tenancy.transaction(gone) as db:
        before = db.row("select epoch from @.identity_epoch")
    end(gone)
    with tenancy.transaction(make_tenant("n")) as db:
        after = db.row("select epoch from @.identity_epoch")
    assert before is not None
    assert after is not None
    assert after[0] > before[0]


def test_a_tenant_in_use_is_dropped_when_it_no_longer_is(
    make_tenant: Callable[[str], tenancy.Tenant], installation: Installation
) -> None:
    gone = make_tenant("r")
    with tenancy.transaction(gone) as db:
        db.row(PEOPLE)  # somebody still reads
        tenancy.schedule_drop(gone, clock.now())
        dropped, failed = _lifecycle.purge_due()
        assert (dropped, list(failed)) == ([], [gone.slug])
    assert [t.slug for t in _lifecycle.purge_due()[0]] == [gone.slug]
    assert left_of(installation, gone) == []


def test_sizes_are_told_for_each_tenant(tenant: TestTenant) -> None:
    assert _lifecycle.sizes([tenant.tenant])[tenant.tenant.slug] > 100_000


def test_the_directory_finds_by_id_and_tells_hosts(tenant: TestTenant, installation: Installation) -> None:
    assert tenancy.get_tenant_by_id(tenant.tenant.id) == found(tenant.tenant)
    assert tenancy.tenant_hosts()[tenant.tenant.id] == [f"{installation.worker}.test"]
    with pytest.raises(NotFound):
        tenancy.get_tenant_by_id(tenant.administrator)


def test_nobody_makes_a_tenant_whose_name_another_command_is_using(
    make_tenant: Callable[[str], tenancy.Tenant],
) -> None:
    """Making begins by clearing the schema, which would be that of the tenant just made."""
    first = make_tenant("q")
    with tenancy.directory().reserved(first.slug + "x"):
        with pytest.raises(Invalid) as refused:
            create_tenant(
                f"{first.slug}x",
                "Second",
                [],
                login="eve",
                person="Eve",
                email="e@example.com",
                password=None,
            )
        assert [error.code for error in refused.value.errors] == ["taken"]
    with pytest.raises(Invalid):
        create_tenant(first.slug, "Second", [], login="eve", person="Eve", email="", password=None)
    with tenancy.transaction(first) as db:
        assert db.row("select count(*) from @.identity_person where login = 'ann'") == (1,)

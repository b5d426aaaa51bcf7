"""Tenants with a login, a database or a cluster of their own: each reaches its data, and nobody else's."""

import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ostiary.kernel import clock
from ostiary.kernel.errors import Invalid, Misconfigured
from ostiary.project import _placements
from ostiary.project._tenants import create_tenant
from ostiary.project._vault import REQUESTS, StateVault
from ostiary.project.backup._errors import BackupDamaged
from ostiary.project.backup._plan import Wish
from ostiary.project.backup._restore import restore_tenant
from ostiary.project.backup._save import back_up_tenant
from ostiary.tenancy import public as tenancy
from ostiary.tenancy._databases import Databases
from tests._tenants import PASSWORD, Installation, TestTenant

pytestmark = pytest.mark.database
PEOPLE = "select count(*) from @.identity_unit"
WHO = "select session_user::text, current_user::text, current_database()::text"

MakeTenant = Callable[..., tenancy.Tenant]


def end(tenants: Sequence[tenancy.Tenant]) -> None:
    """Drop those of them that are still there."""
    there = {tenant.id for tenant in tenancy.list_tenants()}
    for tenant in tenants:
        if tenant.id in there:
            tenancy.schedule_drop(tenant, clock.now())
            tenancy.drop_tenant(tenant)


@pytest.fixture
def make_tenant(installation: Installation) -> Iterator[MakeTenant]:
    made: list[tenancy.Tenant] = []

    def make(letter: str, *, placement: str = "", own_login: bool = False) -> tenancy.Tenant:
        slug = f"placed{letter}{installation.worker}"
        new = create_tenant(
            slug,
            "Placed",
            [f"{slug}.test"],
            login="ann",
            person="Ann",
            email="ann@example.com",
            password=None,
            placement=placement,
            own_login=own_login,
        )
        made.append(new.tenant)
        return new.tenant

    yield make
    end(made)


@pytest.fixture
def another(installation: Installation) -> Iterator[str]:
    """An administrator's connection string of an empty second database."""
    name = f"another_{installation.worker}"
    dsn = make_conninfo(installation.placement.admin, dbname=name)
    with psycopg.connect(installation.placement.admin, autocommit=True) as admin:
        admin.execute(f"drop database if exists {name} with (force)")
        admin.execute(f"create database {name} template template0")
        yield dsn
        end([tenant for tenant in tenancy.list_tenants() if tenant.placement])
        for placed in tenancy.directory().list_placements():
            _placements.remove(installation.vault, placed.name)
        admin.execute(f"drop database {name} with (force)")


def session_user(tenant: tenancy.Tenant) -> str:
    with tenancy.transaction(tenant) as db:
        row = db.row(WHO, {})
    assert row is not None
    return str(row[0])


def refused(dsn: str, *statements: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_a_tenant_with_its_own_login_is_reached_by_that_alone(
    make_tenant: MakeTenant, installation: Installation, tenant: TestTenant
) -> None:
    own = make_tenant("l", own_login=True)
    other = tenant.tenant
    with tenancy.transaction(own) as db:
        assert db.row(WHO) == (own.role, own.role, f"ostiary_{installation.worker}")
        assert db.row(PEOPLE) != (0,)
        with db.aside() as second:
            assert second.row("select session_user::text") == (own.role,)
    app = installation.credentials.app
    with psycopg.connect(app, autocommit=True) as connection:  # the app's login takes the role of the others
        connection.execute(f"begin; set local role {other.role}; rollback")
    refused(app, f"set role {own.role}", f"select * from {own.schema}.identity_unit")
    login = installation.vault.login(own)
    assert login is not None
    with psycopg.connect(login, autocommit=True) as connection:
        connection.execute(f"select 1 from {own.schema}.identity_unit")
    refused(
        login,
        f"select 1 from {other.schema}.identity_unit",
        f"set role {other.role}",
        "set role ostiary_app",
        "set role ostiary_owner",
        "select 1 from public.tenant_directory",
        "select 1 from public.tenant",
        f"create table {own.schema}.mine (id int)",
        "create schema mine",
        "select set_config('role', 'ostiary_owner', false)",
    )


def test_a_node_without_the_login_fails_and_takes_no_other(
    make_tenant: MakeTenant, installation: Installation, tmp_path: Path
) -> None:
    own = make_tenant("e", own_login=True)
    state = type(installation.vault.state)(tmp_path)
    state.prepare()
    node = Databases(
        tenancy.Credentials(app=installation.credentials.app), max_size=2, vault=StateVault(state, REQUESTS)
    )
    try:
        with pytest.raises(Misconfigured):
            node.main.transaction(own)
        with pytest.raises(Misconfigured):
            node.named("elsewhere")
        with pytest.raises(Misconfigured):
            StateVault(state, REQUESTS).keep_login(own, "dsn")
    finally:
        node.close()


def test_a_login_goes_with_its_tenant(make_tenant: MakeTenant, installation: Installation) -> None:
    own = make_tenant("f", own_login=True)
    login = installation.vault.login(own)
    assert login is not None
    with tenancy.transaction(own) as db:  # its pool holds a connection now
        assert db.row("select 1") == (1,)
    tenancy.schedule_drop(own, clock.now())
    refused(login, f"select 1 from {own.schema}.identity_unit")
    tenancy.drop_tenant(own)
    assert installation.vault.login(own) is None
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(login).close()


def test_a_refused_tenant_leaves_no_login(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted((installation.vault.state.secrets / "tenants").glob("*"))
    with pytest.raises(Invalid):
        create_tenant(
            f"v{installation.worker}",
            "Refused",
            ["v.test"],
            login="not a login",
            person="Ann",
            email="",
            password=None,
            own_login=True,
        )
    assert sorted((installation.vault.state.secrets / "tenants").glob("*")) == before


def test_a_database_of_its_own_is_really_another_one(
    make_tenant: MakeTenant, installation: Installation, tenant: TestTenant, another: str
) -> None:
    _placements.add(installation.vault, "alone", tenancy.Kind.DATABASE, another)
    there = make_tenant("d", placement="alone", own_login=True)
    with tenancy.transaction(there) as db:
        assert db.row(WHO) == (there.role, there.role, f"another_{installation.worker}")
        assert db.row(PEOPLE) != (0,)
    with tenancy.owner_transaction(there) as owner:
        assert owner.row("select current_database()::text") == (f"another_{installation.worker}",)
        assert owner.row("select to_regclass('public.tenant')") == (None,)  # the directory is in one place
    with psycopg.connect(installation.placement.owner) as main:
        row = main.execute("select 1 from pg_namespace where nspname = %s", (there.schema,)).fetchone()
        assert row is None
    found = tenancy.find_tenant_by_host(f"{there.slug}.test")
    assert found is not None
    assert (found.placement, found.own_login) == ("alone", True)
    with tenancy.transaction(tenant.tenant) as db:  # the others go on where they were
        assert db.row(WHO) == ("ostiary_app", tenant.tenant.role, f"ostiary_{installation.worker}")
    with pytest.raises(Invalid) as refused_second:
        make_tenant("z", placement="alone")
    assert [e.field for e in refused_second.value.errors] == ["placement"]
    with pytest.raises(Misconfigured, match=there.slug):
        _placements.remove(installation.vault, "alone")
    tenancy.suspend(there)
    with pytest.raises(tenancy.TenantClosed), tenancy.transaction(there) as db:
        db.row(PEOPLE)
    tenancy.schedule_drop(there, clock.now())
    tenancy.drop_tenant(there)
    with psycopg.connect(another) as connection:
        left = connection.execute("select 1 from pg_namespace where nspname = %s", (there.schema,)).fetchone()
        assert left is None
    _placements.remove(installation.vault, "alone")
    assert installation.vault.credentials("alone") is None


def test_a_shared_second_database_takes_many_and_adding_it_again_changes_no_password(
    make_tenant: MakeTenant, installation: Installation, another: str
) -> None:
    _placements.add(installation.vault, "more", tenancy.Kind.SHARED, another)
    first, second = make_tenant("a", placement="more"), make_tenant("b", placement="more")
    _placements.add(installation.vault, "more", tenancy.Kind.SHARED, another)
    assert _placements.prepare_all(installation.vault) == ["more"]
    for there in (first, second):
        with tenancy.transaction(there) as db:
            assert db.row(WHO) == ("ostiary_app", there.role, f"another_{installation.worker}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), tenancy.transaction(first) as db:
        db.row(f"select 1 from {second.schema}.identity_unit")
    psycopg.connect(installation.credentials.app).close()  # roles belong to the server, which is the same
    assert (
        f"password='{PASSWORD}'" in (installation.vault.credentials("more") or installation.credentials).app
    )


@pytest.mark.parametrize("name", ["Upper", "../escape", "", "a/b", "x" * 40])
def test_names_that_are_no_names_are_refused_before_anything_is_kept(
    name: str, installation: Installation
) -> None:
    with pytest.raises(Invalid):
        _placements.add(installation.vault, name, tenancy.Kind.SHARED, installation.placement.admin)
    assert tenancy.directory().list_placements() == []


def test_the_own_database_and_one_without_citus_are_refused(installation: Installation, another: str) -> None:
    with pytest.raises(Invalid):
        _placements.add(installation.vault, "self", tenancy.Kind.SHARED, installation.placement.admin)
    with pytest.raises(Misconfigured, match="citus"):
        _placements.add(installation.vault, "cluster", tenancy.Kind.CITUS, another)
    with pytest.raises(Misconfigured, match="does not answer"):
        _placements.add(installation.vault, "away", tenancy.Kind.SHARED, "host=127.0.0.1 port=1 dbname=x")
    assert tenancy.directory().list_placements() == []
    assert installation.vault.credentials("cluster") is None


def test_connection_strings_are_for_their_owner_alone_and_a_web_process_sees_the_apps(
    installation: Installation, another: str
) -> None:
    _placements.add(installation.vault, "seen", tenancy.Kind.SHARED, another)
    state = installation.vault.state
    folders = [top / "placements" / "seen" for top in (state.secrets, state.owner_secrets)]
    kept = [sorted(path.name for path in folder.iterdir()) for folder in folders]
    assert kept == [["app.dsn"], ["admin.dsn", "owner.dsn"]]
    assert {stat.S_IMODE(p.stat().st_mode) for folder in folders for p in folder.iterdir()} == {0o600}
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    seen = StateVault(installation.vault.state, REQUESTS).credentials("seen")
    assert seen is not None
    assert (seen.owner, seen.admin) == (None, None)
    with psycopg.connect(installation.placement.admin) as connection:
        row = connection.execute("select row_to_json(p)::text from public.placement p").fetchone()
    assert row is not None
    assert PASSWORD not in row[0]


def test_with_the_extension_simulated_a_schema_is_distributed_while_it_is_empty(
    make_tenant: MakeTenant, installation: Installation, another: str
) -> None:
    """Citus cannot be had here: a function of its name records the call. All else is real."""
    with psycopg.connect(another, autocommit=True) as admin:
        admin.execute(
            "create schema extension; create table extension.distributed (name text, tables bigint);"
            " create function extension.citus_schema_distribute(home regnamespace) returns void language sql"
            " as $$ insert into extension.distributed select home::text, count(*) from pg_tables"
            " where schemaname = home::text $$"
        )
    _placements.add(installation.vault, "cluster", tenancy.Kind.CITUS, another)
    with psycopg.connect(another, autocommit=True) as admin:
        admin.execute(
            "grant usage on schema extension to ostiary_owner;"
            " grant insert on extension.distributed to ostiary_owner"
        )
    there = make_tenant("c", placement="cluster")
    with psycopg.connect(another) as admin:
        assert admin.execute("select * from extension.distributed").fetchall() == [(there.schema, 0)]
        role = admin.execute(
            "select rolcanlogin, rolpassword is null from pg_authid where rolname = %s", (there.role,)
        ).fetchone()
    assert role == (
        True,
        True,
    )  # nodes connect to each other as it; there is no password that would let it in
    with tenancy.transaction(there) as db:
        assert db.row(WHO) == ("ostiary_app", there.role, f"another_{installation.worker}")
        assert db.row(PEOPLE) != (0,)


def test_a_restored_tenant_has_a_login_of_its_own_again(
    installation: Installation, make_tenant: MakeTenant, tmp_path: Path
) -> None:
    own, plain = make_tenant("r", own_login=True), make_tenant("s")
    files = [tmp_path / f"{tenant.slug}.ostiary" for tenant in (own, plain)]
    for tenant, file in zip((own, plain), files, strict=True):
        back_up_tenant(tenant, file)
    before = installation.vault.login(own)
    end([own, plain])
    assert installation.vault.login(own) is None
    said: list[str] = []
    back, ordinary = (restore_tenant(file, Wish(), progress=said.append).tenant for file in files)
    try:
        assert (back.id, back.own_login, ordinary.own_login) == (own.id, True, False)
        assert len([line for line in said if "login of its own" in line]) == 1
        login = installation.vault.login(back)
        assert login not in (None, before)
        assert installation.vault.login(ordinary) is None
        assert [session_user(tenant) for tenant in (back, ordinary)] == [back.role, "ostiary_app"]
        refused(installation.credentials.app, f"set role {back.role}")
        copy = restore_tenant(files[0], Wish(f"{own.slug}two", [f"{own.slug}two.test"])).tenant
        assert copy.own_login
        assert installation.vault.login(copy) not in (None, login)
        end([copy])
    finally:
        end([back, ordinary])


def test_a_restore_that_fails_leaves_no_login_and_an_old_backup_is_asked_about(
    installation: Installation,
    make_tenant: MakeTenant,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own, file = make_tenant("t", own_login=True), tmp_path / "own.ostiary"
    back_up_tenant(own, file)
    login = installation.vault.login(own)

    def fail(*_: object) -> None:
        raise BackupDamaged("as if it were")

    slug = f"{own.slug}two"
    kept = sorted((installation.vault.state.secrets / "tenants").iterdir())
    with monkeypatch.context() as patch:
        patch.setattr("ostiary.project.backup._restore.fill", fail)
        with pytest.raises(BackupDamaged):
            restore_tenant(file, Wish(slug, [f"{slug}.test"]))
    assert sorted((installation.vault.state.secrets / "tenants").iterdir()) == kept
    assert installation.vault.login(own) == login
    monkeypatch.setattr("ostiary.project.backup._content._said_login", lambda _: None)  # an older release's
    copy = restore_tenant(file, Wish(slug, [f"{slug}.test"])).tenant
    assert copy.own_login  # as with the original, which is here
    end([copy, own])
    said: list[str] = []
    back = restore_tenant(file, Wish(), progress=said.append).tenant
    end([back])
    assert not back.own_login
    assert [line for line in said if "does not say" in line]

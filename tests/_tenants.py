"""A migrated tenant per worker, and transactions on it that leave nothing behind."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import django
import pytest

from ostiary.crm import public as crm
from ostiary.crypto import public as crypto
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import UnitId
from ostiary.project._state import State
from ostiary.project._vault import ADMINISTRATION, StateVault
from ostiary.tenancy import public as tenancy
from tests._cluster import RunningCluster

PASSWORD = "test password of the database roles"

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ostiary.project.settings")
os.environ.setdefault("OSTIARY_INSECURE_HTTP", "1")
django.setup()


@dataclass(frozen=True, slots=True)
class Installation:
    """A prepared database of its own, for one worker, with a state folder for its secrets."""

    placement: tenancy.Placement
    credentials: tenancy.Credentials
    worker: str
    vault: StateVault
    root_key: Path


@dataclass(frozen=True, slots=True)
class TestTenant:
    """A tenant and its first administrator."""

    tenant: tenancy.Tenant
    administrator: UnitId

    __test__ = False


@pytest.fixture(scope="session")
def installation(cluster: RunningCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The worker's own database on the shared cluster, with the key provider configured."""
    from ostiary.project._database import database_scripts

    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    # roles belong to the cluster, so workers take turns
    with _one_at_a_time(cluster.state.root.parent / "roles.lock"):
        credentials = tenancy.prepare_database(
            cluster.admin_dsn,
            owner_password=PASSWORD,
            app_password=PASSWORD,
            name=f"ostiary_{worker}",
            extras=database_scripts(),
        )
    root_key = tmp_path_factory.mktemp("keys") / "root.key"
    crypto.configure(crypto.ensure_plaintext_root(root_key))
    state = State(tmp_path_factory.mktemp("state"))
    state.prepare()
    vault = StateVault(state, ADMINISTRATION)
    placement = tenancy.configure(credentials, vault=vault)
    with pytest.MonkeyPatch.context() as patch:
        if "OSTIARY_STATE" not in os.environ:  # notes of commands go there, never to the clone's own state
            patch.setenv("OSTIARY_STATE", str(state.root))
        yield Installation(placement, credentials, worker, vault, root_key)
    placement.close()


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@pytest.fixture(scope="session")
def tenant(installation: Installation) -> TestTenant:
    """A tenant with fixed tables and first roles, without the CRM package."""
    from ostiary.project._tenants import create_tenant

    new = create_tenant(
        f"x{installation.worker}",
        "Test tenant",
        [f"{installation.worker}.test"],
        login="admin",
        person="Ada Admin",
        email="admin@example.com",
        password=None,
    )
    made = TestTenant(new.tenant, new.administrator)
    _shared.append(made)
    return made


class RolledBack(tenancy.Transaction):
    """A transaction whose `aside` is a savepoint, so that everything goes with the rollback."""

    __slots__ = ()

    @contextmanager
    def aside(self) -> Iterator[tenancy.Transaction]:
        with self.savepoint():
            yield self


class _Undo(Exception):
    """Leaves a transaction without committing."""


@contextmanager
def rolled_back(tenant: tenancy.Tenant) -> Iterator[RolledBack]:
    """A transaction of the tenant that is rolled back at the end."""
    database = tenancy.placement().database
    try:
        with database.transaction(tenant) as opened:
            db = RolledBack(database, tenant, opened._connection)
            yield db
            raise _Undo
    except _Undo:
        pass


@pytest.fixture
def db(tenant: TestTenant) -> Iterator[RolledBack]:
    """A transaction of the session's tenant that is rolled back after the test."""
    with rolled_back(tenant.tenant) as transaction:
        yield transaction


@pytest.fixture
def ctx(tenant: TestTenant, db: RolledBack) -> Context:
    """The first administrator's context in a transaction that is rolled back after the test."""
    return Context(tenant.tenant.id, db, tenant.administrator, Channel.CLI)


@pytest.fixture(scope="session")
def crm_tenant(tenant: TestTenant) -> TestTenant:
    """The same tenant with the CRM package."""
    with tenancy.transaction(tenant.tenant) as db:
        ctx = Context(tenant.tenant.id, db, tenant.administrator, Channel.CLI)
    crm.install(tenant.tenant, ctx)
    _shared_records.update(_counts(tenant.tenant))
    return tenant


@pytest.fixture
def admin(crm_tenant: TestTenant) -> Iterator[Context]:
    """The first administrator with the CRM package, in a transaction that is rolled back after the test."""
    with rolled_back(crm_tenant.tenant) as db:
        yield Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.CLI)


@pytest.fixture(scope="module", autouse=True)
def nothing_left() -> Iterator[None]:
    """What a module committed into the shared tenant would be met by the tests of others."""
    yield
    if _shared:
        with tenancy.transaction(_shared[0].tenant) as db:
            found = db.rows(
                "select name from @.identity_unit where active and code is null and kind <> 'service'"
            )
        assert [name for (name,) in found] == ["Ada Admin"]
        if _shared_records:
            counts = _counts(_shared[0].tenant)
            assert {table: counts.get(table) for table in _shared_records} == _shared_records


def _counts(tenant: tenancy.Tenant) -> dict[str, int]:
    """Rows in each table of records."""
    with tenancy.transaction(tenant) as db:
        tables = [
            table
            for (table,) in db.rows(
                "select relname::text from pg_class where relnamespace = %(s)s::regnamespace"
                " and relkind = 'r' and relname like 'rec\\_%%' order by relname",
                {"s": tenant.schema},
            )
        ]
        counted = " union all ".join(f"select '{table}', count(*) from @.{table}" for table in tables)
        return dict(db.rows(counted))


_shared: list[TestTenant] = []
_shared_records: dict[str, int] = {}

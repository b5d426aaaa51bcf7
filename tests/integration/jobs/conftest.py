"""A tenant with a table for effects, and real workers on its database."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ostiary.tenancy import public as tenancy
from tests._job_tasks import EFFECTS, register
from tests._jobs import Workers, as_owner, fill_state
from tests._tenants import Installation, TestTenant

register()


@pytest.fixture(scope="session")
def effects(tenant: TestTenant) -> TestTenant:
    """The session's tenant with a table that tasks leave their effects in."""
    with tenancy.owner_transaction(tenant.tenant) as db:
        db.ddl(EFFECTS)
        db.ddl(f"grant select, insert, delete on @.test_effect to {tenant.tenant.role}")
    return tenant


@pytest.fixture
def workers(
    effects: TestTenant, installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workers]:
    """Worker processes on this database; those that a test leaves are killed."""
    keys = next(tmp_path_factory.getbasetemp().glob("keys*/root.key"))
    folder = Path(tempfile.mkdtemp(prefix="ostiary-worker-"))
    fill_state(installation, keys, folder)
    workers = Workers(folder)
    yield workers
    for process in list(workers.running):
        workers.kill(process)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def neighbour(installation: Installation, effects: TestTenant) -> TestTenant:
    """A second tenant in the same database."""
    from ostiary.project._tenants import create_tenant

    new = create_tenant(
        f"neighbour{installation.worker}",
        "Neighbour",
        [f"{installation.worker}.neighbour.test"],
        login="admin",
        person="Ned Next",
        email="ned@example.com",
        password=None,
    )
    made = TestTenant(new.tenant, new.administrator)
    with tenancy.owner_transaction(made.tenant) as db:
        db.ddl(EFFECTS)
        db.ddl(f"grant select, insert, delete on @.test_effect to {made.tenant.role}")
    return made


@pytest.fixture(autouse=True)
def quiet(effects: TestTenant) -> Iterator[None]:
    """A test begins with an empty queue, whatever the one before left in it."""
    as_owner("delete from jobs.procrastinate_jobs")
    as_owner("delete from jobs.job")
    as_owner("delete from jobs.tick")
    yield
    with tenancy.transaction(effects.tenant) as db:
        db.run("delete from @.test_effect")

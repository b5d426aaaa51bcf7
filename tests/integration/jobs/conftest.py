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
from tests.integration.objects._worlds import make_home

register()


@pytest.fixture(scope="session")
def effects(installation: Installation) -> TestTenant:
    """A tenant with a table that tasks leave their effects in."""
    return _with_effects(installation, "effects")


def _with_effects(installation: Installation, slug: str) -> TestTenant:
    new = make_home(slug, [f"{installation.worker}.{slug}.test"])
    made = TestTenant(new.tenant, new.administrator)
    with tenancy.owner_transaction(made.tenant) as db:
        db.ddl(EFFECTS)
        db.ddl(f"grant select, insert, delete on @.test_effect to {made.tenant.role}")
    return made


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
def neighbour(installation: Installation) -> TestTenant:
    """A second tenant in the same database."""
    return _with_effects(installation, "neighbour")


@pytest.fixture(autouse=True)
def quiet(effects: TestTenant) -> Iterator[None]:
    """A test begins with an empty queue, whatever the one before left in it."""
    as_owner("delete from jobs.procrastinate_jobs")
    as_owner("delete from jobs.job")
    as_owner("delete from jobs.tick")
    yield
    with tenancy.transaction(effects.tenant) as db:
        db.run("delete from @.test_effect")

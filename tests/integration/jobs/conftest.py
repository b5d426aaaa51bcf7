"""A tenant with a table for effects, and real workers on its database."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ostiary.tenancy import public as tenancy
from tests._job_tasks import EFFECTS, register
from tests._jobs import Workers
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
    workers = Workers(installation, keys, folder)
    yield workers
    for process in list(workers.running):
        workers.kill(process)
    shutil.rmtree(folder, ignore_errors=True)

"""Rotating as a job: it goes on by itself, waits without holding a worker, and the nightly one tidies."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ostiary.audit import public as audit
from ostiary.crypto import public as crypto
from ostiary.crypto._ring import ring
from ostiary.jobs import public as jobs
from ostiary.kernel import clock
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import OstiaryError
from ostiary.kernel.ids import new_id
from ostiary.project import _keys
from ostiary.project._task_registry import load_tasks
from ostiary.tenancy import public as tenancy
from tests._jobs import run_due_jobs
from tests._tenants import Installation

pytestmark = pytest.mark.database


@pytest.fixture
def house(installation: Installation) -> Iterator[tenancy.Tenant]:
    from ostiary.project._tenants import create_tenant

    load_tasks()
    slug = f"j{installation.worker}{new_id().hex[-8:]}"
    yield create_tenant(
        slug, "Jobs", [], login="admin", person="Ada", email="ada@example.com", password=None
    ).tenant
    ring.forget()


def work(tenant: tenancy.Tenant, waited: timedelta) -> None:
    """Some time later a worker does what is due."""
    with tenancy.owner_transaction(tenant) as db:
        for table in ("crypto_kek", "crypto_dek"):
            db.run(f"update @.{table} set state_since = state_since - %(waited)s", {"waited": waited})
        # the job that waits for its time cannot be told that it has come, so another one is asked for
        jobs.defer(Context(tenant.id, db, None, Channel.CLI), _keys.ROTATE)
    ring.forget()
    run_due_jobs()


def keys(tenant: tenancy.Tenant) -> set[tuple[str, int, str]]:
    with tenancy.transaction(tenant) as db:
        found = crypto.list_keys(Context(tenant.id, db, None, Channel.CLI))
    return {(key.scope, key.version, key.state) for key in found}


def test_a_rotation_runs_to_its_end_and_old_keys_to_theirs(house: tenancy.Tenant) -> None:
    _keys.begin(house, kek=True, scopes=["audit"])
    _keys.defer_rotation(house)
    run_due_jobs()
    assert ("audit", 2, "pending") in keys(house)
    minute = timedelta(seconds=70)
    work(house, minute)
    assert {("audit", 1, "decrypt_only"), ("audit", 2, "active"), ("", 3, "active")} <= keys(house)
    work(house, minute)
    retired = {("", 2, "retired"), ("", 3, "active"), ("audit", 1, "retired"), ("audit", 2, "active")}
    assert keys(house) == retired
    for days, gone in ((89, False), (2, True)):
        with tenancy.owner_transaction(house) as db:
            jobs.defer(Context(house.id, db, None, Channel.CLI), _keys.TIDY)
        work(house, timedelta(days=days))
        assert (("audit", 1, "destroyed") in keys(house)) is gone
        assert (("", 2, "destroyed") in keys(house)) is gone
    with tenancy.transaction(house) as db:
        ctx = Context(house.id, db, None, Channel.CLI)
        events = db.rows("select id, type from @.audit_event")
        assert [problem for event_id, _ in events for problem in audit.verify_event(ctx, event_id)] == []
        assert jobs.JobState.FAILED not in {job.state for job in jobs.list_jobs(ctx)}
    acts = sorted(type_.rpartition(".")[2] for _, type_ in events if type_.startswith("crypto.key."))
    assert acts == [
        "activated",
        "activated",
        "created",
        "created",
        "destroyed",
        "destroyed",
        "retired",
        "retired",
    ]
    assert {"crypto.rotation.run", "crypto.rotation.tidied"} <= {type_ for _, type_ in events}


def test_a_tenant_decides_nothing_about_what_the_operator_asked_for(house: tenancy.Tenant) -> None:
    later = clock.now() + timedelta(hours=1)
    with tenancy.owner_transaction(house) as db:
        job = jobs.defer(Context(house.id, db, None, Channel.CLI), _keys.ROTATE, run_at=later)
    with tenancy.transaction(house) as db:
        own = Context(house.id, db, None, Channel.CLI)
        assert jobs.get_job(own, job).state == "waiting"
        for decide in (jobs.discard_job, jobs.retry_job):
            with pytest.raises(OstiaryError):
                decide(own, job)
        assert jobs.get_job(own, job).state == "waiting"
    with tenancy.owner_transaction(house) as db:
        jobs.discard_job(Context(house.id, db, None, Channel.CLI), job)

"""Background work of tenants that have a login or a database of their own."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ostiary.jobs import public as jobs
from ostiary.kernel import clock
from ostiary.project import _placements
from ostiary.project._task_registry import load_tasks
from ostiary.project._tenants import create_tenant
from ostiary.project.backup._plan import Wish
from ostiary.project.backup._restore import restore_tenant
from ostiary.project.backup._save import back_up_tenant
from ostiary.tenancy import public as tenancy
from tests._job_tasks import EFFECTS
from tests._jobs import asking
from tests._tenants import Installation, TestTenant

pytestmark = pytest.mark.database


@pytest.fixture
def further(installation: Installation) -> Iterator[str]:
    """The name of a second database, which has no directory of tenants."""
    name = f"further_{installation.worker}"
    with psycopg.connect(installation.placement.admin, autocommit=True) as admin:
        admin.execute(f"drop database if exists {name} with (force)")
        admin.execute(f"create database {name} template template0")
        dsn = make_conninfo(installation.placement.admin, dbname=name)
        _placements.add(installation.vault, "further", tenancy.Kind.SHARED, dsn)
        yield "further"
        for there in tenancy.list_tenants():
            if there.placement:
                tenancy.schedule_drop(there, clock.now())
                tenancy.drop_tenant(there)
        _placements.remove(installation.vault, "further")
        admin.execute(f"drop database {name} with (force)")


def make(installation: Installation, slug: str, *, placement: str, own_login: bool) -> TestTenant:
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
    with tenancy.owner_transaction(new.tenant) as db:
        db.ddl(EFFECTS)
        db.ddl(f"grant select, insert on @.test_effect to {new.tenant.role}")
    return TestTenant(new.tenant, new.administrator)


@pytest.mark.parametrize("own_login", [False, True])
def test_work_is_done_where_the_tenant_lives(
    installation: Installation, effects: TestTenant, further: str, *, own_login: bool
) -> None:
    load_tasks()
    there = make(installation, f"further{installation.worker}", placement=further, own_login=own_login)
    asked = []
    for tenant in (effects, there):
        with asking(tenant) as ctx:
            asked.append(jobs.defer(ctx, "tests.effect.once", {"thing": 1}))
    assert [f.due for f in jobs.figures(further)] == [0, 1, 0]
    jobs.work_off(tenancy.placement(further).owner)
    with asking(there) as ctx:
        assert [j.state for j in jobs.list_jobs(ctx)] == ["done"]
        assert ctx.db.rows("select job from @.test_effect") == [(asked[1],)]
    with asking(effects) as ctx:
        assert jobs.get_job(ctx, asked[0]).state == "waiting", "it waits in another database"


def test_a_tenant_with_its_own_login_asks_in_its_own_name(
    installation: Installation, effects: TestTenant
) -> None:
    load_tasks()
    own = make(installation, f"ownlogin{installation.worker}", placement="", own_login=True)
    try:
        with asking(own) as ctx:
            job = jobs.defer(ctx, "tests.effect.once", {"thing": 1})
        jobs.work_off(tenancy.placement().owner)
        with asking(own) as ctx:
            assert jobs.get_job(ctx, job).state == "done"
        with asking(effects) as ctx:
            assert jobs.list_jobs(ctx) == []
        with psycopg.connect(installation.vault.login(own.tenant) or "") as connection:
            row = connection.execute(  # without any role set: by the login itself
                "select current_setting('role'), count(*) from jobs_door.list(null, null, null, null, 5)"
                " where %s group by 1",
                (True,),
            ).fetchone()
        assert row == ("none", 1)
    finally:
        tenancy.schedule_drop(own.tenant, clock.now())
        tenancy.drop_tenant(own.tenant)


def test_a_tenant_restored_into_another_database_may_ask_for_work_at_once(
    installation: Installation, effects: TestTenant, further: str, tmp_path: Path
) -> None:
    load_tasks()
    slug = f"moved{installation.worker}"
    there = make(installation, slug, placement="", own_login=False)
    file = tmp_path / "moved.ostiary"
    back_up_tenant(there.tenant, file)
    tenancy.schedule_drop(there.tenant, clock.now())
    tenancy.drop_tenant(there.tenant)
    moved = restore_tenant(file, Wish(placement=further)).tenant
    assert (moved.id, moved.placement) == (there.tenant.id, further)
    with asking(TestTenant(moved, there.administrator)) as ctx:  # no leader has looked at the directory yet
        job = jobs.defer(ctx, "tests.effect.once", {"thing": 1})
    jobs.work_off(tenancy.placement(further).owner)
    with asking(TestTenant(moved, there.administrator)) as ctx:
        assert jobs.get_job(ctx, job).state == "done"

"""The database goes away: between transactions nobody notices, in a commit nobody knows what became of it."""

import psycopg
import pytest

from ostiary.kernel.errors import OutcomeUnknown
from ostiary.tenancy import public as tenancy
from tests._cluster import RunningCluster
from tests._tenants import TestTenant

pytestmark = pytest.mark.database


def own_pid(db: tenancy.Transaction) -> int:
    row = db.row("select pg_backend_pid()")
    assert row is not None
    return int(row[0])


def cut(cluster: RunningCluster, *pids: int) -> None:
    """End these connections from outside; they have ended when this returns."""
    with psycopg.connect(cluster.admin_dsn) as admin:
        for pid in pids:
            assert admin.execute("select pg_terminate_backend(%s, 30000)", (pid,)).fetchone() == (True,)


def test_connections_lost_while_idle_are_replaced(cluster: RunningCluster, tenant: TestTenant) -> None:
    def lose_two() -> None:
        with tenancy.transaction(tenant.tenant) as db, db.aside() as other:
            pids = own_pid(db), own_pid(other)
        cut(cluster, *pids)

    lose_two()
    with tenancy.transaction(tenant.tenant) as db:
        assert db.row("select 1") == (1,)
    lose_two()
    assert tenant.tenant.slug in {found.slug for found in tenancy.list_tenants()}


def test_a_connection_lost_in_a_commit_leaves_its_outcome_unknown(
    cluster: RunningCluster, tenant: TestTenant
) -> None:
    with pytest.raises(OutcomeUnknown), tenancy.transaction(tenant.tenant) as db:
        cut(cluster, own_pid(db))


def test_a_connection_lost_before_the_commit_is_an_ordinary_failure(
    cluster: RunningCluster, tenant: TestTenant
) -> None:
    def lose_and_go_on(db: tenancy.Transaction) -> None:
        cut(cluster, own_pid(db))
        db.row("select 1")

    with pytest.raises(psycopg.OperationalError), tenancy.transaction(tenant.tenant) as db:
        lose_and_go_on(db)

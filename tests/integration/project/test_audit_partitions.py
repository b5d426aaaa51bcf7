"""The audit log has partitions for the months ahead: a job of the owner makes them, nobody else may."""

import psycopg
import pytest

from ostiary.jobs import public as jobs
from ostiary.kernel.context import Channel, Context
from ostiary.project import _audit_partitions
from ostiary.project._task_registry import load_tasks
from ostiary.tenancy import public as tenancy
from tests._jobs import run_due_jobs
from tests._tenants import TestTenant

pytestmark = pytest.mark.database
LAST = (
    "select to_char(date_trunc('month', now() at time zone 'UTC') + interval '5 months',"
    " '\"audit_event_\"YYYY_MM')"
)


def test_a_missing_month_is_made_again(tenant: TestTenant) -> None:
    load_tasks()
    there = "select to_regclass(%(name)s) is not null"
    with tenancy.owner_transaction(tenant.tenant) as db:
        row = db.row(LAST)
        assert row is not None
        name = f"{db.schema}.{row[0]}"
        assert db.row(there, {"name": name}) == (True,)
        db.ddl(f"drop table {name}")
        jobs.defer(Context(tenant.tenant.id, db, None, Channel.CLI), _audit_partitions.EXTEND)
    extend = "select @.audit_extend_partitions(%(home)s, 6)"
    with pytest.raises(psycopg.errors.InsufficientPrivilege), tenancy.transaction(tenant.tenant) as db:
        db.rows(extend, {"home": db.schema})
    run_due_jobs()
    with tenancy.owner_transaction(tenant.tenant) as db:
        assert db.row(there, {"name": name}) == (True,)

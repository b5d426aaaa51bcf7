"""The ledger that the crash tests trust: whole data passes, and each thing that may be missing is missed."""

from collections.abc import Iterator

import psycopg
import pytest

from ostiary.crm import public as crm
from ostiary.kernel.context import Channel, Context
from ostiary.project._tenants import create_tenant
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._ledger import read_ledger
from tests._tenants import Installation

SABOTAGE = {
    "its news": "delete from @.audit_outbox where id = %(event)s",
    "its place in the queue": "delete from @.audit_queue where event_id = %(event)s",
    "its row for looking up": "delete from @.audit_index where event_id = %(event)s",
    "its changes": "delete from @.audit_payload where event_id = %(event)s and part_no = 1",
    "its technical part": "delete from @.audit_payload where event_id = %(event)s and part_no = 0",
    "the event": "delete from @.audit_event where id = %(event)s",
    "its leaf as written": "update @.audit_event set leaf = leaf || '\\x20' where id = %(event)s",
    "the record": "delete from @.rec_account where id = %(record)s",
    "the record's name of it": "update @.rec_account set last_event_id = null where id = %(record)s",
    "the value it left": "update @.rec_account set employees = 7 where id = %(record)s",
    "the version it left": "update @.rec_account set version = version + 1 where id = %(record)s",
    "the hash of the state": "update @.rec_account set state_hash = sha256('') where id = %(record)s",
    "the update itself": "update @.rec_account set employees = null, version = 1 where id = %(record)s",
}


@pytest.fixture
def as_owner(installation: Installation) -> Iterator[Context]:
    """In a tenant where nobody else leaves anything, as the owner role, which alone can take things away."""
    new = create_tenant(
        f"ledger{installation.worker}", "Ledger", [], login="a", person="A", email="", password=None
    )
    with tenancy.transaction(new.tenant) as db:
        crm.install(new.tenant, Context(new.tenant.id, db, new.administrator, Channel.CLI))
    with tenancy.owner_transaction(new.tenant) as owner:
        yield Context(new.tenant.id, owner, new.administrator, Channel.CLI)


def test_whole_data_passes_and_whatever_is_missing_is_missed(as_owner: Context) -> None:
    ctx = as_owner
    made = records.create_record(ctx, "account", {"name": "Halden", "notes": "Seen at the fair"})
    records.update_record(ctx, "account", made.id, {"employees": 5}, made.version)
    row = ctx.db.row("select last_event_id from @.rec_account where id = %(id)s", {"id": made.id})
    assert row is not None
    assert read_ledger(ctx).half == []
    unnoticed = []
    for what, statement in SABOTAGE.items():
        with ctx.db.savepoint():
            assert ctx.db.run(statement, {"event": row[0], "record": made.id}) == 1
            if not read_ledger(ctx).half:
                unnoticed.append(what)
            raise psycopg.Rollback
    assert unnoticed == []
    assert read_ledger(ctx).half == []

"""A worker that is killed in the middle of a long bulk change: each row has its effect once."""

from uuid import uuid4

import pytest

from ostiary.access import public as access
from ostiary.objects import public as objects
from ostiary.records import public as records
from tests._jobs import Workers, asking, wait_until
from tests._tenants import TestTenant
from tests.integration.objects._worlds import BOAT, open_to_all

ROWS = 4_000
CHUNKS = 8


@pytest.fixture
def ship(effects: TestTenant) -> str:
    """An object of its own in the session's tenant."""
    code = f"ship{uuid4().hex[:8]}"
    with asking(effects) as ctx:
        objects.apply_changes(
            effects.tenant, ctx, objects.read_changes(BOAT.replace("object: boat", f"object: {code}"))
        )
    with asking(effects) as ctx:
        open_to_all(ctx, code)
    return code


@pytest.fixture
def bulk(effects: TestTenant, ship: str) -> records.Bulk:
    """A change of all of them, asked for."""
    with asking(effects) as ctx:
        rows = [{"name": f"Ship {n}"} for n in range(ROWS)]
        assert len(records.create_records(ctx, ship, rows).done) == ROWS
    with asking(effects) as ctx:
        every = records.Compare("name", records.Op.NOT_NULL)
        return records.request_bulk(ctx, ship, access.Verb.UPDATE, every, {"length_m": 12})


def state_of(tenant: TestTenant, bulk: records.Bulk) -> records.Bulk:
    with asking(tenant) as ctx:
        return records.get_bulk(ctx, bulk.id)


def test_a_worker_killed_in_the_middle_leaves_nothing_half_done_and_nothing_twice(
    effects: TestTenant, workers: Workers, ship: str, bulk: records.Bulk
) -> None:
    first = workers.start()
    wait_until(lambda: state_of(effects, bulk).done > 0)
    workers.kill(first)
    middle = state_of(effects, bulk)
    assert 0 < middle.done < ROWS
    assert middle.state is records.BulkState.RUNNING
    with asking(effects) as ctx:
        touched = records.count_records(ctx, ship, records.Compare("length_m", records.Op.EQ, 12)).value
    assert touched == middle.done  # a chunk and the note of it are one
    workers.start()
    wait_until(lambda: state_of(effects, bulk).state is records.BulkState.DONE)
    workers.stop()
    done = state_of(effects, bulk)
    assert (done.done, done.refused) == (ROWS, 0)
    with asking(effects) as ctx:
        table = objects.find_object(ctx, ship).table
        versions = ctx.db.rows(f"select version, count(*) from @.{table} group by version")
        told = ctx.db.rows(
            "select count(*), count(distinct event_id) from @.audit_about where event_id in"
            " (select event_id from @.audit_index"
            " where type = 'records.record.updated' and object_type = %(object)s)",
            {"object": objects.find_object(ctx, ship).name},
        )
    assert versions == [(2, ROWS)]
    assert told == [(ROWS, CHUNKS)]

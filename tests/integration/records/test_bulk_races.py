"""Bulk changes and merges beside other writers, on connections of their own."""

import pytest

from ostiary.kernel.context import Context
from ostiary.kernel.errors import Invalid
from ostiary.kernel.ids import RecordId
from ostiary.project._tenants import NewTenant
from ostiary.records import public as records
from tests._cluster import RunningCluster
from tests._races import race
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, inside, make_home, open_to_all

pytestmark = pytest.mark.database
BERTH = (
    BOAT.replace("object: boat", "object: berth")
    .replace("caption: Boat\n", "caption: Berth\n")
    .replace("plural: Boats", "plural: Berths")
    .replace("{column: length_m, type: decimal}", "{column: boat, type: lookup, target: boat}")
    .replace("length_m", "boat")
)


@pytest.fixture(scope="module")
def home(installation: Installation) -> NewTenant:
    new = make_home(f"races{installation.worker}")
    apply(new, BOAT)
    apply(new, BERTH)
    with inside(new) as ctx:
        open_to_all(ctx, "boat")
        open_to_all(ctx, "berth")
    return new


def boats(home: NewTenant, *names: str) -> list[RecordId]:
    with inside(home) as ctx:
        return [records.create_record(ctx, "boat", {"name": name}).id for name in names]


def test_a_bulk_change_waits_and_decides_on_what_is_there_then(
    home: NewTenant, cluster: RunningCluster
) -> None:
    for version, outcome in ((1, records.Outcome.CONFLICT), (None, records.Outcome.OK)):
        one, two = boats(home, "One", "Two")

        def single(ctx: Context, one: RecordId = one) -> object:
            return records.update_record(ctx, "boat", one, {"name": "Single"}, 1)

        def bulk(
            ctx: Context, ids: tuple[RecordId, ...] = (two, one), version: int | None = version
        ) -> records.BulkResult:
            rows = [records.RowUpdate(id_, {"name": "Bulk"}, version) for id_ in ids]
            return records.update_each(ctx, "boat", rows)

        result = race(home, cluster.admin_dsn, single, bulk)
        assert [row.outcome for row in result.rows] == [records.Outcome.OK, outcome]


def test_two_bulk_changes_in_opposite_order_do_not_lock_each_other_out(
    home: NewTenant, cluster: RunningCluster
) -> None:
    ids = boats(home, *(f"B{n}" for n in range(20)))

    def forth(ctx: Context) -> records.BulkResult:
        return records.update_records(ctx, "boat", ids, {"name": "Forth"})

    def back(ctx: Context) -> records.BulkResult:
        return records.update_records(ctx, "boat", ids[::-1], {"name": "Back"})

    result = race(home, cluster.admin_dsn, forth, back)
    assert [row.version for row in result.done] == [3] * 20


def test_a_row_that_comes_to_refer_meanwhile_follows_the_merge(
    home: NewTenant, cluster: RunningCluster
) -> None:
    keep, gone = boats(home, "Keep", "Gone")
    made: list[RecordId] = []

    def refer(ctx: Context) -> object:
        made.append(records.create_record(ctx, "berth", {"name": "B", "boat": str(gone)}).id)
        return None

    def merge(ctx: Context) -> records.Record:
        return records.merge_records(ctx, "boat", keep, [gone], {})

    race(home, cluster.admin_dsn, refer, merge)
    with inside(home) as ctx:
        assert records.get_record(ctx, "berth", made[0]).data["boat"]["id"] == str(keep)

    keep, gone = boats(home, "Keep", "Gone")

    def late(ctx: Context) -> str:
        try:
            records.create_record(ctx, "berth", {"name": "Late", "boat": str(gone)})
        except Invalid as refused:
            return refused.errors[0].code
        return ""

    def first(ctx: Context) -> object:
        return records.merge_records(ctx, "boat", keep, [gone], {})

    assert race(home, cluster.admin_dsn, first, late) == "not_found"

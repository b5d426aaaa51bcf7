"""Lanes by one statement are what as many narrowed lists would be, for everybody and however it is walked."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ostiary.access import public as access
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied, Invalid
from ostiary.records import public as records
from ostiary.records.public import Compare, Op, PlanShape, RecordQuery, Sort
from tests._tenants import TestTenant, rolled_back
from tests.integration.records._viewers import Viewers, give_level, make_viewers, statements

QUERY = RecordQuery(
    "opportunity", ("name", "stage"), Compare("amount", Op.GE, 2), (Sort("name"),), limit=3, verdicts=True
)


@pytest.fixture
def viewers(crm_tenant: TestTenant) -> Iterator[Viewers]:
    with rolled_back(crm_tenant.tenant) as db:
        made = make_viewers(Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.API))
        stages, ids = stages_of(made.admin)[:3], []
        for ctx, many in ((made.one, 9), (made.two, 8)):
            for n in range(many):
                given = {"name": f"{n} of {ctx.actor}", "stage": stages[n % 2], "amount": n}
                ids.append(records.create_record(ctx, "opportunity", given).id)
        records.share_record(made.two, "opportunity", ids[-1], made.one.actor, access.Verb.READ)
        yield made


def stages_of(ctx: Context) -> list[str]:
    query = RecordQuery("opportunity_stage", ())
    return [str(i) for i in records.list_records(ctx, query).ids]


@pytest.mark.parametrize("plan", [None, *PlanShape])
def test_lanes_are_the_lists_narrowed_to_each(viewers: Viewers, plan: PlanShape | None) -> None:
    stages = stages_of(viewers.admin)[:3]
    for ctx in viewers.all():
        lanes = records.list_lanes(ctx, replace(QUERY, plan=plan), "stage", stages)
        assert list(lanes) == stages
        for stage, page in lanes.items():
            node = records.And((Compare("amount", Op.GE, 2), Compare("stage", Op.EQ, stage)))
            alone = replace(QUERY, filter=node, plan=plan)
            assert page == records.list_records(ctx, alone)
            may = {i for i in page.ids if records.get_record(ctx, "opportunity", i, verdicts=True).may_update}
            assert page.updatable == may
            if page.next:
                rest = records.list_records(ctx, replace(alone, after=page.next, limit=100)).ids
                everything = records.list_records(ctx, replace(alone, limit=100)).ids
                assert (*page.ids, *rest) == everything
    seen = records.list_lanes(viewers.one, replace(QUERY, plan=plan, limit=100), "stage", stages).values()
    shared = frozenset(i for page in seen for i in page.ids) - frozenset().union(*(p.updatable for p in seen))
    assert len(shared) == 1  # it is read, and no more


def test_lanes_are_one_statement_and_tell_nothing_that_is_closed(
    viewers: Viewers, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = stages_of(viewers.admin)
    records.list_lanes(viewers.one, QUERY, "stage", stages)
    with statements(monkeypatch) as run:
        records.list_lanes(viewers.one, QUERY, "stage", stages)
    assert len(run) == 1
    assert records.list_lanes(viewers.one, QUERY, "stage", ()) == {}
    for column, values in (("stage", ["x"]), ("name", ["x"]), ("stage", [str(n) for n in range(51)])):
        with pytest.raises(Invalid):
            records.list_lanes(viewers.one, QUERY, column, values)
    give_level(viewers.admin, "opportunity", "stage", viewers.one, access.ColumnLevel.MASKED)
    with pytest.raises(AccessDenied):
        records.list_lanes(viewers.one, replace(QUERY, columns=("name",)), "stage", stages)

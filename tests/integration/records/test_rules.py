"""Rules of objects hold on every path that writes, after rights, and tell nothing of what may not be read."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.clock import now
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied, Invalid
from ostiary.kernel.ids import RecordId
from ostiary.records import public as records
from tests._tenants import TestTenant, rolled_back


@pytest.fixture
def admin(crm_tenant: TestTenant) -> Iterator[Context]:
    with rolled_back(crm_tenant.tenant) as db:
        yield Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.API)


def person(ctx: Context, login: str, *codes: str) -> Context:
    unit = access.create_person(ctx, login=login, name=login.title(), email=f"{login}@example.com")
    for code in codes:
        role = identity.find_unit(ctx, code)
        assert role is not None
        access.add_member(ctx, unit, role)
    return ctx.acting_as(unit)


def named(ctx: Context, lookup: str, name: str) -> str:
    query = records.RecordQuery(lookup, ("name",), records.Compare("name", records.Op.EQ, name))
    return str(records.list_records(ctx, query).ids[0])


def data(ctx: Context, code: str, record_id: RecordId) -> Mapping[str, Any]:
    return records.get_record(ctx, code, record_id).data


def change(ctx: Context, code: str, record_id: RecordId, **values: object) -> records.Record:
    version = records.get_record(ctx, code, record_id).version
    return records.update_record(ctx, code, record_id, values, version)


def bulk(ctx: Context, code: str, record_id: RecordId, **values: object) -> None:
    result = records.update_records(ctx, code, [record_id], values)
    for row in result.refused:
        assert row.refusal is not None
        raise row.refusal


def merge(ctx: Context, code: str, record_id: RecordId, **values: object) -> None:
    other = records.create_record(ctx, code, {"name": "Other"})
    records.merge_records(ctx, code, record_id, [other.id], values)


Way = Callable[..., object]


@pytest.mark.parametrize("way", [change, bulk, merge])
def test_a_stage_asks_for_its_columns_on_every_way_in_and_brings_its_values(admin: Context, way: Way) -> None:
    won, reason = named(admin, "opportunity_stage", "Closed won"), named(admin, "close_reason", "Price")
    deal = records.create_record(admin, "opportunity", {"name": "Deal"})
    assert data(admin, "opportunity", deal.id)["probability"] == 10  # of the stage that it began in
    with pytest.raises(Invalid) as refused:
        way(admin, "opportunity", deal.id, stage=won)
    assert [(e.field, e.code) for e in refused.value.errors] == [("close_reason", "stage_required")]
    assert "Closed won" in refused.value.errors[0].message

    way(admin, "opportunity", deal.id, stage=won, close_reason=reason)
    after = data(admin, "opportunity", deal.id)
    assert (after["probability"], after["closed_on"]) == (100, now().date().isoformat())
    assert after["forecast"] == "closed"
    back = named(admin, "opportunity_stage", "Proposal")
    change(admin, "opportunity", deal.id, stage=back, probability=65)
    after = data(admin, "opportunity", deal.id)
    assert (after["closed_on"], after["close_reason"], after["probability"]) == (None, None, 65)


def test_a_new_record_is_held_to_the_rules_of_its_stage(admin: Context) -> None:
    lost = named(admin, "opportunity_stage", "Closed lost")
    reason = named(admin, "close_reason", "Price")
    rows = [
        {"name": "Without", "stage": lost},
        {"name": "With", "stage": lost, "close_reason": reason, "closed_on": "2026-01-31"},
    ]
    with pytest.raises(Invalid):
        records.create_record(admin, "opportunity", rows[0])
    result = records.create_records(admin, "opportunity", rows)
    assert [row.refusal is None for row in result.rows] == [False, True]
    assert result.rows[1].id is not None
    made = data(admin, "opportunity", result.rows[1].id)
    assert (made["closed_on"], made["probability"], made["forecast"]) == ("2026-01-31", 0, "omitted")


def test_a_rule_neither_widens_rights_nor_tells_of_a_hidden_column(admin: Context) -> None:
    sales = person(admin, "sally", "sales")
    won, reason = named(admin, "opportunity_stage", "Closed won"), named(admin, "close_reason", "Price")
    empty = records.create_record(sales, "opportunity", {"name": "Empty"})
    filled = records.create_record(sales, "opportunity", {"name": "Filled", "close_reason": reason})
    made = records.describe(admin, "opportunity").object
    nobody = identity.find_unit(admin, identity.ALL_EMPLOYEES)
    assert nobody is not None
    access.set_columns_rows(
        admin, made.id, {made.columns["close_reason"].id: [(nobody, access.ColumnLevel.NONE)]}
    )
    told = []
    for record in (empty, filled):
        with pytest.raises(Invalid) as refused:
            change(sales, "opportunity", record.id, stage=won)
        told.append([(e.field, e.code, e.message) for e in refused.value.errors])
    assert told[0] == told[1]
    other = person(admin, "olga", "sales")
    with pytest.raises(Invalid):  # the stage must be readable, as any lookup
        change(sales, "opportunity", filled.id, stage=str(empty.id))
    with pytest.raises(AccessDenied):
        records.create_record(other, "opportunity", {"name": "X", "margin": 5})


def test_the_history_of_stages_is_written_by_the_product_alone_and_read_under_its_record(
    admin: Context,
) -> None:
    sally, olga = person(admin, "sally", "sales"), person(admin, "olga", "sales")
    deal = records.create_record(sally, "opportunity", {"name": "Deal"})
    change(sally, "opportunity", deal.id, stage=named(admin, "opportunity_stage", "Proposal"))
    change(sally, "opportunity", deal.id, owner=str(olga.actor))
    change(admin, "opportunity", deal.id, next_step="Call")
    under = records.Compare("parent", records.Op.EQ, str(deal.id))
    query = records.RecordQuery("opportunity_history", filter=under, sort=(records.Sort("left_at"),))
    rows = list(records.list_records(sally, query).records())
    assert [r["stage"]["display"] for r in rows] == ["Qualification", "Proposal"]
    assert [r["held_by"] for r in rows] == ["Sally", "Sally"]
    assert rows[0]["left_at"] == rows[1]["entered_at"]
    assert rows[0]["minutes"] == 0
    stranger = person(admin, "nina", "sales")
    assert list(records.list_records(stranger, query).records()) == []
    with pytest.raises(AccessDenied) as refused:
        records.create_record(admin, "opportunity_history", {"parent": str(deal.id)})
    assert refused.value.layer == "object"
    with pytest.raises(AccessDenied):
        records.delete_record(admin, "opportunity_history", RecordId(rows[0]["id"]))
    records.delete_record(admin, "opportunity", deal.id)  # what was logged of it goes along
    assert list(records.list_records(admin, query).records()) == []


def line(ctx: Context, deal: RecordId, product: RecordId, **values: object) -> records.Record:
    given = {"opportunity": str(deal), "product": str(product), **values}
    return records.create_record(ctx, "opportunity_product", given)


def test_amounts_follow_from_lines_until_somebody_types_another(admin: Context) -> None:
    product = records.create_record(admin, "product", {"name": "Summed up"}).id
    deal = records.create_record(admin, "opportunity", {"name": "Deal", "probability": 50}).id

    def amounts() -> tuple[object, object]:
        found = data(admin, "opportunity", deal)
        return found["amount"], found["weighted_amount"]

    first = line(admin, deal, product, quantity=2, price=100, discount=10)
    assert data(admin, "opportunity_product", first.id)["amount"] == 180
    assert amounts() == (180, 90)
    line(admin, deal, product, quantity=1, price=20)
    assert amounts() == (200, 100)
    change(admin, "opportunity_product", first.id, quantity=3)
    assert amounts() == (290, 145)
    records.update_records(
        admin, "opportunity_product", records.Compare("opportunity", records.Op.EQ, str(deal)), {"price": 10}
    )
    assert amounts() == (37, 18.5)
    change(admin, "opportunity", deal, amount=1000)
    line(admin, deal, product, quantity=1, price=5)
    assert amounts() == (1000, 500)  # typed, so it stays
    change(admin, "opportunity", deal, amount=None)
    records.delete_record(admin, "opportunity_product", first.id)
    assert amounts() == (15, 7.5)
    with pytest.raises(Invalid) as refused:
        change(admin, "opportunity", deal, weighted_amount=1)
    assert refused.value.errors[0].code == "not_writable"


def test_a_line_counts_for_a_deal_that_its_writer_may_not_change(admin: Context) -> None:
    """The sum follows from what was written; the writer gets no right to anything else there."""
    sally, olga = person(admin, "sally", "sales"), person(admin, "olga", "sales")
    product = records.create_record(admin, "product", {"name": "Shared"}).id
    deal = records.create_record(sally, "opportunity", {"name": "Deal"}).id
    records.share_record(admin, "opportunity", deal, olga.actor, access.Verb.READ)
    line(olga, deal, product, quantity=1, price=30)
    assert data(sally, "opportunity", deal)["amount"] == 30
    with pytest.raises(AccessDenied):
        change(olga, "opportunity", deal, amount=1)


def test_a_hierarchy_has_no_circle(admin: Context) -> None:
    top = records.create_record(admin, "account", {"name": "Top"}).id
    middle = records.create_record(admin, "account", {"name": "Middle", "parent": str(top)}).id
    low = records.create_record(admin, "account", {"name": "Low", "parent": str(middle)}).id
    for way in (change, bulk):
        with pytest.raises(Invalid) as refused:
            way(admin, "account", top, parent=str(low))
        assert [(e.field, e.code) for e in refused.value.errors] == [("parent", "circle")]
        with pytest.raises(Invalid):
            way(admin, "account", top, parent=str(top))
    change(admin, "account", low, parent=str(top))
    assert data(admin, "account", low)["parent"]["display"] == "Top"

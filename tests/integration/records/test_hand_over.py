"""Handing a lead over: everything or nothing, by the rights of who does it; readable duplicates are shown."""

from collections.abc import Iterator

import pytest

from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import Invalid, NotFound, VersionConflict
from ostiary.records import public as records
from tests._tenants import TestTenant, rolled_back
from tests.integration.records.test_rules import data, named, person

LEAD = {
    "name": "Racks for Helios",
    "person_name": "Mira Lang",
    "company_name": "Helios Labs",
    "email": "mira@helios.example",
    "phone": "+49 30 5550101",
    "potential_value": 4000,
}


@pytest.fixture
def admin(crm_tenant: TestTenant) -> Iterator[Context]:
    with rolled_back(crm_tenant.tenant) as db:
        yield Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.API)


def count(ctx: Context, code: str) -> int:
    return len(records.list_records(ctx, records.RecordQuery(code, limit=100)).ids)


def test_new_records_are_made_and_linked_in_one_go(admin: Context) -> None:
    sales = person(admin, "sally", "sales")
    lead = records.create_record(sales, "lead", LEAD)
    _, steps = records.plan_hand_over(sales, "lead", lead.id)
    assert [(s.link, s.name, s.candidates) for s in steps] == [
        ("account", "Helios Labs", ()),
        ("contact", "Mira Lang", ()),
        ("opportunity", "Racks for Helios", ()),
    ]
    chosen = {"account": "new", "contact": "new", "opportunity": "new"}
    records.hand_over(sales, "lead", lead.id, lead.version, chosen)
    after = data(sales, "lead", lead.id)
    assert after["stage"]["display"] == "Converted"
    deal = data(sales, "opportunity", after["opportunity"]["id"])
    assert (deal["amount"], deal["account"]["display"], deal["contact"]["display"]) == (
        4000,
        "Helios Labs",
        "Mira Lang",
    )
    contact = data(sales, "contact", after["contact"]["id"])
    assert (contact["email"], contact["account"]["display"]) == ("mira@helios.example", "Helios Labs")


def test_possible_duplicates_are_shown_to_whom_they_may_be_shown(admin: Context) -> None:
    sales, other = person(admin, "sally", "sales"), person(admin, "olga", "sales")
    records.create_record(other, "contact", {"name": "M. Lang", "email": LEAD["email"]})
    known = records.create_record(sales, "contact", {"name": "Mira Lang", "phone": LEAD["phone"]})
    lead = records.create_record(sales, "lead", LEAD)
    _, steps = records.plan_hand_over(sales, "lead", lead.id)
    found = next(s for s in steps if s.link == "contact").candidates
    assert [(c.id, c.by) for c in found] == [(known.id, ("Full name", "Business phone"))]
    chosen = {"account": "none", "contact": str(known.id), "opportunity": "new"}
    records.hand_over(sales, "lead", lead.id, lead.version, chosen)
    assert data(sales, "lead", lead.id)["contact"]["id"] == str(known.id)
    with pytest.raises(NotFound):
        records.plan_hand_over(sales, "account", known.id)


def test_a_refusal_leaves_nothing_behind(admin: Context) -> None:
    sales, other = person(admin, "sally", "sales"), person(admin, "olga", "sales")
    hidden = records.create_record(other, "contact", {"name": "Hidden"})
    lead = records.create_record(sales, "lead", LEAD)
    before = [count(admin, code) for code in ("account", "contact", "opportunity")]
    for chosen in (
        {"account": "new", "contact": "new", "opportunity": "none"},  # the stage needs an opportunity
        {"account": "new", "contact": str(hidden.id), "opportunity": "new"},
    ):
        with pytest.raises(Invalid):
            records.hand_over(sales, "lead", lead.id, lead.version, chosen)
    won = named(admin, "lead_source", "Referral")
    version = records.update_record(sales, "lead", lead.id, {"source": won}, lead.version).version
    with pytest.raises(Invalid):
        records.hand_over(sales, "lead", lead.id, version, {"stage": "new"})
    new = {"account": "new", "contact": "new", "opportunity": "new"}
    assert [count(admin, code) for code in ("account", "contact", "opportunity")] == before
    records.hand_over(sales, "lead", lead.id, version, new)
    with pytest.raises(VersionConflict):
        records.update_record(sales, "lead", lead.id, {"account": None}, version)

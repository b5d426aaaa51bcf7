"""One record of each kind under a master is primary, in step with the master's columns both ways."""

from collections.abc import Iterator
from typing import Any

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied, Invalid
from ostiary.kernel.ids import RecordId
from ostiary.records import public as records
from tests._tenants import TestTenant, rolled_back
from tests.integration.records.test_rules import change, data, person


@pytest.fixture
def admin(crm_tenant: TestTenant) -> Iterator[Context]:
    with rolled_back(crm_tenant.tenant) as db:
        yield Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.API)


def ways(ctx: Context, contact: RecordId) -> list[tuple[str, str, bool]]:
    under = records.Compare("contact", records.Op.EQ, str(contact))
    query = records.RecordQuery("contact_channel", filter=under, sort=(records.Sort("number"),))
    rows = records.list_records(ctx, query).records()
    return [(r["kind"], r["value"], bool(r["is_primary"])) for r in rows]


def add(ctx: Context, contact: RecordId, **values: Any) -> RecordId:
    return records.create_record(ctx, "contact_channel", {"contact": str(contact), **values}).id


def test_the_first_is_primary_another_may_become_it_and_the_newest_is_promoted(admin: Context) -> None:
    contact = records.create_record(admin, "contact", {"name": "Mira"}).id
    first = add(admin, contact, kind="email", value="mira@one.example")
    assert data(admin, "contact", contact)["email"] == "mira@one.example"
    second = add(admin, contact, kind="email", value="mira@two.example", is_primary=True)
    assert data(admin, "contact", contact)["email"] == "mira@two.example"
    add(admin, contact, kind="email", value="mira@three.example")
    add(admin, contact, kind="phone", value="+49 30 1")
    assert [primary for kind, _, primary in ways(admin, contact) if kind == "email"] == [False, True, False]
    assert data(admin, "contact", contact)["phone"] == "+49 30 1"
    change(admin, "contact_channel", first, is_primary=True)
    assert data(admin, "contact", contact)["email"] == "mira@one.example"
    for gone in (first, second):
        records.delete_record(admin, "contact_channel", gone)
    assert data(admin, "contact", contact)["email"] == "mira@three.example"
    with pytest.raises(Invalid):
        add(admin, contact, kind="email", value="no address", is_primary=True)
    records.delete_record(admin, "contact", contact)


def test_what_is_typed_at_the_top_is_the_primary_one_below(admin: Context) -> None:
    contact = records.create_record(admin, "contact", {"name": "Mira", "email": "mira@one.example"}).id
    assert ways(admin, contact) == [("email", "mira@one.example", True)]
    change(admin, "contact", contact, email="mira@two.example", phone="+49 30 2")
    assert ways(admin, contact) == [("email", "mira@two.example", True), ("phone", "+49 30 2", True)]
    made = records.create_records(admin, "contact", [{"name": "A", "email": "a@x.example"}, {"name": "B"}])
    assert [len(ways(admin, row.id)) for row in made.rows if row.id] == [1, 0]
    change(admin, "contact", contact, email=None)
    assert ways(admin, contact)[0] == ("email", "mira@two.example", False)
    account = records.create_record(admin, "account", {"name": "Helios", "city": "Bremen"}).id
    under = records.Compare("account", records.Op.EQ, str(account))
    query = records.RecordQuery("account_address", filter=under)
    assert [r["city"] for r in records.list_records(admin, query).records()] == ["Bremen"]


def test_a_mirror_gives_no_right_to_the_column_above(admin: Context) -> None:
    sally = person(admin, "sally", "sales")
    contact = records.create_record(sally, "contact", {"name": "Mira"}).id
    made = records.describe(admin, "contact").object
    everyone = identity.find_unit(admin, identity.ALL_EMPLOYEES)
    assert everyone is not None
    access.set_columns_rows(admin, made.id, {made.columns["email"].id: [(everyone, access.ColumnLevel.READ)]})
    with pytest.raises(AccessDenied) as refused:
        add(sally, contact, kind="email", value="mira@one.example")
    assert refused.value.layer == "column"
    add(sally, contact, kind="phone", value="+49 30 1")
    assert data(sally, "contact", contact)["phone"] == "+49 30 1"

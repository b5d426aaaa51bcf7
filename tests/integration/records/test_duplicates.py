"""What may be the same: found by rules and rights of the reader, among all records, never told beyond."""

from collections.abc import Iterable
from uuid import UUID

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound
from ostiary.kernel.ids import RecordId, new_id
from ostiary.objects import public as objects
from ostiary.records import _duplicate_search
from ostiary.records import public as records
from ostiary.records._duplicate_groups import find_groups
from ostiary.records.public import DuplicatePart, DuplicateRule, How
from tests.integration.records._people import events, person


def account(ctx: Context, name: str, **more: object) -> RecordId:
    return records.create_record(ctx, "account", {"name": name, **more}).id


def alike(ctx: Context, code: str = "account", **values: object) -> dict[RecordId, tuple[str, ...]]:
    (found,) = records.find_duplicates(ctx, code, [values])
    return {each.id: each.by for each in found}


def test_each_rule_finds_what_is_written_otherwise(admin: Context) -> None:
    one = account(
        admin,
        "Nordwind Logistics GmbH",
        city="Bremen",
        phone="+49 421 5550-101",
        email="Post@nordwind-log.example",
        web="https://www.nordwind-log.example/de",
    )
    account(admin, "Südwind", city="Bremen")
    assert alike(admin, name="NORDWIND  logistics gmbh") == {one: ("Name",)}
    assert alike(admin, name="Nordwind Logistik AG", city="bremen") == {one: ("Name", "City")}
    assert alike(admin, name="Nordwind Logistik AG", city="Kiel") == {}
    assert alike(admin, name="X", phone="0049 (421) 5550101") == {one: ("Phone",)}
    assert alike(admin, name="X", email="post@NORDWIND-log.example") == {one: ("E-mail",)}
    assert alike(admin, name="X", web="nordwind-log.example") == {one: ("Web",)}
    for nothing in ({}, {"name": None}, {"phone": "12"}, {"email": "x'y\\"}, {"web": {"id": "x"}}):
        assert alike(admin, **nothing) == {}
    many = records.find_duplicates(admin, "account", [{"name": "Südwind"}, {}, {"phone": "+494215550101"}])
    assert [[each.name for each in found] for found in many] == [["Südwind"], [], ["Nordwind Logistics GmbH"]]


def test_hidden_records_and_closed_columns_take_no_part(admin: Context) -> None:
    sales, other = person(admin, "sally", "sales"), person(admin, "olga", "sales")
    mine = records.create_record(sales, "contact", {"name": "Mira Lang", "email": "mira@x.example"}).id
    hidden = records.create_record(other, "contact", {"name": "M Lang", "email": "mira@x.example"}).id
    assert set(alike(admin, "contact", email="mira@x.example")) == {mine, hidden}
    assert set(alike(sales, "contact", email="mira@x.example")) == {mine}
    assert {mine, hidden} in [set(group.records) for group in find_groups(admin, "contact")[0]]
    assert find_groups(sales, "contact") == ([], False)
    made = objects.get_catalogue(admin).objects["contact"]
    everyone = identity.find_unit(admin, identity.ALL_EMPLOYEES)
    assert everyone is not None
    access.set_column_rows(admin, made.id, made.columns["email"].id, [(everyone, access.ColumnLevel.MASKED)])
    assert alike(sales, "contact", email="mira@x.example") == {}
    assert set(alike(sales, "contact", name="mira lang")) == {mine}


def test_what_was_decided_holds_instead_of_what_is_shipped(admin: Context) -> None:
    one = account(admin, "Halden", postal_code="10115")
    rules = (DuplicateRule((DuplicatePart("postal_code"),)),)
    before = events(admin).get("records.duplicate_rules.changed", 0)
    records.set_duplicate_rules(admin, "account", rules)
    records.set_duplicate_rules(admin, "account", rules)
    assert alike(admin, name="Halden") == {}
    assert alike(admin, postal_code="10115") == {one: ("Postal code",)}
    kept = records.get_duplicate_rules(admin, "account")
    assert (kept.rules, kept.shipped, kept.changed_by) == (rules, False, admin.actor)
    records.set_duplicate_rules(admin, "account", None)
    assert alike(admin, name="Halden") == {one: ("Name",)}
    assert events(admin)["records.duplicate_rules.changed"] == before + 2
    for parts in (
        [],
        [DuplicatePart("name"), DuplicatePart("name")],
        [DuplicatePart("nothing")],
        [DuplicatePart("notes")],
        [DuplicatePart("phone", How.SIMILAR)],
        [DuplicatePart("name", How.SIMILAR), DuplicatePart("city", How.SIMILAR)],
    ):
        with pytest.raises(Invalid) as refused:
            records.set_duplicate_rules(admin, "account", (DuplicateRule(tuple(parts)),))
        assert refused.value.errors[0].field == "rule.0"
    clerk = person(admin, "clerk", "sales")
    for call in (
        lambda: records.get_duplicate_rules(clerk, "account"),
        lambda: records.set_duplicate_rules(clerk, "account", ()),
    ):
        with pytest.raises(AccessDenied):
            call()


def names(groups: Iterable[records.DuplicateGroup]) -> list[list[str]]:
    return [[str(record["name"]) for record in group.records] for group in groups]


def run_search(ctx: Context) -> None:
    """What the job does, in the transaction of the test."""
    found = records.find_search(ctx, "account")
    assert found is not None
    _duplicate_search._search(ctx, found.id)


def test_a_search_finds_groups_and_remembers_what_is_not_the_same(admin: Context) -> None:
    made = [
        account(admin, "Helios Labs", phone="+49 30 5550101", city="Berlin"),
        account(admin, "Helios Lab", phone="0049305550101", city="Berlin"),
        account(admin, "Helios Labs Holding", phone="+49305550101"),
    ]
    apart = [account(admin, "Alpha", city="Ulm"), account(admin, "Alpha")]
    assert records.search_duplicates(admin, "account") == records.search_duplicates(admin, "account")
    run_search(admin)
    search = records.find_search(admin, "account")
    assert search is not None
    assert search.state is records.SearchState.DONE
    groups, more = records.list_groups(admin, "account")
    assert more is None
    found = {tuple(sorted(str(r["id"]) for r in group.records)): group.by for group in groups}
    assert found[tuple(sorted(map(str, made)))] == ("Phone",)
    assert found[tuple(sorted(map(str, made[:2])))] == ("City", "Name")
    assert found[tuple(sorted(map(str, apart)))] == ("Name",)
    records.say_not_duplicates(admin, "account", apart)
    assert ["Alpha", "Alpha"] not in names(records.list_groups(admin, "account")[0])
    assert apart[1] not in {
        each.id for each in records.duplicates_after(admin, "account", apart[0], {"name": "alpha"})
    }
    sales = person(admin, "sally", "sales")
    assert records.find_search(sales, "account") is None
    for ids in ([made[0]], [], [made[0], made[0]]):
        with pytest.raises(Invalid):
            records.say_not_duplicates(admin, "account", ids)
    with pytest.raises(NotFound):
        records.say_not_duplicates(admin, "account", [made[0], UUID(int=new_id().int)])


def test_a_new_record_that_looks_like_another_is_told_so(admin: Context) -> None:
    one = account(admin, "Halden")
    with pytest.raises(records.LooksLike) as refused:
        records.ensure_new(admin, "account", {"name": "halden"})
    assert refused.value.details["found"] == [{"id": str(one), "name": "Halden", "by": ["Name"]}]
    records.ensure_new(admin, "account", {"name": "Halden 2"})
    two = account(admin, "Halden 2")
    found = records.duplicates_after(admin, "account", two, {"name": "HALDEN"})
    assert [each.id for each in found] == [one]
    assert records.duplicates_after(admin, "account", two, {"city": "Bern"}) == ()

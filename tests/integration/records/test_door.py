"""The door end to end on real objects: what one may do and another may not, in one test each."""

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound, VersionConflict
from ostiary.records import public as records
from tests._exports import csv_of

pytestmark = pytest.mark.database


def person(ctx: Context, login: str, *roles: str) -> Context:
    unit = access.create_person(ctx, login=login, name=login.title(), email=f"{login}@example.com")
    for code in roles:
        role = identity.find_unit(ctx, code)
        assert role is not None
        access.add_member(ctx, unit, role)
    return ctx.acting_as(unit)


def test_a_record_goes_through_its_whole_life(admin: Context) -> None:
    made = records.create_record(admin, "account", {"name": "Halden Instruments"})
    assert made.data["name"] == "Halden Instruments"
    assert made.data["owner"]["display"] == "Ada Admin"
    changed = records.update_record(admin, "account", made.id, {"phone": "+49 30 1234"}, made.version)
    assert changed.version == 2
    with pytest.raises(VersionConflict) as conflict:
        records.update_record(admin, "account", made.id, {"phone": "+49 30 999"}, made.version)
    assert conflict.value.details["theirs"] == {"phone": "+49 30 1234"}
    assert records.count_records(admin, "account").value == 1
    records.delete_record(admin, "account", made.id)
    with pytest.raises(NotFound):
        records.get_record(admin, "account", made.id)


def test_one_agent_sees_only_own_opportunities_and_the_team_lead_both(admin: Context) -> None:
    sales = identity.find_unit(admin, "sales")
    assert sales is not None
    team = access.create_role(admin, identity.UnitKind.ORG, "Team")
    lead_role = access.create_role(admin, identity.UnitKind.MANAGER, "Team lead", manages=team)
    one, two, lead = (person(admin, login, "sales") for login in ("one", "two", "lead"))
    access.add_members(admin, [(one.actor, team), (two.actor, team), (lead.actor, lead_role)])
    a = records.create_record(one, "opportunity", {"name": "A"})
    b = records.create_record(two, "opportunity", {"name": "B"})
    for shape in records.PlanShape:

        def ids(ctx: Context, shape: records.PlanShape = shape) -> set[object]:
            return set(records.list_records(ctx, records.RecordQuery("opportunity", plan=shape)).ids)

        assert ids(one) == {a.id}
        assert ids(two) == {b.id}
        assert ids(lead) == {a.id, b.id}
        assert ids(admin) == {a.id, b.id}
    assert [records.count_records(c, "opportunity").value for c in (one, two, lead, admin)] == [1, 1, 2, 2]
    with pytest.raises(NotFound):
        records.get_record(one, "opportunity", b.id)
    with pytest.raises(NotFound):
        records.update_record(one, "opportunity", b.id, {"name": "Mine"}, 1)


def test_an_export_needs_its_operation(admin: Context) -> None:
    records.create_record(admin, "account", {"name": "=cmd()"})
    text = b"".join(csv_of(admin, records.RecordQuery("account"))).decode()
    assert "'=cmd()" in text
    agent = person(admin, "agent", "sales")
    with pytest.raises(AccessDenied):
        csv_of(agent, records.RecordQuery("account"))


def test_bad_values_name_their_fields_and_change_nothing(admin: Context) -> None:
    with pytest.raises(Invalid) as refused:
        records.create_record(admin, "account", {"name": "", "web": "javascript:alert(1)", "nonsense": 1})
    assert {e.field for e in refused.value.errors} == {"name", "web", "nonsense"}
    assert records.count_records(admin, "account").value == 0


def test_a_column_that_may_only_be_read_may_be_given_as_it_is(admin: Context) -> None:
    thing = records.describe(admin, "region").object
    everyone, name = identity.find_unit(admin, "all_employees"), thing.columns["name"]
    assert everyone is not None
    made = records.create_record(admin, "region", {"name": "North"})
    reader = person(admin, "reader", "sales")
    access.set_object_rows(admin, thing.id, [(reader.actor, frozenset(access.Verb))])
    access.set_column_rows(admin, thing.id, name.id, [(reader.actor, access.ColumnLevel.READ)])
    assert records.update_record(reader, "region", made.id, {"name": "North"}, 1).version == 1
    with pytest.raises(AccessDenied):
        records.update_record(reader, "region", made.id, {"name": "South"}, 1)

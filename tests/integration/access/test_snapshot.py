"""What a change of rights, roles, records or metadata shows as in the comparison of two snapshots."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pytest

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel, Grant, Operation, Verb
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId, new_id
from ostiary.objects import public as objects
from ostiary.records import public as records


def named(ctx: Context) -> list[access.NamedObject]:
    return objects.load_catalogue(ctx.db, 0).named()


@dataclass
class House:
    """A few people in a tenant with the CRM."""

    ctx: Context
    sales: UnitId
    north: UnitId
    head: UnitId  # manager role of north
    ada: UnitId  # in sales and north
    bob: UnitId  # in sales
    eve: UnitId  # in nothing

    def diff(self, *changes: Callable[[], object]) -> list[str]:
        before = access.snapshot(self.ctx, named(self.ctx))
        for change in changes:
            change()
        after = access.snapshot(self.ctx, named(self.ctx))
        diff = access.compare(before, after, access.Sight(self.ctx))
        return list(access.diff_lines(self.ctx, diff))

    def object(self, code: str) -> objects.Object:
        return objects.find_object(self.ctx, code)


@pytest.fixture
def house(admin: Context) -> House:
    sales = identity.find_unit(admin, "sales")
    assert sales is not None
    north = access.create_role(admin, identity.UnitKind.ORG, "North")
    head = access.create_role(admin, identity.UnitKind.MANAGER, "Head of North", manages=north)
    people = [
        access.create_person(admin, login=f"snap.{n}", name=n.title(), email=f"{n}@example.com")
        for n in ("ada", "bob", "eve")
    ]
    access.add_members(admin, [(people[0], sales), (people[0], north), (people[1], sales)])
    return House(admin, sales, north, head, *people)


def only(lines: Iterable[str], mark: str) -> list[str]:
    return [line for line in lines if line.startswith(mark)]


def test_nothing_done_is_no_change(house: House) -> None:
    assert house.diff() == []


def test_an_operation_is_gained_by_those_whom_the_row_names(house: House) -> None:
    lines = house.diff(
        lambda: access.set_operation_rows(house.ctx, Operation.VIEW_AUDIT, [(house.sales, True)])
    )
    assert len(lines) == 2
    assert lines[0].startswith("+ execute CanViewSysOperationAudit -- Ada, Bob")
    assert lines[1].startswith("- execute CanViewSysOperationAudit -- Ada Admin")


def test_a_personal_row_concerns_one_person(house: House) -> None:
    lead = house.object("lead")
    lines = house.diff(lambda: access.set_object_rows(house.ctx, lead.id, [(house.eve, {Verb.READ})]))
    assert any(line.startswith("+ read lead: ") and " -- Eve" in line for line in lines), lines
    assert not any("Bob" in line for line in only(lines, "+"))


def test_a_column_opens_and_closes(house: House) -> None:
    deal = house.object("opportunity")
    margin = deal.columns["margin"].id

    def to(level: ColumnLevel) -> Callable[[], None]:
        return lambda: access.set_column_rows(house.ctx, deal.id, margin, [(house.sales, level)])

    house.diff(to(ColumnLevel.NONE))
    opened = house.diff(to(ColumnLevel.READ))
    whose = "Ada, Bob (All employees, Sales); whoever gets Head of North"  # by what Ada of North has
    assert opened == [f"+ opportunity.margin: none -> read -- {whose}"]
    closed = house.diff(to(ColumnLevel.MASKED))
    assert closed == [f"- opportunity.margin: read -> masked -- {whose}"]


def test_a_column_without_rows_is_open(house: House) -> None:
    deal = house.object("opportunity")
    lines = house.diff(
        lambda: house.ctx.db.run(
            "delete from @.access_column_row where column_id = %(c)s", {"c": deal.columns["margin"].id}
        )
    )
    assert lines[0].startswith("+ opportunity.margin: none -> edit -- Ada, Bob")


def test_an_any_data_operation_says_it_for_every_object(house: House) -> None:
    keeper = access.find_system_account(house.ctx, access.HOUSEKEEPING)
    assert keeper is not None
    rows = [(house.eve, True), (keeper, True)]
    lines = house.diff(lambda: access.store_operation_rows(house.ctx, Operation.VIEW_ANY_DATA, rows))
    assert lines == [
        "+ execute CanSelectEverything -- Eve (All employees)",
        "- execute CanSelectEverything -- Ada Admin (All employees, System administrators)",
    ]


def test_moving_a_person_gives_and_takes(house: House) -> None:
    lines = house.diff(lambda: access.add_member(house.ctx, house.eve, house.sales))
    assert any(line.startswith("+ have what is given to Sales -- Eve") for line in lines), lines
    assert any(line.startswith("+ read account: ") for line in lines), lines
    assert only(lines, "-") == []
    back = house.diff(lambda: access.remove_member(house.ctx, house.eve, house.sales))
    assert only(back, "+") == []
    assert len(back) == len(lines)


def test_a_new_manager_reaches_what_the_unit_owns(house: House) -> None:
    access.add_member(house.ctx, house.bob, house.head)
    lines = house.diff(lambda: access.remove_member(house.ctx, house.bob, house.head))
    assert any("records owned below North" in line for line in only(lines, "-")), lines
    assert only(lines, "+") == []


def test_whoever_comes_below_a_manager_is_told(house: House) -> None:
    access.add_member(house.ctx, house.bob, house.head)
    lines = house.diff(lambda: access.add_member(house.ctx, house.eve, house.north))
    assert any(
        line.startswith("+ have their records reached by the managers of North -- Eve") for line in lines
    ), lines


def test_rules_and_switches_show_as_legs(house: House) -> None:
    deal = house.object("opportunity")
    lines = house.diff(
        lambda: access.add_default_rule(house.ctx, deal.id, house.north, house.sales, read=Grant.GRANTED)
    )
    whose = "records made by North -- Ada, Bob (All employees, Sales); whoever gets Head of North"
    assert lines == [  # what lies under a deal is read with it, and neither changed nor deleted
        f"+ read opportunity: {whose}",
        f"+ read opportunity_file: by opportunity: {whose}",
        f"+ read opportunity_history: by opportunity: {whose}",
        f"+ read opportunity_note: by opportunity: {whose}",
    ]
    opened = house.diff(lambda: access.set_switches(house.ctx, deal.id, records=False))
    assert any(line.startswith("+ read opportunity: every record -- Ada, Bob") for line in opened), opened
    assert only(opened, "-") == []
    closed = house.diff(lambda: access.set_switches(house.ctx, deal.id, records=True))
    assert only(closed, "+") == []


def test_records_are_counted_where_they_are_few(house: House) -> None:
    """By the legs that all members of a group share: their own records are theirs anyway."""
    deal = house.object("opportunity")
    for number in range(3):
        records.create_record(house.ctx.acting_as(house.ada), "opportunity", {"name": f"Pilot {number}"})
    records.create_record(house.ctx.acting_as(house.bob), "opportunity", {"name": "Pilot of Bob"})
    lines = house.diff(
        lambda: access.add_default_rule(house.ctx, deal.id, house.north, house.sales, read=Grant.GRANTED)
    )
    assert lines[0].startswith("+ read opportunity: records made by North (up to 3 records) -- Ada, Bob")
    access.add_member(house.ctx, house.bob, house.head)
    left = house.diff(lambda: access.remove_member(house.ctx, house.bob, house.head))
    assert any("records owned below North (up to 3 records) -- Bob" in line for line in only(left, "-")), left


def test_shares_and_owners_are_followed_record_by_record(house: House) -> None:
    seller = house.ctx.acting_as(house.ada)
    account = records.create_record(seller, "account", {"name": "Tindalvale Works"})
    known = house.object("account")
    lines = house.diff(
        lambda: access.store_share(house.ctx, known.id, account.id, house.eve, Verb.READ),
    )
    assert lines == ["+ read 1 shared records of account -- Eve (All employees)"]
    moved = house.diff(
        lambda: house.ctx.db.run(
            "update @.rec_account set owner_id = %(eve)s where id = %(id)s",
            {"eve": house.eve, "id": account.id},
        )
    )
    assert moved == [
        "+ be the owner of records of account: 1 more -- Eve (All employees)",
        "- be the owner of records of account: 1 more -- Ada (All employees, North, Sales)",
    ]


def test_something_new_and_closed_is_no_widening(house: House) -> None:
    """Also for whoever may view everything: that was said before."""
    before = access.snapshot(house.ctx, named(house.ctx))
    everyone = identity.find_unit(house.ctx, identity.ALL_EMPLOYEES)
    assert everyone is not None
    lead = house.object("lead")
    fresh = access.NamedObject(
        "car", {new_id(): "plate"}, access.Ground(new_id(), "rec_lead", has_owner=True)
    )
    grown = [
        access.NamedObject(o.code, {**o.columns, column: "fresh"}, o.ground) if o.id == lead.id else o
        for column in [new_id()]
        for o in named(house.ctx)
    ]
    column = next(c for o in grown if o.id == lead.id for c, code in o.columns.items() if code == "fresh")
    house.ctx.db.run(
        "insert into @.access_column_row (id, object_id, column_id, unit_id, level, position)"
        " values (%(id)s, %(o)s, %(c)s, %(u)s, 0, 1)",
        {"id": new_id(), "o": lead.id, "c": column, "u": everyone},
    )
    closed = access.compare(before, access.snapshot(house.ctx, [*grown, fresh]))
    assert not closed.widens
    house.ctx.db.run("update @.access_column_row set level = 2 where column_id = %(c)s", {"c": column})
    opened = access.compare(before, access.snapshot(house.ctx, [*grown, fresh]))
    assert [c.what for c in opened.gained] == ["lead.fresh: none -> read"]
    assert house.ada in opened.gained[0].who
    assert house.ctx.actor not in opened.gained[0].who


def test_a_role_that_nobody_has_is_watched_too(house: House) -> None:
    empty = access.create_role(house.ctx, identity.UnitKind.FUNC, "Auditors")
    lines = house.diff(lambda: access.set_operation_rows(house.ctx, Operation.EXPORT_LIST, [(empty, True)]))
    assert only(lines, "+") == ["+ execute CanExportGrid -- whoever gets Auditors"]


def test_the_snapshot_says_what_the_rights_say(house: House) -> None:
    """The same people, asked one by one."""
    access.add_member(house.ctx, house.bob, house.head)
    found = access.snapshot(house.ctx, named(house.ctx))
    for person in (house.ctx.actor, house.ada, house.bob, house.eve):
        rights = access.current_rights(house.ctx.acting_as(person))
        standing = found.standing[person]
        assert standing.operations == {o for o in Operation if rights.operation(o).allowed}
        assert standing.units == rights.sources.roles
        for described in found.objects.values():
            mine = standing.objects.get(described.id)
            verbs = {v for v in Verb if rights.decide_object(described.id, v).allowed}
            assert verbs == (set(mine.verbs) if mine else set())
            for column in described.columns if mine else ():
                assert mine is not None
                assert mine.levels.get(column, 0) == rights.level(described.id, column)

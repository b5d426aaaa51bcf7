"""A preview tells what saving would do, keeps nothing of it, and needs what saving needs."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel, Grant, Grants, Operation, Verb
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid
from ostiary.kernel.ids import ColumnId, UnitId, new_id
from ostiary.objects import public as objects
from ostiary.records import public as records


@dataclass
class Desk:
    """People, and an object whose rights change. role: one that nobody has yet."""

    ctx: Context
    ann: UnitId
    bob: UnitId
    sales: UnitId
    account: objects.Object

    def column(self, code: str) -> ColumnId:
        return self.account.columns[code].id


@pytest.fixture
def desk(admin: Context) -> Desk:
    sales = identity.find_unit(admin, "sales")
    assert sales
    ann, bob = (
        access.create_person(admin, login=f"desk.{name}", name=name.title(), email="")
        for name in ("ann", "bob")
    )
    access.add_member(admin, ann, sales)
    return Desk(admin, ann, bob, sales, objects.find_object(admin, "account"))


def changes_of(desk: Desk) -> dict[str, assurance.RightsChange]:
    account, new = desk.account.id, UnitId(new_id())
    everybody = identity.find_unit(desk.ctx, identity.ALL_EMPLOYEES)
    assert everybody
    return {
        "member": assurance.SetMember(desk.bob, desk.sales),
        "no member": assurance.SetMember(desk.ann, desk.sales, member=False),
        "operation": assurance.SetOperationRows(Operation.EXPORT_LIST, ((desk.sales, True),)),
        "object": assurance.SetObjectRows(account, ((desk.bob, frozenset({Verb.READ})),)),
        "column": assurance.SetColumnRows(account, desk.column("name"), ((desk.sales, ColumnLevel.MASKED),)),
        "carried": assurance.SetCarriedRight(Operation.EXPORT_LIST, account, frozenset({Verb.READ})),
        "records off": assurance.SetSwitches(account, records=False),
        "leg off": assurance.SetSwitches(account, True, access.ALL_LEGS - {"owner"}),
        "rule": assurance.SetDefaultRule(account, everybody, desk.sales, Grants(delete=Grant.DELEGABLE)),
        "role": assurance.CreateRole(new, identity.UnitKind.FUNC, "Born here"),
        "elevation": assurance.Elevate(desk.bob, desk.sales, identity.Period(), "to help out"),
        "delegation": assurance.Delegate(desk.ann, desk.bob, identity.Period()),
        "mark": assurance.MarkRole(desk.sales, not_inherited=True),
        "inactive": assurance.SetActive(desk.ann, active=False),
    }


def snap(ctx: Context) -> access.Snapshot:
    return access.snapshot(ctx, objects.load_catalogue(ctx.db, 0).named())


@pytest.mark.parametrize(
    "name",
    ["member", "no member", "operation", "object", "column", "carried", "records off", "leg off", "rule",
     "role", "elevation", "delegation", "mark", "inactive"],
)  # fmt: skip
def test_a_preview_says_what_saving_does_and_keeps_nothing(desk: Desk, name: str) -> None:
    changes = [changes_of(desk)[name]]
    before = snap(desk.ctx)
    impact = assurance.preview(desk.ctx, changes)
    untouched = access.compare(before, snap(desk.ctx))
    assert (untouched.gained, untouched.lost) == ((), ())
    assurance.apply_changes(desk.ctx, changes)
    done = access.compare(before, snap(desk.ctx), access.Sight(desk.ctx))
    assert (impact.diff.gained, impact.diff.lost) == (done.gained, done.lost)
    assert (name in ("role", "mark")) == (not impact.diff.gained and not impact.diff.lost)


def test_who_gains_is_named_and_a_list_of_changes_is_one(desk: Desk) -> None:
    new = UnitId(new_id())
    team: Sequence[assurance.RightsChange] = [
        assurance.CreateRole(new, identity.UnitKind.FUNC, "Auditors"),
        assurance.SetObjectRows(desk.account.id, ((new, frozenset({Verb.READ})),)),
        assurance.SetMember(desk.bob, new),
    ]
    impact = assurance.preview(desk.ctx, team)
    assert impact.widens
    gained = {change.what: change.who for change in impact.diff.gained}
    assert gained["have what is given to Auditors"] == (desk.bob,)
    assert any(what.startswith("read account") and who == (desk.bob,) for what, who in gained.items())
    assert any(c.what.startswith("read account") and desk.ann in c.who for c in impact.diff.lost)


def test_rights_in_the_transaction_are_those_of_before_the_preview(desk: Desk) -> None:
    ann = desk.ctx.acting_as(desk.ann)
    assert records.describe(ann, "account").verbs
    assurance.preview(desk.ctx, [assurance.SetObjectRows(desk.account.id, ())])
    assert records.describe(ann, "account").verbs
    assurance.apply_changes(desk.ctx, [assurance.SetObjectRows(desk.account.id, ())])
    with pytest.raises(AccessDenied):
        records.describe(ann, "account")


def test_a_preview_needs_what_saving_needs_and_refuses_what_saving_refuses(desk: Desk) -> None:
    change = assurance.SetMember(desk.bob, desk.sales)
    as_ann = desk.ctx.acting_as(desk.ann)
    with pytest.raises(AccessDenied):
        assurance.preview(as_ann, [change])
    access.set_operation_rows(desk.ctx, Operation.MANAGE_RIGHTS, [(desk.ann, True)])
    with pytest.raises(AccessDenied):  # she may look, but not change memberships
        assurance.preview(as_ann, [change])
    assert not assurance.preview(as_ann, []).widens
    with pytest.raises(AccessDenied):  # the administrator gave the right to look away with the rows
        assurance.preview(desk.ctx, [change])


def test_what_cannot_be_done_is_refused_by_its_field(desk: Desk) -> None:
    twice = assurance.SetObjectRows(desk.account.id, ((desk.bob, frozenset()), (desk.bob, frozenset())))
    before = snap(desk.ctx)
    with pytest.raises(Invalid) as refused:
        assurance.preview(desk.ctx, [assurance.SetMember(desk.bob, desk.sales), twice])
    assert [error.field for error in refused.value.errors] == ["rows"]
    after = access.compare(before, snap(desk.ctx))
    assert (after.gained, after.lost) == ((), ())


def test_a_line_about_reading_names_the_fields_that_are_read_by_it(desk: Desk) -> None:
    gained = assurance.preview(desk.ctx, [assurance.SetMember(desk.bob, desk.sales)]).diff.gained
    line = next(c for c in gained if (c.object, c.verb) == ("opportunity", "read"))
    view = records.describe(desk.ctx.acting_as(desk.ann), "opportunity")
    taking = [column.code for column in view.object.columns.values() if column.takes_rows]
    read = {code for code in taking if view.columns.get(code, ColumnLevel.NONE) >= ColumnLevel.READ}
    assert set(line.fields) == read
    assert "walk_away_price" in set(taking) - read

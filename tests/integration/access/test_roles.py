"""Renaming, merging and removing roles: what names them moves or goes, and nothing else changes."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel, Grant, Grants, Operation, Scope, Verb
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Invalid, NotFound
from ostiary.kernel.ids import ColumnId, RecordId, UnitId
from ostiary.objects import public as objects
from ostiary.records import public as records

ORG, FUNC, MANAGER = identity.UnitKind.ORG, identity.UnitKind.FUNC, identity.UnitKind.MANAGER
READ, WHOLE = frozenset({Verb.READ}), frozenset(Verb)


@dataclass
class House:
    """North with Berlin below it, South beside it; both have managers; ann is in North, bob in South."""

    ctx: Context
    north: UnitId
    berlin: UnitId
    south: UnitId
    north_lead: UnitId
    south_lead: UnitId
    ann: UnitId
    bob: UnitId
    account: objects.Object

    @property
    def name_column(self) -> ColumnId:
        return self.account.columns["name"].id

    def policy(self) -> access.ObjectPolicy:
        return access.view_policy(self.ctx).object(self.account.id)

    def roles(self, person: UnitId) -> frozenset[UnitId]:
        return identity.roles_of(self.ctx, person)


@pytest.fixture
def house(admin: Context) -> House:
    north = access.create_role(admin, ORG, "North")
    berlin = access.create_role(admin, ORG, "Berlin", parent=north)
    south = access.create_role(admin, ORG, "South")
    leads = [access.create_role(admin, MANAGER, "Lead", manages=unit) for unit in (north, south)]
    ann, bob = (
        access.create_person(admin, login=f"house.{n}", name=n.title(), email="") for n in ("ann", "bob")
    )
    access.add_members(admin, [(ann, north), (bob, south), (bob, leads[0])])
    return House(
        admin, north, berlin, south, leads[0], leads[1], ann, bob, objects.find_object(admin, "account")
    )


def settled(ctx: Context) -> None:
    """Every reference holds: they are only checked at the end of a transaction."""
    ctx.db.run("set constraints all immediate")


def test_a_role_is_renamed(house: House) -> None:
    access.rename_role(house.ctx, house.north, " Far north ")
    assert identity.get_role(house.ctx, house.north).name == "Far north"
    for wrong in ("", "  ", "x" * 251):
        with pytest.raises(Invalid):
            access.rename_role(house.ctx, house.north, wrong)
    with pytest.raises(Invalid):
        access.rename_role(house.ctx, house.ann, "Not a role")


def test_what_a_merged_role_has_goes_over(house: House) -> None:
    ctx, func = house.ctx, access.create_role(house.ctx, FUNC, "Carers")
    access.link(ctx, house.north, func)
    access.delegate(ctx, house.bob, house.north, identity.Period())
    access.elevate(ctx, house.bob, house.north, identity.Period(), "to help")
    access.merge_roles(ctx, house.north, house.south)
    settled(ctx)
    graph = identity.role_graph(ctx)
    assert house.north not in graph.roles
    assert graph.roles[house.berlin].parent == house.south
    assert house.roles(house.ann) == {house.south}
    assert house.roles(house.bob) == {house.south, house.south_lead}  # both units had managers
    assert func in graph.own_set({house.south}).roles
    standing = identity.standing_in(ctx, identity.current_epoch(ctx))
    assert [d.receiver for d in standing.delegations] == [house.south]
    assert [e.role for e in standing.elevations] == [house.south]


def test_a_manager_role_goes_over_where_the_other_unit_has_none(house: House) -> None:
    west = access.create_role(house.ctx, ORG, "West")
    access.merge_roles(house.ctx, house.north, west)
    settled(house.ctx)
    assert identity.role_graph(house.ctx).roles[house.north_lead].manages == west
    assert house.north_lead in house.roles(house.bob)


def test_of_two_rows_in_a_list_the_topmost_stays(house: House) -> None:
    ctx, account = house.ctx, house.account.id
    rows = [(house.bob, READ), (house.north, WHOLE), (house.ann, READ), (house.south, READ)]
    access.set_object_rows(ctx, account, rows)
    access.set_operation_rows(ctx, Operation.IMPORT, [(house.south, False), (house.north, True)])
    access.set_column_rows(ctx, account, house.name_column, [(house.north, ColumnLevel.MASKED)])
    access.merge_roles(ctx, house.north, house.south)
    settled(ctx)
    assert access.list_object_rows(ctx, account) == [
        (house.bob, READ),
        (house.south, WHOLE),
        (house.ann, READ),
    ]
    imports = access.view_policy(ctx).operations[Operation.IMPORT.value]
    assert [(row.unit, row.allowed) for row in imports] == [(house.south, False)]
    assert access.list_column_rows(ctx, account)[house.name_column] == [(house.south, ColumnLevel.MASKED)]


def test_rules_go_over_and_those_of_the_role_that_stays_win(house: House) -> None:
    ctx, account = house.ctx, house.account.id
    grounds = objects.get_catalogue(ctx).grounds
    once, more = Grants(read=Grant.GRANTED), Grants(read=Grant.DELEGABLE)
    for author, grantee, read in (
        (house.north, house.ann, Grant.DELEGABLE),
        (house.south, house.ann, Grant.GRANTED),
        (house.north, house.south, Grant.GRANTED),
        (house.berlin, house.north, Grant.GRANTED),
    ):
        access.add_default_rule(ctx, account, author, grantee, read=read)
    for unit, grants in ((house.north, more), (house.south, once)):
        access.add_scope_rule(ctx, grounds, account, unit, Scope(("owner",), "self"), grants)
    access.merge_roles(ctx, house.north, house.south)
    settled(ctx)
    found = house.policy().records
    units = {house.north, house.south, house.berlin}
    rules = {(r.author, r.grantee): r.grants[Verb.READ] for r in found.rules if {r.author, r.grantee} & units}
    assert rules == {
        (house.south, house.ann): Grant.GRANTED,
        (house.south, house.south): Grant.GRANTED,
        (house.berlin, house.south): Grant.GRANTED,
    }
    assert [(s.grantee, s.grants[Verb.READ]) for s in found.scopes] == [(house.south, Grant.GRANTED)]


def test_what_is_denied_to_either_is_denied_after(house: House) -> None:
    ctx, account = house.ctx, house.account.id
    access.set_switches(ctx, account, records=True, denies=True)
    access.set_deny_rule(ctx, account, house.ann, house.north, {Verb.READ})
    access.set_deny_rule(ctx, account, house.ann, house.south, {Verb.DELETE})
    record = RecordId(UUID(str(records.create_record(ctx, "account", {"name": "Denied"}).id)))
    for unit in (house.north, house.south):
        access.store_denies(ctx, account, record, unit, {Verb.UPDATE})
    access.merge_roles(ctx, house.north, house.south)
    settled(ctx)
    (rule,) = house.policy().records.deny_rules
    assert rule.unit == house.south
    assert rule.verbs == {Verb.READ, Verb.DELETE}
    assert ctx.db.rows("select unit_id, verb from @.access_deny where record_id = %(r)s", {"r": record}) == [
        (house.south, "u")
    ]


@pytest.mark.parametrize(("state", "stays"), [("valid", 1), ("over", 2)])
def test_shares_go_over_and_one_that_is_over_makes_room(house: House, state: str, stays: int) -> None:
    ctx = house.ctx
    made = records.create_record(ctx, "account", {"name": "Shared"})
    for unit, grant in ((house.north, Grant.DELEGABLE), (house.south, Grant.GRANTED)):
        records.share_record(ctx, "account", made.id, unit, Verb.READ, grant=grant)
    if state == "over":
        ctx.db.run(
            "update @.access_share set valid_to = now() where unit_id = %(u)s and record_id = %(r)s",
            {"u": house.south, "r": made.id},
        )
    access.merge_roles(ctx, house.north, house.south)
    settled(ctx)
    assert ctx.db.rows(
        "select unit_id, level from @.access_share where record_id = %(r)s", {"r": made.id}
    ) == [(house.south, stays)]


def test_merging_is_refused_where_it_would_join_or_turn(house: House) -> None:
    ctx = house.ctx
    func = access.create_role(ctx, FUNC, "Carers")
    outside = access.create_role(ctx, ORG, "Partner", external=True)
    root = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    assert root
    before = access.snapshot(ctx, objects.get_catalogue(ctx).named())
    for role, into in (
        (house.north, house.north),
        (house.north, func),
        (house.north, outside),
        (house.north, house.berlin),  # below it
        (house.north_lead, house.south_lead),
        (root, house.north),
        (house.north, house.ann),
        (house.ann, house.bob),
    ):
        with pytest.raises(Invalid):
            access.merge_roles(ctx, role, into)
    diff = access.compare(before, access.snapshot(ctx, objects.get_catalogue(ctx).named()))
    assert (diff.gained, diff.lost) == ((), ())
    access.merge_roles(ctx, house.berlin, house.north)  # into the one above it may be
    assert house.berlin not in identity.role_graph(ctx).roles


def test_a_role_goes_with_all_that_names_it(house: House) -> None:
    ctx, account = house.ctx, house.account.id
    access.set_object_rows(ctx, account, [(house.north, WHOLE), (house.bob, READ)])
    access.set_operation_rows(ctx, Operation.IMPORT, [(house.north_lead, True)])
    access.add_default_rule(ctx, account, house.north, house.ann, read=Grant.GRANTED)
    counted = access.role_references(ctx, house.north)
    assert counted == {
        "children": 1,
        "members": 1,
        "manager_roles": 1,
        "object_row": 1,
        "default_rule": 1,
    }
    with pytest.raises(Invalid):
        access.remove_role(ctx, house.north)
    access.remove_role(ctx, house.north, children_up=True)
    settled(ctx)
    graph = identity.role_graph(ctx)
    assert house.north_lead not in graph.roles
    assert graph.roles[house.berlin].parent == graph.root
    assert house.roles(house.ann) == frozenset()
    assert access.list_object_rows(ctx, account) == [(house.bob, READ)]
    assert access.view_policy(ctx).operations.get(Operation.IMPORT.value, ()) == ()
    with pytest.raises(NotFound):
        identity.get_role(ctx, house.north)


def test_a_column_that_only_the_role_could_read_is_closed_to_all(house: House) -> None:
    ctx, account = house.ctx, house.account.id
    access.set_column_rows(ctx, account, house.name_column, [(house.south, ColumnLevel.READ)])
    access.remove_role(ctx, house.south)
    settled(ctx)
    root = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    assert access.list_column_rows(ctx, account)[house.name_column] == [(root, ColumnLevel.NONE)]


@pytest.mark.parametrize(
    "code", [identity.ALL_EMPLOYEES, identity.ALL_EXTERNALS, identity.SYSTEM_ADMINISTRATORS]
)
def test_what_everything_rests_on_stays(admin: Context, code: str) -> None:
    role = identity.find_unit(admin, code)
    assert role
    with pytest.raises(Invalid):
        access.remove_role(admin, role, children_up=True)


@pytest.mark.parametrize("kind", ["rename", "merge", "remove", "attribute"])
def test_a_preview_of_it_says_what_saving_does(house: House, kind: str) -> None:
    ctx, sales = house.ctx, identity.find_unit(house.ctx, "sales")
    assert sales
    access.add_member(ctx, house.ann, sales)
    access.add_default_rule(ctx, house.account.id, house.north, house.bob, read=Grant.GRANTED)
    scope = Scope(("owner",), "regions")
    access.add_scope_rule(
        ctx,
        objects.get_catalogue(ctx).grounds,
        house.account.id,
        house.north,
        scope,
        Grants(read=Grant.GRANTED),
    )
    changes: dict[str, Callable[[], assurance.RightsChange]] = {
        "rename": lambda: assurance.RenameRole(house.north, "Other"),
        "merge": lambda: assurance.MergeRoles(house.north, house.south),
        "remove": lambda: assurance.RemoveRole(house.north, children_up=True),
        "attribute": lambda: assurance.SetAttribute(house.ann, "regions", frozenset({house.bob})),
    }
    change = [changes[kind]()]
    named = objects.get_catalogue(ctx).named()
    before = access.snapshot(ctx, named)
    impact = assurance.preview(ctx, change)
    assert (access.compare(before, access.snapshot(ctx, named)).gained) == ()
    assurance.apply_changes(ctx, change)
    done = access.compare(before, access.snapshot(ctx, named), access.Sight(ctx))
    assert (impact.diff.gained, impact.diff.lost) == (done.gained, done.lost)
    assert bool(done.gained or done.lost) is (kind != "rename")
    settled(ctx)


def test_members_given_and_taken_together_are_one_change(house: House) -> None:
    ctx = house.ctx
    taken = assurance.SetMember(house.ann, house.north, member=False)
    given = [assurance.SetMember(person, house.berlin) for person in (house.ann, house.bob)]
    assurance.apply_changes(ctx, [taken, *given])
    assert house.roles(house.ann) == {house.berlin}
    assert house.berlin in house.roles(house.bob)
    with pytest.raises(NotFound):
        assurance.apply_changes(ctx, [taken])

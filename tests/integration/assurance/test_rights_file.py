"""Rights as one file: the same bytes in another tenant, what a changed file does, what is refused."""

from dataclasses import dataclass

import pytest

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel, Grant, Operation, Verb
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid
from ostiary.kernel.ids import UnitId
from ostiary.objects import public as objects
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, inside, make_home


@dataclass
class Office:
    """A tenant with roles of every kind and rows, rules and switches of every layer."""

    ctx: Context
    account: objects.Object
    north: UnitId
    auditors: UnitId


@pytest.fixture
def office(admin: Context) -> Office:
    org, func, manager = identity.UnitKind.ORG, identity.UnitKind.FUNC, identity.UnitKind.MANAGER
    north = access.create_role(admin, org, "North")
    berlin = access.create_role(admin, org, "Berlin/Mitte", parent=north)
    auditors = access.create_role(admin, func, "Auditors", not_inherited=True)
    access.create_role(admin, manager, "Head of North", manages=north)
    access.create_role(admin, org, "Delta", external=True)
    access.link(admin, berlin, auditors)
    access.create_person(admin, login="rights.ann", name="Ann", email="")
    ann = identity.find_login(admin, "rights.ann")
    account = objects.find_object(admin, "account")
    assert ann
    access.set_object_rows(admin, account.id, [(auditors, {Verb.READ}), (ann, set()), (north, set(Verb))])
    access.set_column_rows(admin, account.id, account.columns["name"].id, [(north, ColumnLevel.MASKED)])
    access.set_column_rows(admin, account.id, account.columns["web"].id, [])
    access.set_switches(admin, account.id, records=True, legs=access.ALL_LEGS - {"shares"}, denies=True)
    access.set_deny_rule(admin, account.id, north, auditors, [Verb.DELETE])
    access.add_default_rule(admin, account.id, berlin, auditors, read=Grant.DELEGABLE)
    scope = access.Scope((str(account.columns["parent"].id), "owner"), "self")
    grounds = objects.get_catalogue(admin).grounds
    access.add_scope_rule(admin, grounds, account.id, auditors, scope, access.Grants(Grant.GRANTED))
    access.set_carried_right(admin, Operation.EXPORT_LIST, account.id, [Verb.READ])
    return Office(admin, account, north, auditors)


def test_what_was_exported_changes_nothing(office: Office) -> None:
    text = assurance.export_rights(office.ctx)
    planned, impact = assurance.plan_file(office.ctx, text)
    assert (planned.changes, planned.unnamed, impact.widens) == ((), (), False)
    assert assurance.export_rights(office.ctx) == text
    for said in ("manager:org:North", r"org:North/Berlin\/Mitte", "person:rights.ann", "parent.owner"):
        assert said in text


def test_a_file_makes_another_tenant_the_same(installation: Installation) -> None:
    one, other = make_home("rightsa"), make_home("rightsb")
    for home in (one, other):
        apply(home, BOAT)
    with inside(one) as ctx:
        boat = objects.find_object(ctx, "boat")
        north = access.create_role(ctx, identity.UnitKind.ORG, "North")
        crew = access.create_role(ctx, identity.UnitKind.FUNC, "Crew", code="crew", not_inherited=True)
        access.create_role(ctx, identity.UnitKind.MANAGER, "Master", manages=north)
        access.link(ctx, north, crew)
        twins = [access.create_role(ctx, identity.UnitKind.FUNC, "Twins") for _ in range(2)]
        access.set_object_rows(
            ctx, boat.id, [(crew, {Verb.READ}), (north, set(Verb)), (twins[1], set()), (twins[0], set(Verb))]
        )
        access.set_column_rows(ctx, boat.id, boat.columns["name"].id, [(crew, ColumnLevel.READ)])
        access.set_operation_rows(ctx, Operation.EXPORT_LIST, [(crew, True), (north, False)])
        access.add_default_rule(ctx, boat.id, north, crew, update=Grant.GRANTED)
        text = assurance.export_rights(ctx)
    with inside(other) as ctx:
        crew = access.create_role(ctx, identity.UnitKind.FUNC, "Crew", code="crew")
        access.add_member(ctx, access.create_person(ctx, login="jo", name="Jo", email=""), crew)
        before = assurance.export_rights(ctx)
        with pytest.raises(assurance.Widens) as widened:
            assurance.apply_file(ctx, text)
        assert any(change.what.startswith("read boat") for change in widened.value.impact.diff.gained)
        assert assurance.export_rights(ctx) == before
        assurance.apply_file(ctx, text, allow_widen=True)
    with inside(other) as ctx:
        assert assurance.export_rights(ctx) == text


def test_a_plan_says_each_change_and_does_nothing(office: Office) -> None:
    text = assurance.export_rights(office.ctx)
    wanted = text.replace("{unit: 'func:Auditors', verbs: r}", "{unit: 'func:Auditors', verbs: ru}")
    assert wanted != text
    planned, impact = assurance.plan_file(office.ctx, wanted)
    assert planned.lines == ("- account: func:Auditors r", "+ account: func:Auditors ru")
    assert any(c.what.startswith("update account") and "Auditors" in c.vacant for c in impact.diff.gained)
    assert assurance.export_rights(office.ctx) == text
    narrower = text.replace("{unit: 'func:Auditors', verbs: r}", "{unit: 'func:Auditors', verbs: ''}")
    planned, impact = assurance.apply_file(office.ctx, narrower)
    assert planned.lines == ("- account: func:Auditors r", "+ account: func:Auditors ")
    assert not impact.widens
    assert assurance.export_rights(office.ctx) == narrower


def test_a_part_of_a_file_leaves_the_rest_alone(office: Office) -> None:
    before = assurance.export_rights(office.ctx)
    part = "objects:\n  account:\n    rows:\n    - {unit: sales, verbs: r}\n"
    planned, _ = assurance.plan_file(office.ctx, part)
    assert planned.unnamed == ()
    assert {line.split()[1] for line in planned.lines} == {"account:"}
    assurance.apply_file(office.ctx, part, allow_widen=True)
    after = assurance.export_rights(office.ctx)
    assert after.split("objects:")[0] == before.split("objects:")[0]


def test_comments_stay_where_they_belong(office: Office) -> None:
    text = assurance.export_rights(office.ctx)
    noted = (
        text.replace(
            "    - {unit: 'org:North', verbs: crud}\n",
            "    # the north sells\n    - {unit: 'org:North', verbs: crud}  # since 2024\n",
        ).replace("roles:\n", "# head of the file\n\nroles:\n", 1)
        + "# at the end\n"
    )
    assert noted.count("#") >= text.count("#") + 4
    assert assurance.export_rights(office.ctx, noted) == noted
    access.set_object_rows(office.ctx, office.account.id, [(office.north, {Verb.READ})])
    kept = assurance.export_rights(office.ctx, noted)
    assert "    # the north sells\n    - {unit: 'org:North', verbs: r}  # since 2024\n" in kept
    assert kept.endswith("# at the end\n")
    assert "# head of the file\n\nroles:" in kept


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("roles:\n- {role: x}", "kind is missing"),
        ("roles:\n- {role: x, kind: functional, name: X}\n- {role: x, kind: functional, name: X}", "twice"),
        ("objects:\n  nothing: {}", "no object nothing"),
        ("objects:\n  account:\n    rows:\n    - {unit: nobody, verbs: r}", "no nobody"),
        ("objects:\n  account:\n    rows:\n    - {unit: sales, verbs: x}", "letters out of"),
        ("objects:\n  account:\n    columns:\n      zzz: []", "no column zzz"),
        ("objects:\n  account:\n    columns:\n      name:\n      - {unit: sales, level: all}", "level 'all'"),
        ("objects:\n  account:\n    switches: {records: true, legs: [knee]}", "no leg knee"),
        ("objects:\n  account:\n    scopes:\n    - {grantee: sales, path: x.y, attribute: a, read: granted}",
         "leads nowhere"),
        ("operations:\n  CanFly: {}", "no such operation"),
        ("roles:\n- {role: sales, kind: organisational, name: Sales}", "another kind"),
        ("roles:\n- {role: a, kind: functional, name: A, parent: a}", "below itself"),
        ("rules: []", "unknown key"),
        ("- a", "keys and values"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(office: Office, text: str, said: str) -> None:
    before = assurance.export_rights(office.ctx)
    with pytest.raises((Invalid, objects.PackageRefused)) as refused:
        assurance.plan_file(office.ctx, text)
    assert said in str(refused.value)
    assert assurance.export_rights(office.ctx) == before


def test_it_is_for_those_who_manage_rights(office: Office) -> None:
    ann = office.ctx.acting_as(identity.find_login(office.ctx, "rights.ann"))
    text = assurance.export_rights(office.ctx)
    for call in (assurance.export_rights, lambda ctx: assurance.plan_file(ctx, text)):
        with pytest.raises(AccessDenied):
            call(ann)
    assurance.plan_file(office.ctx, text)

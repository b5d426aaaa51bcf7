"""The role matrix says what each role gives by itself, and why; it needs its operation."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel, Grants, Operation, Verb
from ostiary.assurance import public as assurance
from ostiary.assurance.public import GrantKind, Reason
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound
from ostiary.kernel.ids import UnitId, new_id
from ostiary.objects import public as objects

CRM = Reason("They sell", "Contract, GDPR Art. 6(1)(b)")


@dataclass
class Office:
    """North with a team below, a functional role linked to it, its head, somebody in the team."""

    ctx: Context
    north: UnitId
    team: UnitId
    func: UnitId
    head: UnitId
    ann: UnitId
    account: objects.Object

    def matrix(self) -> assurance.Matrix:
        return assurance.view_matrix(self.ctx)

    def verbs(self, role: UnitId) -> dict[Verb, object]:
        return {v: g.by for v, g in self.matrix().cell(role, self.account).verbs.items()}


@pytest.fixture
def office(admin: Context) -> Office:
    north = access.create_role(admin, identity.UnitKind.ORG, "Matrix North")
    team = access.create_role(admin, identity.UnitKind.ORG, "Matrix Team", parent=north)
    func = access.create_role(admin, identity.UnitKind.FUNC, "Matrix Buyers")
    head = access.create_role(admin, identity.UnitKind.MANAGER, "Head of North", manages=north)
    access.link(admin, north, func)
    ann = access.create_person(admin, login="matrix.ann", name="Ann Able", email="")
    access.add_member(admin, ann, team)
    account = objects.find_object(admin, "account")
    return Office(admin, north, team, func, head, ann, account)


def everyone(ctx: Context) -> UnitId:
    found = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    assert found
    return found


def test_verbs_name_the_row_that_gives_them(office: Office) -> None:
    ctx, account = office.ctx, office.account.id
    access.set_object_rows(ctx, account, [(office.func, {Verb.READ}), (office.team, {Verb.CREATE})])
    assert office.verbs(office.func) == {Verb.READ: office.func}
    assert office.verbs(office.north) == {Verb.READ: office.func}  # linked
    assert office.verbs(office.team) == {Verb.READ: office.func}  # the topmost row decides
    assert office.verbs(everyone(ctx)) == {}
    # sources of the head: the team's line, in which the team's row decides, and the functional role
    assert office.verbs(office.head) == {Verb.READ: office.func, Verb.CREATE: office.team}
    access.set_active(ctx, office.ann, active=False)
    cell = office.matrix().cell(office.func, office.account)
    assert cell.own == {Verb.READ}
    assert office.matrix().cell(office.north, office.account).own == frozenset()


def test_what_a_role_shows_is_what_somebody_with_it_alone_may(office: Office) -> None:
    ctx, made = office.ctx, office.account
    name, phone = made.columns["name"], made.columns["phone"]
    access.set_object_rows(ctx, made.id, [(office.north, {Verb.READ, Verb.UPDATE})])
    access.set_columns_rows(
        ctx,
        made.id,
        {name.id: [(office.team, ColumnLevel.READ)], phone.id: [(everyone(ctx), ColumnLevel.MASKED)]},
    )
    access.set_operation_rows(ctx, Operation.EXPORT_LIST, [(office.func, True)])
    matrix, rights = office.matrix(), access.current_rights(ctx.acting_as(office.ann))
    for other in matrix.all_objects:
        shown = set(matrix.cell(office.team, other).verbs)
        assert shown == {v for v in Verb if rights.decide_object(other.id, v).allowed}, other.code
        for column in other.columns.values():
            level = matrix.column(office.team, other, column).given.level
            assert level == (column.fixed_level or rights.level(other.id, column.id)), column.code
    for operation in Operation:
        allowed = matrix.operation(office.team, operation).given.allowed
        assert allowed == rights.operation(operation).allowed
    assert matrix.column(office.team, made, name).own
    assert not matrix.column(office.team, made, phone).own
    assert matrix.by(matrix.column(office.team, made, phone).given) == "All employees"
    assert matrix.operation(office.team, Operation.EXPORT_LIST).given.by == office.func


def test_view_any_is_told_as_the_reason(office: Office) -> None:
    name = office.account.columns["name"]
    access.set_operation_rows(office.ctx, Operation.VIEW_ANY_DATA, [(office.north, True)])
    access.set_columns_rows(office.ctx, office.account.id, {name.id: [(office.north, ColumnLevel.NONE)]})
    matrix = office.matrix()
    assert office.verbs(office.north) == {Verb.READ: Operation.VIEW_ANY_DATA}
    column = matrix.column(office.north, office.account, name)
    assert (column.given.level, column.own) == (ColumnLevel.READ, False)
    assert matrix.by(column.given) == "CanSelectEverything"


def test_a_grant_takes_its_reason_from_the_card_until_it_has_its_own(office: Office) -> None:
    ctx, account = office.ctx, str(office.account.id)
    access.set_object_rows(ctx, office.account.id, [(office.func, {Verb.READ})])
    access.set_operation_rows(ctx, Operation.EXPORT_LIST, [(office.func, True)])

    def reasons() -> dict[str, Reason]:
        return {grant.target: grant.reason for grant in office.matrix().grants(office.func)}

    assert reasons() == {account: Reason(), Operation.EXPORT_LIST.value: Reason()}
    assert office.matrix().is_missing(office.func)
    assert not office.matrix().is_missing(office.team)
    assurance.set_role_card(ctx, office.func, owner=office.ann, reason=CRM, review_months=3)
    assert set(reasons().values()) == {CRM}
    assert not office.matrix().is_missing(office.func)
    own = Reason("Monthly report")
    assurance.set_grant_reason(ctx, office.func, GrantKind.OPERATION, Operation.EXPORT_LIST.value, own)
    assert reasons()[Operation.EXPORT_LIST.value] == Reason("Monthly report", CRM.basis)
    assert reasons()[account] == CRM
    assurance.set_grant_reason(ctx, office.func, GrantKind.OPERATION, Operation.EXPORT_LIST.value, Reason())
    assert set(reasons().values()) == {CRM}
    role = next(r for r in office.matrix().roles if r.id == office.func)
    assert (role.owner, role.card.review_months, role.card.reviewed_at) == ("Ann Able", 3, None)


def test_rules_of_records_are_told_in_words(office: Office) -> None:
    ctx, account = office.ctx, office.account.id
    access.add_default_rule(ctx, account, office.north, office.func, read=access.Grant.GRANTED)
    grounds = objects.get_catalogue(ctx).grounds
    scope = access.Scope(("owner",), "managed_units")
    access.add_scope_rule(ctx, grounds, account, office.team, scope, Grants(update=access.Grant.DELEGABLE))
    rules = dict(office.matrix().rules(office.account))
    assert rules[office.func] == "read records made by Matrix North"
    assert rules[office.team] == "update and pass on records whose owner is a unit that they manage"
    what = {grant.role: grant.what for grant in office.matrix().grants()}
    assert "read records made by Matrix North" in what[office.func]


def test_changes_are_checked_recorded_and_refused_by_field(office: Office) -> None:
    ctx, role = office.ctx, office.func
    ann = ctx.acting_as(office.ann)
    calls: tuple[Callable[[Context], None], ...] = (
        lambda c: assurance.set_role_card(c, role, owner=None, reason=CRM, review_months=None),
        lambda c: assurance.mark_reviewed(c, role),
        lambda c: assurance.set_grant_reason(c, role, GrantKind.OPERATION, "CanExportGrid", CRM),
    )
    for call in calls:
        with pytest.raises(AccessDenied):
            call(ann)
        call(ctx)
    for look in (assurance.view_matrix, assurance.list_findings):
        with pytest.raises(AccessDenied):
            look(ann)
    types = {event.type for event in audit.list_events(ctx, "unit", role, limit=20)}
    assert types >= {
        "assurance.role_card.changed",
        "assurance.role.reviewed",
        "assurance.grant_reason.changed",
    }
    card = next(r.card for r in office.matrix().roles if r.id == role)
    assert card.reviewed_by == ctx.principal
    assert card.reviewed_at is not None
    assert abs((datetime.now(UTC) - card.reviewed_at).total_seconds()) < 3600


def test_a_role_that_is_removed_or_merged_takes_its_card_with_it(office: Office) -> None:
    ctx = office.ctx
    for role in (office.func, office.team):
        assurance.set_role_card(ctx, role, owner=office.ann, reason=CRM, review_months=3)
        assurance.set_grant_reason(ctx, role, GrantKind.OPERATION, "CanExportGrid", CRM)
        assurance.mark_reviewed(ctx, role)
    access.remove_role(ctx, office.func)
    access.merge_roles(ctx, office.team, office.north)
    matrix = office.matrix()
    assert {office.func, office.team}.isdisjoint(role.id for role in matrix.roles)
    assert {office.func, office.team}.isdisjoint(matrix.cards.cards)
    assert {office.func, office.team}.isdisjoint(role for role, _, _ in matrix.cards.reasons)


@pytest.mark.parametrize(
    ("field", "owner", "reason", "months"),
    [
        ("owner", UUID(int=7), Reason(), None),
        ("review_months", None, Reason(), 0),
        ("review_months", None, Reason(), 37),
        ("justification", None, Reason("x" * 2_001), None),
        ("basis", None, Reason("x", "a\x00b"), None),
    ],
)
def test_a_bad_card_names_the_field(
    office: Office, field: str, owner: UnitId | None, reason: Reason, months: int | None
) -> None:
    with pytest.raises(Invalid) as refused:
        assurance.set_role_card(office.ctx, office.func, owner=owner, reason=reason, review_months=months)
    assert [error.field for error in refused.value.errors] == [field]


def test_what_is_no_role_or_no_target_is_refused(office: Office) -> None:
    for nobody in (office.ann, UnitId(new_id())):
        with pytest.raises(NotFound):
            assurance.mark_reviewed(office.ctx, nobody)
    for kind, target in ((GrantKind.OBJECT, "CanExportGrid"), (GrantKind.OPERATION, str(office.account.id))):
        with pytest.raises(Invalid):
            assurance.set_grant_reason(office.ctx, office.func, kind, target, CRM)


def test_a_tenant_of_the_release_before_has_an_empty_matrix_of_reasons(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ostiary.assurance._role_card.has_table", lambda db, table: False)
    assert all(role.card == assurance.RoleCard() for role in office.matrix().roles)
    with pytest.raises(Exception, match="upgraded"):
        assurance.mark_reviewed(office.ctx, office.func)

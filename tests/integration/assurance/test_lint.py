"""What the lint finds, each beside the same thing as it should be."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel, Grant, Operation, Verb
from ostiary.assurance import public as assurance
from ostiary.assurance.public import Finding, Reason, Severity
from ostiary.identity import public as identity
from ostiary.kernel import clock
from ostiary.kernel.context import Context
from ostiary.kernel.ids import ColumnId, UnitId
from ostiary.objects import public as objects

WHY = Reason("They sell", "Contract")


@dataclass
class Office:
    """A unit with a team in it, a functional role, somebody in the team."""

    ctx: Context
    north: UnitId
    team: UnitId
    func: UnitId
    ann: UnitId
    account: objects.Object

    def found(self, code: str, unit: UnitId | None = None) -> list[Finding]:
        all_ = assurance.list_findings(self.ctx)
        return [f for f in all_ if f.code == code and unit in (None, f.role, f.principal)]

    def give(self, *rows: tuple[UnitId, set[Verb]]) -> None:
        access.set_object_rows(self.ctx, self.account.id, rows)

    def card(self, owner: UnitId | None, months: int | None = None, reason: Reason = WHY) -> None:
        assurance.set_role_card(self.ctx, self.func, owner=owner, reason=reason, review_months=months)


@pytest.fixture
def office(admin: Context) -> Office:
    north = access.create_role(admin, identity.UnitKind.ORG, "Lint North")
    team = access.create_role(admin, identity.UnitKind.ORG, "Lint Team", parent=north)
    func = access.create_role(admin, identity.UnitKind.FUNC, "Lint Buyers")
    ann = access.create_person(admin, login="lint.ann", name="Ann Able", email="")
    access.add_member(admin, ann, team)
    return Office(admin, north, team, func, ann, objects.find_object(admin, "account"))


def everyone(ctx: Context) -> UnitId:
    found = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    assert found
    return found


def test_rows_and_rules_that_name_a_person_are_errors(office: Office) -> None:
    ctx, account = office.ctx, office.account.id
    assert office.found("direct_grant", office.ann) == []
    name = ColumnId(office.account.columns["name"].id)
    grants: list[tuple[str, Callable[[UnitId], object]]] = [
        ("Account", lambda u: office.give((u, {Verb.READ}))),
        ("Account, Name", lambda u: access.set_column_rows(ctx, account, name, [(u, ColumnLevel.READ)])),
        ("CanImportFromExcel", lambda u: access.set_operation_rows(ctx, Operation.IMPORT, [(u, True)])),
        (
            "records of Account",
            lambda u: access.add_default_rule(ctx, account, office.north, u, read=Grant.GRANTED),
        ),
    ]
    for where, grant in grants:
        known = len(office.found("direct_grant", office.ann))
        grant(office.team)
        assert len(office.found("direct_grant", office.ann)) == known, where
        grant(office.ann)
        texts = [f.text for f in office.found("direct_grant", office.ann)]
        assert f"Ann Able is named in person on {where}" in texts
    assert {f.severity for f in office.found("direct_grant")} == {Severity.ERROR}


def test_a_role_is_used_by_members_below_by_links_and_for_a_while(office: Office) -> None:
    ctx = office.ctx
    assert office.found("unused_role", office.team) == office.found("unused_role", office.north) == []
    assert len(office.found("unused_role", office.func)) == 1
    access.link(ctx, office.north, office.func)
    assert office.found("unused_role", office.func) == []
    access.unlink(ctx, office.north, office.func)
    elevation = access.elevate(ctx, office.ann, office.func, identity.Period(), "to help out")
    assert office.found("unused_role", office.func) == []
    access.end_elevation(ctx, elevation)
    assert len(office.found("unused_role", office.func)) == 1
    access.set_active(ctx, office.ann, active=False)
    assert len(office.found("unused_role", office.team)) == 1
    assert office.found("unused_role", everyone(ctx)) == []


def test_a_row_of_a_role_that_nobody_has_never_matches(office: Office) -> None:
    office.give((office.func, {Verb.READ}), (office.team, {Verb.READ}))
    (found,) = office.found("row_without_match", office.func)
    assert (found.object_id, found.severity) == (office.account.id, Severity.WARNING)
    assert office.found("row_without_match", office.team) == []
    access.add_member(office.ctx, office.ann, office.func)
    assert office.found("row_without_match", office.func) == []


def test_a_row_below_that_of_an_ancestor_never_decides(office: Office) -> None:
    for above in (office.north, everyone(office.ctx)):
        office.give((office.team, {Verb.READ}), (above, {Verb.READ}))
        assert office.found("row_shadowed", office.team) == []
        office.give((above, {Verb.READ}), (office.team, {Verb.READ}))
        (found,) = office.found("row_shadowed", office.team)
        assert found.object_id == office.account.id


def test_a_row_that_decides_for_one_source_alone_is_not_shadowed(office: Office) -> None:
    """A manager has the functional role of a subordinate as a source without All employees."""
    ctx = office.ctx
    access.add_member(ctx, office.ann, office.func)
    office.give((everyone(ctx), set()), (office.func, {Verb.READ}))
    assert len(office.found("row_shadowed", office.func)) == 1
    head = access.create_role(ctx, identity.UnitKind.MANAGER, "Head", manages=office.north)
    boss = access.create_person(ctx, login="lint.boss", name="Boss", email="")
    access.add_member(ctx, boss, head)
    assert office.found("row_shadowed", office.func) == []
    assert access.current_rights(ctx.acting_as(boss)).decide_object(office.account.id, Verb.READ).allowed


def test_a_service_account_has_no_ancestors_to_shadow_its_row(office: Office) -> None:
    ctx = office.ctx
    office.give((office.north, set()), (office.team, {Verb.READ}))
    assert len(office.found("row_shadowed", office.team)) == 1
    robot = access.create_service_account(ctx, login="lint_robot", name="Robot")
    access.add_member(ctx, robot, office.team)
    assert office.found("row_shadowed", office.team) == []


def test_owners_reviews_and_reasons_are_asked_for(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.give((office.func, {Verb.READ}))

    def codes() -> set[str]:
        found = {f.code for f in assurance.list_findings(office.ctx) if f.role == office.func}
        return found - {"unused_role", "row_without_match"}

    assert codes() == {"no_owner", "no_review", "no_justification"}
    office.card(office.ann, 3, Reason("They sell"))
    assert codes() == {"review_overdue", "no_basis"}
    office.card(office.ann, 3)
    assurance.mark_reviewed(office.ctx, office.func)
    assert codes() == set()
    now = clock.now()
    later = now.replace(year=now.year + 1)
    monkeypatch.setattr("ostiary.assurance._lint.clock.now", lambda: later)
    assert codes() == {"review_overdue"}
    monkeypatch.undo()
    access.set_active(office.ctx, office.ann, active=False)
    assert codes() == {"owner_left"}


def test_a_manager_role_without_grants_of_its_own_answers_for_nothing(office: Office) -> None:
    head = access.create_role(office.ctx, identity.UnitKind.MANAGER, "Head", manages=office.north)
    assert office.found("no_owner", head) == []
    office.give((head, {Verb.READ}))
    assert len(office.found("no_owner", head)) == 1


def test_restricted_columns_without_a_basis_are_errors(office: Office) -> None:
    made = office.account
    office.give((office.func, {Verb.READ}))
    office.card(office.ann, 3, Reason("They sell"))
    for code, severity in (("name", Severity.WARNING), ("credit_limit", Severity.ERROR)):
        rows = [(office.func, ColumnLevel.READ)]
        access.set_column_rows(office.ctx, made.id, made.columns[code].id, rows)
        (found,) = office.found("no_basis", office.func)
        assert found.severity is severity


def test_findings_come_errors_first(office: Office) -> None:
    office.give((office.ann, {Verb.READ}))
    severities = [f.severity for f in assurance.list_findings(office.ctx)]
    assert severities == sorted(severities, key=list(Severity).index)
    assert set(severities) == set(Severity)

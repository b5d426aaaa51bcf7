"""Rights of a principal on a real tenant: membership holds at the next statement, operations are rows."""

from contextlib import suppress

import pytest

from ostiary.access import _policy, _rights
from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, NotSignedIn
from ostiary.kernel.recent import Recent
from tests._tenants import Installation
from tests.integration.objects._worlds import inside, make_home

pytestmark = pytest.mark.database


def test_an_operation_is_given_and_taken_by_membership(ctx: Context) -> None:
    role = access.create_role(ctx, identity.UnitKind.FUNC, "Exporters")
    person = access.create_person(ctx, login="eva", name="Eva Example", email="eva@example.com")
    access.set_operation_rows(ctx, access.Operation.EXPORT_LIST, [(role, True)])
    as_eva = ctx.acting_as(person)
    with pytest.raises(AccessDenied):
        access.ensure_operation(as_eva, access.Operation.EXPORT_LIST)
    access.add_member(ctx, person, role)
    access.ensure_operation(as_eva, access.Operation.EXPORT_LIST)
    access.remove_member(ctx, person, role)
    assert not access.may_operate(as_eva, access.Operation.EXPORT_LIST)


def test_a_deactivated_person_has_no_rights_at_all(ctx: Context) -> None:
    person = access.create_person(ctx, login="eva", name="Eva Example", email="eva@example.com")
    as_eva = ctx.acting_as(person)
    assert access.current_rights(as_eva).principal == person
    access.set_active(ctx, person, active=False)
    with pytest.raises(NotSignedIn):
        access.current_rights(as_eva)


def test_the_manager_of_a_unit_inherits_what_subordinates_hold_but_not_marked_roles(ctx: Context) -> None:
    unit = access.create_role(ctx, identity.UnitKind.ORG, "Team")
    manager_role = access.create_role(ctx, identity.UnitKind.MANAGER, "Team lead", manages=unit)
    export = access.create_role(ctx, identity.UnitKind.FUNC, "Exporters")
    marked = access.create_role(ctx, identity.UnitKind.FUNC, "Importers", not_inherited=True)
    agent = access.create_person(ctx, login="agent", name="Agent", email="")
    lead = access.create_person(ctx, login="lead", name="Lead", email="")
    access.add_members(ctx, [(agent, unit), (agent, export), (agent, marked), (lead, manager_role)])
    access.set_operation_rows(ctx, access.Operation.EXPORT_LIST, [(export, True)])
    access.set_operation_rows(ctx, access.Operation.IMPORT, [(marked, True)])
    as_lead = ctx.acting_as(lead)
    assert access.may_operate(as_lead, access.Operation.EXPORT_LIST)
    assert not access.may_operate(as_lead, access.Operation.IMPORT)
    assert access.may_operate(ctx.acting_as(agent), access.Operation.IMPORT)


def test_a_label_born_in_the_same_transaction_is_reached_now_and_after_the_commit(
    installation: Installation,
) -> None:
    home = make_home("born")  # what is committed would be met by other tests of the shared tenant
    with inside(home) as ctx:
        unit = access.create_role(ctx, identity.UnitKind.ORG, "Born together")
        lead_role = access.create_role(ctx, identity.UnitKind.MANAGER, "Its lead", manages=unit)
        agent = access.create_person(ctx, login="newborn", name="Newborn", email="")
        lead = access.create_person(ctx, login="itslead", name="Its lead", email="")
        access.add_members(ctx, [(agent, unit), (lead, lead_role)])
        label = ctx.db.row("select current_label_id from @.identity_unit where id = %(id)s", {"id": agent})
        assert label is not None
        seen = access.current_rights(ctx.acting_as(lead)).head_reach.id
        assert _labels(ctx, seen) == {label[0]}
    with inside(home) as ctx:
        assert _labels(ctx, access.current_rights(ctx.acting_as(lead)).head_reach.id) == {label[0]}


def test_what_is_read_amid_changes_that_are_rolled_back_is_kept_for_nobody(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = access.create_person(ctx, login="eva", name="Eva Example", email="eva@example.com")
    eva = ctx.acting_as(person)

    class Undone(Exception):
        pass

    with suppress(Undone), ctx.db.savepoint():
        with identity.as_one(ctx) as together:
            access.set_operation_rows(together, access.Operation.EXPORT_LIST, [(person, True)])
            monkeypatch.setattr(_policy, "_kept", Recent(2))  # as where others crowded it out meanwhile
            assert access.may_operate(together.acting_as(person), access.Operation.EXPORT_LIST)
        raise Undone
    assert not access.may_operate(eva, access.Operation.EXPORT_LIST)
    access.set_operation_rows(ctx, access.Operation.EXPORT_LIST, [(person, True)])
    assert access.may_operate(eva, access.Operation.EXPORT_LIST)


def _labels(ctx: Context, reach: int) -> set[int]:
    rows = ctx.db.rows(
        "select label_id from @.access_reach_label where reach_id = %(reach)s", {"reach": reach}
    )
    return {r[0] for r in rows}


def test_one_more_person_costs_one_other_who_was_away_the_longest_what_is_kept(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_rights, "_kept", Recent(2))
    often, once, new = (
        ctx.acting_as(access.create_person(ctx, login=name, name=name.title(), email=""))
        for name in ("often", "once", "new")
    )
    of_often, of_once = access.rights_of(often), access.rights_of(once)
    assert access.rights_of(often) is of_often
    access.rights_of(new)
    assert access.rights_of(often) is of_often
    assert access.rights_of(once) is not of_once

"""Whose a dashboard is: its owner's, and of those it was shared with, as far as it was."""

import pytest

from ostiary.access import public as access
from ostiary.dashboards import public as dashboards
from ostiary.dashboards.public import Kind, Level, Widget
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound, VersionConflict
from ostiary.kernel.ids import UnitId, new_id
from tests.integration.records._viewers import Viewers, make_viewers, unit

FIGURE = Widget(Kind.FIGURE, "Open", "opportunity")


@pytest.fixture
def viewers(admin: Context) -> Viewers:
    return make_viewers(admin)


def names(ctx: Context) -> list[tuple[str, Level]]:
    return [(d.name, d.level) for d in dashboards.list_dashboards(ctx)]


def test_it_is_its_owners_alone_until_it_is_shared(viewers: Viewers) -> None:
    made = dashboards.create_dashboard(viewers.one, "Pipeline", [FIGURE])
    assert names(viewers.one) == [("Pipeline", Level.OWN)]
    assert names(viewers.two) == names(viewers.lead) == names(viewers.admin) == []
    with pytest.raises(NotFound):
        dashboards.get_dashboard(viewers.two, made)
    with pytest.raises(NotFound):
        dashboards.get_dashboard(viewers.two, new_id())
    sales = unit(viewers.admin, "sales")
    dashboards.share_dashboard(viewers.one, made, {sales: Level.VIEW})
    assert names(viewers.two) == [("Pipeline", Level.VIEW)]
    with pytest.raises(AccessDenied):
        dashboards.save_dashboard(viewers.two, made, "Mine", [], 1)
    dashboards.share_dashboard(viewers.one, made, {sales: Level.VIEW, UnitId(viewers.two.actor): Level.EDIT})
    dashboards.save_dashboard(viewers.two, made, "Ours", [FIGURE, FIGURE], 1)
    assert names(viewers.one) == [("Ours", Level.OWN)]
    for call in (dashboards.delete_dashboard, dashboards.list_shares):
        with pytest.raises(AccessDenied):
            call(viewers.two, made)
    dashboards.share_dashboard(viewers.one, made, {})
    assert names(viewers.two) == []
    dashboards.delete_dashboard(viewers.one, made)
    assert names(viewers.one) == []


def test_a_role_taken_away_takes_the_dashboard_along(viewers: Viewers) -> None:
    made = dashboards.create_dashboard(viewers.one, "Pipeline", [])
    sales = unit(viewers.admin, "sales")
    dashboards.share_dashboard(viewers.one, made, {sales: Level.VIEW})
    assert names(viewers.two) == [("Pipeline", Level.VIEW)]
    access.remove_member(viewers.admin, UnitId(viewers.two.actor), sales)
    assert names(viewers.two) == []


def test_who_changes_second_is_told(viewers: Viewers) -> None:
    made = dashboards.create_dashboard(viewers.one, "Pipeline", [])
    dashboards.save_dashboard(viewers.one, made, "First", [], 1)
    with pytest.raises(VersionConflict):
        dashboards.save_dashboard(viewers.one, made, "Second", [], 1)
    assert names(viewers.one) == [("First", Level.OWN)]


def test_changing_needs_the_operation_and_looking_does_not(viewers: Viewers) -> None:
    made = dashboards.create_dashboard(viewers.one, "Pipeline", [])
    dashboards.share_dashboard(viewers.one, made, {UnitId(viewers.two.actor): Level.EDIT})
    access.set_operation_rows(viewers.admin, access.Operation.MANAGE_ANALYTICS, [])
    for who in (viewers.one, viewers.two):
        assert dashboards.get_dashboard(who, made).name == "Pipeline"
        with pytest.raises(AccessDenied):
            dashboards.save_dashboard(who, made, "Other", [], 1)
        with pytest.raises(AccessDenied):
            dashboards.create_dashboard(who, "Another", [])


@pytest.mark.parametrize("name", ["", "  ", "x" * 121])
def test_a_bad_name_is_refused(viewers: Viewers, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        dashboards.create_dashboard(viewers.one, name, [])
    assert refused.value.errors[0].field == "name"
    assert names(viewers.one) == []


def test_a_person_or_role_that_goes_takes_its_part_along(viewers: Viewers) -> None:
    made = dashboards.create_dashboard(viewers.one, "Pipeline", [])
    role = access.create_role(viewers.admin, identity.UnitKind.FUNC, "Readers of dashboards")
    dashboards.share_dashboard(viewers.one, made, {role: Level.VIEW})
    access.remove_role(viewers.admin, role)
    assert dashboards.list_shares(viewers.one, made) == {}
    with pytest.raises(Invalid):
        dashboards.share_dashboard(viewers.one, made, {role: Level.VIEW})

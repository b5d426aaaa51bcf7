"""Dashboards in a browser: made, looked at, drilled into, shared; with and without script."""

from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.e2e.conftest import WIDTHS, Visitor

Visit = Callable[..., Visitor]


def add(ann: Visitor, kind: str, title: str, **chosen: str) -> None:
    page = ann.page
    page.get_by_role("link", name="Add a widget").first.click()
    for field, value in (("kind", kind), ("object", "opportunity")):
        with page.expect_navigation():
            page.locator(f"[name={field}]").select_option(value)
    page.get_by_label("Title").fill(title)
    for field, value in chosen.items():
        box = page.locator(f"[name={field}]")
        if field == "list":
            box.fill(value)
        else:
            box.select_option(value)
    with page.expect_navigation():
        page.get_by_role("button", name="Add it").last.click()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_dashboard_is_made_and_its_figures_lead_to_their_lists(visit: Visit, width: int) -> None:
    ann = visit(width)
    ann.sign_in("ann")
    ann.go("/dashboards/new")
    page = ann.page
    page.get_by_label("Name").fill(f"Pipeline {width}")
    page.get_by_role("button", name="Make it").click()
    page.get_by_text("Nothing on it yet").wait_for()
    ann.ensure_accessible()
    add(ann, "figure", "Everything", measure="sum(amount)")
    add(ann, "figure", "Large ones", list="/o/opportunity/?" + "f=amount&o=ge&v=54000")
    add(ann, "chart", "By stage", group="stage", shape="columns")
    add(ann, "chart", "Ring", group="stage", shape="ring")
    add(ann, "funnel", "Funnel", group="stage")
    add(ann, "list", "Largest", list="/o/opportunity/?sort=-amount")
    page.locator("[data-chart] canvas").first.wait_for()
    ann.shoot("dashboard")
    ann.ensure_accessible()
    page.get_by_role("link", name="2", exact=True).click()
    page.get_by_role("heading", name="Opportunities").wait_for()
    assert sorted(name[:7] for name in ann.names()) == ["Deal 54", "Deal 55"]  # others rename one


def test_what_is_shared_shows_each_their_own_figures(visit: Visit) -> None:
    ann, bob = visit(), visit(script=False)
    ann.sign_in("ann")
    ann.go("/dashboards/new")
    page = ann.page
    page.get_by_label("Name").fill("Shared by Ann")
    page.get_by_role("button", name="Make it").click()
    add(ann, "figure", "Deals")
    here = page.url.partition("?")[0].removeprefix(ann.server.url)
    bob.sign_in("bob")
    assert bob.go(here) == 404
    page.get_by_role("link", name="Share", exact=True).click()
    ann.ensure_accessible()
    page.locator("[name=unit]").select_option(label="Bob Other")
    with page.expect_navigation():
        page.get_by_role("button", name="Save").click()
    bob.go("/o/opportunity/")
    own = bob.names()  # other tests leave him some
    assert 0 < len(own) < 50
    assert bob.go(here) == 200
    assert bob.page.locator("dd a").inner_text() == str(len(own))
    assert page.locator("dd a").inner_text() == "55"
    bob.page.get_by_role("button", name="Add a widget").wait_for()
    assert "shared with you for viewing" in bob.page.content()


def test_a_bad_address_is_named_and_nothing_is_lost(visit: Visit) -> None:
    ann = visit(script=False)
    ann.sign_in("ann")
    ann.go("/dashboards/new")
    page = ann.page
    page.get_by_label("Name").fill("Without script")
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("link", name="Add a widget").first.click()
    page.locator("[name=object]").select_option("opportunity")
    page.get_by_role("button", name="Update fields").click()
    page.get_by_label("Title").fill("Elsewhere")
    page.locator("[name=list]").fill("https://evil.example/o/account/?q=" + quote("x"))
    page.locator("[name=group]").select_option("stage")
    page.get_by_role("button", name="Add it").last.click()
    page.get_by_text("This is not the address of the list of these records.").first.wait_for()
    assert page.get_by_label("Title").input_value() == "Elsewhere"

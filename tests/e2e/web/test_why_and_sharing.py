"""Why?, Who can see this?, the test bench and sharing, clicked through; with script and without."""

import re
from collections.abc import Callable

import pytest

from tests.e2e.conftest import WIDTHS, Visitor

Visit = Callable[..., Visitor]


def test_every_why_leads_to_its_explanation(visit: Visit) -> None:
    ann = visit()
    ann.sign_in("ann")
    ann.go(ann.server.open)
    head = ann.page.locator(".page-head")
    head.get_by_role("button", name="Why?").last.click()
    ann.shoot("why-popover")
    ann.page.get_by_role("link", name="Explain").locator("visible=true").click()
    ann.page.get_by_role("heading", name="Ann Agent may not delete Deal 55").wait_for()
    tree = ann.page.get_by_role("list", name="Verdict by layer")
    assert tree.get_by_text("Stops here").count() == 1
    assert "Row 3: Sales" in tree.inner_text()
    ann.shoot("explain-own")
    ann.ensure_accessible()
    ann.page.go_back()
    margin = ann.page.locator(".fieldlist > div", has_text="Margin in per cent")
    margin.get_by_role("button", name="Why?").click()
    margin.get_by_role("link", name="Explain").click()
    ann.page.get_by_role("heading", name="Ann Agent may not read Margin in per cent on Deal 55").wait_for()
    assert (
        ann.go("/explain?object=opportunity&verb=read&record=" + ann.server.hidden.rpartition("/")[2]) == 404
    )
    assert "Quiet deal" not in ann.page.content()


def test_an_administrator_compares_two_people_and_keeps_the_link(visit: Visit) -> None:
    ada = visit()
    ada.sign_in("admin")
    ada.go("/o/opportunity/")
    ada.page.get_by_text("Administration").click()
    ada.page.get_by_role("link", name="Explain").click()
    ada.page.get_by_role("heading", name="Ask a question").wait_for()
    ada.page.get_by_label("Object").select_option(label="Opportunity")  # shows its fields by itself
    ada.page.get_by_label("Record").wait_for()
    ada.page.get_by_label("Person", exact=True).fill("Ann Agent")
    ada.page.get_by_label("Compare with").fill("bob other")
    ada.page.get_by_text("Edit", exact=True).click()
    ada.page.get_by_label("Record").fill("Quiet deal of Bob")
    ada.page.get_by_label("Channel").select_option(label="API")
    ada.page.get_by_role("button", name="Explain").click()
    ada.page.get_by_role("heading", name="Ann Agent may not edit Quiet deal of Bob").wait_for()
    assert ada.page.get_by_text("Bob Other may.").count() == 1
    assert ada.page.get_by_text("same for every channel").count() == 1
    first = ada.page.locator(".fix").first
    assert "Smallest" in first.inner_text()
    assert "Share this record with Ann Agent to edit" in first.inner_text()
    ada.shoot("explain-compare")
    ada.ensure_accessible()
    ada.page.get_by_role("link", name="Link to this answer").click()
    ada.page.get_by_role("heading", name="Ann Agent may not edit Quiet deal of Bob").wait_for()
    assert "person=" in ada.page.url
    ada.page.locator(".fix").first.get_by_role("link", name="Open sharing").click()
    ada.page.get_by_role("heading", name="Sharing").wait_for()
    assert ada.page.get_by_label("Person or role").input_value() == "Ann Agent"
    ada.page.go_back()
    ada.page.get_by_role("heading", name="Ann Agent may not edit Quiet deal of Bob").wait_for()


def test_who_can_see_a_record_a_field_and_one_person(visit: Visit) -> None:
    ada, ann = visit(), visit()
    ada.sign_in("admin")
    ada.go(ada.server.open)
    ada.page.get_by_role("link", name="Who can see this?").click()
    panel = ada.page.get_by_role("complementary", name="Who can see this?")
    panel.get_by_text("may delete").wait_for()
    panel.get_by_role("navigation", name="How many").wait_for()  # came by itself
    ada.shoot("who")
    ada.ensure_accessible()
    panel.get_by_text("people may read").click()
    assert panel.get_by_text("Mona Manager", exact=True).is_visible()
    panel.get_by_label("Check a person").fill("Bob Other")
    panel.get_by_role("button", name="Show").click()
    panel.get_by_text("may not read").wait_for()
    panel.get_by_role("link", name="Explain read").click()
    ada.page.get_by_role("heading", name="Bob Other may not read Deal 55").wait_for()
    ada.page.go_back()
    ada.page.locator("dt").get_by_role("link", name="Margin in per cent").click()
    panel.get_by_role("heading", name="Rows of the field").wait_for()
    panel.get_by_role("navigation", name="How many").wait_for()
    ada.shoot("who-field")
    panel.get_by_role("link", name="Close panel").click()
    ada.page.get_by_role("complementary", name="Who can see this?").wait_for(state="hidden")
    ann.sign_in("ann")
    ann.go(ann.server.open)
    ann.page.get_by_role("button", name="Who can see this?").wait_for()
    ann.page.locator(".page-head").get_by_role("button", name="Why?").first.click()
    assert ann.page.get_by_text("CanManageAdministration").is_visible()
    assert ann.go(ann.server.open + "?panel=who") == 403


@pytest.mark.parametrize("script", [True, False])
def test_a_record_is_shared_changed_and_taken_back(visit: Visit, *, script: bool) -> None:
    ann, bob = visit(script=script), visit(script=script)
    ann.sign_in("ann")
    bob.sign_in("bob")
    assert bob.go(bob.server.open) == 404
    ann.go(ann.server.open)
    ann.page.get_by_role("link", name="Share").click()
    panel = ann.page.get_by_role("complementary", name="Sharing")
    panel.get_by_role("button", name="Share").click()
    assert "Choose a person or role." in panel.inner_text()
    unit = panel.get_by_label("Person or role")
    described = unit.get_attribute("aria-describedby") or ""
    assert ann.page.locator(f"#{described.split()[0]}").inner_text() == "Choose a person or role."
    ann.shoot(f"share-refused-{script}")
    unit.fill("bob other")
    panel.get_by_role("checkbox", name="Edit").check()
    panel.get_by_label("Until").fill("2099-12-31")
    panel.get_by_role("button", name="Share").click()
    panel.get_by_text("Ends 31 Dec 2099").wait_for()
    assert "Bob Other" in panel.locator("#shares").inner_text()
    assert "May not pass on" in panel.inner_text()
    ann.shoot(f"shared-{script}")
    if script:
        ann.ensure_accessible()
    assert bob.go(bob.server.open) == 200
    bob.page.get_by_role("link", name="Share").click()
    theirs = bob.page.get_by_role("complementary", name="Sharing")
    theirs.get_by_text("Only what concerns you is shown.").wait_for()
    theirs.get_by_role("button", name="Why?").click()
    assert theirs.get_by_text("right to pass it on").locator("visible=true").count() == 1
    panel.get_by_role("link", name="Change Bob Other").click()
    panel.get_by_role("checkbox", name="Edit").uncheck()
    panel.get_by_label("May pass it on").check()
    panel.get_by_role("button", name="Share").click()
    panel.get_by_text("May pass on").first.wait_for()
    panel.get_by_role("button", name="Remove Bob Other").click()
    panel.get_by_text("Shared with nobody.").wait_for()
    assert bob.go(bob.server.open) == 404
    assert ann.complaints == []


def test_without_script_people_are_counted_by_a_link(visit: Visit) -> None:
    ada = visit(script=False)
    ada.sign_in("admin")
    ada.go(ada.server.open + "?panel=who")
    ada.page.get_by_role("link", name="Count and list them").click()
    tally = ada.page.get_by_role("navigation", name="How many")
    assert re.search(r"4\s+may read", tally.inner_text())
    tally.get_by_role("link", name="may delete").click()
    assert ada.page.get_by_text("2 people may delete").count() == 1


@pytest.mark.parametrize("width", WIDTHS)
def test_inspectors_and_bench_are_accessible(visit: Visit, width: int) -> None:
    ada, ann = visit(width), visit(width)
    ada.sign_in("admin")
    ann.sign_in("ann")
    record = ada.server.open.rpartition("/")[2]
    pages = {
        "share": (ann, ann.server.open + "?panel=share", 200),
        "who": (ada, ada.server.open + "?panel=who&column=margin&count=1", 200),
        "bench-empty": (ann, "/explain", 200),
        "bench-export": (ann, "/explain?object=opportunity&verb=export", 200),
        "bench": (
            ada,
            f"/explain?object=opportunity&verb=update&record={record}&person.text=bob+other&with.text=ann+agent",
            200,
        ),
        "bench-refused": (ada, "/explain?object=opportunity&verb=read&person.text=nobody+here&at=soon", 422),
    }
    for name, (visitor, path, status) in pages.items():
        assert visitor.go(path) == status, path
        visitor.shoot(name)
        visitor.ensure_accessible()

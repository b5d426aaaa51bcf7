"""Stages moved on and leads handed over in a browser: by button, by form, without script, on a phone."""

import re
from collections.abc import Callable

import pytest

from tests.e2e.conftest import WIDTHS, Visitor

Visit = Callable[..., Visitor]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_stage_is_one_click_and_what_is_missing_is_said(visit: Visit, width: int) -> None:
    bob = visit(width)
    bob.sign_in("bob")
    bob.go("/o/opportunity/new")
    bob.page.get_by_label("Name", exact=False).first.fill(f"Racks {width}")
    bob.page.get_by_role("button", name="Add opportunity").click()
    bob.page.get_by_text("Added.").wait_for()
    bob.page.get_by_role("button", name="Move to Presentation").click()
    now = bob.page.locator(".path [aria-current=step]")
    bob.page.get_by_text("Saved.").wait_for()
    assert now.inner_text() == "Presentation"
    bob.page.get_by_text("Other stages").click()
    ways = bob.page.locator(".ways")
    assert "needs Close reason" in ways.inner_text()
    bob.ensure_accessible()
    bob.shoot("stages")
    bob.page.get_by_role("button", name="Move to Closed lost").press("Enter")
    alert = bob.page.get_by_role("alert")
    alert.wait_for()
    assert "Close reason" in alert.inner_text()
    bob.ensure_accessible()
    bob.page.get_by_label("Close reason").select_option(label="Price")
    bob.page.get_by_role("button", name="Save").click()
    bob.page.get_by_text("Saved.").wait_for()
    assert now.inner_text() == "Closed lost"


@pytest.mark.parametrize("script", [True, False])
def test_a_lead_is_handed_over(visit: Visit, *, script: bool) -> None:
    bob = visit(1440 if script else 390, script=script)
    bob.sign_in("bob")
    bob.go("/o/lead/new")
    bob.page.get_by_label("Name", exact=False).first.fill(f"Racks for Helios, {script}")
    bob.page.get_by_label("Person", exact=True).fill(f"Ruth {script}")
    bob.page.get_by_label("Company").fill("Helios Labs")
    bob.page.get_by_role("button", name="Add lead").click()
    bob.page.get_by_role("link", name="Hand over").click()
    bob.page.get_by_role("heading", name=re.compile("^Hand over")).wait_for()
    same = bob.page.get_by_role("group", name="Account").get_by_role("radio", name=re.compile("^Helios Labs"))
    assert same.is_checked()  # before a new one
    if script:
        bob.ensure_accessible()
    bob.shoot("hand-over")
    bob.page.get_by_role("button", name="Hand over").click()
    bob.page.get_by_role("link", name="Helios Labs").first.wait_for()
    assert bob.page.locator(".path [aria-current=step]").inner_text() == "Converted"

"""Stages moved on and leads handed over in a browser: by button, by form, without script, on a phone."""

import re
from collections.abc import Callable

import pytest

from tests.e2e.conftest import WIDTHS, Visitor

Visit = Callable[..., Visitor]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_stage_is_one_click_and_what_is_missing_is_said(visit: Visit, width: int) -> None:
    ann = visit(width)
    ann.sign_in("ann")
    ann.go("/o/opportunity/new")
    ann.page.get_by_label("Name", exact=False).first.fill(f"Racks {width}")
    ann.page.get_by_role("button", name="Add opportunity").click()
    ann.page.get_by_text("Added.").wait_for()
    ann.page.get_by_role("button", name="Move to Presentation").click()
    now = ann.page.locator(".path [aria-current=step]")
    ann.page.get_by_text("Saved.").wait_for()
    assert now.inner_text() == "Presentation"
    ann.page.get_by_text("Other stages").click()
    ways = ann.page.locator(".ways")
    assert "needs Close reason" in ways.inner_text()
    ann.ensure_accessible()
    ann.shoot("stages")
    ann.page.get_by_role("button", name="Move to Closed lost").press("Enter")
    alert = ann.page.get_by_role("alert")
    alert.wait_for()
    assert "Close reason" in alert.inner_text()
    ann.ensure_accessible()
    ann.page.get_by_label("Close reason").select_option(label="Price")
    ann.page.get_by_role("button", name="Save").click()
    ann.page.get_by_text("Saved.").wait_for()
    assert now.inner_text() == "Closed lost"


@pytest.mark.parametrize("script", [True, False])
def test_a_lead_is_handed_over(visit: Visit, *, script: bool) -> None:
    ann = visit(1440 if script else 390, script=script)
    ann.sign_in("ann")
    ann.go("/o/lead/new")
    ann.page.get_by_label("Name", exact=False).first.fill(f"Racks for Helios, {script}")
    ann.page.get_by_label("Person").fill("Ruth Adeyemi")
    ann.page.get_by_label("Company").fill("Helios Labs")
    ann.page.get_by_role("button", name="Add lead").click()
    ann.page.get_by_role("link", name="Hand over").click()
    ann.page.get_by_role("heading", name=re.compile("^Hand over")).wait_for()
    same = ann.page.get_by_role("group", name="Account").get_by_role("radio", name=re.compile("^Helios Labs"))
    assert same.is_checked()  # before a new one
    if script:
        ann.ensure_accessible()
    ann.shoot("hand-over")
    ann.page.get_by_role("button", name="Hand over").click()
    ann.page.get_by_role("link", name="Helios Labs").first.wait_for()
    assert ann.page.locator(".path [aria-current=step]").inner_text() == "Converted"

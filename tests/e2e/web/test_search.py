"""The search palette in a browser: by keyboard, by hand, and without script."""

from collections.abc import Callable

import pytest

from tests.e2e.conftest import WIDTHS, Visitor

Visit = Callable[..., Visitor]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_record_is_found_and_opened_by_keyboard(visit: Visit, width: int) -> None:
    ann = visit(width)
    ann.sign_in("ann")
    page = ann.page
    page.keyboard.press("Control+k")
    box = page.locator("#palette input")
    box.press_sequentially("helios")
    found = page.locator("#palette").get_by_role("link", name="Helios Labs")
    found.wait_for()
    ann.shoot("palette")
    ann.ensure_accessible()
    page.keyboard.press("ArrowDown")
    assert found.evaluate("link => link === document.activeElement")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Helios Labs", exact=True).wait_for()
    page.keyboard.press("Control+k")
    page.locator("#palette").get_by_text("Open lately").wait_for()
    page.locator("#palette").get_by_role("link", name="Helios Labs").wait_for()
    page.keyboard.press("Escape")
    assert not page.locator("#palette").is_visible()


def test_a_place_is_gone_to_and_what_is_hidden_is_not_found(visit: Visit) -> None:
    ann = visit()
    ann.sign_in("ann")
    page = ann.page
    page.get_by_role("button", name="Search everything").click()
    page.locator("#palette input").press_sequentially("quiet deal")
    page.locator("#palette").get_by_text("No match").wait_for()
    page.locator("#palette input").fill("new cont")
    page.locator("#palette").get_by_role("link", name="New contact").click()
    page.get_by_role("heading", name="New contact").wait_for()


def test_without_script_the_form_leads_to_the_page(visit: Visit) -> None:
    ann = visit(script=False)
    ann.sign_in("ann")
    page = ann.page
    page.get_by_role("button", name="Search everything").click()
    page.locator("#palette input").fill("helios")
    page.locator("#palette input").press("Enter")
    page.get_by_role("heading", name="Search", exact=True).wait_for()
    assert page.get_by_role("link", name="Helios Labs").count() == 1

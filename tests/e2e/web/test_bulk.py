"""Many records and single cells in a browser: selected, changed, taken back; by keys, without script."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.conftest import WIDTHS, Visitor

Visit = Callable[..., Visitor]
LIST = "/o/opportunity/?f=name&o=starts_with&v=Deal&sort=name&c=next_step&c=amount"


def cell(page: Page, row: int, column: int) -> str:
    return page.locator("tbody tr[data-row]").nth(row).locator("th, td").nth(column).inner_text().strip()


def test_rows_are_selected_changed_together_and_taken_back(visit: Visit) -> None:
    ann = visit()
    ann.sign_in("ann")
    ann.go(LIST)
    page, boxes = ann.page, ann.page.locator('input[name=".row"]')
    bar = page.locator("#bulk")
    expect(bar).to_be_hidden()
    boxes.nth(1).check()
    boxes.nth(4).click(modifiers=["Shift"])
    expect(page.locator("[data-picked]")).to_have_text("4")
    page.locator("tbody th a").first.focus()
    page.keyboard.press("x")
    expect(page.locator("[data-picked]")).to_have_text("5")
    page.get_by_label("Select this page").check()
    expect(page.locator("[data-picked]")).to_have_text("50")
    page.get_by_label("All 55 that match").check()
    expect(page.locator("[data-picked]")).to_have_text("55")
    ann.shoot("bulk-list")
    ann.ensure_accessible()
    bar.get_by_role("button", name="Edit").click()
    page.get_by_role("heading", name="Edit 55 opportunities").wait_for()
    page.get_by_label("Next step").first.check()
    page.locator("#f-next_step").fill("Write to all")
    ann.shoot("bulk-edit")
    ann.ensure_accessible()
    page.get_by_role("button", name="Change 55 records").click()
    page.get_by_role("button", name="Undo 55 changes").wait_for()
    ann.shoot("bulk-result")
    ann.ensure_accessible()
    result = page.url.removeprefix(ann.server.url)
    ann.go(LIST)
    assert cell(page, 0, 1) == "Write to all"
    ann.go("/files")  # where it is found again
    page.get_by_role("link", name="Change of many records").first.click()
    page.wait_for_url(f"**{result}")
    page.get_by_role("button", name="Undo 55 changes").click()
    page.get_by_text("taken back", exact=True).wait_for()
    ann.go(LIST)
    assert cell(page, 0, 1).endswith("empty")
    assert ann.complaints == []


def test_a_cell_is_changed_by_keys_and_left_by_escape(visit: Visit) -> None:
    ann = visit()
    ann.sign_in("ann")
    ann.go(LIST)
    page = ann.page
    page.keyboard.press("j")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator("#f-next_step").fill("Not kept")
    ann.shoot("cell-edit")
    page.keyboard.press("Escape")
    expect(page.locator("#f-next_step")).to_have_count(0)
    assert cell(page, 0, 1).endswith("empty")
    page.keyboard.press("F2")
    page.locator("#f-next_step").fill("Call them")
    page.keyboard.press("Enter")
    page.locator(".toast", has_text="Saved.").wait_for()
    assert cell(page, 0, 1) == "Call them"
    ann.shoot("cell-saved")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    page.locator(".toast", has_text="Taken back.").wait_for()
    assert "c=next_step" in page.url  # the same list
    assert cell(page, 0, 1).endswith("empty")
    amount = page.locator("tbody tr[data-row]").first.locator("td").nth(1)
    amount.hover()
    page.locator(".pencil").click()
    page.locator("#f-amount").fill("much")
    page.keyboard.press("Enter")
    page.get_by_role("alert").get_by_text("Write a number").wait_for()
    page.get_by_role("button", name="Cancel").click()
    assert cell(page, 0, 2) == "1,000"
    # a refused form is an answer of its own kind, which the browser notes too
    assert [text for text in ann.complaints if "422" not in text] == []


def test_it_works_without_script_and_on_a_phone(visit: Visit) -> None:
    plain = visit(script=False)
    plain.sign_in("ann")
    plain.go(LIST)
    plain.page.locator('input[name=".row"]').first.check()
    plain.page.locator("#bulk").get_by_role("button", name="Assign owner").click()
    plain.page.get_by_role("heading", name="Assign an owner to 1 opportunity").wait_for()
    plain.page.locator("#f-owner").select_option(label="Ann Agent")
    plain.page.get_by_role("button", name="Change 1 record").click()
    plain.page.get_by_text("1 of 1 records").wait_for()
    phone = visit(WIDTHS[1])
    phone.sign_in("mona")
    phone.go(LIST)
    phone.page.locator('input[name=".row"]').first.check()
    phone.shoot("bulk-list")
    phone.ensure_accessible()
    phone.page.locator("#bulk").get_by_role("button", name="Delete").click()
    phone.page.get_by_role("heading", name="Delete 1 opportunity?").wait_for()
    phone.shoot("bulk-delete")
    phone.ensure_accessible()

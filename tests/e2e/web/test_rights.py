"""The editors of rights in a browser: with a mouse, with keys, without script, on a phone, in the dark."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import WIDTHS, Visitor

Visit = Callable[..., Visitor]
CASE = "/rights/objects/case"


@pytest.fixture
def admin(visit: Visit) -> Visitor:
    visitor: Visitor = visit()
    visitor.sign_in("admin")
    return visitor


def rows(page: Page) -> list[str]:
    return page.locator("table[data-rows] tr[data-unit] th .med").all_inner_texts()


def tick(page: Page, verb: str, role: str) -> Locator:
    return page.get_by_role("button", name=f"{verb}: {role}", exact=True)


def unsaved(page: Page) -> Locator:
    return page.locator(".savebar [role=status]")


def save(page: Page) -> None:
    page.get_by_role("button", name="Preview and save").click()
    with page.expect_navigation():  # the words may still stand there from the save before
        page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Rights saved. They are in effect now.").wait_for()


def keep_picture(visitor: Visitor, name: str) -> None:
    """Screenshots of every editor, beside those of other runs."""
    folder = Path(__file__).parents[3] / ".ostiary" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    visitor.page.screenshot(path=folder / f"{name}.png")


def test_rows_of_an_object_are_changed_previewed_and_saved(admin: Visitor) -> None:
    page = admin.page
    admin.go("/rights/objects")
    page.get_by_role("link", name="Case", exact=True).click()
    page.get_by_role("heading", name="Case", exact=True).wait_for()
    before = rows(page)
    tick(page, "Delete", "Service").click()
    expect(unsaved(page)).to_have_text("1 unsaved change")
    expect(tick(page, "Delete", "Service")).to_have_attribute("aria-pressed", "true")
    expect(tick(page, "Delete", "Service")).to_be_focused()  # the page under it was exchanged
    expect(page.locator("td.changed")).to_have_count(1)
    expect(page.get_by_text("Widens")).to_have_count(1)

    page.get_by_label("Find a role or person").or_(page.get_by_placeholder("Find a role or person")).fill(
        "Team"
    )
    page.get_by_role("button", name="Add role").click()
    expect(page.locator("tr.added")).to_have_count(1)

    grip = page.locator("tr", has_text="Team").locator(".grip")
    grip.drag_to(page.locator("tr[data-unit]").first)
    expect(page.locator("tr[data-unit]").first).to_contain_text("Team")
    page.locator("tr[data-unit]").first.locator(".grip").press("Alt+ArrowDown")
    expect(page.locator("tr[data-unit]").nth(1)).to_contain_text("Team")
    expect(page.locator("tr[data-unit]").nth(1).locator(".grip")).to_be_focused()
    expect(page.get_by_text(re.compile("Overlaps row"))).not_to_have_count(0)

    page.get_by_role("button", name="Preview and save").click()
    page.get_by_text("Gained: this gives more than before").wait_for()
    keep_picture(admin, "rights-object")
    admin.ensure_accessible()
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Rights saved. They are in effect now.").wait_for()
    assert len(rows(page)) == len(before) + 1

    page.get_by_role("button", name="Remove the row of Team").click()
    page.get_by_text("Put back").wait_for()
    tick(page, "Delete", "Service").click()
    expect(unsaved(page)).to_have_text("2 unsaved changes")
    save(page)
    assert rows(page) == before


def test_without_script_everything_works_by_buttons(visit: Visit) -> None:
    admin: Visitor = visit(script=False)
    admin.sign_in("admin")
    page = admin.page
    admin.go(CASE)
    before = rows(page)
    tick(page, "Create", before[-1]).click()
    expect(unsaved(page)).to_have_text("1 unsaved change")
    page.get_by_role("button", name=f"Move {before[-1]} up").click()
    assert rows(page) == [*before[:-2], before[-1], before[-2]]
    page.get_by_placeholder("Find a role or person").fill("No such role")
    page.get_by_role("button", name="Add role").click()
    assert page.get_by_text("No role or person has exactly this name").count() == 1
    page.get_by_role("button", name="Records").click()  # the draft goes along
    page.get_by_role("switch", name="Shares").click()
    expect(page.get_by_text("off: Shares")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Preview and save").click()
    assert page.get_by_role("button", name="Save", exact=True).count() == 1
    page.get_by_role("button", name="Discard").click()
    page.locator("#tab-object").click()
    assert rows(page) == before


def test_fields_are_opened_and_copied(admin: Visitor) -> None:
    page = admin.page
    admin.go(f"{CASE}?layer=columns")
    page.get_by_role("button", name="Subject").click()
    page.locator("tr.opened").wait_for()
    page.locator("tr.opened .segments").first.get_by_role("button", name="Masked").click()
    expect(page.locator("td.levels.changed")).to_have_count(1)
    page.get_by_text("Copy these rows to other fields").click()
    page.locator("tr.opened .choices").get_by_label("Description").check()
    page.get_by_role("button", name="Copy rows").click()
    expect(page.get_by_role("button", name="Take back: Case · Description")).to_have_count(1)
    keep_picture(admin, "rights-fields")
    admin.ensure_accessible()
    page.get_by_role("button", name="Undo").click()
    expect(unsaved(page)).to_have_text("1 unsaved change")
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("Nothing unsaved")).to_have_count(1)


def test_rules_are_made_on_the_record_layer(admin: Visitor) -> None:
    page = admin.page
    admin.go(f"{CASE}?layer=records")
    page.get_by_role("switch", name="Record layer").click()
    expect(page.get_by_text("Off: every record is open")).not_to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    page.get_by_label("Records of").first.fill("Sales")
    page.get_by_label("Are given to").fill("Team")
    page.get_by_role("button", name="Add default rule").click()
    rule = page.locator("tr", has_text="Team")
    rule.get_by_role("button", name="Update: No").click()
    rule.get_by_role("button", name="Update: Yes", exact=True).click()
    expect(page.get_by_text("read and update and pass on")).not_to_have_count(0)
    page.get_by_label("The value at").select_option(label="Account")
    page.get_by_role("button", name="Follow").click()
    page.get_by_role("button", name="Begin the path again").wait_for()
    page.get_by_label("The value at").select_option(label="Owner")
    page.get_by_label("Is given to").fill("Sales")
    page.get_by_role("button", name="Add scope rule").click()
    expect(page.get_by_role("cell", name="Account / Owner", exact=True)).to_have_count(1)
    page.get_by_role("switch", name="Denies").click()
    page.get_by_label("Are denied to").fill("Ann Agent")
    page.get_by_label("Records of").last.fill("Team")
    page.get_by_role("button", name="Add deny rule").click()
    page.get_by_role("button", name="Preview and save").click()
    page.get_by_text("Found by trying").wait_for()
    keep_picture(admin, "rights-records")
    admin.ensure_accessible()
    page.get_by_role("button", name="Discard").click()


def test_an_operation_is_found_and_changed(admin: Visitor) -> None:
    page = admin.page
    admin.go("/rights/operations")
    page.get_by_label("Search operations").fill("export")
    page.get_by_label("Search operations").press("Enter")
    page.get_by_role("link", name="Export lists").click()
    page.get_by_text("GET, POST /o/<slug:code>/export").wait_for()
    page.get_by_placeholder("Find a role or person").fill("Team")
    page.get_by_placeholder("Find a role or person").press("Enter")
    expect(page.locator("tr.added")).to_have_count(1)
    page.get_by_label("Object", exact=True).select_option(label="Cases")
    page.get_by_role("button", name="Carry rights on it").click()
    page.get_by_role("button", name="Preview and save").click()
    page.get_by_text("use the operation", exact=False).first.wait_for()
    keep_picture(admin, "rights-operation")
    admin.ensure_accessible()
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("tr.added")).to_have_count(0)


def test_a_role_is_changed_where_it_is_named(admin: Visitor) -> None:
    page = admin.page
    admin.go("/rights/objects")
    page.get_by_role("link", name="By role").click()
    page.get_by_role("link", name="Service", exact=True).click()
    page.get_by_role("heading", name="Service", exact=True).wait_for()
    tick(page, "Delete", "Cases").click()
    expect(unsaved(page)).to_have_text("1 unsaved change")
    page.locator("#tab-columns").click()
    page.get_by_role("button", name="Cases", exact=True).click()
    page.locator("tr.opened .segments").first.get_by_role("button", name="None").click()
    expect(unsaved(page)).to_have_text("2 unsaved changes")
    page.get_by_role("button", name="Preview and save").click()
    page.get_by_text("Found by trying").wait_for()
    keep_picture(admin, "rights-role")
    admin.ensure_accessible()
    page.get_by_role("button", name="Take back: Case · object rows").click()
    expect(unsaved(page)).to_have_text("1 unsaved change")
    page.get_by_role("button", name="Discard").click()


def test_what_somebody_else_saved_is_not_overwritten(visit: Visit, admin: Visitor) -> None:
    other: Visitor = visit()
    other.sign_in("admin")
    for visitor in (admin, other):
        visitor.go(CASE)
    tick(admin.page, "Delete", "Service").click()
    admin.page.get_by_role("button", name="Preview and save").click()
    admin.page.get_by_role("button", name="Save", exact=True).wait_for()
    tick(other.page, "Create", "Finance").or_(tick(other.page, "Create", rows(other.page)[-1])).first.click()
    save(other.page)
    admin.page.get_by_role("button", name="Save", exact=True).click()
    admin.page.get_by_text("Nothing was saved").wait_for()
    admin.page.get_by_role("button", name="Discard").click()
    tick(other.page, "Create", "Finance").or_(tick(other.page, "Create", rows(other.page)[-1])).first.click()
    save(other.page)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_accessible(visit: Visit, width: int, theme: str) -> None:
    admin: Visitor = visit(width)
    admin.sign_in("admin")
    admin.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    admin.go("/rights/roles")
    role = admin.page.locator("tbody th a").first.get_attribute("href") or ""
    for number, address in enumerate(
        (
            "/rights/objects",
            CASE,
            f"{CASE}?layer=operations",
            f"{CASE}?layer=records",
            f"{CASE}?layer=columns&column=subject",
            "/rights/operations",
            "/rights/operations/CanManageJobs",
            "/rights/roles",
            role,
            f"{role}?layer=columns",
        )
    ):
        assert admin.go(address) == 200
        keep_picture(admin, f"rights-{width}-{theme}-{number}")
        admin.ensure_accessible()

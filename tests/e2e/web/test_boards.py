"""Boards and calendars in a browser: cards moved by mouse, by keys, from the menu, and without script."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator

from tests.e2e.conftest import Visitor

Visit = Callable[..., Visitor]
BOARD = "/o/opportunity/?shape=board&f=name&o=starts_with&v={}"


def add(visitor: Visitor, address: str, label: str, name: str, button: str) -> None:
    visitor.go(address)
    visitor.page.get_by_label(label, exact=False).first.fill(name)
    visitor.page.get_by_role("button", name=button).click()
    visitor.page.get_by_text("Added.").wait_for()


def lane(visitor: Visitor, name: str) -> Locator:
    return visitor.page.get_by_role("region", name=name, exact=True)


def card(place: Locator, name: str) -> Locator:
    return place.locator("[data-card]", has_text=name)


def test_cards_are_moved_by_mouse_keys_and_menu_and_what_is_missing_is_asked_for(visit: Visit) -> None:
    bob = visit()
    bob.sign_in("bob")
    add(bob, "/o/opportunity/new", "Name", "Crate one", "Add opportunity")
    add(bob, "/o/opportunity/new", "Name", "Crate two", "Add opportunity")
    bob.go("/o/opportunity/?f=name&o=starts_with&v=Crate")
    bob.page.get_by_role("link", name="Board", exact=True).click()
    bob.page.wait_for_url("**shape=board**")
    bob.page.locator("#board").wait_for()
    bob.ensure_accessible()
    bob.shoot("board")
    card(lane(bob, "Qualification"), "Crate one").drag_to(lane(bob, "Presentation"))
    card(lane(bob, "Presentation"), "Crate one").wait_for()
    bob.page.get_by_role("button", name="Undo").click()
    card(lane(bob, "Qualification"), "Crate one").wait_for()
    bob.page.locator("#toasts", has_text="Crate one was moved: Qualification.").wait_for()
    bob.ensure_accessible()
    card(lane(bob, "Qualification"), "Crate two").get_by_role("link").first.press("Shift+ArrowRight")
    card(lane(bob, "Presentation"), "Crate two").wait_for()
    bob.page.wait_for_function("() => document.activeElement.innerText === 'Crate two'")
    bob.page.keyboard.press("m")
    menu = bob.page.locator("#movemenu")
    menu.get_by_role("button", name="Closed lost").wait_for()
    assert "needs Close reason" in menu.inner_text()
    bob.page.emulate_media(color_scheme="dark")
    bob.ensure_accessible()
    bob.shoot("board-menu-dark")
    bob.page.set_viewport_size({"width": 390, "height": 900})
    bob.ensure_accessible()
    bob.page.set_viewport_size({"width": 1440, "height": 900})
    menu.get_by_role("button", name="Closed lost").press("Enter")
    reason = bob.page.get_by_label("Close reason")
    reason.wait_for()
    bob.ensure_accessible()
    bob.shoot("board-asks-dark")
    assert card(lane(bob, "Presentation"), "Crate two").count() == 1
    reason.select_option(label="Price")
    bob.page.get_by_role("button", name="Move", exact=True).click()
    card(lane(bob, "Closed lost"), "Crate two").wait_for()
    assert "shape=board" in bob.page.url


def test_a_calendar_adds_on_a_day_and_moves_to_another(visit: Visit) -> None:
    bob = visit()
    bob.sign_in("bob")
    bob.go("/o/activity/?shape=calendar&day=2026-03-15")
    bob.ensure_accessible()
    bob.page.get_by_role("link", name="New activity on Tue 17 Mar 2026").click()
    assert bob.page.get_by_label("Starts").input_value() == "2026-03-17T09:00"
    bob.page.get_by_label("Title", exact=False).first.fill("Crate talk")
    bob.page.get_by_role("button", name="Add activity").click()
    bob.page.get_by_text("Added.").wait_for()
    bob.go("/o/activity/?shape=calendar&day=2026-03-15")

    def day(key: str) -> Locator:
        return bob.page.locator(f"td[data-day='{key}']")

    card(day("2026-03-17"), "Crate talk").drag_to(day("2026-03-19"))
    card(day("2026-03-19"), "Crate talk").wait_for()
    assert "09:00" in card(day("2026-03-19"), "Crate talk").inner_text()
    bob.page.locator("[data-card] a", has_text="Crate talk").first.press("Shift+ArrowDown")
    card(day("2026-03-26"), "Crate talk").wait_for()
    bob.page.wait_for_function("() => document.activeElement.innerText.includes('Crate talk')")
    bob.shoot("calendar")
    bob.page.get_by_role("link", name="Week", exact=True).click()
    bob.page.locator(".cal[data-span=week]").wait_for()
    bob.page.emulate_media(color_scheme="dark")
    bob.ensure_accessible()
    bob.shoot("calendar-week-dark")
    bob.page.set_viewport_size({"width": 390, "height": 900})
    bob.go("/o/activity/?shape=calendar&day=2026-03-15")
    assert day("2026-03-26").is_visible()
    assert not day("2026-03-20").is_visible()
    bob.ensure_accessible()
    bob.shoot("calendar-dark")


def test_a_phone_without_script_moves_by_link_and_form(visit: Visit) -> None:
    bob = visit(390, script=False)
    bob.sign_in("bob")
    add(bob, "/o/opportunity/new", "Name", "Barrel", "Add opportunity")
    bob.go(BOARD.format("Barrel"))
    bob.shoot("board")
    bob.page.get_by_role("button", name="Move Barrel").click()
    bob.page.get_by_role("button", name=re.compile("^Closed won")).click()
    bob.page.get_by_label("Close reason").wait_for()
    bob.page.get_by_label("Close reason").select_option(label="Price")
    bob.page.get_by_role("button", name="Move", exact=True).click()
    card(lane(bob, "Closed won"), "Barrel").wait_for()
    bob.page.get_by_role("button", name="Undo").click()
    card(lane(bob, "Qualification"), "Barrel").wait_for()
    bob.page.get_by_role("link", name="List", exact=True).click()
    assert bob.names() == ["Barrel"]

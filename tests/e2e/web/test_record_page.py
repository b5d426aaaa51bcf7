"""The page of a record in a browser: in short beside another, revealed for a reason, drafts that survive."""

from collections.abc import Callable

import pytest

from tests.e2e.conftest import WIDTHS, Visitor

Visit = Callable[..., Visitor]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_record_opens_in_short_beside_the_page(visit: Visit, width: int) -> None:
    ann = visit(width)
    ann.sign_in("ann")
    ann.go(ann.server.open)
    page = ann.page
    link = page.locator(".fieldlist").get_by_role("link", name="Helios Labs").first
    link.focus()
    page.keyboard.press("Space")
    panel = page.locator("#peek")
    panel.get_by_role("heading", name="Helios Labs").wait_for()
    assert "info@helios.example" in panel.inner_text()
    ann.shoot("record-peek")
    ann.ensure_accessible()
    page.keyboard.press("Escape")
    assert panel.count() == 0
    assert link.evaluate("link => link === document.activeElement")
    page.get_by_role("button", name="Preview Helios Labs").first.click()
    panel.get_by_role("link", name="Open").click()
    page.wait_for_url(lambda url: ann.server.account in url)
    plain = visit(width, script=False)
    plain.page.context.add_cookies(page.context.cookies())  # type: ignore[arg-type]  # what one window gives, another takes
    plain.go(ann.server.open)
    assert not plain.page.get_by_role("button", name="Preview Helios Labs").first.is_visible()


def test_a_value_is_revealed_for_a_reason_and_two_states_compared(visit: Visit) -> None:
    bob = visit()
    bob.sign_in("bob")
    bob.go(bob.server.account)
    page = bob.page
    assert "Sunward" not in page.content()
    page.get_by_role("link", name="Reveal Alternative name").click()
    page.get_by_role("button", name="Reveal").click()
    page.get_by_text("Say why: it is recorded").wait_for()
    page.get_by_label("Reason").fill("A parcel came back")
    page.get_by_role("button", name="Reveal").click()
    page.locator(".revealed", has_text="Sunward").wait_for()
    bob.shoot("record-revealed")
    bob.ensure_accessible()
    page.get_by_role("link", name="Hide now").click()
    page.get_by_text("revealed Alternative name: “A parcel came back”").first.wait_for()
    assert "Sunward" not in page.content()
    page.get_by_role("link", name="Notes", exact=True).last.click()
    bob.ensure_accessible()
    bob.go(bob.server.account + "?tab=history")
    page.get_by_role("heading", name="Changes").wait_for()
    bob.ensure_accessible()
    assert bob.go(bob.server.account + "/print?plain=1") == 200
    page.get_by_text("Printed by Bob Other").wait_for()
    bob.shoot("record-print")
    bob.ensure_accessible()


def test_a_draft_survives_until_it_is_saved_and_a_pin_is_at_hand(visit: Visit) -> None:
    ann = visit()
    ann.sign_in("ann")
    page = ann.page
    ann.go(ann.server.account + "/edit")
    offer = page.locator("[data-draft-offer]")
    kept = "Object.entries(localStorage).filter(([key]) => key.startsWith('ostiary-draft ')).map(String)"
    page.get_by_label("City").fill("Freiburg")
    page.get_by_label("Notes").fill("Not to be kept")
    assert "Freiburg" in page.evaluate(kept)[0]
    assert "Not to be kept" not in page.evaluate(kept)[0]
    ann.go(ann.server.account)
    ann.go(ann.server.account + "/edit")
    assert page.get_by_label("City").input_value() == ""
    ann.shoot("record-draft")
    ann.ensure_accessible()
    offer.get_by_role("button", name="Continue your draft").click()
    assert page.get_by_label("City").input_value() == "Freiburg"
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(lambda url: "done=saved" in url)
    assert page.evaluate(kept) == []
    ann.go(ann.server.account + "?tab=history")
    assert "Freiburg" in page.locator(".compared tr[data-changed]", has_text="City").inner_text()
    ann.shoot("record-history")
    ann.ensure_accessible()
    page.get_by_role("button", name="Pin", exact=True).click()
    page.get_by_role("button", name="Unpin").wait_for()
    page.keyboard.press("Control+k")
    page.locator("#palette").get_by_role("heading", name="Pinned").wait_for()
    ann.shoot("record-pinned")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Unpin").click()
    ann.go(ann.server.account + "/edit")
    page.get_by_label("City").fill("")
    page.get_by_role("button", name="Settings and sign out").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url(lambda url: "/sign-in" in url)
    assert page.evaluate(kept) == []

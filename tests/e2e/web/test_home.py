"""The start page, the keys and the gallery of components in a browser, in every theme."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.conftest import WIDTHS, Visitor

Visit = Callable[..., Visitor]
LOOKS = ("light", "dark"), ("", "more")


def size(visitor: Visitor, width: int) -> None:
    visitor.page.set_viewport_size({"width": width, "height": 900})


def test_a_task_is_done_and_taken_back_by_keyboard(visit: Visit) -> None:
    ann = visit()
    ann.sign_in("ann")
    page = ann.page
    expect(page.get_by_role("heading", name="My day")).to_be_visible()
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    ann.shoot("home-empty")
    ann.go("/o/activity/new")
    page.locator("#f-title").fill("Call the board")
    page.locator("#f-due_at").fill("2026-01-02T09:30")
    page.get_by_role("button", name="Add activity").click()
    expect(page.get_by_text("Added.")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("h")
    expect(page.get_by_role("heading", name="My day")).to_be_visible()
    expect(page.locator(".agenda .tag")).to_have_text("overdue")
    for width in reversed(WIDTHS):
        size(ann, width)
        ann.shoot("home-light")
        ann.ensure_accessible()
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    ann.shoot("home-dark")
    ann.ensure_accessible()
    done = page.get_by_role("button", name="Done: Call the board")
    done.press("Enter")
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_attached()
    ann.shoot("home-toast")
    page.keyboard.press("u")
    expect(undo).to_be_focused()
    ann.ensure_accessible()
    undo.press("Enter")
    expect(page.get_by_text("Taken back.")).to_be_visible()
    expect(done).to_be_visible()
    bars = page.locator(".funnel a").first
    told = bars.inner_text()
    bars.click()
    expect(page.locator(".tablefoot").get_by_text(told)).to_be_visible()


def test_the_sheet_of_keys_says_what_they_do(visit: Visit) -> None:
    ann = visit()
    ann.sign_in("ann")
    page, sheet = ann.page, ann.page.locator("#shortcuts")
    page.keyboard.press("?")
    expect(sheet).to_be_visible()
    ann.shoot("keys")
    ann.ensure_accessible()
    page.keyboard.press("g")
    page.keyboard.press("2")
    expect(sheet).to_be_visible()  # nothing happens below an open sheet
    page.keyboard.press("?")
    expect(sheet).to_be_hidden()
    second = sheet.locator("[data-keys='g 2']").get_attribute("data-does")
    page.keyboard.press("g")
    with page.expect_navigation():
        page.keyboard.press("2")
    assert second == f"go:{page.url.removeprefix(ann.server.url)}"
    page.keyboard.press("j")
    expect(page.locator("#list tr[data-row] th a").first).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("nj?")  # typed, not done
    box = page.locator(".topbar input[type=search]")
    expect(box).to_have_value("nj?")
    box.blur()
    with page.expect_navigation():
        page.keyboard.press("n")
    expect(page.get_by_role("heading", name="New opportunity")).to_be_visible()
    page.get_by_role("button", name="Settings and sign out").click()
    page.get_by_role("button", name="Keyboard shortcuts").last.click()
    with page.expect_navigation():
        sheet.get_by_role("button", name="Off").click()
    page.keyboard.press("?")
    expect(sheet).to_be_hidden()
    page.keyboard.press("Control+k")  # goes on
    expect(page.locator("#palette")).to_be_visible()
    page.locator("#palette").get_by_role("button", name="Keyboard shortcuts").click()
    with page.expect_navigation():
        sheet.get_by_role("button", name="On", exact=True).click()


def test_every_component_is_accessible_in_every_theme(visit: Visit) -> None:
    admin, ann = visit(), visit()
    ann.sign_in("ann")
    assert ann.go("/design") == 403
    admin.sign_in("admin")
    admin.shoot("home-admin")
    admin.ensure_accessible()
    for theme in LOOKS[0]:
        for contrast in LOOKS[1]:
            admin.go(f"/design?theme={theme}&contrast={contrast}")
            for width in WIDTHS if not contrast else WIDTHS[:1]:
                size(admin, width)
                admin.shoot(f"design-{theme}{contrast}")
                admin.ensure_accessible()
    page = admin.page
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    size(admin, WIDTHS[0])
    admin.shoot("design-forced")
    told = [page.locator(f".seg [aria-pressed={pressed}]").first for pressed in ("true", "false")]
    assert len({part.evaluate("part => getComputedStyle(part).backgroundColor") for part in told}) == 2

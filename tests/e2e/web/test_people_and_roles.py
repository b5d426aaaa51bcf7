"""People and roles in a browser: what an administrator does, with the effect before it is saved."""

import re
from collections.abc import Callable

import pytest

from tests.e2e.conftest import WIDTHS, Visitor

Visit = Callable[..., Visitor]


def open_role(admin: Visitor, name: str) -> None:
    admin.go(f"/roles?q={name.replace(' ', '+')}")
    admin.page.get_by_role("link", name=name, exact=True).click()
    admin.page.get_by_role("heading", name=name, exact=True, level=1).wait_for()


def open_person(admin: Visitor, name: str) -> None:
    admin.go(f"/people?q={name.replace(' ', '+')}")
    admin.page.get_by_role("link", name=name, exact=True).click()
    admin.page.get_by_role("heading", name=name, level=1).wait_for()


def save(admin: Visitor, word: str = "Save") -> None:
    admin.page.get_by_role("button", name=word, exact=True).click()
    admin.page.locator(".toast").wait_for()


def make_role(admin: Visitor, name: str, below: str = "", tree: str = "") -> None:
    admin.go(f"/roles/new?tree={tree}")
    admin.page.get_by_label("Name").fill(name)
    admin.page.get_by_label("Below").fill(below)
    admin.page.get_by_role("button", name="Show effect").click()
    save(admin, "Add role")


def test_a_person_is_made_given_roles_and_told_why_each_counts(visit: Visit) -> None:
    admin = visit()
    admin.sign_in("admin")
    make_role(admin, "Harbour")
    make_role(admin, "Quay", below="Harbour")
    open_role(admin, "Harbour")
    admin.page.get_by_role("link", name="Change links").click()
    admin.page.get_by_label("Name of a role").fill("sales man")
    admin.page.get_by_role("button", name="Find").click()
    admin.page.get_by_label("Sales managers").check()
    admin.page.get_by_role("button", name="Show effect").click()
    save(admin)

    admin.go("/people")
    admin.page.get_by_role("link", name="New").click()
    admin.page.get_by_label("Sign-in name").fill("petra")
    admin.page.get_by_label("E-mail").fill("nowhere")
    admin.page.get_by_role("button", name="Add person").click()
    admin.page.get_by_role("alert").wait_for()
    admin.page.locator("#f-name").fill("Petra Pier")
    admin.page.get_by_label("E-mail").fill("petra@halden.example")
    admin.page.get_by_role("button", name="Add person").click()
    admin.page.get_by_role("heading", name="Petra Pier").wait_for()

    admin.page.get_by_role("link", name="Give or take away roles").click()
    for word in ("quay", "sales"):
        admin.page.get_by_label("Name of a role").fill(word)
        admin.page.get_by_role("button", name="Find").click()
        admin.page.get_by_label(re.compile(rf"^{word.title()} \(")).check()
    assert admin.page.get_by_label(re.compile(r"^Quay \(")).is_checked()
    admin.page.get_by_role("button", name="Show effect").click()
    gained = admin.page.locator(".impact[data-kind=gained]")
    gained.wait_for()
    assert "Gained: this gives more than before" in gained.inner_text()
    assert "Petra Pier" in gained.inner_text()
    save(admin)
    admin.page.get_by_role("link", name="Effective roles").click()
    row = admin.page.get_by_role("row", name="Sales managers")
    assert "by link from Harbour, above Quay, which Petra Pier is a member of" in row.inner_text()
    assert admin.complaints == []


def test_a_membership_holds_at_the_next_request(visit: Visit) -> None:
    admin, bob = visit(), visit()
    admin.sign_in("admin")
    bob.sign_in("bob")
    assert bob.go("/people") == 403
    open_person(admin, "Bob Other")
    for tick, status in (("System administrators", 200), ("System administrators", 403)):
        admin.page.get_by_role("link", name="Give or take away roles").click()
        if status == 200:
            admin.page.get_by_label("Name of a role").fill("system")
            admin.page.get_by_role("button", name="Find").click()
        admin.page.get_by_label(re.compile(tick)).check()
        admin.page.get_by_role("button", name="Show effect").click()
        save(admin)
        assert bob.go("/people") == status


def test_a_role_is_moved_by_dragging_and_by_keyboard(visit: Visit) -> None:
    admin = visit()
    admin.sign_in("admin")
    make_role(admin, "Island")
    make_role(admin, "Cape", below="Island")
    make_role(admin, "Reef")
    admin.go("/roles")
    island = admin.page.locator("li[data-role]", has_text="Island").last
    opener = island.get_by_role("button", name="Roles below Island")
    assert opener.get_attribute("aria-expanded") == "false"
    opener.focus()
    admin.page.keyboard.press("ArrowRight")
    admin.page.get_by_role("link", name="Cape", exact=True).wait_for()
    assert opener.get_attribute("aria-expanded") == "true"
    admin.page.keyboard.press("ArrowDown")
    assert admin.page.evaluate("document.activeElement.textContent") == "Cape"

    leaf = admin.page.locator(".leaf")
    leaf.filter(has_text="Reef").drag_to(leaf.filter(has_text="Cape"))
    admin.page.get_by_role("heading", name="Move Reef?").wait_for()
    assert "Reef lies below Cape from now on" in admin.page.locator("main").inner_text()
    save(admin)
    assert "Cape" in admin.page.locator(".fieldlist").inner_text()

    admin.page.get_by_role("link", name="Move", exact=True).focus()
    admin.page.keyboard.press("Enter")
    below = admin.page.get_by_label("Below")
    below.focus()
    admin.page.keyboard.type("island")
    admin.page.keyboard.press("Enter")
    admin.page.get_by_role("heading", name="Move Reef?").wait_for()
    save(admin)
    assert "Cape" not in admin.page.locator(".fieldlist").inner_text()
    open_role(admin, "Island")
    admin.page.get_by_role("link", name="Move", exact=True).click()
    admin.page.get_by_label("Below").fill("Reef")
    admin.page.get_by_role("button", name="Show effect").click()
    assert "A role cannot lie below itself" in admin.page.get_by_role("alert").inner_text()
    assert admin.complaints == []


def test_somebody_stands_in_with_dates_and_gives_it_back(visit: Visit) -> None:
    admin = visit()
    admin.sign_in("admin")
    open_person(admin, "Mona Manager")
    admin.page.get_by_role("link", name="Standing in").click()
    admin.page.get_by_role("link", name="Delegate", exact=True).click()
    box = admin.page.get_by_label("Person or role")
    box.press_sequentially("ann")
    option = admin.page.locator("datalist option[value='Ann Agent (ann)']")
    option.wait_for(state="attached")
    box.fill("Ann Agent (ann)")
    box.dispatch_event("change")
    admin.page.get_by_label("Until").fill("2099-03-01T09:00")
    admin.page.get_by_role("button", name="Show effect").click()
    assert "Ann Agent acts with everything" in admin.page.locator("main").inner_text()
    save(admin)
    assert "until 1 Mar 2099, 09:00" in admin.page.locator("main").inner_text()
    admin.page.get_by_role("link", name="Ann Agent").click()
    admin.page.get_by_role("link", name="Effective roles").click()
    assert "by delegation from Mona Manager" in admin.page.locator("main").inner_text()
    admin.page.get_by_role("link", name="Standing in").click()
    admin.page.get_by_role("button", name="End Mona Manager").click()
    save(admin, "End")

    admin.page.get_by_role("link", name="Elevate").click()
    admin.page.get_by_label("Role").fill("sales managers")
    admin.page.get_by_label("Reason").fill("Cover for Mona")
    admin.page.get_by_role("button", name="Show effect").click()
    admin.page.locator(".impact[data-kind=gained]").wait_for()
    save(admin)
    assert "Cover for Mona" in admin.page.locator("main").inner_text()
    admin.page.get_by_role("button", name="End Sales managers").click()
    admin.page.locator(".impact[data-kind=lost]").wait_for()
    save(admin, "End")
    assert admin.complaints == []


def test_managers_marks_merging_and_deleting(visit: Visit) -> None:
    admin = visit()
    admin.sign_in("admin")
    make_role(admin, "Dock")
    admin.page.get_by_role("link", name="Add manager role").click()
    admin.page.get_by_role("button", name="Show effect").click()
    save(admin)
    open_role(admin, "Dock managers")
    admin.page.get_by_role("link", name="Add or remove members").click()
    admin.page.get_by_label("Name, sign-in name or e-mail").fill("bob")
    admin.page.get_by_role("button", name="Find").click()
    admin.page.get_by_label("Bob Other").check()
    admin.page.get_by_role("button", name="Show effect").click()
    save(admin)
    open_role(admin, "Dock")
    admin.page.get_by_role("button", name="Keep it from managers").click()
    save(admin)
    assert admin.page.get_by_text("not inherited by managers").count() == 1
    admin.page.get_by_role("link", name="Rename").click()
    admin.page.get_by_label("Name").fill("Dry dock")
    admin.page.get_by_role("button", name="Show effect").click()
    assert "Nobody gains or loses anything." in admin.page.get_by_role("status").last.inner_text()
    save(admin)

    make_role(admin, "Wharf")
    admin.page.get_by_role("link", name="Merge").click()
    admin.page.get_by_label("Role that stays").fill("Dry dock")
    admin.page.get_by_role("button", name="Show effect").click()
    save(admin, "Merge")
    admin.page.get_by_role("heading", name="Dry dock").wait_for()
    admin.page.get_by_role("link", name="Delete").click()
    assert "It has a manager role, which goes with it." in admin.page.locator("main").inner_text()
    admin.page.get_by_role("button", name="Show effect").click()
    lost = admin.page.locator(".impact[data-kind=lost]")
    lost.wait_for()
    assert "Bob Other" in lost.inner_text()
    save(admin, "Delete")
    assert admin.page.get_by_role("link", name="Dry dock").count() == 0
    assert admin.complaints == []


def test_two_who_change_rights_at_once_see_what_the_other_did(visit: Visit) -> None:
    one, two = visit(), visit()
    for visitor, name in ((one, "Ann Agent"), (two, "Bob Other")):
        visitor.sign_in("admin")
        open_person(visitor, name)
        visitor.page.get_by_role("button", name="Deactivate").click()
        visitor.page.locator(".impact[data-kind=lost]").wait_for()
    two.page.get_by_role("button", name="Deactivate").click()
    two.page.locator(".toast").wait_for()
    one.page.get_by_role("button", name="Deactivate").click()
    said = one.page.get_by_role("alert").inner_text()
    assert "Somebody changed rights since you looked." in said
    one.page.get_by_role("link", name="Back", exact=True).click()
    assert one.page.get_by_role("button", name="Deactivate").count() == 1  # nothing was saved
    two.page.get_by_role("button", name="Activate").click()
    save(two, "Activate")


def test_all_of_it_works_without_script(visit: Visit) -> None:
    admin = visit(script=False)
    admin.sign_in("admin")
    make_role(admin, "Sandbank")
    make_role(admin, "Sandspit", below="sandbank")
    admin.go("/roles")
    admin.page.get_by_role("button", name="Roles below Sandbank").click()
    assert admin.page.get_by_role("link", name="Sandspit").count() == 1
    open_role(admin, "Sandspit")
    admin.page.get_by_role("link", name="Add or remove members").click()
    admin.page.get_by_label("Name, sign-in name or e-mail").fill("mona")
    admin.page.get_by_role("button", name="Find").click()
    admin.page.get_by_label("Mona Manager").check()
    admin.page.get_by_role("button", name="Show effect").click()
    admin.page.get_by_role("button", name="Back").click()
    assert admin.page.get_by_label("Mona Manager").is_checked()
    admin.page.get_by_role("button", name="Show effect").click()
    admin.page.get_by_role("button", name="Save", exact=True).click()
    assert admin.page.get_by_role("link", name="Mona Manager").count() == 1
    admin.page.get_by_label("Take the role from Mona Manager").check()
    admin.page.get_by_role("button", name="Take away from those ticked").click()
    admin.page.get_by_role("button", name="Save", exact=True).click()
    assert admin.page.get_by_text("Nobody has it directly.").count() == 1


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_accessible_and_keeps_the_page_policy(visit: Visit, width: int) -> None:
    admin = visit(width)
    admin.sign_in("admin")
    for path in (
        "/people",
        "/people?q=nobody+at+all",
        "/people/new",
        "/roles",
        "/roles?tree=functional",
        "/roles?q=team",
        "/roles?q=nowhere",
        "/roles/new",
    ):
        assert admin.go(path) == 200
        admin.ensure_accessible()
    open_person(admin, "Mona Manager")
    base = admin.page.url.partition("?")[0].removeprefix(admin.server.url)
    for part in (
        "",
        "?tab=roles",
        "?tab=standing",
        "?tab=attributes",
        "/edit",
        "/roles",
        "/delegate",
        "/elevate",
    ):
        assert admin.go(base + part) == 200
        admin.ensure_accessible()
    open_role(admin, "Team")
    base = admin.page.url.partition("?")[0].removeprefix(admin.server.url)
    for part in ("", "/rename", "/move", "/merge", "/delete", "/members", "/links", "/manager"):
        assert admin.go(base + part) == 200
        admin.ensure_accessible()
    admin.go(base)
    admin.page.get_by_label("Take the role from Ann Agent").check()
    admin.page.get_by_role("button", name="Take away from those ticked").click()
    admin.page.locator(".impact").first.wait_for()
    admin.ensure_accessible()
    admin.page.get_by_role("button", name="Back").click()
    admin.page.get_by_role("button", name="Find").wait_for()
    admin.ensure_accessible()

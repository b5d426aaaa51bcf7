"""Pages of people: who may open them, what they find, and that nothing is saved before it was shown."""

from collections.abc import Iterator

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from tests._tenants import Installation
from tests.integration.web._desk import Desk, hidden, opened, text_of


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Iterator[Desk]:
    with opened("peoplepages") as made:
        yield made


def is_active(desk: Desk, name: str) -> bool:
    with desk.inside() as ctx:
        return identity.is_active(ctx, desk.units[name])


def test_pages_are_for_whoever_manages_users(desk: Desk) -> None:
    for url in ("/people", desk.url("ann")):
        assert desk.hana.get(url).status == 200
        refused = desk.people["ann"].get(url)
        assert refused.status == 403
        assert "CanManageUsers" in text_of(refused)
    assert "/people" in desk.hana.get("/people").body.decode().partition("<main")[0]
    assert 'href="/people"' not in desk.people["ann"].get("/o/contact/").body.decode()


def test_people_are_found_by_name_login_and_address(desk: Desk) -> None:
    with desk.inside() as ctx:
        access.create_person(ctx, login="jo.weiss", name="Jörg Weiß", email="jw@harbour.example")
    for words in ("jor", "WEISS", "jo weiß", "jörg", "harbour.example", "jw jo"):
        page = text_of(desk.admin.get(f"/people?q={words.replace(' ', '+')}"))
        assert "Jörg Weiß" in page, words
        assert "Ann Agent" not in page
    assert "Nobody fits" in text_of(desk.admin.get("/people?q=jor+nobody"))
    assert desk.admin.get("/people?kind=cat").status == 404


def test_nobody_is_deactivated_before_the_effect_was_shown(desk: Desk) -> None:
    url = desk.url("bob", "/active")
    page = desk.admin.post(url, {"active": "no"})
    assert page.status == 200
    assert is_active(desk, "bob")
    text = text_of(page)
    assert "Deactivate Bob Other?" in text
    assert "people lose 1" in text
    assert "have what is given to Berlin" in text
    saved = desk.admin.press_save(url, page)
    assert (saved.status, saved.headers["Location"]) == (302, f"{desk.url('bob')}?done=saved")
    assert not is_active(desk, "bob")
    assert "identity.principal.deactivated" in desk.events(desk.units["bob"])
    said, _ = desk.admin.save(url, {"active": "yes"})
    assert "Gained: this gives more than before" in said
    assert is_active(desk, "bob")


def test_what_changed_meanwhile_is_shown_anew_instead_of_saved(desk: Desk) -> None:
    url = desk.url("bob", "/active")
    page = desk.admin.post(url, {"active": "no"})
    with desk.inside() as ctx:
        access.set_attribute(ctx, desk.units["mona"], "regions", [desk.units["north"]])
    again = desk.admin.press_save(url, page)
    assert again.status == 200
    assert "Somebody changed rights since you looked." in text_of(again)
    assert is_active(desk, "bob")
    assert desk.admin.press_save(url, again).status == 302
    assert not is_active(desk, "bob")
    desk.admin.save(url, {"active": "yes"})


@pytest.mark.parametrize("seen", ["", "x", "9" * 40, "-1", "1"])
def test_a_forged_epoch_saves_nothing(desk: Desk, seen: str) -> None:
    page = desk.admin.post(desk.url("bob", "/active"), {"active": "no", "seen_epoch": seen})
    assert page.status == 200
    assert is_active(desk, "bob")


def test_whoever_may_not_see_the_effect_may_still_save(desk: Desk) -> None:
    url = desk.url("bob", "/active")
    page = desk.hana.post(url, {"active": "no"})
    text = text_of(page)
    assert "not yours to see" in text
    assert "lose" not in text.replace("who loses by this", "")
    assert is_active(desk, "bob")
    assert hidden(page)["active"] == ["no"]
    assert desk.hana.press_save(url, page).status == 302
    assert not is_active(desk, "bob")
    desk.admin.save(url, {"active": "yes"})

"""Duplicates in a browser: said before saving, found in groups, merged side by side; also without script."""

from collections.abc import Callable

import pytest

from tests.e2e.conftest import Visitor

Visit = Callable[..., Visitor]


@pytest.mark.parametrize(("width", "script"), [(1440, True), (390, False)])
def test_what_exists_is_said_and_what_is_doubled_becomes_one(
    visit: Visit, width: int, *, script: bool
) -> None:
    admin, name = visit(width, script=script), "Tamarind Foods" if script else "Ochre Mills"
    admin.sign_in("admin")
    for city in ("Oslo", "Bergen"):
        admin.go("/o/account/new")
        admin.page.get_by_label("Name", exact=False).first.fill(name)
        admin.page.get_by_label("City").fill(city)
        admin.page.get_by_label("City").press("Enter")
        if city == "Bergen":
            alert = admin.page.get_by_role("alert")
            assert "Looks like one that exists" in alert.inner_text()
            assert alert.get_by_role("link", name=name).is_visible()
            admin.shoot("duplicates-form")
            if script:
                admin.ensure_accessible()
            admin.page.get_by_role("button", name="Save anyway").press("Enter")
        admin.page.get_by_text("Added.").wait_for()
    admin.page.get_by_role("link", name="Duplicates").click()
    assert admin.page.get_by_role("checkbox", name=name).is_checked()
    admin.page.get_by_role("button", name="Compare").click()
    admin.page.get_by_role("radio", name="Bergen").check()
    assert "the oldest" in admin.page.locator("main .note").first.inner_text()
    admin.shoot("duplicates-merge")
    if script:
        admin.ensure_accessible()
    admin.page.get_by_role("button", name="Merge").click()
    admin.page.get_by_text("Merged.").wait_for()
    assert "Bergen" in admin.page.locator("main").inner_text()
    for address, heading in (
        ("/o/account/duplicates", "Duplicates among accounts"),
        ("/duplicates/account", ""),
    ):
        admin.go(address)
        assert heading in admin.page.get_by_role("heading", level=1).inner_text()
        admin.shoot(address.strip("/").replace("/", "-"))
        if script:
            admin.ensure_accessible()

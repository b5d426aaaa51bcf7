"""The interface in German, whose words are longer: chosen from the menu, nothing wider than the window."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.conftest import WIDTHS, Visitor

Visit = Callable[..., Visitor]
PAGES = {
    "list": "/o/opportunity/",
    "builder": "/o/account/?builder=1&do=add",
    "form": "/o/opportunity/new",
    "preferences": "/preferences",
    "people": "/people",
    "person": "/people/new",
    "roles": "/roles",
    "rights": "/rights/objects",
    "rows": "/rights/objects/opportunity",
    "columns": "/rights/objects/contact?layer=columns",
    "rules": "/rights/objects/opportunity?layer=records",
    "carried": "/rights/objects/opportunity?layer=operations",
    "operation": "/rights/operations/CanExportGrid",
    "wizard": "/rights/wizard",
    "matrix": "/role-matrix",
    "findings": "/role-matrix/findings",
    "explain": "/explain?object=opportunity&verb=update",
    "dashboards": "/dashboards/new",
    "day": "/",
    "jobs": "/jobs",
    "settings": "/settings",
    "setting": "/settings/UserSessionTimeout",
}


@pytest.fixture
def german(visit: Visit) -> Iterator[Visitor]:
    """The administrator, in German until the test is over."""
    admin = visit()
    admin.sign_in("admin")
    choose(admin, "Settings and sign out", "Deutsch")
    yield admin
    admin.page.set_viewport_size({"width": 1440, "height": 900})
    admin.go("/preferences")
    choose(admin, "Einstellungen und Abmelden", "English")


def choose(admin: Visitor, menu: str, language: str) -> None:
    admin.page.get_by_role("button", name=menu).click()
    admin.page.get_by_role("button", name=language, exact=True).click()
    code = {"Deutsch": "de", "English": "en"}[language]
    admin.page.wait_for_selector(f'html[lang="{code}"]', state="attached")


@pytest.mark.parametrize("width", WIDTHS)
def test_german_fits_into_the_window(german: Visitor, width: int) -> None:
    german.page.set_viewport_size({"width": width, "height": 900})
    wide = {}
    records = {"record": german.server.open, "edit": f"{german.server.open}/edit"}
    panels = {name: f"{german.server.open}?panel={name}" for name in ("share", "who")}
    for name, path in {**PAGES, **records, **panels}.items():
        assert german.go(path) == 200, path
        assert german.page.locator("html").get_attribute("lang") == "de"
        german.shoot(f"de-{name}")
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        if by := german.page.evaluate(wider):
            wide[path] = by
    assert wide == {}
    for path in ("/o/opportunity/", "/preferences", german.server.open):
        german.go(path)
        german.ensure_accessible()
    if width > 640:
        german.page.get_by_role("button", name="Einstellungen und Abmelden").click()
        german.shoot("de-menu")
        german.ensure_accessible()


def test_before_signing_in_the_browser_is_asked(visit: Visit) -> None:
    stranger = visit()
    stranger.page.set_extra_http_headers({"Accept-Language": "de-DE,de;q=0.9"})
    stranger.go("/sign-in")
    stranger.shoot("de-sign-in")
    stranger.page.get_by_label("Kennwort").fill("falsch")
    stranger.page.get_by_label("Anmeldename").fill("ann")
    stranger.page.get_by_role("button", name="Anmelden").click()
    assert "gesperrt" in stranger.page.get_by_role("alert").inner_text()
    stranger.ensure_accessible()

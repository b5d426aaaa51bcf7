"""The role matrix in a browser: read, filtered, explained, taken along."""

from collections.abc import Callable

import pytest

from tests.e2e.conftest import WIDTHS, Visitor

Visit = Callable[..., Visitor]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_are_accessible_at_every_width(visit: Visit, width: int) -> None:
    admin = visit(width)
    admin.sign_in("admin")
    for path in (
        "/role-matrix",
        "/role-matrix?tab=operations",
        "/role-matrix?tab=columns&object=contact",
        "/role-matrix?q=nothing+like+it",
        "/role-matrix/findings",
    ):
        assert admin.go(path) == 200
        admin.shoot(path.strip("/").replace("/", "-").replace("?", "-").replace("=", "-"))
        admin.ensure_accessible()
    admin.go("/role-matrix?q=sales")
    admin.page.locator("tbody th a").first.click()
    admin.page.get_by_role("heading", name="Sales").first.wait_for()
    admin.shoot("role-matrix-role")
    admin.ensure_accessible()


@pytest.mark.parametrize("script", [True, False])
def test_a_reason_is_said_and_the_mark_goes(visit: Visit, *, script: bool) -> None:
    admin = visit(script=script)
    admin.sign_in("admin")
    admin.go("/role-matrix?q=sales&kind=func&missing=1")
    name = admin.names()[0].splitlines()[0]
    admin.page.get_by_role("link", name=name, exact=True).click()
    admin.page.get_by_label("Owner").fill("nobody")
    admin.page.get_by_label("Justification").first.fill("They sell")
    admin.page.get_by_label("Regulatory basis").first.fill("Contract")
    admin.page.get_by_role("button", name="Save").click()
    admin.page.get_by_role("alert").wait_for()
    assert admin.page.get_by_label("Owner").get_attribute("aria-invalid") == "true"
    if script:
        admin.ensure_accessible()
    admin.page.get_by_label("Owner").fill("mona")
    admin.page.get_by_role("button", name="Save").click()
    admin.page.get_by_text("Saved.").wait_for()
    admin.page.get_by_role("button", name="Mark as reviewed").click()
    admin.page.get_by_text("by Ada Admin").wait_for()
    role = admin.page.url.partition("?")[0].removeprefix(admin.server.url)
    admin.go("/role-matrix?q=sales&kind=func&missing=1")
    assert name not in [shown.splitlines()[0] for shown in admin.names()]
    admin.go(role)  # as it was, for the next
    for field in ("Justification", "Regulatory basis"):
        admin.page.get_by_label(field).first.fill("")
    admin.page.get_by_role("button", name="Save").click()
    admin.page.get_by_text("Saved.").wait_for()


def test_both_files_come_as_downloads(visit: Visit) -> None:
    admin = visit()
    admin.sign_in("admin")
    admin.go("/role-matrix")
    for kind in ("XLSX", "PDF"):
        with admin.page.expect_download() as download:
            admin.page.get_by_role("link", name=kind).click()
        assert download.value.suggested_filename.endswith(f".{kind.lower()}")

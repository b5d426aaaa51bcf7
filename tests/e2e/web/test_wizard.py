"""Roles proposed from job functions, in a browser: what it would do is seen before it is done."""

from collections.abc import Callable

import pytest

from tests.e2e.conftest import WIDTHS, Visitor

Visit = Callable[..., Visitor]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_proposal_is_chosen_and_its_difference_looked_at(visit: Visit, width: int) -> None:
    admin = visit(width)
    admin.sign_in("admin")
    assert admin.go("/rights/wizard") == 200
    admin.shoot("wizard")
    admin.ensure_accessible()
    page = admin.page
    page.get_by_role("button", name="Show the difference").click()
    page.get_by_text("Choose at least one function").wait_for()
    page.get_by_label("Finance").check()
    page.locator("[name=finance_read]").select_option("restricted")
    page.locator("[name=finance_edit]").select_option("internal")
    page.locator("[name=finance_records]").select_option("read_all")
    page.get_by_role("button", name="Show the difference").click()
    page.get_by_role("heading", name="Gained: this gives more than before").wait_for()
    assert page.get_by_text("whoever gets Finance").count() > 0
    assert "Restricted fields are read by more people" in page.locator("main").inner_text()
    admin.shoot("wizard-difference")
    admin.ensure_accessible()
    with page.expect_navigation():
        page.get_by_role("button", name="Back").click()
    assert page.get_by_label("Finance").is_checked()
    assert page.locator("[name=finance_read]").input_value() == "restricted"

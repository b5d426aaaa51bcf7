"""The back office in a browser, from signing in to signing out."""

import re
from collections.abc import Callable

import pytest

from tests.e2e.conftest import WIDTHS, Visitor

Visit = Callable[..., Visitor]


def test_an_agent_works_from_sign_in_to_sign_out(visit: Visit) -> None:
    ann = visit()
    assert ann.go("/o/opportunity/") == 200  # sent to sign in, and back from there
    assert "/sign-in" in ann.page.url
    ann.page.get_by_label("Sign-in name").fill("ann")
    ann.page.get_by_label("Password").fill("wrong password")
    ann.page.get_by_role("button", name="Sign in").click()
    ann.page.get_by_role("alert").wait_for()
    ann.page.get_by_label("Password").fill(ann.server.password)
    ann.page.get_by_role("button", name="Sign in").click()
    ann.page.wait_for_url("**/o/opportunity/")
    assert "Quiet deal of Bob" not in ann.names()
    assert ann.page.get_by_text("1\N{EN DASH}50 of 55").count() == 1

    ann.page.get_by_role("link", name="Next").click()
    ann.page.get_by_text("51\N{EN DASH}55 of 55").wait_for()
    ann.page.get_by_role("link", name="Amount").click()
    ann.page.get_by_text("1\N{EN DASH}50 of 55").wait_for()
    assert ann.names()[:2] == ["Deal 01", "Deal 02"]

    ann.page.get_by_role("button", name="Filter").click()
    ann.page.get_by_role("button", name="Condition").click()
    ann.page.get_by_label("Field").select_option(label="Amount")
    ann.page.get_by_label("Operator").select_option(label="is more than")
    ann.page.get_by_label("Value", exact=True).fill("53,000")
    ann.page.get_by_role("button", name="Apply").click()
    ann.page.get_by_text("1\N{EN DASH}2 of 2").wait_for()
    assert ann.names() == ["Deal 54", "Deal 55"]
    ann.page.get_by_role("link", name="Deal 54").click()
    ann.page.get_by_role("heading", name="Deal 54").wait_for()

    ann.page.get_by_role("link", name="Edit").click()
    ann.page.get_by_label("Name", exact=False).first.fill("")
    ann.page.get_by_label("Amount").fill("a lot")
    ann.page.get_by_role("button", name="Save").click()
    problems = ann.page.get_by_role("alert")
    problems.wait_for()
    amount = ann.page.get_by_label("Amount")
    assert amount.get_attribute("aria-invalid") == "true"
    described = amount.get_attribute("aria-describedby") or ""
    assert "Write a number" in ann.page.locator(f"#{described.split()[0]}").inner_text()
    ann.page.locator("#f-name").fill("Deal 54, bigger")
    amount.fill("54,500.50")
    ann.page.get_by_role("button", name="Save").click()
    ann.page.get_by_role("heading", name="Deal 54, bigger").wait_for()
    assert ann.page.get_by_text("54,500.50").count() >= 1
    assert ann.page.get_by_text("changed 3 fields").count() == 1  # the weighted amount follows

    ann.page.get_by_role("button", name="Settings and sign out").click()
    ann.page.get_by_role("button", name="Sign out", exact=True).click()
    ann.page.wait_for_url("**/sign-in")
    ann.go("/o/opportunity/")
    assert "/sign-in" in ann.page.url
    assert ann.complaints == []


def test_a_hidden_record_is_not_found_in_the_words_of_an_absent_one(visit: Visit) -> None:
    ann, mona = visit(), visit()
    ann.sign_in("ann")
    mona.sign_in("mona")
    assert mona.go(mona.server.hidden) == 200
    pages = []
    for path in (ann.server.hidden, re.sub(r"[0-9a-f]{12}$", "0" * 12, ann.server.hidden)):
        for part in ("", "/edit", "/delete"):
            assert ann.go(path + part) == 404
            pages.append(ann.page.locator("main").inner_text())
    assert len(set(pages)) == 1


def test_the_manager_may_delete_and_the_agent_is_told_why_not(visit: Visit) -> None:
    ann, mona = visit(), visit()
    ann.sign_in("ann")
    mona.sign_in("mona")
    ann.go(ann.server.account)
    ann.page.locator(".page-head").get_by_role("button", name="Why?").last.click()
    assert ann.page.get_by_text("You may not delete accounts").is_visible()
    assert ann.go(ann.server.account + "/delete") == 403
    assert "the object (layer 2)" in ann.page.locator("main").inner_text()
    mona.go(mona.server.account + "/delete")
    mona.page.get_by_role("button", name="Delete").click()
    assert "Other records refer to it" in mona.page.get_by_role("alert").inner_text()


def test_two_people_who_edit_at_once_see_both_values(visit: Visit) -> None:
    ann, mona = visit(), visit()
    ann.sign_in("ann")
    mona.sign_in("mona")
    ann.go(ann.server.open + "/edit")
    mona.go(mona.server.open + "/edit")
    mona.page.get_by_label("Next step").fill("Call the board")
    mona.page.get_by_label("Amount").fill("70000")
    mona.page.get_by_role("button", name="Save").click()
    mona.page.get_by_role("heading", name="Deal 55").wait_for()
    ann.page.get_by_label("Amount").fill("60000")
    ann.page.get_by_role("button", name="Save").click()
    ann.page.get_by_role("alert").wait_for()
    assert ann.page.get_by_text("Theirs is 70,000").count() == 1
    assert ann.page.get_by_label("Next step").input_value() == "Call the board"
    ann.page.get_by_label("Use mine").check()
    ann.page.get_by_role("button", name="Save").click()
    ann.page.get_by_role("heading", name="Deal 55").wait_for()
    text = ann.page.locator("main").inner_text()
    assert "60,000" in text
    assert "Call the board" in text


def test_everything_works_without_script(visit: Visit) -> None:
    ann = visit(script=False)
    ann.sign_in("ann")
    ann.go("/o/contact/")
    ann.page.get_by_role("link", name="New").click()
    ann.page.locator("#f-name").fill("Mei Tanaka")
    ann.page.get_by_label("Account").fill("Nobody Ltd")
    ann.page.get_by_role("button", name="Add contact").click()
    assert "No account that you may read" in ann.page.get_by_role("alert").inner_text()
    ann.page.get_by_label("Account").fill("kestrel rail")
    ann.page.get_by_role("button", name="Add contact").click()
    assert ann.page.get_by_role("heading", name="Mei Tanaka").count() == 1
    assert ann.page.get_by_role("link", name="Kestrel Rail").count() == 2  # key fact and field
    ann.go("/o/contact/?do=add")
    ann.page.get_by_label("Field").select_option(label="Account")
    ann.page.get_by_role("button", name="Apply").click()
    ann.go("/o/contact/?builder=1&f=account&o=contains&v=kestrel")
    assert ann.names() == ["Mei Tanaka"]
    ann.page.get_by_role("link", name="Remove filter").click()
    assert len(ann.names()) == 3


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_accessible_and_keeps_the_page_policy(visit: Visit, width: int) -> None:
    ann = visit(width)
    ann.go("/sign-in")
    ann.ensure_accessible()
    ann.sign_in("ann")
    for path, status in {
        "/o/opportunity/": 200,
        "/o/opportunity/?q=nothing+like+this": 200,
        "/o/opportunity/?builder=1&f=amount&o=ge&v=x&f=stage&o=is_null&v=&f=account&o=contains&v=hel": 200,
        f"{ann.server.account}/delete": 403,
        "/o/product/": 200,
        "/o/contact/new": 200,
        ann.server.open: 200,
        f"{ann.server.account}?tab=contact.account": 200,
        f"{ann.server.open}/edit": 200,
        ann.server.hidden: 404,
    }.items():
        assert ann.go(path) == status, path
        ann.ensure_accessible()
    ann.go("/o/contact/new")
    ann.page.locator("main").get_by_role("button", name="Add contact").click()
    ann.page.get_by_role("alert").wait_for()
    ann.ensure_accessible()


def test_theme_and_density_are_remembered(visit: Visit) -> None:
    ann = visit()
    ann.sign_in("ann")
    ann.page.get_by_role("button", name="Settings and sign out").click()
    ann.page.get_by_role("button", name="Dark").click()
    ann.page.wait_for_selector("html[data-theme=dark]")
    ann.page.get_by_role("button", name="Settings and sign out").click()
    ann.page.get_by_role("button", name="Compact").click()
    ann.page.wait_for_selector("html[data-theme=dark][data-density=compact]")
    ann.ensure_accessible()


def test_only_those_with_the_operation_export(visit: Visit) -> None:
    ann, mona = visit(), visit()
    ann.sign_in("ann")
    mona.sign_in("mona")
    assert ann.go("/o/opportunity/export") == 403
    mona.go("/o/opportunity/?f=name&o=contains&v=quiet")
    mona.page.get_by_role("link", name="Export").click()
    mona.page.get_by_role("textbox", name="Reason").fill("Forecast of the quarter")
    mona.ensure_accessible()
    with mona.page.expect_download() as download:
        mona.page.get_by_role("button", name="Export", exact=True).click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert [line.split(",")[1] for line in text.splitlines()] == ["Name", "Quiet deal of Bob"]

"""Lists in a browser: panels that stay open, rows that come by themselves, keys, views."""

from collections.abc import Callable

import pytest

from tests.e2e.conftest import WIDTHS, Visitor

Visit = Callable[..., Visitor]
LIST = "/o/opportunity/"


def heads(visitor: Visitor) -> list[str]:
    return [text.strip() for text in visitor.page.locator("thead th").all_inner_texts()]


def test_columns_are_picked_while_the_panel_stays_open(visit: Visit) -> None:
    ann = visit()
    ann.sign_in("ann")
    ann.go(LIST)
    ann.page.get_by_role("button", name="Columns").click()
    ann.page.locator("#picker").wait_for()
    ann.page.locator("summary", has_text="Account").click()
    box = ann.page.locator("#c-account\\.email")
    box.check()
    ann.page.locator("thead th", has_text="Account: E").wait_for()
    assert box.is_checked()
    assert ann.page.evaluate("document.activeElement.id") == "c-account.email"
    before = heads(ann)
    ann.page.locator("#c-account\\.email").press("Alt+ArrowUp")
    ann.page.wait_for_function(
        "old => [...document.querySelectorAll('thead th')].map(h => h.innerText.trim()).join() !== old",
        arg=",".join(before),
    )
    after = heads(ann)
    assert (
        after.index("Account: E-mail" if "Account: E-mail" in after else "Account: Email") == len(after) - 2
    )
    ann.page.reload()  # a button's address was replaced by what came of it
    assert heads(ann) == after
    moved = ann.page.locator(".picked li", has_text="Stage").first
    moved.drag_to(ann.page.locator(".picked li[data-column]").first)
    ann.page.wait_for_function("() => document.querySelectorAll('thead th')[1].innerText.trim() === 'Stage'")
    ann.page.get_by_role("link", name="Reset to default").click()
    ann.page.wait_for_function("() => !document.querySelector('thead').innerText.includes('Account: ')")
    assert ann.complaints == []


def test_rows_that_follow_come_by_themselves_and_keys_move(visit: Visit) -> None:
    ann = visit()
    ann.sign_in("ann")
    ann.go(LIST + "?sort=name&f=name&o=starts_with&v=Deal")
    assert len(ann.names()) == 50
    ann.page.keyboard.press("j")
    ann.page.keyboard.press("j")
    ann.page.keyboard.press("k")
    ann.page.keyboard.press("ArrowDown")
    assert "Deal 02" in ann.page.evaluate("document.activeElement.innerText")
    ann.page.locator("tr.more").scroll_into_view_if_needed()
    ann.page.wait_for_function("() => document.querySelectorAll('tr[data-row]').length === 55")
    assert len(set(ann.names())) == 55
    ann.page.get_by_text("1\N{EN DASH}55 of 55").wait_for()
    ann.page.keyboard.press("o")
    ann.page.get_by_role("heading", name="Deal 02").wait_for()
    assert ann.complaints == []


def test_the_order_takes_a_second_key_by_shift_and_the_filter_counts_while_it_is_made(visit: Visit) -> None:
    ann = visit()
    ann.sign_in("ann")
    ann.go(LIST + "?sort=stage")
    ann.page.get_by_role("link", name="Amount").click(modifiers=["Shift"])
    ann.page.wait_for_url("**sort=stage%2Camount**")
    ann.page.get_by_role("button", name="Filter").click()
    ann.page.locator("#builder").get_by_role("button", name="Group", exact=True).click()
    ann.page.locator(".condgroup").get_by_label("Field").select_option(label="Amount")
    ann.page.get_by_label("Operator").select_option(label="is more than")
    ann.page.get_by_label("Value", exact=True).fill("50000")
    ann.page.get_by_text("5 match", exact=True).wait_for()
    ann.page.get_by_role("button", name="Condition in this group").click()
    ann.page.locator(".cond").nth(1).wait_for()
    ann.page.get_by_role("button", name="Apply").click()
    ann.page.locator("#builder").wait_for(state="detached")
    assert ann.page.get_by_text("1\N{EN DASH}5 of 5").count() == 1
    ann.page.go_back()
    ann.page.locator(".cond").nth(1).wait_for()
    assert ann.complaints == []


@pytest.mark.parametrize("script", [True, False])
def test_a_view_is_saved_opened_first_and_deleted_with_a_way_back(visit: Visit, *, script: bool) -> None:
    mona = visit(script=script)
    mona.sign_in("mona")
    name = f"Big deals {script}"
    mona.go(LIST + "?f=amount&o=gt&v=52000&sort=-amount&c=amount")
    mona.page.get_by_role("button", name="Save view").click()
    mona.page.get_by_label("Name", exact=False).last.fill(name)
    mona.page.get_by_role("button", name="Save as view").click()
    mona.page.get_by_role("link", name=name).wait_for()
    assert [text[:7] for text in mona.names()] == ["Deal 55", "Deal 54", "Deal 53"]
    mona.page.get_by_role("button", name="Save view").click()
    mona.page.get_by_role("button", name="Open first for me").click()
    mona.go(LIST)
    assert len(mona.names()) == 3
    mona.page.get_by_role("button", name="Save view").click()
    mona.page.get_by_role("button", name="Delete").click()
    mona.page.get_by_role("button", name="Undo").wait_for()
    assert mona.page.get_by_role("link", name=name).count() == 0
    mona.page.get_by_role("button", name="Undo").click()
    mona.page.get_by_role("link", name=name).wait_for()
    mona.page.get_by_role("button", name="Save view").click()
    mona.page.get_by_role("button", name="Delete").click()
    mona.page.get_by_role("button", name="Undo").wait_for()
    assert mona.complaints == []


def test_panels_work_without_script(visit: Visit) -> None:
    ann = visit(script=False)
    ann.sign_in("ann")
    ann.go(LIST)
    ann.page.get_by_role("button", name="Columns").click()
    ann.page.locator("#c-account").uncheck()
    ann.page.locator("#c-number").check()
    ann.page.get_by_role("button", name="Apply").click()
    assert "Account" not in heads(ann)
    assert heads(ann)[-1] == "Number"
    ann.page.get_by_role("button", name="Number further up").click()
    assert heads(ann)[-2] == "Number"
    ann.page.get_by_role("button", name="Group").click()
    ann.page.locator("#group").select_option(label="Stage")
    ann.page.get_by_role("button", name="Apply").click()
    assert ann.page.locator("tr.group").count() == 1
    ann.page.locator("tr.group").get_by_role("button").click()
    assert ann.names() == []
    ann.page.get_by_role("button", name="Sort").click()
    ann.page.locator("#sort-1").select_option(label="Amount")
    ann.page.locator("#way-1").select_option("desc")
    ann.page.get_by_role("button", name="Apply").click()
    ann.page.locator("tr.group").get_by_role("button").click()
    assert ann.names()[0] == "Deal 55"


@pytest.mark.parametrize("width", WIDTHS)
def test_every_panel_is_accessible(visit: Visit, width: int) -> None:
    mona = visit(width)
    mona.sign_in("mona")
    nested = "f=amount&o=ge&v=1&g=&f=stage&o=in&v=&g=1&f=expected_close_on&o=within&v=overdue&g=1.1&any=1"
    for query in (
        "?panel=columns",
        "?panel=sort&sort=stage,-amount",
        "?panel=group&group=stage",
        "?panel=view",
        f"?builder=1&{nested}",
        "?group=owner&c=amount&c=account.owner",
    ):
        assert mona.go(LIST + query) == 200
        mona.ensure_accessible()
        mona.shoot(f"list{query[1:12]}")

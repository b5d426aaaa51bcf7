"""Files and notes of a record in a browser: by hand, by keyboard, by dropping, without script, on a phone."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload

from tests.e2e.conftest import WIDTHS, Visitor

Visit = Callable[..., Visitor]
FILES, NOTES = "?tab=opportunity_file.parent", "?tab=opportunity_note.parent"
DROP = """(text) => {
  const given = new DataTransfer();
  given.items.add(new File([text], "dropped.txt", {type: "text/plain"}));
  const zone = document.querySelector("[data-drop]");
  for (const kind of ["dragover", "drop"])
    zone.dispatchEvent(new DragEvent(kind, {dataTransfer: given, bubbles: true, cancelable: true}));
}"""


def file(name: str, content: bytes = b"%PDF-1.7") -> FilePayload:
    return {"name": name, "mimeType": "application/pdf", "buffer": content}


def tab(visitor: Visitor, name: str) -> None:
    visitor.page.locator("nav.tabs").get_by_role("link", name=re.compile(f"^{name}")).click()
    visitor.page.get_by_role("heading", name=re.compile(f"^{name} ")).wait_for()


@pytest.mark.parametrize("width", WIDTHS)
def test_files_are_added_taken_and_deleted(visit: Visit, width: int) -> None:
    ann = visit(width)
    ann.sign_in("ann")
    ann.go(ann.server.open)
    tab(ann, "Attachments")
    ann.ensure_accessible()
    name, dropped = f"offer {width}.pdf", ann.page.get_by_role("link", name="dropped.txt", exact=True)
    ann.page.get_by_label("Add files").set_input_files([file(name)])
    ann.page.get_by_role("button", name="Upload").press("Enter")
    ann.page.get_by_text("Added.").wait_for()
    with ann.page.expect_download() as taken:
        ann.page.get_by_role("link", name=name, exact=True).click()
    assert taken.value.suggested_filename == name
    assert Path(taken.value.path()).read_bytes() == b"%PDF-1.7"
    ann.page.evaluate(DROP, "by dropping")
    dropped.wait_for()
    ann.ensure_accessible()
    for each in (name, "dropped.txt"):
        ann.page.get_by_role("link", name=f"Delete {each}").click()
        ann.page.get_by_role("heading", name=f"Delete {each}?").wait_for()
        ann.ensure_accessible()
        ann.page.get_by_role("button", name="Delete").click()
        ann.page.get_by_text("Deleted.").wait_for()
    ann.page.get_by_role("heading", name="No attachments here").wait_for()


def test_a_file_that_is_too_large_is_refused_before_it_is_sent_and_by_the_server(
    visit: Visit, tmp_path: Path
) -> None:
    ann, plain = visit(), visit(script=False)
    large = tmp_path / "large.bin"
    with large.open("wb") as made:
        made.truncate(25_000_001)
    for who in (ann, plain):
        who.sign_in("ann")
        who.go(who.server.open + FILES)
        who.page.get_by_label("Add files").set_input_files(large)
        who.page.get_by_role("button", name="Upload").click()
    assert ann.page.url.endswith(FILES)
    words = "document.querySelector('#f-files').validationMessage"
    assert ann.page.evaluate(words) == "A file has at most 25 MB."
    plain.page.get_by_role("alert").wait_for()
    assert plain.page.get_by_role("alert").inner_text() == (
        "Nothing was added. large.bin: a file has at most 25 MB."
    )
    plain.page.get_by_label("Add files").set_input_files([file("small.bin")])
    plain.page.get_by_role("button", name="Upload").click()
    plain.page.get_by_text("Added.").wait_for()
    plain.page.get_by_role("link", name="Delete small.bin").click()
    plain.page.get_by_role("button", name="Delete").click()
    assert ann.complaints == []


@pytest.mark.parametrize("width", WIDTHS)
def test_notes_are_written_and_changed_where_they_are_read(visit: Visit, width: int) -> None:
    ann = visit(width)
    ann.sign_in("ann")
    ann.go(ann.server.open)
    tab(ann, "Notes")
    ann.ensure_accessible()
    ann.page.get_by_label("Text").fill("Ready in spring")
    ann.page.get_by_role("button", name="Add note").click()
    title = ann.page.get_by_label("Title")
    assert title.get_attribute("aria-invalid") == "true"
    assert ann.page.get_by_label("Text").input_value() == "Ready in spring"
    ann.ensure_accessible()
    title.fill(f"Call {width}")
    title.press("Enter")
    ann.page.get_by_role("heading", name=f"Call {width}").wait_for()
    ann.page.get_by_role("link", name=f"Edit Call {width}").click()
    ann.page.get_by_label("Title").fill(f"Called {width}")
    ann.page.get_by_role("button", name="Save").click()
    ann.page.get_by_role("heading", name=f"Called {width}").wait_for()
    assert "tab=opportunity_note.parent" in ann.page.url
    ann.ensure_accessible()


def test_who_may_only_read_a_record_is_told_why_nothing_can_be_added(visit: Visit) -> None:
    bob = visit()
    bob.sign_in("bob")
    for name in ("attachments", "notes"):
        code = "account_file" if name == "attachments" else "account_note"
        bob.go(f"{bob.server.account}?tab={code}.parent")
        bob.page.get_by_role("heading", name=f"No {name} here").wait_for()
        bob.page.locator("main .underform").get_by_role("button", name="Why?").click()
        assert bob.page.get_by_text("You may read this record but not change it, so").is_visible()
        bob.ensure_accessible()

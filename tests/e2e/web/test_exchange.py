"""Bringing a file in and taking a list out, in a browser and without script, on a desk and on a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload

from tests.e2e.conftest import WIDTHS, Visitor

Visit = Callable[..., Visitor]


def send(ada: Visitor, name: str, text: str) -> None:
    file: FilePayload = {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    ada.page.get_by_label("File", exact=True).set_input_files(file)
    ada.page.get_by_role("button", name="Send file").click()
    ada.page.get_by_role("heading", name=name).wait_for()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_file_is_mapped_checked_imported_and_taken_back(visit: Visit, width: int) -> None:
    ada = visit(width)
    ada.sign_in("admin")
    ada.go("/files")
    ada.ensure_accessible()
    ada.shoot("files-empty")
    ada.go("/o/account/import")
    ada.ensure_accessible()
    ada.shoot("import-upload")
    rows = "\n".join(f"Quay {width} {n};https://quay{n}.example;{n * 100};Harbour" for n in range(40))
    send(ada, "quays.csv", f"Name;Web;Employees;Region {width}\n{rows}\nQuay bad;no address;many;x")
    ada.ensure_accessible()
    ada.shoot("import-map")
    ada.page.locator("input[name=key][value='0']").uncheck()
    ada.page.get_by_role("button", name="Check first").click()
    ada.page.get_by_text("Tick the fields by which a record is recognised").wait_for()
    ada.page.locator("input[name=key][value='0']").check()
    ada.page.get_by_role("button", name="Check first").click()
    ada.page.get_by_role("button", name="Import 41 rows").wait_for()
    ada.ensure_accessible()
    ada.shoot("import-checked")
    ada.page.get_by_role("button", name="Import 41 rows").click()
    ada.page.get_by_role("button", name="Take back 40 records").wait_for()
    ada.shoot("import-done")
    with ada.page.expect_download() as taken:
        ada.page.get_by_role("link", name="Result of every row").click()
    assert taken.value.path().read_text(encoding="utf-8-sig").count(",created,") == 40
    ada.go("/files")
    ada.ensure_accessible()
    ada.shoot("files")
    ada.page.get_by_role("link", name="quays.csv").first.click()
    ada.page.get_by_role("button", name="Take back 40 records").click()
    ada.page.get_by_text("taken back").wait_for()
    ada.ensure_accessible()


def test_an_import_needs_no_script(visit: Visit) -> None:
    ada = visit(script=False)
    ada.sign_in("admin")
    ada.go("/o/account/import")
    send(ada, "plain.csv", "Name\nPlain and simple")
    ada.page.get_by_role("button", name="Import now").click()
    take_back = ada.page.get_by_role("button", name="Take back 1 record")
    for _ in range(60):
        if take_back.count():
            break
        ada.page.get_by_role("link", name="Reload").click()
    take_back.click()


@pytest.mark.parametrize("width", WIDTHS)
def test_what_would_leave_is_seen_before(visit: Visit, width: int) -> None:
    mona = visit(width)
    mona.sign_in("mona")
    mona.go("/o/opportunity/export?f=name&o=contains&v=quiet")
    mona.ensure_accessible()
    mona.shoot("export")
    mona.page.get_by_label("Customer's budget").check()
    mona.page.get_by_role("button", name="Export", exact=True).click()
    mona.page.get_by_text("Say why").first.wait_for()
    mona.ensure_accessible()
    mona.page.get_by_role("textbox", name="Reason").fill("Forecast")
    with mona.page.expect_download() as taken:
        mona.page.get_by_role("button", name="Export", exact=True).click()
    assert taken.value.suggested_filename.startswith("opportunity-")
    mona.page.emulate_media(color_scheme="dark")
    mona.go("/files")
    mona.ensure_accessible()
    mona.shoot("files-dark")

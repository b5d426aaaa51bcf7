"""The matrix as a spreadsheet and as a document: what is in them, and who may take them."""

import io
import re
import zipfile
import zlib
from xml.etree import ElementTree as ET

import pytest

from ostiary.access import public as access
from ostiary.access.public import Operation, Verb
from ostiary.assurance import public as assurance
from ostiary.assurance.public import FileFormat, GrantKind, Reason
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied
from ostiary.kernel.ids import UnitId
from ostiary.objects import public as objects

NS = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
STREAM = re.compile(rb"/Filter /FlateDecode.*?stream\n(.*?)\nendstream", re.DOTALL)


def sheets_of(content: bytes) -> dict[str, list[list[str]]]:
    """Cells of each sheet; a formula would be a KeyError."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        strings = [
            "".join(t.text or "" for t in item.iter(f"{{{NS['s']}}}t"))
            for item in ET.fromstring(file.read("xl/sharedStrings.xml"))  # noqa: S314  made by us
        ]
        book = ET.fromstring(file.read("xl/workbook.xml"))  # noqa: S314  made by us
        found = {}
        for number, sheet in enumerate(book.iterfind("s:sheets/s:sheet", NS), 1):
            page = ET.fromstring(file.read(f"xl/worksheets/sheet{number}.xml"))  # noqa: S314  made by us
            assert page.find(".//s:f", NS) is None, "a formula"
            found[sheet.attrib["name"]] = [
                [strings[int(c.findtext("s:v", "", NS))] if c.get("t") == "s" else "" for c in row]
                for row in page.iterfind("s:sheetData/s:row", NS)
            ]
    return found


@pytest.fixture
def role(admin: Context) -> UnitId:
    return access.create_role(admin, identity.UnitKind.FUNC, "=Sum of Buyers")


def test_the_spreadsheet_holds_every_sheet_and_no_formula(admin: Context, role: UnitId) -> None:
    account = objects.find_object(admin, "account")
    access.set_object_rows(admin, account.id, [(role, {Verb.READ, Verb.DELETE})])
    access.set_operation_rows(admin, Operation.IMPORT, [(role, True)])
    reason = Reason("+1 for everybody", "@law")
    assurance.set_grant_reason(admin, role, GrantKind.OBJECT, str(account.id), reason)
    file = assurance.export_matrix(admin, FileFormat.XLSX)
    assert re.fullmatch(r"role-matrix-\d{4}-\d\d-\d\d\.xlsx", file.name)
    sheets = sheets_of(file.content)
    assert list(sheets) == ["Roles", "Grants", "Objects", "Operations", "Record rules", "Columns"]
    grants = [row for row in sheets["Grants"] if row[0] == "=Sum of Buyers"]
    assert [row[1:] for row in grants] == [
        ["Account", "read, delete", "+1 for everybody", "@law", ""],
        ["CanImportFromExcel", "execute", "", "", "justification, basis"],
    ]
    line = next(row for row in sheets["Objects"] if row[0] == "=Sum of Buyers")
    assert line[sheets["Objects"][0].index("Account")] == "RD"
    operations = next(row for row in sheets["Operations"] if row[0] == "=Sum of Buyers")
    assert operations[sheets["Operations"][0].index("CanImportFromExcel")] == "yes"
    classes = {(row[0], row[1]): row[2] for row in sheets["Columns"]}
    assert (
        classes["Account", account.columns["name"].caption] == account.columns["name"].data_class.name.title()
    )


def test_the_document_opens_and_has_its_pages(admin: Context, role: UnitId) -> None:
    access.create_role(admin, identity.UnitKind.FUNC, "Käufer Ωmega (€)")
    file = assurance.export_matrix(admin, FileFormat.PDF)
    assert file.content.startswith(b"%PDF-")
    assert file.content.rstrip().endswith(b"%%EOF")
    pages = len(re.findall(rb"/Type /Page\b(?!s)", file.content))
    counted = re.search(rb"/Count (\d+)", file.content)
    assert counted
    assert pages == int(counted[1]) >= 5
    text = b"".join(zlib.decompress(part) for part in STREAM.findall(file.content)).decode("cp1252")
    assert "=Sum of Buyers" in text.replace("\\", "")
    assert "Käufer ?mega" in text  # no such letter in the fonts of PDF readers
    assert f"page {pages} of " in text


def exported(ctx: Context) -> int:
    row = ctx.db.row("select count(*) from @.audit_event where type = 'assurance.matrix.exported'")
    return int(row[0]) if row else 0


def test_a_file_needs_both_operations_and_is_recorded(admin: Context) -> None:
    ann = access.create_person(admin, login="file.ann", name="Ann", email="")
    as_ann = admin.acting_as(ann)
    for manages, exports in ((True, False), (False, True)):
        access.store_operation_rows(admin, Operation.MANAGE_RIGHTS, [(ann, manages)])
        access.store_operation_rows(admin, Operation.EXPORT_LIST, [(ann, exports)])
        with pytest.raises(AccessDenied):
            assurance.export_matrix(as_ann, FileFormat.XLSX)
    access.store_operation_rows(admin, Operation.MANAGE_RIGHTS, [(ann, True)])
    before = exported(admin)
    assurance.export_matrix(as_ann, FileFormat.XLSX)
    assert exported(admin) == before + 1

"""Workbooks as other programs write them."""

import io
import zipfile
from collections.abc import Iterable, Sequence

from openpyxl import Workbook, load_workbook


def book_of(*rows: Sequence[object], title: str = "Sheet", hidden: str = "") -> bytes:
    """A workbook with one sheet of these rows, and perhaps a hidden one before it."""
    book = Workbook()
    if hidden:
        book.active.title, book.active.sheet_state = hidden, "hidden"
    sheet = book.create_sheet(title) if hidden else book.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rows_of(chunks: Iterable[bytes]) -> list[tuple[object, ...]]:
    """The values of the first sheet."""
    book = load_workbook(io.BytesIO(b"".join(chunks)), data_only=False)
    return [tuple(row) for row in book.worksheets[0].iter_rows(values_only=True)]


def with_entities(book: bytes) -> bytes:
    """The same, but its list of sheets declares entities, as those do that grow without end."""
    out, entity = io.BytesIO(), b'<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]>'
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "xl/workbook.xml":
                start = text.index(b"<workbook")
                text = text[:start] + entity + text[start:]
            new.writestr(name, text)
    return out.getvalue()

"""The role matrix as a file: a spreadsheet, or a document to print and sign."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fpdf import FPDF
from fpdf.enums import MethodReturnValue
from xlsxwriter import Workbook

from ostiary.access import public as access
from ostiary.assurance._matrix import Matrix, read_matrix
from ostiary.assurance._matrix_sheets import Row, Sheet, all_sheets, printed_sheets
from ostiary.audit import public as audit
from ostiary.kernel import clock
from ostiary.kernel.context import Context

_ACROSS = 12  # columns beside the first that fit on a page
_WIDEST = 60  # characters of a column of a spreadsheet
_FONT, _SIZE = "Helvetica", 7
_LINE = 3.8  # mm
_ENCODING = "cp1252"  # of the fonts that every reader of PDF has


class FileFormat(StrEnum):
    """What a matrix may be written as."""

    XLSX = "xlsx"
    PDF = "pdf"


@dataclass(frozen=True, slots=True)
class MatrixFile:
    """name: what to save it as."""

    name: str
    content_type: str
    content: bytes


_TYPES = {
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileFormat.PDF: "application/pdf",
}


def export_matrix(ctx: Context, kind: FileFormat) -> MatrixFile:
    """The whole matrix; needs CanManageAdministration and CanExportGrid, and is recorded."""
    access.ensure_operation(ctx, access.Operation.MANAGE_RIGHTS)
    access.ensure_operation(ctx, access.Operation.EXPORT_LIST)
    matrix, now = read_matrix(ctx), clock.now()
    content = _spreadsheet(matrix, now) if kind is FileFormat.XLSX else _document(matrix, now)
    told = {"format": kind.value, "roles": len(matrix.roles), "bytes": len(content)}
    audit.append(ctx, "assurance.matrix.exported", parts=[audit.Part("export", told)])
    return MatrixFile(f"role-matrix-{now:%Y-%m-%d}.{kind.value}", _TYPES[kind], content)


def _spreadsheet(matrix: Matrix, now: datetime) -> bytes:
    made = io.BytesIO()
    with Workbook(made, {"in_memory": True}) as book:
        book.set_properties({"title": "Role matrix", "created": now.replace(tzinfo=None)})
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        for sheet in all_sheets(matrix):
            page = book.add_worksheet(sheet.title)
            page.freeze_panes(1, 1)
            page.autofilter(0, 0, len(sheet.rows), len(sheet.head) - 1)
            for number, cells in enumerate((sheet.head, *sheet.rows)):
                for column, text in enumerate(cells):
                    # never `write`, which takes what begins with "=" for a formula
                    page.write_string(number, column, text, bold if number == 0 else None)
            for column, width in enumerate(_widths(sheet)):
                page.set_column(column, column, width)
            if sheet.note:
                page.write_comment(0, 0, sheet.note)
    return made.getvalue()


def _widths(sheet: Sheet) -> Iterator[int]:
    for column in zip(sheet.head, *sheet.rows, strict=True):
        yield min(_WIDEST, 2 + max(max(map(len, column[1:]), default=0), min(18, len(column[0]))))


class _Document(FPDF):
    """Landscape, every page numbered and dated."""

    def __init__(self, now: datetime) -> None:
        super().__init__(orientation="landscape", format="A4")
        self._now = now
        self.core_fonts_encoding = _ENCODING
        self.set_creation_date(now)
        self.set_title("Role matrix")
        self.set_font(_FONT, size=_SIZE)
        self.set_auto_page_break(auto=True, margin=15)
        self.set_draw_color(200)
        self.alias_nb_pages()

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font(_FONT, size=_SIZE)
        self.cell(0, 6, f"Role matrix, {self._now:%Y-%m-%d %H:%M} UTC, page {self.page_no()} of {{nb}}")


def _document(matrix: Matrix, now: datetime) -> bytes:
    document = _Document(now)
    for sheet in printed_sheets(matrix):
        for number, part in enumerate(_parts(sheet)):
            document.add_page()
            document.set_font(_FONT, style="B", size=12)
            more = f" ({number + 1})" if number else ""
            document.cell(0, 8, f"{sheet.title}{more}", new_x="LMARGIN", new_y="NEXT")
            document.set_font(_FONT, size=_SIZE)
            if sheet.note:
                document.cell(0, 5, sheet.note, new_x="LMARGIN", new_y="NEXT")
            _table(document, part)
    return bytes(document.output())


def _parts(sheet: Sheet) -> Iterator[Sheet]:
    """A table that is wider than a page as several, each with the first column."""
    wide = len(sheet.head) - 1
    if not sheet.across or wide <= _ACROSS:
        yield sheet
        return
    for start in range(1, wide + 1, _ACROSS):
        end = start + _ACROSS
        rows = tuple((row[0], *row[start:end]) for row in sheet.rows)
        yield Sheet(sheet.title, (sheet.head[0], *sheet.head[start:end]), rows, sheet.note)


def _table(document: _Document, sheet: Sheet) -> None:
    """Line by line: a row may be longer than a page, and fpdf2's own tables are slow."""
    shares = [min(40, max(8, width)) for width in _widths(sheet)]
    widths = [share * document.epw / sum(shares) for share in shares]
    _row(document, sheet.head, widths, None)
    for cells in sheet.rows:
        _row(document, cells, widths, sheet.head)


def _row(document: _Document, cells: Row, widths: list[float], head: Row | None) -> None:
    """head: written again on top of the next page; None: this is it."""
    document.set_font(_FONT, style="" if head else "B", size=_SIZE)
    columns = [_lines(document, text, width) for text, width in zip(_printable(cells), widths, strict=True)]
    for number in range(max(map(len, columns))):
        if document.will_page_break(_LINE):
            document.add_page()
            if head is not None:
                _row(document, head, widths, None)
                document.set_font(_FONT, size=_SIZE)
        for lines, width in zip(columns, widths, strict=True):
            document.cell(width, _LINE, lines[number] if number < len(lines) else "")
        document.ln(_LINE)
    bottom = document.get_y()
    document.line(document.l_margin, bottom, document.l_margin + document.epw, bottom)


def _lines(document: _Document, text: str, width: float) -> list[str]:
    """The text as lines that fit, with a little room beside them."""
    if "\n" not in text and document.get_string_width(text) < width - 2 * document.c_margin:
        return [text]
    found = document.multi_cell(width, _LINE, text, dry_run=True, output=MethodReturnValue.LINES)
    return found if isinstance(found, list) and found else [""]


def _printable(cells: Row) -> Row:
    """Letters that the fonts of PDF readers do not have are shown as question marks (ADR 0033)."""
    return tuple(text.encode(_ENCODING, "replace").decode(_ENCODING) for text in cells)

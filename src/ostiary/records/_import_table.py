"""A sent file as a table: its header and its rows, whatever it is. Nothing but a row and a part is held.

Text is read by the rules of `_import_source`, but one bad row does not spoil the others: it is refused with
its reason, like a row whose values do not fit.
"""

import codecs
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ostiary.records._blob_file import BlobFile
from ostiary.records._import_errors import ImportRefused
from ostiary.records._import_kept import FilePlan
from ostiary.records._import_sheet import ZIP, read_sheet, sheet_names
from ostiary.records._import_source import LONGEST_CELL, read_csv

HEAD = 256 * 1024  # bytes from which encoding and separator are guessed
MOST_COLUMNS = 500
ENCODINGS = ("utf-8", "windows-1252", "iso-8859-1", "utf-16")
DELIMITERS = (",", ";", "\t", "|")
TableRow = tuple[int, list[str], str]  # line, cells, why it cannot be read


def guess(name: str, file: BlobFile) -> FilePlan:
    """How the file is probably read. Raises ImportRefused: a workbook that is none."""
    head = file.read(HEAD) or b""
    file.seek(0)
    if head.startswith(ZIP):
        sheets = sheet_names(file)
        return FilePlan(name, "xlsx", sheets=sheets, sheet=sheets[0])
    encoding = _encoding(head)
    text = head.decode("utf-16" if encoding == "utf-16" else encoding, "replace").lstrip("\ufeff")
    return FilePlan(name, "csv", encoding=encoding, delimiter=_delimiter(text))


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def _delimiter(text: str) -> str:
    """The one that the first line has most often."""
    line = text.partition("\n")[0]
    return max(DELIMITERS, key=lambda each: (line.count(each), -DELIMITERS.index(each)))


def with_header(plan: FilePlan, file: BlobFile) -> FilePlan:
    """The plan with the names of the file's columns. Raises ImportRefused: none, or far too many."""
    _, cells = next(_records(plan, file), (1, []))
    if not any(cells):
        raise ImportRefused("The first row has no column names")
    if len(cells) > MOST_COLUMNS:
        raise ImportRefused(f"A file has at most {MOST_COLUMNS} columns")
    return replace(plan, header=_unique(cells))


def _unique(cells: Sequence[str]) -> list[str]:
    """Each name once: a blank one gets its place, a repeated one a number."""
    names: list[str] = []
    for place, cell in enumerate(cells, 1):
        name, number = cell.strip()[:200] or f"Column {place}", 2
        while name in names:
            name, number = f"{cell.strip()[:190]} ({number})", number + 1
        names.append(name)
    return names


def table_rows(plan: FilePlan, file: BlobFile) -> Iterator[TableRow]:
    """Every row behind the header. Raises ImportRefused: from here on nothing can be read."""
    records = _records(plan, file)
    next(records, None)
    width = len(plan.header)
    for line, cells in records:
        if any(cells):
            yield _row(line, [cell.strip() for cell in cells], width)


def _row(line: int, cells: list[str], width: int) -> TableRow:
    fault = ""
    if any(cells[width:]):
        fault = f"{len(cells)} cells where {width} are expected"
    elif any(len(cell) > LONGEST_CELL for cell in cells):
        fault = f"a cell of more than {LONGEST_CELL:,} characters"
    elif any("\0" in cell for cell in cells):
        fault = "a NUL byte, which no text has"
    if fault:
        return line, [""] * width, fault
    return line, (cells + [""] * width)[:width], ""


def _records(plan: FilePlan, file: BlobFile) -> Iterator[tuple[int, list[str]]]:
    file.seek(0)
    if plan.kind == "xlsx":
        yield from read_sheet(file, plan.sheet)
        return
    encoding = "utf-8-sig" if plan.encoding == "utf-8" else plan.encoding
    text = io.TextIOWrapper(io.BufferedReader(file), encoding=encoding, newline="")
    try:
        yield from read_csv(plan.name, text, plan.delimiter)
    except UnicodeError as problem:
        words = f"{plan.name} is not written in {plan.encoding}: choose another encoding"
        raise ImportRefused(words) from problem

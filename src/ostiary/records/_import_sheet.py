"""A workbook as openpyxl reads it: row by row, values alone, in bounded memory (ADR-0038)."""

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime, time
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from ostiary.records._blob_file import BlobFile
from ostiary.records._import_errors import ImportRefused

ZIP = b"PK\x03\x04"
MOST_UNPACKED = 2_000_000_000  # bytes of all that is in it
MOST_SHARED = 64_000_000  # bytes of its table of texts, which has to be held
MOST_ENTRIES = 5_000
MOST_ROWS = 1_048_576  # of a sheet; a row may claim any number
_SHARED = "xl/sharedStrings.xml"
_BROKEN = (
    zipfile.BadZipFile,
    InvalidFileException,
    ParseError,
    KeyError,
    ValueError,
    IndexError,
    TypeError,
    AttributeError,
    OSError,
    EOFError,
    NotImplementedError,
)


def sheet_names(file: BlobFile) -> list[str]:
    """The sheets that are shown. Raises ImportRefused: no workbook, or one that unpacks to too much."""
    _ensure_bounded(file)
    try:
        book = load_workbook(io.BufferedReader(file), read_only=True, data_only=True, keep_links=False)
        names = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    except _BROKEN as problem:
        raise _unreadable() from problem
    if not names:
        raise ImportRefused("The workbook has no sheet that is shown")
    return names


def read_sheet(file: BlobFile, name: str) -> Iterator[tuple[int, list[str]]]:
    """(row, cells as text) of a sheet. Raises ImportRefused."""
    _ensure_bounded(file)
    try:
        book = load_workbook(io.BufferedReader(file), read_only=True, data_only=True, keep_links=False)
        sheet = book[name]
        sheet.reset_dimensions()  # what it claims would fill every row up
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            if number > MOST_ROWS:
                raise ImportRefused(f"A sheet has at most {MOST_ROWS:,} rows")
            yield number, [_text(value) for value in row]
    except _BROKEN as problem:
        raise _unreadable() from problem


def _ensure_bounded(file: BlobFile) -> None:
    """What a workbook says that it unpacks to is what zipfile reads at most."""
    file.seek(0)
    try:
        entries = zipfile.ZipFile(io.BufferedReader(file)).infolist()
    except _BROKEN as problem:
        raise _unreadable() from problem
    shared = sum(entry.file_size for entry in entries if entry.filename == _SHARED)
    if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise ImportRefused("The workbook unpacks to too much: save the sheet as CSV")
    if shared > MOST_SHARED:
        raise ImportRefused("The workbook holds too much text at once: save the sheet as CSV")


def _unreadable() -> ImportRefused:
    return ImportRefused("This is no workbook that can be read: save the sheet as CSV")


def _text(value: object) -> str:
    """A cell as somebody would type it."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(timespec="seconds")
        case float() if value.is_integer():
            return str(int(value))
    return str(value)

"""A CSV file as an import reads it: strictly, in bounded memory, every fault with file, line and column."""

import codecs
import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ostiary.records._import_errors import ImportRefused

LONGEST_CELL = 100_000  # characters
LONGEST_RECORD = 4_000_000  # characters; more is an unclosed quote
KEPT_FAULTS = 1_000
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One data row: the line where it begins and its cells, trimmed, by column name.

    fault: why it cannot be read, where the others can.
    """

    line: int
    cells: Mapping[str, str]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read once from end to end and found whole.

    encoding: `utf-8` or, where the bytes are not UTF-8, `latin-1`. count: data rows.
    """

    path: Path
    header: tuple[str, ...]
    encoding: str
    delimiter: str
    count: int

    @property
    def notes(self) -> tuple[str, ...]:
        """What the result should say about the file as a whole."""
        if self.encoding == "latin-1":
            return (f"{self.path.name}: not UTF-8, read as latin-1: look at letters beyond ASCII",)
        return ()

    def rows(self) -> Iterator[SourceRow]:
        """The data rows in their order."""
        records = _records(self.path, self.encoding, self.delimiter)
        next(records)
        for line, cells in records:
            if cells:
                yield SourceRow(line, dict(zip(self.header, (cell.strip() for cell in cells), strict=True)))


def open_source(folder: Path, name: str, delimiter: str = ",") -> tuple[Source | None, list[str]]:
    """Read a file through once. Returns the source, or None and its faults.

    Raises: ImportRefused: no such file, or not a CSV text at all.
    """
    path = _path(folder, name)
    encoding = _encoding(path)
    faults: list[str] = []
    records = _records(path, encoding, delimiter)
    _, cells = next(records, (1, []))
    header = tuple(cell.strip() for cell in cells)
    faults += _header_faults(name, header)
    count = 0
    for line, cells in records:
        if cells:  # a blank line is no row
            count += 1
            faults += _row_faults(name, header, line, cells)
        if len(faults) >= KEPT_FAULTS:
            break
    return (None if faults else Source(path, header, encoding, delimiter, count)), faults


def _path(folder: Path, name: str) -> Path:
    if not name or Path(name).name != name:
        raise ImportRefused(f"{name!r}: a file of the data folder is named without any path")
    path = folder / name
    if not path.is_file():
        raise ImportRefused(f"{name}: no such file in {folder}")
    return path


def _encoding(path: Path) -> str:
    """UTF-8 (with or without its mark) or the fallback latin-1; UTF-16 and binary files are refused."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding, start = "utf-8", True
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if start and block[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise ImportRefused(f"{path.name}: is UTF-16; save it as CSV UTF-8")
            if b"\0" in block:
                raise ImportRefused(
                    f"{path.name}: holds a NUL byte, so it is no CSV text; save it as CSV UTF-8"
                )
            start = False
            if encoding == "utf-8":
                encoding = _decodes(decoder, block, final=False)
        if encoding == "utf-8":
            encoding = _decodes(decoder, b"", final=True)
    return encoding


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool) -> str:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line where it begins, cells) of every record, the header first."""
    with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as file:
        yield from read_csv(path.name, file, delimiter)


def read_csv(name: str, file: TextIO, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line where it begins, cells) of every record of an open text. Raises ImportRefused."""
    if csv.field_size_limit() < LONGEST_RECORD:  # ours is checked cell by cell, where the column is known
        csv.field_size_limit(LONGEST_RECORD)
    lines = _Lines(name, iter(lambda: file.readline(LONGEST_RECORD + 1), ""))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin()
        begin = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            raise ImportRefused(f"{name}: line {begin}: {problem}: check its quotes") from problem
        yield begin, cells


class _Lines:
    """Physical lines for the reader; stops a record that grows without end."""

    def __init__(self, name: str, lines: Iterator[str]) -> None:
        self._name, self._lines = name, lines
        self._line, self._began, self._length = 0, 1, 0

    def begin(self) -> None:
        """The next line begins a record."""
        self._began, self._length = self._line + 1, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        text = next(self._lines)
        self._line += 1
        self._length += len(text)
        if self._length > LONGEST_RECORD:
            raise ImportRefused(
                f"{self._name}: line {self._began}: a row of more than {LONGEST_RECORD:,} characters: "
                "probably a quote that is never closed"
            )
        return text


def _header_faults(name: str, header: tuple[str, ...]) -> list[str]:
    if not any(header):
        return [f"{name}: line 1: no column names"]
    faults = [f"{name}: line 1: column {i} has no name" for i, text in enumerate(header, 1) if not text]
    doubled = sorted({text for text in header if text and header.count(text) > 1})
    return faults + [f"{name}: line 1: column {text!r} is there twice" for text in doubled]


def _row_faults(name: str, header: tuple[str, ...], line: int, cells: list[str]) -> list[str]:
    faults = []
    if len(cells) < len(header):
        faults.append(
            f"{name}: line {line}: {len(cells)} cells where {len(header)} are expected: "
            f"none for {header[len(cells)]!r}"
        )
    elif len(cells) > len(header):
        faults.append(
            f"{name}: line {line}: {len(cells)} cells where {len(header)} are expected: "
            f"too many after {header[-1]!r}"
        )
    for number, cell in enumerate(cells):
        if len(cell) > LONGEST_CELL:
            column = header[number] if number < len(header) else f"number {number + 1}"
            faults.append(
                f"{name}: line {line}: column {column!r}: {len(cell):,} characters, "
                f"more than the {LONGEST_CELL:,} permitted"
            )
    return faults

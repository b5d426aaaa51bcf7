"""Every row's fate: counted, and written to a CSV file that is safe to open in a spreadsheet."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from ostiary.records._import_errors import ImportRefused

HEADER = ("step", "file", "line", "key", "fate", "record", "columns", "reason", "missing", "notes")
FORMULA_STARTS = tuple("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")  # the last four: full-width, taken alike


class Fate(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REFUSED = "refused"


@dataclass(slots=True)
class RowFate:
    """One row of the result.

    columns: the columns that the reason is about. missing: expected columns that were blank. notes: what was
    read differently from what the file says. version: of the record afterwards. before: what it held of the
    columns that were changed. faults: (column, words) that `reason` is made of, where it was refused.
    """

    step: str
    file: str
    line: int
    key: str
    fate: Fate = Fate.UNCHANGED
    record: str = ""
    columns: list[str] = field(default_factory=list)
    reason: str = ""
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    version: int = 0
    before: Mapping[str, Any] = field(default_factory=dict)
    faults: Sequence[tuple[str, str]] = ()

    def cells(self) -> list[str]:
        """The row as the file holds it."""
        return [
            self.step,
            self.file,
            str(self.line),
            self.key,
            self.fate,
            self.record,
            ", ".join(self.columns),
            self.reason,
            ", ".join(self.missing),
            "; ".join(self.notes),
        ]


def escape_formula(text: str) -> str:
    """`text`, behind an apostrophe where a spreadsheet would take it for a formula (OWASP: CSV injection)."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


@dataclass(slots=True)
class StepCounts:
    """How many rows of a step had which fate; `incomplete` were kept though expected columns were blank."""

    fates: Counter[Fate] = field(default_factory=Counter)
    incomplete: int = 0

    @property
    def rows(self) -> int:
        return self.fates.total()

    def as_data(self) -> dict[str, int]:
        """Plain numbers, for the event."""
        return {fate.value: self.fates[fate] for fate in Fate} | {"incomplete": self.incomplete}


class ResultFile:
    """Takes fates, counts them per step and writes them as they come. Without a path it only counts."""

    def __init__(self, path: Path | None) -> None:
        self.counts: dict[str, StepCounts] = {}
        self._path = path
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        if self._path is not None:
            try:
                self._file = self._path.open("w", encoding="utf-8", newline="")
            except OSError as problem:
                raise ImportRefused(f"{self._path}: cannot be written: {problem.strerror}") from problem
            csv.writer(self._file).writerow(HEADER)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, fates: Iterable[RowFate]) -> None:
        """Count and write; what is written stays, whatever becomes of later rows."""
        found = list(fates)
        for fate in found:
            counts = self.counts.setdefault(fate.step, StepCounts())
            counts.fates[fate.fate] += 1
            counts.incomplete += bool(fate.missing) and fate.fate is not Fate.REFUSED
        if self._file is not None:
            csv.writer(self._file).writerows(
                [escape_formula(cell) for cell in fate.cells()] for fate in found
            )
            self._file.flush()

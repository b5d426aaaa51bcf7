"""What became of the rows of a block: a part of the result file, figures, and the first that were refused."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ostiary.kernel.context import Context
from ostiary.records import _import_kept as store
from ostiary.records._content import put_part, read_part
from ostiary.records._import_kept import Import, Noted
from ostiary.records._import_result import Fate, RowFate, escape_formula

HEADER = ("line", "key", "fate", "record", "fields", "reason", "notes")
SHOWN = 50  # refused rows on the page


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a result file. fate: of `Fate`; of an undone import `undone` or `left`."""

    line: int
    key: str
    fate: str
    record: str
    fields: str
    reason: str
    notes: str = ""


def lines_of(fates: Sequence[RowFate], captions: Mapping[str, str], *, kept: bool) -> list[Line]:
    """The fates of rows. captions: of columns. kept: False where nothing is: a new record has no id then."""
    return [
        Line(
            fate.line,
            fate.key,
            fate.fate.value,
            fate.record if kept or fate.fate is not Fate.CREATED else "",
            ", ".join(captions.get(code, code) for code in fate.columns),
            "; ".join(_words(captions, *fault) for fault in fate.faults),
            "; ".join(fate.notes),
        )
        for fate in fates
    ]


def _words(captions: Mapping[str, str], code: str, text: str) -> str:
    return f"{captions.get(code, code)}: {text}" if code else text


def keep_outcome(ctx: Context, made: Import, lines: Sequence[Line], refused: str = Fate.REFUSED) -> None:
    """Keep what became of a block. refused: the fate that is shown on the page."""
    if made.result_id is None:
        raise RuntimeError("an import without its result")
    put_part(ctx, made.object_id, made.result_id, made.block, _csv(lines))
    shown = [(line.line, line.key, line.reason) for line in lines if line.fate == refused]
    if shown:
        noted = store.get_noted(ctx, made.id)
        store.put_noted(ctx, made.id, Noted(refused=[*noted.refused, *shown][:SHOWN]))
    store.note_done(ctx, made, len(lines), Counter(line.fate for line in lines))


def result_parts(ctx: Context, made: Import) -> Iterator[bytes]:
    """The result file as far as it is, as UTF-8 CSV; taken while the transaction is open."""
    yield b"\xef\xbb\xbf" + ",".join(HEADER).encode() + b"\r\n"
    for number in range(made.block if made.result_id else 0):
        yield read_part(ctx, made.result_id, number)  # type: ignore[arg-type]  # asked in the line before


def _csv(lines: Sequence[Line]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    for line in lines:
        cells = (str(line.line), line.key, line.fate, line.record, line.fields, line.reason, line.notes)
        writer.writerow([escape_formula(cell) for cell in cells])
    return buffer.getvalue().encode()

"""A workbook that leaves while it is written: readable by others, never a formula."""

import io
import zipfile

from ostiary.records._export_kept import ExportFormat
from ostiary.records._export_rows import file_bytes
from ostiary.records._workbook import workbook
from tests._books import rows_of


def test_values_keep_their_kind_and_no_text_becomes_a_formula() -> None:
    rows = [["1", "=1+1", 12.5, True, {"id": "x", "display": "Anna & <Bo>"}, None, "a\x00b\ud7ff", "-3"]]
    head, row = rows_of(workbook(["Id", "A", "B", "C", "D", "E", "F", "G"], rows))
    assert head == ("Id", "A", "B", "C", "D", "E", "F", "G")
    assert row == ("1", "'=1+1", 12.5, True, "Anna & <Bo>", None, "ab\ud7ff", "'-3")


def test_it_leaves_while_rows_come() -> None:
    taken = [0]

    def rows() -> list[list[str]]:
        taken[0] += 1
        return [["x" * 1_000]]

    chunks = workbook(["Id"], (row for _ in range(1_000) for row in rows()))
    first = next(chunks)
    assert first.startswith(b"PK")
    assert taken[0] < 200, "all rows were taken before the first byte left"
    whole = first + b"".join(chunks)
    assert zipfile.ZipFile(io.BytesIO(whole)).testzip() is None
    assert len(rows_of([whole])) == 1_001


def test_lines_are_the_records_as_they_are() -> None:
    pages = [b'[{"id": "1", "n": 1.50}, \n {"id": "2", "n": {"a": "}"}}]', b"[]"]
    text = b"".join(file_bytes(ExportFormat.LINES, ["n"], ["N"], pages))
    assert text == b'{"id": "1", "n": 1.50}\n{"id": "2", "n": {"a": "}"}}\n'

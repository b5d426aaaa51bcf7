"""Bad files: every fault is named with file, line and column; good ones are read as they are."""

from pathlib import Path

import pytest

from ostiary.records import _import_source
from ostiary.records._import_errors import ImportRefused
from ostiary.records._import_source import Source, SourceRow, open_source


def write(folder: Path, data: bytes) -> Path:
    (folder / "f.csv").write_bytes(data)
    return folder


def opened(folder: Path, data: bytes, delimiter: str = ",") -> Source:
    source, faults = open_source(write(folder, data), "f.csv", delimiter)
    assert faults == []
    assert source is not None
    return source


def faults_of(folder: Path, data: bytes) -> list[str]:
    source, faults = open_source(write(folder, data), "f.csv")
    assert source is None
    return faults


def test_rows_carry_the_line_where_they_begin(tmp_path: Path) -> None:
    source = opened(tmp_path, b'a, b \r\n1,"two\nlines"\r\n\r\n 3 ,4\r\n')
    assert list(source.rows()) == [
        SourceRow(2, {"a": "1", "b": "two\nlines"}),
        SourceRow(5, {"a": "3", "b": "4"}),
    ]
    assert source.count == 2


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("a\nKöln\n".encode(), "utf-8"),
        ("a\nKöln\n".encode("utf-8-sig"), "utf-8"),
        ("a\nKöln\n".encode("latin-1"), "latin-1"),
    ],
)
def test_encodings_are_told_apart_and_the_fallback_is_named(
    tmp_path: Path, data: bytes, encoding: str
) -> None:
    source = opened(tmp_path, data)
    assert [row.cells for row in source.rows()] == [{"a": "Köln"}]
    assert source.encoding == encoding
    assert bool(source.notes) == (encoding == "latin-1")


def test_a_letter_across_two_blocks_is_still_utf8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_import_source, "_BLOCK", 4)
    assert opened(tmp_path, "a\nxö\n".encode()).encoding == "utf-8"
    assert opened(tmp_path, b"a\nxy\xc3").encoding == "latin-1"


def test_another_delimiter(tmp_path: Path) -> None:
    assert [row.cells for row in opened(tmp_path, b"a;b\n1,5;2\n", ";").rows()] == [{"a": "1,5", "b": "2"}]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "f.csv: line 1: no column names"),
        (b"a,,c\n", "f.csv: line 1: column 2 has no name"),
        (b"a,b,a\n", "f.csv: line 1: column 'a' is there twice"),
        (b"a,b\n1,2\n3\n", "f.csv: line 3: 1 cells where 2 are expected: none for 'b'"),
        (b"a,b\n1,2,3\n", "f.csv: line 2: 3 cells where 2 are expected: too many after 'b'"),
        (b"a,b\n1," + b"x" * 100_001, "f.csv: line 2: column 'b': 100,001 characters, more than the 100,000"),
        (b"a,b\n1," + b"x" * 200_000, "f.csv: line 2: column 'b': 200,000 characters"),
    ],
)
def test_faults_name_file_line_and_column(tmp_path: Path, data: bytes, says: str) -> None:
    assert faults_of(tmp_path, data)[0].startswith(says)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("a\n1\n".encode("utf-16"), "f.csv: is UTF-16"),
        (b"a\n\x00\n", "f.csv: holds a NUL byte"),
        (b'a,b\n1,2\n3,"4\n5,6\n', "f.csv: line 3: unexpected end of data"),
        (b'a,b\n1,"2"x\n', "f.csv: line 2: "),
        (b'a,b\n1,"' + b"x\n" * 2_100_000, "f.csv: line 2: a row of more than 4,000,000 characters"),
        (b"x" * 4_100_000, "f.csv: line 1: a row of more than 4,000,000 characters"),
    ],
)
def test_what_is_no_csv_is_refused(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        open_source(write(tmp_path, data), "f.csv")
    assert refused.value.message.startswith(says)


def test_a_file_outside_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write(tmp_path, b"a\n1\n")
    for name in ("../f.csv", str(tmp_path / "f.csv"), "", ".."):
        with pytest.raises(ImportRefused, match=r"without any path|no such file"):
            open_source(tmp_path / "in", name)
    with pytest.raises(ImportRefused, match=r"g\.csv: no such file"):
        open_source(tmp_path, "g.csv")

"""The result file: complete, counted, and harmless in a spreadsheet."""

import csv
from pathlib import Path

import pytest

from ostiary.records._import_errors import ImportRefused
from ostiary.records._import_result import Fate, ResultFile, RowFate, escape_formula


def test_fates_are_counted_and_written_as_they_come(tmp_path: Path) -> None:
    path = tmp_path / "result.csv"
    with ResultFile(path) as result:
        result.add([RowFate("s", "f.csv", 2, "k1", Fate.CREATED, record="1", missing=["amount"])])
        assert path.read_text().count("\n") == 2
        result.add([RowFate("s", "f.csv", 3, "=1+1", Fate.REFUSED, columns=["a"], reason="a: -5 is bad")])
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    assert [(row["line"], row["key"], row["fate"]) for row in rows] == [
        ("2", "k1", "created"),
        ("3", "'=1+1", "refused"),
    ]
    assert rows[0]["missing"] == "amount"
    assert result.counts["s"].as_data() == {
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "skipped": 0,
        "refused": 1,
        "incomplete": 1,
    }


@pytest.mark.parametrize("text", ["=cmd", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"])
def test_a_formula_is_escaped_and_other_text_is_not(text: str) -> None:
    assert escape_formula(text) == f"'{text}"
    assert escape_formula(f"x{text}") == f"x{text}"


def test_a_result_that_cannot_be_written_stops_the_run_before_it_begins(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="cannot be written"), ResultFile(tmp_path):
        pass

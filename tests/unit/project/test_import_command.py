"""What `ostiary import` tells and how it ends."""

from argparse import Namespace
from collections import Counter
from pathlib import Path

import pytest

from ostiary.kernel.ids import new_id
from ostiary.project import import_command
from ostiary.records import public as records
from ostiary.records._import_result import Fate, StepCounts


def report(**fates: int) -> records.ImportReport:
    counts = StepCounts(Counter({Fate(name): count for name, count in fates.items()}), incomplete=2)
    return records.ImportReport(new_id(), {"deals": counts}, ("f.csv: read as latin-1",), 1.5)


@pytest.mark.parametrize(("fates", "code"), [({"created": 1_200}, 0), ({"created": 1, "refused": 1}, 1)])
def test_the_end_says_how_many_rows_had_which_fate(
    capsys: pytest.CaptureFixture[str], fates: dict[str, int], code: int
) -> None:
    ended = import_command.summarise(report(**fates), Namespace(result=None, dry_run=False))
    told = capsys.readouterr().out
    assert ended == code
    assert f"deals: {', '.join(f'{n:,} {name}' for name, n in fates.items())}, 2 incomplete" in told
    assert "note: f.csv: read as latin-1" in told
    assert ("--result" in told) == (code == 1)


def test_a_dry_run_says_that_nothing_was_kept(capsys: pytest.CaptureFixture[str]) -> None:
    options = Namespace(result=Path("fates.csv"), dry_run=True)
    import_command.summarise(report(created=1), options)
    told = capsys.readouterr().out
    assert "nothing kept (dry run)" in told
    assert "fates.csv" in told


def test_progress_is_told_with_its_rate(capsys: pytest.CaptureFixture[str]) -> None:
    teller = import_command.Teller()
    for done in (1_000, 1_500, 2_000):
        teller.tell(records.Progress("deals", done, 2_000, seconds=2.0))
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == "  deals: 2,000 of 2,000 rows, 1,000 rows/s"
    assert len(lines) == 2  # the second came too soon after the first to be worth a line


def test_an_unreadable_mapping_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    words = [str(tmp_path / "none.yaml"), "--tenant", "a", "--data", str(tmp_path), "--as", "ada"]
    with pytest.raises(records.ImportRefused, match=r"none\.yaml: cannot be read"):
        import_command.main(words)

"""What retention deletes, and what it never does."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ostiary.kernel.errors import Invalid
from ostiary.project._backup_base_command import parse_instant
from ostiary.project._state import State
from ostiary.project.backup._base import remove_old_segments
from ostiary.project.backup._errors import BackupDamaged
from ostiary.project.backup._folder import (
    LEDGER,
    Found,
    choose_expired,
    list_backups,
    note_verified,
    open_folder,
    remove_abandoned,
)
from ostiary.project.backup._frames import Kind, Pull, compressed, frame, read_frames
from ostiary.project.backup._last import last_backup, note_backup

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def found(what: str, days: int, *, verified: bool = True) -> Found:
    at = NOW - timedelta(days=days)
    return Found(Path(f"{what}-{days}"), what, at, 1, at if verified else None)


def ages(expired: list[Found]) -> list[str]:
    return sorted(str(each.path) for each in expired)


def test_the_newest_stay_and_the_others_go() -> None:
    backups = [found("one", days) for days in (0, 1, 2, 3)] + [found("two", 9)]
    assert ages(choose_expired(backups, keep=2, days=None, now=NOW)) == ["one-2", "one-3"]
    assert ages(choose_expired(backups, keep=None, days=2, now=NOW)) == ["one-3"]
    assert ages(choose_expired(backups, keep=1, days=2, now=NOW)) == ["one-3"]
    assert choose_expired(backups, keep=None, days=None, now=NOW) == []


def test_the_only_verified_one_never_goes() -> None:
    fresh = [found("one", days, verified=False) for days in (0, 1, 2)]
    assert choose_expired(fresh, keep=1, days=None, now=NOW) == []
    proven = [*fresh, found("one", 30)]
    assert ages(choose_expired(proven, keep=1, days=None, now=NOW)) == ["one-1", "one-2"]
    assert ages(choose_expired(proven, keep=0, days=7, now=NOW)) == []


def test_foreign_and_unfinished_files_are_no_backups(tmp_path: Path) -> None:
    folder = open_folder(tmp_path / "b")
    good = folder / "one-20261122T000000Z.ostiary"
    for path in (good, folder / "notes.txt", folder / "one-2026.ostiary", folder / ".one.1.part"):
        path.write_bytes(b"x")
    (folder / "installation-20261121T000000Z").mkdir()
    (folder / "two-20261121T000000Z.ostiary").symlink_to(good)
    listed = list_backups(folder)
    assert [each.path.name for each in listed] == ["installation-20261121T000000Z", good.name]
    note_verified(good)
    assert [each.verified_at is not None for each in list_backups(folder)] == [False, True]
    (folder / LEDGER).write_text("not json")
    assert [each.verified_at for each in list_backups(folder)] == [None, None]
    assert remove_abandoned(folder) == []  # a day has not passed: it may still be written


def test_segments_go_when_no_base_backup_needs_them(tmp_path: Path) -> None:
    (tmp_path / "wal").mkdir()
    for number, days in enumerate((9, 5, 1)):
        path = tmp_path / "wal" / f"00000001000000000000000{number}.ostiary"
        path.write_bytes(b"x")
        at = (NOW - timedelta(days=days)).timestamp()
        os.utime(path, (at, at))
    history = tmp_path / "wal" / "00000002.history.ostiary"
    history.write_bytes(b"x")
    os.utime(history, (0, 0))
    assert remove_old_segments(tmp_path, []) == 0
    assert remove_old_segments(tmp_path, [NOW, NOW - timedelta(days=6)]) == 1
    assert history.exists()
    assert len(list((tmp_path / "wal").iterdir())) == 3


def test_frames_say_where_they_were_cut() -> None:
    pieces = [frame(Kind.HEADER, b"h"), frame(Kind.ROWS, b"r" * 70_000), frame(Kind.END, b"")]
    whole = b"".join(compressed(iter(pieces)))
    assert [kind for kind, _ in read_frames(Pull(iter([whole])))] == [Kind.HEADER, Kind.ROWS, Kind.END]
    for cut in (0, 1, 10, len(whole) - 1):
        with pytest.raises(BackupDamaged):
            list(read_frames(Pull(iter([whole[:cut]]))))
    for wrong in (pieces[:2], [*pieces, pieces[0]], [frame(Kind.HEADER, b"")[:3]], [b"\xff" + bytes(4)]):
        with pytest.raises(BackupDamaged):
            list(read_frames(Pull(compressed(iter(wrong)))))


def test_an_instant_names_its_time_zone() -> None:
    assert parse_instant("2026-11-23T14:05:00+01:00") == datetime(2026, 11, 23, 13, 5, tzinfo=UTC)
    assert parse_instant(None) is None
    for text in ("2026-11-23T14:05:00", "yesterday", ""):
        with pytest.raises(Invalid):
            parse_instant(text)


def test_the_last_backup_is_remembered(tmp_path: Path) -> None:
    state = State(tmp_path)
    assert last_backup(state=state) is None
    note_backup("installation", tmp_path / "a", verified=True, state=state)
    note_backup("one", tmp_path / "b", verified=False, state=state)
    kept = last_backup(state=state)
    assert kept is not None
    assert (kept.path, kept.verified) == (tmp_path / "a", True)
    (tmp_path / "backups.json").write_text("{")
    assert last_backup(state=state) is None

"""Secrets are there whole or as they were, and a planted link leads nobody anywhere."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ostiary.kernel.errors import Misconfigured
from ostiary.project._private_files import is_marked, make_marker, write_private, write_secret
from ostiary.project._state import State
from ostiary.project.backup._base import keep_segments, ship_wal
from ostiary.project.backup._errors import BackupRefused
from ostiary.project.backup._folder import LEDGER, list_backups, note_verified
from ostiary.project.embedded import Cluster


def test_a_secret_is_replaced_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "app.dsn"
    write_secret(path, "first")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("first", 0o600)

    def full_disk(_: int) -> None:
        assert path.read_text() == "first"  # whoever looks now finds what was there
        raise OSError("no space")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_disk)
        with pytest.raises(OSError, match="no space"):
            write_secret(path, "second")
    assert path.read_text() == "first"
    write_secret(path, "second")
    assert path.read_text() == "second"
    assert [each.name for each in tmp_path.iterdir()] == ["app.dsn"]


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    foreign, path = tmp_path / "foreign", tmp_path / "note"
    foreign.write_text("untouched")
    path.symlink_to(foreign)
    write_private(path, b"ours")
    assert (foreign.read_text(), path.is_symlink(), path.read_bytes()) == ("untouched", False, b"ours")


def plant_link(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


def plant_pipe(path: Path) -> None:
    os.mkfifo(path)


def plant_second_name(path: Path) -> None:
    foreign = path.with_name("foreign")
    foreign.touch()
    path.hardlink_to(foreign)


@pytest.mark.parametrize("plant", [plant_link, plant_pipe, plant_second_name])
def test_a_marker_is_a_plain_file_or_refused(tmp_path: Path, plant: Callable[[Path], None]) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    for _ in range(2):
        make_marker(good)
    assert (is_marked(good), is_marked(bad)) == (True, False)
    plant(bad)
    with pytest.raises(Misconfigured, match="remove it"):
        make_marker(bad)
    assert not (tmp_path / "elsewhere").exists()


def test_the_box_for_segments_leads_nowhere_else(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    state.wal.mkdir(parents=True)
    cluster, victim = Cluster(state), tmp_path / "victim"
    (state.wal / "archiving").symlink_to(victim)  # by the account that runs the server
    with pytest.raises(Misconfigured, match="archiving is no plain file"):
        keep_segments(cluster)
    assert not victim.exists()
    victim.touch()
    with pytest.raises(BackupRefused, match="are not kept"):
        ship_wal(cluster, tmp_path)
    (state.wal / "archiving").unlink()
    keep_segments(cluster)
    assert is_marked(state.wal / "archiving")


def test_the_ledger_of_a_backup_folder_is_no_link(tmp_path: Path) -> None:
    folder, victim = tmp_path / "folder", tmp_path / "victim"
    folder.mkdir()
    backup = folder / "one-20261122T000000Z.ostiary"
    backup.write_bytes(b"x")
    note_verified(backup)
    assert list_backups(folder)[0].verified_at is not None
    (folder / LEDGER).rename(victim)
    (folder / LEDGER).symlink_to(victim)
    assert list_backups(folder)[0].verified_at is None
    said = victim.read_bytes()
    planted = folder / f".{LEDGER}.{os.getpid()}.part"
    planted.symlink_to(victim)
    note_verified(backup)
    assert list_backups(folder)[0].verified_at is not None
    assert victim.read_bytes() == said

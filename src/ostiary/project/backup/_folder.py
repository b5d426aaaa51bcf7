"""Folders of backups: which may be written to, what lies in them, and what may go."""

import os
import re
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from ostiary.kernel import clock
from ostiary.project._private_files import write_private
from ostiary.project.backup._errors import BackupRefused
from ostiary.project.backup._sealed import PART, sync_folder

SUFFIX = ".ostiary"
STAMP = "%Y%m%dT%H%M%SZ"
LEDGER = "verified.json"  # which backups were read to their end, and when
_NAME = re.compile(r"(?P<what>[a-z][a-z0-9-]*)-(?P<at>[0-9]{8}T[0-9]{6}Z)(?P<suffix>\.ostiary)?")
_ABANDONED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Found:
    """A backup in a folder. what: slug of a tenant, `installation` or `base`. verified_at: None, never."""

    path: Path
    what: str
    at: datetime
    size: int
    verified_at: datetime | None


def open_folder(folder: Path) -> Path:
    """The folder, made if it is missing, mode 0700. Raises BackupRefused: others may write there."""
    folder = folder.absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError as error:
        raise BackupRefused(f"{folder} cannot be used: {error.strerror}") from None
    if status.st_mode & stat.S_IWOTH:
        raise BackupRefused(f"everybody may write to {folder}: choose a folder of your own, or chmod o-w it")
    if not stat.S_ISDIR(status.st_mode) or not os.access(folder, os.W_OK | os.X_OK):
        raise BackupRefused(f"{folder} is no folder that this account may write to")
    return folder


def new_path(folder: Path, what: str, *, suffix: str = SUFFIX) -> Path:
    """Where the next backup of something goes."""
    return folder / f"{what}-{clock.now().strftime(STAMP)}{suffix}"


def ensure_room(folder: Path, expected: int) -> None:
    """Raises BackupRefused: fewer than `expected` bytes and a tenth of them are free."""
    free = shutil.disk_usage(folder).free
    wanted = expected + expected // 10
    if free < wanted:
        raise BackupRefused(
            f"{folder} has {free // 2**20} MB left, a backup may need {wanted // 2**20}: nothing was written"
        )


def list_backups(folder: Path) -> list[Found]:
    """What lies in the folder, oldest first; unfinished and foreign files are left out."""
    verified = _ledger(folder)
    return sorted(_found(folder, verified), key=lambda found: (found.at, found.what))


def _found(folder: Path, verified: dict[str, str]) -> Iterator[Found]:
    for path in folder.iterdir():
        match = _NAME.fullmatch(path.name)
        if match is None or path.is_symlink() or path.is_dir() != (match["suffix"] is None):
            continue
        at = datetime.strptime(match["at"], STAMP).replace(tzinfo=UTC)
        seen = verified.get(path.name)
        yield Found(
            path, match["what"], at, _size(path), None if seen is None else datetime.fromisoformat(seen)
        )


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(each.stat().st_size for each in path.iterdir() if each.is_file())
    return path.stat().st_size


def note_verified(path: Path) -> None:
    """Remember that a backup was read to its end and found whole."""
    ledger = _ledger(path.parent) | {path.name: clock.now().isoformat()}
    ledger = {name: at for name, at in ledger.items() if (path.parent / name).exists()}
    content = orjson.dumps(ledger, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    write_private(path.parent / LEDGER, content, unfinished=PART)
    sync_folder(path.parent)


def _ledger(folder: Path) -> dict[str, str]:
    """What was noted. A link is not followed: whoever may write here must not choose what we read."""
    try:
        handle = os.open(folder / LEDGER, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            said = orjson.loads(file.read())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return said if isinstance(said, dict) else {}


def choose_expired(
    backups: Sequence[Found], *, keep: int | None, days: int | None, now: datetime
) -> list[Found]:
    """Which of them may go: beyond the newest `keep` of each, and older than `days`. Both must hold if given.

    Of each, the newest verified one stays whatever the numbers say; if none is verified, all of them stay.
    """
    if keep is None and days is None:
        return []
    expired = []
    for what in sorted({found.what for found in backups}):
        mine = sorted((f for f in backups if f.what == what), key=lambda f: f.at, reverse=True)
        proven = next((f for f in mine if f.verified_at is not None), None)
        if proven is None:
            continue
        old = mine if keep is None else mine[max(keep, 1) :]
        if days is not None:
            old = [f for f in old if f.at < now - timedelta(days=days)]
        expired += [f for f in old if f is not proven]
    return expired


def remove(found: Found) -> None:
    """Delete a backup."""
    if found.path.is_dir():
        shutil.rmtree(found.path)
    else:
        found.path.unlink()
    sync_folder(found.path.parent)


def remove_abandoned(folder: Path) -> list[Path]:
    """Delete what killed backups left behind, a day after it was last written to."""
    limit = (clock.now() - _ABANDONED).timestamp()
    left = [p for p in folder.iterdir() if p.name.endswith(PART) and p.lstat().st_mtime < limit]
    for path in left:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return left

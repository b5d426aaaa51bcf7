"""The files of a spool: a folder for each process, locked as long as that process lives.

The kernel drops the lock with the process, however it ends, so that a folder whose lock is free holds events
that nobody else will enter. Each line is one event as JSON.
"""

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

import orjson

log = logging.getLogger(__name__)

Batch = dict[UUID, list[bytes]]  # lines by tenant
_LOCK = "lock"
_LEFT = ".left"


class Segment:
    """An append-only file of lines. Not for use by several threads at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = 0

    def write(self, line: bytes) -> bool:
        """Append a line; False and unchanged when the disk does not take it."""
        data = line + b"\n"
        try:
            written = os.write(self._handle, data)
        except OSError:
            written = 0
        if written == len(data):
            self._size += written
            return True
        with suppress(OSError):
            os.ftruncate(self._handle, self._size)
        return False

    def sync(self) -> None:
        """Wait until the disk has it."""
        os.fsync(self._handle)

    def empty(self) -> None:
        """Forget all lines: they are in the database."""
        os.ftruncate(self._handle, 0)
        self._size = 0

    def close(self) -> None:
        """Close the file and leave it."""
        os.close(self._handle)


class ProcessFolder:
    """The folder of this process below a spool's root."""

    def __init__(self, root: Path) -> None:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{os.getpid()}-{os.urandom(4).hex()}"
        fresh = root / f".{name}"  # not seen by those who look for free locks, until it has its own
        fresh.mkdir(mode=0o700)
        self._lock = os.open(fresh / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.path = fresh.rename(root / name)
        self._number = 0

    def new_segment(self) -> Segment:
        """An empty segment whose name survives a power failure."""
        self._number += 1
        segment = Segment(self.path / f"{self._number:08}.segment")
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return segment

    def set_aside(self, remaining: Batch) -> None:
        """Keep lines that could not be entered in a file of their own; their segment may then be emptied."""
        self._number += 1
        write_lines(self.path / f"{self._number:08}{_LEFT}", remaining)

    def left(self) -> list[Path]:
        """What was set aside, oldest first."""
        return sorted(self.path.glob(f"*{_LEFT}"))

    def remove(self) -> None:
        """Remove the folder with everything in it and free its lock."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()

    def release(self) -> None:
        """Close the lock file. In a forked child this leaves the parent's lock in force."""
        os.close(self._lock)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    try:
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # removed by whoever was faster
        yield False
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(handle)


@contextmanager
def adopted(folder: Path) -> Iterator[list[Path]]:
    """The files of a process that has ended, oldest first, nobody else looking at them meanwhile.

    The folder is removed at the end if its files were.
    """
    with _locked(folder) as ours:
        if not ours:
            yield []
            return
        yield _files(folder)
        if not _files(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _files(folder: Path) -> list[Path]:
    with suppress(FileNotFoundError):  # somebody adopted and removed it between the look and the lock
        return sorted(p for p in folder.iterdir() if p.name != _LOCK)
    return []


def process_folders(root: Path) -> list[Path]:
    """The folders below a spool's root, of living and ended processes."""
    with suppress(OSError):
        return sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    return []


def read_lines(path: Path) -> Batch:
    """The events of a file by tenant. A torn line at the end of the power supply is left out, and logged."""
    batch: Batch = {}
    torn = 0
    for line in path.read_bytes().split(b"\n"):
        if not line:
            continue
        try:
            batch.setdefault(UUID(orjson.loads(line)["tn"]), []).append(line)
        except (ValueError, KeyError, TypeError):
            torn += 1
    if torn:
        log.error("audit.spool.torn", extra={"lines": torn})
    return batch


def write_lines(path: Path, batch: Mapping[UUID, Sequence[bytes]]) -> None:
    """Replace a file by these lines, durably; remove it when there are none."""
    if not any(batch.values()):
        path.unlink(missing_ok=True)
        return
    fresh = path.with_suffix(".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.writelines(line + b"\n" for lines in batch.values() for line in lines)
        file.flush()
        os.fsync(handle)
    fresh.rename(path)

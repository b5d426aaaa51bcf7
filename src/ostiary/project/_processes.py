"""What the kernel knows about processes that are not our children."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PROC = Path("/proc")


def is_alive(pid: int) -> bool:
    """Whether the process runs. A zombie does not: it only waits for its parent to take notice."""
    if _PROC.joinpath("self").exists():
        try:
            state = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, IndexError):
            return False
    else:
        state = _ps(pid, "stat")
    return bool(state) and state[0] not in "ZX"


def works_in(pid: int, folder: Path) -> bool:
    """Whether a live process serves this data folder: all of PostgreSQL's work in it."""
    if not is_alive(pid):
        return False
    if _PROC.joinpath("self").exists():
        try:
            return _PROC.joinpath(str(pid), "cwd").readlink() == folder.resolve()
        except OSError:
            return False
    return str(folder) in _ps(pid, "command")


def who_works_in(folder: Path) -> list[int]:
    """The processes that still serve this data folder, such as the backends of a killed postmaster."""
    if not _PROC.joinpath("self").exists():
        return []  # PostgreSQL's own check of its shared memory still stands
    pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if works_in(pid, folder)]


def die_with_parent(with_signal: signal.Signals) -> Callable[[], None]:
    """A function for a child to run before its program: the kernel then ends it when this process ends.

    To be precise, when the thread that started the child ends: start from a thread that lasts.
    Linux only; elsewhere the child outlives us and is adopted at the next start.
    """
    parent = os.getpid()
    prctl = _prctl()  # looked up here: between fork and exec as little as possible
    return lambda: _arrange(prctl, parent, with_signal)


def die_with(parent: int, with_signal: signal.Signals) -> None:
    """Ask the kernel to end this process when its parent ends. `parent`: whom we take for it."""
    _arrange(_prctl(), parent, with_signal)


def _prctl() -> Callable[..., int] | None:
    return ctypes.CDLL(None).prctl if sys.platform.startswith("linux") else None


def _arrange(prctl: Callable[..., int] | None, parent: int, with_signal: signal.Signals) -> None:
    if prctl is None:
        return
    prctl(_PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
    if os.getppid() != parent:  # it died before the kernel was told
        os._exit(1)


def _ps(pid: int, column: str) -> str:
    command = ["ps", "-o", f"{column}=", "-p", str(pid)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout.strip()

"""Group commit of events that need not be durable before the answer: reads of Internal data.

A request appends its finished event to a file of its process, which a killed process leaves behind complete;
a thread forces the file to disk and enters what has gathered, a fifth of a second later. What a dead process
left is entered by the next one that looks. Whoever finds the spool full writes in the own transaction.
"""

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psycopg

from ostiary.audit._segments import (
    Batch,
    ProcessFolder,
    Segment,
    adopted,
    process_folders,
    read_lines,
    write_lines,
)
from ostiary.audit._store import insert_events
from ostiary.kernel.errors import OstiaryError
from ostiary.kernel.ports import Db

log = logging.getLogger(__name__)

OpenTransaction = Callable[[UUID], AbstractContextManager[Db]]

_GATHER_S = 0.2
_LOOK_ROUND_S = 60.0  # for what dead processes left
_RETRY_S = 5.0  # for what could not be entered
_MOST_WAITING = 10_000
_MOST_BYTES = 64 << 20
_CHUNK = 500


class TenantPurged(OstiaryError):
    """The directory does not know the tenant any more. Who is only refused for a while is known."""

    code = "audit.tenant_purged"


@dataclass(slots=True)
class _Waiting:
    """What was written to the current segment and is not entered yet."""

    segment: Segment
    batch: Batch = field(default_factory=dict)


class Spool:
    """The spool of one process. Made before a fork, it starts anew in the child.

    open_transaction: a transaction of the tenant with this id, under the tenant's role, committed at its end.
    It raises TenantPurged where the tenant is gone for good: its events are discarded.
    """

    def __init__(
        self,
        root: Path,
        open_transaction: OpenTransaction,
        *,
        most_waiting: int = _MOST_WAITING,
        gather_s: float = _GATHER_S,
    ) -> None:
        self._root = root
        self._open_transaction = open_transaction
        self._most_waiting = most_waiting
        self._gather_s = gather_s
        self._folder: ProcessFolder | None = None
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()  # of the buffer
        self._flushing = threading.Lock()  # one flush at a time
        self._something = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._waiting: _Waiting | None = None
        self._spare: Segment | None = None
        self._count = 0
        self._bytes = 0
        self._looked_at = self._tried_at = -_LOOK_ROUND_S

    def start(self) -> None:
        """Begin, and enter what dead processes left behind. Safe to repeat."""
        with self._lock:
            self._start()

    def _start(self) -> _Waiting:
        if self._waiting is None:
            self._folder = ProcessFolder(self._root)
            self._waiting = _Waiting(self._folder.new_segment())
            self._something.set()  # look round at once
            self._thread = threading.Thread(target=self._work, name="audit-spool", daemon=True)
            self._thread.start()
        return self._waiting

    def add(self, tenant_id: UUID, event: bytes) -> bool:
        """Take an event as `_event.build` returns it; False: full, stopped or no disk, write it yourself."""
        with self._lock:
            if self._count >= self._most_waiting or self._bytes > _MOST_BYTES or self._stopping.is_set():
                return False
            waiting = self._waiting or self._start()
            if not waiting.segment.write(event):
                return False
            waiting.batch.setdefault(tenant_id, []).append(event)
            self._count += 1
            self._bytes += len(event)
        if not self._something.is_set():
            self._something.set()
        return True

    def _work(self) -> None:
        stopping = self._stopping
        while not stopping.is_set():
            self._something.wait(_RETRY_S)
            stopping.wait(self._gather_s)
            try:
                self.flush()
            except Exception:  # the thread must outlive whatever a disk or a database does to it
                log.exception("audit.spool.stuck")
                stopping.wait(_RETRY_S)

    def flush(self) -> None:
        """Enter what waits, then what is overdue of dead processes and of failed attempts."""
        with self._flushing:
            folder, taken = self._take()
            if folder is None:
                return
            if taken is not None:
                self._enter_segment(folder, taken)
            now = time.monotonic()
            if now - self._tried_at >= _RETRY_S:
                self._tried_at = now
                for path in folder.left():
                    entered = self._replay(path)
                    with self._lock:
                        self._count -= entered
            if now - self._looked_at >= _LOOK_ROUND_S:
                self._looked_at = now
                self._look_round(folder)

    def _take(self) -> tuple[ProcessFolder | None, _Waiting | None]:
        with self._lock:
            self._something.clear()
            if self._folder is None or self._waiting is None or not self._waiting.batch:
                return self._folder, None
            taken = self._waiting
            self._waiting = _Waiting(self._spare or self._folder.new_segment())
            self._spare = None
            return self._folder, taken

    def _enter_segment(self, folder: ProcessFolder, taken: _Waiting) -> None:
        taken.segment.sync()
        remaining = self._enter(taken.batch)
        if remaining:
            folder.set_aside(remaining)
            self._tried_at = time.monotonic()
        taken.segment.empty()
        entered = sum(map(len, taken.batch.values())) - sum(map(len, remaining.values()))
        with self._lock:
            self._count -= entered
            self._bytes -= sum(len(line) for lines in taken.batch.values() for line in lines)
            self._spare = taken.segment

    def _enter(self, batch: Batch) -> Batch:
        remaining: Batch = {}
        for tenant_id, lines in batch.items():
            if remaining and self._stopping.is_set():  # no time to wait for a database that is gone
                remaining[tenant_id] = lines
                continue
            failed: list[bytes] = []
            try:
                for start in range(0, len(lines), _CHUNK):
                    failed += self._enter_lines(tenant_id, lines[start : start + _CHUNK])
            except TenantPurged:  # its log is gone, and so is what was read there
                log.warning("audit.spool.discarded", extra={"tenant": tenant_id, "events": len(lines)})
                continue
            if failed:
                log.error("audit.spool.refused", extra={"tenant": tenant_id, "events": len(failed)})
                remaining[tenant_id] = failed
        return remaining

    def _enter_lines(self, tenant_id: UUID, lines: list[bytes]) -> list[bytes]:
        """Enter events of one tenant in one transaction; returns those that could not be.

        Raises: TenantPurged.
        """
        try:
            with self._open_transaction(tenant_id) as db:
                insert_events(db, f"[{b','.join(lines).decode()}]")
        except (psycopg.DataError, psycopg.IntegrityError):
            # one event is refused by itself: find it, so that it does not hold up the others
            half = len(lines) // 2
            if not half:
                return lines
            return self._enter_lines(tenant_id, lines[:half]) + self._enter_lines(tenant_id, lines[half:])
        except TenantPurged:
            raise
        except Exception as error:  # noqa: BLE001  whatever else it is, the events are kept and tried again
            log.warning("audit.spool.failed", extra={"tenant": tenant_id, "error": type(error).__name__})
            return lines
        return []

    def _replay(self, path: Path) -> int:
        batch = read_lines(path)
        remaining = self._enter(batch)
        write_lines(path, remaining)
        return sum(map(len, batch.values())) - sum(map(len, remaining.values()))

    def _look_round(self, own: ProcessFolder) -> None:
        for folder in process_folders(self._root):
            if folder != own.path:
                with adopted(folder) as files:
                    for path in files:
                        self._replay(path)

    def stop(self) -> None:
        """Enter what waits and end; events that cannot be entered stay in the folder for the next process."""
        self._stopping.set()
        self._something.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=10)
        self.flush()
        with self._lock:
            folder, self._folder = self._folder, None
        if folder is not None:
            if folder.left():
                folder.release()
            else:
                folder.remove()

    def after_fork(self) -> None:
        """In the child: let go of the parent's files, its lock among them, and begin empty."""
        folder, waiting, spare = self._folder, self._waiting, self._spare
        self._folder = None
        self._forget()
        for segment in (waiting.segment if waiting else None, spare):
            if segment is not None:
                segment.close()
        if folder is not None:
            folder.release()


_spools: list[Spool] = []


def configure_spool(
    root: Path, open_transaction: OpenTransaction, *, most_waiting: int = _MOST_WAITING
) -> Spool:
    """Buffer events of reads below `root` from now on, and enter what earlier processes left there.

    open_transaction: a transaction of the tenant with this id, as the tenant's role; raises TenantPurged.
    most_waiting: with so many events not yet entered, further ones are written in the request's transaction.
    """
    stop_spool()
    spool = Spool(root, open_transaction, most_waiting=most_waiting)
    spool.start()
    _spools.append(spool)
    return spool


def find_spool() -> Spool | None:
    """The configured spool, or None: then every event is written in its request's transaction."""
    return _spools[0] if _spools else None


def flush_spool() -> None:
    """Enter now what waits in this process."""
    for spool in _spools:
        spool.flush()


def stop_spool() -> None:
    """Enter what waits and buffer nothing more."""
    while _spools:
        _spools.pop().stop()


def _after_fork() -> None:
    for spool in _spools:
        spool.after_fork()


atexit.register(stop_spool)
os.register_at_fork(after_in_child=_after_fork)

"""The outside of a backup: a short head in the clear, then one encrypted stream; written whole or not at all.

The head says how to open the file and nothing about what is in it. It is bound to the stream, so neither can
be changed or exchanged without the other.
"""

import os
import queue
import stat
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from ostiary.crypto import public as crypto
from ostiary.project.backup._errors import BackupDamaged, BackupRefused
from ostiary.project.backup._frames import Pull

MAGIC = b"ostiary-backup\n"
FORMAT = 1
PART = ".part"  # end of the name of a file that is not complete
_HEAD_LIMIT = 4096
_WAITING = 8  # decrypted chunks that may wait to be read


@dataclass(frozen=True, slots=True)
class Head:
    """What stands in the clear. key_id: of the installation's backup key, see `crypto.installation_key`."""

    format: int
    kind: str
    key_id: str
    raw: bytes


class _Counting:
    """A target that refuses to lose anything: a file that only grows."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = 0

    def write(self, data: bytes) -> int:
        self._file.write(data)
        self.size += len(data)
        return len(data)


def write_sealed(path: Path, kind: str, pieces: Iterable[bytes]) -> int:
    """Encrypt pieces into a new file, 0600, under a name of its own until it is complete and on disk.

    Returns: its size in bytes.
    Raises: BackupRefused: the file is there already, no space, no access; nothing is left.
    """
    if path.exists() or path.is_symlink():
        raise BackupRefused(f"{path} is there already")
    part = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    raw = _head_bytes(kind, crypto.installation_key_id("backup"))
    head = _parse(raw)
    with _writing(path):
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with _writing(path), os.fdopen(handle, "wb") as file:
            target = _Counting(file)
            target.write(raw)
            crypto.encrypt_stream(
                cast("BinaryIO", Pull(iter(pieces))),
                cast("BinaryIO", target),
                crypto.installation_key("backup", head.key_id),
                raw,
            )
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)  # never replaces
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)
    return target.size


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupRefused(f"{path} cannot be written: {error.strerror or error}") from None


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_head(path: Path) -> Head:
    """What stands in the clear. Raises: BackupDamaged: none of ours. BackupRefused: of a later format."""
    with _opened(path) as file:
        return _read_head(file)


@contextmanager
def open_sealed(path: Path) -> Iterator[tuple[Head, Pull]]:
    """The head and the decrypted content, chunk by chunk as each is verified.

    Whoever acts on the content waits until it has ended without an error: until then it may be cut short.
    Raises: BackupDamaged: altered, cut short, or of another key. RootMissing: which root key is needed.
    """
    with _opened(path) as file:
        head = _read_head(file)
        key = _key_of(head)
        chunks: queue.Queue[bytes | None] = queue.Queue(_WAITING)
        given_up = threading.Event()
        errors: list[BaseException] = []

        def unseal() -> None:
            try:
                crypto.decrypt_stream(file, cast("BinaryIO", _Handing(chunks, given_up)), key, head.raw)
            except BaseException as error:  # noqa: BLE001  raised again where the content is read
                errors.append(error)
            _hand(chunks, given_up, None)

        worker = threading.Thread(target=unseal, name="backup-unseal", daemon=True)
        worker.start()
        try:
            yield head, Pull(_chunks(chunks, errors))
        finally:
            given_up.set()
            worker.join()


class _GivenUp(Exception):
    """Nobody reads on."""


class _Handing:
    """A target that hands chunks to another thread."""

    def __init__(self, chunks: "queue.Queue[bytes | None]", given_up: threading.Event) -> None:
        self._chunks = chunks
        self._given_up = given_up

    def write(self, data: bytes) -> int:
        if not _hand(self._chunks, self._given_up, data):
            raise _GivenUp
        return len(data)


def _hand(chunks: "queue.Queue[bytes | None]", given_up: threading.Event, data: bytes | None) -> bool:
    while not given_up.is_set():
        try:
            chunks.put(data, timeout=0.1)
        except queue.Full:
            continue
        return True
    return False


def _chunks(chunks: "queue.Queue[bytes | None]", errors: list[BaseException]) -> Iterator[bytes]:
    while (chunk := chunks.get()) is not None:
        yield chunk
    for error in errors:
        if isinstance(error, crypto.Undecipherable):
            raise BackupDamaged(
                "the backup was altered or cut short, or it belongs to another installation's key"
            ) from None
        raise error


def _key_of(head: Head) -> bytes:
    try:
        return crypto.installation_key("backup", head.key_id)
    except ValueError:
        raise BackupDamaged("the head of the backup names no key of an installation") from None


def _head_bytes(kind: str, key_id: str) -> bytes:
    said = orjson.dumps({"format": FORMAT, "kind": kind, "key": key_id}, option=orjson.OPT_SORT_KEYS)
    return MAGIC + len(said).to_bytes(2) + said


def _read_head(file: BinaryIO) -> Head:
    start = file.read(len(MAGIC) + 2)
    if not start.startswith(MAGIC) or len(start) < len(MAGIC) + 2:
        raise BackupDamaged("this is no backup of Ostiary")
    size = int.from_bytes(start[-2:])
    said = file.read(size)
    if size > _HEAD_LIMIT or len(said) < size:
        raise BackupDamaged("the head of the backup is damaged")
    return _parse(start + said)


def _parse(raw: bytes) -> Head:
    try:
        said = orjson.loads(raw[len(MAGIC) + 2 :])
        number, kind, key = int(said["format"]), str(said["kind"]), str(said["key"])
    except (ValueError, KeyError, TypeError):
        raise BackupDamaged("the head of the backup is damaged") from None
    if number != FORMAT:
        raise BackupRefused(f"the backup has format {number}, this release reads {FORMAT}")
    return Head(number, kind, key, raw)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise BackupRefused(f"{path} cannot be opened: {error.strerror}") from None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise BackupRefused(f"{path} is not a plain file")
        yield file

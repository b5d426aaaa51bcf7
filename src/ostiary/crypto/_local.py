"""The root key as it is in a file: the provider `local-plaintext`, for the demo and for tests."""

import os
import stat
from pathlib import Path

from ostiary.crypto._errors import RootMissing
from ostiary.crypto._root import Roots
from ostiary.kernel.errors import Misconfigured

_MOST_BYTES = 64 * 1024


def ensure_plaintext_root(path: Path) -> Roots:
    """The roots of this file; where there is none a new root is made, mode 0600.

    Only for an installation that has nothing encrypted yet: a second root opens nothing of the first.
    Raises: Misconfigured: others may read the file, it is not a plain file, or it is damaged.
    """
    if not path.exists() and not path.is_symlink():
        write_key_file(path, Roots.fresh().serialise(), replace=False)
    return read_plaintext_root(path)


def read_plaintext_root(path: Path) -> Roots:
    """The roots of this file. Raises: RootMissing: there is none. Misconfigured: as above."""
    try:
        return Roots.parse(read_key_file(path))
    except ValueError:
        raise Misconfigured(f"The root key {path} is damaged: restore it from the backup") from None


def write_key_file(path: Path, content: bytes, *, replace: bool) -> None:
    """Write it for this account alone and to the disk, as a whole or not at all.

    replace: False leaves a file alone that is there already: of two first starts at the same time, the later
    takes the earlier's key.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, content)
        os.fsync(handle)
        if replace:
            fresh.replace(path)
        else:
            os.link(fresh, path)  # a hard link never replaces
    except FileExistsError:
        pass
    finally:
        os.close(handle)
        fresh.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the folder's entries to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_key_file(path: Path) -> bytes:
    """The content of a file that only this account may read. Raises: RootMissing, Misconfigured."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise RootMissing(f"The root key {path} is not there") from None
    except OSError as error:
        raise Misconfigured(f"The root key {path} cannot be opened: {error.strerror}") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise Misconfigured(f"The root key {path} is not a plain file")
        if status.st_mode & 0o077:
            raise Misconfigured(f"The root key {path} is open to others: chmod 600 it")
        return os.read(handle, _MOST_BYTES)
    finally:
        os.close(handle)

"""Files that only their owner reads, written so that neither a kill nor a planted link spoils them."""

import os
import secrets
import stat
from pathlib import Path

from ostiary.kernel.errors import Misconfigured


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole from its first moment, whatever ends this process."""
    write_private(path, text.encode())


def write_private(path: Path, content: bytes, *, unfinished: str = "") -> None:
    """The same for bytes. unfinished: end of the name until the content is whole, for those who tidy up."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}{unfinished}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)  # of a link, too, only the name is replaced
    finally:
        fresh.unlink(missing_ok=True)


def make_marker(path: Path, *, uid: int = -1, gid: int = -1) -> None:
    """Make an empty file in a folder that another account may write to; one that is there is left.

    uid, gid: whose it becomes; -1: it stays ours.
    Raises: Misconfigured: a link or anything else than a plain file has the name; nothing was touched.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(path, flags, 0o600)
    except OSError as error:
        raise Misconfigured(f"{path} is no plain file ({error.strerror}): remove it") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise Misconfigured(f"{path} is no plain file of its own: remove it")
        os.fchown(handle, uid, gid)
    finally:
        os.close(handle)


def is_marked(path: Path) -> bool:
    """Whether `make_marker` made this file. Links are none."""
    return path.is_file() and not path.is_symlink()

"""Stored parts as a file that can be read and sought, a part at a time; no disk sees it in clear."""

import io
import os
from uuid import UUID

from ostiary.kernel.context import Context
from ostiary.records._content import PART, read_part


class BlobFile(io.RawIOBase):
    """The bytes of a file in parts of one size. `ctx` is of the transaction that reads; others may follow."""

    def __init__(self, ctx: Context, file_id: UUID, size: int) -> None:
        self.ctx = ctx
        self._file, self._size, self._at = file_id, size, 0
        self._held: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def close(self) -> None:
        """Nothing is held, and what reads it may be closed while it goes on."""

    def tell(self) -> int:
        """Where it stands."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # what io gives
        """The next bytes, at most up to the end of a part."""
        number, inside = divmod(self._at, PART)
        if self._at >= self._size:
            return 0
        if self._held[0] != number:
            self._held = (number, read_part(self.ctx, self._file, number))
        found = self._held[1][inside : inside + len(buffer)]
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)

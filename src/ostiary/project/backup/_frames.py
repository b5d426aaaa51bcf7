"""The inside of a backup: frames of a kind, a length and a payload, compressed as one stream.

`kind (1) | length (4) | payload`. JSON where it describes, COPY text where it is data. The stream ends with a
frame of kind END: what stops earlier is cut short, whatever the layers around it say.
"""

import zlib
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Any, Protocol

import orjson

from ostiary.project.backup._errors import BackupDamaged

LEVEL = 3  # of zlib: text of tables shrinks by about five at 50 to 80 MB/s a core
LARGEST = 64 << 20  # bytes of one frame
PIECE = 1 << 18
_PREFIX = 5


class Kind(IntEnum):
    """What a frame holds. Numbers are never reused."""

    HEADER = 1
    STRUCTURE = 2
    TABLE = 3
    ROWS = 4
    TABLE_END = 5
    SEQUENCES = 6
    MANIFEST = 7
    FILE = 8
    END = 9


_KINDS = frozenset(int(kind) for kind in Kind)


class Source(Protocol):
    """Where bytes come from."""

    def read(self, size: int, /) -> bytes: ...


def frame(kind: Kind, payload: bytes) -> bytes:
    """One frame."""
    return kind.to_bytes(1) + len(payload).to_bytes(4) + payload


def note(kind: Kind, content: object) -> bytes:
    """A frame that describes."""
    return frame(kind, orjson.dumps(content, option=orjson.OPT_SORT_KEYS))


def compressed(frames: Iterable[bytes]) -> Iterator[bytes]:
    """The frames as one zlib stream."""
    packer = zlib.compressobj(LEVEL)
    for piece in frames:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


class Pull:
    """An iterator of bytes as a source with `read`."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = bytearray()
        self._over = False

    def read(self, size: int, /) -> bytes:
        """`size` bytes, fewer only at the end."""
        while len(self._held) < size and not self._over:
            piece = next(self._pieces, None)
            if piece is None:
                self._over = True
            else:
                self._held += piece
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken


def read_frames(source: Source) -> Iterator[tuple[Kind, bytes]]:
    """Every frame up to END. Raises BackupDamaged: unknown kind, a frame too large, or cut short."""
    inside = Pull(_decompressed(source))
    while True:
        prefix = inside.read(_PREFIX)
        if len(prefix) < _PREFIX:
            raise BackupDamaged("the backup is cut short")
        size = int.from_bytes(prefix[1:])
        if prefix[0] not in _KINDS or size > LARGEST:
            raise BackupDamaged("the backup holds something that this release does not know")
        payload = inside.read(size)
        if len(payload) < size:
            raise BackupDamaged("the backup is cut short")
        kind = Kind(prefix[0])
        yield kind, payload
        if kind is Kind.END:
            if inside.read(1):
                raise BackupDamaged("the backup goes on behind its end")
            return


def read_note(payload: bytes) -> Any:
    """The content of a frame that describes. Raises BackupDamaged."""
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise BackupDamaged("a part of the backup cannot be read") from None


def _decompressed(source: Source) -> Iterator[bytes]:
    unpacker = zlib.decompressobj()
    try:
        while packed := source.read(PIECE):
            while packed:
                yield unpacker.decompress(packed, PIECE)
                packed = unpacker.unconsumed_tail
            if unpacker.unused_data:
                raise BackupDamaged("the backup goes on behind its end")
        yield unpacker.flush()
    except zlib.error:
        raise BackupDamaged("the backup cannot be unpacked") from None
    if not unpacker.eof:
        raise BackupDamaged("the backup is cut short")

"""Scanners look at the bytes of a file while it comes in, and may refuse it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from ostiary.kernel.context import Context


class Scan(Protocol):
    """One file being looked at. To refuse it, either method raises `AttachmentRefused`."""

    def feed(self, part: bytes) -> None:
        """The next bytes."""

    def end(self) -> None:
        """The file is complete."""


Scanner = Callable[[Context, str], Scan]  # of the file's name; called once for each file
_scanners: dict[str, Scanner] = {}


def register_scanner(name: str, scanner: Scanner) -> None:
    """Let a scanner look at every file from now on. Raises ValueError: there is one of this name."""
    if name in _scanners:
        raise ValueError(f"there is a scanner {name} already")
    _scanners[name] = scanner


def scanned(ctx: Context, name: str, parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same parts, each after every scanner saw it. Raises what a scanner raises."""
    scans = [scanner(ctx, name) for scanner in _scanners.values()]
    for part in parts:
        for scan in scans:
            scan.feed(part)
        yield part
    for scan in scans:
        scan.end()

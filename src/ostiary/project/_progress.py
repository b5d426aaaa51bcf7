"""Lines that say what is being done and how long it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def step(name: str) -> Iterator[None]:
    """`name ... 1.2 s` around the work of the block."""
    started = time.monotonic()
    print(f"  {name} ...", end="", flush=True)  # noqa: T201 a command line prints
    try:
        yield
    except BaseException:
        print(flush=True)  # noqa: T201 the error starts on a line of its own
        raise
    print(f" {time.monotonic() - started:.1f} s", flush=True)  # noqa: T201 a command line prints


def report(text: str) -> None:
    """Show `text` at the end of the running step's line, over what was reported before."""
    if sys.stdout.isatty():
        print(f" {text}".ljust(30) + "\b" * 30, end="", flush=True)  # noqa: T201 a command line prints

"""Answers that are sent while they are read from the database."""

from collections.abc import Iterator
from contextlib import ExitStack

from ostiary.project._refusals import log_failure

# The server ends a chunked answer in order even where its chunks failed, so a file that broke off says so
# itself: in a row of its own, which no import takes for a record.
BROKEN_OFF = {
    "text/csv": b'\r\n"INCOMPLETE: this file broke off; the rest is missing"\r\n',
    "application/x-ndjson": b'{"incomplete":true}\n',
}


class Streamed:
    """The chunks of an answer, with the transaction that they are read in open until the last one.

    A reader who goes away keeps what was sent, so its events are committed; an error rolls back, and the
    answer ends with the mark of its kind. kind: its content type.
    """

    def __init__(self, chunks: Iterator[bytes], stack: ExitStack, kind: str) -> None:
        self._chunks = chunks
        self._stack = stack
        self._mark = BROKEN_OFF.get(kind.partition(";")[0].strip())
        self._over = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._over:
            raise StopIteration
        try:
            return next(self._chunks)
        except StopIteration:
            return self._end()
        except BaseException as error:  # noqa: BLE001  whatever it is: raised again, or it ends the file
            self._stack.__exit__(type(error), error, error.__traceback__)
            return self._break_off(error)

    def _end(self) -> bytes:
        self._over = True
        try:
            self.close()
        except Exception as error:  # noqa: BLE001  what was sent may not be recorded: it must not look whole
            return self._break_off(error)
        raise StopIteration

    def _break_off(self, error: BaseException) -> bytes:
        self._over = True
        log_failure(error)
        if self._mark is None or not isinstance(error, Exception):
            raise error
        return self._mark

    def close(self) -> None:
        """Commit and give the connection back; more than once is the same as once."""
        self._stack.pop_all().close()

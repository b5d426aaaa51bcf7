"""Rows out of a table and into one, as COPY text, with a digest of exactly those bytes.

The digest is SHA-256 over the lines in the order in which the table holds them. A table that was filled from
a backup holds them in the order of the file, so reading it again gives the same digest.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ostiary.project.backup._describe import Row

GATHER = 1 << 18  # bytes of one frame of rows
Transform = Callable[[bytes], bytes]  # whole lines to whole lines


class Tally:
    """Rows and digest of what went by."""

    def __init__(self) -> None:
        self.rows = 0
        self._hash = hashlib.sha256()

    def add(self, lines: bytes) -> None:
        """Count whole lines. A line feed inside a value is escaped in COPY text."""
        self.rows += lines.count(b"\n")
        self._hash.update(lines)

    @property
    def digest(self) -> str:
        """In hexadecimal."""
        return self._hash.hexdigest()

    def as_json(self) -> dict[str, object]:
        """Rows and digest."""
        return {"rows": self.rows, "sha256": self.digest}


def connect(dsn: str, schema: str) -> psycopg.Connection[Row]:
    """A connection of the owner whose whole search path is `schema`; values are written the same everywhere.

    Raises: psycopg.OperationalError.
    """
    settings = {
        "search_path": f'"{schema}"',
        "timezone": "UTC",
        "datestyle": "ISO,YMD",
        "intervalstyle": "iso_8601",
        "extra_float_digits": "1",
        "bytea_output": "hex",
        "synchronize_seqscans": "off",  # a scan that starts in the middle would change the order of rows
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
        "client_encoding": "UTF8",
    }
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return psycopg.connect(make_conninfo(dsn, options=options), autocommit=True)


def rows_out(connection: psycopg.Connection[Row], table: str, columns: Sequence[str]) -> Iterator[bytes]:
    """All rows of a table, some hundred kilobytes of whole lines at a time."""
    statement = sql.SQL("COPY {} ({}) TO STDOUT").format(sql.Identifier(table), _listed(columns))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        held: list[bytes] = []
        size = 0
        for line in copy:
            held.append(bytes(line))
            size += len(line)
            if size >= GATHER:
                yield b"".join(held)
                held, size = [], 0
        if held:
            yield b"".join(held)


def rows_in(
    connection: psycopg.Connection[Row], table: str, columns: Sequence[str], lines: Iterable[bytes]
) -> None:
    """Rows into a table that was made or emptied in the same transaction: they need no later freezing."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN WITH (FREEZE)").format(
        sql.Identifier(table), _listed(columns)
    )
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table)), ())
        with cursor.copy(statement) as copy:
            for piece in lines:
                copy.write(piece)


def tally_of(connection: psycopg.Connection[Row], table: str, columns: Sequence[str]) -> Tally:
    """Rows and digest of what a table holds now."""
    tally = Tally()
    for lines in rows_out(connection, table, columns):
        tally.add(lines)
    return tally


def _listed(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))

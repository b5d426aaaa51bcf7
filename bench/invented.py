"""Invented rows, made by the database itself: the same numbers give the same rows in any database."""

import random
from uuid import UUID

import psycopg

FIRST, LAST = 600, 3_000
CONSONANTS, VOWELS = "bcdfghjklmnprstvwz", "aeiou"


def make_words(connection: psycopg.Connection) -> None:
    """Temporary tables `first_name` and `last_name` (id, word), the same each time."""
    rng = random.Random(20261122)
    for table, size, syllables, ends in (
        ("first_name", FIRST, (2,), ("", "n", "r", "s", "l")),
        ("last_name", LAST, (2, 3), ("", "n", "son", "ker", "man", "ski")),
    ):
        words = [_word(rng, rng.choice(syllables)) + rng.choice(ends) for _ in range(size)]
        connection.execute(f"create temporary table {table} (id int primary key, word text)")
        connection.execute(
            f"insert into {table} select n - 1, w from unnest(%(words)s::text[]) with ordinality as t(w, n)",
            {"words": words},
        )
        connection.execute(f"analyze {table}")


def _word(rng: random.Random, syllables: int) -> str:
    return "".join(rng.choice(CONSONANTS) + rng.choice(VOWELS) for _ in range(syllables)).capitalize()


def draw(seed: int, below: int) -> str:
    """SQL for a number 0 <= x < below that row `n` has drawn."""
    return f"abs(mod(hashint4extended(n, {seed}), {below}))::int"


def numbered() -> str:
    """SQL for rows `n, name` with numbers from %(first)s to %(last)s. The names are plain ASCII."""
    return (
        "(select n, f.word || ' ' || l.word as name from generate_series(%(first)s::int, %(last)s::int) n"
        f" join first_name f on f.id = {draw(1, FIRST)} join last_name l on l.id = {draw(2, LAST)}) x"
    )


def record_id(table: int, number: int) -> UUID:
    """The id of the record that is row `number` of a table."""
    return UUID(f"0190{table:04x}-0000-7000-8000-{number:012x}")


def record_id_sql(table: int, number: str) -> str:
    """The same in SQL."""
    return f"('0190{table:04x}-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"

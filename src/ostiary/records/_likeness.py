"""When two values say the same: once in Python and once in SQL, from the stored sort key (ADR 0043).

Texts are folded already where they are stored. Of telephone numbers the digits count, without zeros before
them; of web addresses the host. Names that are like each other share the beginning of a word, and then most
of their trigrams.
"""

import re
from collections.abc import Iterable

from ostiary.kernel.words import digits_of, host_of, split, words_of
from ostiary.objects import public as objects
from ostiary.objects.public import Column, ColumnType, sort_key
from ostiary.records._columns import sort_column, stored
from ostiary.records._values import SQL_TYPE, clean, plain

LIKE = 0.6  # of the trigrams of two names together, those that both have
BEGINNING = 4  # characters of a word by which candidates are found
SHORTEST_WORD = 3
SHORTEST_NUMBER = 5  # digits: less is an extension
_HOST = re.compile(r"(?:[a-z]+://)?(?:www[.])?([^/:?#]+)")
# What a company is says nothing of which one it is.
_FORMS = frozenset(
    "ag bv co corp corporation company eg ev gbr gmbh inc incorporated kg limited llc llp ltd mbh nv ohg oy"
    " plc pty sa sarl se spa srl the und and".split()
)


def key_of(column: Column, value: object) -> str | None:
    """What a value is compared by; None: by nothing, also where the column would not take it."""
    if isinstance(value, dict):
        value = value.get("id")  # nothing of what is restricted or masked
    typed = clean(column, value, [])
    if typed is None:
        return None
    if column.type not in objects.TEXT_SORTED:
        return str(plain(typed))
    folded = sort_key(typed)
    if column.type is ColumnType.PHONE:
        digits = re.sub("[^0-9]", "", folded).lstrip("0")
        return digits if len(digits) >= SHORTEST_NUMBER else None
    if column.type is ColumnType.URL:
        found = _HOST.match(folded)
        return found[1] if found else None
    return folded or None


def key_sql(column: Column, alias: str) -> str:
    """SQL: the same of a stored value, of type `cast_of`; blank or null where it is compared by nothing."""
    if column.type not in objects.TEXT_SORTED:
        return f"{alias}.{stored(column)}"
    text = f"{alias}.{sort_column(column)}"
    return {ColumnType.PHONE: digits_of, ColumnType.URL: host_of}.get(column.type, str)(text)


def cast_of(column: Column) -> str:
    """The SQL type of `key_sql`."""
    return SQL_TYPE.get(column.type, "text")


def said_sql(column: Column, alias: str) -> str:
    """SQL: whether a stored value is compared by anything."""
    key = key_sql(column, alias)
    if cast_of(column) != "text":
        return f"{key} is not null"
    least = SHORTEST_NUMBER if column.type is ColumnType.PHONE else 1
    return f"length({key}) >= {least}"


def has_words(made: objects.Object, column: Column) -> bool:
    """Whether an index of words finds a text before it is compared; the name has an index of its own."""
    if column.type in (ColumnType.PHONE, ColumnType.URL) or column.type not in objects.TEXT_SORTED:
        return False
    return objects.is_searched(made, column) and column.code != made.display


def words_test(column: Column, alias: str, query: str) -> str:
    """SQL: whether a text has the words of a query, as an index of words keeps them."""
    return f"{words_of(f'{alias}.{sort_column(column)}')} @@ {query}::tsquery"


def all_words(key: str) -> str:
    """A query for texts with all the words of a folded text."""
    return " & ".join(f"'{_quoted(word)}'" for word in split(key)) or "''"


def near_words(text: str) -> str:
    """A query for texts of which a word begins like one of a folded text; "": nothing to go by."""
    begins = {word[:BEGINNING] for word in split(text) if len(word) >= SHORTEST_WORD and word not in _FORMS}
    return " | ".join(f"'{_quoted(each)}':*" for each in sorted(begins))


def _quoted(word: str) -> str:
    return word.replace("\\", "\\\\").replace("'", "''")


def is_like(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sets of trigrams are those of names that are like each other."""
    both = len(one & other)
    return both > 0 and both >= LIKE * (len(one) + len(other) - both)


def trigrams(text: str) -> frozenset[str]:
    """The trigrams of the words of a folded text, beginnings counting most; forms of companies left out."""
    words: Iterable[str] = [word for word in split(text) if word not in _FORMS] or split(text)
    return frozenset(f"  {word} "[at : at + 3] for word in words for at in range(len(word) + 1))

"""What a search looks into, and the words that it asks for (ADR 0029)."""

from ostiary.kernel.words import split
from ostiary.objects._model import TEXT_SORTED, Column, ColumnType, Object
from ostiary.objects._sort_key import sort_key

_TYPES = frozenset({ColumnType.EMAIL, ColumnType.PHONE, ColumnType.AUTO_NUMBER})


def split_words(text: str) -> tuple[str, ...]:
    """The words of a text as the database splits a stored one; each once, in order."""
    return split(sort_key(text))


def is_searched(made: Object, column: Column) -> bool:
    """Whether a search looks into a column: what names, numbers or reaches a record."""
    if column.type in _TYPES:
        return True
    return column.type in TEXT_SORTED and (column.code == made.display or column.unique)

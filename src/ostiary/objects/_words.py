"""The words of a stored text: what a search compares, and the expression that an index keeps of it.

Built-in functions alone, so that any PostgreSQL has them (ADR 0029).
"""

from ostiary.objects._model import TEXT_SORTED, Column, ColumnType, Object
from ostiary.objects._sort_key import sort_key

# What stands between words beside white space. No "@" before ".": that names the schema in our texts.
_SEPARATORS = ".@,;:-_/+()&'\""
_BLANKED = str.maketrans(_SEPARATORS, " " * len(_SEPARATORS))
_TYPES = frozenset({ColumnType.EMAIL, ColumnType.PHONE, ColumnType.AUTO_NUMBER})


def split_words(text: str) -> tuple[str, ...]:
    """The words of a text as the database splits a stored one; each once, in order."""
    return tuple(dict.fromkeys(sort_key(text).translate(_BLANKED).split()))


def words_query(word: str) -> str:
    """A `tsquery` that finds texts with a word that begins with this one."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "':*"


def words_of(value: str) -> str:
    """SQL: the words of a folded text, or of a number as it is stored."""
    quoted, blanks = _SEPARATORS.replace("'", "''"), " " * len(_SEPARATORS)
    split = f"string_to_array(translate(lower({value}), '{quoted}', '{blanks}'), ' ')"
    return f"array_to_tsvector(array_remove({split}, ''))"


def is_searched(made: Object, column: Column) -> bool:
    """Whether a search looks into a column: what names, numbers or reaches a record."""
    if column.type in _TYPES:
        return True
    return column.type in TEXT_SORTED and (column.code == made.display or column.unique)

"""The words of a stored text: what a search compares, and the expression that an index keeps of it.

Built-in functions alone, so that any PostgreSQL has them (ADR 0029).
"""

import unicodedata

# What stands between words beside white space. No "@" before ".": that names the schema in our texts.
_SEPARATORS = ".@,;:-_/+()&'\""
_BLANKED = str.maketrans(_SEPARATORS, " " * len(_SEPARATORS))
_ACCENTS = dict.fromkeys(range(0x0300, 0x0370))


def fold(text: str) -> str:
    """A text in lower case without accents, as `folded` has it of a stored one."""
    return unicodedata.normalize("NFKD", text.lower()).translate(_ACCENTS)


def folded(value: str) -> str:
    """SQL: a text in lower case without accents. Immutable, so that an index may keep it."""
    return f"regexp_replace(normalize(lower({value}), NFKD), '[\\u0300-\\u036F]+', '', 'g')"


def split(text: str) -> tuple[str, ...]:
    """The words of a folded text as the database splits a stored one; each once, in order."""
    return tuple(dict.fromkeys(text.translate(_BLANKED).split()))


def words_query(word: str) -> str:
    """A `tsquery` that finds texts with a word that begins with this one."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "':*"


def words_of(value: str) -> str:
    """SQL: the words of a folded text, or of a number as it is stored."""
    split_up = f"string_to_array({blanked(f'lower({value})')}, ' ')"
    return f"array_to_tsvector(array_remove({split_up}, ''))"


def blanked(value: str) -> str:
    """SQL: a folded text with blanks alone between its words."""
    quoted, blanks = _SEPARATORS.replace("'", "''"), " " * len(_SEPARATORS)
    return f"translate({value}, '{quoted}', '{blanks}')"


def digits_of(value: str) -> str:
    """SQL: the digits of a telephone number, without zeros before them."""
    return f"ltrim(regexp_replace({value}, '[^0-9]', '', 'g'), '0')"


def host_of(value: str) -> str:
    """SQL: the host of a folded web address, without `www.`."""
    return f"substring({value} from '^(?:[a-z]+://)?(?:www[.])?([^/:?#]+)')"

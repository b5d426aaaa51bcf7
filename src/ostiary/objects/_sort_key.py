"""The stored sort key of text: databases have no common collation, so the order is made here, once."""

import unicodedata

MAX_LENGTH = 250
# A folded character gives at least one input character's worth of output, so a key never needs more than this
# many. Cut before folding: one character can decompose into eighteen.
_INPUT = 1_000


def sort_key(text: str) -> str:
    """Fold `text` for ordering and equality in any case and with or without accents.

    Compatibility decomposition, no accents, case folded, white space collapsed, invisible characters dropped,
    at most 250 characters. Total: any str gives a key that PostgreSQL can store.
    """
    head = text.lstrip()[:_INPUT]
    if not head.isascii():
        # twice, since folding can decompose further and bring accents of its own
        head = _decomposed(_decomposed(head).casefold()).casefold()
    folded = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in head.casefold())
    return " ".join(folded.split())[:MAX_LENGTH].rstrip()


def _decomposed(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))

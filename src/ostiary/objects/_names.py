"""Identifiers: what may name an object or a column, and how names reach SQL text."""

import hashlib
import re

MAX_CODE = 40  # characters after the first
IDENTIFIER = re.compile(rf"[a-z][a-z0-9_]{{0,{MAX_CODE}}}")
_QUOTABLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")
MAX_DATABASE_NAME = 63

RESERVED_COLUMNS = frozenset(
    {"id", "version", "author", "author_id", "owner", "owner_id", "label_id", "created_at", "modified_at"}
    | {"modified_by", "last_event_id", "state_salt", "state_hash", "restricted", "display", "count"}
    | {"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}
)
# Words that PostgreSQL reserves (pg_get_keywords, catcode R and T): names stay usable without quotes.
_RESERVED = """
    all analyse analyze and any array as asc asymmetric both case cast check collate column
    constraint create current_catalog current_date current_role current_time current_timestamp
    current_user default deferrable desc distinct do else end except false fetch for foreign from
    grant group having in initially intersect into lateral leading limit localtime localtimestamp
    not null offset on only or order placing primary references returning select session_user some
    symmetric system_user table then to trailing true union unique user using variadic when where
    window with authorization binary collation concurrently cross current_schema freeze full ilike
    inner is isnull join left like natural notnull outer overlaps right similar tablesample verbose
"""
RESERVED_WORDS = frozenset(_RESERVED.split())


def is_object_code(code: str) -> bool:
    """Whether `code` may name an object (its table gets a prefix, so words of SQL do no harm)."""
    return IDENTIFIER.fullmatch(code) is not None and "__" not in code and not code.endswith("_")


def column_code_problem(code: str) -> str | None:
    """Why `code` may not name a column, or None."""
    if IDENTIFIER.fullmatch(code) is None:
        return "a code is a lower-case letter and up to 40 more of a-z, 0-9 and _"
    if "__" in code or code.endswith("_"):
        return "two underscores and a trailing one are kept for columns of the product"
    if code in RESERVED_COLUMNS or code in RESERVED_WORDS:
        return "this name is reserved"
    return None


def quote(name: str) -> str:
    """A quoted identifier; anything that is not a plain lower-case name is a fault of ours, never input."""
    if _QUOTABLE.fullmatch(name) is None:
        raise ValueError(f"not an identifier: {name!r}")
    return f'"{name}"'


def database_name(*parts: str) -> str:
    """A name for an index, constraint or sequence, shortened with a hash where PostgreSQL would cut it.

    Two underscores between the parts: no code contains them, so no two lists of parts give one name.
    """
    name = "__".join(parts)
    if len(name) <= MAX_DATABASE_NAME:
        return name
    return f"{name[: MAX_DATABASE_NAME - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"

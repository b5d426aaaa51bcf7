"""Which records a bulk change is about: ids as given, or what a filter finds among the readable ones."""

from collections.abc import Sequence
from uuid import UUID

from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.records._bulk import ensure_bounded
from ostiary.records._filters import Filter
from ostiary.records._query import MAX_LIMIT, RecordQuery
from ostiary.records._read import list_records

Which = Sequence[UUID] | Filter


def selected(ctx: Context, object_code: str, which: Which) -> list[tuple[UUID, int | None]]:
    """(id, version as it was found) of each record; ids that were given have no version.

    Raises: TooManyRows; what `list_records` raises for a filter. Invalid: a text in place of ids.
    """
    if isinstance(which, str | bytes):
        raise Invalid([FieldError("rows", "malformed", "Give a list of ids or a filter")])
    if isinstance(which, Sequence):
        ensure_bounded(len(which))
        return [(id_, None) for id_ in which]
    found: list[tuple[UUID, int | None]] = []
    after: str | None = None
    while True:
        page = list_records(
            ctx, RecordQuery(object_code, columns=(), filter=which, limit=MAX_LIMIT, after=after)
        )
        found += [(UUID(record["id"]), record["version"]) for record in page.records()]
        ensure_bounded(len(found))
        after = page.next
        if after is None:
            return found

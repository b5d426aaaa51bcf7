"""Long lists in chunks, each in a transaction of its own: decided at the rights of then, recorded, given."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, NotFound, NotSignedIn
from ostiary.records._columns import Bound, selected_columns
from ostiary.records._query import Page, RecordQuery
from ostiary.records._read import object_name, readable_view, select_page
from ostiary.records._view import decided

CHUNK = 500
Renew = Callable[[Context], Context]


class StreamStopped(AccessDenied):
    """A stream ended before its end: what its reader may do has changed, or who the reader is.

    details: `records`, how many were given; `cause`, the code of the refusal.
    """

    code = "records.stream_stopped"

    def __init__(self, records: int, cause: str, layer: str) -> None:
        super().__init__(
            "The list ended early: rights changed while it was read",
            layer=layer,
            records=records,
            cause=cause,
        )


def stream_records(ctx: Context, query: RecordQuery, renew: Renew | None = None) -> Iterator[Page]:
    """Every page of a list, without limit, from the first or from its cursor.

    The first decision falls at once, as of `list_records`; the others at each chunk. renew: verifies the
    sign-in anew in the chunk's transaction and gives its context, or raises NotSignedIn; without it the
    principal alone is looked at, whether it is active and what it may read.
    The iterator raises StreamStopped where a later chunk is refused.
    """
    view = decided(ctx, lambda: readable_view(ctx, query.object))
    decided(ctx, lambda: selected_columns(Bound(ctx, view), query.columns))
    return chunks(ctx, query, "records.record.listed", renew or _same)


def _same(ctx: Context) -> Context:
    return ctx


def chunks(ctx: Context, query: RecordQuery, event: str, renew: Renew) -> Iterator[Page]:
    """Pages from the cursor of `query` on; `renew` is asked at the start of each chunk's transaction."""
    query = replace(query, limit=CHUNK, offset=0, count=None)
    given = 0
    while True:
        # A transaction for each chunk: rights are those of now, and its event is durable before its rows
        # leave, whatever their class, since what is given out cannot be called back.
        try:
            with ctx.db.aside() as db:
                page = _chunk(renew(ctx.within(db)), query, event)
        except (AccessDenied, NotSignedIn, NotFound) as refusal:
            if not given:
                raise
            layer = refusal.layer if isinstance(refusal, AccessDenied) else "gate"
            raise StreamStopped(given, refusal.code, layer) from refusal
        given += len(page.ids)
        yield page
        if page.next is None:
            return
        query = replace(query, after=page.next)


def _chunk(ctx: Context, query: RecordQuery, event: str) -> Page:
    page, _ = decided(ctx, lambda: select_page(ctx, query))
    audit.append(  # also of nothing: that there is nothing is an answer
        ctx,
        event,
        object_type=object_name(ctx, query.object),
        parts=[audit.Part("read", {"ids": [str(i) for i in page.ids], "count": len(page.ids)})],
    )
    return page

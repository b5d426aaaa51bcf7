"""Recording: in the transaction of the change, beside it, or through the spool."""

from collections.abc import Sequence
from uuid import UUID

from ostiary.audit._event import SCOPE, Outcome, Part, build
from ostiary.audit._spool import find_spool
from ostiary.audit._store import insert_events
from ostiary.crypto import public as crypto
from ostiary.kernel.context import Context
from ostiary.kernel.ids import EventId


def append(
    ctx: Context,
    type_: str,
    *,
    outcome: str = Outcome.SUCCESS,
    object_type: str | None = None,
    object_ref: UUID | None = None,
    parts: Sequence[Part] = (),
    event_id: EventId | None = None,
) -> EventId:
    """Record an event in `ctx.db`'s transaction, in one statement: it is there if and only if the change is.

    The technical context (channel, purpose, address, client) becomes part 0. Subscribers hear of events that
    changed something. `event_id`: for a change that names its event; None makes one.
    Raises: ValueError: a type or code that may be somebody's words, or more than an event holds.
    """
    built = build(ctx, type_, Outcome(outcome), object_type, object_ref, parts, event_id)
    insert_events(ctx.db, f"[{built.json.decode()}]")
    return built.id


def append_aside(
    ctx: Context,
    type_: str,
    *,
    outcome: str = Outcome.DENIED,
    object_type: str | None = None,
    object_ref: UUID | None = None,
    parts: Sequence[Part] = (),
) -> EventId:
    """Record what was denied or failed, in a transaction of its own that outlives the caller's rollback."""
    with ctx.db.aside() as db:
        return append(
            ctx.within(db),
            type_,
            outcome=outcome,
            object_type=object_type,
            object_ref=object_ref,
            parts=parts,
        )


def append_buffered(
    ctx: Context,
    type_: str,
    *,
    outcome: str = Outcome.SUCCESS,
    object_type: str | None = None,
    object_ref: UUID | None = None,
    parts: Sequence[Part] = (),
) -> EventId:
    """Record a read of Internal data: durable within a second, whatever becomes of `ctx.db`'s transaction.

    Without a spool, or with a full one, this is `append`; of what was denied or failed, `append_aside`.
    """
    built = build(ctx, type_, Outcome(outcome), object_type, object_ref, parts)
    spool = find_spool()
    if spool is None or not spool.add(ctx.tenant_id, built.json):
        if Outcome(outcome) is Outcome.SUCCESS:
            insert_events(ctx.db, f"[{built.json.decode()}]")
        else:  # whoever was refused is answered by an error, which rolls back
            with ctx.db.aside() as db:
                insert_events(db, f"[{built.json.decode()}]")
    return built.id


def prepare(ctx: Context) -> None:
    """Make the tenant's audit key, so that the first event need not; part of creating a tenant."""
    crypto.ensure_dek(ctx, SCOPE)

"""Shares of many records at once: forgotten with them, or moved to the one that is left of them."""

from collections.abc import Sequence

from ostiary.kernel.context import Context
from ostiary.kernel.ids import RecordId, new_id
from ostiary.kernel.tables import has_table


def remove_shares_of(ctx: Context, records: Sequence[RecordId]) -> None:
    """Forget the shares and denies of records that are gone."""
    ctx.db.run("delete from @.access_share where record_id = any(%(r)s)", {"r": list(records)})
    if has_table(ctx.db, "access_deny"):
        ctx.db.run("delete from @.access_deny where record_id = any(%(r)s)", {"r": list(records)})


def move_shares(ctx: Context, gone: Sequence[RecordId], kept: RecordId) -> list[tuple[str, str, int]]:
    """Give the shares of records that are merged to the one that is kept; (unit, verb, level) of those added.

    Each stays what it was: verb, level and time. Where the kept record has a share of the same verb for the
    unit, that one stays; where several come together, the least level does: nothing is widened. What was
    denied on one of them is denied on the kept record.
    """
    _move_denies(ctx, gone, kept)
    sources = ctx.db.rows(
        "select distinct on (unit_id, verb) object_id, unit_id, verb, level, valid_from, valid_to"
        " from @.access_share where record_id = any(%(gone)s) and (valid_to is null or now() < valid_to)"
        " order by unit_id, verb, level, valid_to nulls last, valid_from desc nulls last",
        {"gone": list(gone)},
    )
    moved = []
    for object_id, unit, verb, level, since, until in sources:
        added = ctx.db.run(
            "insert into @.access_share"
            " (id, object_id, record_id, unit_id, verb, level, valid_from, valid_to)"
            " values (%(id)s, %(o)s, %(r)s, %(u)s, %(v)s, %(l)s, %(from)s, %(to)s)"
            " on conflict (record_id, verb, unit_id) do update set level = excluded.level,"
            " valid_from = excluded.valid_from, valid_to = excluded.valid_to"
            " where access_share.valid_to <= now()",
            {
                "id": new_id(),
                "o": object_id,
                "r": kept,
                "u": unit,
                "v": verb,
                "l": level,
                "from": since,
                "to": until,
            },
        )
        if added:
            moved.append((str(unit), str(verb), int(level)))
    remove_shares_of(ctx, gone)
    return moved


def _move_denies(ctx: Context, gone: Sequence[RecordId], kept: RecordId) -> None:
    if not has_table(ctx.db, "access_deny"):
        return
    for object_id, unit, verb in ctx.db.rows(
        "select distinct object_id, unit_id, verb from @.access_deny where record_id = any(%(gone)s)",
        {"gone": list(gone)},
    ):
        ctx.db.run(
            "insert into @.access_deny (id, object_id, record_id, unit_id, verb)"
            " values (%(id)s, %(o)s, %(r)s, %(u)s, %(v)s) on conflict do nothing",
            {"id": new_id(), "o": object_id, "r": kept, "u": unit, "v": verb},
        )

"""Deleting one record with what lies under it; nothing else may refer to it."""

from uuid import UUID

from psycopg import errors as database

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.ids import EventId, RecordId, new_id
from ostiary.records._changes import append_change, by_subject
from ostiary.records._conflict import conflict_of
from ostiary.records._content import remove_content
from ostiary.records._effects import Effect
from ostiary.records._errors import InUse
from ostiary.records._follow import follow, together
from ostiary.records._lock import lock_record
from ostiary.records._remove import DELETED, all_gone, remove_under
from ostiary.records._view import Stale, decided, view_of


def delete_record(ctx: Context, object_code: str, record_id: UUID, version: int | None = None) -> None:
    """Delete a record and all that lies under it as its master.

    Raises as `update_record`. InUse: something else refers to it, readable or not, or something under it is
    hidden or may not be deleted. TooManyRows: lie under it.
    """
    decided(ctx, lambda: _delete(ctx, object_code, RecordId(record_id), version))


def _delete(ctx: Context, code: str, record_id: RecordId, version: int | None) -> None:
    view = view_of(ctx, code)
    before = lock_record(ctx, view, record_id, access.Verb.DELETE)
    if version is not None and before.version != version:
        raise conflict_of(ctx, view, record_id, before, {})
    effect = Effect(record_id, before.values, None)
    with together(ctx, view, effect):
        try:
            with ctx.db.savepoint():
                remove_under(ctx, view, [record_id])
                gone = ctx.db.run(
                    f"delete from @.{view.object.table} where id = %(id)s"
                    " and (select epoch from @.identity_epoch) = %(epoch)s",
                    {"id": record_id, "epoch": view.rights.epoch},
                )
        except database.ForeignKeyViolation:
            raise InUse from None
        if not gone:
            raise Stale
        access.remove_shares_of(ctx, [record_id])
        remove_content(ctx, view, [record_id])
        append_change(ctx, DELETED, view, record_id, by_subject(view, all_gone(before)), EventId(new_id()))
        follow(ctx, view, [effect])

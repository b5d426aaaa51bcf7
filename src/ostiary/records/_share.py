"""Sharing one record with a unit."""

from datetime import datetime
from uuid import UUID

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.ids import RecordId, UnitId
from ostiary.records._lock import lock_record
from ostiary.records._view import decided, view_of


def share_record(  # noqa: PLR0913  what a share is made of
    ctx: Context,
    object_code: str,
    record_id: UUID,
    unit: UnitId,
    verb: access.Verb,
    *,
    grant: access.Grant = access.Grant.GRANTED,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
) -> None:
    """Give a unit one verb on one record; needs CanChangeEntitySchemaRecordRight and read on the record.

    Raises: NotFound, AccessDenied.
    """
    access.ensure_operation(ctx, access.Operation.CHANGE_RECORD_RIGHTS)

    def share() -> None:
        view = view_of(ctx, object_code)
        lock_record(ctx, view, RecordId(record_id), access.Verb.READ)
        access.store_share(
            ctx,
            view.object.id,
            RecordId(record_id),
            unit,
            verb,
            grant,
            valid_from=valid_from,
            valid_to=valid_to,
        )

    decided(ctx, share)

"""Sharing one record with a unit, and denying it: who may give what they have themselves."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.ids import RecordId, UnitId
from ostiary.kernel.messages import worded
from ostiary.records._errors import not_passed_on
from ostiary.records._lock import lock_record
from ostiary.records._view import View, decided, view_of


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
    """Give a unit one verb on one record.

    Needs the verb with delegation on the record, or CanChangeEntitySchemaRecordRight, which counts as that.
    Raises: NotFound: absent or hidden. AccessDenied: may not give it. Invalid: the unit, the verb, the dates.
    """
    if valid_from is not None and valid_to is not None and valid_from >= valid_to:
        raise Invalid([FieldError("valid_to", "before_start", "It ends before it begins")])

    def share() -> None:
        view = view_of(ctx, object_code)
        lock_record(ctx, view, RecordId(record_id), access.Verb.READ)
        _ensure_delegable(ctx, view, record_id, verb)
        _ensure_unit(ctx, unit)
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


def unshare_record(ctx: Context, object_code: str, record_id: UUID, unit: UnitId, verb: access.Verb) -> None:
    """Take a share back; needs what giving it needs. Raises: NotFound: absent, hidden, or not shared."""

    def unshare() -> None:
        view = view_of(ctx, object_code)
        lock_record(ctx, view, RecordId(record_id), access.Verb.READ)
        _ensure_delegable(ctx, view, record_id, verb)
        access.remove_share(ctx, RecordId(record_id), unit, verb)

    decided(ctx, unshare)


def deny_record(
    ctx: Context, object_code: str, record_id: UUID, unit: UnitId, verbs: Iterable[access.Verb]
) -> None:
    """Deny a unit these verbs on one record (none: no deny any more); needs the operation for it.

    Raises: NotFound, AccessDenied. Invalid: no such unit, a verb that cannot be denied, an object that allows
    no denies.
    """
    wanted = frozenset(verbs)
    access.ensure_operation(ctx, access.Operation.CHANGE_RECORD_RIGHTS)

    def deny() -> None:
        view = view_of(ctx, object_code)
        lock_record(ctx, view, RecordId(record_id), access.Verb.READ)
        if not view.rights.allows_denies(view.object.id):
            raise Invalid(
                [
                    FieldError(
                        "verbs",
                        "denies_off",
                        worded("%(object)s allows no denies", object=view.object.caption),
                    )
                ]
            )
        if wanted:
            _ensure_unit(ctx, unit)
        access.store_denies(ctx, view.object.id, RecordId(record_id), unit, wanted)

    decided(ctx, deny)


def _ensure_unit(ctx: Context, unit: UnitId) -> None:
    """Raises Invalid: there is no such person or role."""
    if unit not in identity.describe_units(ctx, [unit]):
        raise Invalid([FieldError("unit", "unknown", "There is no such person or role")])


def _ensure_delegable(ctx: Context, view: View, record_id: UUID, verb: access.Verb) -> None:
    """Raises AccessDenied(layer="record"): the verb is not held with delegation, nor the operation."""
    if view.rights.operation(access.Operation.CHANGE_RECORD_RIGHTS).allowed:
        return
    if access.may_pass_on(ctx, view.rights, view.catalogue.grounds, view.object.id, record_id, verb):
        return
    raise not_passed_on(view.object, RecordId(record_id), verb)

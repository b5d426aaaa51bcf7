"""Taking an import back: what it made is deleted, what it changed gets its values again, the last rows first.

Only what nobody changed since: the version says so. Each record is decided by itself, at the rights of now.
"""

from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound, OstiaryError, VersionConflict
from ostiary.records._bulk_delete import delete_each
from ostiary.records._bulk_update import RowUpdate, update_each
from ostiary.records._bulk_walk import code_of_now
from ostiary.records._import_blocks import BLOCK
from ostiary.records._import_kept import Import
from ostiary.records._import_outcome import Line, keep_outcome
from ostiary.records._import_touched import Touched, forget_touched, next_touched

UNDONE, LEFT = "undone", "left"


def undo_step(ctx: Context, made: Import) -> int:
    """Some records; how many they were."""
    found = next_touched(ctx, made.id, BLOCK)
    refusals: dict[UUID, OstiaryError | None] = {}
    for (object_id, changed), group in groupby(found, lambda each: (each.object_id, each.before is not None)):
        refusals |= _taken_back(ctx, object_id, list(group), changed=changed)
    done = [each for each in found if refusals[each.id] is None]
    staying = [each.id for each in found if refusals[each.id] is not None]
    forget_touched(ctx, made.id, [each.id for each in done], staying)
    keep_outcome(ctx, made, [_line(each, refusals[each.id]) for each in found], LEFT)
    return len(found)


def _taken_back(
    ctx: Context, object_id: UUID, group: Sequence[Touched], *, changed: bool
) -> dict[UUID, OstiaryError | None]:
    try:
        code = code_of_now(ctx, object_id)
    except NotFound as gone:
        return {each.id: gone for each in group}
    if changed:
        asked = [RowUpdate(each.id, each.before or {}, each.version) for each in group]
        rows = update_each(ctx, code, asked).rows
    else:
        rows = delete_each(ctx, code, [(each.id, each.version) for each in group]).rows
    return {each.id: row.refusal for each, row in zip(group, rows, strict=True)}


def _line(each: Touched, refusal: OstiaryError | None) -> Line:
    reason = ""
    if isinstance(refusal, VersionConflict):
        reason = "changed since, so it stays as it is"
    elif refusal is not None:
        reason = refusal.message
    fields = ", ".join(each.before or ())
    return Line(each.place, "", LEFT if refusal else UNDONE, str(each.id), fields, reason)

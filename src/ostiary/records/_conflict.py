"""Two who save the same record: what goes together is kept, and of the rest the second is told.

A save in between stands in the way only where it changed a column that is now written and may be read. What
changed in columns that the writer may not read makes no difference, not even to whether it goes through.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, VersionConflict
from ostiary.kernel.ids import RecordId
from ostiary.objects.public import ColumnType
from ostiary.records._lock import Before
from ostiary.records._read import record_read, select_record
from ostiary.records._references import ensure_references, found_references
from ostiary.records._values import clean, plain
from ostiary.records._view import View

_CHANGES = ("records.record.updated", "records.record.merged")
MOST_VERSIONS = 100  # that an editor may be behind, without saying what it saw


def settle(
    ctx: Context,
    view: View,
    record_id: RecordId,
    before: Before,
    typed: Mapping[str, Any],
    version: int,
    base: Mapping[str, object] | None,
) -> Mapping[str, Any]:
    """What to write into a record that is no longer at `version`, the one that the editor saw.

    base: the values that it saw; a column that is given as it was seen was not edited. Columns that `base`
    does not name are looked up in the change log. Raises: VersionConflict; Invalid: `base`.
    """
    seen: Mapping[str, Any] = _seen(view, base or {})
    edited = {c: v for c, v in typed.items() if c not in seen or v != seen[c]}
    # from here on no value leads to a hidden record, so none can be compared with the one that is there
    ensure_references(ctx, view, edited, before=before.values)
    seen = _without_hidden(ctx, view, seen)
    asked = {c for c, v in edited.items() if c in view.readable and v != before.values[c]}
    unsaid = {c for c in asked if c not in seen}
    moved = {c for c in asked if c in seen and seen[c] != before.values[c]}
    if unsaid:
        moved |= unsaid & _changed_since(ctx, view, record_id, before, version)
    if moved:
        raise conflict_of(ctx, view, record_id, before, {c: typed[c] for c in typed if c in moved})
    return edited


def _seen(view: View, base: Mapping[str, object]) -> dict[str, Any]:
    """The values of readable columns, typed; others are passed over, whatever they say."""
    errors: list[FieldError] = []
    seen = {}
    for asked, value in base.items():
        column = view.readable.get(asked)
        if column is not None:
            seen[column.code] = clean(column, value, errors)
    if errors:
        raise Invalid([replace(error, field=f"base.{error.field}") for error in errors])
    return seen


def _without_hidden(ctx: Context, view: View, seen: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values less ids of records that the writer may not read: the change log judges in their place."""
    columns = {c: view.object.columns[c] for c, value in seen.items() if value is not None}
    hidden = {
        c
        for c, column in columns.items()
        if column.type is ColumnType.LOOKUP
        and not found_references(ctx, view, column, [seen[c]], checked=True)
    }
    return {c: value for c, value in seen.items() if c not in hidden}


def _changed_since(
    ctx: Context, view: View, record_id: RecordId, before: Before, version: int
) -> frozenset[str]:
    """Codes of the columns that changed after `version`; all of them where the log cannot tell."""
    every = frozenset(view.object.columns)
    behind = before.version - version
    if not 0 < behind <= MOST_VERSIONS:
        return every
    events = audit.list_events(
        ctx, view.object.name, record_id, behind, types=_CHANGES
    )  # one for each version
    if len(events) < behind or not audit.are_whole(ctx, [event.id for event in events]):
        return every
    changes = [change for event in events for part in event.parts for change in part.get("changes", ())]
    fields = {change["field"] for change in changes}
    return frozenset(code for code in every if view.object.columns[code].name in fields)


def conflict_of(
    ctx: Context, view: View, record_id: RecordId, before: Before, typed: Mapping[str, Any]
) -> VersionConflict:
    """Both values of each readable column that differs; theirs as a read would show it, recorded."""
    differing = tuple(c for c, v in typed.items() if c in view.readable and before.values[c] != v)
    theirs: Mapping[str, Any] = {}
    if differing:
        record, data_class = select_record(ctx, view.object.code, record_id, differing, verdicts=False)
        theirs = {} if record is None else record.data
        # this request ends in a refusal and is rolled back; what it showed has to stay recorded
        record_read(
            replace(ctx, tentative=True), data_class, "records.record.viewed", view.object.name, record_id
        )
    return VersionConflict(
        "Someone else saved this record first",
        version=before.version,
        yours={c: plain(typed[c]) for c in differing},
        theirs={c: theirs.get(c) for c in differing},
    )

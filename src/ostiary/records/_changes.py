"""What a write changed, as parts of its event: personal data apart, so that it can be erased alone."""

from collections.abc import Mapping
from typing import Any

from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.ids import EventId, RecordId
from ostiary.records._values import plain
from ostiary.records._view import View

Changes = list[dict[str, object]]


def by_subject(view: View, changes: Mapping[str, tuple[Any, Any]]) -> tuple[Changes, Changes]:
    """Changes of columns that hold personal data, and the others, as parts of an event.

    A column is called by its stored name, which no change of metadata touches.
    """
    personal: Changes = []
    other: Changes = []
    for code, (before, after) in changes.items():
        column = view.object.columns.get(code) or view.object.dropped[code]
        change: dict[str, object] = {"field": column.name}
        if before is not None:
            change["before"] = plain(before)
        if after is not None:
            change["after"] = plain(after)
        (other if column.personal_data in ("none", "staff") else personal).append(change)
    return personal, other


def append_change(
    ctx: Context,
    event: str,
    view: View,
    record_id: RecordId,
    changes: tuple[Changes, Changes],
    event_id: EventId,
) -> None:
    """Record a change of one record, `changes` as `by_subject` gives them."""
    personal, other = changes
    parts = [audit.Part("changes", {"changes": other})] if other else []
    if personal:
        # a part of its own, so that the person can be erased without hurting the rest
        parts.append(audit.Part("changes", {"changes": personal}, data_subject=record_id))
    audit.append(
        ctx, event, object_type=view.object.name, object_ref=record_id, parts=parts, event_id=event_id
    )

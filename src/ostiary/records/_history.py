"""Events of a record, for whoever may read it, under today's column rights."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.records._read import _get, readable_view
from ostiary.records._view import View, decided


def record_events(ctx: Context, object_code: str, record_id: UUID, limit: int = 50) -> list[audit.EventView]:
    """What happened to a record, newest first. Changes of columns below read are left out.

    Raises: NotFound: absent or hidden. AccessDenied.
    """
    view = decided(ctx, lambda: readable_view(ctx, object_code))
    found, _ = decided(ctx, lambda: _get(ctx, object_code, record_id, (), verdicts=False))
    if found is None:
        raise NotFound
    events = audit.list_events(ctx, object_code, record_id, limit)
    return [replace(event, parts=[_shown(view, part) for part in event.parts]) for event in events]


def _shown(view: View, part: dict[str, Any]) -> dict[str, Any]:
    if "changes" not in part:
        return part
    return {**part, "changes": [c for c in part["changes"] if c.get("field") in view.readable]}

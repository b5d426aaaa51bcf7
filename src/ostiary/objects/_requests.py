"""Changes as rows: what was asked for, by whom, and what became of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NewType
from uuid import UUID

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, NotFound
from ostiary.kernel.ids import new_id
from ostiary.objects._change import Change
from ostiary.objects._change_file import change_document

ChangeId = NewType("ChangeId", UUID)
ABOUT_DATA = frozenset({"empty", "longer", "outside", "full"})  # refusals that depend on values


@dataclass(frozen=True, slots=True)
class RequestedChange:
    """A change that was asked for.

    state: requested, applied, refused, or failed: given up with its job, which can be tried again.
    """

    id: ChangeId
    kind: str
    definition: dict[str, Any]
    expected: int | None
    plan: tuple[str, ...]
    state: str
    requested_by: UUID | None
    requested_at: datetime
    ended_at: datetime | None
    refusal: dict[str, Any]


_COLUMNS = "id, kind, definition, expected, plan, state, requested_by, requested_at, ended_at, refusal"


def insert(
    ctx: Context, change: Change, plan: Sequence[str], *, expected: int | None, state: str = "requested"
) -> ChangeId:
    """Keep a change."""
    made = ChangeId(new_id())
    ctx.db.run(
        "insert into @.objects_change (id, kind, definition, expected, plan, state, requested_by, ended_at)"
        " values (%(id)s, %(kind)s, %(definition)s::jsonb, %(expected)s, %(plan)s::jsonb, %(state)s, %(by)s,"
        " case when %(state)s = 'requested' then null else now() end)",
        {
            "id": made,
            "kind": change.kind,
            "definition": json.dumps(change_document(change)),
            "expected": expected,
            "plan": json.dumps(list(plan)),
            "state": state,
            "by": ctx.principal,
        },
    )
    return made


def record_applied(ctx: Context, change: Change, plan: Sequence[str]) -> ChangeId:
    """Keep a change that was made at once."""
    return insert(ctx, change, plan, expected=None, state="applied")


def find(ctx: Context, change: UUID) -> RequestedChange | None:
    """A change by id, or None."""
    row = ctx.db.row(f"select {_COLUMNS} from @.objects_change where id = %(id)s", {"id": change})
    return None if row is None else _of(row)


def get_change(ctx: Context, change: UUID) -> RequestedChange:
    """A change by id; needs CanManageSolution, but of whoever asked for it. Raises NotFound, AccessDenied."""
    found = find(ctx, change)
    if found is None or found.requested_by is None or found.requested_by != ctx.principal:
        access.ensure_operation(ctx, access.Operation.MANAGE_SOLUTION)
    if found is None:
        raise NotFound
    return _told(ctx, found)


def list_changes(ctx: Context, limit: int = 50) -> list[RequestedChange]:
    """The last changes, newest first; needs CanManageSolution. Raises AccessDenied."""
    access.ensure_operation(ctx, access.Operation.MANAGE_SOLUTION)
    return [_told(ctx, found) for found in newest(ctx, max(1, min(limit, 500)))]


def _told(ctx: Context, found: RequestedChange) -> RequestedChange:
    """Why it was refused tells of stored values sometimes: not to whoever may not view any data."""
    codes = {error.get("code") for error in found.refusal.get("errors", ())}
    if not codes & ABOUT_DATA or access.may_operate(ctx, access.Operation.VIEW_ANY_DATA):
        return found
    words = "What is stored does not allow it (not shown)"
    return replace(found, refusal={"code": found.refusal["code"], "message": words, "errors": []})


def newest(ctx: Context, limit: int) -> list[RequestedChange]:
    """The last changes, newest first."""
    rows = ctx.db.rows(
        f"select {_COLUMNS} from @.objects_change order by requested_at desc, id desc limit %(n)s",
        {"n": limit},
    )
    return [_of(row) for row in rows]


def _of(row: tuple[Any, ...]) -> RequestedChange:
    id_, kind, definition, expected, plan, *rest = row
    return RequestedChange(ChangeId(id_), kind, definition, expected, tuple(plan), *rest)


def end(ctx: Context, change: UUID, state: str, refusal: dict[str, Any] | None = None) -> None:
    """Say what became of a change, unless it was made or refused already; only the owner's role may."""
    ctx.db.run(
        "update @.objects_change set state = %(state)s, ended_at = now(), refusal = %(refusal)s::jsonb"
        " where id = %(id)s and state in ('requested', 'failed')",
        {"id": change, "state": state, "refusal": json.dumps(refusal or {})},
    )


def record_denied(ctx: Context, refusal: AccessDenied, change: UUID | None = None) -> None:
    """An event of what was denied while a change was made: what the owner's transaction noted is gone."""
    facts = {name: str(value) for name, value in refusal.details.items()}
    audit.append(
        ctx,
        "objects.change.denied",
        outcome="denied",
        object_type=None if change is None else "change",
        object_ref=change,
        parts=[audit.Part("decision", {**facts, "code": refusal.code})],
    )

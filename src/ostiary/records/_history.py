"""Events of a record, for whoever may read it, under today's rights on columns and on what lookups named."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import UnitId
from ostiary.objects import public as objects
from ostiary.records._filters import Compare, Op
from ostiary.records._plans import highest_class
from ostiary.records._query import MAX_LIMIT, PlanShape, RecordQuery
from ostiary.records._read import readable_view, record_read, select_page, select_record
from ostiary.records._reveal import REVEALED
from ostiary.records._view import View, decided, view_of

RESTRICTED: Mapping[str, object] = {"restricted": True}
Shown = Mapping[tuple[str, str], Mapping[str, object]]  # (column, id) -> what the reader may see of it


def record_events(
    ctx: Context, object_code: str, record_id: UUID, limit: int = 50, *, types: Sequence[str] = ()
) -> list[audit.EventView]:
    """What happened to a record, newest first, without the technical context of those who did it.

    types: only events of these; none: all. limit: at most 500. Changes of columns below read are left out.
    Values of lookups and owners are `{"id", "display"}`, or `{"restricted": true}` for a record that the
    reader may not read.
    Raises: NotFound: absent or hidden. AccessDenied.
    """
    view = decided(ctx, lambda: readable_view(ctx, object_code))
    found, _ = decided(ctx, lambda: select_record(ctx, object_code, record_id, (), verdicts=False))
    if found is None:
        raise NotFound
    found_events = audit.list_events(ctx, view.object.name, record_id, limit, types=types)
    events = [_by_codes(view, event) for event in found_events]
    changes = [c for e in events for p in e.parts for c in p.get("changes", ())]
    told = [view.readable[c["field"]] for c in changes if c["field"] in view.readable]
    record_read(ctx, highest_class(told), "records.history.viewed", view.object.name, found.id)
    shown = _references(ctx, view, changes)
    return [replace(event, technical={}, parts=list(_readable_parts(view, event, shown))) for event in events]


def _by_codes(view: View, event: audit.EventView) -> audit.EventView:
    """The event with each column under its code of now; events know it by its stored name."""
    codes = {c.name: c.code for c in view.object.columns.values()}

    def renamed(part: dict[str, Any]) -> dict[str, Any]:
        if "field" in part:
            return part | {"field": codes.get(part["field"], "")}
        if "changes" not in part:
            return part
        # what is stored under no name of now was dropped: "" is no column's code
        return {**part, "changes": [c | {"field": codes.get(c["field"], "")} for c in part["changes"]]}

    return replace(event, parts=[renamed(part) for part in event.parts])


def _readable_parts(view: View, event: audit.EventView, shown: Shown) -> Iterator[dict[str, Any]]:
    """Parts in which something is left: an empty one would tell which kind of column was changed."""
    for part in event.parts:
        if event.type == REVEALED:
            if part["field"] in view.shown:  # it and the reason are for those who know at least its mask
                yield part
        elif "changes" not in part:
            yield part
        elif changes := [_readable_change(c, shown) for c in part["changes"] if c["field"] in view.readable]:
            yield {"changes": changes}  # what else stands there names other records


def _readable_change(change: Mapping[str, Any], shown: Shown) -> dict[str, Any]:
    code = change["field"]
    return {side: shown.get((code, str(value)), value) for side, value in change.items()} | {"field": code}


def _references(ctx: Context, view: View, changes: Iterable[Mapping[str, Any]]) -> Shown:
    wanted: dict[str, set[str]] = {}
    for change in changes:
        column = view.readable.get(change["field"])
        if column is not None and column.type in (objects.ColumnType.LOOKUP, objects.ColumnType.OWNER):
            ids = wanted.setdefault(column.code, set())
            ids.update(str(change[side]) for side in ("before", "after") if change.get(side))
    shown: dict[tuple[str, str], Mapping[str, object]] = {}
    for code, ids in wanted.items():
        known = _displays(ctx, view.readable[code], sorted(ids)[:MAX_LIMIT])
        for id_ in ids:
            shown[code, id_] = {"id": id_, "display": known[id_]} if id_ in known else RESTRICTED
    return shown


def _displays(ctx: Context, column: objects.Column, ids: list[str]) -> dict[str, object]:
    """What each readable reference shows; those that may not be read are missing."""
    if column.type is objects.ColumnType.OWNER:
        names = identity.names_of(ctx, [UnitId(UUID(i)) for i in ids])
        return {str(unit): name for unit, name in names.items()}
    target = view_of(ctx, column.target or "")
    if not target.may(access.Verb.READ):
        return {}
    display = target.object.display
    columns = (display,) if display in target.readable else ()
    query = RecordQuery(
        target.object.code,
        columns,
        Compare("id", Op.IN, ids),
        limit=max(1, len(ids)),
        plan=PlanShape.SORT,  # few ids: ask the rights of each
    )
    page, _ = decided(ctx, lambda: select_page(ctx, query))
    return {r["id"]: r.get(display) for r in page.records()}

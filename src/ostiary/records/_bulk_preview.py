"""What a bulk change may do: "42 selected, 39 you may change, 3 not", and why. Nothing is locked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, NotFound, OstiaryError
from ostiary.kernel.ids import RecordId
from ostiary.records._bulk_select import Which, selected
from ostiary.records._columns import Bound
from ostiary.records._errors import ColumnNotEditable, ColumnRestricted
from ostiary.records._lock import refusal_of
from ostiary.records._read import object_name, verdict
from ostiary.records._statement import make_statement
from ostiary.records._view import Stale, View, decided, ensure_object, view_of
from ostiary.records._write import Write


@dataclass(frozen=True, slots=True)
class Preview:
    """How many were selected, which may be written, and why each of the others may not.

    Values are not looked at, nor whether something refers to what would be deleted.
    """

    selected: int
    allowed: tuple[RecordId, ...]
    refused: tuple[tuple[RecordId, OstiaryError], ...]

    def reasons(self) -> list[tuple[str, int]]:
        """The words of each refusal with how many it concerns, most first."""
        counts: dict[str, int] = {}
        for _, refusal in self.refused:
            counts[refusal.message] = counts.get(refusal.message, 0) + 1
        return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


def preview_update(ctx: Context, object_code: str, which: Which, columns: Iterable[str] = ()) -> Preview:
    """Which of the selected records may be changed, in these columns. Raises as `update_records`."""
    return _preview(ctx, object_code, which, access.Verb.UPDATE, tuple(columns))


def preview_delete(ctx: Context, object_code: str, which: Which) -> Preview:
    """Which of the selected records the principal may delete. Raises as `update_records`."""
    return _preview(ctx, object_code, which, access.Verb.DELETE, ())


def permitted(
    ctx: Context, object_code: str, ids: Sequence[RecordId], verb: access.Verb
) -> frozenset[RecordId]:
    """Of records that were just listed, those to which this may be done too: verdicts for a page, no event.

    Raises: as `preview_update`.
    """
    verdicts = decided(ctx, lambda: _verdicts(ctx, object_code, ids, verb, ()))
    return frozenset(id_ for id_ in ids if verdicts[id_] is None)


def _preview(ctx: Context, code: str, which: Which, verb: access.Verb, columns: tuple[str, ...]) -> Preview:
    ids = list(dict.fromkeys(RecordId(id_) for id_, _ in selected(ctx, code, which)))
    verdicts = decided(ctx, lambda: _verdicts(ctx, code, ids, verb, columns))
    allowed = tuple(id_ for id_ in ids if verdicts[id_] is None)
    refused = tuple((id_, refusal) for id_ in ids if (refusal := verdicts[id_]) is not None)
    facts = {"verb": verb.value, "ids": [str(id_) for id_ in ids], "allowed": len(allowed)}
    name, parts = object_name(ctx, code), [audit.Part("read", facts)]
    audit.append(ctx, "records.bulk.previewed", object_type=name, parts=parts)
    return Preview(len(ids), allowed, refused)


def _verdicts(
    ctx: Context, code: str, ids: Sequence[RecordId], verb: access.Verb, columns: tuple[str, ...]
) -> dict[RecordId, OstiaryError | None]:
    view = view_of(ctx, code)
    found = _readable(ctx, view, ids, verb)
    everywhere = refusal_everywhere(view, verb, columns)
    verdicts: dict[RecordId, OstiaryError | None] = {}
    for id_ in ids:
        if id_ not in found:
            verdicts[id_] = NotFound()
        elif everywhere is not None and everywhere.layer == "object":
            verdicts[id_] = everywhere
        else:
            verdicts[id_] = everywhere if found[id_] else refusal_of(view, id_, verb)
    return verdicts


def refusal_everywhere(view: View, verb: access.Verb, columns: tuple[str, ...]) -> AccessDenied | None:
    """What refuses every record: layer 2, or a column."""
    try:
        ensure_object(view, verb)
    except AccessDenied as refusal:
        return refusal
    for code in columns:
        column = view.object.columns.get(code)
        if column is None or not view.may_write(column, verb):
            return ColumnNotEditable(code) if code in view.readable else ColumnRestricted(code)
    return None


def _readable(ctx: Context, view: View, ids: Sequence[UUID], verb: access.Verb) -> dict[RecordId, bool]:
    """Of each record that may be read, whether layer 3 permits the verb. Raises Stale."""
    rows = []
    if ids and view.may(access.Verb.READ):
        key = ("verdicts", verb)
        known = view.statements.get(key)
        if not isinstance(known, Write):
            bound = Bound(ctx, view)
            text = (
                f"select {bound.epoch()}, r.id, {verdict(bound, view, verb)}"
                f" from @.{view.object.table} r"
                f" where r.id = any({{ids}}::uuid[]) and {bound.row_test(view, 'r')}"
            )
            known = view.statements[key] = Write(make_statement(ctx.db.schema, text), bound.values)
        rows = known.statement.run(ctx, {**known.values, "ids": list(ids)})
    if any(row[0] != view.rights.epoch for row in rows):
        raise Stale
    if not rows and access.current_rights(ctx) is not view.rights:
        raise Stale
    return {RecordId(row[1]): row[2] for row in rows}

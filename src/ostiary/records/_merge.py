"""Merging: one record is left of several, and everything that referred to the others refers to it.

It is refused as a whole where any row that would have to change is hidden or may not be changed, in the words
of a deletion, which tell neither how many nor what they are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import errors as database

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.ids import RecordId
from ostiary.kernel.messages import worded
from ostiary.objects import public as objects
from ostiary.records._bulk import MAX_ROWS
from ostiary.records._bulk_rows import Changed, Locked, Told, about, lock_records, tell_all
from ostiary.records._columns import stored
from ostiary.records._conflict import conflict_of
from ostiary.records._effects import Effect
from ostiary.records._errors import InUse, TooManyRows
from ostiary.records._follow import follow
from ostiary.records._lock import Before, lock_for_rules, lock_record
from ostiary.records._query import Record
from ostiary.records._read import select_record
from ostiary.records._references import ensure_references
from ostiary.records._remove import all_gone, remove_rows
from ostiary.records._rules import ruled
from ostiary.records._stored import Planned, changed_state, changes_of, store_states
from ostiary.records._view import View, decided, view_of
from ostiary.records._write import typed_values

MOST_MERGED = 20  # into one, in one call: each is one part of the event at least
EVENT = "records.record.merged"


@dataclass(frozen=True, slots=True)
class _Referring:
    """A row of some object that refers to a record which goes."""

    view: View
    plan: Planned
    changes: Mapping[str, tuple[Any, Any]]


def merge_records(
    ctx: Context,
    object_code: str,
    keep: UUID,
    others: Sequence[UUID],
    values: Mapping[str, object],
    *,
    versions: Mapping[UUID, int] | None = None,
) -> Record:
    """Let `keep` take `values` and the place of `others`, which are deleted; one event with all of before.

    Needs update on the one that is kept, delete on the others and update on each row that refers to them.
    Shares of the others go over as they are. versions: of these records, as they were seen.
    Raises: NotFound, AccessDenied, Invalid, VersionConflict: as single writes. InUse: a row that refers to
    one of the others is hidden or may not be changed. TooManyRows.
    """
    gone = [RecordId(id_) for id_ in others]
    _ensure_sensible(RecordId(keep), gone)

    def attempt() -> Record:
        with ctx.db.savepoint():
            return _merge(ctx, object_code, RecordId(keep), gone, values, versions or {})

    return decided(ctx, attempt)


def _ensure_sensible(keep: RecordId, gone: Sequence[RecordId]) -> None:
    if not gone or len({keep, *gone}) != 1 + len(gone):
        raise Invalid([FieldError("others", "twice", "Merge two or more different records")])
    if len(gone) > MOST_MERGED:
        raise TooManyRows(MOST_MERGED)


def _merge(
    ctx: Context,
    code: str,
    keep: RecordId,
    gone: Sequence[RecordId],
    values: Mapping[str, object],
    versions: Mapping[UUID, int],
) -> Record:
    view = view_of(ctx, code)
    locked = _lock(ctx, view, keep, gone, versions)
    typed = _kept_values(ctx, view, keep, locked[keep], values, frozenset(gone))
    plan = Planned(0, keep, locked[keep], typed)
    changes = changes_of(view, locked[keep], typed)
    referring = list(_referring(ctx, view, keep, gone))
    told = _tell(view, plan, changes, {id_: locked[id_] for id_ in gone}, referring)
    _redirect(ctx, referring, told)
    moved = access.move_shares(ctx, gone, keep)
    _let_go(ctx, view, keep, typed)
    _remove(ctx, view, gone)  # before the kept record may take a value that has to be unique
    _store(ctx, view, [changed_state(view, plan, changes, told.events[keep])])
    _append(ctx, view, told.with_facts(keep, {"shares": [list(share) for share in moved]}))
    _follow_all(ctx, plan, view, {id_: locked[id_] for id_ in gone}, referring)
    record, _ = select_record(ctx, code, keep, None, verdicts=False)
    version = locked[keep].version + 1
    lost = Record(keep, version, b"", view.restricted, may_update=False, may_delete=False, visible=False)
    return record or lost


def _lock(
    ctx: Context, view: View, keep: RecordId, gone: Sequence[RecordId], versions: Mapping[UUID, int]
) -> dict[RecordId, Before]:
    """Lock and decide on each, in the order of their ids, as everybody who locks several does."""
    locked = {}
    for id_ in sorted([keep, *gone]):
        verb = access.Verb.UPDATE if id_ == keep else access.Verb.DELETE
        before = locked[id_] = lock_record(ctx, view, id_, verb)
        if versions.get(id_, before.version) != before.version:
            raise conflict_of(ctx, view, id_, before, {})
    return locked


def _kept_values(
    ctx: Context,
    view: View,
    keep: RecordId,
    before: Before,
    values: Mapping[str, object],
    gone: frozenset[RecordId],
) -> dict[str, Any]:
    """What the kept record gets; a lookup of its own to one that goes would lead to itself and is emptied."""
    typed = typed_values(ctx, view, values, access.Verb.UPDATE, before.values)
    for column in _lookups(view.object, view.object):
        if typed.get(column.code) in gone:
            raise Invalid(
                [FieldError(column.code, "not_found", worded("%(field)s: not found", field=column.caption))]
            )
        if column.code not in typed and before.values[column.code] in gone:
            if column.required or not view.may_write(column, access.Verb.UPDATE):
                raise InUse
            typed[column.code] = None
    said = frozenset(typed)
    typed = ruled(ctx, view, before.values, typed, record=keep)
    ensure_references(ctx, view, typed, said, before=before.values)
    return typed


def _lookups(made: objects.Object, target: objects.Object) -> list[objects.Column]:
    """The columns of an object that refer to another, each once: a former code leads to the same column."""
    codes = {target.code, *(former.code for former in target.former)}
    found = {c.id: c for c in made.columns.values() if c.target in codes}
    return list(found.values())


def _referring(ctx: Context, view: View, keep: RecordId, gone: Sequence[RecordId]) -> Iterator[_Referring]:
    """Every row that refers to one of those that go, locked. Raises InUse: one is hidden or closed."""
    made = {o.id: o for o in view.catalogue.objects.values()}
    left = MAX_ROWS
    for other in sorted(made.values(), key=lambda each: each.table):
        columns = _lookups(other, view.object)
        if not columns:
            continue
        ids = _rows_that_refer(ctx, other, columns, [keep, *gone], gone, left + 1)
        found = list(_locked(ctx, view, other, columns, ids, keep, gone))
        left -= len(found)
        if left < 0:
            raise TooManyRows(MAX_ROWS)
        yield from found


def _rows_that_refer(
    ctx: Context,
    made: objects.Object,
    columns: Sequence[objects.Column],
    apart: Sequence[RecordId],
    gone: Sequence[RecordId],
    limit: int,
) -> list[RecordId]:
    """Ids of rows that refer, whoever may see them: the caller answers alike for hidden and closed ones."""
    where = " or ".join(f"{stored(column)} = any(%(gone)s)" for column in columns)
    rows = ctx.db.rows(
        f"select id from @.{made.table} where ({where}) and id <> all(%(apart)s)"
        " order by id limit %(limit)s::int",
        {"gone": list(gone), "apart": list(apart), "limit": limit},
    )
    return [RecordId(row[0]) for row in rows]


def _locked(
    ctx: Context,
    view: View,
    made: objects.Object,
    columns: Sequence[objects.Column],
    ids: Sequence[RecordId],
    keep: RecordId,
    gone: Sequence[RecordId],
) -> Iterator[_Referring]:
    if not ids:
        return
    theirs = view_of(ctx, made.code)
    log = made.log  # what is logged of a record goes over to the one that takes its place
    if log:
        locked: Locked = {id_: (True, x) for id_, x in lock_for_rules(ctx, theirs, ids).items()}
    else:
        locked = lock_records(ctx, theirs, ids, access.Verb.UPDATE)
    for id_ in ids:
        allowed, before = locked.get(id_, (False, None))
        if before is None or not allowed or not (log or theirs.may(access.Verb.UPDATE)):
            raise InUse
        typed = {c.code: keep for c in columns if before.values[c.code] in gone}
        if not log and any(
            not theirs.may_write(theirs.object.columns[code], access.Verb.UPDATE) for code in typed
        ):
            raise InUse
        changes = {code: (before.values[code], keep) for code in typed}
        yield _Referring(theirs, Planned(0, id_, before, typed), changes)


def _tell(
    view: View,
    plan: Planned,
    changes: Mapping[str, tuple[Any, Any]],
    gone: Mapping[RecordId, Before],
    referring: Iterable[_Referring],
) -> Told:
    """One event about all of them, from which the merge could be undone: of what goes, everything."""
    abouts = [about(view, Changed(plan.id, changes), {"merged": [str(id_) for id_ in gone]})]
    for id_, before in gone.items():
        facts = {"into": str(plan.id), "version": before.version, "author": str(before.author)}
        abouts.append(about(view, Changed(id_, all_gone(before)), facts))
    abouts += [about(each.view, Changed(each.plan.id, each.changes)) for each in referring]
    return tell_all(abouts)


def _redirect(ctx: Context, referring: Iterable[_Referring], told: Told) -> None:
    by_object: dict[str, tuple[View, list[_Referring]]] = {}
    for each in referring:
        by_object.setdefault(each.view.object.name, (each.view, []))[1].append(each)
    for view, rows in by_object.values():
        _store(ctx, view, [changed_state(view, r.plan, r.changes, told.events[r.plan.id]) for r in rows])


def _follow_all(
    ctx: Context,
    plan: Planned,
    view: View,
    gone: Mapping[RecordId, Before],
    referring: Iterable[_Referring],
) -> None:
    written = [Effect.over(plan.id, plan.before, plan.typed)]
    follow(ctx, view, [*written, *(Effect(id_, before.values, None) for id_, before in gone.items())])
    by_object: dict[str, tuple[View, list[Effect]]] = {}
    for each in referring:
        effect = Effect.over(each.plan.id, each.plan.before, each.plan.typed)
        by_object.setdefault(each.view.object.name, (each.view, []))[1].append(effect)
    for theirs, effects in by_object.values():
        follow(ctx, theirs, effects)


def _store(ctx: Context, view: View, states: Sequence[Any]) -> None:
    for row in store_states(ctx, view, states):
        if row.refusal is not None:
            raise row.refusal


def _let_go(ctx: Context, view: View, keep: RecordId, typed: Mapping[str, Any]) -> None:
    """Loosen the kept record's own lookups from those that go; its next version comes after."""
    for column in _lookups(view.object, view.object):
        if column.code in typed:
            ctx.db.run(
                f"update @.{view.object.table} set {stored(column)} = %(value)s where id = %(id)s",
                {"id": keep, "value": typed[column.code]},
            )


def _remove(ctx: Context, view: View, gone: Sequence[RecordId]) -> None:
    try:
        with ctx.db.savepoint():
            remove_rows(ctx, view, gone)
    except database.ForeignKeyViolation:
        raise InUse from None  # a column that was dropped and is kept still refers


def _append(ctx: Context, view: View, told: Told) -> None:
    for event_id, abouts in told.by_event(told.abouts):
        audit.append_many(ctx, EVENT, abouts, object_type=view.object.name, event_id=event_id)

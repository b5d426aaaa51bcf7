"""What a write has to be followed by, in its transaction: the log of stages, and sums in other records.

The writer needs no right for it and gets none: what is written here follows from what they were allowed to
write, and from declarations (ADR 0036). Nobody is shown more than before.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ostiary.kernel.clock import now
from ostiary.kernel.context import Context
from ostiary.kernel.ids import RecordId, new_id
from ostiary.objects import public as objects
from ostiary.objects.public import SumOf
from ostiary.records._columns import stored
from ostiary.records._effects import Derived, Effect, store_derived
from ostiary.records._lock import Before, lock_for_rules
from ostiary.records._mirror import mirror_down, mirror_up
from ostiary.records._rules import apply_formulas, named
from ostiary.records._stored import (
    NewRow,
    Numbers,
    store_rows,
)
from ostiary.records._values import clean
from ostiary.records._view import View, view_of

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Watched:
    """Codes of columns whose change is followed: always, and only in records that were there and stay."""

    always: frozenset[str]
    kept: frozenset[str]


def is_followed(view: View, written: Sequence[Effect]) -> bool:
    """Whether these writes are followed by any."""
    known = view.statements.get("watched")
    if known is None:
        known = view.statements["watched"] = Watched(frozenset(_always(view)), frozenset(_kept(view)))
    return any(
        _moved_any(each, known.always) or (_differs(each, known.kept) if known.kept else False)
        for each in written
    )


def _always(view: View) -> Iterator[str]:
    links, code = view.catalogue.links, view.object.code
    for each in links.sums.get(code, ()):
        yield from (each.link, each.column)
    for child in links.mirrors.get(code, ()):
        mirrors = view.catalogue.objects[child].rules.mirrors
        names = {name for mirror in (mirrors.of if mirrors else ()) for _, name in mirror.columns}
        yield from (c.code for name in names if (c := named(view, name)) is not None)
    if view.object.rules.mirrors is not None:
        yield from view.object.columns


def _kept(view: View) -> Iterator[str]:
    for log in view.catalogue.links.logs.get(view.object.code, ()):
        made = view.catalogue.objects[log]
        stages = view.object.rules.stages
        names = {c.name for c in made.columns.values()} | ({stages.column} if stages else set())
        yield from (c.code for c in view.object.columns.values() if c.name in names)
        yield from ["owner"] if view.object.has_owner else []


def _moved_any(written: Effect, codes: frozenset[str]) -> bool:
    before, after = written.before or {}, written.after or {}
    return any(before.get(code) != after.get(code) for code in codes)


def _above(view: View) -> frozenset[str]:
    """The object of the master, by its code."""
    master = view.object.master_column
    return frozenset() if master is None else frozenset({view.catalogue.objects[str(master.target)].code})


def together(ctx: Context, view: View, written: Effect) -> AbstractContextManager[None]:
    """Round a write and what follows it: rights that change in between make all of it be done again."""
    return ctx.db.savepoint() if is_followed(view, [written]) else nullcontext()


def follow(ctx: Context, view: View, written: Sequence[Effect], *, but: str = "") -> None:
    """Do what follows from writes of one object. but: an object whose records go as well. Raises Stale."""
    if not is_followed(view, written):
        return
    links, code = view.catalogue.links, view.object.code
    for child in links.mirrors.get(code, ()):
        mirror_down(ctx, view, view_of(ctx, child), written)
    if view.object.rules.mirrors is not None and but not in _above(view):
        mirror_up(ctx, view, written, follow)
    for log in links.logs.get(code, ()):
        theirs = view_of(ctx, log)
        keep = (
            _log_stages if named(theirs, objects.LOG_STAGE) and named(theirs, "left_at") else _keep_versions
        )
        keep(ctx, view, theirs, written)
    by_owner: dict[str, list[SumOf]] = {}
    for each in links.sums.get(code, ()):
        if each.owner != but:
            by_owner.setdefault(each.owner, []).append(each)
    for owner, sums in by_owner.items():
        _add_up(ctx, view, view_of(ctx, owner), sums, written)


def _log_stages(ctx: Context, view: View, log: View, written: Sequence[Effect]) -> None:
    stages = view.object.rules.stages
    column = named(view, stages.column) if stages else None
    if column is None:
        return
    told = [column.code, *(["owner"] if view.object.has_owner else [])]
    ended = [
        w for w in written if _differs(w, told) and w.before is not None and w.before[column.code] is not None
    ]
    if ended:
        store_rows(ctx, log, list(_periods(ctx, view, log, column, ended)))


def _periods(
    ctx: Context, view: View, log: View, column: objects.Column, ended: Sequence[Effect]
) -> Iterator[NewRow]:
    master, until = log.object.master_column, now()
    if master is None:
        return
    numbers = Numbers(ctx, log, len(ended))
    begun = _begun(ctx, view, log, master, ended)
    for number, each in enumerate(ended):
        since, held_by = begun[each.id]
        before = each.before or {}
        said = {
            objects.LOG_STAGE: before[column.code],
            "held_by": held_by,
            "entered_at": since,
            "left_at": until,
            "minutes": max(0, int((until - since).total_seconds() // 60)),
        }
        typed = {c.code: v for name, v in said.items() if (c := named(log, name)) and v is not None}
        yield _entry(log, master, numbers, number, each.id, typed)


def _entry(
    log: View,
    master: objects.Column,
    numbers: Numbers,
    number: int,
    record_id: RecordId,
    typed: Mapping[str, Any],
) -> NewRow:
    drawn = {
        c.code: numbers.next(c)
        for c in log.object.columns.values()
        if c.type is objects.ColumnType.AUTO_NUMBER
    }
    return NewRow(number, RecordId(new_id()), {**typed, **drawn, master.code: record_id}, frozenset())


def _keep_versions(ctx: Context, view: View, log: View, written: Sequence[Effect]) -> None:
    """What the columns of a log held before, where one of them changed."""
    master = log.object.master_column
    taken = {*objects.VERSION_COLUMNS, "number", "" if master is None else master.name}
    pairs = [(c, named(view, c.name)) for c in log.object.columns.values() if c.name not in taken]
    copied = [(theirs, ours) for theirs, ours in pairs if ours is not None]
    changed = [w for w in written if _differs(w, [ours.code for _, ours in copied])]
    if master is None or not changed:
        return
    row = ctx.db.row("select name from @.identity_unit where id = %(id)s", {"id": ctx.actor})
    said = {"changed_by": row[0] if row else None, "kept_until": now()}
    told = {c.code: v for name, v in said.items() if (c := named(log, name)) and v is not None}
    numbers = Numbers(ctx, log, len(changed))
    rows = []
    for number, each in enumerate(changed):
        before = each.before or {}
        held = {t.code: before[o.code] for t, o in copied if before.get(o.code) is not None}
        rows.append(_entry(log, master, numbers, number, each.id, {**held, **told}))
    store_rows(ctx, log, rows)


def _differs(written: Effect, codes: Collection[str]) -> bool:
    before, after = written.before, written.after
    return before is not None and after is not None and any(before[c] != after[c] for c in codes)


def _begun(
    ctx: Context, view: View, log: View, master: objects.Column, ended: Sequence[Effect]
) -> Mapping[RecordId, tuple[datetime, str | None]]:
    """Since when each record was in its stage, and who owned it then."""
    owners = [None if each.before is None else each.before.get("owner") for each in ended]
    rows = ctx.db.rows(
        f"select r.id, coalesce((select max(l.left_at) from @.{log.object.table} l"
        f" where l.{stored(master)} = r.id), r.created_at),"
        " (select u.name from @.identity_unit u where u.id = v.owner)"
        " from unnest(%(ids)s::uuid[], %(owners)s::uuid[]) as v(id, owner)"
        f" join @.{view.object.table} r on r.id = v.id",
        {"ids": [each.id for each in ended], "owners": owners},
    )
    return {RecordId(id_): (since, name) for id_, since, name in rows}


def write_derived(ctx: Context, view: View, found: Sequence[Derived]) -> None:
    """Write what follows from declarations into locked rows, and what follows from that."""
    follow(ctx, view, store_derived(ctx, view, found))


def _add_up(ctx: Context, view: View, owner: View, sums: Sequence[SumOf], written: Sequence[Effect]) -> None:
    """Bring the sums of the records up to date that the written ones belong to, or belonged to."""
    ids = {values[s.link] for s in sums for w in written for values in (w.before, w.after) if values}
    locked = lock_for_rules(ctx, owner, sorted(id_ for id_ in ids if id_ is not None))
    changes: dict[RecordId, dict[str, Any]] = {record_id: {} for record_id in locked}
    for each in sums:
        found = _sums(ctx, view, each, list(locked)) if locked else {}
        target = owner.object.columns[each.target]
        for record_id, before in locked.items():
            new = clean(target, found.get(record_id), [])
            moved = sum((_moved(w, each, record_id) for w in written), ZERO)
            if new != before.values[target.code] and _follows(target, before, new, moved):
                changes[record_id][target.code] = new
    derived = [(id_, before, changes[id_]) for id_, before in locked.items() if changes[id_]]
    for _, before, typed in derived:
        apply_formulas(owner, before.values, typed)
    write_derived(ctx, owner, derived)


def _sums(ctx: Context, view: View, each: SumOf, ids: list[RecordId]) -> Mapping[RecordId, Decimal]:
    link, column = (stored(view.object.columns[code]) for code in (each.link, each.column))
    rows = ctx.db.rows(
        f"select {link}, sum({column}) from @.{view.object.table} where {link} = any(%(ids)s) group by 1",
        {"ids": ids},
    )
    return {RecordId(id_): total for id_, total in rows}


def _follows(target: objects.Column, before: Before, new: Decimal | None, moved: Decimal) -> bool:
    """Whether a column still is the sum that it was before the write, and was not typed by somebody."""
    held = before.values[target.code]
    return target.computed or held is None or held == Decimal(new or 0) - moved


def _moved(written: Effect, each: SumOf, record_id: RecordId) -> Decimal:
    """By how much a write moved the sum of a record."""

    def part(values: Mapping[str, Any] | None) -> Decimal:
        belongs = values is not None and values.get(each.link) == record_id
        return Decimal(values.get(each.column) or 0) if values is not None and belongs else ZERO

    return part(written.after) - part(written.before)

"""Records under a master of which one of each kind is primary, in step with the master's columns both ways.

What is typed into the master's column is written into the record under it, by whoever typed it. What makes a
record primary is written into the master only for those who may change it there: a rule gives no right.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.ids import RecordId, new_id
from ostiary.objects.public import Column, Mirror
from ostiary.records._columns import stored
from ostiary.records._complete import complete
from ostiary.records._effects import Derived, Effect, store_derived
from ostiary.records._errors import ColumnNotEditable
from ostiary.records._lock import Before, lock_for_rules, lock_record
from ostiary.records._rules import named
from ostiary.records._stored import NewRow, Numbers, store_rows
from ostiary.records._values import clean
from ostiary.records._view import View, view_of

Row = Mapping[str, Any]
Again = Callable[[Context, View, Sequence[Effect]], None]


def mirror_up(ctx: Context, view: View, written: Sequence[Effect], again: Again) -> None:
    """Leave one primary record of each kind, and give its values to the master. Raises AccessDenied."""
    master, mirrors = view.object.master_column, view.object.rules.mirrors
    primary = named(view, mirrors.primary) if mirrors else None
    if master is None or mirrors is None or primary is None:
        return
    parents = _parents(master, written)
    rows = _rows_under(ctx, view, master, parents)
    changes: dict[RecordId, dict[str, Any]] = {}
    wanted: dict[UUID, dict[str, Any]] = {parent: {} for parent in parents}
    for parent in parents:
        for mirror in mirrors.of:
            group = [(i, b) for i, b in rows.items() if _belongs(view, mirror, master, parent, b.values)]
            chosen = _chosen(primary, group, written)
            for record_id, before in group:
                if bool(before.values[primary.code]) != (record_id == chosen):
                    changes[record_id] = {primary.code: record_id == chosen}
            values = rows[chosen].values if chosen is not None else None
            gone = chosen is not None or _left(view, mirror, master, parent, written)
            if gone:
                wanted[parent] |= {theirs: values and values[ours] for ours, theirs in _pairs(view, mirror)}
    derived = [(id_, rows[id_], typed) for id_, typed in changes.items()]
    if derived:  # comes back here, with one primary of each kind
        again(ctx, view, store_derived(ctx, view, derived))
    else:
        _give(ctx, view_of(ctx, str(master.target)), wanted, again)


def _parents(master: Column, written: Sequence[Effect]) -> list[UUID]:
    values = [v for w in written for v in (w.before, w.after) if v is not None]
    return sorted({v[master.code] for v in values if v.get(master.code) is not None})


def _rows_under(
    ctx: Context, view: View, master: Column, parents: Sequence[UUID]
) -> Mapping[RecordId, Before]:
    """The records under these masters, locked, oldest first: their ids tell."""
    found = ctx.db.rows(
        f"select id from @.{view.object.table} where {stored(master)} = any(%(p)s) order by id",
        {"p": list(parents)},
    )
    return lock_for_rules(ctx, view, [row[0] for row in found])


def _belongs(view: View, mirror: Mirror, master: Column, parent: UUID, values: Row) -> bool:
    if values.get(master.code) != parent:
        return False
    columns = {flag: named(view, flag) for flag, _ in mirror.when.flags}
    return mirror.when.fits({flag: values.get(c.code) for flag, c in columns.items() if c is not None})


def _pairs(view: View, mirror: Mirror) -> Iterator[tuple[str, str]]:
    """(code of ours, stored name of the master's)."""
    for name, theirs in mirror.columns:
        ours = named(view, name)
        if ours is not None:
            yield ours.code, theirs


def _chosen(
    primary: Column, group: Sequence[tuple[RecordId, Before]], written: Sequence[Effect]
) -> RecordId | None:
    """The one that was made primary last, else the one that is, else the newest."""
    was = {w.id: bool(w.before and w.before.get(primary.code)) for w in written if w.after is not None}
    flagged = [id_ for id_, before in group if before.values[primary.code]]
    made = [id_ for id_ in flagged if not was.get(id_, True)]
    found = made or flagged or [id_ for id_, _ in group]
    return found[-1] if found else None


def _left(view: View, mirror: Mirror, master: Column, parent: UUID, written: Sequence[Effect]) -> bool:
    """Whether the last of a kind went away."""
    befores = (w.before for w in written if w.before is not None)
    return any(_belongs(view, mirror, master, parent, before) for before in befores)


def _give(ctx: Context, owner: View, wanted: Mapping[UUID, dict[str, Any]], again: Again) -> None:
    known = lock_for_rules(ctx, owner, sorted(wanted))
    derived: list[Derived] = []
    for record_id, before in known.items():
        columns = {name: named(owner, name) for name in wanted[record_id]}
        errors: list[FieldError] = []
        typed = {c.code: clean(c, wanted[record_id][name], errors) for name, c in columns.items() if c}
        typed = {code: value for code, value in typed.items() if before.values[code] != value}
        if errors:
            raise Invalid(errors)
        if not typed:
            continue
        lock_record(ctx, owner, record_id, access.Verb.UPDATE)
        for code in typed:
            if not owner.may_write(owner.object.columns[code], access.Verb.UPDATE):
                raise ColumnNotEditable(code)
        derived.append((record_id, before, typed))
    again(ctx, owner, store_derived(ctx, owner, derived))


def mirror_down(ctx: Context, owner: View, view: View, written: Sequence[Effect]) -> None:
    """Write what was typed into the master's columns into the primary records under it."""
    master, mirrors = view.object.master_column, view.object.rules.mirrors
    primary = named(view, mirrors.primary) if mirrors else None
    if master is None or mirrors is None or primary is None:
        return
    typed_in = [w for w in written if w.after is not None]
    moved = [(w, m) for w in typed_in for m in mirrors.of if _changed(owner, view, m, w)]
    if not moved:
        return
    old = [w.id for w, _ in moved if w.before is not None]
    rows = _rows_under(ctx, view, master, old) if old else {}
    derived, fresh = list[Derived](), list[NewRow]()
    numbers = Numbers(ctx, view, len(moved))
    for effect, mirror in moved:
        values = _values(owner, view, mirror, effect.after or {})
        group = [(i, b) for i, b in rows.items() if _belongs(view, mirror, master, effect.id, b.values)]
        target = next((g for g in group if g[1].values[primary.code]), None)
        target = target or next((g for g in group if _same(g[1].values, values)), None)
        empty = all(value is None for value in values.values())
        if target is not None:
            typed = {primary.code: False} if empty else {**values, primary.code: True}
            if not _same(target[1].values, typed):
                derived.append((*target, typed))
        elif not empty:
            typed = {**values, **_kind(view, mirror), primary.code: True, master.code: effect.id}
            complete(ctx, view, typed, numbers.next)
            fresh.append(NewRow(len(fresh), RecordId(new_id()), typed, frozenset()))
    store_derived(ctx, view, derived)
    if fresh:
        store_rows(ctx, view, fresh)


def _changed(owner: View, view: View, mirror: Mirror, effect: Effect) -> bool:
    before, after = effect.before or {}, effect.after or {}
    codes = [c.code for _, name in _pairs(view, mirror) if (c := named(owner, name)) is not None]
    return any(before.get(code) != after.get(code) for code in codes)


def _values(owner: View, view: View, mirror: Mirror, after: Row) -> dict[str, Any]:
    columns = {ours: named(owner, name) for ours, name in _pairs(view, mirror)}
    return {ours: after.get(c.code) for ours, c in columns.items() if c is not None}


def _same(held: Row, values: Row) -> bool:
    return all(held.get(code) == value for code, value in values.items())


def _kind(view: View, mirror: Mirror) -> dict[str, Any]:
    return {c.code: values[0] for flag, values in mirror.when.flags if (c := named(view, flag)) is not None}

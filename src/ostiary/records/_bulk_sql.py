"""Many rows in one statement: values as arrays, each column one. What a unique column refuses is bisected."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

from psycopg import errors as database

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.clock import now
from ostiary.kernel.context import Context
from ostiary.kernel.errors import OstiaryError
from ostiary.kernel.ids import EventId, RecordId
from ostiary.objects import public as objects
from ostiary.records._columns import Bound, stored
from ostiary.records._errors import InUse, TooManyRows
from ostiary.records._statement import make_statement
from ostiary.records._values import SQL_TYPE
from ostiary.records._view import Stale, View
from ostiary.records._write import SALT_BYTES, Write, taken

Item = TypeVar("Item")
Broken = database.IntegrityError | InUse | TooManyRows  # what refuses some of several items
Written = tuple[RecordId, bool]  # id, whether the writer may still read it


@dataclass(frozen=True, slots=True)
class NewState:
    """One row as it is to be stored. values: of the columns that are written, typed, by code.

    event: that tells of it. state: all that its hash is made of.
    """

    number: int
    id: RecordId
    version: int
    values: Mapping[str, Any]
    event: EventId
    state: Mapping[str, object]


def by_columns(states: Iterable[NewState]) -> Iterable[tuple[tuple[str, ...], list[NewState]]]:
    """The rows by the columns that they write: each set of columns is a statement."""
    groups: dict[tuple[str, ...], list[NewState]] = {}
    for state in states:
        groups.setdefault(tuple(sorted(state.values)), []).append(state)
    return groups.items()


def insert_states(
    ctx: Context, view: View, codes: tuple[str, ...], states: Sequence[NewState]
) -> list[Written]:
    """Insert rows. Raises Stale; UniqueViolation."""
    fixed = [
        ("id", "v.id"),
        ("author_id", "{me}::uuid"),
        ("label_id", "{label}::int"),
        ("created_at", "{stamp}::timestamptz"),
        ("modified_at", "{stamp}::timestamptz"),
    ]
    key = ("insert many", codes)
    known = view.statements.get(key)
    if not isinstance(known, Write):
        bound, pairs = Bound(ctx, view), [*fixed, *_common(view, codes)]
        text = (
            f"insert into @.{view.object.table} as r ({', '.join(c for c, _ in pairs)})"
            f" select {', '.join(v for _, v in pairs)} from {_rows(view, codes)}"
            f" where {bound.epoch()} = {{epoch}} returning r.id, {_visible(bound, view)}"
        )
        known = view.statements[key] = Write(make_statement(ctx.db.schema, text), bound.values)
    return _run(ctx, view, known, codes, states)


def update_states(
    ctx: Context, view: View, codes: tuple[str, ...], states: Sequence[NewState]
) -> list[Written]:
    """Change rows that are locked. Raises Stale; UniqueViolation."""
    key = ("update many", codes)
    known = view.statements.get(key)
    if not isinstance(known, Write):
        pairs = [("version", "v.version"), ("modified_at", "{stamp}::timestamptz"), *_common(view, codes)]
        bound = Bound(ctx, view)
        text = (
            f"update @.{view.object.table} r set {', '.join(f'{c} = {v}' for c, v in pairs)}"
            f" from {_rows(view, codes)} where r.id = v.id and {bound.epoch()} = {{epoch}}"
            f" returning r.id, {_visible(bound, view)}"
        )
        known = view.statements[key] = Write(make_statement(ctx.db.schema, text), bound.values)
    return _run(ctx, view, known, codes, states)


def _common(view: View, codes: tuple[str, ...]) -> list[tuple[str, str]]:
    pairs = [
        ("modified_by", "{me}::uuid"),
        ("last_event_id", "v.event"),
        ("state_salt", "v.salt"),
        ("state_hash", "v.hash"),
    ]
    return [*pairs, *((column, f"v.{slot}") for column, slot, _ in _arrays(view, codes))]


def _rows(view: View, codes: tuple[str, ...]) -> str:
    arrays = _arrays(view, codes)
    given = [
        "{ids}::uuid[]",
        "{versions}::int[]",
        "{events}::uuid[]",
        "{salts}::bytea[]",
        "{hashes}::bytea[]",
    ]
    given += [f"{{{slot}}}::{kind}[]" for _, slot, kind in arrays]
    names = ", ".join(["id", "version", "event", "salt", "hash", *(slot for _, slot, _ in arrays)])
    return f"unnest({', '.join(given)}) as v({names})"


def _arrays(view: View, codes: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """(database column, slot, SQL type) of the columns and their sort keys."""
    found = []
    for number, code in enumerate(codes):
        column = view.object.columns[code]
        found.append((stored(column), f"v{number}", SQL_TYPE.get(column.type, "text")))
        if column.type in objects.TEXT_SORTED:
            found.append((f'"{column.sort_column}"', f"s{number}", "text"))
    return found


def _visible(bound: Bound, view: View) -> str:
    return bound.row_test(view, "r") if view.may(access.Verb.READ) else "false"


def _run(
    ctx: Context,
    view: View,
    write: Write,
    codes: tuple[str, ...],
    states: Sequence[NewState],
) -> list[Written]:
    salts = [os.urandom(SALT_BYTES) for _ in states]
    slots: dict[str, Any] = {
        **write.values,
        "me": ctx.actor,
        "label": view.rights.current_label,
        "stamp": now(),
        "epoch": view.rights.epoch,
        "ids": [s.id for s in states],
        "versions": [s.version for s in states],
        "events": [s.event for s in states],
        "salts": salts,
        "hashes": [audit.state_hash(salt, s.state) for salt, s in zip(salts, states, strict=True)],
    }
    for number, code in enumerate(codes):
        values = [s.values[code] for s in states]
        slots[f"v{number}"] = values
        slots[f"s{number}"] = [objects.sort_key(v) if isinstance(v, str) else "" for v in values]
    rows = write.statement.run(ctx, slots)
    if len(rows) != len(states):
        raise Stale
    return [(RecordId(id_), visible) for id_, visible in rows]


def whole_or_halves(
    ctx: Context,
    items: Sequence[Item],
    run: Callable[[Sequence[Item]], Sequence[Written]],
    refusal: Callable[[Item, Broken], OstiaryError],
    *,
    breakable: bool,
) -> tuple[list[Written], list[tuple[Item, OstiaryError]]]:
    """Run a statement for all items, or for ever smaller halves down to those that a constraint refuses.

    breakable: whether a constraint, or what lies under an item, may refuse; without it there is no savepoint.
    """
    if not items:
        return [], []
    try:
        with ctx.db.savepoint() if breakable else nullcontext():
            return list(run(items)), []
    except (database.UniqueViolation, database.ForeignKeyViolation, InUse, TooManyRows) as violation:
        if not breakable:
            raise
        if len(items) == 1:
            return [], [(items[0], refusal(items[0], violation))]
    half = len(items) // 2
    done, refused = whole_or_halves(ctx, items[:half], run, refusal, breakable=True)
    more, also = whole_or_halves(ctx, items[half:], run, refusal, breakable=True)
    return [*done, *more], [*refused, *also]


def taken_value(view: View) -> Callable[[NewState, Broken], OstiaryError]:
    """The refusal of a row whose value another has. Raises what is no such violation."""

    def refusal(_: NewState, violation: Broken) -> OstiaryError:
        if isinstance(violation, database.UniqueViolation):
            return taken(view, violation)
        raise violation

    return refusal


def is_breakable(view: View, codes: Iterable[str]) -> bool:
    """Whether a constraint may refuse values of these columns."""
    return any(view.object.columns[code].unique for code in codes)

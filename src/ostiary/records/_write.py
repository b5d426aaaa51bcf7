"""What every write is made of: typed values, compiled statements, the state hash."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import errors as database

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.ids import RecordId
from ostiary.kernel.messages import later, worded
from ostiary.objects import public as objects
from ostiary.records._columns import Bound, record_json, stored
from ostiary.records._errors import ColumnNotEditable, ColumnRestricted
from ostiary.records._query import Record
from ostiary.records._references import found_references
from ostiary.records._statement import Statement
from ostiary.records._values import SQL_TYPE, clean, ensure_offered, plain
from ostiary.records._view import SYSTEM_TYPES, Stale, View

SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Write:
    """A compiled write with the values that stay from call to call."""

    statement: Statement
    values: Mapping[str, Any]


def typed_values(
    ctx: Context,
    view: View,
    given: Mapping[str, object],
    verb: access.Verb,
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The given values, typed; without those that repeat what a readable column holds `before`.

    Raises: ColumnNotEditable, ColumnRestricted; Invalid: names every refused field.
    """
    errors: list[FieldError] = []
    typed: dict[str, Any] = {}
    for code, value in _by_code(view, given, errors).items():
        column = view.object.columns.get(code)
        if column is None:
            errors.append(_no_column(view, code))
        elif column.type in SYSTEM_TYPES or column.computed:
            numbered = later("%(field)s is numbered by the system")
            words = numbered if column.type in SYSTEM_TYPES else later("%(field)s is set by the system")
            errors.append(FieldError(code, "not_writable", worded(words, field=column.caption)))
        elif view.may_write(column, verb):
            typed[code] = clean(column, value, errors)
        elif before is None or not _repeats(ctx, view, column, value, before[code]):
            raise ColumnNotEditable(code) if code in view.readable else ColumnRestricted(code)
    for code, value in typed.items():
        column = view.object.columns[code]
        # what was retired may stay, but not for whom that would tell that it is there
        if before is None or code not in view.readable or value != before[code]:
            ensure_offered(column, value, errors)
        if value is None and column.required and all(e.field != code for e in errors):
            errors.append(FieldError(code, "required", worded("%(field)s is required", field=column.caption)))
    if errors:
        raise Invalid(errors)
    return typed


def _repeats(ctx: Context, view: View, column: objects.Column, value: object, stored: Any) -> bool:
    """Whether a value is the one that is stored, and one that the writer is shown there."""
    if column.code not in view.readable or clean(column, value, []) != stored:
        return False
    if column.type is not objects.ColumnType.LOOKUP or stored is None:
        return True
    return bool(found_references(ctx, view, column, [stored], checked=True))


def _by_code(view: View, given: Mapping[str, object], errors: list[FieldError]) -> dict[str, object]:
    """The given values by the codes of now; a former code leads to its column for a while."""
    found: dict[str, object] = {}
    for asked, value in given.items():
        column = view.object.columns.get(asked)
        code = asked if column is None else column.code
        if code in found:
            errors.append(FieldError(asked, "twice", f"{asked} is called {code} now, and both are given"))
        found[code] = value
    return found


def value_slots(typed: Mapping[str, Any]) -> dict[str, Any]:
    slots: dict[str, Any] = {}
    for number, value in enumerate(typed.values()):
        slots[f"v{number}"] = value
        slots[f"s{number}"] = objects.sort_key(value) if isinstance(value, str) else ""
    return slots


def assigned(view: View, codes: tuple[str, ...]) -> list[tuple[str, str]]:
    """(database column, SQL value) of the given columns and their sort keys."""
    pairs = []
    for number, code in enumerate(codes):
        column = view.object.columns[code]
        pairs.append((stored(column), f"{{v{number}}}::{SQL_TYPE.get(column.type, 'text')}"))
        if column.type in objects.TEXT_SORTED:
            pairs.append((f'"{column.sort_column}"', f"{{s{number}}}::text"))
    return pairs


def returned(bound: Bound, view: View) -> str:
    """What the writer gets back: the record if it is readable (a create right does not imply that)."""
    if not view.may(access.Verb.READ):
        return "null, r.version, false"
    return f"{record_json(bound, list(view.shown.values()))}::text, r.version, {bound.row_test(view, 'r')}"


def execute(
    ctx: Context,
    view: View,
    write: Write,
    slots: Mapping[str, Any],
    typed: Mapping[str, Any],
    record_id: RecordId,
) -> Record:
    """Run a write whose statement tests the epoch. Raises Stale; Invalid: the transaction stays usable."""
    breakable = any(view.object.columns[code].unique for code in typed)
    try:
        with ctx.db.savepoint() if breakable else nullcontext():
            rows = write.statement.run(ctx, slots)
    except database.UniqueViolation as violation:
        raise taken(view, violation) from None
    if not rows:
        raise Stale
    text, version, visible = rows[0]
    if not visible:
        return Record(
            record_id, version, b"", view.restricted, may_update=False, may_delete=False, visible=False
        )
    return Record(record_id, version, text.encode(), view.restricted)


def _no_column(view: View, code: str) -> FieldError:
    if code in ("id", "author", "created_at", "modified_at", "version", "restricted"):
        return FieldError(code, "not_writable", worded("%(field)s is set by the system", field=code))
    words = worded("%(field)s is no column of %(object)s", field=code, object=view.object.caption)
    return FieldError(code, "unknown_column", words)


def taken(view: View, violation: database.UniqueViolation) -> Invalid:
    """Name the column whose value another record has, without saying which record."""
    name = violation.diag.constraint_name or ""
    for column in view.object.columns.values():
        if column.unique and f"_{column.name}_" in f"{name}_":
            if column.code not in view.readable:
                break
            return Invalid(
                [
                    FieldError(
                        column.code, "taken", worded("%(field)s: this value is taken", field=column.caption)
                    )
                ]
            )
    return Invalid([FieldError("", "taken", "A value that must be unique is taken")])


def state_of(
    view: View, values: Mapping[str, Any], dropped: Mapping[str, Any], author: UUID, version: int
) -> dict[str, object]:
    """What the state hash of a record's version is made of: every value that is stored, by stored name.

    A dropped column still is stored, so that it can be restored; it counts until it is purged.
    """
    names = {view.object.columns[code].name: v for code, v in values.items()}
    state = {name: plain(v) for name, v in (names | dict(dropped)).items() if v is not None}
    return state | {"author": str(author), "version": version}

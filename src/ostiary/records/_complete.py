"""What a new record holds beside what was given: defaults, numbers, and what must not stay empty."""

from collections.abc import Callable, Mapping
from typing import Any

from ostiary.kernel.clock import now
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.messages import worded
from ostiary.objects import public as objects
from ostiary.records._values import clean
from ostiary.records._view import View


def complete(
    ctx: Context, view: View, typed: dict[str, Any], number: Callable[[objects.Column], str]
) -> None:
    """Defaults and numbers for what was not given; `ensure_required` comes after rules. Raises Invalid."""
    errors: list[FieldError] = []
    for column in view.object.columns.values():
        if column.code in typed:
            continue
        if column.type is objects.ColumnType.AUTO_NUMBER:
            typed[column.code] = number(column)
            continue
        value = clean(column, default_value(ctx, column), errors)
        if value is not None:
            typed[column.code] = value
    if errors:
        raise Invalid(errors)


def ensure_required(view: View, typed: Mapping[str, Any]) -> None:
    """Raises Invalid: names every required column that neither the writer nor a default or a rule filled."""
    errors = [
        FieldError(column.code, "required", worded("%(field)s is required", field=column.caption))
        for column in view.object.columns.values()
        if column.required and typed.get(column.code) is None
    ]
    if errors:
        raise Invalid(errors)


def default_value(ctx: Context, column: objects.Column) -> object:
    """What a column holds in a new record when nothing is given; the owner is whoever creates it."""
    if column.type is objects.ColumnType.OWNER and column.default is None:
        return ctx.actor
    match column.default:
        case "now":
            return now().isoformat()
        case "today":
            return now().date().isoformat()
        case "me":
            return ctx.actor
        case other:
            return other


def next_number(ctx: Context, view: View, column: objects.Column) -> str:
    """The next number of an auto-number column."""
    row = ctx.db.row(f"select nextval('@.{objects.sequence_of(view.object.table, column.name)}')")
    if row is None:
        raise RuntimeError("a sequence gave no number")
    return column.pattern.format(row[0])

"""References of a record that is written: readable by the writer, and there until the write is done."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, FieldError, Invalid
from ostiary.kernel.messages import worded
from ostiary.objects import public as objects
from ostiary.records._columns import Bound
from ostiary.records._statement import make_statement
from ostiary.records._view import View

REFERENCES = frozenset({objects.ColumnType.LOOKUP, objects.ColumnType.OWNER})


def ensure_references(
    ctx: Context,
    view: View,
    typed: Mapping[str, Any],
    given: frozenset[str] | None = None,
    before: Mapping[str, Any] | None = None,
) -> None:
    """Check all references among `typed` in one statement, which keeps them from being deleted meanwhile.

    A value in `given` (None: all) must be readable by the writer; a default only has to exist. An owner must
    be an active principal. A new master record must be one that the writer may update (ADR-0028).
    Args: before: the values of a record that was there.
    Raises: Invalid: names every column whose value is not found. AccessDenied(layer="record"): the master.
    """
    codes = tuple(c for c, v in typed.items() if v is not None and _is_checked(ctx, view, c, v))
    if not codes:
        return
    asked = codes if given is None else tuple(c for c in codes if c in given)
    master = _new_master(view, codes, typed, before)
    key = ("references", codes, asked, master)
    known = view.statements.get(key)
    if known is None:
        bound = Bound(ctx, view)
        tests = [_test(bound, view, code, checked=code in asked) for code in codes]
        if master is not None:
            tests.append(_master_test(bound, view, master))
        known = view.statements[key] = (
            make_statement(ctx.db.schema, f"select {', '.join(tests)}"),
            bound.values,
        )
    statement, values = known
    found = statement.run(ctx, {**values, **{f"ref_{code}": typed[code] for code in codes}})[0]
    errors = [
        FieldError(code, "not_found", worded("%(field)s: not found", field=view.object.columns[code].caption))
        for code, there in zip(codes, found[: len(codes)], strict=True)
        if not there
    ]
    if errors:
        raise Invalid(errors)
    if master is not None and not found[-1]:
        raise _no_master(view, master)


def _new_master(
    view: View, codes: tuple[str, ...], typed: Mapping[str, Any], before: Mapping[str, Any] | None
) -> str | None:
    """The master lookup, if it gets a value that it did not have and its record has a say."""
    column = view.asks_master
    if column is None or column.code not in codes:
        return None
    code = column.code
    return code if before is None or before[code] != typed[code] else None


def _master_test(bound: Bound, view: View, code: str) -> str:
    target = bound.object_view(view.object.columns[code].target or "")
    tests = _updatable(bound, target)
    return f"(select true from @.{target.object.table} t where t.id = {{ref_{code}}}::uuid and {tests})"


def _no_master(view: View, code: str) -> AccessDenied:
    column = view.object.columns[code]
    return AccessDenied(
        worded(
            "%(field)s: you may read this record but not change it, so nothing can be put under it",
            field=column.caption,
        ),
        layer="record",
        object=view.object.code,
        verb=access.Verb.UPDATE.value,
        master=code,
    )


def _is_checked(ctx: Context, view: View, code: str, value: object) -> bool:
    kind = view.object.columns[code].type
    # the acting principal is known to be active: its rights were just read
    return kind in REFERENCES and not (kind is objects.ColumnType.OWNER and value == ctx.actor)


def _test(bound: Bound, view: View, code: str, *, checked: bool) -> str:
    column = view.object.columns[code]
    slot = f"{{ref_{code}}}::uuid"
    if column.type is objects.ColumnType.OWNER:
        return (
            f"(select true from @.identity_unit u where u.id = {slot} and u.active"
            " and u.kind in ('person', 'service'))"
        )
    target = bound.object_view(column.target or "")
    if checked and not target.may(access.Verb.READ):
        return "false"
    test = bound.row_test(target, "t") if checked else "true"
    # the same lock that the foreign key takes, only earlier: after it the write cannot fail on this reference
    return f"(select true from @.{target.object.table} t where t.id = {slot} and {test} for key share of t)"


def found_references(
    ctx: Context, view: View, column: objects.Column, ids: Collection[UUID], *, checked: bool
) -> frozenset[UUID]:
    """Which of the values of one reference column are there, kept from being deleted meanwhile.

    checked: they must be readable by the writer too. An owner must be an active principal.
    """
    if column.type is objects.ColumnType.OWNER:
        text = (
            "select u.id from @.identity_unit u where u.id = any({ids}::uuid[]) and u.active"
            " and u.kind in ('person', 'service')"
        )
        return _ids(ctx, Bound(ctx, view), text, ids)
    bound = Bound(ctx, view)
    target = bound.object_view(column.target or "")
    if checked and not target.may(access.Verb.READ):
        return frozenset()
    test = bound.row_test(target, "t") if checked else "true"
    text = (
        f"select t.id from @.{target.object.table} t where t.id = any({{ids}}::uuid[]) and {test}"
        " order by t.id for key share of t"
    )
    return _ids(ctx, bound, text, ids)


def closed_masters(
    ctx: Context,
    view: View,
    rows: Sequence[Mapping[str, Any]],
    before: Sequence[Mapping[str, Any]] | None = None,
) -> dict[int, AccessDenied]:
    """By number of the row: the refusal to put it under a master that the writer may not update."""
    column = view.asks_master
    if column is None:
        return {}
    code = column.code
    wanted = {
        number: row[code]
        for number, row in enumerate(rows)
        if row.get(code) is not None and (before is None or before[number][code] != row[code])
    }
    if not wanted:
        return {}
    bound = Bound(ctx, view)
    target = bound.object_view(column.target or "")
    text = f"select t.id from @.{target.object.table} t where t.id = any({{ids}}::uuid[]) and "
    open_ = _ids(ctx, bound, text + _updatable(bound, target), frozenset(wanted.values()))
    return {number: _no_master(view, code) for number, value in wanted.items() if value not in open_}


def _updatable(bound: Bound, target: View) -> str:
    """Layer 3 for update, and read with it, on row `t` of a master's object."""
    return " and ".join(bound.row_test(target, "t", verb) for verb in (access.Verb.READ, access.Verb.UPDATE))


def _ids(ctx: Context, bound: Bound, text: str, ids: Collection[UUID]) -> frozenset[UUID]:
    rows = make_statement(ctx.db.schema, text).run(ctx, {**bound.values, "ids": sorted(ids)})
    return frozenset(row[0] for row in rows)

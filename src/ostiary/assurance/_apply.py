"""Changes of rights carried out, each by its checked command of `access` or `records`."""

from collections.abc import Sequence
from functools import singledispatch
from itertools import groupby

from ostiary.access import public as access
from ostiary.assurance import _changes as c
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.messages import worded
from ostiary.objects import public as objects
from ostiary.records import public as records


def apply_changes(ctx: Context, changes: Sequence[c.RightsChange]) -> None:
    """Carry the changes out in their order, all or none with the caller's transaction.

    They are one act: each is checked by the rights of the beginning.
    Raises: AccessDenied: an operation that one of them needs is missing. Invalid, NotFound: as the command.
    """
    if len(changes) > c.MOST_CHANGES:
        raise Invalid(
            [
                FieldError(
                    "changes",
                    "too_many",
                    worded("At most %(most)s changes are made at once", most=c.MOST_CHANGES),
                )
            ]
        )
    if not changes:
        return
    _ensure_known(ctx, changes)
    with identity.as_one(ctx) as together:
        for kind, group in groupby(changes, key=_kind):
            if kind is None:
                for change in group:
                    _apply(change, together)
            else:
                _apply_alike(together, list(group))


def _kind(change: c.RightsChange) -> object:
    """What is set together where it comes one after the other: rows of an object's columns, memberships."""
    if isinstance(change, c.SetMember):
        return "given" if change.member else "taken"
    return change.object_id if isinstance(change, c.SetColumnRows) else None


def _apply_alike(ctx: Context, changes: Sequence[c.RightsChange]) -> None:
    first = changes[0]
    if isinstance(first, c.SetMember):
        command = access.add_members if first.member else access.remove_members
        command(ctx, [(each.principal, each.role) for each in changes if isinstance(each, c.SetMember)])
    elif isinstance(first, c.SetColumnRows):
        rows = {each.column_id: each.rows for each in changes if isinstance(each, c.SetColumnRows)}
        access.set_columns_rows(ctx, first.object_id, rows)


def _ensure_known(ctx: Context, changes: Sequence[c.RightsChange]) -> None:
    """Raises Invalid: a row or rule names somebody who is not there, and no change of the list makes."""
    named = frozenset().union(*map(c.units_of, changes))
    named -= {change.role for change in changes if isinstance(change, c.CreateRole)}
    if named and named - access.units_named(ctx, named).keys():
        raise Invalid([FieldError("unit", "unknown", "A person or role that is named here is not there")])


@singledispatch
def _apply(change: object, ctx: Context) -> None:
    raise TypeError(f"{type(change).__name__} is no change of rights")


@_apply.register
def _(change: c.SetOperationRows, ctx: Context) -> None:
    access.set_operation_rows(ctx, change.operation, change.rows)


@_apply.register
def _(change: c.SetCarriedRight, ctx: Context) -> None:
    access.set_carried_right(ctx, change.operation, change.object_id, change.verbs)


@_apply.register
def _(change: c.SetObjectRows, ctx: Context) -> None:
    access.set_object_rows(ctx, change.object_id, change.rows)


@_apply.register
def _(change: c.SetSwitches, ctx: Context) -> None:
    access.set_switches(ctx, change.object_id, records=change.records, legs=change.legs, denies=change.denies)


@_apply.register
def _(change: c.SetDefaultRule, ctx: Context) -> None:
    if change.grants == access.Grants():
        access.remove_default_rule(ctx, change.object_id, change.author, change.grantee)
        return
    given = change.grants
    access.add_default_rule(
        ctx,
        change.object_id,
        change.author,
        change.grantee,
        read=given.read,
        update=given.update,
        delete=given.delete,
    )


@_apply.register
def _(change: c.SetScopeRule, ctx: Context) -> None:
    if change.grants == access.Grants():
        access.remove_scope_rule(ctx, change.object_id, change.grantee, change.scope)
        return
    grounds = objects.get_catalogue(ctx).grounds
    access.add_scope_rule(ctx, grounds, change.object_id, change.grantee, change.scope, change.grants)


@_apply.register
def _(change: c.SetDenyRule, ctx: Context) -> None:
    access.set_deny_rule(ctx, change.object_id, change.author, change.unit, change.verbs)


@_apply.register
def _(change: c.CreateRole, ctx: Context) -> None:
    access.create_role(
        ctx,
        change.kind,
        change.name,
        code=change.code,
        parent=change.parent,
        manages=change.manages,
        not_inherited=change.not_inherited,
        external=change.external,
        role=change.role,
    )


@_apply.register
def _(change: c.MoveRole, ctx: Context) -> None:
    access.move_role(ctx, change.role, change.parent)


@_apply.register
def _(change: c.RenameRole, ctx: Context) -> None:
    access.rename_role(ctx, change.role, change.name)


@_apply.register
def _(change: c.MergeRoles, ctx: Context) -> None:
    access.merge_roles(ctx, change.role, change.into)


@_apply.register
def _(change: c.RemoveRole, ctx: Context) -> None:
    access.remove_role(ctx, change.role, children_up=change.children_up)


@_apply.register
def _(change: c.MarkRole, ctx: Context) -> None:
    access.mark_role(ctx, change.role, not_inherited=change.not_inherited)


@_apply.register
def _(change: c.SetLink, ctx: Context) -> None:
    (access.link if change.linked else access.unlink)(ctx, change.org, change.func)


@_apply.register
def _(change: c.Delegate, ctx: Context) -> None:
    access.delegate(ctx, change.grantor, change.receiver, change.period)


@_apply.register
def _(change: c.EndDelegation, ctx: Context) -> None:
    access.end_delegation(ctx, change.delegation)


@_apply.register
def _(change: c.Elevate, ctx: Context) -> None:
    access.elevate(ctx, change.person, change.role, change.period, change.reason)


@_apply.register
def _(change: c.EndElevation, ctx: Context) -> None:
    access.end_elevation(ctx, change.elevation)


@_apply.register
def _(change: c.SetAttribute, ctx: Context) -> None:
    access.set_attribute(ctx, change.principal, change.name, change.values)


@_apply.register
def _(change: c.ShareRecord, ctx: Context) -> None:
    call = records.share_record if change.shared else records.unshare_record
    call(ctx, change.object_code, change.record_id, change.unit, change.verb)


@_apply.register
def _(change: c.DenyRecord, ctx: Context) -> None:
    records.deny_record(ctx, change.object_code, change.record_id, change.unit, change.verbs)


@_apply.register
def _(change: c.SetActive, ctx: Context) -> None:
    access.set_active(ctx, change.principal, active=change.active)

"""Changes of rights as values: what an editor has not saved yet, a file asks for, a remedy suggests.

Each is one checked command of `access`, so a list of them is refused where a single one would be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from itertools import groupby
from uuid import UUID

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.ids import ColumnId, ObjectId, UnitId
from ostiary.objects import public as objects

MOST_CHANGES = 20_000  # of one list


@dataclass(frozen=True, slots=True)
class SetOperationRows:
    """Layer 1: all rows of an operation, topmost first."""

    operation: access.Operation
    rows: tuple[tuple[UnitId, bool], ...]


@dataclass(frozen=True, slots=True)
class SetCarriedRight:
    """Verbs on an object that an operation carries; none: it carries nothing there."""

    operation: access.Operation
    object_id: ObjectId
    verbs: frozenset[access.Verb]


@dataclass(frozen=True, slots=True)
class SetObjectRows:
    """Layer 2: all rows of an object, topmost first."""

    object_id: ObjectId
    rows: tuple[tuple[UnitId, frozenset[access.Verb]], ...]


@dataclass(frozen=True, slots=True)
class SetColumnRows:
    """Layer 4: all rows of a column, topmost first; none: it follows the object."""

    object_id: ObjectId
    column_id: ColumnId
    rows: tuple[tuple[UnitId, access.ColumnLevel], ...]


@dataclass(frozen=True, slots=True)
class SetSwitches:
    """Layer 3 of an object on or off, its legs out of `access.ALL_LEGS`, whether it allows denies."""

    object_id: ObjectId
    records: bool
    legs: frozenset[str] = access.ALL_LEGS
    denies: bool = False


@dataclass(frozen=True, slots=True)
class SetDefaultRule:
    """Leg 5: what `grantee` has on records whose author had `author`; nothing at all: the rule goes."""

    object_id: ObjectId
    author: UnitId
    grantee: UnitId
    grants: access.Grants


@dataclass(frozen=True, slots=True)
class SetScopeRule:
    """Leg 6: what `grantee` has on records within the scope; nothing at all: the rule goes."""

    object_id: ObjectId
    grantee: UnitId
    scope: access.Scope
    grants: access.Grants


@dataclass(frozen=True, slots=True)
class SetDenyRule:
    """What `unit` is denied on records whose author had `author`; none: the rule goes."""

    object_id: ObjectId
    author: UnitId
    unit: UnitId
    verbs: frozenset[access.Verb]


@dataclass(frozen=True, slots=True)
class CreateRole:
    """A role under an id that later changes of the same list may name."""

    role: UnitId
    kind: identity.UnitKind
    name: str
    code: str | None = None
    parent: UnitId | None = None
    manages: UnitId | None = None
    not_inherited: bool = False
    external: bool = False


@dataclass(frozen=True, slots=True)
class MoveRole:
    """Another parent for a role; None: the root of its tree."""

    role: UnitId
    parent: UnitId | None


@dataclass(frozen=True, slots=True)
class RenameRole:
    """Another name for a role; it gives nobody anything, and stands in lists beside what does."""

    role: UnitId
    name: str


@dataclass(frozen=True, slots=True)
class MergeRoles:
    """`into` takes the place of `role`, which goes."""

    role: UnitId
    into: UnitId


@dataclass(frozen=True, slots=True)
class RemoveRole:
    """A role goes, with what names it. children_up: those below it go to its parent."""

    role: UnitId
    children_up: bool = False


@dataclass(frozen=True, slots=True)
class MarkRole:
    """The mark "not inherited by managers", set or cleared."""

    role: UnitId
    not_inherited: bool


@dataclass(frozen=True, slots=True)
class SetMember:
    """A direct role of a person or service account, given or taken away."""

    principal: UnitId
    role: UnitId
    member: bool = True


@dataclass(frozen=True, slots=True)
class SetLink:
    """Members of the organisational role get the functional one, or no longer."""

    org: UnitId
    func: UnitId
    linked: bool = True


@dataclass(frozen=True, slots=True)
class Delegate:
    """The receiver acts with what the grantor may."""

    grantor: UnitId
    receiver: UnitId
    period: identity.Period


@dataclass(frozen=True, slots=True)
class EndDelegation:
    """A delegation taken back."""

    delegation: UUID


@dataclass(frozen=True, slots=True)
class Elevate:
    """A role as one more source of a person, for a while and a reason."""

    person: UnitId
    role: UnitId
    period: identity.Period
    reason: str


@dataclass(frozen=True, slots=True)
class EndElevation:
    """An elevation ended before its time."""

    elevation: UUID


@dataclass(frozen=True, slots=True)
class SetAttribute:
    """The values of an attribute of a principal, by which scope rules compare; none: it goes."""

    principal: UnitId
    name: str
    values: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class SetActive:
    """Whether a person or service account may act at all."""

    principal: UnitId
    active: bool


RightsChange = (
    SetOperationRows
    | SetCarriedRight
    | SetObjectRows
    | SetColumnRows
    | SetSwitches
    | SetDefaultRule
    | SetScopeRule
    | SetDenyRule
    | CreateRole
    | MoveRole
    | RenameRole
    | MergeRoles
    | RemoveRole
    | MarkRole
    | SetMember
    | SetLink
    | Delegate
    | EndDelegation
    | Elevate
    | EndElevation
    | SetAttribute
    | SetActive
)


def apply_changes(ctx: Context, changes: Sequence[RightsChange]) -> None:
    """Carry the changes out in their order, all or none with the caller's transaction.

    They are one act: each is checked by the rights of the beginning.
    Raises: AccessDenied: an operation that one of them needs is missing. Invalid, NotFound: as the command.
    """
    if len(changes) > MOST_CHANGES:
        raise Invalid(
            [FieldError("changes", "too_many", f"At most {MOST_CHANGES:,} changes are made at once")]
        )
    _ensure_known(ctx, changes)
    with identity.as_one(ctx) as together:
        for kind, group in groupby(changes, key=_kind):
            if kind is None:
                for change in group:
                    _apply(change, together)
            else:
                _apply_alike(together, list(group))


def _kind(change: RightsChange) -> object:
    """What is set together where it comes one after the other: rows of an object's columns, memberships."""
    if isinstance(change, SetMember):
        return "given" if change.member else "taken"
    return change.object_id if isinstance(change, SetColumnRows) else None


def _apply_alike(ctx: Context, changes: Sequence[RightsChange]) -> None:
    first = changes[0]
    if isinstance(first, SetMember):
        command = access.add_members if first.member else access.remove_members
        command(ctx, [(c.principal, c.role) for c in changes if isinstance(c, SetMember)])
    elif isinstance(first, SetColumnRows):
        rows = {c.column_id: c.rows for c in changes if isinstance(c, SetColumnRows)}
        access.set_columns_rows(ctx, first.object_id, rows)


def _ensure_known(ctx: Context, changes: Sequence[RightsChange]) -> None:
    """Raises Invalid: a row or rule names somebody who is not there, and no change of the list makes."""
    named = frozenset().union(*map(units_of, changes))
    named -= {change.role for change in changes if isinstance(change, CreateRole)}
    if named and named - access.units_named(ctx, named).keys():
        raise Invalid([FieldError("unit", "unknown", "A person or role that is named here is not there")])


def units_of(change: RightsChange) -> frozenset[UnitId]:
    """The units that a change of rows or rules names; of other changes none."""
    match change:
        case SetOperationRows() | SetObjectRows() | SetColumnRows():
            return frozenset(unit for unit, _ in change.rows)
        case SetDefaultRule():
            return frozenset((change.author, change.grantee))
        case SetScopeRule():
            return frozenset((change.grantee,))
        case SetDenyRule():
            return frozenset((change.author, change.unit))
    return frozenset()


@singledispatch
def _apply(change: object, ctx: Context) -> None:
    raise TypeError(f"{type(change).__name__} is no change of rights")


@_apply.register
def _(change: SetOperationRows, ctx: Context) -> None:
    access.set_operation_rows(ctx, change.operation, change.rows)


@_apply.register
def _(change: SetCarriedRight, ctx: Context) -> None:
    access.set_carried_right(ctx, change.operation, change.object_id, change.verbs)


@_apply.register
def _(change: SetObjectRows, ctx: Context) -> None:
    access.set_object_rows(ctx, change.object_id, change.rows)


@_apply.register
def _(change: SetSwitches, ctx: Context) -> None:
    access.set_switches(ctx, change.object_id, records=change.records, legs=change.legs, denies=change.denies)


@_apply.register
def _(change: SetDefaultRule, ctx: Context) -> None:
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
def _(change: SetScopeRule, ctx: Context) -> None:
    if change.grants == access.Grants():
        access.remove_scope_rule(ctx, change.object_id, change.grantee, change.scope)
        return
    grounds = objects.get_catalogue(ctx).grounds
    access.add_scope_rule(ctx, grounds, change.object_id, change.grantee, change.scope, change.grants)


@_apply.register
def _(change: SetDenyRule, ctx: Context) -> None:
    access.set_deny_rule(ctx, change.object_id, change.author, change.unit, change.verbs)


@_apply.register
def _(change: CreateRole, ctx: Context) -> None:
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
def _(change: MoveRole, ctx: Context) -> None:
    access.move_role(ctx, change.role, change.parent)


@_apply.register
def _(change: RenameRole, ctx: Context) -> None:
    access.rename_role(ctx, change.role, change.name)


@_apply.register
def _(change: MergeRoles, ctx: Context) -> None:
    access.merge_roles(ctx, change.role, change.into)


@_apply.register
def _(change: RemoveRole, ctx: Context) -> None:
    access.remove_role(ctx, change.role, children_up=change.children_up)


@_apply.register
def _(change: MarkRole, ctx: Context) -> None:
    access.mark_role(ctx, change.role, not_inherited=change.not_inherited)


@_apply.register
def _(change: SetLink, ctx: Context) -> None:
    (access.link if change.linked else access.unlink)(ctx, change.org, change.func)


@_apply.register
def _(change: Delegate, ctx: Context) -> None:
    access.delegate(ctx, change.grantor, change.receiver, change.period)


@_apply.register
def _(change: EndDelegation, ctx: Context) -> None:
    access.end_delegation(ctx, change.delegation)


@_apply.register
def _(change: Elevate, ctx: Context) -> None:
    access.elevate(ctx, change.person, change.role, change.period, change.reason)


@_apply.register
def _(change: EndElevation, ctx: Context) -> None:
    access.end_elevation(ctx, change.elevation)


@_apply.register
def _(change: SetAttribute, ctx: Context) -> None:
    access.set_attribute(ctx, change.principal, change.name, change.values)


@_apply.register
def _(change: SetActive, ctx: Context) -> None:
    access.set_active(ctx, change.principal, active=change.active)

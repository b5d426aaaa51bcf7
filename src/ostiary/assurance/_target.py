"""What a change of rights is about, and what is stored there now."""

from collections.abc import Mapping, Sequence
from functools import singledispatch

from ostiary.access import public as access
from ostiary.assurance._changes import (
    SetCarriedRight,
    SetColumnRows,
    SetDefaultRule,
    SetDenyRule,
    SetObjectRows,
    SetOperationRows,
    SetScopeRule,
    SetSwitches,
)
from ostiary.kernel.ids import ObjectId

# Changes that replace a stored value whole, so that an editor can hold one for each place.
PolicyChange = (
    SetOperationRows
    | SetCarriedRight
    | SetObjectRows
    | SetColumnRows
    | SetSwitches
    | SetDefaultRule
    | SetScopeRule
    | SetDenyRule
)
Target = tuple[object, ...]


def target_of(change: PolicyChange) -> Target:
    """The place whose value the change replaces."""
    kind = type(change).__name__
    match change:
        case SetOperationRows():
            return (kind, change.operation)
        case SetCarriedRight():
            return (kind, change.operation, change.object_id)
        case SetObjectRows() | SetSwitches():
            return (kind, change.object_id)
        case SetColumnRows():
            return (kind, change.object_id, change.column_id)
        case SetDefaultRule():
            return (kind, change.object_id, change.author, change.grantee)
        case SetScopeRule():
            return (kind, change.object_id, change.grantee, change.scope)
        case SetDenyRule():
            return (kind, change.object_id, change.author, change.unit)


@singledispatch
def stored_at(change: PolicyChange, policy: access.Policy) -> PolicyChange:
    """The change that would write what is stored at the change's target."""
    raise TypeError(f"{type(change).__name__} has no target")


@stored_at.register
def _(change: SetOperationRows, policy: access.Policy) -> PolicyChange:
    rows = policy.operations.get(change.operation.value, ())
    return SetOperationRows(change.operation, tuple((row.unit, row.allowed) for row in rows))


@stored_at.register
def _(change: SetCarriedRight, policy: access.Policy) -> PolicyChange:
    carried = policy.object(change.object_id).carried
    return SetCarriedRight(
        change.operation, change.object_id, carried.get(change.operation.value, frozenset())
    )


@stored_at.register
def _(change: SetObjectRows, policy: access.Policy) -> PolicyChange:
    rows = policy.object(change.object_id).rows
    return SetObjectRows(change.object_id, tuple((row.unit, row.verbs) for row in rows))


@stored_at.register
def _(change: SetColumnRows, policy: access.Policy) -> PolicyChange:
    rows = policy.object(change.object_id).columns.get(change.column_id, ())
    return SetColumnRows(change.object_id, change.column_id, tuple((row.unit, row.level) for row in rows))


@stored_at.register
def _(change: SetSwitches, policy: access.Policy) -> PolicyChange:
    found = policy.object(change.object_id).records.switches
    return SetSwitches(change.object_id, found.records, access.leg_names(found.legs), found.denies)


@stored_at.register
def _(change: SetDefaultRule, policy: access.Policy) -> PolicyChange:
    empty = SetDefaultRule(change.object_id, change.author, change.grantee, access.Grants())
    return _one_of(default_rules(policy, change.object_id), empty)


@stored_at.register
def _(change: SetScopeRule, policy: access.Policy) -> PolicyChange:
    empty = SetScopeRule(change.object_id, change.grantee, change.scope, access.Grants())
    return _one_of(scope_rules(policy, change.object_id), empty)


@stored_at.register
def _(change: SetDenyRule, policy: access.Policy) -> PolicyChange:
    empty = SetDenyRule(change.object_id, change.author, change.unit, frozenset())
    return _one_of(deny_rules(policy, change.object_id), empty)


def _one_of(stored: Sequence[PolicyChange], empty: PolicyChange) -> PolicyChange:
    return next((rule for rule in stored if target_of(rule) == target_of(empty)), empty)


def default_rules(policy: access.Policy, object_id: ObjectId) -> list[SetDefaultRule]:
    """The default rules of an object as they are stored."""
    return [
        SetDefaultRule(object_id, rule.author, rule.grantee, grants_of(rule.grants))
        for rule in policy.object(object_id).records.rules
    ]


def scope_rules(policy: access.Policy, object_id: ObjectId) -> list[SetScopeRule]:
    """The scope rules of an object as they are stored."""
    return [
        SetScopeRule(object_id, rule.grantee, access.Scope(rule.path, rule.attribute), grants_of(rule.grants))
        for rule in policy.object(object_id).records.scopes
    ]


def deny_rules(policy: access.Policy, object_id: ObjectId) -> list[SetDenyRule]:
    """The deny rules of an object as they are stored."""
    return [
        SetDenyRule(object_id, rule.author, rule.unit, rule.verbs)
        for rule in policy.object(object_id).records.deny_rules
    ]


def grants_of(grants: Mapping[access.Verb, access.Grant]) -> access.Grants:
    """What a stored rule gives, as a change says it."""
    none = access.Grant.NONE
    return access.Grants(
        *(grants.get(v, none) for v in (access.Verb.READ, access.Verb.UPDATE, access.Verb.DELETE))
    )

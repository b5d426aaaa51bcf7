"""Changes of rights as values: what an editor has not saved yet, a file asks for, a remedy suggests.

Each is one checked command of `access`, so a list of them is refused where a single one would be.
"""

from dataclasses import dataclass
from uuid import UUID

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.ids import ColumnId, ObjectId, RecordId, UnitId

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
class ShareRecord:
    """Leg 7: one verb on one record for a unit, given without an end or taken back."""

    object_code: str
    record_id: RecordId
    unit: UnitId
    verb: access.Verb
    shared: bool = True


@dataclass(frozen=True, slots=True)
class DenyRecord:
    """All that a unit is denied on one record; none: nothing any more."""

    object_code: str
    record_id: RecordId
    unit: UnitId
    verbs: frozenset[access.Verb]


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
    | ShareRecord
    | DenyRecord
    | SetActive
)


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

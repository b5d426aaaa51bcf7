"""Changes of metadata as frozen values. Objects and columns are named by their codes of the moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from ostiary.access.public import Operation
from ostiary.objects._details import NO_DETAILS, Details
from ostiary.objects._model import Choice, Column, DataClass, Layout, Object, Retention

Value: TypeAlias = object  # `object` is a field's name below


@dataclass(frozen=True, slots=True)
class MetadataCall:
    """What a change needs and leaves: layer-1 operation, type of its event."""

    operation: Operation
    event: str


@dataclass(frozen=True, slots=True)
class CreateObject:
    """A new object or list of values. values: rows of a list, created through `records`.

    details: the objects to be made under it in the same change.
    """

    kind: ClassVar[str] = "create_object"
    object: Object
    values: tuple[Mapping[str, Value], ...] = ()
    details: Details = NO_DETAILS


@dataclass(frozen=True, slots=True)
class ChangeObject:
    """Titles, description, naming column and layout; None leaves as it is.

    attachments, notes: true makes these objects under it, with the policy of the column that names a record.
    """

    kind: ClassVar[str] = "change_object"
    object: str
    caption: str | None = None
    plural: str | None = None
    icon: str | None = None
    description: str | None = None
    display: str | None = None
    layout: Layout | None = None
    attachments: bool | None = None
    notes: bool | None = None


@dataclass(frozen=True, slots=True)
class RenameObject:
    """Another code. The former one keeps working for the recovery period; the table keeps its name."""

    kind: ClassVar[str] = "rename_object"
    object: str
    to: str


@dataclass(frozen=True, slots=True)
class DropObject:
    """Out of the catalogue; rights and data are kept for the recovery period."""

    kind: ClassVar[str] = "drop_object"
    object: str


@dataclass(frozen=True, slots=True)
class RestoreObject:
    """A dropped object, exactly as it was."""

    kind: ClassVar[str] = "restore_object"
    object: str


@dataclass(frozen=True, slots=True)
class PurgeObject:
    """A dropped object whose recovery period is over, for good: table, records, rights."""

    kind: ClassVar[str] = "purge_object"
    object: str


@dataclass(frozen=True, slots=True)
class AddColumn:
    """A new column, closed to everybody. in_list, group: where the layout shows it."""

    kind: ClassVar[str] = "add_column"
    object: str
    column: Column
    in_list: bool = False
    group: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeColumn:
    """What may change on a column that has data; None leaves as it is.

    clear: of default, minimum, maximum. choices: added, or given another caption or tone. retire, revive:
    codes of choices. data_class: a lower one opens the column to more people: it needs a reason, and rights'
    administration as well.
    """

    kind: ClassVar[str] = "change_column"
    object: str
    column: str
    caption: str | None = None
    help: str | None = None
    required: bool | None = None
    default: Value = None
    clear: tuple[str, ...] = ()
    max_length: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[Choice, ...] = ()
    retire: tuple[str, ...] = ()
    revive: tuple[str, ...] = ()
    data_class: DataClass | None = None
    personal_data: str | None = None
    retention: Retention | None = None
    tags: tuple[str, ...] | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RenameColumn:
    """Another code. The former one keeps working for the recovery period; the stored name stays."""

    kind: ClassVar[str] = "rename_column"
    object: str
    column: str
    to: str


@dataclass(frozen=True, slots=True)
class DropColumn:
    """Out of the catalogue; rights and values are kept for the recovery period."""

    kind: ClassVar[str] = "drop_column"
    object: str
    column: str


@dataclass(frozen=True, slots=True)
class RestoreColumn:
    """A dropped column, exactly as it was."""

    kind: ClassVar[str] = "restore_column"
    object: str
    column: str


@dataclass(frozen=True, slots=True)
class PurgeColumn:
    """A dropped column whose recovery period is over, for good; its values were emptied before."""

    kind: ClassVar[str] = "purge_column"
    object: str
    column: str


@dataclass(frozen=True, slots=True)
class SetIndex:
    """Whether an index serves sorting and filtering by a column; built and taken away by a job."""

    kind: ClassVar[str] = "set_index"
    object: str
    column: str
    indexed: bool


@dataclass(frozen=True, slots=True)
class Backfill:
    """Fill a column where it is empty, by a job: with a value, or with what another column holds."""

    kind: ClassVar[str] = "backfill"
    object: str
    column: str
    value: Value = None
    copy_of: str | None = None


@dataclass(frozen=True, slots=True)
class SetWorkplace:
    """Make a workplace, or replace its caption and all its sections in their order."""

    kind: ClassVar[str] = "set_workplace"
    workplace: str
    caption: str
    groups: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class DropWorkplace:
    """Take a workplace away; its objects stay."""

    kind: ClassVar[str] = "drop_workplace"
    workplace: str


@dataclass(frozen=True, slots=True)
class PlaceSection:
    """Show an object in a workplace; where it stands already, move it. position: in its group, from 0."""

    kind: ClassVar[str] = "place_section"
    workplace: str
    object: str
    group: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class RemoveSection:
    """Show an object no longer in a workplace."""

    kind: ClassVar[str] = "remove_section"
    workplace: str
    object: str


Change = (
    CreateObject | ChangeObject | RenameObject | DropObject | RestoreObject | PurgeObject
    | AddColumn | ChangeColumn | RenameColumn | DropColumn | RestoreColumn | PurgeColumn
    | SetIndex | Backfill
    | SetWorkplace | DropWorkplace | PlaceSection | RemoveSection
)  # fmt: skip

_EVENTS: Mapping[type[Change], str] = {
    CreateObject: "objects.object.created",
    ChangeObject: "objects.object.changed",
    RenameObject: "objects.object.renamed",
    DropObject: "objects.object.dropped",
    RestoreObject: "objects.object.restored",
    PurgeObject: "objects.object.purged",
    AddColumn: "objects.column.added",
    ChangeColumn: "objects.column.changed",
    RenameColumn: "objects.column.renamed",
    DropColumn: "objects.column.dropped",
    RestoreColumn: "objects.column.restored",
    PurgeColumn: "objects.column.purged",
    SetIndex: "objects.index.requested",
    Backfill: "objects.backfill.requested",
    SetWorkplace: "objects.workplace.changed",
    DropWorkplace: "objects.workplace.dropped",
    PlaceSection: "objects.section.placed",
    RemoveSection: "objects.section.removed",
}
# Every call that changes metadata, by its kind: what it needs and what it leaves.
METADATA_CALLS: Mapping[str, MetadataCall] = {
    change.kind: MetadataCall(Operation.MANAGE_SOLUTION, event) for change, event in _EVENTS.items()
}


@dataclass(frozen=True, slots=True)
class Later:
    """Work that a change leaves for a job: task, its arguments by name. words: "" where others say it.

    change: number of the change in its file, whose row is an argument too.
    """

    task: str
    words: str
    arguments: Mapping[str, Value] = field(default_factory=dict)
    change: int | None = None

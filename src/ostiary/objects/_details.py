"""What an object may ask for in one word: attachments and notes, which are ordinary objects under it.

They are declared here as anybody could declare them, with the object as their master record, so that they are
read and changed by whoever reads and changes what they belong to (semantics 3, leg 8).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ostiary.kernel.ids import ColumnId, ObjectId
from ostiary.objects._declared import Policy, PolicyDefaults, complete
from ostiary.objects._document import policy_document
from ostiary.objects._errors import PackageRefused
from ostiary.objects._model import (
    FILE_COLUMNS,
    FOREVER,
    UNASSIGNED,
    Column,
    ColumnType,
    DataClass,
    Layout,
    Object,
    owner_column,
)
from ostiary.objects._strict import Node

PARENT = "parent"
FILE, NOTE, LOG = "_file", "_note", "_history"
VERSION = "_version"  # what follows the object's code
_CLOSED = Policy(DataClass.RESTRICTED, "free_text", FOREVER)  # until somebody says otherwise


@dataclass(frozen=True, slots=True)
class Details:
    """What lies under an object. policy: of the columns that people fill there."""

    attachments: bool = False
    notes: bool = False
    history: bool = False
    versions: tuple[str, ...] = ()
    policy: Policy = _CLOSED

    @property
    def any(self) -> bool:
        """Whether there is anything to make."""
        return self.attachments or self.notes or self.history or bool(self.versions)


NO_DETAILS = Details()
_FLAGS = ("attachments", "notes", "history")


def read_details(node: Node, policy: PolicyDefaults) -> Details:
    """What an object says to lie under it, with its policy. Raises PackageRefused: it states no policy."""
    attachments, notes, history = (node.take(key, bool, False) for key in _FLAGS)
    versions = node.texts("versions")
    if not (attachments or notes or history or versions):
        return NO_DETAILS
    return Details(attachments, notes, history, versions, complete(node, policy, PolicyDefaults()))


def details_document(details: Details) -> dict[str, Any]:
    """The keys that `read_details` reads back; the columns of the object itself state their own policy."""
    if not details.any:
        return {}
    flags: dict[str, Any] = {key: True for key in _FLAGS if getattr(details, key)}
    if details.versions:
        flags["versions"] = list(details.versions)
    return {**flags, "policy": policy_document(details.policy)}


def details_of(made: Object, *, attachments: bool, notes: bool) -> Details:
    """The same for an object that is there: the policy of the column that names its records."""
    display = made.columns[made.display]
    policy = Policy(display.data_class, display.personal_data, display.retention)
    return Details(attachments, notes, policy=policy)


def expanded(made: Object, details: Details) -> Sequence[Object]:
    """The object with its lists of what lies under it, and these objects."""
    under, lists = [], []
    if details.attachments:
        under.append(_files(made, details.policy))
        lists.append(("Attachments", under[-1].code, PARENT))
    if details.notes:
        under.append(_notes(made, details.policy))
        lists.append(("Notes", under[-1].code, PARENT))
    if details.history:
        under.append(_log(made, details.policy))
        lists.append(("Stage history", under[-1].code, PARENT))
    if details.versions:
        under.append(_versions(made, details))
        lists.append(("Earlier versions", under[-1].code, PARENT))
    layout = replace(made.layout, details=(*made.layout.details, *lists))
    return replace(made, layout=layout), *under


def is_detail(other: Object, parent: Object) -> bool:
    """Whether an object is the one of files or of notes under another: it stays and goes with that."""
    master = other.master_column
    if other.master != PARENT or master is None or master.target != parent.code:
        return False
    return (
        other.log or other.content or {"title", "text"} <= {column.name for column in other.columns.values()}
    )


def _files(parent: Object, policy: Policy) -> Object:
    limits = {"content_type": 127, "checksum": 64}
    columns = [_parent(parent, policy)]
    for code, kind in FILE_COLUMNS.items():
        column = _column(code, _CAPTIONS[code], kind, policy, required=True)
        if code != "name":
            length = limits.get(code, column.max_length)
            column = replace(column, computed=True, personal_data="none", max_length=length)
        columns.append(column)
    layout = Layout(
        list_columns=("name", "content_type", "size", "author", "created_at"),
        default_sort=("name",),
        facts=("content_type", "size", "created_at"),
        groups=(("Attachment", (PARENT, *FILE_COLUMNS, "owner")),),
    )
    made = _under(parent, FILE, "attachment", "paperclip", columns, layout)
    return replace(made, display="name", content=True)


def _notes(parent: Object, policy: Policy) -> Object:
    columns = [
        _parent(parent, policy),
        _column("title", "Title", ColumnType.TEXT, policy, required=True),
        replace(_column("text", "Text", ColumnType.LONG_TEXT, policy), max_length=10_000),
    ]
    layout = Layout(
        list_columns=("title", "author", "created_at", "modified_at"),
        default_sort=("-created_at",),
        facts=("author", "created_at"),
        groups=(("Note", (PARENT, "title", "text", "owner")),),
    )
    return replace(_under(parent, NOTE, "note", "note", columns, layout), display="title")


# What each row of a log of stages tells, by stored name; the stage itself is as in the object.
LOG_COLUMNS: Mapping[str, tuple[str, ColumnType]] = {
    "held_by": ("Owner then", ColumnType.TEXT),
    "entered_at": ("From", ColumnType.INSTANT),
    "left_at": ("To", ColumnType.INSTANT),
    "minutes": ("Minutes", ColumnType.INTEGER),
}
LOG_STAGE = "stage"


def _log(parent: Object, policy: Policy) -> Object:
    """The periods that records spent in their stages, written by the product when each ends."""
    told = parent.rules.stages
    column = parent.columns.get(told.column) if told else None
    if column is None:
        raise PackageRefused(f"{parent.code}: a history needs rules with the column of the stages")
    stage = replace(column, code=LOG_STAGE, unique=False, default=None, former=(), born_as="", help="")
    columns = [
        _parent(parent, policy),
        _column("number", "Number", ColumnType.AUTO_NUMBER, policy),
        replace(stage, id=ColumnId(UNASSIGNED), required=False, computed=True),
        *(
            replace(
                _column(code, caption, kind, policy), computed=True, personal_data=_DATA.get(code, "none")
            )
            for code, (caption, kind) in LOG_COLUMNS.items()
        ),
    ]
    columns[1] = replace(columns[1], pattern="STAGE-{0:07d}", personal_data="none")
    layout = Layout(
        list_columns=(LOG_STAGE, *LOG_COLUMNS),
        default_sort=("-left_at",),
        facts=(LOG_STAGE, "entered_at", "left_at", "minutes"),
        groups=(("Stage", (PARENT, "number", LOG_STAGE, *LOG_COLUMNS)),),
    )
    made = _under(parent, LOG, "stage", "history", columns, layout)
    without = {code: x for code, x in made.columns.items() if x.type is not ColumnType.OWNER}
    return replace(made, display="number", log=True, has_owner=False, columns=without)


VERSION_COLUMNS: Mapping[str, tuple[str, ColumnType]] = {
    "changed_by": ("Changed by", ColumnType.TEXT),
    "kept_until": ("Until", ColumnType.INSTANT),
}


def _versions(parent: Object, details: Details) -> Object:
    """What some columns held before, written by the product when they change."""
    unknown = sorted(set(details.versions) - parent.columns.keys())
    if unknown:
        raise PackageRefused(f"{parent.code}: versions: unknown column {unknown[0]!r}")
    policy = details.policy
    number = replace(_column("number", "Number", ColumnType.AUTO_NUMBER, policy), pattern="VERSION-{0:07d}")
    told_of = [_column(code, caption, kind, policy) for code, (caption, kind) in VERSION_COLUMNS.items()]
    copies = [_copy(parent.columns[code]) for code in details.versions]
    columns = [
        _parent(parent, policy),
        replace(number, personal_data="none"),
        *copies,
        *(replace(x, computed=True, personal_data=_DATA.get(x.code, "none")) for x in told_of),
    ]
    shown = tuple(c.code for c in copies if c.type is not ColumnType.LONG_TEXT)
    layout = Layout(
        list_columns=("number", *shown, *VERSION_COLUMNS),
        default_sort=("-kept_until",),
        facts=(*VERSION_COLUMNS,),
        groups=(("Version", (PARENT, "number", *details.versions, *VERSION_COLUMNS)),),
    )
    made = _under(parent, VERSION, "version", "history", columns, layout)
    without = {code: x for code, x in made.columns.items() if x.type is not ColumnType.OWNER}
    return replace(made, display="number", log=True, has_owner=False, columns=without)


def _copy(column: Column) -> Column:
    """A column that holds what another held."""
    bare = replace(column, id=ColumnId(UNASSIGNED), required=False, unique=False, default=None)
    return replace(bare, computed=True, formula="")


_DATA = {"changed_by": "staff", "held_by": "staff"}
_CAPTIONS = {"name": "Name", "size": "Bytes", "content_type": "Type", "checksum": "SHA-256"}


def _under(
    parent: Object, ending: str, word: str, icon: str, columns: Sequence[Column], layout: Layout
) -> Object:
    return Object(
        id=ObjectId(UNASSIGNED),
        code=f"{parent.code}{ending}",
        caption=f"{parent.caption} {word}",
        plural=f"{parent.caption} {word}s",
        icon=icon,
        display="",
        columns={c.code: c for c in (*columns, owner_column())},
        layout=layout,
        description=f"What lies under {parent.plural.lower()}, read and changed like them.",
        master=PARENT,
    )


def _parent(parent: Object, policy: Policy) -> Column:
    made = _column(PARENT, parent.caption, ColumnType.LOOKUP, policy, required=True)
    return replace(made, target=parent.code, personal_data="none")


def _column(code: str, caption: str, kind: ColumnType, policy: Policy, *, required: bool = False) -> Column:
    """What people write may be about people: it counts as personal data, whatever the object says."""
    return Column(
        ColumnId(UNASSIGNED),
        code,
        caption,
        kind,
        policy.data_class,
        "free_text" if policy.personal_data == "none" else policy.personal_data,
        policy.retention,
        required=required,
    )

"""What an object may ask for in one word: attachments and notes, which are ordinary objects under it.

They are declared here as anybody could declare them, with the object as their master record, so that they are
read and changed by whoever reads and changes what they belong to (semantics 3, leg 8).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ostiary.kernel.ids import ColumnId, ObjectId
from ostiary.objects._declared import Policy, PolicyDefaults, complete
from ostiary.objects._document import policy_document
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
FILE, NOTE = "_file", "_note"  # what follows the object's code
_CLOSED = Policy(DataClass.RESTRICTED, "free_text", FOREVER)  # until somebody says otherwise


@dataclass(frozen=True, slots=True)
class Details:
    """What lies under an object. policy: of the columns that people fill there."""

    attachments: bool = False
    notes: bool = False
    policy: Policy = _CLOSED

    @property
    def any(self) -> bool:
        """Whether there is anything to make."""
        return self.attachments or self.notes


NO_DETAILS = Details()


def read_details(node: Node, policy: PolicyDefaults) -> Details:
    """What an object says to lie under it, with its policy. Raises PackageRefused: it states no policy."""
    attachments, notes = (node.take(key, bool, False) for key in ("attachments", "notes"))
    if not (attachments or notes):
        return NO_DETAILS
    return Details(attachments, notes, complete(node, policy, PolicyDefaults()))


def details_document(details: Details) -> dict[str, Any]:
    """The keys that `read_details` reads back; the columns of the object itself state their own policy."""
    if not details.any:
        return {}
    flags = {key: True for key in ("attachments", "notes") if getattr(details, key)}
    return {**flags, "policy": policy_document(details.policy)}


def details_of(made: Object, *, attachments: bool, notes: bool) -> Details:
    """The same for an object that is there: the policy of the column that names its records."""
    display = made.columns[made.display]
    return Details(attachments, notes, Policy(display.data_class, display.personal_data, display.retention))


def expanded(made: Object, details: Details) -> Sequence[Object]:
    """The object with its lists of what lies under it, and these objects."""
    under, lists = [], []
    if details.attachments:
        under.append(_files(made, details.policy))
        lists.append(("Attachments", under[-1].code, PARENT))
    if details.notes:
        under.append(_notes(made, details.policy))
        lists.append(("Notes", under[-1].code, PARENT))
    layout = replace(made.layout, details=(*made.layout.details, *lists))
    return replace(made, layout=layout), *under


def is_detail(other: Object, parent: Object) -> bool:
    """Whether an object is the one of files or of notes under another: it stays and goes with that."""
    master = other.master_column
    if other.master != PARENT or master is None or master.target != parent.code:
        return False
    return other.content or {"title", "text"} <= {column.name for column in other.columns.values()}


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

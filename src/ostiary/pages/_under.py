"""Files and notes: records that people see on the page of what they lie under, and go back to from theirs."""

from dataclasses import dataclass
from uuid import UUID

from ostiary.kernel.ids import RecordId
from ostiary.objects.public import Column, ColumnType
from ostiary.pages._reader import Urls
from ostiary.records.public import ObjectView, Record

# Fields of a form: the id of the record that somebody came from; whether the form stands on its page.
UNDER, PANEL = "under", "panel"


def text_of_note(view: ObjectView) -> Column | None:
    """The text of an object of notes: beside its name, its master and its owner it has one long text."""
    thing = view.object
    if not thing.master or thing.content:
        return None
    own = {thing.display, *(c.code for c in thing.columns.values() if c.name == thing.master)}
    rest = [c for c in thing.columns.values() if c.code not in own and c.type is not ColumnType.OWNER]
    return rest[0] if len(rest) == 1 and rest[0].type is ColumnType.LONG_TEXT else None


def parent_of(view: ObjectView, record: Record) -> str:
    """Id of the record that a file or a note lies under; "" for anything else, or if it may not be read."""
    master = view.object.master_column
    value = record.data.get(master.code) if master else None
    return str(value["id"]) if isinstance(value, dict) and "id" in value else ""


def parent_name(view: ObjectView, record: Record) -> str:
    """What the record above is called; "" where that may not be read."""
    master = view.object.master_column
    value = record.data.get(master.code) if master else None
    return str(value.get("display") or "") if isinstance(value, dict) else ""


@dataclass(frozen=True, slots=True)
class Home:
    """A tab of the page of a record, where what lies under it is shown."""

    object: str
    record_id: RecordId
    tab: str

    def url(self, urls: Urls) -> str:
        """Its address."""
        return f"{urls.record(self.object, self.record_id)}?tab={self.tab}"


def home_of(view: ObjectView, parent: str) -> Home | None:
    """Where files or notes under a record are shown; None for other objects and for what is no id."""
    master = view.object.master_column
    if master is None or master.target is None or not (view.object.content or text_of_note(view)):
        return None
    try:
        return Home(master.target, RecordId(UUID(parent)), tab_of(view.object.code, master.code))
    except ValueError:
        return None


def tab_of(code: str, column: str) -> str:
    """The tab of a list on the page of a record."""
    return f"{code}.{column}"

"""The facts of a record: each field with its value in words, as far as the reader is shown it."""

from dataclasses import dataclass, replace

from ostiary.access.public import Verb
from ostiary.objects import public as objects
from ostiary.objects.public import Column, ColumnType
from ostiary.pages._captions import column_of
from ostiary.pages._cells import RESTRICTED, Cell, make_cell, mark_of
from ostiary.pages._panel_state import REVEAL, PanelState
from ostiary.pages._reader import Reader, is_shown
from ostiary.pages._refusals import own_why, why_masked, why_restricted
from ostiary.records import public as records
from ostiary.records.public import ObjectView, Record
from ostiary.ui.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class Fact:
    """One field with its value. why: the reason when the value is restricted. tall: more than one line.

    explain: where that is explained. who_url: who can see it, while that is asked of the record.
    reveal_url: where a masked value is revealed, for whoever may.
    """

    code: str
    label: str
    cell: Cell
    mark: str
    why: str = ""
    tall: bool = False
    explain: str = ""
    who_url: str = ""
    reveal_url: str = ""


@dataclass(frozen=True, slots=True)
class FactGroup:
    """Fields under one caption."""

    label: str
    facts: tuple[Fact, ...]


def display_name(view: ObjectView, record: Record) -> str:
    """What a record is called; its object's name where the naming column may not be read."""
    value = record.data.get(view.object.display)
    if isinstance(value, dict):
        value = value.get("display")
    return str(value) if value not in (None, "") else view.object.caption


def is_placed(view: ObjectView, code: str) -> bool:
    """Whether there is a field of this code, shown to the reader or not."""
    return code in view.object.columns or code in objects.SYSTEM_COLUMNS


def make_fact(reader: Reader, view: ObjectView, record: Record, code: str) -> Fact:
    """One field of the record as the reader is shown it."""
    column = column_of(view.object, code)
    if not is_shown(view, code) or code in record.restricted:
        explain = own_why(reader, view.object.code, Verb.READ, record.id, code)
        return Fact(
            code, column.caption, RESTRICTED, mark_of(column), why_restricted(column), explain=explain
        )
    cell = make_cell(reader, column, record.data.get(code))
    if cell.kind == "masked":
        return _masked(reader, view, record, column, cell)
    why = ""
    if cell is RESTRICTED:
        why = _("You may not read the record that this field refers to (layer 3, record).")
    return Fact(code, column.caption, cell, mark_of(column), why, column.type is ColumnType.LONG_TEXT)


def _masked(reader: Reader, view: ObjectView, record: Record, column: Column, cell: Cell) -> Fact:
    """What may be revealed says where; else it says why not."""
    fact = Fact(column.code, column.caption, cell, mark_of(column))
    if records.may_reveal(reader.ctx):
        here = reader.urls.record(view.object.code, record.id)
        return replace(fact, reveal_url=PanelState(REVEAL, column=column.code).at(here))
    explain = own_why(reader, view.object.code, Verb.READ, record.id, column.code)
    return replace(fact, why=why_masked(column), explain=explain)


def fact_groups(reader: Reader, view: ObjectView, record: Record) -> tuple[FactGroup, ...]:
    """Every field that the layout places, and what every record has."""
    groups = [
        FactGroup(
            caption, tuple(make_fact(reader, view, record, code) for code in codes if is_placed(view, code))
        )
        for caption, codes in view.object.layout.groups
    ]
    named = {fact.code for group in groups for fact in group.facts}
    system = ["owner"] if view.object.has_owner and "owner" not in named else []
    system += [code for code in ("author", "created_at", "modified_at") if code not in named]
    about = FactGroup(_("About this record"), tuple(make_fact(reader, view, record, code) for code in system))
    return (*(group for group in groups if group.facts), about)


def subtitle(reader: Reader, view: ObjectView, record: Record) -> str:
    """What it is, and who added it when."""
    made = make_cell(reader, objects.SYSTEM_COLUMNS["created_at"], record.data.get("created_at"))
    author = record.data.get("author") or {}
    number = next(
        (record.data.get(c.code) for c in view.object.columns.values() if c.type is ColumnType.AUTO_NUMBER),
        None,
    )
    parts = {
        "thing": f"{view.object.caption} {number}" if number else view.object.caption,
        "on": made.text.partition(",")[0],
        "by": author.get("display", ""),
    }
    return (_("%(thing)s, added %(on)s by %(by)s") if parts["by"] else _("%(thing)s, added %(on)s")) % parts

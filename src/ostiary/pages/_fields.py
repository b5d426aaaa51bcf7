"""Columns that a list may show, filter and sort by: of the object and, through lookups, of what they lead to.

Each step of a path must be readable: a closed column or object on the way is not offered and not found.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ostiary.objects.public import SYSTEM_COLUMNS, Column, ColumnType
from ostiary.pages._captions import column_of
from ostiary.pages._reader import Reader, is_shown, readable, readable_columns
from ostiary.records.public import ObjectView
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _

MAX_HOPS = 4


@dataclass(frozen=True, slots=True)
class FieldAt:
    """Where a path leads. view: of the object that the column is of."""

    path: str
    column: Column
    caption: str
    view: ObjectView

    @property
    def reached(self) -> bool:
        """Whether it lies beyond a lookup."""
        return "." in self.path

    @property
    def readable(self) -> bool:
        """Whether it may be filtered and sorted by: it is not merely shown masked."""
        return readable(self.view, self.column.code)

    @property
    def sortable(self) -> bool:
        """Whether a list can have its order by it."""
        return self.readable and self.column.type is not ColumnType.LONG_TEXT


@dataclass(frozen=True, slots=True)
class Offer:
    """Fields under one caption; `path` leads to their object, "" for the object itself."""

    path: str
    caption: str
    fields: tuple[FieldAt, ...]


def find_field(reader: Reader, view: ObjectView, path: str) -> FieldAt | None:
    """The column at the end of a path, shown to the reader, be it masked; None: there is none for it."""
    *hops, last = path.split(".")
    if len(hops) > MAX_HOPS:
        return None
    captions = list[str]()
    for code in hops:
        column = _column(view, code)
        target = None if column is None else lookup_target(reader, view, column)
        if column is None or target is None:
            return None
        captions.append(column.caption)
        view = target
    column = _column(view, last)
    if column is None or not is_shown(view, column.code) or (hops and column.code in SYSTEM_COLUMNS):
        return None
    if captions:
        return FieldAt(path, column, ": ".join([*captions, column.caption]), view)
    return FieldAt(column.code, column, column.caption, view)


def lookup_target(reader: Reader, view: ObjectView, column: Column) -> ObjectView | None:
    """What a readable lookup leads to, if the reader may read that object."""
    if column.type is not ColumnType.LOOKUP or not column.target or not readable(view, column.code):
        return None
    return reader.views.get(column.target)


def _column(view: ObjectView, code: str) -> Column | None:
    """By code of now or by a former one."""
    code = view.object.aliases.get(code, code)
    return column_of(view.object, code) if code in {**view.object.columns, **SYSTEM_COLUMNS} else None


def own_fields(view: ObjectView) -> list[FieldAt]:
    """The object's own columns that may be filtered and sorted by."""
    return [FieldAt(c.code, c, c.caption, view) for c in readable_columns(view)]


def offers(reader: Reader, view: ObjectView, into: str = "") -> list[Offer]:
    """The fields of the object, of what its big lookups lead to, and of what `into` leads to."""
    found = [Offer("", view.object.caption, tuple(own_fields(view)))]
    for column in view.object.columns.values():
        target = lookup_target(reader, view, column)
        if target is not None and not target.object.is_lookup:
            found.append(
                Offer(column.code, column.caption, tuple(_beyond(target, column.code, column.caption)))
            )
    place = find_field(reader, view, into) if into else None
    if place is not None and into not in {offer.path for offer in found} and into.count(".") < MAX_HOPS:
        target = lookup_target(reader, place.view, place.column)
        if target is not None:
            found.append(Offer(into, place.caption, tuple(_beyond(target, into, place.caption))))
    return [offer for offer in found if offer.fields]


def _beyond(target: ObjectView, path: str, caption: str) -> Iterator[FieldAt]:
    for code, column in target.object.columns.items():
        if readable(target, code):
            yield FieldAt(f"{path}.{code}", column, f"{caption}: {column.caption}", target)


def not_offered(view: ObjectView) -> str:
    """One line that names the columns which the reader may not read, or ""."""
    hidden = [c.caption for code, c in view.object.columns.items() if not readable(view, code)]
    if not hidden:
        return ""
    sentence = (
        _("%(names)s is not offered. You may not read it, so it cannot filter or sort.")
        if len(hidden) == 1
        else _("%(names)s are not offered. You may not read them, so they cannot filter or sort.")
    )
    return sentence % {"names": words.listed(hidden)}

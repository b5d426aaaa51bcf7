"""Which columns a list shows and in which order its records stand."""

from ostiary.objects.public import SYSTEM_COLUMNS, Column, ColumnType
from ostiary.pages._captions import column_of
from ostiary.pages._fields import FieldAt, find_field, lookup_target
from ostiary.pages._reader import Reader, is_shown, readable
from ostiary.pages._state import ListState
from ostiary.records import public as records
from ostiary.records.public import ObjectView

MOST_THROUGH = 20  # columns through lookups, as the data plane bounds them


def shown_columns(view: ObjectView) -> list[Column]:
    """The layout's list columns that the reader is shown, the naming one first."""
    codes = [view.object.display, *(c for c in view.object.layout.list_columns if c != view.object.display)]
    return [column_of(view.object, code) for code in codes if is_shown(view, code)]


def shown_fields(reader: Reader, view: ObjectView, state: ListState) -> tuple[list[FieldAt], bool]:
    """What the list shows, the naming column first, and whether something asked for is not there.

    A column that the reader may not see is left out like one that was dropped.
    """
    if not state.columns:
        return [FieldAt(c.code, c, c.caption, view) for c in shown_columns(view)], False
    display = view.object.display
    found, through, missing = dict[str, FieldAt](), 0, False
    for path in (display, *state.columns):
        field = find_field(reader, view, path)
        if field is None or (field.reached and through >= MOST_THROUGH):
            missing = missing or path != display
            continue
        through += field.reached and field.path not in found
        found.setdefault(field.path, field)
    return list(found.values()), missing


def asked(shown: list[Column]) -> tuple[str, ...]:
    """The codes to ask for; what every record has comes without asking."""
    return tuple(column.code for column in shown if column.code not in SYSTEM_COLUMNS)


def asked_paths(shown: list[FieldAt]) -> tuple[str, ...]:
    """The paths to ask for."""
    return tuple(field.path for field in shown if field.path not in SYSTEM_COLUMNS)


def list_sort(reader: Reader, view: ObjectView, state: ListState) -> tuple[records.Sort, ...]:
    """The order asked for, else the layout's, as far as it may be read; nothing left: by name."""
    sort = tuple(
        found
        for key in (state.sorts or view.object.layout.default_sort)
        if (found := _sort(reader, view, key)) is not None
    )
    display = view.object.display
    return sort or ((records.Sort(display),) if readable(view, display) else ())


def _sort(reader: Reader, view: ObjectView, key: str) -> records.Sort | None:
    field = find_field(reader, view, key.removeprefix("-"))
    if field is None or not field.sortable:
        return None
    if field.column.type is ColumnType.LOOKUP:  # it stands in the order of what it shows
        target = lookup_target(reader, field.view, field.column)
        if target is None or not readable(target, target.object.display):
            return None
    return records.Sort(field.path, descending=key.startswith("-"))

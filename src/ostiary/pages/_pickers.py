"""The panels of a list: its columns, its order, its groups. Each is a GET form that works without script."""

from dataclasses import dataclass

from ostiary.pages._builder import Fields
from ostiary.pages._fields import FieldAt, Offer, lookup_target, offers
from ostiary.pages._groups import groupings
from ostiary.pages._reader import Reader
from ostiary.pages._state import MOST_COLUMNS, MOST_SORTS, ListState
from ostiary.records import public as records
from ostiary.records.public import ObjectView
from ostiary.ui.values import Option

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PickedColumn:
    """A column that is shown. fixed: the naming column, which stays first."""

    path: str
    caption: str
    fixed: bool
    first: bool
    last: bool


@dataclass(frozen=True, slots=True)
class FurtherColumn:
    """A column that may be added. into_url: where the columns of what it leads to are offered too."""

    path: str
    caption: str
    into_url: str


@dataclass(frozen=True, slots=True)
class Further:
    """Columns under one caption; open: unfolded at once."""

    caption: str
    columns: tuple[FurtherColumn, ...]
    open: bool


@dataclass(frozen=True, slots=True)
class ColumnPicker:
    """Boxes to tick: those that are shown in order, then all others. full: no further column fits."""

    action: str
    kept: Pairs
    shown: tuple[PickedColumn, ...]
    further: tuple[Further, ...]
    reset_url: str
    close_url: str
    full: bool


@dataclass(frozen=True, slots=True)
class SortRow:
    """One key of the order; an empty one at the end adds another."""

    number: int
    fields: tuple[Fields, ...]
    descending: bool


@dataclass(frozen=True, slots=True)
class SortPicker:
    """The keys of the order in turn."""

    action: str
    kept: Pairs
    rows: tuple[SortRow, ...]
    reset_url: str
    close_url: str


@dataclass(frozen=True, slots=True)
class GroupPicker:
    """What records may be gathered by."""

    action: str
    kept: Pairs
    fields: tuple[Fields, ...]
    close_url: str


def kept_pairs(state: ListState, *without: str) -> Pairs:
    """The state for a form that says the rest itself."""
    left = {"page", "after", "lane", *without}
    return tuple((key, value) for key, value in state.other().pairs() if key not in left)


def column_picker(reader: Reader, view: ObjectView, state: ListState, shown: list[FieldAt]) -> ColumnPicker:
    """The columns of a list and all that may be added."""
    code, url = view.object.code, reader.urls.records
    taken = {field.path for field in shown}
    picked = [f for f in shown if f.path != view.object.display]
    return ColumnPicker(
        action=url(code),
        kept=kept_pairs(state, "c"),
        shown=tuple(
            PickedColumn(
                f.path,
                f.caption,
                fixed=f.path == view.object.display,
                first=f is picked[0] if picked else True,
                last=f is picked[-1] if picked else True,
            )
            for f in shown
        ),
        further=tuple(
            _further(reader, view, state, offer, taken) for offer in offers(reader, view, state.into)
        ),
        reset_url=url(code, state.other(columns=()).query()),
        close_url=url(code, state.showing().query()),
        full=len(shown) >= MOST_COLUMNS,
    )


def _further(reader: Reader, view: ObjectView, state: ListState, offer: Offer, taken: set[str]) -> Further:
    columns = tuple(
        FurtherColumn(
            f.path,
            f.column.caption,
            _into_url(reader, view, state, f) if offer.path else "",
        )
        for f in offer.fields
        if f.path not in taken
    )
    return Further(offer.caption, columns, open=not offer.path or offer.path == state.into)


def _into_url(reader: Reader, view: ObjectView, state: ListState, field: FieldAt) -> str:
    target = lookup_target(reader, field.view, field.column)
    if target is None or target.object.is_lookup:
        return ""
    return reader.urls.records(view.object.code, state.first_page(into=field.path).query())


def sort_picker(
    reader: Reader, view: ObjectView, state: ListState, sort: tuple[records.Sort, ...]
) -> SortPicker:
    """The keys of the order, and an empty one where another fits."""
    code, url = view.object.code, reader.urls.records
    offered = offers(reader, view)
    keys: list[records.Sort | None] = [*sort]
    if len(keys) < MOST_SORTS:
        keys.append(None)
    rows = (
        SortRow(n, _sortable(offered, key), key is not None and key.descending)
        for n, key in enumerate(keys, 1)
    )
    return SortPicker(
        action=url(code),
        kept=kept_pairs(state, "sort"),
        rows=tuple(rows),
        reset_url=url(code, state.other(sort="").query()),
        close_url=url(code, state.showing().query()),
    )


def _sortable(offered: list[Offer], key: records.Sort | None) -> tuple[Fields, ...]:
    chosen = "" if key is None else key.column
    found = [
        Fields(
            offer.caption if offer.path else "",
            tuple(Option(f.path, f.caption, f.path == chosen) for f in offer.fields if f.sortable),
        )
        for offer in offered
    ]
    if chosen and chosen not in {f.path for offer in offered for f in offer.fields}:
        found.insert(0, Fields("", (Option(chosen, chosen, selected=True),)))
    return tuple(fields for fields in found if fields.options)


def group_picker(reader: Reader, view: ObjectView, state: ListState) -> GroupPicker:
    """What a list may be grouped by."""
    code, url = view.object.code, reader.urls.records
    fields = tuple(
        Fields(caption, tuple(Option(o.value, o.label, o.value == state.grouped) for o in options))
        for caption, options in groupings(reader, view)
    )
    return GroupPicker(
        url(code), kept_pairs(state, "group", "open"), fields, url(code, state.showing().query())
    )

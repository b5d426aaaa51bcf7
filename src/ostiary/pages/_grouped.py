"""A list in groups as a page shows it: each with its figures, those that are open with their records."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ostiary.pages._asked import Asked, changeable_of
from ostiary.pages._cells import EMPTY, NO_TONES, Cell
from ostiary.pages._groups import Group, Groups, narrowed, opened, read_groups, toggled
from ostiary.pages._reader import Reader
from ostiary.pages._rows import RowView, is_named, table_rows
from ostiary.pages._settings import page_size
from ostiary.pages._state import MOST_OPENED, ListState
from ostiary.pages._totals import summed
from ostiary.records import public as records
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import ngettext


@dataclass(frozen=True, slots=True)
class Section:
    """One group. cells: its figures under their columns. toggle_url: "" where it cannot be opened.

    all_url: the group alone, where it has more records than are shown.
    """

    cell: Cell
    count: str
    cells: tuple[Cell, ...]
    toggle_url: str
    open: bool
    rows: tuple[RowView, ...]
    all_url: str


@dataclass(frozen=True, slots=True)
class GroupedList:
    """All groups that are shown. others: in words, what lies beyond them."""

    label: str
    sections: tuple[Section, ...]
    range: str
    others: str


def grouped_list(reader: Reader, asked: Asked, tones: Mapping[str, str]) -> GroupedList | None:
    """The groups of a list with the records of those that are open; None where nothing is asked for."""
    grouping = asked.grouping
    if grouping is None:
        return None
    staged = grouping.field.path == asked.view.object.layout.stage
    found = read_groups(
        reader,
        asked.code,
        grouping,
        asked.filtering.filter,
        summed(asked.shown),
        tones if staged else NO_TONES,
    )
    keys = opened(found, asked.state)[:MOST_OPENED]
    sections = tuple(_section(reader, asked, found, group, keys, tones) for group in found.groups)
    return GroupedList(grouping.label, sections, _range(found), _others(found))


def _section(
    reader: Reader,
    asked: Asked,
    groups: Groups,
    group: Group,
    keys: tuple[str, ...],
    tones: Mapping[str, str],
) -> Section:
    is_open = group.filter is not None and group.key in keys
    rows = _rows(reader, asked, group, tones) if is_open else ()
    figures = dict(zip([f.path for f in summed(asked.shown)], group.figures, strict=True))
    beside = asked.shown[1:] if is_named(asked.view.object, asked.shown) else asked.shown
    whole = narrowed(asked.state, group) if is_open and len(rows) < group.count else None
    return Section(
        group.cell,
        words.number(group.count),
        tuple(figures.get(f.path, EMPTY) for f in beside),
        _url(reader, asked, toggled(groups, asked.state, group.key)) if group.key else "",
        is_open,
        rows,
        _url(reader, asked, whole) if whole is not None else "",
    )


def _url(reader: Reader, asked: Asked, state: ListState) -> str:
    return reader.urls.records(asked.code, state.query())


def _rows(reader: Reader, asked: Asked, group: Group, tones: Mapping[str, str]) -> tuple[RowView, ...]:
    query = replace(asked.query(only=group.filter), limit=page_size(reader.ctx), verdicts=True)
    page = records.list_records(reader.ctx, query)
    shown, changeable = asked.shown, changeable_of(page)
    return table_rows(reader, asked.view.object, shown, page.records(), tones, changeable)


def _range(groups: Groups) -> str:
    many = len(groups.groups) + groups.others.cells
    return _("%(groups)s, %(records)s") % {
        "groups": ngettext("%(num)s group", "%(num)s groups", many) % {"num": words.number(many)},
        "records": ngettext("%(num)s record", "%(num)s records", groups.records)
        % {"num": words.number(groups.records)},
    }


def _others(groups: Groups) -> str:
    if not groups.others.cells:
        return ""
    return _("%(cells)s further groups with %(records)s records are not shown. Filter the list first.") % {
        "cells": words.number(groups.others.cells),
        "records": words.number(groups.others.records),
    }

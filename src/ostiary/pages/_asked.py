"""A list state understood for one reader: filter, columns, order, groups, as far as each may be read."""

from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.pages._cells import NO_TONES
from ostiary.pages._choices import OptionNames
from ostiary.pages._columns import asked_paths, list_sort, shown_fields
from ostiary.pages._fields import FieldAt
from ostiary.pages._filters import Filtering, joined, read_filters
from ostiary.pages._groups import Grouping, read_grouping
from ostiary.pages._reader import Reader
from ostiary.pages._settings import page_size
from ostiary.pages._stages import stages_of, tones_of
from ostiary.pages._state import ListState
from ostiary.records import public as records
from ostiary.records.public import Filter, ObjectView


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is asked for. missing: a column was asked for that is not there for this reader."""

    view: ObjectView
    state: ListState
    names: OptionNames
    filtering: Filtering
    shown: list[FieldAt]
    missing: bool
    sort: tuple[records.Sort, ...]
    grouping: Grouping | None

    @property
    def code(self) -> str:
        """The object's code of now."""
        return self.view.object.code

    def query(self, *, only: Filter | None = None) -> records.RecordQuery:
        """The query of the list, without a place in it. only: a part of it."""
        parts = [each for each in (self.filtering.filter, only) if each is not None]
        return records.RecordQuery(self.code, asked_paths(self.shown), joined(parts, any_of=False), self.sort)


def understand(reader: Reader, view: ObjectView, state: ListState) -> Asked:
    """What a list of the object is asked for."""
    names = OptionNames(reader)
    shown, missing = shown_fields(reader, view, state)
    return Asked(
        view,
        state,
        names,
        read_filters(reader, view, state, names),
        shown,
        missing,
        list_sort(reader, view, state),
        read_grouping(reader, view, state.grouped),
    )


def tones_shown(reader: Reader, asked: Asked) -> Mapping[str, str]:
    """Tones of the stages by their stored value, where the list shows them or is grouped by them."""
    stage = asked.view.object.layout.stage
    wanted = {field.path for field in asked.shown}
    if asked.grouping is not None:
        wanted.add(asked.grouping.field.path)
    return tones_of(stages_of(reader, asked.view)) if stage in wanted else NO_TONES


def read_page(reader: Reader, asked: Asked, count: records.CountMode | None) -> records.Page:
    """One page of the list."""
    state, size, query = asked.state, page_size(reader.ctx), asked.query()
    return records.list_records(
        reader.ctx,
        records.RecordQuery(
            query.object,
            query.columns,
            query.filter,
            query.sort,
            limit=size,
            offset=0 if state.after else (state.page - 1) * size,
            after=state.after or None,
            count=count,
            verdicts=True,
        ),
    )


def changeable_of(page: records.Page) -> frozenset[str]:
    """Ids of the page's records that the reader may change."""
    return frozenset(map(str, page.updatable))

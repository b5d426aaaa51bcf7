"""Who reads a page and where its links lead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlencode

from ostiary.access.public import ColumnLevel
from ostiary.kernel import clock
from ostiary.kernel.context import Context
from ostiary.objects import public as objects
from ostiary.objects.public import SYSTEM_COLUMNS, Catalogue, Column
from ostiary.pages._captions import Views, captioned, captioned_view, column_of
from ostiary.records import public as records
from ostiary.records.public import ObjectView

Json = Any  # a value as `records` gives and takes it: one of the JSON types


@dataclass(frozen=True, slots=True)
class Urls:
    """Addresses of one surface (back office or a portal); pages know no other."""

    objects: str = "/o/"
    lookups: str = "/lookup/"
    bench: str = "/explain"
    search: str = "/search"
    dashboards: str = "/dashboards"
    bulks: str = "/bulk"

    def records(self, code: str, query: str = "") -> str:
        """The list of an object."""
        return f"{self.objects}{code}/" + (f"?{query}" if query else "")

    def new(self, code: str, **given: str) -> str:
        """The form for a new record, with values already filled in."""
        return f"{self.objects}{code}/new" + (f"?{urlencode(given)}" if given else "")

    def count(self, code: str) -> str:
        """How many records fit a filter that somebody is making."""
        return f"{self.objects}{code}/count"

    def views(self, code: str, part: str = "") -> str:
        """The saved views of a list; one of them, or `roles` that one may be for."""
        return f"{self.objects}{code}/views" + (f"/{part}" if part else "")

    def record(self, code: str, record_id: object, part: str = "") -> str:
        """The page of a record, or a part of it: edit, delete."""
        return f"{self.objects}{code}/{record_id}" + (f"/{part}" if part else "")

    def bulk(self, code: str, part: str = "") -> str:
        """Where a change of what is selected in a list is prepared; `do`: where it is made."""
        return f"{self.objects}{code}/bulk" + (f"/{part}" if part else "")

    def bulk_result(self, bulk_id: object, part: str = "") -> str:
        """What became of a change of many records; `undo`: where it is taken back; `result`: as a file."""
        return f"{self.bulks}/{bulk_id}" + (f"/{part}" if part else "")

    def cell(self, code: str, record_id: object, column: str) -> str:
        """The field of one cell of a list."""
        return f"{self.objects}{code}/{record_id}/cell/{column}"

    def move(self, code: str, record_id: object, query: str) -> str:
        """Where a record is moved on a board or in a calendar; the query is that of the list."""
        return f"{self.record(code, record_id, 'move')}?{query}"

    def export(self, code: str, query: str = "") -> str:
        """The page before the list is taken out as a file."""
        return f"{self.objects}{code}/export" + (f"?{query}" if query else "")

    def paper(self, code: str, query: str = "") -> str:
        """The list on paper."""
        return f"{self.objects}{code}/print" + (f"?{query}" if query else "")

    def merge(self, code: str, query: str = "") -> str:
        """Where records become one."""
        return f"{self.objects}{code}/merge" + (f"?{query}" if query else "")

    def duplicates(self, code: str) -> str:
        """What a search for duplicates found."""
        return f"{self.objects}{code}/duplicates"

    def import_file(self, code: str) -> str:
        """Where a file of records is brought in."""
        return f"{self.objects}{code}/import"

    def explain(self, query: str = "") -> str:
        """The test bench, or the answer to a question, to which a small screen goes down."""
        return self.bench + (f"?{query}#answer" if query else "")

    @property
    def people(self) -> str:
        """People to ask about, while somebody types."""
        return f"{self.bench}/people"

    def remedy(self, query: str) -> str:
        """Where a remedy of a question's answer is prepared."""
        return f"{self.bench}/remedy?{query}"

    def explain_records(self, code: str) -> str:
        """Records to ask about, while somebody types."""
        return f"{self.bench}/records/{code}"

    def dashboard(self, dashboard_id: object = "", part: str = "") -> str:
        """A dashboard, or a part of it: edit, share; without an id the first."""
        return "/".join(step for step in (self.dashboards, str(dashboard_id), part) if step)

    def options(self, code: str, column: str) -> str:
        """Records that may be chosen in a lookup field."""
        return f"{self.lookups}{code}/{column}"


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader of one page: context, metadata, links, time zone and the present instant.

    views: the objects that the reader may read, by code.
    """

    ctx: Context
    catalogue: Catalogue
    views: Mapping[str, ObjectView]
    urls: Urls
    zone: tzinfo
    now: datetime

    def describe(self, code: str) -> ObjectView:
        """The object for this reader, as `records.describe`, with captions in the reader's language."""
        return captioned_view(records.describe(self.ctx, code))

    def is_small(self, column: Column) -> bool:
        """Whether the column refers to a small list of values, which a drop-down can show whole."""
        return column.target is not None and self.catalogue.objects[column.target].is_lookup


def make_reader(ctx: Context, urls: Urls, zone: tzinfo) -> Reader:
    """The reader of one request."""
    views = Views(records.object_views(ctx))
    return Reader(ctx, captioned(objects.get_catalogue(ctx)), views, urls, zone, clock.now())


def level_of(view: ObjectView, code: str) -> ColumnLevel:
    """What the reader may do with a column. Columns that every record has are read with the record."""
    if code in SYSTEM_COLUMNS:
        return ColumnLevel.READ
    return view.columns.get(code, ColumnLevel.NONE)


def readable(view: ObjectView, code: str) -> bool:
    """Whether the reader may read the column and so filter and sort by it."""
    return (code in view.object.columns or code in SYSTEM_COLUMNS) and level_of(
        view, code
    ) >= ColumnLevel.READ


def is_shown(view: ObjectView, code: str) -> bool:
    """Whether the reader is shown the column, be it masked."""
    return readable(view, code) or level_of(view, code) is ColumnLevel.MASKED


def readable_columns(view: ObjectView) -> list[Column]:
    """Every column that the reader may filter by, declared ones first."""
    declared = [column for code, column in view.object.columns.items() if readable(view, code)]
    return declared + [column_of(view.object, code) for code in SYSTEM_COLUMNS if code != "author"]

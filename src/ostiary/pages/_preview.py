"""A record in short, for the panel at the side of another page."""

from dataclasses import dataclass

from ostiary.kernel.ids import RecordId
from ostiary.objects.public import SYSTEM_COLUMNS
from ostiary.pages._facts import Fact, display_name, is_placed, make_fact, subtitle
from ostiary.pages._reader import Reader
from ostiary.records import public as records
from ostiary.records.public import ObjectView, Record

_MOST = 12  # fields that are shown


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything that pages/preview.html shows. url: the page of the record."""

    name: str
    subtitle: str
    url: str
    facts: tuple[Fact, ...]


def preview(reader: Reader, code: str, record_id: RecordId) -> Preview:
    """The main facts of a record. Raises NotFound, AccessDenied: as its page does."""
    view = reader.describe(code)
    record = records.get_record(reader.ctx, code, record_id)
    return Preview(
        display_name(view, record),
        subtitle(reader, view, record),
        reader.urls.record(view.object.code, record_id),
        tuple(make_fact(reader, view, record, column) for column in _main(view, record))[:_MOST],
    )


def _main(view: ObjectView, record: Record) -> list[str]:
    """The key facts, then what else is filled in, in the order of the page; the name stands above."""
    layout = view.object.layout
    placed = (*layout.facts, *(code for _caption, codes in layout.groups for code in codes))
    told = dict.fromkeys(code for code in placed if is_placed(view, code) and code != view.object.display)
    return [code for code in told if code in layout.facts or _is_filled(record, code)]


def _is_filled(record: Record, code: str) -> bool:
    return code in record.restricted or code in SYSTEM_COLUMNS or record.data.get(code) not in (None, "")

"""Lists, records and forms rendered from metadata: a view (frozen values) and the template that shows it.

The surface that serves a page (back office, portal) gives its addresses and its frame. Decisions are taken
below, by `records`; a page shows what came of them.
"""

from dataclasses import replace
from pathlib import Path

from ostiary import ui
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import RecordId
from ostiary.pages._answer import Answer
from ostiary.pages._attach import Sent, submit_files
from ostiary.pages._bench import BenchView, bench_view, find_people
from ostiary.pages._bench_state import BenchState, read_bench
from ostiary.pages._board import read_cards
from ostiary.pages._bulk import BulkView, NotChanged, bulk_form, submit_bulk
from ostiary.pages._bulk_result import (
    BulkResultView,
    bulk_amount,
    bulk_result_view,
    bulk_state,
    bulk_title,
)
from ostiary.pages._cell_edit import CellPart, CellShown, cell_form, refused_cell, submit_cell
from ostiary.pages._choices import matching_options
from ostiary.pages._dashboard import DashboardView, dashboard_view, no_dashboard_view
from ostiary.pages._day import DayView, day_view
from ostiary.pages._duplicates import DuplicatesView, NotDismissed, duplicates_view, submit_duplicates
from ostiary.pages._errors import ErrorView, error_view
from ostiary.pages._find import FindView, find_view
from ostiary.pages._form import FormView
from ostiary.pages._gallery import GalleryView, gallery_view
from ostiary.pages._hand_over import HandOverView, NotHandedOver, hand_over_form, submit_hand_over
from ostiary.pages._list import ListView, asked_list, count_match, export_query, list_rows, list_view
from ostiary.pages._lookups import lookup_options
from ostiary.pages._merge import MergeView, NotMerged, merge_form, submit_merge
from ostiary.pages._move import MoveAnswer, move_page, move_panel, submit_move
from ostiary.pages._panel_state import PanelState, read_panel
from ostiary.pages._pins import pin_record
from ostiary.pages._posted import version_in
from ostiary.pages._preview import preview
from ostiary.pages._print import Paper, PrintAsk, PrintForm, print_list, print_record
from ostiary.pages._reader import Reader, Urls, is_shown, make_reader
from ostiary.pages._record import RecordView, record_view
from ostiary.pages._reveal import Shown, submit_reveal
from ostiary.pages._save import (
    DeleteView,
    Refused,
    Saved,
    delete_form,
    edit_form,
    new_form,
    submit_delete,
    submit_edit,
    submit_new,
)
from ostiary.pages._save_view import submit_view, submit_view_change
from ostiary.pages._saved import find_view_roles
from ostiary.pages._share import submit_sharing
from ostiary.pages._share_panel import find_units
from ostiary.pages._state import ListState, read_state
from ostiary.pages._undo import submit_undo
from ostiary.pages._units import unit_options
from ostiary.pages._who_panel import count_people
from ostiary.pages._widget_form import REFRESH, read_widget, texts_of, widget_fields
from ostiary.ui.values import Frame, Undo

ui.add_templates("pages", Path(__file__).parent / "templates")

View = (
    ListView
    | RecordView
    | FormView
    | DeleteView
    | ErrorView
    | BenchView
    | FindView
    | DashboardView
    | DayView
    | GalleryView
    | HandOverView
    | Paper
    | PrintForm
    | MergeView
    | DuplicatesView
    | BulkView
    | BulkResultView
)
_TEMPLATES = {
    ListView: "pages/list.html",
    RecordView: "pages/record.html",
    FormView: "pages/form.html",
    DeleteView: "pages/delete.html",
    ErrorView: "pages/error.html",
    BenchView: "pages/explain.html",
    FindView: "pages/search.html",
    DashboardView: "pages/dashboard.html",
    DayView: "pages/day.html",
    GalleryView: "pages/gallery.html",
    Paper: "pages/print.html",
    PrintForm: "pages/print_form.html",
    HandOverView: "pages/hand_over.html",
    MergeView: "pages/merge.html",
    DuplicatesView: "pages/duplicates.html",
    BulkView: "pages/bulk.html",
    BulkResultView: "pages/bulk_result.html",
}


def render(view: View, frame: Frame) -> str:
    """The whole page; of a move it tells what came of it."""
    if isinstance(view, ListView) and view.moved is not None and view.moved.told:
        frame = replace(frame, notice=view.moved.told, undo=view.moved.undo)
    return ui.render(_TEMPLATES[type(view)], view=view, head=view.head, frame=frame)


def render_found(view: FindView) -> str:
    """What is found while somebody types, without a page around it."""
    return ui.render("pages/found.html", view=view)


def render_rows(reader: Reader, code: str, state: ListState) -> str:
    """The rows of one page of a list by themselves; raises as `list_view`."""
    return ui.render("pages/table.html", part=list_rows(reader, code, state))


def render_cell(part: CellPart, csrf: str, undo: Undo | None = None) -> str:
    """What stands in the place of one cell of a list. undo: how what was just saved is taken back."""
    return ui.render("pages/cell_edit.html", part=part, kind=type(part).__name__, csrf=csrf, undo=undo)


def render_cards(reader: Reader, code: str, state: ListState) -> str:
    """The next cards of a lane by themselves; raises as `list_view`. NotFound: no such lane."""
    lane = read_cards(reader, asked_list(reader, code, state))
    if lane is None:
        raise NotFound
    return ui.render("pages/board.html", part=lane)


def render_ways(reader: Reader, code: str, record_id: RecordId, state: ListState, csrf: str) -> str:
    """Where a record may be moved, as the content of a menu; raises as `move_page`."""
    panel = move_panel(reader, code, record_id, state)
    return ui.render("pages/move.html", part=panel, csrf=csrf)


def render_people(reader: Reader, text: str) -> str:
    """People to ask about while somebody types; needs CanManageAdministration."""
    return ui.render("pages/options.html", options=unit_options(find_people(reader, text)))


def render_counts(reader: Reader, code: str, record_id: RecordId, state: PanelState) -> str:
    """How many people may do what with a record, and a page of them; needs CanManageAdministration."""
    return ui.render("pages/counted.html", part=count_people(reader, code, record_id, state))


def render_preview(reader: Reader, code: str, record_id: RecordId) -> str:
    """A record in short, for the panel at the side of another page. Raises NotFound, AccessDenied."""
    return ui.render("pages/preview.html", view=preview(reader, code, record_id))


def render_units(reader: Reader, code: str, record_id: RecordId, text: str) -> str:
    """People and roles to share a record with while somebody types; for whoever may share it."""
    found = find_units(reader, code, record_id, text)
    return ui.render("pages/options.html", options=unit_options(found))


def render_view_roles(reader: Reader, text: str) -> str:
    """Roles that a saved view may be for; needs CanCreateDefaultGridSettings."""
    return ui.render("pages/options.html", options=unit_options(find_view_roles(reader, text)))


def render_records(reader: Reader, code: str, text: str) -> str:
    """Records of an object while somebody types: those that the reader may read."""
    options = matching_options(reader, code, text) if text.strip() else ()
    return ui.render("pages/options.html", options=options)


def render_options(reader: Reader, code: str, column: str, text: str) -> str:
    """The options of a lookup field while somebody types."""
    return ui.render("pages/options.html", options=lookup_options(reader, code, column, text))


__all__ = [
    "REFRESH",
    "Answer",
    "BenchState",
    "BenchView",
    "BulkResultView",
    "BulkView",
    "CellPart",
    "CellShown",
    "DashboardView",
    "DayView",
    "DeleteView",
    "DuplicatesView",
    "ErrorView",
    "FindView",
    "FormView",
    "GalleryView",
    "HandOverView",
    "ListState",
    "ListView",
    "MergeView",
    "MoveAnswer",
    "NotChanged",
    "NotDismissed",
    "NotHandedOver",
    "NotMerged",
    "PanelState",
    "Paper",
    "PrintAsk",
    "PrintForm",
    "Reader",
    "RecordView",
    "Refused",
    "Saved",
    "Sent",
    "Shown",
    "Urls",
    "View",
    "bench_view",
    "bulk_amount",
    "bulk_form",
    "bulk_result_view",
    "bulk_state",
    "bulk_title",
    "cell_form",
    "count_match",
    "dashboard_view",
    "day_view",
    "delete_form",
    "duplicates_view",
    "edit_form",
    "error_view",
    "export_query",
    "find_people",
    "find_view",
    "gallery_view",
    "hand_over_form",
    "is_shown",
    "list_view",
    "make_reader",
    "matching_options",
    "merge_form",
    "move_page",
    "new_form",
    "no_dashboard_view",
    "pin_record",
    "print_list",
    "print_record",
    "read_bench",
    "read_panel",
    "read_state",
    "read_widget",
    "record_view",
    "refused_cell",
    "render",
    "render_cards",
    "render_cell",
    "render_counts",
    "render_found",
    "render_options",
    "render_people",
    "render_preview",
    "render_records",
    "render_rows",
    "render_units",
    "render_view_roles",
    "render_ways",
    "submit_bulk",
    "submit_cell",
    "submit_delete",
    "submit_duplicates",
    "submit_edit",
    "submit_files",
    "submit_hand_over",
    "submit_merge",
    "submit_move",
    "submit_new",
    "submit_reveal",
    "submit_sharing",
    "submit_undo",
    "submit_view",
    "submit_view_change",
    "texts_of",
    "version_in",
    "widget_fields",
]

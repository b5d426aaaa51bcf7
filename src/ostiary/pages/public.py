"""Lists, records and forms rendered from metadata: a view (frozen values) and the template that shows it.

The surface that serves a page (back office, portal) gives its addresses and its frame. Decisions are taken
below, by `records`; a page shows what came of them.
"""

from pathlib import Path

from ostiary import ui
from ostiary.pages._attach import Sent, submit_files
from ostiary.pages._choices import matching_options
from ostiary.pages._errors import ErrorView, error_view
from ostiary.pages._form import FormView
from ostiary.pages._list import ListView, export_query, list_view
from ostiary.pages._lookups import lookup_options
from ostiary.pages._reader import Reader, Urls, make_reader
from ostiary.pages._record import RecordView, record_view
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
from ostiary.pages._state import ListState, read_state
from ostiary.ui.values import Frame

ui.add_templates("pages", Path(__file__).parent / "templates")

View = ListView | RecordView | FormView | DeleteView | ErrorView
_TEMPLATES = {
    ListView: "pages/list.html",
    RecordView: "pages/record.html",
    FormView: "pages/form.html",
    DeleteView: "pages/delete.html",
    ErrorView: "pages/error.html",
}


def render(view: View, frame: Frame) -> str:
    """The whole page."""
    return ui.render(_TEMPLATES[type(view)], view=view, head=view.head, frame=frame)


def render_options(reader: Reader, code: str, column: str, text: str) -> str:
    """The options of a lookup field while somebody types."""
    return ui.render("pages/options.html", options=lookup_options(reader, code, column, text))


__all__ = [
    "DeleteView",
    "ErrorView",
    "FormView",
    "ListState",
    "ListView",
    "Reader",
    "RecordView",
    "Refused",
    "Saved",
    "Sent",
    "Urls",
    "View",
    "delete_form",
    "edit_form",
    "error_view",
    "export_query",
    "list_view",
    "make_reader",
    "matching_options",
    "new_form",
    "read_state",
    "record_view",
    "render",
    "render_options",
    "submit_delete",
    "submit_edit",
    "submit_files",
    "submit_new",
]

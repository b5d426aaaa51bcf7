"""Importing a file: send it, say what goes where, check it, run it, take it back."""

from collections.abc import Iterator, Sequence
from itertools import chain
from uuid import UUID

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    QueryDict,
    StreamingHttpResponse,
)

from ostiary import ui
from ostiary.kernel.entries import OWN, RECORDS, Silent
from ostiary.kernel.errors import FieldError, Invalid, NotFound
from ostiary.pages.public import Reader
from ostiary.records import public as records
from ostiary.records.public import FilePlan, Import, ImportChoice, ImportPhase
from ostiary.ui import format as words
from ostiary.ui import i18n
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Head, Link
from ostiary.web._forms import answer
from ostiary.web._frame import FILES_URL, URLS, frame_of, reader_of
from ostiary.web._import_page import map_view, state_view
from ostiary.web._uploads import pass_over, uploads_of
from ostiary.web._view import FORM, READ, answers

_EMPTY = Silent("an empty form")
_OWN_FILE = Silent("a file that the reader brought, and how far it is: no record")
_PATIENCE = 2  # times the largest file: so much of a refused form is read and dropped


@answers(FORM, guard=RECORDS, reads=_EMPTY, writes="records.import.uploaded", operation="CanImportFromExcel")
def upload_page(request: HttpRequest, code: str) -> HttpResponseBase:
    """GET, POST /o/<object>/import: choose a file and send it."""
    view = records.ensure_import(request.ctx, code)
    if request.method != "POST":
        return _upload_page(request, view, "")
    try:
        file = next(uploads_of(request), None)
        if file is None or not file.name:
            return _upload_page(request, view, _("Choose a file first."))
        made = records.take_file(request.ctx, code, file.name, file.chunks)
    except (records.ImportRefused, records.AttachmentRefused) as refusal:
        return _upload_page(request, view, i18n.said(refusal.message))
    finally:
        pass_over(request, _PATIENCE * records.import_limit(request.ctx))
    return HttpResponseRedirect(f"/imports/{made}")


def _upload_page(request: HttpRequest, view: records.ObjectView, error: str) -> HttpResponse:
    thing, most = view.object, records.import_limit(request.ctx)
    html = ui.render(
        "web/import_upload.html",
        frame=frame_of(request, thing.code),
        head=Head(_("Import"), crumbs=(Link(thing.plural, URLS.records(thing.code)),)),
        title=_("Import %(things)s") % {"things": words.within(thing.plural)},
        url=f"/o/{thing.code}/import",
        back_url=URLS.records(thing.code),
        files_url=FILES_URL,
        most=most,
        limit=words.size(most),
        error=error,
        columns=records.offered(view),
    )
    return answer(html, 422 if error else 200)


@answers(FORM, guard=OWN, reads=_OWN_FILE, writes="records.import.requested")
def import_page(request: HttpRequest, import_id: UUID) -> HttpResponseBase:
    """GET, POST /imports/<id>: the mapping, or how far it is."""
    made = records.get_import(request.ctx, import_id)
    if request.method != "POST":
        return _page(request, made)
    act = _ACTS.get(request.POST.get("do", ""))
    if act is None:
        raise NotFound
    try:
        return HttpResponseRedirect(act(request, made))
    except records.ImportRefused as refusal:
        return _page(request, made, [FieldError("", refusal.code, refusal.message)])
    except Invalid as refusal:
        return _page(request, made, refusal.errors)


def _read_again(request: HttpRequest, made: Import) -> str:
    given = [request.POST.get(name, "") for name in ("encoding", "delimiter", "sheet")]
    records.read_again(request.ctx, made.id, *given)
    return f"/imports/{made.id}"


def _check(request: HttpRequest, made: Import) -> str:
    records.start_import(request.ctx, made.id, _choice(request.POST), check=True)
    return f"/imports/{made.id}"


def _run(request: HttpRequest, made: Import) -> str:
    choice = _choice(request.POST) if "duplicates" in request.POST else None
    records.start_import(request.ctx, made.id, choice, check=False)
    return f"/imports/{made.id}"


def _cancel(request: HttpRequest, made: Import) -> str:
    records.cancel_import(request.ctx, made.id)
    return f"/imports/{made.id}"


def _go_on(request: HttpRequest, made: Import) -> str:
    records.go_on(request.ctx, made.id)
    return f"/imports/{made.id}"


def _undo(request: HttpRequest, made: Import) -> str:
    records.undo_import(request.ctx, made.id)
    return f"/imports/{made.id}"


def _discard(request: HttpRequest, made: Import) -> str:
    records.discard_import(request.ctx, made.id)
    return f"{FILES_URL}?done=deleted"


_ACTS = {
    "read": _read_again,
    "check": _check,
    "run": _run,
    "cancel": _cancel,
    "go_on": _go_on,
    "undo": _undo,
    "discard": _discard,
}


def _choice(posted: QueryDict) -> ImportChoice:
    """What was chosen; that it makes sense is asked behind the door."""
    columns = {
        int(name[3:]): posted[name]
        for name in posted
        if name.startswith("to.") and name[3:].isdecimal() and len(name) < 8 and posted[name]
    }
    keys = [
        columns[int(place)] for place in posted.getlist("key") if place.isdecimal() and int(place) in columns
    ]
    return ImportChoice(
        columns,
        keys,
        posted.get("duplicates", ""),
        posted.get("blanks") == "yes",
        posted.get("missing", ""),
        posted.get("dates", ""),
        posted.get("numbers", ""),
    )


def _page(request: HttpRequest, made: Import, errors: Sequence[FieldError] = ()) -> HttpResponse:
    plan = records.import_plan(request.ctx, made)
    mapping = made.phase is ImportPhase.UPLOAD or (
        made.phase is ImportPhase.CHECK and not made.is_open and (bool(errors) or "map" in request.GET)
    )
    if not mapping:
        return _state_page(request, reader_of(request), made, plan, errors)
    return _map_page(request, made, plan, errors)


def _map_page(
    request: HttpRequest, made: Import, plan: FilePlan, errors: Sequence[FieldError]
) -> HttpResponse:
    view = records.ensure_import(request.ctx, made.object)
    if request.method == "POST" and "duplicates" in request.POST:
        plan = records.with_choice(plan, _choice(request.POST))
    try:
        sample = records.import_sample(request.ctx, made, plan)
    except records.ImportRefused as refusal:
        sample, errors = [], [*errors, FieldError("", refusal.code, refusal.message)]
    html = ui.render(
        "web/import_map.html",
        frame=frame_of(request, made.object),
        head=_head(view.object.plural, made),
        view=map_view(f"/imports/{made.id}", view, plan, sample, errors),
        thing=view.object,
    )
    return answer(html, 422 if errors else 200)


def _state_page(
    request: HttpRequest, reader: Reader, made: Import, plan: FilePlan, errors: Sequence[FieldError]
) -> HttpResponse:
    noted = records.import_noted(request.ctx, made)
    known = reader.views.get(made.object)
    plural = known.object.plural if known else made.object
    html = ui.render(
        "web/import_state.html",
        frame=frame_of(request, made.object),
        head=_head(plural, made),
        view=state_view(reader, made, plan, noted, records.undoable(request.ctx, made)),
        errors=[error.message for error in errors],
        files_url=FILES_URL,
        list_url=URLS.records(made.object) if known else "",
    )
    return answer(html, 422 if errors else 200)


def _head(plural: str, made: Import) -> Head:
    return Head(_("Import"), crumbs=(Link(plural, URLS.records(made.object)),))


@answers(READ, guard=OWN, reads="records.import.opened")
def result_file(request: HttpRequest, import_id: UUID) -> HttpResponseBase:
    """GET /imports/<id>/result: what became of each row, as CSV."""
    return csv_file(records.import_result(request.ctx, import_id), f"import-{import_id}.csv")


def csv_file(chunks: Iterator[bytes], name: str) -> HttpResponseBase:
    """A file to be saved. Its first part is made at once, so that a refusal is an answer."""
    first = next(chunks)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(
        chain([first], chunks), content_type="text/csv; charset=utf-8", headers=headers
    )

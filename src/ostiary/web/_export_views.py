"""Taking records out: the page that says what would leave, the file, and the file of a large one."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)

from ostiary import ui
from ostiary.kernel.clock import now
from ostiary.kernel.entries import OWN, RECORDS
from ostiary.kernel.errors import FieldError, Invalid, NotFound
from ostiary.objects.public import Column
from ostiary.pages import public as pages
from ostiary.records import public as records
from ostiary.records.public import ExportFormat, RecordQuery
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Head, Link
from ostiary.web._export_page import OFFERED, export_view
from ostiary.web._forms import answer
from ostiary.web._frame import FILES_URL, URLS, frame_of, reader_of
from ostiary.web._view import FORM, READ, WRITE, answers, lists_of

_MOST_CHOSEN = 500  # records that are named one by one


@answers(
    FORM,
    guard=RECORDS,
    reads="records.record.counted",
    writes="records.export.requested",
    operation="CanExportGrid",
)
def export_page(request: HttpRequest, code: str) -> HttpResponseBase:
    """GET, POST /o/<object>/export: what would leave; a small file at once, a large one as a job.

    The list is that of the query string; id=: these records alone.
    """
    query = _query(request, code)
    if request.method != "POST":
        return _page(request, query)
    chosen = RecordQuery(query.object, tuple(request.POST.getlist("column")), query.filter, query.sort)
    try:
        if not chosen.columns:
            raise Invalid([FieldError("columns", "missing", _("Choose at least one field."))])
        kind = _format(request.POST.get("format", ""))
        export, chunks = records.export_records(request.ctx, chosen, kind, request.POST.get("reason", ""))
    except Invalid as refusal:
        return _page(request, chosen, refusal.errors)
    if chunks is None:
        return HttpResponseRedirect(f"{FILES_URL}?done=requested")
    return _file(export, chunks)


def _query(request: HttpRequest, code: str) -> RecordQuery:
    asked = lists_of(request.GET)
    query = pages.export_query(reader_of(request), code, pages.read_state(asked))
    ids = _ids(asked.get("id", []))
    if not ids:
        return query
    named = records.Compare("id", records.Op.IN, ids)
    both = named if query.filter is None else records.And((named, query.filter))
    return RecordQuery(code, query.columns, both, query.sort)


def _ids(texts: Sequence[str]) -> list[str]:
    if len(texts) > _MOST_CHOSEN:
        raise NotFound
    try:
        return [str(UUID(text)) for text in texts]
    except ValueError:
        raise NotFound from None


def _format(text: str) -> ExportFormat:
    if text not in set(OFFERED):
        raise Invalid([FieldError("format", "not_offered", _("Choose one of the list."))])
    return ExportFormat(text)


def _page(request: HttpRequest, query: RecordQuery, errors: Sequence[FieldError] = ()) -> HttpResponse:
    view = reader_of(request).describe(query.object)
    preview = records.preview_export(request.ctx, query)
    thing = view.object
    html = ui.render(
        "web/export.html",
        frame=frame_of(request, thing.code),
        head=Head(_("Export"), crumbs=(Link(thing.plural, URLS.records(thing.code)),)),
        title=_("Export %(things)s") % {"things": words.within(thing.plural)},
        view=export_view(view, preview, _offered(view, preview), request.POST.dict(), errors),
        url=request.get_full_path(),
        back_url=URLS.records(thing.code),
        files_url=FILES_URL,
    )
    return answer(html, 422 if errors else 200)


def _offered(view: records.ObjectView, preview: records.ExportPreview) -> list[Column]:
    """The fields of the object, and what the list shows through lookups."""
    own = [column for code, column in view.object.columns.items() if pages.is_shown(view, code)]
    return [*own, *(column for column in preview.columns if "." in column.code)]


def _file(export: records.Export, chunks: Iterator[bytes]) -> HttpResponseBase:
    name = f"{export.object}-{now():%Y-%m-%d}.{export.format.value}"
    return StreamingHttpResponse(
        chunks,
        content_type=records.EXPORT_TYPES[export.format],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@answers(READ, guard=OWN, reads="records.export.opened", operation="CanExportGrid")
def file_page(request: HttpRequest, export_id: UUID) -> HttpResponseBase:
    """GET /exports/<id>: the file of an export, for whoever asked for it."""
    return _file(*records.open_export(request.ctx, export_id))


@answers(WRITE, guard=OWN, writes="records.export.cancelled")
def cancel(request: HttpRequest, export_id: UUID) -> HttpResponseBase:
    """POST /exports/<id>/cancel: give it up, or its file."""
    records.cancel_export(request.ctx, export_id)
    return HttpResponseRedirect(f"{FILES_URL}?done=discarded")

"""The test bench: why somebody may or may not."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect

from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.kernel.entries import RECORDS, needs, own_or
from ostiary.kernel.ids import RecordId
from ostiary.pages import public as pages
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Link
from ostiary.web._frame import EXPLAIN_URL, reader_of
from ostiary.web._impact import Asked, confirm
from ostiary.web._responses import page_response
from ostiary.web._typed import typed_in
from ostiary.web._view import READ, WRITE, answers, lists_of

_OPERATION = access.Operation.MANAGE_RIGHTS.value


@answers(READ, guard=own_or(_OPERATION), reads="access.decision.explained")
def bench(request: HttpRequest) -> HttpResponseBase:
    """GET /explain?object=&verb=&record=&column=&person=&with=&channel=&at=."""
    view = pages.bench_view(reader_of(request), pages.read_bench(lists_of(request.GET)))
    return page_response(request, view, EXPLAIN_URL, view.status)


@answers(WRITE, guard=needs(_OPERATION), writes="assurance.change.previewed")
def remedy(request: HttpRequest) -> HttpResponseBase:
    """POST /explain/remedy?object=&verb=&record=&column=&person=: who else it concerns, then save."""
    access.ensure_operation(request.ctx, access.Operation.MANAGE_RIGHTS)
    reader = reader_of(request)
    view = pages.bench_view(reader, pages.read_bench(lists_of(request.GET)))
    here = f"{EXPLAIN_URL}?{request.GET.urlencode()}"
    wanted = request.POST.get("remedy", "")
    chosen = next((r for r in view.answer.remedies if r.key == wanted), None) if view.answer else None
    if view.answer is None or chosen is None:
        return HttpResponseRedirect(here)  # rights changed meanwhile: the answer of now says what would help
    asked = Asked(
        _("Make this change?"),
        assurance.changes_of(request.ctx, view.answer.found, chosen.remedy),
        back=here,
        done=f"{here}&done=decided",
        lines=chosen.steps,
        crumbs=(Link(_("Explain"), here),),
        current=EXPLAIN_URL,
    )
    return confirm(request, asked)


@answers(READ, guard=needs(_OPERATION), reads="access.unit.searched")
def people(request: HttpRequest) -> HttpResponseBase:
    """GET /explain/people?q=: while somebody types a person."""
    return HttpResponse(
        pages.render_people(reader_of(request), typed_in(request, "person.text", "with.text"))
    )


@answers(READ, guard=needs(_OPERATION), reads="access.audience.viewed")
def counted(request: HttpRequest, code: str, record_id: RecordId) -> HttpResponseBase:
    """GET /o/<object>/<id>/who?column=&verb=: the part of the inspector that takes time."""
    state = pages.read_panel(lists_of(request.GET))
    return HttpResponse(pages.render_counts(reader_of(request), code, record_id, state))


@answers(READ, guard=RECORDS, reads="records.record.listed")
def found_records(request: HttpRequest, code: str) -> HttpResponseBase:
    """GET /explain/records/<object>?q=: while somebody types a record."""
    return HttpResponse(pages.render_records(reader_of(request), code, typed_in(request, "record.text")))

"""My exports and imports: every file that the reader brought in or took out, and what became of it."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect

from ostiary import ui
from ostiary.access import public as access
from ostiary.kernel.entries import OWN, Silent
from ostiary.kernel.errors import NotFound
from ostiary.pages import public as pages
from ostiary.pages.public import Reader
from ostiary.records import public as records
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Empty, Head
from ostiary.web._export_page import amount_words, export_state, format_words
from ostiary.web._forms import answer
from ostiary.web._frame import FILES_URL, frame_of, reader_of
from ostiary.web._import_page import done_words, state_words
from ostiary.web._view import READ, answers

_OWN_FILES = Silent("the reader's own files and how far they are: no record")


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file. until: when it is gone."""

    name: str
    url: str
    thing: str
    amount: str
    at: str
    until: str
    state: str
    tone: str
    sort: float
    cancel_url: str = ""
    cancel: str = ""


@answers(READ, guard=OWN, reads=_OWN_FILES)
def files_page(request: HttpRequest) -> HttpResponseBase:
    """GET /files."""
    reader = reader_of(request)
    found = [*_imports(reader), *_exports(reader), *_bulks(reader)]
    rows = sorted(found, key=lambda row: -row.sort)
    text = _("Export a list from its own page, or import a file here.")
    html = ui.render(
        "web/exchange.html",
        frame=frame_of(request, FILES_URL),
        head=Head(_("My exports and imports")),
        rows=rows,
        empty=None if rows else Empty(_("No files yet"), text, "archive"),
        objects=_importable(reader),
        import_url=f"{FILES_URL}/import",
    )
    return answer(html)


@answers(READ, guard=OWN, reads=Silent("leads to the form of the object that was chosen"))
def import_into(request: HttpRequest) -> HttpResponseBase:
    """GET /files/import?object=."""
    code = request.GET.get("object", "")
    if code not in reader_of(request).views:
        raise NotFound
    return HttpResponseRedirect(f"/o/{code}/import")


def _importable(reader: Reader) -> list[tuple[str, str]]:
    """(code, name) of what the reader may import into."""
    if not access.may_operate(reader.ctx, access.Operation.IMPORT):
        return []
    views = [view for view in reader.views.values() if access.Verb.CREATE in view.verbs]
    found = [(view.object.code, view.object.plural) for view in views if not view.object.content]
    return sorted(found, key=lambda each: each[1].casefold())


def _imports(reader: Reader) -> list[FileRow]:
    found = []
    for made, name in records.list_imports(reader.ctx):
        state, tone = state_words(made)
        known = reader.views.get(made.object)
        found.append(
            FileRow(
                name,
                f"/imports/{made.id}",
                known.object.plural if known else made.object,
                done_words(made) or words.size(made.size),
                words.moment(made.asked_at, reader.now, reader.zone),
                "",
                state,
                tone,
                made.asked_at.timestamp(),
            )
        )
    return found


def _bulks(reader: Reader) -> list[FileRow]:
    """Changes of many records, which are undone from here too."""
    found = []
    for bulk in records.list_bulks(reader.ctx):
        state, tone = pages.bulk_state(bulk)
        known = reader.views.get(bulk.object)
        found.append(
            FileRow(
                pages.bulk_title(bulk),
                reader.urls.bulk_result(bulk.id),
                known.object.plural if known else bulk.object,
                pages.bulk_amount(bulk),
                words.moment(bulk.asked_at, reader.now, reader.zone),
                "",
                state,
                tone,
                bulk.asked_at.timestamp(),
            )
        )
    return found


def _exports(reader: Reader) -> list[FileRow]:
    return [_export(reader, export) for export in records.list_exports(reader.ctx)]


def _export(reader: Reader, export: records.Export) -> FileRow:
    known = reader.views.get(export.object)
    until = export.expires_at
    ready = export.file_id is not None and until is not None and until > reader.now
    state, tone = export_state(export, gone=not ready)
    kept = export.is_open or ready
    thing = known.object.plural if known else export.object
    return FileRow(
        _("%(things)s, %(format)s") % {"things": thing, "format": format_words(export)},
        f"/exports/{export.id}" if ready else "",
        thing,
        amount_words(export),
        words.moment(export.asked_at, reader.now, reader.zone),
        words.instant(until, reader.zone) if ready and until else "",
        state,
        tone,
        export.asked_at.timestamp(),
        f"/exports/{export.id}/cancel" if kept else "",
        _("Cancel") if export.is_open else _("Delete file"),
    )

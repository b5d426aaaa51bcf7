"""Routes of the editors of rights: object permissions, system operations, what names a role."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from ostiary import ui
from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.entries import Silent, needs
from ostiary.kernel.errors import NotFound
from ostiary.ui.values import Option
from ostiary.web import _rights_object as of_object
from ostiary.web import _rights_page as page
from ostiary.web._frame import RIGHTS_URL
from ostiary.web._rights_edits import label_of
from ostiary.web._rights_page import Editor, Page
from ostiary.web._view import READ, WRITE, answers

_RIGHTS = needs(access.Operation.MANAGE_RIGHTS.value)
_VIEWED, _PREVIEWED, _SAVED = "access.policy.viewed", "assurance.change.previewed", "assurance.draft.saved"
_LONGEST_SEARCH = 100


def _object(code: str) -> page.Build:
    def build(editor: Editor) -> Page:
        return of_object.object_page(editor, code)

    return build


@answers(READ, guard=_RIGHTS, reads=_VIEWED)
def object_page(request: HttpRequest, code: str) -> HttpResponseBase:
    """GET /rights/objects/<object>?layer=&column=."""
    return page.show(request, _object(code))


@answers(WRITE, guard=_RIGHTS, writes=_VIEWED)
def object_edit(request: HttpRequest, code: str) -> HttpResponseBase:
    """POST /rights/objects/<object>/edit: the page with another draft; nothing is kept."""
    return page.change(request, _object(code))


@answers(WRITE, guard=_RIGHTS, writes=_PREVIEWED)
def object_preview(request: HttpRequest, code: str) -> HttpResponseBase:
    """POST /rights/objects/<object>/preview: what saving the draft would do."""
    return page.preview(request, _object(code))


@answers(WRITE, guard=_RIGHTS, writes=_SAVED)
def object_save(request: HttpRequest, code: str) -> HttpResponseBase:
    """POST /rights/objects/<object>/save."""
    layer = of_object.layer_of(request.POST.dict())
    return page.save(request, _object(code), f"{RIGHTS_URL}/{code}?layer={layer}")


@answers(READ, guard=_RIGHTS, reads=Silent("names of roles and people, for one of them to be chosen"))
def unit_options(request: HttpRequest) -> HttpResponseBase:
    """GET /rights/units?for=<field>&<field>.text=: roles and people to choose from while somebody types."""
    text = request.GET.get(f"{request.GET.get('for', '')}.text", "").strip()
    if len(text) > _LONGEST_SEARCH:
        raise NotFound
    kinds = {*identity.ROLE_KINDS, identity.UnitKind.PERSON, identity.UnitKind.SERVICE}
    found = access.find_units(request.ctx, text, kinds=kinds)
    options = [Option(str(unit.id), label_of(unit)) for unit in found]
    return HttpResponse(ui.render("pages/options.html", options=options))

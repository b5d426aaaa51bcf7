"""Routes of the editors of rights: object permissions, system operations, what names a role."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from ostiary import ui
from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.entries import Silent, needs
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import UnitId
from ostiary.ui.values import Option
from ostiary.web import _rights_lists as lists
from ostiary.web import _rights_object as of_object
from ostiary.web import _rights_operations as of_operations
from ostiary.web import _rights_page as page
from ostiary.web import _rights_roles as of_roles
from ostiary.web._frame import OPERATIONS_URL
from ostiary.web._rights_desk import Editor, role_url
from ostiary.web._rights_edits import label_of, unit_in
from ostiary.web._rights_page import Page
from ostiary.web._rights_tabs import layer_of
from ostiary.web._view import READ, WRITE, answers

_RIGHTS = needs(access.Operation.MANAGE_RIGHTS.value)
_VIEWED, _PREVIEWED, _SAVED = "access.policy.viewed", "assurance.change.previewed", "assurance.draft.saved"
_OPERATIONS = access.Operation.CHANGE_OPERATIONS.value
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
    return page.save(request, _object(code), of_object.address(code, request.POST.dict()))


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


@answers(READ, guard=_RIGHTS, reads=_VIEWED)
def object_list(request: HttpRequest) -> HttpResponseBase:
    """GET /rights/objects?kind=&q=."""
    asked, kind = _search(request), request.GET.get("kind", "")
    return page.show_list(request, lambda desk: lists.object_list(desk, asked, kind))


@answers(READ, guard=_RIGHTS, reads=_VIEWED)
def role_list(request: HttpRequest) -> HttpResponseBase:
    """GET /rights/roles?q=&after=."""
    asked, given = _search(request), request.GET.get("after", "")
    after = unit_in(given) if given else None
    return page.show_list(request, lambda desk: lists.role_list(desk, asked, after))


def _role(role: UUID) -> page.Build:
    def build(editor: Editor) -> Page:
        return of_roles.role_page(editor, UnitId(role))

    return build


@answers(READ, guard=_RIGHTS, reads=_VIEWED)
def role_page(request: HttpRequest, role: UUID) -> HttpResponseBase:
    """GET /rights/roles/<role>?layer=&open=."""
    return page.show(request, _role(role))


@answers(WRITE, guard=_RIGHTS, writes=_VIEWED)
def role_edit(request: HttpRequest, role: UUID) -> HttpResponseBase:
    """POST /rights/roles/<role>/edit: the page with another draft; nothing is kept."""
    return page.change(request, _role(role))


@answers(WRITE, guard=_RIGHTS, writes=_PREVIEWED)
def role_preview(request: HttpRequest, role: UUID) -> HttpResponseBase:
    """POST /rights/roles/<role>/preview."""
    return page.preview(request, _role(role))


@answers(WRITE, guard=_RIGHTS, writes=_SAVED)
def role_save(request: HttpRequest, role: UUID) -> HttpResponseBase:
    """POST /rights/roles/<role>/save."""
    layer = layer_of(request.POST.dict())
    return page.save(request, _role(role), f"{role_url(UnitId(role))}?layer={layer}")


def _operation(code: str) -> page.Build:
    def build(editor: Editor) -> Page:
        return of_operations.operation_page(editor, code)

    return build


@answers(READ, guard=_RIGHTS, reads=_VIEWED)
def operation_list(request: HttpRequest) -> HttpResponseBase:
    """GET /rights/operations?q=."""
    asked = _search(request)
    return page.show_list(request, lambda desk: of_operations.operation_list(desk, asked))


@answers(READ, guard=_RIGHTS, reads=_VIEWED)
def operation_page(request: HttpRequest, code: str) -> HttpResponseBase:
    """GET /rights/operations/<code>."""
    return page.show(request, _operation(code))


@answers(WRITE, guard=_RIGHTS, writes=_VIEWED)
def operation_edit(request: HttpRequest, code: str) -> HttpResponseBase:
    """POST /rights/operations/<code>/edit: the page with another draft; nothing is kept."""
    return page.change(request, _operation(code))


@answers(WRITE, guard=_RIGHTS, writes=_PREVIEWED, operation=_OPERATIONS)
def operation_preview(request: HttpRequest, code: str) -> HttpResponseBase:
    """POST /rights/operations/<code>/preview."""
    access.ensure_operation(request.ctx, access.Operation.CHANGE_OPERATIONS)
    return page.preview(request, _operation(code))


@answers(WRITE, guard=_RIGHTS, writes=_SAVED, operation=_OPERATIONS)
def operation_save(request: HttpRequest, code: str) -> HttpResponseBase:
    """POST /rights/operations/<code>/save."""
    access.ensure_operation(request.ctx, access.Operation.CHANGE_OPERATIONS)
    return page.save(request, _operation(code), f"{OPERATIONS_URL}/{code}")


def _search(request: HttpRequest) -> str:
    asked: str = request.GET.get("q", "").strip()
    if len(asked) > _LONGEST_SEARCH:
        raise NotFound
    return asked

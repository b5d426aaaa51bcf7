"""People and service accounts: the list, who is offered in fields, and whether somebody may sign in."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import urlencode

from ostiary import ui
from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.kernel.entries import needs
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import UnitId
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Action, Empty, Head, Link, Search
from ostiary.web import _forms as forms
from ostiary.web._frame import PEOPLE_URL, frame_of
from ostiary.web._impact import Asked, confirm
from ostiary.web._view import READ, WRITE, answers

GUARD = needs(access.Operation.MANAGE_USERS.value)
PAGE = 50
_STATES = {"active": True, "inactive": False}


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as the list shows them."""

    name: str
    url: str
    login: str
    email: str
    kind: str
    active: bool
    square: bool


@answers(READ, guard=GUARD, reads="identity.person.listed")
def list_page(request: HttpRequest) -> HttpResponseBase:
    """GET /people?q=&kind=&state=&after=."""
    query = _query(request)
    found = access.list_people(request.ctx, query, counted=True)
    rows = [person_row(row) for row in found.rows]
    return page(
        request,
        "web/people.html",
        Head(
            _("People"),
            search=Search(PEOPLE_URL, _("Search people"), query.search),
            create=Action(_("Person"), f"{PEOPLE_URL}/new", "user-plus"),
        ),
        rows=rows,
        kinds=_kind_tabs(request),
        states=_state_tabs(request),
        count=counted(found.count),
        empty=None if rows else _empty(query),
        first_url=_address(request, after="") if query.after else "",
        next_url=_address(request, after=str(found.rows[-1].id)) if found.more else "",
    )


@answers(READ, guard=GUARD, reads="identity.person.listed")
def options(request: HttpRequest) -> HttpResponseBase:
    """GET /people/find?q=: options of a field for a person while somebody types."""
    access.ensure_operation(request.ctx, access.Operation.MANAGE_USERS)
    found = forms.person_options(request.ctx, forms.typed(request), forms.PERSONS)
    return forms.options_answer(found)


@answers(READ, guard=GUARD, reads="identity.person.listed")
def unit_options(request: HttpRequest) -> HttpResponseBase:
    """GET /people/find-units?q=: the same for a person or role."""
    access.ensure_operation(request.ctx, access.Operation.MANAGE_USERS)
    return forms.options_answer(forms.unit_options(request.ctx, forms.typed(request)))


@answers(WRITE, guard=GUARD, writes="identity.principal.deactivated")
def active(request: HttpRequest, person_id: UUID) -> HttpResponseBase:
    """POST /people/<id>/active: active=yes or no."""
    person = access.view_person(request.ctx, UnitId(person_id))
    wanted = request.POST.get("active") == "yes"
    name = {"name": person.name}
    title = _("Activate %(name)s?") % name if wanted else _("Deactivate %(name)s?") % name
    ends = _("%(name)s is signed out everywhere and cannot sign in. Records and roles stay.") % name
    opens = _("%(name)s can sign in again, with the roles shown on their page.") % name
    here = f"{PEOPLE_URL}/{person.id}"
    asked = Asked(
        title,
        [assurance.SetActive(person.id, wanted)],
        back=here,
        done=f"{here}?done=saved",
        lines=(opens if wanted else ends,),
        crumbs=person_crumbs(person),
        current=PEOPLE_URL,
        save=_("Activate") if wanted else _("Deactivate"),
    )
    return confirm(request, asked)


def page(request: HttpRequest, template: str, head: Head, **values: object) -> HttpResponse:
    """A page of people in its frame."""
    return forms.answer(ui.render(template, frame=frame_of(request, PEOPLE_URL), head=head, **values))


def person_row(found: identity.Principal) -> PersonRow:
    """A person as lists show them."""
    return PersonRow(
        found.name,
        f"{PEOPLE_URL}/{found.id}",
        found.login,
        found.email,
        kind_word(found.kind),
        found.active,
        found.kind is identity.PrincipalKind.SERVICE,
    )


def kind_word(kind: identity.PrincipalKind) -> str:
    """What a principal is, in words."""
    return {
        identity.PrincipalKind.EMPLOYEE: _("Employee"),
        identity.PrincipalKind.EXTERNAL: _("External user"),
        identity.PrincipalKind.SERVICE: _("Service account"),
    }[kind]


def counted(count: identity.Count | None) -> str:
    """1,204 or 10,000+."""
    return "" if count is None else words.number(count.value) + ("+" if count.capped else "")


def _query(request: HttpRequest) -> identity.PeopleQuery:
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "active")
    if kind and kind not in list(identity.PrincipalKind):
        raise NotFound
    return identity.PeopleQuery(
        search=request.GET.get("q", "").strip()[:200],
        kinds=(identity.PrincipalKind(kind),) if kind else tuple(identity.PrincipalKind),
        active=_STATES.get(state),
        after=forms.unit_of(request.GET.get("after", "")),
        limit=PAGE,
    )


def person_crumbs(person: identity.Details) -> tuple[Link, ...]:
    """From the list to the page of a person."""
    return forms.crumbs_to((_("People"), PEOPLE_URL), (person.name, f"{PEOPLE_URL}/{person.id}"))


def _address(request: HttpRequest, **changed: str) -> str:
    asked = {k: request.GET.get(k, "") for k in ("q", "kind", "state", "after")} | changed
    query = urlencode({k: v for k, v in asked.items() if v})
    return f"{PEOPLE_URL}?{query}" if query else PEOPLE_URL


def _kind_tabs(request: HttpRequest) -> list[Link]:
    chosen = request.GET.get("kind", "")
    every = Link(_("Everybody"), _address(request, kind="", after=""), current=not chosen)
    captions = {
        identity.PrincipalKind.EMPLOYEE: _("Employees"),
        identity.PrincipalKind.EXTERNAL: _("External users"),
        identity.PrincipalKind.SERVICE: _("Service accounts"),
    }
    return [
        every,
        *(
            Link(caption, _address(request, kind=kind.value, after=""), current=chosen == kind)
            for kind, caption in captions.items()
        ),
    ]


def _state_tabs(request: HttpRequest) -> list[Link]:
    chosen = request.GET.get("state", "active")
    captions = {"active": _("Active"), "inactive": _("Inactive"), "any": _("Both")}
    return [
        Link(caption, _address(request, state=state, after=""), current=chosen == state)
        for state, caption in captions.items()
    ]


def _empty(query: identity.PeopleQuery) -> Empty:
    title = _("Nobody fits")
    if query.search:
        text = _("Each word must begin a word of the name, the sign-in name or the e-mail address.")
    else:
        text = _("Nobody is of this kind and state.")
    return Empty(title, text, "users", (Action(_("Show everybody"), PEOPLE_URL, "users"),))

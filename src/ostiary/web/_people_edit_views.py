"""Changing people: who they are, their roles, who stands in for whom, values for scope rules."""

from collections.abc import Callable, Sequence
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.kernel.entries import Silent
from ostiary.kernel.errors import FieldError, Invalid, NotFound
from ostiary.kernel.ids import UnitId
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Field, Option
from ostiary.web import _forms as forms
from ostiary.web._choosing import Choosing, choose
from ostiary.web._frame import PEOPLE_URL, ROLES_URL
from ostiary.web._impact import Asked, confirm
from ostiary.web._people_views import GUARD, person_crumbs
from ostiary.web._preferences_views import LANGUAGES, locale_fields
from ostiary.web._responses import done
from ostiary.web._view import FORM, WRITE, answers

FIND_PEOPLE, FIND_UNITS, FIND_ROLES = f"{PEOPLE_URL}/find", f"{PEOPLE_URL}/find-units", f"{ROLES_URL}/find"


@answers(FORM, guard=GUARD, reads=Silent("an empty form"), writes="identity.person.created")
def new_page(request: HttpRequest) -> HttpResponseBase:
    """GET, POST /people/new. A person without a role gives nobody anything, so there is no preview."""
    if request.method != "POST":
        access.ensure_operation(request.ctx, access.Operation.MANAGE_USERS)
        return _new_form(request)
    given = request.POST
    try:
        made = access.create_person(
            request.ctx,
            login=given.get("login", ""),
            name=given.get("name", ""),
            email=given.get("email", "").strip(),
            language=given.get("language", ""),
            time_zone=given.get("time_zone", ""),
            external=given.get("external") == "yes",
        )
    except Invalid as refused:
        return _new_form(request, refused.errors)
    return done(f"{PEOPLE_URL}/{made}", "added")


def _new_form(request: HttpRequest, errors: Sequence[FieldError] = ()) -> HttpResponse:
    posted = request.POST
    zone = str(access.get_setting(request.ctx, "DefaultTimeZone"))
    fields = (
        Field("login", _("Sign-in name"), "text", posted.get("login", ""), required=True, max_length=100),
        Field("name", _("Name"), "text", posted.get("name", ""), required=True, max_length=250),
        Field("email", _("E-mail"), "email", posted.get("email", ""), max_length=320),
        *locale_fields(LANGUAGES, posted.get("language", "en"), posted.get("time_zone", zone)),
        Field(
            "external",
            _("External user"),
            "boolean",
            posted.get("external", ""),
            hint=_("A customer or partner: shares no role with employees. It cannot change later."),
        ),
    )
    form = forms.Form(
        _("New person"),
        f"{PEOPLE_URL}/new",
        fields,
        PEOPLE_URL,
        _("Add person"),
        forms.crumbs_to((_("People"), PEOPLE_URL)),
        PEOPLE_URL,
        _("Without a role a person may do nothing. Roles are given on the page that comes."),
    )
    return forms.form_page(request, form, errors)


@answers(FORM, guard=GUARD, reads="identity.person.viewed", writes="identity.person.changed")
def edit_page(request: HttpRequest, person_id: UUID) -> HttpResponseBase:
    """GET, POST /people/<id>/edit: what gives no right."""
    person = access.view_person(request.ctx, UnitId(person_id))
    if not person.is_person:
        raise NotFound
    given = request.POST
    if request.method != "POST":
        return _edit_form(request, person)
    try:
        access.change_person(
            request.ctx,
            person.id,
            name=given.get("name", ""),
            email=given.get("email", ""),
            language=given.get("language", ""),
            time_zone=given.get("time_zone", ""),
        )
    except Invalid as refused:
        return _edit_form(request, person, refused.errors)
    return done(f"{PEOPLE_URL}/{person.id}", "saved")


def _edit_form(
    request: HttpRequest, person: identity.Details, errors: Sequence[FieldError] = ()
) -> HttpResponse:
    posted, here = request.POST, f"{PEOPLE_URL}/{person.id}"
    fields = (
        Field("name", _("Name"), "text", posted.get("name", person.name), required=True, max_length=250),
        Field("email", _("E-mail"), "email", posted.get("email", person.email), max_length=320),
        *locale_fields(
            LANGUAGES, posted.get("language", person.language), posted.get("time_zone", person.time_zone)
        ),
    )
    form = forms.Form(
        _("Edit %(name)s") % {"name": person.name},
        f"{here}/edit",
        fields,
        here,
        _("Save"),
        person_crumbs(person),
        PEOPLE_URL,
    )
    return forms.form_page(request, form, errors)


@answers(FORM, guard=GUARD, reads="identity.person.viewed", writes="identity.membership.added")
def roles_page(request: HttpRequest, person_id: UUID) -> HttpResponseBase:
    """GET, POST /people/<id>/roles: several roles at once."""
    ctx = request.ctx
    person = access.view_person(ctx, UnitId(person_id))
    had = access.direct_roles(ctx, person.id)
    here = f"{PEOPLE_URL}/{person.id}"
    choosing = Choosing(
        _("Roles of %(name)s") % {"name": person.name},
        f"{here}/roles",
        here,
        person_crumbs(person),
        PEOPLE_URL,
        [forms.role_option(role, dict(had.names)) for role in had.rows],
        lambda ids: _options(access.known_roles(ctx, ids)) if ids else [],
        lambda text: _options(access.search_roles(ctx, text, external=person.external, limit=50)),
        _("Roles now: tick what to take away"),
        _("Roles to give"),
        _("Name of a role"),
    )
    return choose(request, choosing, lambda give, take: _asked_roles(request, person, give, take))


def _options(found: access.Roles) -> list[Option]:
    return [forms.role_option(role, dict(found.names)) for role in found.rows]


def _asked_roles(
    request: HttpRequest, person: identity.Details, give: Sequence[UnitId], take: Sequence[UnitId]
) -> Asked:
    names = identity.names_of(request.ctx, [*give, *take])
    here = f"{PEOPLE_URL}/{person.id}"
    gets, loses = _("%(who)s gets the role %(role)s"), _("%(who)s loses the role %(role)s")
    return Asked(
        _("Change the roles of %(name)s?") % {"name": person.name},
        [
            *(assurance.SetMember(person.id, role, member=False) for role in take),
            *(assurance.SetMember(person.id, role) for role in give),
        ],
        back=f"{here}/roles",
        done=f"{here}?done=saved",
        lines=tuple(
            text % {"who": person.name, "role": names.get(role, str(role))}
            for text, roles in ((gets, give), (loses, take))
            for role in roles
        ),
        crumbs=person_crumbs(person),
        current=PEOPLE_URL,
    )


@answers(FORM, guard=GUARD, reads="identity.person.viewed", writes="identity.delegation.added")
def delegate_page(request: HttpRequest, person_id: UUID) -> HttpResponseBase:
    """GET, POST /people/<id>/delegate?way=give or get: somebody acts with what another may."""
    person = access.view_person(request.ctx, UnitId(person_id))
    gives = (request.POST.get("way") or request.GET.get("way", "give")) != "get"
    if not person.is_person:
        raise NotFound

    def form(errors: Sequence[FieldError]) -> HttpResponse:
        return _delegate_form(request, person, errors, gives=gives)

    if request.method != "POST":
        return form(())
    try:
        other = forms.needed(forms.chosen(request, "other", _offered(request, roles=gives)), "other")
        grantor, receiver = (person.id, other) if gives else (other, person.id)
        change = assurance.Delegate(grantor, receiver, forms.period_of(request))
    except Invalid as refused:
        return form(refused.errors)
    names = identity.names_of(request.ctx, [grantor, receiver])
    here = f"{PEOPLE_URL}/{person.id}?tab=standing"
    text = _("%(receiver)s acts with everything that %(grantor)s may, and no more than that")
    asked = Asked(
        _("Delegate?"),
        [change],
        back=here,
        done=f"{here}&done=saved",
        lines=(text % {"receiver": names.get(receiver, ""), "grantor": names.get(grantor, "")},),
        crumbs=person_crumbs(person),
        current=PEOPLE_URL,
    )
    return confirm(request, asked, form)


def _offered(request: HttpRequest, *, roles: bool) -> Callable[[str], list[Option]]:
    """Who may be chosen: people, or roles as well."""
    if roles:
        return lambda text: forms.unit_options(request.ctx, text)
    return lambda text: forms.person_options(request.ctx, text, forms.PERSONS)


def _delegate_form(
    request: HttpRequest, person: identity.Details, errors: Sequence[FieldError], *, gives: bool
) -> HttpResponse:
    here, name = f"{PEOPLE_URL}/{person.id}", {"name": person.name}
    if gives:
        title, label = _("Let somebody act for %(name)s") % name, _("Person or role")
    else:
        title, label = _("Let %(name)s act for somebody") % name, _("Person")
    form = forms.Form(
        title,
        f"{here}/delegate?way={'give' if gives else 'get'}",
        (
            forms.lookup_field(request, "other", label, FIND_UNITS if gives else FIND_PEOPLE),
            *forms.period_fields(request),
        ),
        f"{here}?tab=standing",
        _("Show effect"),
        person_crumbs(person),
        PEOPLE_URL,
        _("Delegating needs the operation CanChangeAdminUnitGrantedRight."),
    )
    return forms.form_page(request, form, errors)


@answers(WRITE, guard=GUARD, writes="identity.delegation.ended")
def end_delegation(request: HttpRequest, person_id: UUID, delegation_id: UUID) -> HttpResponseBase:
    """POST /people/<id>/delegations/<id>/end."""
    change = assurance.EndDelegation(delegation_id)
    return _end(request, UnitId(person_id), change, _("End this delegation?"))


@answers(WRITE, guard=GUARD, writes="identity.elevation.ended")
def end_elevation(request: HttpRequest, person_id: UUID, elevation_id: UUID) -> HttpResponseBase:
    """POST /people/<id>/elevations/<id>/end."""
    change = assurance.EndElevation(elevation_id)
    return _end(request, UnitId(person_id), change, _("End this elevation before its time?"))


def _end(
    request: HttpRequest, person_id: UnitId, change: assurance.RightsChange, title: str
) -> HttpResponseBase:
    person = access.view_person(request.ctx, person_id)
    here = f"{PEOPLE_URL}/{person.id}?tab=standing"
    asked = Asked(
        title,
        [change],
        back=here,
        done=f"{here}&done=saved",
        crumbs=person_crumbs(person),
        current=PEOPLE_URL,
        save=_("End"),
    )
    return confirm(request, asked)


@answers(FORM, guard=GUARD, reads="identity.person.viewed", writes="identity.elevation.added")
def elevate_page(request: HttpRequest, person_id: UUID) -> HttpResponseBase:
    """GET, POST /people/<id>/elevate: a role for a while, with a reason."""
    person = access.view_person(request.ctx, UnitId(person_id))
    if not person.is_person:
        raise NotFound

    def form(errors: Sequence[FieldError]) -> HttpResponse:
        return _elevate_form(request, person, errors)

    if request.method != "POST":
        return form(())
    try:
        role = forms.needed(forms.chosen(request, "role", _roles(request)), "role")
        reason = request.POST.get("reason", "")
        change = assurance.Elevate(person.id, role, forms.period_of(request), reason)
    except Invalid as refused:
        return form(refused.errors)
    names = identity.names_of(request.ctx, [role])
    here = f"{PEOPLE_URL}/{person.id}?tab=standing"
    text = _("%(who)s has what %(role)s gives, beside the roles of their own: %(reason)s")
    asked = Asked(
        _("Elevate %(name)s?") % {"name": person.name},
        [change],
        back=here,
        done=f"{here}&done=saved",
        lines=(text % {"who": person.name, "role": names.get(role, ""), "reason": reason},),
        crumbs=person_crumbs(person),
        current=PEOPLE_URL,
    )
    return confirm(request, asked, form)


def _roles(request: HttpRequest) -> Callable[[str], list[Option]]:
    return lambda text: forms.role_options(request.ctx, text, identity.ROLE_KINDS)


def _elevate_form(
    request: HttpRequest, person: identity.Details, errors: Sequence[FieldError]
) -> HttpResponse:
    here, posted = f"{PEOPLE_URL}/{person.id}", request.POST
    form = forms.Form(
        _("Elevate %(name)s") % {"name": person.name},
        f"{here}/elevate",
        (
            forms.lookup_field(request, "role", _("Role"), FIND_ROLES),
            Field("reason", _("Reason"), "text", posted.get("reason", ""), required=True, max_length=1_000),
            *forms.period_fields(request),
        ),
        f"{here}?tab=standing",
        _("Show effect"),
        person_crumbs(person),
        PEOPLE_URL,
    )
    return forms.form_page(request, form, errors)

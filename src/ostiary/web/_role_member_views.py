"""Who has a role, and which roles it is linked to: several at once."""

from collections.abc import Sequence
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase

from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import UnitId
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Option
from ostiary.web import _forms as forms
from ostiary.web._choosing import Choosing, choose, removed
from ostiary.web._frame import ROLES_URL
from ostiary.web._impact import Asked
from ostiary.web._people_views import GUARD
from ostiary.web._roles_views import role_crumbs
from ostiary.web._view import FORM, answers

_ORG, _FUNC = identity.UnitKind.ORG, identity.UnitKind.FUNC
_FOUND = 50


@answers(FORM, guard=GUARD, reads="identity.role.viewed", writes="identity.membership.added")
def members_page(request: HttpRequest, role_id: UUID) -> HttpResponseBase:
    """GET, POST /roles/<id>/members: people to give it to, and members that are found, to take it from."""
    ctx = request.ctx
    role = access.view_role(ctx, UnitId(role_id)).entry
    here = f"{ROLES_URL}/{role.id}"
    text = request.POST.get("q", "").strip()[:200]
    members = _members(request, role.id, text)
    choosing = Choosing(
        _("Members of %(name)s") % {"name": role.name},
        f"{here}/members",
        here,
        role_crumbs(role),
        ROLES_URL,
        members,
        lambda ids: _people(request, ids),
        lambda asked: _offered(request, role, asked),
        _("Members found: tick whom to take it from"),
        _("People to give it to"),
        _("Name, sign-in name or e-mail"),
    )
    return choose(request, choosing, lambda give, take: _asked_members(request, role, give, take))


def _members(request: HttpRequest, role: UnitId, text: str) -> list[Option]:
    """Members that are to lose it, and those that the text finds."""
    query = identity.PeopleQuery(search=text, role=role, limit=_FOUND)
    found = access.list_people(request.ctx, query).rows if text else ()
    going = _people(request, removed(request))
    known = {option.value for option in going}
    return [*going, *(o for o in map(forms.person_option, found) if o.value not in known)]


def _offered(request: HttpRequest, role: identity.RoleEntry, text: str) -> list[Option]:
    """Whom it may be given to: of its side, and no service account to a manager role."""
    kinds = [identity.PrincipalKind.EXTERNAL if role.external else identity.PrincipalKind.EMPLOYEE]
    if role.kind is not identity.UnitKind.MANAGER:
        kinds.append(identity.PrincipalKind.SERVICE)
    query = identity.PeopleQuery(search=text, kinds=tuple(kinds), active=True, limit=_FOUND)
    return [forms.person_option(row) for row in access.list_people(request.ctx, query).rows]


def _people(request: HttpRequest, ids: Sequence[UnitId]) -> list[Option]:
    names = identity.names_of(request.ctx, list(ids))
    return [Option(str(unit), names[unit]) for unit in ids if unit in names]


def _asked_members(
    request: HttpRequest, role: identity.RoleEntry, give: Sequence[UnitId], take: Sequence[UnitId]
) -> Asked:
    names = identity.names_of(request.ctx, [*give, *take])
    gets, loses = _("%(who)s gets the role %(role)s"), _("%(who)s loses the role %(role)s")
    return _asked(
        role,
        _("Change who has %(role)s?") % {"role": role.name},
        [
            *(assurance.SetMember(person, role.id, member=False) for person in take),
            *(assurance.SetMember(person, role.id) for person in give),
        ],
        [
            text % {"who": names.get(person, str(person)), "role": role.name}
            for text, people in ((gets, give), (loses, take))
            for person in people
        ],
    )


@answers(FORM, guard=GUARD, reads="identity.role.viewed", writes="identity.link.added")
def links_page(request: HttpRequest, role_id: UUID) -> HttpResponseBase:
    """GET, POST /roles/<id>/links: functional roles of an organisational one, or the other way round."""
    ctx = request.ctx
    view = access.view_role(ctx, UnitId(role_id))
    role = view.entry
    if role.kind not in (_ORG, _FUNC):
        raise NotFound
    here, other = f"{ROLES_URL}/{role.id}", frozenset({_FUNC if role.kind is _ORG else _ORG})
    if role.kind is _ORG:
        note = _("Members of %(name)s, and of roles below it, get the linked functional roles.")
    else:
        note = _("Members of the linked organisational roles, and of roles below them, get %(name)s.")
    choosing = Choosing(
        _("Links of %(name)s") % {"name": role.name},
        f"{here}/links",
        here,
        role_crumbs(role),
        ROLES_URL,
        [Option(str(unit), view.names.get(unit, "")) for unit in view.linked],
        lambda ids: _roles(access.known_roles(ctx, ids)) if ids else [],
        lambda text: _roles(
            access.search_roles(ctx, text, kinds=other, external=role.external, limit=_FOUND)
        ),
        _("Links now: tick what to take away"),
        _("Roles to link"),
        _("Name of a role"),
        note=note % {"name": role.name},
    )
    return choose(request, choosing, lambda give, take: _asked_links(request, role, give, take))


def _roles(found: access.Roles) -> list[Option]:
    return [forms.role_option(role, dict(found.names)) for role in found.rows]


def _asked_links(
    request: HttpRequest, role: identity.RoleEntry, give: Sequence[UnitId], take: Sequence[UnitId]
) -> Asked:
    names = identity.names_of(request.ctx, [*give, *take])
    linked, parted = _("%(role)s is linked to %(other)s"), _("%(role)s is no longer linked to %(other)s")

    def change(other: UnitId, *, linked: bool) -> assurance.SetLink:
        org, func = (role.id, other) if role.kind is _ORG else (other, role.id)
        return assurance.SetLink(org, func, linked)

    return _asked(
        role,
        _("Change the links of %(role)s?") % {"role": role.name},
        [*(change(o, linked=False) for o in take), *(change(o, linked=True) for o in give)],
        [
            text % {"role": role.name, "other": names.get(other, str(other))}
            for text, others in ((linked, give), (parted, take))
            for other in others
        ],
    )


def _asked(
    role: identity.RoleEntry, title: str, changes: Sequence[assurance.RightsChange], lines: Sequence[str]
) -> Asked:
    here = f"{ROLES_URL}/{role.id}"
    return Asked(title, changes, here, f"{here}?done=saved", tuple(lines), role_crumbs(role), ROLES_URL)

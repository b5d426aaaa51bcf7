"""The page of one person or service account, tab by tab."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import UnitId
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Head, Link
from ostiary.web import _forms as forms
from ostiary.web._frame import PEOPLE_URL, ROLES_URL, reader_of
from ostiary.web._people_attribute_views import value_options
from ostiary.web._people_views import GUARD, kind_word, page
from ostiary.web._preferences_views import language_name
from ostiary.web._view import READ, answers
from ostiary.web._ways import named_in, way_words

EFFECTIVE = 100  # on one page
_TAB_OF = {"managed": "roles"}


@dataclass(frozen=True, slots=True)
class RoleLine:
    """A role that counts, with the ways to it in words. more: ways that are not told."""

    name: str
    url: str
    ways: tuple[str, ...]
    more: int


@dataclass(frozen=True, slots=True)
class StandingLine:
    """A delegation or elevation in words. end_url: where it is ended; empty: not from here."""

    who: str
    url: str
    dates: str
    reason: str = ""
    end_url: str = ""


@answers(READ, guard=GUARD, reads="identity.person.viewed")
def person_page(request: HttpRequest, person_id: UUID) -> HttpResponseBase:
    """GET /people/<id>?tab=."""
    person = access.view_person(request.ctx, UnitId(person_id))
    tab = request.GET.get("tab", "")
    tabs = {
        "": _facts_tab,
        "roles": _roles_tab,
        "managed": _roles_tab,
        "standing": _standing_tab,
        "attributes": _attributes_tab,
    }
    if tab not in tabs or (not person.is_person and tab in ("standing", "managed")):
        raise NotFound
    return tabs[tab](request, person, tab)


def _shown(
    request: HttpRequest, person: identity.Details, tab: str, template: str, **values: object
) -> HttpResponse:
    url = f"{PEOPLE_URL}/{person.id}"
    captions = {
        "": _("Overview"),
        "roles": _("Effective roles"),
        "standing": _("Standing in"),
        "attributes": _("Attributes"),
    }
    if not person.is_person:
        del captions["standing"]
    return page(
        request,
        template,
        Head(person.name, crumbs=(Link(_("People"), PEOPLE_URL),)),
        person=person,
        url=url,
        kind=kind_word(person.kind),
        tabs=[
            Link(text, f"{url}?tab={code}" if code else url, current=code == _TAB_OF.get(tab, tab))
            for code, text in captions.items()
        ],
        **values,
    )


def _facts_tab(request: HttpRequest, person: identity.Details, tab: str) -> HttpResponse:
    had = access.direct_roles(request.ctx, person.id)
    rows = [
        (role.name, f"{ROLES_URL}/{role.id}", forms.role_place(role, dict(had.names))) for role in had.rows
    ]
    return _shown(request, person, tab, "web/person.html", facts=_facts(request, person), roles=rows)


def _facts(request: HttpRequest, person: identity.Details) -> list[tuple[str, str]]:
    zone = reader_of(request).zone
    facts = [(_("Sign-in name"), person.login)]
    if person.is_person:
        last = person.last_sign_in_at
        facts += [
            (_("E-mail"), person.email),
            (_("Language"), language_name(person.language)),
            (_("Time zone"), person.time_zone),
            (_("Last signed in"), words.instant(last, zone) if last else _("never")),
        ]
    return [*facts, (_("Created"), words.instant(person.created_at, zone))]


def _roles_tab(request: HttpRequest, person: identity.Details, tab: str) -> HttpResponse:
    managing = tab == "managed"
    found = access.effective_roles(request.ctx, person.id, managing=managing)
    first = _number(request.GET.get("from", ""))
    shown = found.roles[first : first + EFFECTIVE]
    named = {unit for effective in shown for unit in (effective.role, *named_in(effective.ways))}
    names = identity.names_of(request.ctx, sorted(named.union(found.manages[:5])))
    url = f"{PEOPLE_URL}/{person.id}"
    address = f"{url}?tab={tab}"
    return _shown(
        request,
        person,
        tab,
        "web/person_roles.html",
        rows=[_line(effective, names, person.name) for effective in shown],
        count=words.number(len(found.roles)),
        manages=words.listed([names.get(unit, "") for unit in found.manages[:5]]),
        managing=managing,
        other_url=f"{url}?tab={'roles' if managing else 'managed'}",
        first_url=address if first else "",
        next_url=f"{address}&from={first + EFFECTIVE}" if len(found.roles) > first + EFFECTIVE else "",
    )


def _line(effective: access.EffectiveRole, names: dict[UnitId, str], who: str) -> RoleLine:
    return RoleLine(
        names.get(effective.role, ""),
        f"{ROLES_URL}/{effective.role}",
        tuple(way_words(way, names, who) for way in effective.ways),
        effective.more,
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _standing_tab(request: HttpRequest, person: identity.Details, tab: str) -> HttpResponse:
    found = access.view_standings(request.ctx, person.id)
    names, here = found.names, f"{PEOPLE_URL}/{person.id}"
    standings = found.standings

    def delegated(all_: Sequence[identity.Delegation], *, given: bool) -> list[StandingLine]:
        lines = []
        for delegation in all_:
            other = delegation.receiver if given else delegation.grantor
            who = names.get(other, "")
            if not given and delegation.receiver != person.id:
                who = _("%(who)s, to whoever has %(role)s") % {
                    "who": who,
                    "role": names.get(delegation.receiver, ""),
                }
            end = f"{here}/delegations/{delegation.id}/end"
            url = f"{ROLES_URL if other in found.roles else PEOPLE_URL}/{other}"
            lines.append(StandingLine(who, url, _dates(request, delegation.period), end_url=end))
        return lines

    elevations = [
        StandingLine(
            names.get(e.role, ""),
            f"{ROLES_URL}/{e.role}",
            _dates(request, e.period),
            e.reason,
            f"{here}/elevations/{e.id}/end",
        )
        for e in standings.elevations
    ]
    return _shown(
        request,
        person,
        tab,
        "web/person_standing.html",
        given=delegated(standings.given, given=True),
        received=delegated(standings.received, given=False),
        elevations=elevations,
        may_delegate=access.may_operate(request.ctx, access.Operation.CHANGE_DELEGATIONS),
        reason=_("Delegations are changed by whoever holds CanChangeAdminUnitGrantedRight."),
    )


def _dates(request: HttpRequest, period: identity.Period) -> str:
    zone = reader_of(request).zone
    since, until = period.valid_from, period.valid_to
    said = []
    if since is not None:
        said.append(_("from %(date)s") % {"date": words.instant(since, zone)})
    said.append(
        _("without end") if until is None else _("until %(date)s") % {"date": words.instant(until, zone)}
    )
    return ", ".join(said)


def _attributes_tab(request: HttpRequest, person: identity.Details, tab: str) -> HttpResponse:
    grounds = reader_of(request).catalogue.grounds
    found = access.view_attributes(request.ctx, grounds, person.id)
    rows = [
        (
            attribute.name,
            [option.label for option in value_options(request, attribute, sorted(attribute.values)[:50])],
            max(0, len(attribute.values) - 50),
            f"{PEOPLE_URL}/{person.id}/attributes/{attribute.name}",
        )
        for attribute in found
    ]
    return _shown(request, person, tab, "web/person_attributes.html", rows=rows)

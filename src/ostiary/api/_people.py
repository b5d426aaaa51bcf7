"""REST of people and roles: lists, one of each, and changes with their preview."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse, QueryDict

from ostiary.access import public as access
from ostiary.api._asked import answer, body_of, context, not_allowed, number_of, only, refuse
from ostiary.api._changes import Said, read_changes
from ostiary.api._impact import told_impact
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.kernel.entries import Entry, Guard, Silent, View, declare, needs
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import UnitId
from ostiary.objects import public as objects

_USERS = needs(access.Operation.MANAGE_USERS.value)
_RIGHTS = needs(access.Operation.MANAGE_RIGHTS.value)
_STATES = {"true": True, "false": False}


def _answers(
    events: Mapping[str, str | Silent], guard: Guard = _USERS, also: str | None = None
) -> Callable[[View], View]:
    return lambda view: declare(view, Entry(guard, events, also))


@_answers({"GET": "identity.person.listed", "POST": "identity.person.created"})
def people(request: HttpRequest) -> HttpResponse:
    """GET lists people and service accounts, POST makes one."""
    if request.method == "GET":
        return _list(request)
    if request.method == "POST":
        return _create(request)
    return not_allowed(request, "GET, POST")


def _list(request: HttpRequest) -> HttpResponse:
    asked = request.GET
    only(asked, frozenset({"search", "kind", "active", "role", "after", "limit", "count"}))
    kind, active, limit = asked.get("kind", ""), asked.get("active", ""), number_of(asked, "limit", 50)
    if kind and kind not in list(identity.PrincipalKind):
        raise refuse("kind", "malformed", "kind is employee, external or service")
    if active and active not in _STATES:
        raise refuse("active", "malformed", "active is true or false")
    if not 1 <= limit <= 1_000:
        raise refuse("limit", "malformed", "limit is 1 to 1,000")
    query = identity.PeopleQuery(
        asked.get("search", ""),
        (identity.PrincipalKind(kind),) if kind else tuple(identity.PrincipalKind),
        _STATES.get(active),
        _unit(asked, "role"),
        _unit(asked, "after"),
        limit,
    )
    found = access.list_people(context(request), query, counted="count" in asked)
    body: dict[str, Any] = {
        "people": [asdict(row) for row in found.rows],
        "next": str(found.rows[-1].id) if found.more else None,
    }
    if found.count is not None:
        body |= {"count": found.count.value, "capped": found.count.capped}
    return _json(body)


def _create(request: HttpRequest) -> HttpResponse:
    ctx, said = context(request), Said(body_of(request), "")
    external = said.flag("external", default=False)
    if said.flag("service", default=False):
        service = {"login": said.text("login"), "name": said.text("name")}
        said.end()
        made = access.create_service_account(ctx, **service, external=external)
    else:
        facts = {name: said.text(name) for name in ("login", "name", "email")}
        language, zone = said.text("language", "en"), said.value("time_zone", None)
        said.end()
        if zone is not None and not isinstance(zone, str):
            raise refuse("time_zone", "malformed", "time_zone is text")
        made = access.create_person(ctx, **facts, language=language, time_zone=zone, external=external)
    response = _json(asdict(identity.get_details(ctx, made)), 201)
    response.headers["Location"] = f"/api/v1/people/{made}"
    return response


@_answers({"GET": "identity.person.viewed", "PATCH": "identity.person.changed"})
def person(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """GET tells what is known of one, PATCH changes the facts given."""
    ctx = context(request)
    if request.method == "GET":
        only(request.GET, frozenset())
        return _json(asdict(access.view_person(ctx, UnitId(person_id))))
    if request.method != "PATCH":
        return not_allowed(request, "GET, PATCH")
    known, said = access.view_person(ctx, UnitId(person_id)), Said(body_of(request), "")
    if not known.is_person:
        raise NotFound
    facts = {
        name: said.text(name, getattr(known, name)) for name in ("name", "email", "language", "time_zone")
    }
    said.end()
    access.change_person(ctx, known.id, **facts)
    return _json(asdict(identity.get_details(ctx, known.id)))


@_answers({"GET": "identity.person.viewed"})
def person_roles(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """GET tells the direct roles and every role that counts, with the ways to it."""
    if request.method != "GET":
        return not_allowed(request, "GET")
    ctx, unit = context(request), UnitId(person_id)
    only(request.GET, frozenset({"managing"}))
    managing = request.GET.get("managing", "false")
    if managing not in _STATES:
        raise refuse("managing", "malformed", "managing is true or false")
    access.view_person(ctx, unit)
    found = access.effective_roles(ctx, unit, managing=_STATES[managing])
    names = identity.names_of(ctx, [effective.role for effective in found.roles])
    return _json(
        {
            "direct": [_role(role) for role in access.direct_roles(ctx, unit).rows],
            "manages": found.manages,
            "effective": [
                {"name": names.get(effective.role, ""), **asdict(effective)} for effective in found.roles
            ],
        }
    )


@_answers({"GET": "identity.person.viewed"})
def person_standing(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """GET tells delegations and elevations that are not over, and the values of attributes."""
    if request.method != "GET":
        return not_allowed(request, "GET")
    only(request.GET, frozenset())
    ctx, unit = context(request), UnitId(person_id)
    found = access.view_standings(ctx, unit)
    attributes = access.view_attributes(ctx, objects.get_catalogue(ctx).grounds, unit)
    return _json(
        {
            **asdict(found.standings),
            "names": {str(unit): name for unit, name in found.names.items()},
            "attributes": {a.name: sorted(map(str, a.values)) for a in attributes if a.values},
        }
    )


@_answers({"GET": "identity.role.listed"})
def roles(request: HttpRequest) -> HttpResponse:
    """GET looks for roles by words, or lists those below one, or the first level of a tree."""
    if request.method != "GET":
        return not_allowed(request, "GET")
    asked, ctx = request.GET, context(request)
    only(asked, frozenset({"search", "kind", "parent", "after", "limit"}))
    kind, limit = asked.get("kind", ""), number_of(asked, "limit", 100)
    if kind and kind not in identity.ROLE_KINDS:
        raise refuse("kind", "malformed", "kind is org, func or manager")
    if not 1 <= limit <= 1_000:
        raise refuse("limit", "malformed", "limit is 1 to 1,000")
    if "search" in asked:
        kinds = frozenset({identity.UnitKind(kind)}) if kind else identity.ROLE_KINDS
        found = access.search_roles(ctx, asked["search"], kinds=kinds, limit=limit)
    else:
        of = identity.UnitKind(kind or "org")
        found = access.list_roles(ctx, _unit(asked, "parent"), of, after=_unit(asked, "after"), limit=limit)
    more = found.more and "search" not in asked
    return _json({"roles": [_role(r) for r in found.rows], "next": str(found.rows[-1].id) if more else None})


@_answers({"GET": "identity.role.viewed"})
def role(request: HttpRequest, role_id: UUID) -> HttpResponse:
    """GET tells a role, what is next to it and what refers to it."""
    if request.method != "GET":
        return not_allowed(request, "GET")
    only(request.GET, frozenset())
    ctx = context(request)
    view = access.view_role(ctx, UnitId(role_id))
    return _json(
        {
            **_role(view.entry),
            "above": view.above,
            "manager": view.manager,
            "linked": view.linked,
            "names": {str(unit): name for unit, name in view.names.items()},
            "references": access.role_references(ctx, view.entry.id),
        }
    )


@_answers({"POST": "assurance.change.previewed"}, _RIGHTS, access.Operation.MANAGE_USERS.value)
def preview(request: HttpRequest) -> HttpResponse:
    """POST tells who would gain and who would lose what by changes."""
    if request.method != "POST":
        return not_allowed(request, "POST")
    ctx, said = context(request), Said(body_of(request), "")
    access.ensure_operation(ctx, access.Operation.MANAGE_USERS)
    changes = read_changes(said.value("changes"))
    said.end()
    return _json(told_impact(ctx, assurance.preview(ctx, changes)))


@_answers({"POST": "identity.membership.added"})
def save(request: HttpRequest) -> HttpResponse:
    """POST makes changes, all or none; with the epoch of a preview only if rights are still those."""
    if request.method != "POST":
        return not_allowed(request, "POST")
    ctx, said = context(request), Said(body_of(request), "")
    access.ensure_operation(ctx, access.Operation.MANAGE_USERS)
    changes, epoch = read_changes(said.value("changes")), said.value("epoch", None)
    said.end()
    if epoch is None:
        assurance.apply_changes(ctx, changes)
    elif isinstance(epoch, int) and not isinstance(epoch, bool):
        assurance.save_changes(ctx, changes, epoch)
    else:
        raise refuse("epoch", "malformed", "epoch is the number that a preview told")
    made = [change.role for change in changes if isinstance(change, assurance.CreateRole)]
    return _json({"changes": len(changes), "epoch": identity.current_epoch(ctx), "roles": made})


def _role(entry: identity.RoleEntry) -> dict[str, Any]:
    found = asdict(entry)
    most = identity.MOST_MEMBERS
    return {**found, "members": min(entry.members, most), "members_capped": entry.members > most}


def _unit(asked: QueryDict, name: str) -> UnitId | None:
    given = asked.get(name)
    if given is None:
        return None
    try:
        return UnitId(UUID(given))
    except ValueError:
        raise refuse(name, "malformed", f"{name} is an id") from None


def _json(body: object, status: int = 200) -> HttpResponse:
    return answer(orjson.dumps(body, default=_plain), status)


def _plain(value: object) -> object:
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError

"""Roles: their trees, one role with its members and neighbours, who is offered in fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import urlencode

from ostiary import ui
from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import UnitId
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Action, Empty, Head, Link, Search
from ostiary.web import _forms as forms
from ostiary.web._frame import ROLES_URL, frame_of
from ostiary.web._people_views import GUARD, PAGE, counted, person_row
from ostiary.web._view import READ, answers

LEVEL = 100  # roles of one level at a time
TREES = {
    "": (identity.UnitKind.ORG, False),
    "functional": (identity.UnitKind.FUNC, False),
    "external": (identity.UnitKind.ORG, True),
}


@dataclass(frozen=True, slots=True)
class Node:
    """A role in a tree. below: the roles under it, if it is open. more_url: the rest of them."""

    id: UUID
    name: str
    url: str
    members: str
    marked: bool
    fixed: bool
    has_children: bool
    open: bool = False
    below: tuple["Node", ...] = ()
    more_url: str = ""


@answers(READ, guard=GUARD, reads="identity.role.listed")
def tree_page(request: HttpRequest) -> HttpResponseBase:
    """GET /roles?tree=&at=&q=: a tree, open down to a role; or roles that have words."""
    tree, text = request.GET.get("tree", ""), request.GET.get("q", "").strip()[:200]
    if tree not in TREES:
        raise NotFound
    kind, external = TREES[tree]
    at = forms.unit_of(request.GET.get("at", ""))
    found: access.Roles | None = None
    nodes: list[Node] = []
    more = ""
    if text:
        found = access.search_roles(request.ctx, text, limit=LEVEL)
    else:
        shown = access.view_tree(request.ctx, kind, external=external, at=at, limit=LEVEL)
        nodes, more = _nodes(shown, tree)
    return _tree_page(request, tree, nodes, more, found, text)


def _tree_page(
    request: HttpRequest,
    tree: str,
    nodes: list[Node],
    more_url: str,
    found: access.Roles | None = None,
    text: str = "",
) -> HttpResponse:
    rows = [] if found is None else [_found(role, found.names) for role in found.rows]
    return page(
        request,
        "web/roles.html",
        Head(
            _("Roles"),
            search=Search(ROLES_URL, _("Search roles"), text),
            create=Action(_("Role"), f"{ROLES_URL}/new?{urlencode({'tree': tree})}", "plus"),
        ),
        tabs=_tabs(tree, searching=bool(text)),
        nodes=nodes,
        more_url=more_url,
        tree=tree,
        found=rows,
        searched=bool(text),
        empty=None if nodes or rows else _empty(tree, text),
    )


@answers(READ, guard=GUARD, reads="identity.role.listed")
def children(request: HttpRequest, role_id: UUID) -> HttpResponseBase:
    """GET /roles/<id>/children?after=: the part of the tree below a role, for when it is opened."""
    role, after = UnitId(role_id), forms.unit_of(request.GET.get("after", ""))
    found = access.list_roles(request.ctx, role, after=after, limit=LEVEL)
    nodes = [_node(entry) for entry in found.rows]
    return _part(request, nodes, _more(role, found))


@answers(READ, guard=GUARD, reads="identity.role.listed")
def first_level(request: HttpRequest) -> HttpResponseBase:
    """GET /roles/functional?after=: more of the first level of functional roles."""
    after = forms.unit_of(request.GET.get("after", ""))
    found = access.list_roles(request.ctx, None, identity.UnitKind.FUNC, after=after, limit=LEVEL)
    nodes = [_node(entry) for entry in found.rows]
    return _part(request, nodes, _more(None, found))


def _part(request: HttpRequest, nodes: list[Node], more_url: str) -> HttpResponse:
    """Part of a tree; without script a page of its own, so that the rest of a long level is reached."""
    tree = request.GET.get("tree", "")
    if tree not in TREES:
        raise NotFound
    if request.headers.get("HX-Request") == "true":
        return forms.answer(ui.render("web/roles_below.html", nodes=nodes, more_url=more_url, tree=tree))
    return _tree_page(request, tree, nodes, more_url)


@answers(READ, guard=GUARD, reads="identity.role.listed")
def options(request: HttpRequest) -> HttpResponseBase:
    """GET /roles/find?q=&kind=: options of a field for a role while somebody types."""
    access.ensure_operation(request.ctx, access.Operation.MANAGE_USERS)
    kind = request.GET.get("kind", "")
    if kind and kind not in identity.ROLE_KINDS:
        raise NotFound
    kinds = frozenset({identity.UnitKind(kind)}) if kind else identity.ROLE_KINDS
    return forms.options_answer(forms.role_options(request.ctx, forms.typed(request), kinds))


@answers(READ, guard=GUARD, reads="identity.role.viewed")
def role_page(request: HttpRequest, role_id: UUID) -> HttpResponseBase:
    """GET /roles/<id>?q=&after=: a role, and who has it directly."""
    view = access.view_role(request.ctx, UnitId(role_id))
    query = identity.PeopleQuery(
        search=request.GET.get("q", "").strip()[:200],
        role=view.entry.id,
        after=forms.unit_of(request.GET.get("after", "")),
        limit=PAGE,
    )
    found = access.list_people(request.ctx, query, counted=True)
    url = f"{ROLES_URL}/{role_id}"
    return page(
        request,
        "web/role.html",
        Head(view.entry.name, crumbs=(Link(_("Roles"), ROLES_URL),)),
        role=view.entry,
        url=url,
        kind=kind_words(view.entry),
        above=[(view.names.get(unit, ""), f"{ROLES_URL}/{unit}") for unit in view.above],
        tree_url=""
        if view.entry.kind is identity.UnitKind.MANAGER
        else tree_url(tree_of(view.entry), view.entry.id),
        manager=None if view.manager is None else _named(view.manager, view.names),
        linked=[_named(unit, view.names) for unit in view.linked],
        fixed=is_fixed(view.entry),
        rows=[(str(row.id), person_row(row)) for row in found.rows],
        count=counted(found.count),
        text=query.search,
        first_url=f"{url}?{urlencode({'q': query.search})}" if query.after else "",
        next_url=_next(url, query, found),
    )


def _next(url: str, query: identity.PeopleQuery, found: access.People) -> str:
    if not found.more:
        return ""
    return f"{url}?{urlencode({'q': query.search, 'after': str(found.rows[-1].id)})}"


def _named(unit: UnitId, names: Mapping[UnitId, str]) -> tuple[str, str]:
    return names.get(unit, ""), f"{ROLES_URL}/{unit}"


def page(request: HttpRequest, template: str, head: Head, **values: object) -> HttpResponse:
    """A page of roles in its frame."""
    return forms.answer(ui.render(template, frame=frame_of(request, ROLES_URL), head=head, **values))


def kind_words(role: identity.RoleEntry) -> str:
    """What a role is."""
    if role.kind is identity.UnitKind.ORG:
        return _("External organisation") if role.external else _("Organisational role")
    text = {
        identity.UnitKind.FUNC: _("Functional role"),
        identity.UnitKind.MANAGER: _("Manager role"),
    }[role.kind]
    return _("%(kind)s of external users") % {"kind": text} if role.external else text


def is_fixed(role: identity.RoleEntry) -> bool:
    """Whether it stays where and what it is: the roots and System administrators."""
    return role.code in (identity.ALL_EMPLOYEES, identity.ALL_EXTERNALS, identity.SYSTEM_ADMINISTRATORS)


def role_crumbs(role: identity.RoleEntry) -> tuple[Link, ...]:
    """From the trees to the page of a role."""
    return forms.crumbs_to((_("Roles"), ROLES_URL), (role.name, f"{ROLES_URL}/{role.id}"))


def tree_of(role: identity.RoleEntry) -> str:
    """The tree that a role stands in."""
    if role.kind is identity.UnitKind.FUNC:
        return "functional"
    return "external" if role.external else ""


def tree_url(tree: str, at: UnitId | None) -> str:
    """A tree, open down to a role."""
    return f"{ROLES_URL}?{urlencode({'tree': tree, 'at': '' if at is None else str(at)})}"


def _nodes(shown: access.Tree, tree: str) -> tuple[list[Node], str]:
    """The nodes of the first level, or the root alone, with what is open below."""
    first = shown.levels[None if shown.top is None else shown.top.id]
    below = [_open_node(entry, shown) for entry in first.rows]
    if shown.top is None:
        return below, _more(None, first)
    root = _node(shown.top)
    top = Node(
        root.id,
        root.name,
        root.url,
        root.members,
        root.marked,
        fixed=True,
        has_children=root.has_children,
        open=True,
        below=tuple(below),
        more_url=_more(shown.top.id, first),
    )
    return [top], ""


def _open_node(entry: identity.RoleEntry, shown: access.Tree) -> Node:
    level = shown.levels.get(entry.id)
    if level is None:
        return _node(entry)
    below = tuple(_open_node(child, shown) for child in level.rows)
    return _node(entry, below, more_url=_more(entry.id, level), is_open=True)


def _node(
    entry: identity.RoleEntry, below: tuple[Node, ...] = (), *, more_url: str = "", is_open: bool = False
) -> Node:
    return Node(
        entry.id,
        entry.name,
        f"{ROLES_URL}/{entry.id}",
        _members(entry),
        entry.not_inherited,
        is_fixed(entry),
        entry.has_children,
        is_open,
        below,
        more_url,
    )


def _more(parent: UnitId | None, level: access.Roles) -> str:
    """Where the rest of a level is."""
    if not level.more:
        return ""
    base = f"{ROLES_URL}/functional" if parent is None else f"{ROLES_URL}/{parent}/children"
    last = level.rows[-1]
    return f"{base}?{urlencode({'after': str(last.id), 'tree': tree_of(last)})}"


def _members(role: identity.RoleEntry) -> str:
    """How many have it directly; the roots are everybody's."""
    if role.code in (identity.ALL_EMPLOYEES, identity.ALL_EXTERNALS):
        return _("everybody")
    more = role.members > identity.MOST_MEMBERS
    return words.number(min(role.members, identity.MOST_MEMBERS)) + ("+" if more else "")


def _found(role: identity.RoleEntry, names: Mapping[UnitId, str]) -> tuple[str, str, str, str]:
    return role.name, f"{ROLES_URL}/{role.id}", forms.role_place(role, dict(names)), _members(role)


def _tabs(tree: str, *, searching: bool) -> list[Link]:
    captions = {"": _("Organisation"), "functional": _("Functional roles"), "external": _("External users")}
    return [
        Link(text, f"{ROLES_URL}?tree={code}" if code else ROLES_URL, current=code == tree and not searching)
        for code, text in captions.items()
    ]


def _empty(tree: str, text: str) -> Empty:
    if text:
        words_ = _("Each word must begin a word of the name.")
        return Empty(
            _("No such role"), words_, "search", (Action(_("Show the tree"), ROLES_URL, "users-group"),)
        )
    return Empty(
        _("No functional roles yet"),
        _("A functional role is a job that people of several units do."),
        "users-group",
        (Action(_("New role"), f"{ROLES_URL}/new?{urlencode({'tree': tree})}", "plus"),),
    )

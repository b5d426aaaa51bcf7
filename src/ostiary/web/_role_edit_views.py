"""Changing one role: a new one, its name, its place in the tree, its managers; merging and removing it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.kernel.entries import Silent
from ostiary.kernel.errors import FieldError, Invalid, NotFound
from ostiary.kernel.ids import UnitId, new_id
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Field, Option
from ostiary.web import _forms as forms
from ostiary.web._frame import ROLES_URL
from ostiary.web._impact import Asked, confirm
from ostiary.web._people_views import GUARD
from ostiary.web._roles_views import TREES, role_crumbs, tree_of, tree_url
from ostiary.web._view import FORM, WRITE, answers

_ORG, _FUNC, _MANAGER = identity.UnitKind.ORG, identity.UnitKind.FUNC, identity.UnitKind.MANAGER
Offered = Callable[[str], list[Option]]


@answers(FORM, guard=GUARD, reads=Silent("an empty form"), writes="identity.role.created")
def new_page(request: HttpRequest) -> HttpResponseBase:
    """GET, POST /roles/new?tree=&parent=: a role in one of the trees."""
    access.ensure_operation(request.ctx, access.Operation.MANAGE_USERS)
    tree = request.POST.get("tree") or request.GET.get("tree", "")
    if tree not in TREES:
        raise NotFound
    kind, external = TREES[tree]

    def form(errors: Sequence[FieldError]) -> HttpResponse:
        return _new_form(request, tree, errors)

    if request.method != "POST":
        return form(())
    try:
        parent = forms.chosen(request, "parent", _offered(request, kind))
    except Invalid as refused:
        return form(refused.errors)
    name, role = request.POST.get("name", "").strip(), UnitId(new_id())
    asked = Asked(
        _("Add the role %(name)s?") % {"name": name},
        [assurance.CreateRole(role, kind, name, parent=parent, external=external)],
        back=ROLES_URL,
        done=f"{ROLES_URL}/{role}?done=added",
        crumbs=forms.crumbs_to((_("Roles"), ROLES_URL)),
        current=ROLES_URL,
        save=_("Add role"),
    )
    return confirm(request, asked, form)


def _new_form(request: HttpRequest, tree: str, errors: Sequence[FieldError]) -> HttpResponse:
    titles = {
        "": _("New organisational role"),
        "functional": _("New functional role"),
        "external": _("New external organisation"),
    }
    kind, _external = TREES[tree]
    parent = forms.lookup_field(request, "parent", _("Below"), _find(kind), _("Empty: at the top."))
    given = forms.unit_of(request.GET.get("parent", ""))
    if request.method != "POST" and given is not None:
        entry = identity.get_role(request.ctx, given)
        parent = replace(parent, key=str(entry.id), value=entry.name)
    fields = (
        Field("name", _("Name"), "text", request.POST.get("name", ""), required=True, max_length=250),
        replace(parent, required=False),
    )
    form = forms.Form(
        titles[tree],
        f"{ROLES_URL}/new?tree={tree}",
        fields,
        f"{ROLES_URL}?tree={tree}",
        _("Show effect"),
        forms.crumbs_to((_("Roles"), ROLES_URL)),
        ROLES_URL,
    )
    return forms.form_page(request, form, errors)


@answers(FORM, guard=GUARD, reads="identity.role.viewed", writes="identity.role.renamed")
def rename_page(request: HttpRequest, role_id: UUID) -> HttpResponseBase:
    """GET, POST /roles/<id>/rename."""
    role = access.view_role(request.ctx, UnitId(role_id)).entry
    name = request.POST.get("name", role.name)
    field = Field("name", _("Name"), "text", name, required=True, max_length=250)
    title = _("Rename %(name)s") % {"name": role.name}

    def form(errors: Sequence[FieldError]) -> HttpResponse:
        return forms.form_page(request, _form(role, title, "rename", (field,)), errors)

    if request.method != "POST":
        return form(())
    said = _("%(old)s is called %(new)s from now on") % {"old": role.name, "new": name.strip()}
    title = _("Rename %(name)s?") % {"name": role.name}
    return confirm(request, _asked(role, title, assurance.RenameRole(role.id, name), said), form)


@answers(FORM, guard=GUARD, reads="identity.role.viewed", writes="identity.role.moved")
def move_page(request: HttpRequest, role_id: UUID) -> HttpResponseBase:
    """GET, POST /roles/<id>/move: another parent. A role that is dropped on another posts here too."""
    role = access.view_role(request.ctx, UnitId(role_id)).entry
    field = forms.lookup_field(
        request, "parent", _("Below"), _find(role.kind), _("Empty: at the top of its tree.")
    )
    title = _("Move %(name)s") % {"name": role.name}

    def form(errors: Sequence[FieldError]) -> HttpResponse:
        shown = _form(role, title, "move", (replace(field, required=False),))
        return forms.form_page(request, shown, _at_field(errors, "parent"))

    if request.method != "POST":
        return form(())
    try:
        parent = forms.chosen(request, "parent", _offered(request, role.kind))
    except Invalid as refused:
        return form(refused.errors)
    if parent == role.parent:
        return form([FieldError("parent", "same", _("It lies there already."))])
    name = "" if parent is None else identity.names_of(request.ctx, [parent]).get(parent, "")
    text = _("%(role)s lies below %(parent)s from now on, with everything below it")
    said = text % {"role": role.name, "parent": name or _("the top of its tree")}
    title = _("Move %(name)s?") % {"name": role.name}
    return confirm(request, _asked(role, title, assurance.MoveRole(role.id, parent), said), form)


@answers(FORM, guard=GUARD, reads="identity.role.viewed", writes="identity.role.merged")
def merge_page(request: HttpRequest, role_id: UUID) -> HttpResponseBase:
    """GET, POST /roles/<id>/merge: another role takes its place."""
    role = access.view_role(request.ctx, UnitId(role_id)).entry
    field = forms.lookup_field(request, "into", _("Role that stays"), _find(role.kind))
    title = _("Merge %(name)s into another role") % {"name": role.name}
    intro = _(
        "Members, roles below, links, rows and rules go over, and this role goes. Records that its members"
        " made before are no longer reached by rules about it."
    )

    def form(errors: Sequence[FieldError]) -> HttpResponse:
        return forms.form_page(
            request, _form(role, title, "merge", (field,), intro), _at_field(errors, "into")
        )

    if request.method != "POST":
        return form(())
    try:
        into = forms.needed(forms.chosen(request, "into", _offered(request, role.kind)), "into")
    except Invalid as refused:
        return form(refused.errors)
    names = {"role": role.name, "into": identity.names_of(request.ctx, [into]).get(into, "")}
    asked = _asked(
        role,
        _("Merge %(role)s into %(into)s?") % names,
        assurance.MergeRoles(role.id, into),
        _("%(into)s takes the place of %(role)s, which goes") % names,
    )
    return confirm(request, replace(asked, done=f"{ROLES_URL}/{into}?done=saved", save=_("Merge")), form)


@answers(FORM, guard=GUARD, reads="identity.role.viewed", writes="identity.role.removed")
def remove_page(request: HttpRequest, role_id: UUID) -> HttpResponseBase:
    """GET, POST /roles/<id>/delete: what refers to it is told first."""
    role = access.view_role(request.ctx, UnitId(role_id)).entry
    found = access.role_references(request.ctx, role.id)
    up = request.POST.get("children_up", "")
    fields: tuple[Field, ...] = ()
    if found.get("children"):
        label = _("Roles below it go to its parent")
        fields = (Field("children_up", label, "boolean", up, hint=_("Else move them first.")),)
    title = _("Delete %(name)s") % {"name": role.name}
    intro = " ".join(reference_words(found)) or _("Nothing refers to this role.")

    def form(errors: Sequence[FieldError]) -> HttpResponse:
        shown = _at_field(errors, "children_up") if fields else errors
        return forms.form_page(request, _form(role, title, "delete", fields, intro), shown)

    if request.method != "POST":
        return form(())
    asked = Asked(
        _("Delete %(name)s?") % {"name": role.name},
        [assurance.RemoveRole(role.id, children_up=up == "yes")],
        back=f"{ROLES_URL}/{role.id}",
        done=f"{tree_url(tree_of(role), role.parent)}&done=deleted",
        lines=tuple(reference_words(found)),
        crumbs=role_crumbs(role),
        current=ROLES_URL,
        save=_("Delete"),
        danger=True,
    )
    return confirm(request, asked, form)


def reference_words(found: Mapping[str, int]) -> Iterator[str]:
    """What refers to a role, in words."""
    texts = {
        "members": _("Members: %(count)s."),
        "children": _("Roles below it: %(count)s."),
        "manager_roles": _("It has a manager role, which goes with it."),
        "links": _("Links: %(count)s."),
        "delegations": _("Delegations to it: %(count)s."),
        "elevations": _("Elevations to it: %(count)s."),
        "operation_row": _("Rows of operations: %(count)s."),
        "object_row": _("Rows of objects: %(count)s."),
        "column_row": _("Rows of fields: %(count)s."),
        "default_rule": _("Default rules: %(count)s."),
        "scope_rule": _("Scope rules: %(count)s."),
        "deny_rule": _("Deny rules: %(count)s."),
        "share": _("Shared records: %(count)s."),
        "deny": _("Denied records: %(count)s."),
    }
    for what, text in texts.items():
        if found.get(what):
            yield text.replace("%(count)s", words.number(found[what]))


@answers(WRITE, guard=GUARD, writes="identity.role.marked")
def mark(request: HttpRequest, role_id: UUID) -> HttpResponseBase:
    """POST /roles/<id>/mark: not_inherited=yes or no."""
    role = access.view_role(request.ctx, UnitId(role_id)).entry
    wanted = request.POST.get("not_inherited") == "yes"
    text = (
        _("Managers get nothing by %(role)s of people below them")
        if wanted
        else _("Managers get what %(role)s gives to people below them")
    )
    title = _("Change what managers inherit of %(role)s?") % {"role": role.name}
    said = text % {"role": role.name}
    return confirm(request, _asked(role, title, assurance.MarkRole(role.id, wanted), said))


@answers(FORM, guard=GUARD, reads="identity.role.viewed", writes="identity.role.created")
def manager_page(request: HttpRequest, role_id: UUID) -> HttpResponseBase:
    """GET, POST /roles/<id>/manager: a manager role for an organisational one."""
    role = access.view_role(request.ctx, UnitId(role_id)).entry
    if role.kind is not _ORG:
        raise NotFound
    name = request.POST.get("name", _("%(unit)s managers") % {"unit": role.name})
    field = Field("name", _("Name"), "text", name, required=True, max_length=250)
    title = _("Manager role of %(name)s") % {"name": role.name}
    intro = _("Whoever has it reaches what people in this unit and below it reach.")

    def form(errors: Sequence[FieldError]) -> HttpResponse:
        return forms.form_page(request, _form(role, title, "manager", (field,), intro), errors)

    if request.method != "POST":
        return form(())
    made = UnitId(new_id())
    asked = _asked(
        role,
        _("Add the manager role %(name)s?") % {"name": name},
        assurance.CreateRole(made, _MANAGER, name, manages=role.id),
        intro,
    )
    return confirm(request, replace(asked, done=f"{ROLES_URL}/{made}?done=added"), form)


def _asked(role: identity.RoleEntry, title: str, change: assurance.RightsChange, said: str) -> Asked:
    here = f"{ROLES_URL}/{role.id}"
    return Asked(title, [change], here, f"{here}?done=saved", (said,), role_crumbs(role), ROLES_URL)


def _form(
    role: identity.RoleEntry, title: str, part: str, fields: tuple[Field, ...], intro: str = ""
) -> forms.Form:
    here = f"{ROLES_URL}/{role.id}"
    return forms.Form(
        title, f"{here}/{part}", fields, here, _("Show effect"), role_crumbs(role), ROLES_URL, intro
    )


def _at_field(errors: Sequence[FieldError], name: str) -> list[FieldError]:
    """A refusal of the whole stands at the one field that can be changed."""
    return [replace(error, field=name) for error in errors]


def _find(kind: identity.UnitKind) -> str:
    return f"{ROLES_URL}/find?kind={kind.value}"


def _offered(request: HttpRequest, kind: identity.UnitKind) -> Offered:
    return lambda text: forms.role_options(request.ctx, text, frozenset({kind}))

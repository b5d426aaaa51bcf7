"""Saved views on the list page: what a state becomes with one, its tab, the panel that saves it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.identity.public import FoundUnit, UnitKind
from ostiary.kernel.ids import UnitId
from ostiary.pages._asked import Asked
from ostiary.pages._reader import Reader
from ostiary.pages._state import ListState, read_state
from ostiary.pages._units import ChosenUnit, unit_label
from ostiary.pages._view_store import LONGEST_NAME, SavedView, SavedViews
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Field, Link, Option

ROLES = (UnitKind.ORG, UnitKind.FUNC)


@dataclass(frozen=True, slots=True)
class TypedView:
    """What was typed into the panel and what was wrong with it, by field."""

    name: str = ""
    role: ChosenUnit = field(default_factory=ChosenUnit)
    opens: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ViewPanel:
    """Forms that save what the list shows. state: what is saved. density: as rows are set.

    role: whom a new view is for; None: for others one may not save. The rest is about the view that is open:
    its address, its words, whether it may be changed here, whether it opens by itself for the reader.
    """

    action: str
    state: str
    name: Field
    density: tuple[Option, ...]
    role: Field | None
    opens: bool
    why_not_shared: str
    close_url: str
    current_url: str
    current_name: str
    current_for: str
    may_change: bool
    is_first: bool
    opens_for_role: bool
    shared: bool


def resolved(state: ListState, saved: SavedViews) -> tuple[ListState, SavedView | None]:
    """What a state asks for with the saved views there are, and the view that it is of.

    Who asks for nothing gets the view that opens by itself. A view that is not there leaves the list without.
    """
    if state.saved:
        view = saved.find(state.saved)
    else:
        view = saved.first if not state.view and state.content == ListState() else None
    if view is None:
        return (replace(state, view="", changed=False) if state.saved else state), None
    if state.changed:
        return state, view
    kept = read_state(parse_qs(view.state, keep_blank_values=True)).content
    return (
        replace(
            kept,
            view=str(view.id),
            opened=state.opened,
            day=state.day,
            lane=state.lane,
            page=state.page,
            after=state.after,
            builder=state.builder,
            panel=state.panel,
            into=state.into,
        ),
        view,
    )


def view_tabs(reader: Reader, code: str, saved: SavedViews, state: ListState) -> tuple[Link, ...]:
    """A tab for each view."""
    return tuple(
        Link(
            view.name if view.for_me else f"{view.name} ({view.role_name})",
            reader.urls.records(code, ListState(view=str(view.id)).query()),
            icon="users" if view.role else "",
            current=state.view == str(view.id),
        )
        for view in saved.views
    )


def view_panel(
    reader: Reader,
    asked: Asked,
    saved: SavedViews,
    current: SavedView | None,
    typed: TypedView | None,
) -> ViewPanel | None:
    """The panel where it is open."""
    if asked.state.panel != "view":
        return None
    may = access.may_operate(reader.ctx, access.Operation.SAVE_LISTS_FOR_OTHERS)
    given = typed or TypedView()
    name = Field(
        "name",
        _("Name"),
        "text",
        value=given.name,
        error=given.errors.get("name", ""),
        required=True,
        max_length=LONGEST_NAME,
    )
    code, urls = asked.code, reader.urls
    return ViewPanel(
        action=urls.views(code),
        state=asked.state.content.query(),
        name=name,
        density=_densities(asked.state.density),
        role=_role_field(reader, code, given) if may else None,
        opens=given.opens,
        why_not_shared="" if may else _("To save a view for others you need “Save views for others”."),
        close_url=urls.records(code, asked.state.showing().query()),
        current_url=urls.views(code, str(current.id)) if current else "",
        current_name=current.name if current else "",
        current_for=current.role_name if current else "",
        may_change=current is not None and (current.role is None or may),
        is_first=current is not None and saved.first == current,
        opens_for_role=current is not None and current.opens,
        shared=current is not None and current.role is not None,
    )


def _densities(now: str) -> tuple[Option, ...]:
    return (
        Option("", _("as I have it"), not now),
        Option("compact", _("compact"), now == "compact"),
        Option("roomy", _("roomy"), now == "roomy"),
    )


def _role_field(reader: Reader, code: str, given: TypedView) -> Field:
    return Field(
        "role",
        _("For the members of a role"),
        "lookup",
        value=unit_label(given.role.unit) if given.role.unit else given.role.typed,
        key=str(given.role.unit.id) if given.role.unit else "",
        error=given.role.error,
        hint=_("Empty means for you alone."),
        options=given.role.options,
        lookup_url=reader.urls.views(code, "roles"),
    )


def find_view_roles(reader: Reader, text: str) -> Sequence[FoundUnit]:
    """Roles that a view may be for, while somebody types. Raises AccessDenied (operation)."""
    access.ensure_operation(reader.ctx, access.Operation.SAVE_LISTS_FOR_OTHERS)
    audit.append(reader.ctx, "access.unit.searched")
    return identity.search_units(reader.ctx, text, ROLES, 12)


def find_view_role(reader: Reader, unit: UnitId) -> FoundUnit | None:
    """A role by its id; None for what is none."""
    found = identity.describe_units(reader.ctx, [unit]).get(unit)
    return found if found is not None and found.kind in ROLES else None

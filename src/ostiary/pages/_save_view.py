"""Submitting the panel of saved views: a new one, or what is done with one that there is."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import parse_qs
from uuid import UUID

from ostiary.kernel.errors import Invalid, NotFound
from ostiary.kernel.ids import ObjectId
from ostiary.pages import _view_store as store
from ostiary.pages._list import list_view
from ostiary.pages._posted import Posted, last
from ostiary.pages._reader import Reader
from ostiary.pages._save import UNPROCESSABLE, Refused, Saved
from ostiary.pages._saved import TypedView, find_view_role, find_view_roles
from ostiary.pages._state import DENSITIES, ListState, read_state
from ostiary.pages._units import ChosenUnit, read_unit
from ostiary.pages._view_store import SavedView
from ostiary.ui.i18n import said


def submit_view(reader: Reader, code: str, posted: Posted) -> Saved | Refused:
    """Save what a list shows as a new view. Raises NotFound, AccessDenied (object, operation)."""
    thing = reader.describe(code).object
    state = _state(posted)
    role = ChosenUnit()
    if last(posted, "role") or last(posted, "role.text"):
        role = read_unit(
            posted,
            "role",
            lambda text: find_view_roles(reader, text),
            lambda unit: find_view_role(reader, unit),
        )
    typed = TypedView(last(posted, "name"), role, bool(last(posted, "opens")))
    if role.error:
        return _refused(reader, code, state, typed)
    view = store.new_view(
        typed.name, state.query(), role.unit.id if role.unit else None, opens=typed.opens and bool(role.unit)
    )
    try:
        store.save_view(reader.ctx, thing.id, view)
    except Invalid as refused:
        return _refused(reader, code, state, _with_errors(typed, refused))
    return Saved(view.id, back=reader.urls.records(code, ListState(view=str(view.id)).query()))


def submit_view_change(reader: Reader, code: str, view_id: UUID, posted: Posted) -> Saved | Refused:
    """Do what a button says with a view. Raises NotFound, AccessDenied (object, operation)."""
    thing = reader.describe(code).object
    action = _ACTIONS.get(last(posted, "do"))
    if action is None:
        raise NotFound
    try:
        back = action(reader, thing.id, view_id, posted)
    except Invalid as refused:
        state = replace(_state(posted), view=str(view_id), changed=True)
        return _refused(reader, code, state, _with_errors(TypedView(last(posted, "name")), refused))
    return Saved(view_id, back=reader.urls.records(code, back.query()))


def _state(posted: Posted) -> ListState:
    """What the list showed, as its form sent it, with the rows as they are to be set."""
    text = last(posted, "state")[: store.LONGEST_STATE + 1]
    state = read_state(parse_qs(text, keep_blank_values=True)).content
    density = last(posted, "density")
    return replace(state, density=density if density in DENSITIES else "") if "density" in posted else state


def _refused(reader: Reader, code: str, state: ListState, typed: TypedView) -> Refused:
    shown = replace(state, panel="view")
    return Refused(list_view(reader, code, shown, typed), UNPROCESSABLE)


def _with_errors(typed: TypedView, refused: Invalid) -> TypedView:
    return replace(typed, errors={error.field: said(error.message) for error in refused.errors})


def _changed(
    reader: Reader, thing: ObjectId, view_id: UUID, change: Callable[[SavedView], SavedView]
) -> ListState:
    view = store.read_views(reader.ctx, thing).find(str(view_id))
    if view is None:
        raise NotFound
    store.change_view(reader.ctx, thing, change(view))
    return ListState(view=str(view_id))


def _save(reader: Reader, thing: ObjectId, view_id: UUID, posted: Posted) -> ListState:
    return _changed(reader, thing, view_id, lambda view: replace(view, state=_state(posted).query()))


def _rename(reader: Reader, thing: ObjectId, view_id: UUID, posted: Posted) -> ListState:
    name = " ".join(last(posted, "name").split())
    return _changed(reader, thing, view_id, lambda view: replace(view, name=name))


def _open_for_role(reader: Reader, thing: ObjectId, view_id: UUID, posted: Posted) -> ListState:
    opens = last(posted, "opens") == "yes"
    return _changed(reader, thing, view_id, lambda view: replace(view, opens=opens))


def _delete(reader: Reader, thing: ObjectId, view_id: UUID, _posted: Posted) -> ListState:
    store.delete_view(reader.ctx, thing, view_id)
    return ListState()


def _restore(reader: Reader, thing: ObjectId, view_id: UUID, _posted: Posted) -> ListState:
    store.restore_view(reader.ctx, thing, view_id)
    return ListState(view=str(view_id))


def _first(reader: Reader, thing: ObjectId, view_id: UUID, _posted: Posted) -> ListState:
    store.choose_view(reader.ctx, thing, view_id, first=True)
    return ListState(view=str(view_id))


def _not_first(reader: Reader, thing: ObjectId, view_id: UUID, _posted: Posted) -> ListState:
    store.choose_view(reader.ctx, thing, view_id, first=False)
    return ListState(view=str(view_id))


_ACTIONS: Mapping[str, Callable[[Reader, ObjectId, UUID, Posted], ListState]] = {
    "save": _save,
    "rename": _rename,
    "opens": _open_for_role,
    "delete": _delete,
    "restore": _restore,
    "first": _first,
    "not_first": _not_first,
}

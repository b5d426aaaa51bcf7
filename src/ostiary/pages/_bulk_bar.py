"""What can be done with the records that are selected in a list: the bar over its foot."""

from dataclasses import dataclass

from ostiary.access.public import Verb
from ostiary.pages._reader import Reader
from ostiary.pages._refusals import own_why, why_not_changed, why_not_deleted
from ostiary.pages._state import ListState
from ostiary.records.public import ObjectView
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Action

UPDATE, OWNER, DELETE = "update", "owner", "delete"


@dataclass(frozen=True, slots=True)
class BulkBar:
    """The bar. url: where its form goes. state: the list as a query string, for "all that match".

    total: how many these are, in words; "" where that is not known. actions: the url of each is what it does.
    """

    url: str
    state: str
    total: str
    actions: tuple[Action, ...]


def may_select(view: ObjectView) -> bool:
    """Whether there is something to select records for."""
    return not view.object.log and bool({Verb.UPDATE, Verb.DELETE} & set(view.verbs))


def bulk_bar(reader: Reader, view: ObjectView, state: ListState, total: str) -> BulkBar | None:
    """The bar of a list; None where no record of it may be changed or deleted."""
    if not may_select(view):
        return None
    code = view.object.code
    not_changed = "" if Verb.UPDATE in view.verbs else why_not_changed(view, may_update=False)
    not_deleted = "" if Verb.DELETE in view.verbs else why_not_deleted(view, may_delete=False)
    why_change, why_delete = own_why(reader, code, Verb.UPDATE), own_why(reader, code, Verb.DELETE)
    actions = [Action(_("Edit"), UPDATE, "edit", not_changed, why_change)]
    if view.object.has_owner:
        actions.append(Action(_("Assign owner"), OWNER, "user", not_changed, why_change))
    actions.append(Action(_("Delete"), DELETE, "trash", not_deleted, why_delete))
    # it says all itself: what is selected must not follow a view that somebody changes meanwhile
    shown = state.first_page(builder=False, panel="", opened=(), changed=bool(state.saved))
    return BulkBar(reader.urls.bulk(code), shown.query(), total, tuple(actions))

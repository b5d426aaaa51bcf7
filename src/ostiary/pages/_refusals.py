"""Why something is not possible, in the words of the interface: each sentence names the layer that stops."""

from ostiary.access import public as access
from ostiary.access.public import Verb
from ostiary.objects.public import Column
from ostiary.pages._bench_state import bench_query
from ostiary.pages._reader import Reader
from ostiary.records.public import ObjectView
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _


def own_why(reader: Reader, code: str, verb: str, record: object = "", column: str = "") -> str:
    """Where the reader's own verdict is explained. verb: one of `VERBS` of the test bench."""
    return reader.urls.explain(bench_query(code, verb, record=record, column=column))


def why_not_created(view: ObjectView) -> str:
    """Empty when the reader may create records of the object in a form."""
    if view.object.log:
        return _written_by_itself(view)
    if view.object.content:
        return _("Files are added on the page of the record that they belong to, under Attachments.")
    return "" if Verb.CREATE in view.verbs else why_not_created_at_all(view)


def _written_by_itself(view: ObjectView) -> str:
    words = _("%(things)s are written by themselves as records change; nobody adds, changes or deletes them.")
    return words % {"things": view.object.plural}


def why_not_created_at_all(view: ObjectView) -> str:
    """Layer 2 says no, whatever way it is tried."""
    return _("You may not add %(things)s: no role of yours has the right to (layer 2, object).") % {
        "things": words.within(view.object.plural)
    }


def why_not_exported(reader: Reader) -> str:
    """Empty when the reader may export lists, by the rights that the page was read with."""
    if access.rights_of(reader.ctx).operation(access.Operation.EXPORT_LIST).allowed:
        return ""
    return _("You may not export lists: no role of yours holds the operation “Export lists” (layer 1).")


def why_not_changed(view: ObjectView, *, may_update: bool) -> str:
    """Empty when the reader may change this record."""
    if may_update:
        return ""
    if view.object.log:
        return _written_by_itself(view)
    if Verb.UPDATE not in view.verbs:
        return _("You may not change %(things)s: none of your roles has the right to (layer 2, object).") % {
            "things": words.within(view.object.plural)
        }
    return _("You may read this record but not change it: no rule or share gives you that (layer 3, record).")


def why_not_deleted(view: ObjectView, *, may_delete: bool) -> str:
    """Empty when the reader may delete this record."""
    if may_delete:
        return ""
    if view.object.log:
        return _written_by_itself(view)
    if Verb.DELETE not in view.verbs:
        return _("You may not delete %(things)s: none of your roles has the right to (layer 2, object).") % {
            "things": words.within(view.object.plural)
        }
    return _("You may read this record but not delete it: no rule or share gives you that (layer 3, record).")


def why_not_written(column: Column) -> str:
    """Why a field may not be filled in."""
    return _(
        "You may not fill in %(field)s: no row of this field gives a role of yours the right to (layer 4)."
    ) % {"field": column.caption}


def why_restricted(column: Column) -> str:
    """Why the value of a column is not shown."""
    if column.sealed:
        return _("%(field)s is sealed: nobody may read it, whatever its rows say (layer 4).") % {
            "field": column.caption
        }
    return _(
        "You may not read %(field)s: no row of this field gives a role of yours the right to (layer 4)."
    ) % {"field": column.caption}


def why_masked(column: Column) -> str:
    """Why no more than the mask of a value is shown, nor can be."""
    return _(
        "You may read %(field)s masked only (layer 4), and no role of yours holds the operation"
        " “Reveal masked fields” (layer 1)."
    ) % {"field": column.caption}

"""The permissions of one object: four layers as tabs, the unsaved draft across all of them."""

from collections.abc import Mapping
from urllib.parse import quote

from ostiary.access.public import OPERATION_WORDS, Operation, may_operate
from ostiary.assurance import public as assurance
from ostiary.kernel.errors import NotFound
from ostiary.objects.public import DataClass, Object
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import ngettext
from ostiary.ui.values import Head, Link
from ostiary.web._frame import RIGHTS_URL
from ostiary.web._rights_carried import carried_on, choice_field
from ostiary.web._rights_columns import column_table
from ostiary.web._rights_desk import Desk, Editor, named_in
from ostiary.web._rights_edits import add_name
from ostiary.web._rights_legs import operation_caption
from ostiary.web._rights_operations import operation_lines
from ostiary.web._rights_page import Page, add_field
from ostiary.web._rights_records import record_layer
from ostiary.web._rights_rows import RowList, row_list, verbs_form
from ostiary.web._rights_tabs import LayerTab, layer_of, layer_tabs, unsaved

ANY_DATA = (
    Operation.VIEW_ANY_DATA,
    Operation.ADD_ANY_DATA,
    Operation.EDIT_ANY_DATA,
    Operation.DELETE_ANY_DATA,
)


FIELDS = frozenset(
    "copy step rule-author rule-grantee scope-grantee deny-author deny-unit carry-operation".split()
)


def find(desk: Desk, code: str) -> Object:
    """The object of a page. Raises NotFound."""
    found = desk.catalogue.objects.get(code)
    if found is None:
        raise NotFound
    return found


def address(code: str, posted: Mapping[str, str]) -> str:
    """Where the form was, as an address."""
    column = f"&column={quote(posted['column'])}" if posted.get("column") else ""
    return f"{RIGHTS_URL}/{code}?layer={layer_of(posted)}{column}"


def column_of(made: Object, posted: Mapping[str, str]) -> str:
    """The field that is open on the layer of columns: the one that was pressed, else the one before."""
    said = posted.get("do", "").split(" ")
    wanted = said[2] if said[:2] == ["show", "columns"] and len(said) > 2 else posted.get("column", "")
    return wanted if wanted in made.columns and made.columns[wanted].takes_rows else ""


def object_page(editor: Editor, code: str) -> Page:
    """The page of one object on one of its layers."""
    desk, made = editor.desk, find(editor.desk, code)
    layer = layer_of(editor.posted)
    url = f"{RIGHTS_URL}/{code}"
    rows = object_rows(desk, made) if layer == "object" else None
    chosen = column_of(made, editor.posted)
    columns = column_table(desk, made, chosen) if layer == "columns" else None
    target = f"column:{made.code}:{chosen}" if layer == "columns" else f"object:{made.code}"
    return Page(
        "web/rights_object.html",
        Head(made.caption, crumbs=(Link(_("Object permissions"), RIGHTS_URL),)),
        RIGHTS_URL,
        url,
        {
            "made": made,
            "layer": layer,
            "tabs": tabs(desk, made, layer, url),
            "rows": rows,
            "columns": columns,
            "operations": _operations(editor, made) if layer == "operations" else None,
            "records": record_layer(editor, made) if layer == "records" else None,
            "column": chosen,
            "opened": made.columns.get(chosen),
            "add": add_field(editor, target),
            "fields": FIELDS | {add_name(target)},
        },
    )


def _operations(editor: Editor, made: Object) -> dict[str, object]:
    """Layer 1 as far as it touches the object."""
    desk, carried = editor.desk, carried_on(editor.desk, made)
    taken = {line.text for line in carried}
    options = [(o.value, operation_caption(o)) for o in OPERATION_WORDS if o not in ANY_DATA]
    return {
        "any_data": operation_lines(desk, ANY_DATA),
        "carried": carried,
        "carry": choice_field(editor, "carry-operation", _("Operation"), options, taken),
        "may": may_operate(desk.ctx, Operation.CHANGE_OPERATIONS),
        "needs": operation_caption(Operation.CHANGE_OPERATIONS),
    }


def object_rows(desk: Desk, made: Object) -> RowList:
    """Layer 2 of an object."""
    place = assurance.SetObjectRows(made.id, ())
    now, before = desk.draft.at(place, desk.policy), desk.draft.base(place, desk.policy)
    desk.know(named_in([now, before]))
    units = [unit for unit, _verbs in now.rows]
    reasons = assurance.justifications(desk.ctx, assurance.GrantKind.OBJECT, str(made.id), units)
    return row_list(desk, f"object:{made.code}", verbs_form(), now.rows, before.rows, reasons)


def tabs(desk: Desk, made: Object, layer: str, url: str) -> tuple[LayerTab, ...]:
    """The four layers, each with one line."""
    summaries = (
        _operations_line(desk, made),
        _object_line(desk, made),
        _records_line(desk, made),
        _columns_line(desk, made),
    )
    return layer_tabs(summaries, layer, url)


def _operations_line(desk: Desk, made: Object) -> str:
    carrying = len(desk.policy.object(made.id).carried)
    if not carrying:
        return _("%(count)s apply to all") % {"count": len(ANY_DATA)}
    return _("%(count)s apply to all, %(more)s here") % {"count": len(ANY_DATA), "more": carrying}


def _object_line(desk: Desk, made: Object) -> str:
    place = assurance.SetObjectRows(made.id, ())
    count = len(desk.draft.at(place, desk.policy).rows)
    line = ngettext("%(num)d row", "%(num)d rows", count) % {"num": count}
    return unsaved(line, changed=desk.draft.is_changed(place))


def _records_line(desk: Desk, made: Object) -> str:
    switches = desk.draft.at(assurance.SetSwitches(made.id, True), desk.policy)
    kinds = (assurance.SetSwitches, assurance.SetDefaultRule, assurance.SetScopeRule, assurance.SetDenyRule)
    changed = any(isinstance(c, kinds) and c.object_id == made.id for c in desk.draft.changes)
    if not switches.records:
        return unsaved(_("Off: every record"), changed=changed)
    stored = desk.policy.object(made.id).records
    count = len(stored.rules) + len(stored.scopes) + len(stored.deny_rules)
    return unsaved(ngettext("%(num)d rule", "%(num)d rules", count) % {"num": count}, changed=changed)


def _columns_line(desk: Desk, made: Object) -> str:
    above = sum(1 for c in made.columns.values() if c.takes_rows and c.data_class > DataClass.INTERNAL)
    changed = any(
        isinstance(c, assurance.SetColumnRows) and c.object_id == made.id for c in desk.draft.changes
    )
    return unsaved(_("%(count)s above Internal") % {"count": above}, changed=changed)

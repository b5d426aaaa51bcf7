"""The permissions of one object: four layers as tabs, the unsaved draft across all of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.access.public import Operation
from ostiary.assurance import public as assurance
from ostiary.kernel.errors import NotFound
from ostiary.objects.public import DataClass, Object
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import ngettext
from ostiary.ui.values import Field, Head, Link
from ostiary.web._frame import RIGHTS_URL
from ostiary.web._rights_desk import UNITS_URL, Desk, named_in
from ostiary.web._rights_edits import add_name
from ostiary.web._rights_page import Editor, Page
from ostiary.web._rights_rows import RowList, row_list, verbs_form

LAYERS = ("operations", "object", "records", "columns")
ANY_DATA = (
    Operation.VIEW_ANY_DATA,
    Operation.ADD_ANY_DATA,
    Operation.EDIT_ANY_DATA,
    Operation.DELETE_ANY_DATA,
)


@dataclass(frozen=True, slots=True)
class LayerTab:
    """One layer: its number, name, one line about it, where it is."""

    key: str
    number: int
    caption: str
    summary: str
    current: bool
    url: str


def find(desk: Desk, code: str) -> Object:
    """The object of a page. Raises NotFound."""
    found = desk.catalogue.objects.get(code)
    if found is None:
        raise NotFound
    return found


def layer_of(posted: Mapping[str, str]) -> str:
    """The layer that is shown: the one that was pressed, else the one that the form was on."""
    name, _space, rest = posted.get("do", "").partition(" ")
    wanted = rest.partition(" ")[0] if name == "show" else posted.get("layer", "")
    return wanted if wanted in LAYERS else "object"


def object_page(editor: Editor, code: str) -> Page:
    """The page of one object on one of its layers."""
    desk, made = editor.desk, find(editor.desk, code)
    layer = layer_of(editor.posted)
    url = f"{RIGHTS_URL}/{code}"
    rows = object_rows(desk, made) if layer == "object" else None
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
            "add": add_field(editor, f"object:{made.code}"),
        },
    )


def object_rows(desk: Desk, made: Object) -> RowList:
    """Layer 2 of an object."""
    place = assurance.SetObjectRows(made.id, ())
    now, before = desk.draft.at(place, desk.policy), desk.draft.base(place, desk.policy)
    desk.know(named_in([now, before]))
    return row_list(desk, f"object:{made.code}", verbs_form(), now.rows, before.rows)


def add_field(editor: Editor, target: str) -> Field:
    """The field that names the unit of a new row."""
    name = add_name(target)
    error = editor.errors.get(name, "")
    return Field(
        name,
        _("Add a role or person"),
        "lookup",
        editor.posted.get(f"{name}.text", "") if error else "",
        editor.posted.get(name, "") if error else "",
        placeholder=_("Find a role or person"),
        error=error,
        lookup_url=f"{UNITS_URL}?for={name}",
    )


def tabs(desk: Desk, made: Object, layer: str, url: str) -> tuple[LayerTab, ...]:
    """The four layers, each with one line."""
    captions = (_("System operations"), _("Object"), _("Records"), _("Columns"))
    summaries = (
        _operations_line(desk, made),
        _object_line(desk, made),
        _records_line(desk, made),
        _columns_line(desk, made),
    )
    return tuple(
        LayerTab(key, n, caption, summary, key == layer, f"{url}?layer={key}")
        for n, (key, caption, summary) in enumerate(zip(LAYERS, captions, summaries, strict=True), 1)
    )


def _operations_line(desk: Desk, made: Object) -> str:
    carrying = len(desk.policy.object(made.id).carried)
    if not carrying:
        return _("%(count)s apply to all") % {"count": len(ANY_DATA)}
    return _("%(count)s apply to all, %(more)s here") % {"count": len(ANY_DATA), "more": carrying}


def _object_line(desk: Desk, made: Object) -> str:
    place = assurance.SetObjectRows(made.id, ())
    count = len(desk.draft.at(place, desk.policy).rows)
    line = ngettext("%(num)d row", "%(num)d rows", count) % {"num": count}
    return _unsaved(line, desk.draft.is_changed(place))


def _records_line(desk: Desk, made: Object) -> str:
    switches = desk.draft.at(assurance.SetSwitches(made.id, True), desk.policy)
    kinds = (assurance.SetSwitches, assurance.SetDefaultRule, assurance.SetScopeRule, assurance.SetDenyRule)
    changed = any(isinstance(c, kinds) and c.object_id == made.id for c in desk.draft.changes)
    if not switches.records:
        return _unsaved(_("Off: every record"), changed)
    stored = desk.policy.object(made.id).records
    count = len(stored.rules) + len(stored.scopes) + len(stored.deny_rules)
    return _unsaved(ngettext("%(num)d rule", "%(num)d rules", count) % {"num": count}, changed)


def _columns_line(desk: Desk, made: Object) -> str:
    above = sum(1 for c in made.columns.values() if c.takes_rows and c.data_class > DataClass.INTERNAL)
    changed = any(
        isinstance(c, assurance.SetColumnRows) and c.object_id == made.id for c in desk.draft.changes
    )
    return _unsaved(_("%(count)s above Internal") % {"count": above}, changed)


def _unsaved(line: str, changed: bool) -> str:  # noqa: FBT001  whether the line gets its mark
    return _("%(line)s, unsaved") % {"line": line} if changed else line

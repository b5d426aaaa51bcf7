"""System operations: the list, and the page of one with its rows, what it carries, where it is used."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ostiary.access import public as access
from ostiary.access.public import Operation
from ostiary.assurance import public as assurance
from ostiary.kernel.errors import NotFound
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Empty, Head, Link, Search
from ostiary.web._frame import OPERATIONS_URL
from ostiary.web._rights_carried import carried_by, choice_field
from ostiary.web._rights_desk import Desk, Editor, named_in
from ostiary.web._rights_edits import add_name
from ostiary.web._rights_legs import operation_caption
from ostiary.web._rights_page import Page, add_field
from ostiary.web._rights_rows import RowList, answers_form, row_list
from ostiary.web._rights_uses import uses_of

_NAMED = 3


@dataclass(frozen=True, slots=True)
class OperationLine:
    """An operation in the list. who: names of rows that permit, others counted."""

    caption: str
    code: str
    text: str
    url: str
    who: str
    rows: str
    carried: str
    used: str


def operation_list(desk: Desk, asked: str) -> Page:
    """Every operation, in groups; those that have the words that are asked for."""
    found = [o for o in access.OPERATION_WORDS if _matches(o, asked)]
    desk.know({row.unit for o in found for row in desk.policy.operations.get(o.value, ())})
    groups = [
        (_(group), [_line(desk, operation) for operation in of_group])
        for group, of_group in groupby(found, key=lambda o: access.OPERATION_WORDS[o].group)
    ]
    empty = Empty(_("No such operation"), _("No operation has these words in its name or text."), "search")
    return Page(
        "web/rights_operations.html",
        Head(_("System operations"), search=Search(OPERATIONS_URL, _("Search operations"), asked)),
        OPERATIONS_URL,
        OPERATIONS_URL,
        {"groups": groups, "empty": None if groups else empty},
    )


def _matches(operation: Operation, asked: str) -> bool:
    said = access.OPERATION_WORDS[operation]
    text = f"{operation.value} {_(said.caption)} {_(said.group)} {_(said.text)}".casefold()
    return all(word in text for word in asked.casefold().split())


def operation_lines(desk: Desk, operations: Sequence[Operation]) -> list[OperationLine]:
    """Some operations as the list shows them."""
    desk.know({row.unit for o in operations for row in desk.policy.operations.get(o.value, ())})
    return [_line(desk, operation) for operation in operations]


def _line(desk: Desk, operation: Operation) -> OperationLine:
    said, rows = access.OPERATION_WORDS[operation], desk.policy.operations.get(operation.value, ())
    carried = [o for o in desk.policy.objects.values() if operation.value in o.carried]
    uses = uses_of(operation)
    return OperationLine(
        _(said.caption),
        operation.value,
        _(said.text),
        f"{OPERATIONS_URL}/{operation.value}",
        _who([desk.name(row.unit) for row in rows if row.allowed]),
        words.number(len(rows)),
        words.number(len(carried)) if carried else "",
        words.number(len(uses)) if uses else "",
    )


def _who(names: Sequence[str]) -> str:
    if not names:
        return _("Nobody")
    more = len(names) - _NAMED
    shown = list(names[:_NAMED]) + ([_("%(count)s more") % {"count": more}] if more > 0 else [])
    return words.listed(shown)


def operation_page(editor: Editor, code: str) -> Page:
    """The page of one operation. Raises NotFound."""
    operation = next((o for o in Operation if o.value == code), None)
    if operation is None:
        raise NotFound
    desk, said = editor.desk, access.OPERATION_WORDS[operation]
    target = f"operation:{code}"
    carried = carried_by(desk, operation)
    objects = [(o.code, o.plural) for o in desk.catalogue.objects.values()]
    taken = {line.do.rpartition(" ")[2] for line in carried}
    return Page(
        "web/rights_operation.html",
        Head(_(said.caption), crumbs=(Link(_("System operations"), OPERATIONS_URL),)),
        OPERATIONS_URL,
        f"{OPERATIONS_URL}/{code}",
        {
            "operation": operation,
            "said": said,
            "rows": _rows(desk, operation),
            "carried": carried,
            "uses": uses_of(operation),
            "add": add_field(editor, target),
            "carry": choice_field(editor, "carry-object", _("Object"), objects, taken),
            "fields": (add_name(target), "carry-object"),
            "may": access.may_operate(desk.ctx, Operation.CHANGE_OPERATIONS),
            "needs": operation_caption(Operation.CHANGE_OPERATIONS),
        },
    )


def _rows(desk: Desk, operation: Operation) -> RowList:
    place = assurance.SetOperationRows(operation, ())
    now, before = desk.draft.at(place, desk.policy), desk.draft.base(place, desk.policy)
    desk.know(named_in([now, before]))
    units = [unit for unit, _allowed in now.rows]
    reasons = assurance.justifications(desk.ctx, assurance.GrantKind.OPERATION, operation.value, units)
    target = f"operation:{operation.value}"
    return row_list(desk, target, answers_form(), now.rows, before.rows, reasons)

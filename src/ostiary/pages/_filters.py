"""The filter of a list: its conditions understood, as the typed filter and in words."""

from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.pages._fields import FieldAt, find_field
from ostiary.pages._input import NotUnderstood
from ostiary.pages._operators import (
    NO_VALUE,
    Is,
    Names,
    by_id,
    comparison,
    condition_words,
    operators_of,
)
from ostiary.pages._reader import Reader, readable
from ostiary.pages._state import MINE, Condition, ListState
from ostiary.records.public import And, Compare, Filter, ObjectView, Op, Or
from ostiary.ui.i18n import gettext as _

MOST_THROUGH = 10  # conditions through lookups: each is a subselect for each row


@dataclass(slots=True)
class Branch:
    """A group of conditions in the order of the rows: numbers of rows, and groups. any_of: one is enough."""

    key: str
    any_of: bool
    parts: list["int | Branch"]

    def rows(self) -> list[int]:
        """The numbers of all rows in it."""
        return [n for part in self.parts for n in ([part] if isinstance(part, int) else part.rows())]


@dataclass(frozen=True, slots=True)
class Understood:
    """One condition. words: of operator and value. filter: None where it has no value yet, or an error."""

    row: Condition
    field: FieldAt | None = None
    op: Is | None = None
    filter: Filter | None = None
    words: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class FilterWords:
    """A condition or group in words, for its chip: "Stage" "is Negotiation". remove: the list without it."""

    label: str
    words: str
    remove: ListState


@dataclass(frozen=True, slots=True)
class Filtering:
    """All that one list state asks for: the filter, its words, the conditions, their groups."""

    filter: Filter | None
    chips: tuple[FilterWords, ...]
    conditions: tuple[Understood, ...]
    tree: Branch

    @property
    def errors(self) -> int:
        """How many conditions were not understood."""
        return sum(bool(each.error) for each in self.conditions)


def tree_of(state: ListState) -> Branch:
    """The conditions in their groups."""
    root = Branch("", "" in state.any_of, [])
    known: dict[str, Branch] = {"": root}
    for n, row in enumerate(state.conditions):
        steps = row.group.split(".") if row.group else []
        for depth in range(len(steps)):
            key = ".".join(steps[: depth + 1])
            if key not in known:
                known[key] = Branch(key, key in state.any_of, [])
                known[".".join(steps[:depth])].parts.append(known[key])
        known[row.group].parts.append(n)
    return root


def read_filters(reader: Reader, view: ObjectView, state: ListState, names: Names) -> Filtering:
    """Understand a list state. A condition that makes no sense filters nothing and says so in the builder."""
    tree = tree_of(state)
    conditions = _all_understood(reader, view, state, names)
    parts = [*_fixed(reader, view, state), _combined(tree, conditions)]
    return Filtering(
        joined([part for part in parts if part is not None], any_of=False),
        (*_fixed_chips(view, state), *_chips(tree, conditions, state)),
        conditions,
        tree,
    )


def _fixed(reader: Reader, view: ObjectView, state: ListState) -> list[Filter]:
    """What the search box and the tab ask for."""
    found: list[Filter] = []
    display = view.object.columns[view.object.display]
    if state.search and readable(view, display.code):
        found.append(Compare(display.code, Op.CONTAINS, state.search))
    if (state.mine or state.view == MINE) and view.object.has_owner:
        found.append(Compare("owner", Op.EQ, str(reader.ctx.actor)))
    return found


def _fixed_chips(view: ObjectView, state: ListState) -> list[FilterWords]:
    display, found = view.object.columns[view.object.display], []
    if state.mine and view.object.has_owner:
        found.append(FilterWords(_("Owner"), _("is me"), state.other(mine=False)))
    if state.search and readable(view, display.code):
        words = _("contains “%(text)s”") % {"text": state.search}
        found.append(FilterWords(display.caption, words, state.other(search="")))
    return found


def joined(parts: list[Filter], *, any_of: bool) -> Filter | None:
    """One filter of several; None of none."""
    if len(parts) < 2:
        return parts[0] if parts else None
    return Or(tuple(parts)) if any_of else And(tuple(parts))


def _combined(branch: Branch, conditions: tuple[Understood, ...]) -> Filter | None:
    found = (
        conditions[part].filter if isinstance(part, int) else _combined(part, conditions)
        for part in branch.parts
    )
    return joined([each for each in found if each is not None], any_of=branch.any_of)


def _all_understood(
    reader: Reader, view: ObjectView, state: ListState, names: Names
) -> tuple[Understood, ...]:
    found, through = [], 0
    fields: dict[str, FieldAt | None] = {}
    for row in state.conditions:
        if row.column and row.column not in fields:
            fields[row.column] = find_field(reader, view, row.column)
        each = _understand(reader, row, fields, names)
        through += each.field is not None and each.field.reached
        if (
            each.filter is not None
            and each.field is not None
            and each.field.reached
            and through > MOST_THROUGH
        ):
            error = _("At most %(n)s conditions pass through other records.") % {"n": MOST_THROUGH}
            each = Understood(row, each.field, each.op, error=error)
        found.append(each)
    return tuple(found)


def _understand(
    reader: Reader, row: Condition, fields: Mapping[str, FieldAt | None], names: Names
) -> Understood:
    if not row.column:
        return Understood(row)
    field = fields[row.column]
    if field is None or not field.readable:
        return Understood(row, error=_("This field is not offered to you."))
    op = Is(row.op) if row.op in set(Is) else None
    if op is None or (not row.value and op not in NO_VALUE):
        return Understood(row, field, op)
    if op not in operators_of(reader, field.column) and not by_id(field.column, op):
        return Understood(row, field, error=_("Choose another comparison."))
    try:
        found = comparison(reader, field.column, field.path, op, row.value)
        words = condition_words(reader, field.column, op, row.value, names)
    except NotUnderstood as refused:
        return Understood(row, field, op, error=str(refused))
    return Understood(row, field, op, found, words)


def _chips(tree: Branch, conditions: tuple[Understood, ...], state: ListState) -> tuple[FilterWords, ...]:
    """A chip for each condition and each group of the outermost; one for all where any of them is enough."""
    if tree.any_of and len(tree.parts) > 1:
        words = branch_words(tree, conditions)
        return (FilterWords("", words, state.without(*tree.rows())),) if words else ()
    found = []
    for part in tree.parts:
        if isinstance(part, int):
            each = conditions[part]
            if each.filter is not None and each.field is not None:
                found.append(FilterWords(each.field.caption, each.words, state.without(part)))
        elif words := branch_words(part, conditions):
            found.append(FilterWords("", words, state.without(*part.rows())))
    return tuple(found)


def branch_words(branch: Branch, conditions: tuple[Understood, ...]) -> str:
    """A group in words: "Amount is at least 100 or (Tier is A and Owner is me)"."""
    found = []
    for part in branch.parts:
        if isinstance(part, int):
            each = conditions[part]
            if each.filter is not None and each.field is not None:
                found.append(f"{each.field.caption} {each.words}")
        elif words := branch_words(part, conditions):
            found.append(f"({words})" if len(part.parts) > 1 else words)
    return (_(" or ") if branch.any_of else _(" and ")).join(found)

"""The filter builder: rows of column, operator and value, their words, and the typed filter."""

from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.objects.public import Column, ColumnType, aliased
from ostiary.pages._cells import plain_words
from ostiary.pages._input import NotUnderstood, read_value
from ostiary.pages._reader import Reader, readable, readable_columns
from ostiary.pages._state import MINE, Condition, ListState
from ostiary.records.public import And, Compare, Filter, ObjectView, Op
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Option

ME = "me"
_NO_VALUE = frozenset({Op.IS_NULL, Op.NOT_NULL})
_TEXT = (Op.CONTAINS, Op.EQ, Op.NE, Op.STARTS_WITH, Op.NOT_NULL, Op.IS_NULL)
_ORDERED = (Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE, Op.NOT_NULL, Op.IS_NULL)
_ONE_OF = (Op.EQ, Op.NE, Op.NOT_NULL, Op.IS_NULL)
_OPERATORS: Mapping[ColumnType, tuple[Op, ...]] = {
    ColumnType.LONG_TEXT: (Op.CONTAINS, Op.NOT_NULL, Op.IS_NULL),
    ColumnType.INTEGER: _ORDERED,
    ColumnType.DECIMAL: _ORDERED,
    ColumnType.MONEY: _ORDERED,
    ColumnType.DATE: _ORDERED,
    ColumnType.INSTANT: (Op.LT, Op.GE),
    ColumnType.BOOLEAN: (Op.EQ,),
    ColumnType.CHOICE: _ONE_OF,
    ColumnType.OWNER: (Op.EQ, Op.NE),
}
_DATES = frozenset({ColumnType.DATE, ColumnType.INSTANT})


@dataclass(frozen=True, slots=True)
class BuilderRow:
    """One row as the builder shows it. control: text, date, datetime-local, options, fixed or none."""

    columns: tuple[Option, ...]
    operators: tuple[Option, ...]
    control: str
    value: str
    options: tuple[Option, ...]
    fixed: str
    error: str
    remove: ListState


@dataclass(frozen=True, slots=True)
class FilterWords:
    """A condition in words, for its chip: "Stage" "is Negotiation"."""

    label: str
    words: str
    remove: ListState


@dataclass(frozen=True, slots=True)
class Filtering:
    """All that one list state asks for: the filter, its words, its rows, how many were not understood."""

    filter: Filter | None
    chips: tuple[FilterWords, ...]
    rows: tuple[BuilderRow, ...]
    errors: int


def operators_of(reader: Reader, column: Column) -> tuple[Op, ...]:
    """The operators that make sense for a column. A big lookup is searched by the name of its record."""
    if column.type is ColumnType.LOOKUP:
        return _ONE_OF if reader.is_small(column) else (Op.CONTAINS, Op.STARTS_WITH, Op.NOT_NULL, Op.IS_NULL)
    return _OPERATORS.get(column.type, _TEXT)


def operator_words(op: Op, column: Column) -> str:
    """The operator as a person would say it."""
    dated = column.type in _DATES
    return {
        Op.EQ: _("is"),
        Op.NE: _("is not"),
        Op.LT: _("is before") if dated else _("is less than"),
        Op.LE: _("is at the latest") if dated else _("is at most"),
        Op.GT: _("is after") if dated else _("is more than"),
        Op.GE: _("is at the earliest") if dated else _("is at least"),
        Op.CONTAINS: _("contains"),
        Op.STARTS_WITH: _("starts with"),
        Op.IS_NULL: _("is empty"),
        Op.NOT_NULL: _("is filled in"),
        Op.IN: _("is one of"),
    }[op]


def read_filters(reader: Reader, view: ObjectView, state: ListState, names: "Names") -> Filtering:
    """Understand a list state. A row that makes no sense stays in the builder with its error."""
    parts: list[Filter] = []
    chips: list[FilterWords] = []
    rows: list[BuilderRow] = []
    display = view.object.columns[view.object.display]
    if state.search and readable(view, display.code):
        parts.append(Compare(display.code, Op.CONTAINS, state.search))
        words = _("contains “%(text)s”") % {"text": state.search}
        chips.append(FilterWords(display.caption, words, state.first_page(search="")))
    if state.view == MINE and view.object.has_owner:
        parts.append(Compare("owner", Op.EQ, str(reader.ctx.actor)))
    errors = 0
    # an old address may name a column by the code that it had
    offered = aliased({column.code: column for column in readable_columns(view)}, view.object.aliases)
    for index, row in enumerate(state.conditions):
        column, op, error = _understand(row, offered)
        if column and op and not error and (row.value or op in _NO_VALUE):
            try:
                parts.append(_compare(reader, column, op, row.value))
                label = f"{operator_words(op, column)} {_value_words(reader, column, op, row.value, names)}"
                chips.append(FilterWords(column.caption, label.strip(), state.without(index)))
            except NotUnderstood as refused:
                error = str(refused)
        errors += bool(error)
        rows.append(_builder_row(reader, row, offered, (column, op, error), state.without(index), names))
    combined = And(tuple(parts)) if len(parts) > 1 else (parts[0] if parts else None)
    return Filtering(combined, tuple(chips), tuple(rows), errors)


class Names:
    """Names for ids in filters: options of small lookups and people, loaded only where a row needs them."""

    def options(self, column: Column) -> tuple[Option, ...]:
        """What may be chosen in the column."""
        raise NotImplementedError

    def name(self, column: Column, value: str) -> str:
        """The name of one chosen id."""
        return next((o.label for o in self.options(column) if o.value == value), _("this record"))


def _understand(row: Condition, offered: Mapping[str, Column]) -> tuple[Column | None, Op | None, str]:
    if not row.column:
        return None, None, ""
    column = offered.get(row.column)
    if column is None:
        return None, None, _("This field is not offered to you.")
    op = Op(row.op) if row.op in set(Op) else None
    return column, op, ""


def _compare(reader: Reader, column: Column, op: Op, text: str) -> Filter:
    if op in _NO_VALUE:
        return Compare(column.code, op, None)
    if column.type is ColumnType.LOOKUP and op in (Op.CONTAINS, Op.STARTS_WITH) and column.target:
        return Compare(f"{column.code}.{reader.catalogue.objects[column.target].display}", op, text)
    if column.type is ColumnType.OWNER and text == ME:
        return Compare(column.code, op, str(reader.ctx.actor))
    if op in (Op.CONTAINS, Op.STARTS_WITH):
        return Compare(column.code, op, text)
    if op is Op.IN:
        raise NotUnderstood(_("Choose another comparison."))
    return Compare(column.code, op, read_value(reader, column, text))


def _value_words(reader: Reader, column: Column, op: Op, text: str, names: Names) -> str:
    if op in _NO_VALUE:
        return ""
    match column.type:
        case ColumnType.LOOKUP | ColumnType.OWNER if op in (Op.EQ, Op.NE):
            return _("me") if text == ME else names.name(column, text)
        case ColumnType.CHOICE:
            return next((c.caption for c in column.choices if c.code == text), text)
        case ColumnType.BOOLEAN:
            return _("yes") if text == "yes" else _("no")
        case ColumnType.INTEGER | ColumnType.DECIMAL | ColumnType.MONEY | ColumnType.DATE:
            return plain_words(column, read_value(reader, column, text))
        case ColumnType.INSTANT:
            return text.replace("T", " ")
    return f"“{text}”"


def _builder_row(
    reader: Reader,
    row: Condition,
    offered: Mapping[str, Column],
    understood: tuple[Column | None, Op | None, str],
    remove: ListState,
    names: Names,
) -> BuilderRow:
    column, op, error = understood
    columns = tuple(Option(c.code, c.caption, c.code == row.column) for c in offered.values())
    operators: tuple[Option, ...] = ()
    control, fixed = "none", ""
    options: tuple[Option, ...] = ()
    if column:
        allowed = operators_of(reader, column)
        if op and op not in allowed:  # from a link of another page, such as "all contacts of this account"
            allowed = (*allowed, op)
        op = op or allowed[0]
        operators = tuple(Option(o.value, operator_words(o, column), o is op) for o in allowed)
        control, options, fixed = _control(reader, column, op, row.value, names)
    return BuilderRow(
        columns=columns,
        operators=operators,
        control=control,
        value=row.value,
        options=options,
        fixed=fixed,
        error=error,
        remove=remove,
    )


def _control(
    reader: Reader, column: Column, op: Op, value: str, names: Names
) -> tuple[str, tuple[Option, ...], str]:
    """(kind of control, its options, the fixed words) for the value of a row.

    It is there for "is empty" too, where it does nothing: so changing the operator needs no other form.
    """
    if column.type is ColumnType.CHOICE:
        return "options", tuple(Option(c.code, c.caption, c.code == value) for c in column.choices), ""
    if column.type is ColumnType.BOOLEAN:
        return "options", (Option("yes", _("yes"), value == "yes"), Option("no", _("no"), value == "no")), ""
    by_id = column.type is ColumnType.OWNER or (
        column.type is ColumnType.LOOKUP and (op in (Op.EQ, Op.NE) or reader.is_small(column))
    )
    if by_id and column.type is ColumnType.LOOKUP and not reader.is_small(column):
        return "fixed", (), names.name(column, value)
    if by_id:
        return "options", tuple(Option(o.value, o.label, o.value == value) for o in names.options(column)), ""
    if column.type in _DATES:
        return ("date" if column.type is ColumnType.DATE else "datetime-local"), (), ""
    return "text", (), ""

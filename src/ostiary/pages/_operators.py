"""The comparisons that people choose from: those of the data plane, and words for dates and people."""

from collections.abc import Mapping
from enum import StrEnum

from ostiary.objects.public import Column, ColumnType
from ostiary.pages._cells import plain_words
from ostiary.pages._input import NotUnderstood, read_value
from ostiary.pages._reader import Reader
from ostiary.records.public import Compare, Filter, Not, Op
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import later
from ostiary.ui.values import Option

ME, TEAM = "me", "team"
_MOST_VALUES = 200


class Is(StrEnum):
    """Operators of the builder. Stored in links and saved views: never reused."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    IN = "in"
    NOT_IN = "not_in"
    IS_NULL = "is_null"
    NOT_NULL = "not_null"
    WITHIN = "within"
    LAST_DAYS = "last_days"
    NEXT_DAYS = "next_days"


NO_VALUE = frozenset({Is.IS_NULL, Is.NOT_NULL})
SEVERAL = frozenset({Is.IN, Is.NOT_IN})
_SPANNED = frozenset({Is.WITHIN, Is.LAST_DAYS, Is.NEXT_DAYS})
_BLANK = (Is.NOT_NULL, Is.IS_NULL)
_TEXT = (Is.CONTAINS, Is.EQ, Is.NE, Is.STARTS_WITH, *_BLANK)
_ORDERED = (Is.EQ, Is.NE, Is.LT, Is.LE, Is.GT, Is.GE, *_BLANK)
_ONE_OF = (Is.EQ, Is.NE, Is.IN, Is.NOT_IN, *_BLANK)
_SPANS = (Is.WITHIN, Is.LAST_DAYS, Is.NEXT_DAYS)
_OPERATORS: Mapping[ColumnType, tuple[Is, ...]] = {
    ColumnType.LONG_TEXT: (Is.CONTAINS, *_BLANK),
    ColumnType.INTEGER: _ORDERED,
    ColumnType.DECIMAL: _ORDERED,
    ColumnType.MONEY: _ORDERED,
    ColumnType.DATE: (*_SPANS, *_ORDERED),
    ColumnType.INSTANT: (*_SPANS, Is.LT, Is.GE, *_BLANK),
    ColumnType.BOOLEAN: (Is.EQ, *_BLANK),
    ColumnType.CHOICE: _ONE_OF,
    ColumnType.OWNER: _ONE_OF,
}
DATES = frozenset({ColumnType.DATE, ColumnType.INSTANT})
SPANS: Mapping[str, str] = {
    "today": later("today"),
    "yesterday": later("yesterday"),
    "tomorrow": later("tomorrow"),
    "overdue": later("overdue"),
    "upcoming": later("after today"),
    "this_week": later("this week"),
    "last_week": later("last week"),
    "next_week": later("next week"),
    "this_month": later("this month"),
    "last_month": later("last month"),
    "next_month": later("next month"),
    "this_quarter": later("this quarter"),
    "last_quarter": later("last quarter"),
    "next_quarter": later("next quarter"),
    "next_2_quarters": later("next 2 quarters"),
    "this_year": later("this year"),
    "last_year": later("last year"),
    "next_year": later("next year"),
}


def operators_of(reader: Reader, column: Column) -> tuple[Is, ...]:
    """The operators that make sense for a column. A big lookup is searched by the name of its record."""
    if column.type is ColumnType.LOOKUP and not reader.is_small(column):
        return (Is.CONTAINS, Is.STARTS_WITH, *_BLANK)
    if column.type is ColumnType.LOOKUP:
        return _ONE_OF
    return _OPERATORS.get(column.type, _TEXT)


def by_id(column: Column, op: Is) -> bool:
    """Whether a link of another page asks so, as of "all contacts of this account"."""
    return column.type is ColumnType.LOOKUP and op in (Is.EQ, Is.NE)


def operator_words(op: Is, column: Column) -> str:
    """The operator as a person would say it."""
    dated = column.type in DATES
    return {
        Is.EQ: _("is"),
        Is.NE: _("is not"),
        Is.LT: _("is before") if dated else _("is less than"),
        Is.LE: _("is at the latest") if dated else _("is at most"),
        Is.GT: _("is after") if dated else _("is more than"),
        Is.GE: _("is at the earliest") if dated else _("is at least"),
        Is.CONTAINS: _("contains"),
        Is.STARTS_WITH: _("starts with"),
        Is.IS_NULL: _("is empty"),
        Is.NOT_NULL: _("is filled in"),
        Is.IN: _("is one of"),
        Is.NOT_IN: _("is none of"),
        Is.WITHIN: _("is"),
        Is.LAST_DAYS: _("is in the last days"),
        Is.NEXT_DAYS: _("is in the next days"),
    }[op]


def choice_words(op: Is, column: Column) -> str:
    """The operator in the list of those to choose from, where "is" must not stand twice."""
    return _("is during") if op is Is.WITHIN else operator_words(op, column)


def comparison(reader: Reader, column: Column, path: str, op: Is, text: str) -> Filter:
    """What is compared. Raises NotUnderstood: the text is no value for the operator."""
    if op in NO_VALUE:
        return Compare(path, Op(op.value))
    if op in _SPANNED:
        return Compare(path, Op.WITHIN, f"{_span(column, op, text)}@{getattr(reader.zone, 'key', 'UTC')}")
    if op in SEVERAL:
        found = _one_of(reader, column, path, text)
        return Not(found) if op is Is.NOT_IN else found
    if column.type is ColumnType.OWNER and op in (Is.EQ, Is.NE):
        found = _person(reader, column, path, text)
        return Not(found) if op is Is.NE else found
    if op in (Is.CONTAINS, Is.STARTS_WITH):
        if column.type is ColumnType.LOOKUP and column.target:
            path = f"{path}.{reader.catalogue.objects[column.target].display}"
        return Compare(path, Op(op.value), text)
    return Compare(path, Op(op.value), read_value(reader, column, text))


def _span(column: Column, op: Is, text: str) -> str:
    if column.type not in DATES:
        raise NotUnderstood(_("Choose another comparison."))
    if op is Is.WITHIN:
        if text not in SPANS:
            raise NotUnderstood(_("Choose one of the values offered."))
        return text
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:4]) < 1_000 and len(text) < 4):
        raise NotUnderstood(_("Write a number of days from 1 to 999."))
    return f"{'last' if op is Is.LAST_DAYS else 'next'}_{int(text)}_days"


def _person(reader: Reader, column: Column, path: str, text: str) -> Filter:
    if text == TEAM:
        return Compare(path, Op.MY_TEAM)
    return Compare(path, Op.EQ, str(reader.ctx.actor) if text == ME else read_value(reader, column, text))


def _one_of(reader: Reader, column: Column, path: str, text: str) -> Filter:
    values = [part for part in text.split(",") if part][:_MOST_VALUES]
    if column.type is ColumnType.OWNER and TEAM in values:
        raise NotUnderstood(_("My team stands for itself: use “is”."))
    plain = [str(reader.ctx.actor) if part == ME else part for part in values]
    return Compare(path, Op.IN, [read_value(reader, column, part) for part in plain])


class Names:
    """Names for ids in filters: options of small lookups and people, loaded only where a row needs them."""

    def options(self, column: Column) -> tuple[Option, ...]:
        """What may be chosen in the column."""
        raise NotImplementedError

    def name(self, column: Column, value: str) -> str:
        """The name of one chosen id."""
        return next((o.label for o in self.options(column) if o.value == value), _("this record"))


def condition_words(reader: Reader, column: Column, op: Is, text: str, names: Names) -> str:
    """Operator and value: "is Negotiation", "is in the last 7 days". Raises NotUnderstood."""
    if op in (Is.LAST_DAYS, Is.NEXT_DAYS):
        sentence = _("is in the last %(n)s days") if op is Is.LAST_DAYS else _("is in the next %(n)s days")
        return sentence % {"n": text}
    return f"{operator_words(op, column)} {_value_words(reader, column, op, text, names)}".strip()


def _value_words(reader: Reader, column: Column, op: Is, text: str, names: Names) -> str:
    if op in NO_VALUE:
        return ""
    if op is Is.WITHIN:
        return _(SPANS[text])
    if op in SEVERAL:
        return ", ".join(_one_word(reader, column, part, names) for part in text.split(",") if part)
    if op in (Is.CONTAINS, Is.STARTS_WITH):
        return f"“{text}”"
    return _one_word(reader, column, text, names)


def _one_word(reader: Reader, column: Column, text: str, names: Names) -> str:
    match column.type:
        case ColumnType.LOOKUP | ColumnType.OWNER:
            return {ME: _("me"), TEAM: _("my team")}.get(text) or names.name(column, text)
        case ColumnType.CHOICE:
            return next((c.caption for c in column.choices if c.code == text), text)
        case ColumnType.BOOLEAN:
            return _("yes") if text == "yes" else _("no")
        case ColumnType.INTEGER | ColumnType.DECIMAL | ColumnType.MONEY | ColumnType.DATE:
            return plain_words(column, read_value(reader, column, text))
        case ColumnType.INSTANT:
            return text.replace("T", " ")
    return f"“{text}”"

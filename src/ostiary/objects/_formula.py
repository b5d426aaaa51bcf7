"""What a computed column is made of: a small language of its own, read once, evaluated without side effect.

    quantity * price * (1 - discount / 100)      numbers of the same record; a date and days
    sum(opportunity_product.amount)              of the records that refer to this one
    band(probability, 0, pipeline, 80, commit)   the choice that goes with the highest limit reached

Columns and objects go by their stored names. An empty number counts as 0, where not all of them are empty.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, TypeAlias

MAX_LENGTH, MAX_DEPTH = 500, 20
_MOST_DAYS = 100_000
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([a-z][a-z0-9_]*)|([-+*/(),.]))")


class BadFormula(ValueError):
    """A text that is no formula."""


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Name:
    """A column of the same record."""

    column: str


@dataclass(frozen=True, slots=True)
class Sum:
    """A column of the records that refer to this one, added up."""

    object: str
    column: str


@dataclass(frozen=True, slots=True)
class Band:
    """The code that goes with the highest limit that a column reaches; ascending limits."""

    column: str
    limits: tuple[tuple[Decimal, str], ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two parts under an operator."""

    operator: str
    left: "Formula"
    right: "Formula"


Formula: TypeAlias = Number | Name | Sum | Band | Pair


@lru_cache(maxsize=1_000)
def read_formula(text: str) -> Formula:
    """The formula of a text. Raises BadFormula."""
    if len(text) > MAX_LENGTH:
        raise BadFormula(f"a formula has at most {MAX_LENGTH} characters")
    reader = _Reader(text)
    found = reader.terms(0)
    if reader.left:
        raise BadFormula(f"{reader.left[0]!r} is not expected there")
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        self.left: list[str] = []
        at = 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if found is None:
                raise BadFormula(f"{text[at:].strip()[:10]!r} is not understood")
            self.left.append(found.group().strip())
            at = found.end()

    def take(self, *wanted: str) -> str:
        """The next word. Raises BadFormula: none is left, or none of these."""
        if not self.left or (wanted and self.left[0] not in wanted):
            raise BadFormula(f"{' or '.join(wanted) or 'something'} is missing")
        return self.left.pop(0)

    def terms(self, depth: int) -> Formula:
        if depth > MAX_DEPTH:
            raise BadFormula("nested too deep")
        made = self._factors(depth)
        while self.left and self.left[0] in "+-":
            made = Pair(self.take(), made, self._factors(depth))
        return made

    def _factors(self, depth: int) -> Formula:
        made = self._one(depth)
        while self.left and self.left[0] in "*/":
            made = Pair(self.take(), made, self._one(depth))
        return made

    def _one(self, depth: int) -> Formula:
        word = self.take()
        if word == "(":
            made = self.terms(depth + 1)
            self.take(")")
            return made
        if word[0].isdigit():
            return Number(Decimal(word))
        if not word[0].isalpha():
            raise BadFormula(f"{word!r} is not expected there")
        if self.left[:1] != ["("]:
            return Name(word)
        return self._call(word)

    def _call(self, name: str) -> Formula:
        self.take("(")
        if name == "sum":
            made: Formula = Sum(self._name(), (self.take("."), self._name())[1])
        elif name == "band":
            made = Band(self._name(), tuple(self._limits()))
        else:
            raise BadFormula(f"there is no function {name!r}")
        self.take(")")
        return made

    def _name(self) -> str:
        word = self.take()
        if not word[0].isalpha():
            raise BadFormula(f"{word!r} is no name")
        return word

    def _limits(self) -> Iterator[tuple[Decimal, str]]:
        while self.left[:1] == [","]:
            self.take(",")
            try:
                limit = Decimal(self.take())
            except InvalidOperation:
                raise BadFormula("band: a limit is a number") from None
            self.take(",")
            yield limit, self._name()


def named_in(formula: Formula) -> frozenset[str]:
    """The columns of the same record that a formula asks for."""
    match formula:
        case Name(column) | Band(column):
            return frozenset({column})
        case Pair(_, left, right):
            return named_in(left) | named_in(right)
        case _:
            return frozenset()


def evaluate(formula: Formula, values: Mapping[str, Any]) -> Any:
    """The value for a record's values, None where there is nothing to go by. Sums are not for here."""
    names = named_in(formula)
    if names and all(values.get(name) is None for name in names):
        return None
    try:
        return _value(formula, values)
    except (InvalidOperation, ZeroDivisionError, OverflowError, TypeError):
        return None  # nothing that could be told, such as a division by an empty number


def _value(formula: Formula, values: Mapping[str, Any]) -> Any:
    match formula:
        case Number(value):
            return value
        case Name(column):
            return _plain(values.get(column))
        case Band(column, limits):
            reached = [code for limit, code in limits if _plain(values.get(column)) >= limit]
            return reached[-1] if reached else None
        case Pair(operator, left, right):
            return _combined(operator, _value(left, values), _value(right, values))
        case Sum():
            raise TypeError("a sum asks the database")


def _plain(value: Any) -> Any:
    return value if isinstance(value, date | datetime) else Decimal(0 if value is None else value)


def _combined(operator: str, left: Any, right: Any) -> Any:
    if isinstance(left, date) and operator in "+-":
        if isinstance(right, date):
            return Decimal((left - right).days) if operator == "-" else None
        days = timedelta(days=int(min(max(right, -_MOST_DAYS), _MOST_DAYS)))
        return left + days if operator == "+" else left - days
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            return left / right

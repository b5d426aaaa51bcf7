"""Leaks planted in the product, which the game has to find."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.objects import public as objects
from ostiary.records import _columns, _create, _history, _options, _plans
from ostiary.records import public as records
from ostiary.records._columns import Bound
from ostiary.records._view import View
from tests.property.access._inference import Table, forget


@dataclass(frozen=True)
class Leak:
    """One mistake. secret, probes: what it tells, and to which questions. way: how its bits are got."""

    name: str
    place: ModuleType
    function: str
    mistake: Callable[[Table], Callable[..., Any]]
    secret: str
    probes: tuple[str, ...]
    way: str = ""

    @contextmanager
    def planted(self, table: Table) -> Iterator[None]:
        """The product with the mistake."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.place, self.function, self.mistake(table))
            try:
                yield
            finally:
                forget()  # what was compiled with it


def _any_column(_: Table) -> Callable[..., objects.Column]:
    return lambda view, code, place: _columns._among(view.object.columns, view, code, place)


def _shown_column(_: Table) -> Callable[..., objects.Column]:
    return lambda view, code, place: _columns._among(view.shown, view, code, place)


def _all_rows(_: Table) -> Callable[..., list[str]]:
    def parts(bound: Bound, view: View, selected: str, where: str) -> list[str]:
        bound.row_test(view, "r")  # its values are bound all the same
        return [f"select {selected} from @.{view.object.table} r where {where}"]

    return parts


def _options_of_the_keeper(table: Table) -> Callable[..., records.Page]:
    return lambda ctx, query: records.list_records(ctx.acting_as(table.keeper), query)


def _taken_by(_: Table) -> Callable[..., records.Record]:
    execute = vars(_create)["execute"]

    def telling(ctx: Context, *given: Any) -> records.Record:
        try:
            found: records.Record = execute(ctx, *given)
        except Invalid:
            holder = ctx.db.row("select id from @.rec_vault where code = 'Q7'")
            raise Invalid([FieldError("code", "taken", f"{holder} has this value")]) from None
        return found

    return telling


def _whole_history(_: Table) -> Callable[..., Sequence[Mapping[str, Any]]]:
    return lambda view, parts, shown: parts


LEAKS = (
    Leak(
        "a filter on a column below read",
        _columns,
        "readable_column",
        _any_column,
        "values below read",
        ("filter amount ge", "sort amount None", "GET filter amount", "no order None"),
        way="a filter",
    ),
    Leak(
        "a filter on a masked column",
        _columns,
        "readable_column",
        _shown_column,
        "behind the same mask",
        ("filter nick contains", "filter nick starts_with"),
    ),
    Leak(
        "a count of all rows",
        _plans,
        "visible_parts",
        _all_rows,
        "whether hidden records are there",
        ("count vault exact", "counted vault capped", "GET vault count"),
    ),
    Leak(
        "options without a test of rows",
        _options,
        "list_records",
        _options_of_the_keeper,
        "what a hidden record holds",
        ("options slip.vault ''", "options vault.parent 'Da'"),
    ),
    Leak(
        "a taken value that names its holder",
        _create,
        "execute",
        _taken_by,
        "which hidden record holds a unique value",
        ("create taken", "POST taken"),
    ),
    Leak(
        "a history with every column",
        _history,
        "_readable_parts",
        _whole_history,
        "which column below read was changed",
        ("history mine",),
    ),
)

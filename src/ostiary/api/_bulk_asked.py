"""Bodies of requests about many records, read and bounded; a refusal names the place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ostiary.api._asked import refuse
from ostiary.records import public as records


@dataclass(frozen=True, slots=True)
class Selection:
    """Ids or a filter, and whether it is all or nothing."""

    which: Sequence[UUID] | records.Filter
    atomic: bool


def known(body: Mapping[str, Any], *names: str, place: str = "") -> None:
    """Fields that are not known are refused, not passed over. Raises Invalid."""
    for name in body:
        if name not in names:
            where = f"{place}.{name}" if place else name
            raise refuse(where, "unknown_field", f"{where:.60} is no field here")


def flag_of(body: Mapping[str, Any], name: str) -> bool:
    """True or false; by default false."""
    given = body.get(name, False)
    if not isinstance(given, bool):
        raise refuse(name, "malformed", f"{name} is true or false")
    return given


def rows_of(body: Mapping[str, Any], most: int) -> list[dict[str, Any]]:
    """A list of objects. Raises Invalid; TooManyRows."""
    rows = body.get("rows")
    if not isinstance(rows, list) or not rows:
        raise refuse("rows", "malformed", "rows is a list of objects")
    if len(rows) > most:
        raise records.TooManyRows(most)
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise refuse(f"rows.{number}", "malformed", "Each row is an object")
    return rows


def values_of(body: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    """Columns and values."""
    values = body.get("values")
    if not isinstance(values, dict) or not values:
        where = f"{place}.values" if place else "values"
        raise refuse(where, "malformed", f"{where} is an object of column codes and values")
    return values


def selection_of(body: Mapping[str, Any]) -> Selection:
    """Ids or a filter, and never nothing for everything. Raises Invalid."""
    if ("ids" in body) is ("filter" in body):
        raise refuse("filter", "missing", "Give either ids or a filter")
    atomic = flag_of(body, "atomic")
    if "filter" in body:
        node = records.parse_filter(body["filter"])
        if node is None:
            raise refuse("filter", "empty", "An empty filter would mean every record: say which ones")
        return Selection(node, atomic)
    ids = body["ids"]
    if not isinstance(ids, list) or not ids:
        raise refuse("ids", "malformed", "ids is a list of ids")
    return Selection(ids_of(ids, "ids"), atomic)


def ids_of(given: Sequence[object], place: str) -> list[UUID]:
    """Ids as values. Raises Invalid, naming the place."""
    found = []
    for number, text in enumerate(given):
        try:
            found.append(UUID(text) if isinstance(text, str) else UUID(None))
        except (ValueError, TypeError):
            where = f"{place}.{number}" if len(given) > 1 else place
            raise refuse(where, "malformed", "An id is a UUID") from None
    return found


def version_in(body: Mapping[str, Any], place: str) -> int | None:
    """A version in a body, if there is one."""
    version = body.get("version")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        where = f"{place}.version" if place else "version"
        raise refuse(where, "malformed", "version is a whole number")
    return version

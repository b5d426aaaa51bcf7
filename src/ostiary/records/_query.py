"""What is asked and what is answered, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from ostiary.kernel.ids import RecordId
from ostiary.records._filters import Filter

MAX_LIMIT = 1_000
MAX_OFFSET = 100_000
CAP = 10_000


class CountMode(StrEnum):
    """exact: all of them. capped: stops above 10,000."""

    EXACT = "exact"
    CAPPED = "capped"


class PlanShape(StrEnum):
    """How a list is walked: by the sort index, from the visible set in order, or as a set, then sorted."""

    SORT = "sort"
    WALK = "walk"
    SET = "set"


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort column (or `owner`, `author`, `created_at`, `modified_at`, a lookup by what it shows)."""

    column: str
    descending: bool = False

    @classmethod
    def parse(cls, text: str) -> "Sort":
        """`name` or `-name`."""
        return cls(text.removeprefix("-"), text.startswith("-"))


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """A list. columns: None, all readable. after: cursor of the page before. plan: None, chosen by cost.

    verdicts: also say which of the records the principal may update.
    """

    object: str
    columns: tuple[str, ...] | None = None
    filter: Filter | None = None
    sort: tuple[Sort, ...] = ()
    limit: int = 50
    offset: int = 0
    after: str | None = None
    count: CountMode | None = None
    plan: PlanShape | None = None
    verdicts: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """How many readable records match. capped: there are more than `value`."""

    value: int
    capped: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page. json: a JSON array as PostgreSQL built it. next: cursor of the following page.

    updatable: the records that may be updated (layers 2 and 3), where that was asked for.
    """

    json: bytes
    ids: tuple[RecordId, ...]
    next: str | None
    restricted: tuple[str, ...]
    count: Count | None = None
    updatable: frozenset[RecordId] = frozenset()

    def records(self) -> list[dict[str, Any]]:
        """The records as values."""
        found: list[dict[str, Any]] = orjson.loads(self.json)
        return found


@dataclass(frozen=True, slots=True)
class Record:
    """One record.

    may_update, may_delete: layers 2 and 3 for this record (None: not asked). visible: the caller may still
    read it; false only after a change by which the caller lost it, and then `json` is empty.
    """

    id: RecordId
    version: int
    json: bytes
    restricted: tuple[str, ...]
    may_update: bool | None = None
    may_delete: bool | None = None
    visible: bool = True

    @property
    def data(self) -> Mapping[str, Any]:
        """The record as values."""
        found: dict[str, Any] = orjson.loads(self.json) if self.json else {}
        return found

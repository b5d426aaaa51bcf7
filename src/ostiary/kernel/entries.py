"""What an entry point declares about itself: what guards it, and which event it leaves.

A value beside the view, read by the registry (`project.registry`) that refuses an entry point without it. It
decides nothing: the guard is what the code behind it asks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


class Kind(StrEnum):
    """What stands before an entry point."""

    RECORDS = "records"  # the door: rights on the object, the record and its columns
    OPERATION = "operation"  # a system operation
    OWN = "own"  # whoever is signed in, about themselves alone
    OWN_OR = "own_or"  # the same; about others a system operation
    OPEN = "open"  # everybody; says why


@dataclass(frozen=True, slots=True)
class Guard:
    """The guard of an entry point. operation: its code. reason: why it is open."""

    kind: Kind
    operation: str | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if (self.kind in (Kind.OPERATION, Kind.OWN_OR)) != (self.operation is not None):
            raise ValueError("a guard of an operation names it, and no other does")
        if (self.kind is Kind.OPEN) != bool(self.reason):
            raise ValueError("an open entry point says why, and no other does")

    def __str__(self) -> str:
        if self.kind is Kind.OPERATION:
            return str(self.operation)
        if self.kind is Kind.OWN_OR:
            return f"own; of others {self.operation}"
        return f"open: {self.reason}" if self.kind is Kind.OPEN else self.kind.value


RECORDS = Guard(Kind.RECORDS)
OWN = Guard(Kind.OWN)


def needs(operation: str) -> Guard:
    """Guarded by a system operation."""
    return Guard(Kind.OPERATION, operation=operation)


def own_or(operation: str) -> Guard:
    """Whoever is signed in, about themselves; about others guarded by a system operation."""
    return Guard(Kind.OWN_OR, operation=operation)


def open_because(reason: str) -> Guard:
    """Open to everybody, for a reason."""
    return Guard(Kind.OPEN, reason=reason)


@dataclass(frozen=True, slots=True)
class Silent:
    """No event, for a reason: nothing of the tenant is read or changed."""

    reason: str

    def __post_init__(self) -> None:
        if not self.reason:
            raise ValueError("silence has a reason")


@dataclass(frozen=True, slots=True)
class Entry:
    """The declaration. events: by method, the type that a call which is allowed leaves, or why none.

    operation: a second guard beside the first, such as the one of exports.
    """

    guard: Guard
    events: Mapping[str, str | Silent]
    operation: str | None = None

    def __post_init__(self) -> None:
        if not self.events:
            raise ValueError("an entry point says which event each method leaves")


def declare(view: View, entry: Entry) -> View:
    """Attach the declaration to a view."""
    view.entry = entry  # type: ignore[attr-defined]  # a mark on a function
    return view


def find_entry(view: object) -> Entry | None:
    """The declaration of a view, if it has one."""
    found = getattr(view, "entry", None)
    return found if isinstance(found, Entry) else None


def walk(patterns: Sequence[Any], prefix: str = "/") -> Iterator[tuple[str, object]]:
    """(address, view) of each of Django's patterns, those of included ones with their prefix."""
    for pattern in patterns:
        inner = getattr(pattern, "url_patterns", None)
        if inner is not None:
            yield from walk(inner, f"{prefix}{pattern.pattern}")
        else:
            yield f"{prefix}{pattern.pattern}", pattern.callback

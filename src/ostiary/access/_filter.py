"""The record filter: layer 3 of one verb for one principal as SQL.

Two forms of the same expression: `row_test` asks it of a row that is at hand, `branches` walk from what is
visible to the rows. Which form a statement uses is decided by `records`; what is true is decided here. A
statement's text depends on the shape alone; values go into named slots.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ostiary.access._bound_legs import (
    AuthorIn,
    BoundDenied,
    BoundLeg,
    Branch,
    ByMaster,
    LabelIn,
    OwnerIn,
    Scoped,
    Shared,
)
from ostiary.access.core import Verb

# A row is asked what is cheapest first; a walk goes first where most rows come from.
_ASKED = (AuthorIn, LabelIn, OwnerIn, Scoped, Shared, ByMaster)
_WALKED = (LabelIn, OwnerIn, AuthorIn, Scoped, ByMaster, Shared)


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """What a principal reaches at layer 3 for one verb on one object.

    open: the legs reach every record (an any-data operation, layer 3 off, or a leg that covers everything).
    denied: what is taken away even then.
    """

    verb: Verb
    object_id: UUID
    open: bool = False
    legs: tuple[BoundLeg, ...] = ()
    denied: BoundDenied | None = None

    @property
    def everyone(self) -> bool:
        """No condition at all."""
        return self.open and self.denied is None

    @property
    def nobody(self) -> bool:
        """No record at all."""
        return not self.open and not self.legs

    @property
    def fanout(self) -> int:
        """About how many branches a walk has."""
        return sum(leg.fanout for leg in self.legs)

    @property
    def shape(self) -> str:
        """All that the text of a statement depends on."""
        legs = "*" if self.open else ",".join(leg.shape for leg in self.legs)
        return f"{self.verb.letter}{legs}{self.denied.shape if self.denied else ''}"

    def values(self, prefix: str) -> Mapping[str, Any]:
        """Values of the slots that texts made with this prefix refer to."""
        p = f"{prefix}{self.verb.letter}_"
        found: dict[str, Any] = {}
        for leg in self.legs:
            found.update(leg.values(p))
        if self.denied is not None:
            found.update(self.denied.values(p))
        return found

    def row_test(self, alias: str, prefix: str) -> str:
        """SQL that is true for a row `alias` of the object's table; never null."""
        if self.everyone:
            return "true"
        if self.nobody:
            return "false"
        p = f"{prefix}{self.verb.letter}_"
        legs = sorted(self.legs, key=lambda leg: _ASKED.index(type(leg)))
        reached = f"coalesce({' or '.join(leg.test(alias, p) for leg in legs)}, false)"
        parts = [] if self.open else [reached]
        if self.denied is not None:
            parts.append(self.not_denied(alias, prefix))
        return " and ".join(parts)

    def not_denied(self, alias: str, prefix: str) -> str:
        """SQL that is true for a row from which nothing is taken away; never null."""
        if self.denied is None:
            return "true"
        return f"not coalesce({self.denied.test(alias, f'{prefix}{self.verb.letter}_')}, false)"

    def branches(self, prefix: str) -> tuple[Branch, ...]:
        """The ways from what is visible to the rows; their union, less what is denied, is the visible set."""
        p = f"{prefix}{self.verb.letter}_"
        legs = sorted(self.legs, key=lambda leg: _WALKED.index(type(leg)))
        return tuple(branch for leg in legs for branch in leg.branches(p))

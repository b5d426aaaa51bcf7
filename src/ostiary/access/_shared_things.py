"""What is shared and is no record, such as a dashboard: by whom somebody is, never by whom they manage."""

from collections.abc import Mapping
from typing import TypeVar

from ostiary.access._rights import current_rights
from ostiary.access.core import highest_share
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId

Level = TypeVar("Level", bound=int)


def own_units(ctx: Context) -> frozenset[UnitId]:
    """The acting person and every role of theirs, inherited and linked ones too."""
    return current_rights(ctx).sources.own


def shared_level(ctx: Context, shares: Mapping[UnitId, Level]) -> Level | None:
    """The highest level that is shared with one of `own_units`; None: nothing is."""
    return highest_share(own_units(ctx), shares)

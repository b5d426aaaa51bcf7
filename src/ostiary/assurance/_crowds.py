"""How many people a unit stands for now, with the names of some."""

from collections.abc import Collection
from dataclasses import dataclass

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId


@dataclass(frozen=True, slots=True)
class People:
    """names: of at most three of them."""

    names: tuple[str, ...]
    count: int


def people_of(ctx: Context, units: Collection[UnitId]) -> dict[UnitId, People]:
    """The people who have each unit, a person being its own. Unchecked: of units that may be known."""
    held = access.holders(ctx, identity.current_epoch(ctx)).people
    return {
        unit: People(names, max(held.get(unit, 0), len(names)))
        for unit, names in identity.some_members(ctx, units).items()
    }

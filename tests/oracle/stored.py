"""Semantics section 3: what a record keeps of its author from the time when it was created."""

from tests.oracle.model import World
from tests.oracle.units import Units, own_set, reporting_units


def stored_own_set(world: World, record: str) -> Units:
    """The author's own set, with the tree and links of then."""
    born = world.records[record]
    return own_set(world.eras[born.era], born.author)


def stored_reporting_units(world: World, record: str) -> Units:
    """The author's reporting units, with the tree of then."""
    born = world.records[record]
    return reporting_units(world.eras[born.era], born.author)

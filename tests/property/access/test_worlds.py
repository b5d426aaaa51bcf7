"""The worlds are worth asking about: with any one rule of the oracle broken, some world soon shows it."""

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from tests.oracle import layers, legs, stored, units
from tests.oracle.grants import LEGS
from tests.oracle.model import ROOT, Graph, Kind, Level, Share, Unit, Verb, World
from tests.oracle.units import Source, Units, ancestors
from tests.oracle.worlds import worlds
from tests.property.access._breakages import MODULES, Breakage, unseen_after, without_leg


def own_set_of_now(world: World, record: str) -> Units:
    """The author's set is looked up live."""
    return units.own_set(world.now, world.records[record].author)


def reporting_of_now(world: World, record: str) -> Units:
    """The author's reporting units are looked up live."""
    return units.reporting_units(world.now, world.records[record].author)


def owner_reporting_of_then(world: World, principal: Unit, verb: Verb, record: str) -> int:
    """The owner's managers are those of the time of creation."""
    owner = world.records[record].owner
    if owner is None:
        return 0
    then = world.eras[world.records[record].era]
    return 2 if units.held_units(world.now, principal) & units.reporting_units(then, owner) else 0


def sources_with(managed: Callable[[Graph, Unit], set[Source]]) -> Breakage:
    """Managed sources are computed otherwise."""
    return "managed_sources", managed


_own_set, _managed_sources, _managed_units = units.own_set, units.managed_sources, units.managed_units
_reporting_units, _all_units, _sources = units.reporting_units, units.all_units, units.sources
_descendants, _held_units, _level = units.descendants, units.held_units, layers.column_level
_may, _operate = layers.may, layers.may_operate


def unfiltered(graph: Graph, principal: Unit) -> set[Source]:
    """Marks are ignored."""
    return _managed_sources(replace(graph, marked=frozenset()), principal)


def filtered_as_starts_only(graph: Graph, principal: Unit) -> set[Source]:
    """A marked role is no source, but stays in others as an ancestor."""
    return {
        ancestors(graph, role) | {role}
        for person in units.managed_persons(graph, principal)
        for role in _own_set(graph, person)
        if graph.kinds[role] in (Kind.ORG, Kind.FUNC) and role not in graph.marked
    }


def own_set_without_later_links(graph: Graph, principal: Unit) -> Units:
    """Only links of direct roles count."""
    own = _own_set(replace(graph, links=frozenset()), principal)
    if graph.kinds[principal] is Kind.PERSON:
        for org, func in graph.links:
            if org in units.direct_roles(graph, principal):
                own |= {func} | ancestors(graph, func)
    return own


def as_if_person(graph: Graph, principal: Unit) -> Units:
    """A service account inherits like a person."""
    return _own_set(replace(graph, kinds={**graph.kinds, principal: Kind.PERSON}), principal)


def with_own_units(graph: Graph, principal: Unit) -> Units:
    """A manager role puts its unit into the own set."""
    own = _own_set(graph, principal)
    return own | {graph.manages[role] for role in own if role in graph.manages}


def valid_at_its_end(share: Share) -> bool:
    """The end belongs to it."""
    return (share.starts is None or share.starts <= 0) and (share.ends is None or share.ends >= 0)


def valid_after_its_start(share: Share) -> bool:
    """The start does not belong to it."""
    return (share.starts is None or share.starts < 0) and (share.ends is None or share.ends > 0)


def united_rows(world: World, principal: Unit, rows: Any) -> list[Any]:
    """Every matching row counts, not the topmost of a source."""
    return [row for row in rows if any(row.unit in source for source in _sources(world.now, principal))]


def lowest_level(world: World, principal: Unit, object: str, column: str) -> Level:
    """The lowest of the sources counts."""
    rows = world.objects[object].columns[column]
    deciding = layers.deciding_rows(world, principal, rows)
    return Level.EDIT if not rows else min((row.level for row in deciding), default=Level.NONE)


def open_where_nothing_matches(world: World, principal: Unit, object: str, column: str) -> Level:
    """A column whose rows name nobody follows its object."""
    deciding = layers.deciding_rows(world, principal, world.objects[object].columns[column])
    return max((row.level for row in deciding), default=Level.EDIT)


def writing_needs_no_read(world: World, principal: Unit, verb: Verb, record: str) -> bool:
    """Update and delete by themselves."""
    return _operate(world, principal, layers.ANY_DATA[verb]) or (
        layers.object_permits(world, principal, verb, world.records[record].object)
        and legs.record_permits(world, principal, verb, record)
    )


def every_switch_on(world: World, principal: Unit, verb: Verb, record: str) -> bool:
    """Switches of legs are ignored."""
    if not world.objects[world.records[record].object].records:
        return True
    return any(leg(world, principal, verb, record) for leg in legs.LEGS.values())


def layer_three_always_on(world: World, principal: Unit, verb: Verb, record: str) -> bool:
    """The switch of layer 3 is ignored."""
    return any(legs.granted_by(world, principal, verb, record).values())


def managers_of_descendants(world: World, principal: Unit, verb: Verb, record: str) -> int:
    """Leg 2 asks for managed units instead of held ones."""
    managed = _managed_units(world.now, principal)
    return 2 if managed & stored.stored_reporting_units(world, record) else 0


BREAKAGES: dict[str, Breakage] = {
    **{f"no leg {leg.value}": without_leg(leg) for leg in LEGS},
    "no root": ("own_set", lambda graph, who: _own_set(graph, who) - {ROOT}),
    "links of direct roles only": ("own_set", own_set_without_later_links),
    "service account inherits": ("own_set", as_if_person),
    "manager role brings its unit": ("own_set", with_own_units),
    "managers are nobody's subordinates": (
        "reporting_units",
        lambda graph, who: _reporting_units(graph, who) & _own_set(graph, who),
    ),
    "managers report to their own unit": (
        "reporting_units",
        lambda graph, who: _reporting_units(graph, who) | _held_units(graph, who),
    ),
    "nothing below a managed unit": ("descendants", lambda graph, role: Units()),
    "descendants count in leg 2": ("by_author_managers", managers_of_descendants),
    "marks ignored": sources_with(unfiltered),
    "marked ancestors stay": sources_with(filtered_as_starts_only),
    "no managed sources": sources_with(lambda graph, who: set()),
    "managed sources merged": sources_with(lambda graph, who: {Units().union(*_managed_sources(graph, who))}),
    "sources merged": ("sources", lambda graph, who: [Units().union(*_sources(graph, who))]),
    "all units without empty managed units": (
        "all_units",
        lambda graph, who: Units().union(*_sources(graph, who)),
    ),
    "marked managed units count": (
        "all_units",
        lambda graph, who: _all_units(graph, who) | _managed_units(graph, who),
    ),
    "managed persons are not nameable": ("nameable_units", _all_units),
    "stored set is live": ("stored_own_set", own_set_of_now),
    "stored reporting units are live": ("stored_reporting_units", reporting_of_now),
    "owner's managers of then": ("by_owner_managers", owner_reporting_of_then),
    "valid at its end": ("is_valid", valid_at_its_end),
    "invalid at its start": ("is_valid", valid_after_its_start),
    "rows united": ("deciding_rows", united_rows),
    "lowest column level": ("column_level", lowest_level),
    "column rows ignored": ("column_level", lambda *asked: Level.EDIT),
    "column open where nothing matches": ("column_level", open_where_nothing_matches),
    "writing needs no read": ("may", writing_needs_no_read),
    "legs always on": ("record_permits", every_switch_on),
    "layer 3 always on": ("record_permits", layer_three_always_on),
    "layer 3 always off": ("record_permits", lambda *asked: True),
    "no any-data": ("may_operate", lambda *asked: False),
}
# Several things must come together: seen in one world of two hundred or fewer, so left to the deep run.
RARE = frozenset(
    {
        "descendants count in leg 2",
        "owner's managers of then",
        "marked managed units count",
        "nothing below a managed unit",
        "managed persons are not nameable",
        "managers are nobody's subordinates",
        "stored set is live",
        "stored reporting units are live",
        "valid at its end",
        "invalid at its start",
        "all units without empty managed units",
    }
)


def test_a_broken_rule_shows_soon() -> None:
    frequent = {name: breakage for name, breakage in BREAKAGES.items() if name not in RARE}
    assert unseen_after(500, frequent, worlds()) == set()


@pytest.mark.deep
def test_every_broken_rule_shows() -> None:
    assert unseen_after(10_000, BREAKAGES, worlds()) == set()


def test_the_oracle_imports_nothing_of_the_product() -> None:
    for module in MODULES:
        names = [value.__name__ for value in vars(module).values() if isinstance(value, ModuleType)]
        owners = [getattr(value, "__module__", "") or "" for value in vars(module).values()]
        assert [name for name in [*names, *owners] if name.startswith("ostiary")] == []

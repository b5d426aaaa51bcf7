"""The pure core on loaded facts: the same expression that compiles to SQL, read in Python."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ostiary.access import core
from ostiary.access import public as access
from tests.oracle.layers import may, shown_level
from tests.oracle.model import ADA, Unit, Verb, World
from tests.property.access._reality import VERBS, Reality

RECORD_VERBS = (Verb.READ, Verb.UPDATE, Verb.DELETE)


@dataclass(frozen=True)
class Facts:
    """What layer 3 looks at, by record name."""

    records: Mapping[str, core.RecordFacts]


def load_facts(world: World, reality: Reality) -> Facts:
    """The records as stored."""
    ada = reality.acting_as(ADA)
    rights = access.current_rights(ada)
    facts = {}
    for name, record in world.records.items():
        object_id = reality.stage.objects[record.object].id
        found = access.record_facts(
            ada, rights.policy, reality.stage.catalogue.grounds, object_id, reality.records[name]
        )
        assert found is not None
        facts[name] = found
    return Facts(facts)


def core_differences(world: World, reality: Reality) -> list[str]:
    """Where the core and the oracle disagree about a record or a column."""
    facts = load_facts(world, reality)
    found: list[str] = []
    for who in world.principals():
        if who in world.now.inactive:
            continue
        rights = access.current_rights(reality.acting_as(who))
        found += _about_records(world, reality, who, rights, facts)
        found += _about_columns(world, reality, who, rights)
    return found


def _about_records(
    world: World, reality: Reality, who: Unit, rights: access.Rights, facts: Facts
) -> list[str]:
    found = []
    for name, record in world.records.items():
        object_id = reality.stage.objects[record.object].id
        for verb in RECORD_VERBS:
            decided = all(
                core.decide_record(
                    rights.rule(object_id, needed, reality.stage.catalogue.grounds), facts.records[name]
                ).allowed
                and rights.decide_object(object_id, needed).allowed
                for needed in {core.Verb.READ, VERBS[verb]}
            )
            expected = may(world, who, verb, name)
            if decided != expected:
                found.append(f"{who} {verb} {name} by the core: semantics {expected}, product {decided}")
    return found


def _about_columns(world: World, reality: Reality, who: Unit, rights: access.Rights) -> list[str]:
    found: list[str] = []
    for name, granted in world.objects.items():
        object: Any = reality.stage.objects[name]
        for column in granted.columns:
            expected: int = shown_level(world, who, name, column)
            level = rights.level(object.id, object.columns[column].id, sealed=column in granted.sealed)
            if level != expected:
                found.append(f"{who} has {name}.{column}: semantics {expected}, product {level}")
    return found

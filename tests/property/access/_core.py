"""The pure core on loaded facts: the same expression that compiles to SQL, read in Python."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ostiary.access import core
from ostiary.access import public as access
from ostiary.kernel.ids import UnitId
from tests.oracle.layers import may, shown_level
from tests.oracle.model import Unit, Verb, World
from tests.property.access._reality import VERBS, Reality

RECORD_VERBS = (Verb.READ, Verb.UPDATE, Verb.DELETE)
Sets = Mapping[int, Mapping[str, frozenset[UnitId]]]


@dataclass(frozen=True)
class Facts:
    """What layer 3 looks at, by record name."""

    records: Mapping[str, core.RecordFacts]


def load_facts(world: World, reality: Reality) -> Facts:
    """Read labels, records and shares as stored."""
    db = reality.ctx.db
    labels: dict[int, dict[str, frozenset[UnitId]]] = {}
    for label, kind, units in db.rows(
        "select label_id, kind, array_agg(unit_id) from @.identity_label_unit group by label_id, kind"
    ):
        labels.setdefault(label, {})[kind] = frozenset(units)
    none = frozenset[UnitId]()
    reporting = {
        unit: labels.get(label, {}).get("r", none)
        for unit, label in db.rows(
            "select id, current_label_id from @.identity_unit where kind in ('person', 'service')"
        )
    }
    shares: dict[UUID, list[core.ShareFact]] = {}
    for record, unit, letter, grant, starts, ends in db.rows(
        "select record_id, unit_id, verb, level, valid_from, valid_to from @.access_share"
    ):
        verb = next(v for v in core.Verb if v.letter == letter)
        fact = core.ShareFact(unit, verb, core.Grant(grant), reporting.get(unit, none), starts, ends)
        shares.setdefault(record, []).append(fact)
    now = db.rows("select now()")[0][0]
    facts: dict[str, core.RecordFacts] = {}
    for object in world.objects:
        for id, author, owner, label in db.rows(
            f"select id, author_id, owner_id, label_id from @.{reality.stage.objects[object].table}"
        ):
            stored = labels.get(label, {})
            facts[reality.name_of(id)] = core.RecordFacts(
                author=author,
                author_set=stored.get("o", none) | {author},
                author_reporting=stored.get("r", none),
                owner=owner,
                owner_reporting=reporting.get(owner, none),
                shares=tuple(shares.get(id, ())),
                persons=reporting,
                now=now,
            )
    return Facts(facts)


def core_differences(world: World, reality: Reality) -> list[str]:
    """Where the core and the oracle disagree about a record or a column."""
    facts = load_facts(world, reality)
    found: list[str] = []
    for who in world.principals():
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
                core.decide_record(rights.rule(object_id, needed), facts.records[name]).allowed
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
            level = rights.level(object.id, object.columns[column].id)
            if level != expected:
                found.append(f"{who} has {name}.{column}: semantics {expected}, product {level}")
    return found

"""A world as values of the pure engine: no database, so that very many worlds can be asked.

Own sets and reporting units come from the product's graph, decisions from its core; what the database derives
(who is a subordinate) is worked out from these.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from uuid import UUID, uuid5

from ostiary.access import core
from ostiary.access import public as access
from ostiary.access._policy import ObjectPolicy, Policy
from ostiary.access._reach import NO_REACH
from ostiary.identity import public as identity
from ostiary.kernel.ids import PrincipalId, UnitId
from tests.oracle.model import ROOT, Graph, Kind, Unit, Verb, World
from tests.property.access._reality import LETTERS, OPERATIONS, VERBS

SPACE = UUID(int=1)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOBODY: frozenset[UnitId] = frozenset()


def id_of(name: str) -> UUID:
    """The id of anything that a world names."""
    return uuid5(SPACE, name)


def unit_of(name: Unit) -> UnitId:
    return UnitId(id_of(name))


@dataclass
class People:
    """The graph of a world in the product's terms. Delegations and elevations without dates."""

    graph: Graph
    rights: dict[Unit, core.Sources] = field(default_factory=dict)

    @cached_property
    def roles(self) -> identity.RoleGraph:
        graph = self.graph
        kinds = {Kind.ORG, Kind.FUNC, Kind.MANAGER}
        return identity.RoleGraph(
            [
                identity.Role(
                    unit_of(name),
                    identity.UnitKind(kind.value),
                    unit_of(graph.parents[name]) if name in graph.parents else None,
                    unit_of(graph.manages[name]) if name in graph.manages else None,
                    name in graph.marked,
                )
                for name, kind in graph.kinds.items()
                if kind in kinds
            ],
            [(unit_of(org), unit_of(func)) for org, func in graph.links],
            unit_of(ROOT),
            identity.NO_UNIT,
        )

    @cached_property
    def own(self) -> Mapping[Unit, identity.OwnSet]:
        return {
            who: self.roles.set_of(
                identity.UnitKind(kind.value),
                [unit_of(role) for member, role in self.graph.members if member == who],
                external=False,
            )
            for who, kind in self.graph.kinds.items()
            if kind in (Kind.PERSON, Kind.SERVICE)
        }

    def reporting(self, who: Unit) -> frozenset[UnitId]:
        return self.own[who].reporting

    def held(self, who: Unit) -> core.Held:
        own = self.own[who]
        heads = self.roles.heads(own)
        below = [o.roles for o in self.own.values() if not heads.isdisjoint(o.reporting)]
        return core.Held(unit_of(who), own, NOBODY.union(*below))

    def sources(self, who: Unit) -> core.Sources:
        """Of somebody, with the grantors found step by step."""
        known = self.rights.get(who)
        if known is None:
            known = self.rights[who] = core.sources_of(
                self.held(who), self.roles, [self.held(g) for g in self._grantors(who)]
            )
        return known

    def _grantors(self, who: Unit) -> list[Unit]:
        found: list[Unit] = []
        todo = [who]
        while todo:
            step = todo.pop()
            units = {unit_of(step), *self.own[step].roles}
            for delegation in self.graph.delegations:
                new = delegation.grantor not in (*found, who)
                if unit_of(delegation.receiver) in units and new:
                    found.append(delegation.grantor)
                    todo.append(delegation.grantor)
        return found


def policy_of(world: World) -> Policy:
    """What is granted."""
    objects = {}
    for name, granted in world.objects.items():
        switches = core.Switches(
            granted.records, frozenset(LETTERS[leg] for leg in granted.legs), granted.denies
        )
        rules = tuple(
            core.DefaultRule(
                id_of(f"rule {n}"),
                unit_of(rule.author),
                unit_of(rule.grantee),
                {VERBS[verb]: core.Grant(grant) for verb, grant in rule.grants.items()},
            )
            for n, rule in enumerate(granted.rules)
        )
        objects[id_of(name)] = ObjectPolicy(
            tuple(
                core.ObjectRow(id_of(f"row {n}"), unit_of(row.unit), frozenset(VERBS[v] for v in row.verbs))
                for n, row in enumerate(granted.rows)
            ),
            {
                id_of(column): tuple(
                    core.ColumnRow(id_of(f"{column} {n}"), unit_of(row.unit), core.ColumnLevel(row.level))
                    for n, row in enumerate(rows)
                )
                for column, rows in granted.columns.items()
            },
            core.RecordPolicy(switches, rules),
        )
    operations = {
        OPERATIONS[operation].value: tuple(
            core.OperationRow(id_of(f"{operation} {n}"), unit_of(row.unit), row.allowed)
            for n, row in enumerate(rows)
        )
        for operation, rows in world.operations.items()
    }
    return Policy(1, operations, objects)


def rights_of(people: People, policy: Policy, who: Unit) -> access.Rights:
    """Rights as the product keeps them, without the rows that serve statements."""
    principal = PrincipalId(id_of(who))
    return access.Rights(1, principal, 0, people.sources(who), people.roles, policy, NO_REACH, NO_REACH, 0)


def facts_of(world: World, people: People, name: str) -> core.RecordFacts:
    """What layer 3 looks at in a record."""
    record = world.records[name]
    stored = people.own[record.author]
    return core.RecordFacts(
        author=unit_of(record.author),
        author_set=stored.roles | {unit_of(record.author)},
        author_reporting=stored.reporting,
        owner=None if record.owner is None else unit_of(record.owner),
        owner_reporting=NOBODY if record.owner is None else people.reporting(record.owner),
        shares=tuple(
            core.ShareFact(
                unit_of(share.unit),
                VERBS[share.verb],
                core.Grant(share.grant),
                people.reporting(share.unit) if share.unit in people.own else NOBODY,
            )
            for share in world.shares
            if share.record == name
        ),
        persons={unit_of(who): people.reporting(who) for who in people.own},
        now=NOW,
        denies=tuple(
            core.DenyFact(unit_of(deny.unit), VERBS[verb])
            for deny in world.denies
            if deny.record == name
            for verb in deny.verbs
        ),
    )


def decides(rights: access.Rights, object: str, verb: Verb, facts: core.RecordFacts) -> bool:
    """Layers 2 and 3 for one verb, with read where the verb needs it."""
    needed = {core.Verb.READ, VERBS[verb]}
    return all(
        rights.decide_object(id_of(object), each).allowed
        and core.decide_record(rights.rule(id_of(object), each, {}), facts).allowed
        for each in needed
    )

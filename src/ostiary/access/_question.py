"""A question about one principal as plain values, and how its answer is made anew after a change."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from ostiary.access.core import Held, Matter, RecordFacts, Sources, grantors_of, permits, sources_of
from ostiary.identity import public as identity
from ostiary.kernel.ids import UnitId


@dataclass(frozen=True, slots=True)
class Origin:
    """What the sources of a principal are made of, apart, so that they can be made anew after a change.

    under: for each unit with a manager role, every role in the own set of any other person who reports to it.
    people: own sets of active persons who may be grantors. delegations, elevations: of the whole tenant.
    """

    unit: UnitId
    graph: identity.RoleGraph
    now: datetime
    direct: frozenset[UnitId] = frozenset()
    active: bool = True
    service: bool = False
    external: bool = False
    under: Mapping[UnitId, frozenset[UnitId]] = field(default_factory=dict)
    people: Mapping[UnitId, identity.OwnSet] = field(default_factory=dict)
    delegations: tuple[identity.Delegation, ...] = ()
    elevations: tuple[identity.Elevation, ...] = ()
    attributes: Mapping[str, frozenset[UUID]] = field(default_factory=dict)

    @property
    def key(self) -> Hashable:
        """What differs between the origins of one question and its changes, as far as sources go."""
        given = tuple(d.id for d in self.delegations), tuple(e.id for e in self.elevations)
        return self.direct, given

    def own(self) -> identity.OwnSet:
        """The own set with the reporting units."""
        if self.service:
            return self.graph.service_set(self.direct)
        return self.graph.own_set(self.direct, external=self.external)

    def sources(self) -> Sources:
        """The sources by these roles, delegations and elevations."""
        own = self.own()
        grantors: tuple[Held, ...] = ()
        elevated: list[UnitId] = []
        if not self.service:
            grantors, _ = grantors_of(Held(self.unit, own), self.delegations, self.now, self.people_of)
            elevated = [e.role for e in self.elevations if e.person == self.unit and e.period.holds(self.now)]
        me, *others = [self._managing(held, own) for held in (Held(self.unit, own), *grantors)]
        return sources_of(me, self.graph, others, elevated, self.attributes)

    def people_of(self, asked: Sequence[UnitId]) -> Iterable[Held]:
        """Those of the persons that may be grantors, with what they bring."""
        return [Held(person, self.people[person]) for person in asked if person in self.people]

    def _managing(self, held: Held, own: identity.OwnSet) -> Held:
        """With the roles of subordinates, among whom the principal itself may be."""
        heads = self.graph.heads(held.own)
        roles = frozenset().union(*(self.under.get(head, frozenset()) for head in heads))
        return Held(held.unit, held.own, roles if heads.isdisjoint(own.reporting) else roles | own.roles)


@dataclass(frozen=True, slots=True)
class Question:
    """May this principal do that. records: (object, record) that is asked about, its master, and so on up."""

    origin: Origin
    matter: Matter
    records: tuple[tuple[UUID, UUID], ...] = ()

    def allowed(self, sources: Sources | None = None) -> bool:
        """The verdict. sources: those of the origin, if they are known."""
        return self.origin.active and permits(self.matter, sources or self.origin.sources())

    def about(self, **changes: Any) -> "Question":
        """The same with other values of the matter."""
        return replace(self, matter=replace(self.matter, **changes))

    def having(self, direct: frozenset[UnitId]) -> "Question":
        """The same with other roles, which also change whose subordinate the principal is."""
        origin = replace(self.origin, direct=direct)
        facts = self.matter.facts
        if facts is not None:
            facts = _reporting_to(facts, origin.unit, origin.own().reporting)
        return replace(self, origin=origin, matter=replace(self.matter, facts=facts))


def _reporting_to(facts: RecordFacts, person: UnitId, units: frozenset[UnitId]) -> RecordFacts:
    """The facts, wherever this person is in them as one who reports to somebody."""
    return replace(
        facts,
        owner_reporting=units if facts.owner == person else facts.owner_reporting,
        shares=tuple(replace(s, reporting=units) if s.unit == person else s for s in facts.shares),
        persons={**facts.persons, person: units},
        master=None if facts.master is None else _reporting_to(facts.master, person, units),
    )

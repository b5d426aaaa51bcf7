"""Everybody who may do something, as sets that SQL counts and pages.

Whoever has the same current label, and nothing of their own, gets the same answer; labels alike in all that
rows, rules, shares and managing may look at are decided once. Who is named in person, stands in for somebody
or is stood in for, is elevated, or is author or owner, is decided alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from ostiary.access._administration import ensure_operation
from ostiary.access._asked import Asked, at_one_epoch, load_matter, roles_under, standing_at
from ostiary.access._ground import Grounds
from ostiary.access._named import named_in, values_of
from ostiary.access._policy import load_policy
from ostiary.access._rights import transaction_time
from ostiary.access.core import (
    Held,
    Operation,
    RecordFacts,
    Sources,
    Verb,
    grantors_of,
    permits,
    sources_of,
)
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId

# lists as subselects, which are hashed: comparing each principal with thousands of labels would take minutes
_WHO = (
    "u.active and u.kind in ('person', 'service') and ("
    "(u.current_label_id in (select unnest(%(labels)s::int[])) and u.id not in"
    " (select unnest(%(minus)s::uuid[]))) or u.id in (select unnest(%(persons)s::uuid[])))"
)


@dataclass(frozen=True, slots=True)
class Audience:
    """Active principals: whoever has one of the labels but for `minus`, and `persons`.

    size: how many they are; services, externals: how many of them are service accounts, external.
    """

    labels: tuple[int, ...]
    persons: tuple[UnitId, ...]
    minus: tuple[UnitId, ...]
    size: int = 0
    services: int = 0
    externals: int = 0

    def _values(self) -> dict[str, object]:
        return {"labels": list(self.labels), "persons": list(self.persons), "minus": list(self.minus)}

    def page(self, ctx: Context, limit: int = 50, after: UnitId | None = None) -> list[tuple[UnitId, str]]:
        """Some of them with their names, by id. after: the last one of the page before."""
        rows = ctx.db.rows(
            f"select u.id, u.name from @.identity_unit u where {_WHO}"
            " and (%(after)s::uuid is null or u.id > %(after)s) order by u.id limit %(limit)s",
            {**self._values(), "after": after, "limit": limit},
        )
        return [(UnitId(id_), name) for id_, name in rows]


def who_can(ctx: Context, grounds: Grounds, asked: Asked) -> Audience:
    """Everybody who may do what is asked about.

    Needs CanManageAdministration. Raises: NotFound, AccessDenied.
    """
    return audiences(ctx, grounds, asked, (asked.verb,))[asked.verb]


def audiences(ctx: Context, grounds: Grounds, asked: Asked, verbs: Sequence[Verb]) -> Mapping[Verb, Audience]:
    """The same for several verbs, looked at once. The verb of `asked` is not looked at."""
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    found = at_one_epoch(ctx, lambda epoch: _Crowd(ctx, grounds, asked, verbs, epoch).audiences())
    data = {
        "object": str(asked.object_id),
        "verbs": [verb.value for verb in verbs],
        "column": str(asked.column_id) if asked.column_id else None,
    }
    audit.append(
        ctx,
        "access.audience.viewed",
        object_type=None if asked.record_id is None else "record",
        object_ref=asked.record_id,
        parts=[audit.Part("decision", data)],
    )
    return found


_Alike = tuple[bool, frozenset[UnitId]]  # whether a person; what of the own set matters


@dataclass(slots=True)
class _Count:
    """How many there are, and of which kinds."""

    size: int = 0
    services: int = 0
    externals: int = 0

    def add(self, other: "_Count", sign: int = 1) -> None:
        """Count these too, or no longer."""
        self.size += sign * other.size
        self.services += sign * other.services
        self.externals += sign * other.externals


@dataclass(frozen=True, slots=True)
class _One:
    """A principal who is decided alone."""

    label: int
    count: _Count


class _Crowd:
    """All principals of a tenant before one question, asked for several verbs."""

    def __init__(
        self, ctx: Context, grounds: Grounds, asked: Asked, verbs: Sequence[Verb], epoch: int
    ) -> None:
        self.ctx = ctx
        self.graph = identity.role_graph(ctx, epoch)
        matter = load_matter(ctx, grounds, self.graph, load_policy(ctx, epoch), asked)
        self.matter = matter
        self.matters = {verb: replace(matter, verb=verb) for verb in verbs}
        self.standing = standing_at(ctx, epoch, asked.at)
        self.named = frozenset(unit for each in self.matters.values() for unit in named_in(each))
        self.named |= {d.receiver for d in self.standing.delegations}
        self.counts: dict[int, _Count] = {}
        self.labels = self._labels()
        self.alone = self._alone()
        self.attributes = self._attributes()
        managers = frozenset(r.id for r in self.graph.roles.values() if r.manages is not None)
        held = frozenset().union(*(units for _, units in self.labels.values())) & managers
        heads = frozenset(u for r in held if (u := self.graph.roles[r].manages) is not None)
        self.under = roles_under(ctx, heads, only=self.named & self.matter.roles)
        self.now = asked.at or transaction_time(ctx)

    def audiences(self) -> dict[Verb, Audience]:
        """Decide each kind of label once, and each of those alone."""
        alike: dict[_Alike, list[int]] = {}
        for label, kind in self.labels.items():
            alike.setdefault(kind, []).append(label)
        labels: dict[Verb, set[int]] = {verb: set() for verb in self.matters}
        for (is_person, units), members in alike.items():
            for verb in self._may(identity.NO_UNIT, units, is_person=is_person):
                labels[verb].update(members)
        may = {who: self._may(who, self.labels[one.label][1], is_person=self.labels[one.label][0])
               for who, one in self.alone.items()}  # fmt: skip
        return {
            verb: self._audience(labels[verb], {who for who, verbs in may.items() if verb in verbs})
            for verb in self.matters
        }

    def _audience(self, labels: set[int], may: set[UnitId]) -> Audience:
        count = _Count()
        for label in labels:
            count.add(self.counts[label])
        minus = []
        for who, one in self.alone.items():
            if one.label in labels and who not in may:
                minus.append(who)
                count.add(one.count, -1)
            elif one.label not in labels and who in may:
                count.add(one.count)
        persons = tuple(sorted(may))
        return Audience(
            tuple(sorted(labels)), persons, tuple(sorted(minus)), count.size, count.services, count.externals
        )

    def _labels(self) -> dict[int, _Alike]:
        """Labels in use, each with what of its own set matters: who is named, and manager roles."""
        managers = [r.id for r in self.graph.roles.values() if r.manages is not None]
        rows = self.ctx.db.rows(
            "select u.label, u.size, u.services, u.externals, coalesce(bool_or(l.kind = 'r'), false),"
            " coalesce(array_agg(l.unit_id)"
            " filter (where l.kind = 'o' and l.unit_id in (select unnest(%(units)s::uuid[]))), '{}')"
            " from (select current_label_id as label, count(*) as size,"
            "  count(*) filter (where kind = 'service') as services,"
            "  count(*) filter (where external) as externals from @.identity_unit"
            "  where active and kind in ('person', 'service') group by current_label_id) u"
            " left join @.identity_label_unit l on l.label_id = u.label"
            " group by u.label, u.size, u.services, u.externals",
            {"units": sorted({*(self.named & self.matter.roles), *managers})},
        )
        self.counts = {row[0]: _Count(*row[1:4]) for row in rows}
        return {row[0]: (row[4], frozenset(row[5])) for row in rows}

    def _alone(self) -> dict[UnitId, _One]:
        """Active principals who are decided one by one."""
        people = set(self.named - self.matter.roles) | set(self._concerned(self.matter.facts))
        for delegation in self.standing.delegations:
            people |= {delegation.grantor, delegation.receiver}
        people.update(elevation.person for elevation in self.standing.elevations)
        people |= self._with_attributes()
        rows = self.ctx.db.rows(
            "select id, current_label_id, (kind = 'service')::int, external::int from @.identity_unit"
            " where id = any(%(ids)s) and active and kind in ('person', 'service')",
            {"ids": sorted(people)},
        )
        return {UnitId(row[0]): _One(row[1], _Count(1, *row[2:])) for row in rows}

    def _concerned(self, facts: RecordFacts | None) -> Iterator[UnitId]:
        """Authors and owners of the record and its masters."""
        if facts is not None:
            yield facts.author
            if facts.owner is not None:
                yield facts.owner
            yield from self._concerned(facts.master)

    def _with_attributes(self) -> set[UnitId]:
        """Who has a value of their own that stands where a scope rule looks."""
        values = sorted(values_of(self.matter.facts))
        if not self._attribute_names or not values:
            return set()
        rows = self.ctx.db.rows(
            "select distinct principal_id from @.identity_attribute"
            " where name = any(%(names)s) and value = any(%(values)s)",
            {"names": self._attribute_names, "values": values},
        )
        return {UnitId(row[0]) for row in rows}

    def _attributes(self) -> dict[UnitId, dict[str, frozenset[UUID]]]:
        """The lists of values that scope rules look at, of those who are decided alone."""
        found: dict[UnitId, dict[str, frozenset[UUID]]] = {}
        if self._attribute_names:
            for who, name, values in self.ctx.db.rows(
                "select principal_id, name, array_agg(value) from @.identity_attribute"
                " where name = any(%(names)s) and principal_id = any(%(ids)s) group by principal_id, name",
                {"names": self._attribute_names, "ids": sorted(self.alone)},
            ):
                found.setdefault(UnitId(who), {})[name] = frozenset(values)
        return found

    @property
    def _attribute_names(self) -> list[str]:
        """Without scope rules none: a tenant of the release before has no attributes at all."""
        return sorted({rule.attribute for policy in self.matter.policies for rule in policy.scopes})

    def _may(self, who: UnitId, units: frozenset[UnitId], *, is_person: bool) -> frozenset[Verb]:
        sources = self._sources(self._held(who, units), is_person=is_person)
        return frozenset(verb for verb, matter in self.matters.items() if permits(matter, sources))

    def _held(self, who: UnitId, units: frozenset[UnitId]) -> Held:
        own = identity.OwnSet(units, frozenset())
        heads = self.graph.heads(own)
        return Held(who, own, frozenset().union(*(self.under.get(head, frozenset()) for head in heads)))

    def _sources(self, me: Held, *, is_person: bool) -> Sources:
        if not is_person:
            return sources_of(me, self.graph, attributes=self.attributes.get(me.unit))
        grantors, _ = grantors_of(me, self.standing.delegations, self.now, self._grantors)
        elevated = [
            e.role for e in self.standing.elevations if e.person == me.unit and e.period.holds(self.now)
        ]
        return sources_of(me, self.graph, grantors, elevated, self.attributes.get(me.unit))

    def _grantors(self, asked: Iterable[UnitId]) -> list[Held]:
        return [self._held(g, self.labels[self.alone[g].label][1]) for g in asked if g in self.alone]

"""How many records more or fewer somebody reaches after a change: by `access.core`, record by record.

Records with the same author, owner and label are one question, so that a million records are counted exactly
where a rule looks at no more than that. Where it looks at each record by itself (scope rules, master records,
denies) or there are very many, a sample is decided, and the number comes with its margin. What each of the
people reaches as author or owner is not counted: it differs among them.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from uuid import UUID

from ostiary.access._facts import record_facts
from ostiary.access._policy import Policy
from ostiary.access._snapshot import Snapshot
from ostiary.access._standing import ANYBODY, NO_LABEL, Label, NamedObject
from ostiary.access.core import (
    AnyOf,
    AuthorIs,
    AuthorSetHas,
    OwnerIs,
    RecordFacts,
    RecordRule,
    ScopeHas,
    UnderMaster,
    Verb,
    decide_record,
)
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId

MOST_EXACT = 3_000_000  # records of one object that are looked at all together
MOST_CLASSES = 20_000  # of records alike in author, owner and label
MOST_DECISIONS = 100_000  # for one object
SAMPLE = 500
NO_AUTHOR = UnitId(UUID(int=(1 << 128) - 1))  # of records whose author no rule names
_SINGLE = (ScopeHas, UnderMaster)  # legs that look at each record
_WITHIN_95_PERCENT = 1.96
_NONE_SEEN = 3.0  # with none in n, at most 3 / n are likely (95 %)


@dataclass(frozen=True, slots=True)
class Reached:
    """A verb on an object by which a group reaches other records than before; None: it does not have it."""

    described: NamedObject
    verb: Verb
    before: RecordRule | None
    after: RecordRule | None
    people: int


@dataclass(frozen=True, slots=True)
class Counted:
    """records: the most that one of the people reaches more or fewer. people: how many were looked at."""

    records: int
    people: int
    margin: int = 0


@dataclass(frozen=True, slots=True)
class _Class:
    """Records alike, as before and as after. number: how many there are."""

    before: RecordFacts
    after: RecordFacts
    number: int


Counts = Mapping[tuple[str, str], tuple[Counted, Counted]]


class Sight:
    """Counts in a transaction that has made the changes."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    def count(self, before: Snapshot, after: Snapshot, reached: Sequence[Reached]) -> Counts:
        """What is gained and what is lost, by codes of object and verb."""
        moments = _Moments(self.ctx, before, after)
        found: dict[tuple[str, str], tuple[Counted, Counted]] = {}
        by_object = sorted(reached, key=lambda r: (r.described.code, -r.people))
        for _, of_object in groupby(by_object, key=lambda r: r.described.code):
            found.update(_Counting(moments, list(of_object)).counts())
        return found


class _Moments:
    """The moments before and after. was: label before of owners who have another one now."""

    def __init__(self, ctx: Context, before: Snapshot, after: Snapshot) -> None:
        self.ctx, self.before, self.after = ctx, before, after
        self.was = {
            unit: basis.number
            for unit, basis in before.bases.items()
            if (now := after.bases.get(unit)) is not None and now.number != basis.number and basis.number
        }
        row = ctx.db.row("select now()")
        if row is None:
            raise RuntimeError("the database has no time")
        self.now = row[0]

    def labels(self, wanted: Iterable[int]) -> Mapping[int, Label]:
        """The units of labels."""
        members: dict[str, dict[int, set[UnitId]]] = {"o": {}, "r": {}}
        for label, kind, unit in self.ctx.db.rows(
            "select label_id, kind, unit_id from @.identity_label_unit where label_id = any(%(labels)s)",
            {"labels": sorted(wanted)},
        ):
            members[kind].setdefault(label, set()).add(unit)
        own, reporting = members["o"], members["r"]
        return {
            label: Label(frozenset(own.get(label, ())), frozenset(reporting.get(label, ())))
            for label in own.keys() | reporting.keys()
        }

    def policy(self, object_id: UUID) -> Policy:
        """That of now with the scope rules of before as well, whose values are looked at too."""
        now = self.after.policy
        mine, old = now.object(object_id), self.before.policy.object(object_id)
        records = replace(mine.records, scopes=(*mine.records.scopes, *old.records.scopes))
        return replace(now, objects={**now.objects, object_id: replace(mine, records=records)})


class _Counting:
    """One object's records."""

    def __init__(self, moments: _Moments, reached: list[Reached]) -> None:
        self.moments, self.reached, self.ctx = moments, reached, moments.ctx
        self.described = reached[0].described

    def counts(self) -> Iterator[tuple[tuple[str, str], tuple[Counted, Counted]]]:
        """By verb: gained and lost."""
        total = self._total()
        alone: list[Reached] = []
        together: list[Reached] = []
        for each in self.reached:
            single = _looks_at_each(each.before) or _looks_at_each(each.after)
            (alone if single else together).append(each)
        classes = self._classes(together) if together and total <= MOST_EXACT else None
        if classes is None:
            alone, together = self.reached, []
        sampled = self._sample(total) if alone else []
        for verb in dict.fromkeys(r.verb for r in self.reached):
            exact = _most([r for r in together if r.verb is verb], classes or [])
            rough = _most([r for r in alone if r.verb is verb], sampled, total)
            key = self.described.code, verb.value
            yield key, (_wider(exact[0], rough[0]), _wider(exact[1], rough[1]))

    def _total(self) -> int:
        row = self.ctx.db.row(
            "select reltuples::bigint from pg_catalog.pg_class where oid = to_regclass(%(t)s)",
            {"t": f"{self.ctx.db.schema}.{self.described.table}"},
        )
        guessed = int(row[0]) if row else 0
        if guessed > MOST_EXACT:
            return guessed
        row = self.ctx.db.row(f"select count(*) from @.{self.described.table}")
        return int(row[0]) if row else 0

    def _classes(self, reached: Sequence[Reached]) -> list[_Class] | None:
        """All records by what these rules look at; None: there are too many kinds."""
        named = frozenset().union(*(_persons(rule) for r in reached for rule in (r.before, r.after)))
        rows = self._alike(named)
        if len(rows) > MOST_CLASSES:
            return None
        labels = self.moments.labels({label for row in rows for label in row[2:5] if label})
        before, after = self._reporting(self.moments.before), self._reporting(self.moments.after)
        found = []
        for author, owner, label, was, now, number in rows:
            stored = labels.get(label, NO_LABEL)
            facts = RecordFacts(
                author=author or NO_AUTHOR,
                author_set=stored.own | ({author} if author else frozenset()),
                author_reporting=stored.reporting,
                owner=owner,
                owner_reporting=labels.get(now or 0, NO_LABEL).reporting,
                shares=(),
                persons=after,
                now=self.moments.now,
            )
            old = replace(facts, owner_reporting=labels.get(was or 0, NO_LABEL).reporting, persons=before)
            found.append(_Class(old, facts, number))
        return found

    def _alike(
        self, named: frozenset[UnitId]
    ) -> list[tuple[UnitId | None, UnitId | None, int, int | None, int | None, int]]:
        owner = "r.owner_id" if self.described.has_owner else "null::uuid"
        was = self.moments.was
        # first by owner, then by the labels of the owners: joining each record would take most of the time
        rows = self.ctx.db.rows(
            "select r.author, case when r.owner = any(%(named)s) then r.owner end, r.label_id,"
            " coalesce(w.label, u.current_label_id), u.current_label_id, sum(r.number)::bigint"
            " from (select case when r.author_id = any(%(named)s) then r.author_id end as author,"
            f" {owner} as owner, r.label_id, count(*) as number from @.{self.described.table} r"
            " group by 1, 2, 3) r left join @.identity_unit u on u.id = r.owner"
            " left join unnest(%(people)s::uuid[], %(labels)s::int[]) as w(person, label)"
            " on w.person = r.owner group by 1, 2, 3, 4, 5 limit %(most)s::int",
            {
                "named": sorted(named),
                "people": list(was),
                "labels": list(was.values()),
                "most": MOST_CLASSES + 1,
            },
        )
        return [tuple(row) for row in rows]

    def _reporting(self, moment: Snapshot) -> Mapping[UnitId, frozenset[UnitId]]:
        """Of persons whom rules name."""
        return {person: moment.under.reporting(person) for person in moment.under.label_of}

    def _sample(self, total: int) -> list[_Class]:
        """Some records at random, each as before and as after."""
        policy = self.moments.policy(self.described.id)
        grounds = {o.id: o.ground for o in self.moments.after.objects.values()}
        was = self.moments.labels(set(self.moments.was.values()))
        found = []
        for id_ in self._random_ids(total):
            facts = record_facts(self.ctx, policy, grounds, self.described.id, id_)
            if facts is not None:
                old = _as_before(facts, lambda unit: was.get(self.moments.was.get(unit, 0)))
                found.append(_Class(old, facts, 1))
        return found

    def _random_ids(self, total: int) -> list[UUID]:
        """All of few; of many one from each of some blocks, which hold about as many records each."""
        table = f"@.{self.described.table}"
        if total <= SAMPLE:
            return [row[0] for row in self.ctx.db.rows(f"select id from {table}")]
        row = self.ctx.db.row(
            "select greatest(relpages, 1) from pg_catalog.pg_class where oid = to_regclass(%(t)s)",
            {"t": f"{self.ctx.db.schema}.{self.described.table}"},
        )
        pages = int(row[0]) if row else 1
        if pages < 4 * SAMPLE:
            order = f"select id from {table} order by random() limit %(n)s::int"
            return [row[0] for row in self.ctx.db.rows(order, {"n": SAMPLE})]
        rows = self.ctx.db.rows(
            f"select distinct on ((r.ctid::text::point)[0]) r.id from {table} r"
            " tablesample system (%(percent)s::float8) order by (r.ctid::text::point)[0], random()",
            {"percent": 100 * SAMPLE / pages},
        )
        return [row[0] for row in rows]


def _as_before(facts: RecordFacts, was: Callable[[UnitId], Label | None]) -> RecordFacts:
    """The facts as they were for people who report to others now."""

    def of(unit: UnitId | None, now: frozenset[UnitId]) -> frozenset[UnitId]:
        label = None if unit is None else was(unit)
        return now if label is None else label.reporting

    return replace(
        facts,
        owner_reporting=of(facts.owner, facts.owner_reporting),
        shares=tuple(replace(s, reporting=of(s.unit, s.reporting)) for s in facts.shares),
        persons={person: of(person, units) for person, units in facts.persons.items()},
        master=None if facts.master is None else _as_before(facts.master, was),
    )


def _looks_at_each(rule: RecordRule | None) -> bool:
    return isinstance(rule, AnyOf) and (
        rule.denied is not None or any(isinstance(leg, _SINGLE) for leg in rule.legs)
    )


def _persons(rule: RecordRule | None) -> frozenset[UnitId]:
    """Whom a rule may find as author or owner; roles among them do no harm."""
    found: set[UnitId] = set()
    for leg in rule.legs if isinstance(rule, AnyOf) else ():
        match leg:
            case AuthorIs(persons) | OwnerIs(persons):
                found |= persons
            case AuthorSetHas(sure, managed, _):
                found |= sure.keys()
                found |= {author for author, _person, _grant in managed}
    return frozenset(found - {ANYBODY})


def _most(
    reached: Sequence[Reached], classes: Sequence[_Class], total: int | None = None
) -> tuple[Counted, Counted]:
    """The most that one group gains and loses. total: of all records, where the classes are a sample."""
    gained = lost = Counted(0, 0)
    people = 0
    seen = sum(each.number for each in classes)
    for each in reached[: max(1, MOST_DECISIONS // max(1, 2 * len(classes)))]:
        people += each.people
        more, less = _difference(each, classes)
        gained = _wider(gained, _estimate(more, seen, total, people))
        lost = _wider(lost, _estimate(less, seen, total, people))
    return replace(gained, people=people), replace(lost, people=people)


def _difference(reached: Reached, classes: Sequence[_Class]) -> tuple[int, int]:
    more = less = 0
    for each in classes:
        before = reached.before is not None and decide_record(reached.before, each.before).allowed
        after = reached.after is not None and decide_record(reached.after, each.after).allowed
        more += each.number if after and not before else 0
        less += each.number if before and not after else 0
    return more, less


def _estimate(found: int, seen: int, total: int | None, people: int) -> Counted:
    if total is None or total <= seen or not seen:
        return Counted(found, people)
    share = found / seen
    spread = _WITHIN_95_PERCENT * math.sqrt(share * (1 - share) / seen)
    margin = spread if 0 < found < seen else _NONE_SEEN / seen
    return Counted(round(share * total), people, math.ceil(margin * total))


def _wider(one: Counted, other: Counted) -> Counted:
    more = max(one, other, key=lambda each: each.records + each.margin)
    return replace(more, people=one.people + other.people)

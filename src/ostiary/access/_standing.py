"""What a group of people may do with each object, in the words that comparisons use; asked of `Rights`.

Nothing is decided here. What a group may is made when somebody looks at it: a comparison looks at few of the
groups and objects of a large tenant.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar
from uuid import UUID

from ostiary.access._ground import Ground, Grounds
from ostiary.access._rights import Rights
from ostiary.access.core import (
    AnyOf,
    AuthorIs,
    AuthorSetHas,
    AuthorUnder,
    ColumnLevel,
    Denied,
    Everyone,
    Grant,
    Operation,
    OwnerIs,
    OwnerUnder,
    Path,
    RecordRule,
    ScopeHas,
    SharedWith,
    UnderMaster,
    Verb,
)
from ostiary.kernel.ids import UnitId

ANYBODY = UnitId(UUID(int=0))  # stands for each member of a group
Key = TypeVar("Key")
Value = TypeVar("Value")

# How a record is reached, and through which unit: ("owned below", North).
Leg = tuple[str, UnitId]
EVERY_RECORD: Leg = ("every record", ANYBODY)


class Lazily(Mapping[Key, Value]):
    """Values that are made when somebody looks at them. make: None for a key that stands for nothing."""

    __slots__ = ("_kept", "_keys", "_make")

    def __init__(self, keys: Mapping[Key, object], make: Callable[[Key], Value | None]) -> None:
        self._keys, self._make = keys, make
        self._kept: dict[Key, Value | None] = {}

    def _find(self, key: Key) -> Value | None:
        if key not in self._kept:
            self._kept[key] = self._make(key) if key in self._keys else None
        return self._kept[key]

    def __getitem__(self, key: Key) -> Value:
        found = self._find(key)
        if found is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[Key]:
        return (key for key in self._keys if self._find(key) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True, slots=True)
class NamedObject:
    """An object as its metadata describe it, which lie above this context.

    columns: code by id of those that take rows. sealed: ids of columns.
    """

    code: str
    columns: Mapping[UUID, str]
    ground: Ground
    sealed: frozenset[UUID] = frozenset()

    @property
    def id(self) -> UUID:
        return self.ground.object_id

    @property
    def table(self) -> str:
        return self.ground.table

    @property
    def has_owner(self) -> bool:
        return self.ground.has_owner


@dataclass(frozen=True, slots=True)
class ObjectStanding:
    """What a group may do with one object: the legs of each verb it has, and its columns above none.

    rules: the legs as the engine has them, for counting records. denied: what is taken away, by verb.
    """

    verbs: Mapping[Verb, frozenset[Leg]]
    levels: Mapping[UUID, ColumnLevel]
    denied: Mapping[Verb, frozenset[Leg]] = field(default_factory=dict)
    rules: Mapping[Verb, RecordRule] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """What every member of a group may do.

    any_data: the verbs whose any-data operation is held. units: all units but persons. reporting: by the
    label, the units whose managers reach the members' records.
    """

    operations: frozenset[Operation]
    any_data: frozenset[Verb]
    units: frozenset[UnitId]
    reporting: frozenset[UnitId]
    objects: Mapping[UUID, ObjectStanding]


@dataclass(frozen=True, slots=True)
class Label:
    """The units of a label: own set and reporting units."""

    own: frozenset[UnitId] = frozenset()
    reporting: frozenset[UnitId] = frozenset()


NO_LABEL = Label()


@dataclass(frozen=True, slots=True)
class Under:
    """Whether a person named by a rule is a subordinate now, by the label that records are matched with."""

    labels: Mapping[int, Label]
    label_of: Mapping[UnitId, int]

    def reporting(self, person: UnitId) -> frozenset[UnitId]:
        """The reporting units of a person now."""
        return self.labels.get(self.label_of.get(person, 0), NO_LABEL).reporting

    def __call__(self, person: UnitId, heads: frozenset[UnitId]) -> bool:
        return not heads.isdisjoint(self.reporting(person))


@dataclass(frozen=True, eq=False)
class Basis:
    """What the standing of a group is made of. label: of its members, `number` in the database."""

    rights: Rights
    objects: Mapping[UUID, NamedObject]
    label: Label
    number: int
    under: Under

    @cached_property
    def standing(self) -> Standing:
        """What every member may do."""
        rights = self.rights
        return Standing(
            operations=frozenset(o for o in Operation if rights.operation(o).allowed),
            any_data=frozenset(v for v in Verb if rights.any_data(v)),
            units=rights.sources.roles,
            reporting=self.label.reporting,
            objects=Lazily(self.objects, self._object),
        )

    @cached_property
    def _grounds(self) -> Grounds:
        return {o.id: o.ground for o in self.objects.values()}

    def _object(self, object_id: UUID) -> ObjectStanding | None:
        described, rights = self.objects[object_id], self.rights
        rules: dict[Verb, RecordRule] = {
            verb: rights.rule(described.id, verb, self._grounds)
            for verb in Verb
            if verb is not Verb.CREATE and rights.decide_object(described.id, verb).allowed
        }
        me = rights.sources.principal
        told = {verb: told_of(rule, whole=rights.any_data(Verb.READ)) for verb, rule in rules.items()}
        verbs = {
            verb: legs_of_rule(described, self.objects, rule, self.under, me) for verb, rule in told.items()
        }
        if rights.decide_object(described.id, Verb.CREATE).allowed:  # it has no layer 3
            verbs[Verb.CREATE] = frozenset()
        if not verbs:
            return None
        levels = {c: rights.level(described.id, c, sealed=c in described.sealed) for c in described.columns}
        denied = {verb: legs for verb, rule in rules.items() if (legs := _denied(rule))}
        return ObjectStanding(verbs, {c: v for c, v in levels.items() if v}, denied, rules)


def told_of(rule: RecordRule, *, whole: bool) -> RecordRule:
    """A rule as far as it says more than that of reading, which stands beside it as it does beside any verb.

    Leg 8 of another verb also needs the master read. whole: everything is read anyway, so that no other line
    would tell when the master's own legs begin to permit it.
    """
    if whole or not isinstance(rule, AnyOf):
        return rule
    legs = [
        UnderMaster(tuple(told_of(r, whole=False) for r in leg.rules[-1:]))
        if isinstance(leg, UnderMaster)
        else leg
        for leg in rule.legs
    ]
    return replace(rule, legs=tuple(legs))


def legs_of_rule(  # noqa: C901, PLR0912  one case for each leg
    described: NamedObject,
    objects: Mapping[UUID, NamedObject],
    rule: RecordRule,
    under: Under,
    me: UnitId,
) -> frozenset[Leg]:
    """The legs of a rule. me: told without a name, since it is another for each member of a group."""
    if isinstance(rule, Everyone):
        return frozenset({EVERY_RECORD})
    found: set[Leg] = set()
    for leg in rule.legs if isinstance(rule, AnyOf) else ():
        match leg:
            case AuthorIs(persons):
                found |= {("records of their own making", ANYBODY)}
                found |= {("records made by the grantor", person) for person in persons - {me}}
            case AuthorUnder(heads):
                found |= {("records made below", head) for head in heads}
            case OwnerIs(persons) if described.has_owner:
                found |= {("records they own", ANYBODY)}
                found |= {("records owned by the grantor", person) for person in persons - {me}}
            case OwnerUnder(heads) if described.has_owner:
                found |= {("records owned below", head) for head in heads}
            case AuthorSetHas(sure, managed, heads):
                counting = [(a, g) for a, person, g in managed if under(person, heads)]
                for author, grant in (*sure.items(), *counting):
                    found.add(("records made by", author))
                    if grant is Grant.DELEGABLE:
                        found.add(("passing on of records made by", author))
            case ScopeHas(tests, heads):
                for test in tests:
                    if test.person is None or under(test.person, heads):
                        way = f"records whose {_path(described, objects, test.path)} is"
                        found |= {(way, ANYBODY if v == me else UnitId(v)) for v in test.values}
            case SharedWith():
                found.add(("records shared with them", ANYBODY))
            case UnderMaster(rules):
                found |= _by_master(described, objects, rules, under, me)
    return frozenset(found)


def _path(described: NamedObject, objects: Mapping[UUID, NamedObject], path: Path) -> str:
    words = []
    here: NamedObject | None = described
    for step in path:
        lookup = None if here is None or "-" not in step else here.ground.lookups.get(UUID(step))
        words.append(step if lookup is None else lookup.column)
        here = None if lookup is None else objects.get(lookup.target)
    return ".".join(words)


def _by_master(
    described: NamedObject,
    objects: Mapping[UUID, NamedObject],
    rules: Sequence[RecordRule],
    under: Under,
    me: UnitId,
) -> set[Leg]:
    """What is reached on the master record, by each of these rules."""
    lookup = described.ground.lookups.get(described.ground.master or UUID(int=0))
    master = None if lookup is None else objects.get(lookup.target)
    if master is None:
        return set()
    return {
        (f"by {master.code}: {way}", unit)
        for rule in rules
        for way, unit in legs_of_rule(master, objects, rule, under, me)
    }


def _denied(rule: RecordRule) -> frozenset[Leg]:
    denied: Denied | None = rule.denied if isinstance(rule, AnyOf) else None
    if denied is None:
        return frozenset()
    found = {("made by", author) for author in denied.authors}
    return frozenset(found | {("denied to", unit) for unit in denied.units if unit != ANYBODY})

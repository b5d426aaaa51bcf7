"""What one group gained and lost between two moments: operations, roles, verbs by their legs, levels."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from ostiary.access._snapshot import Snapshot
from ostiary.access._standing import ANYBODY, EVERY_RECORD, Leg, NamedObject, ObjectStanding, Standing
from ostiary.access._visible import Reached
from ostiary.access.core import ColumnLevel, Verb
from ostiary.kernel.ids import UnitId

_NO_OBJECT = ObjectStanding({}, {})


@dataclass(slots=True)
class Line:
    """One thing that some gained or lost. object, column, verb: codes of what it is about, "" for none.

    fields: ids of the columns that some of them read on the records which a line about reading is of.
    """

    who: set[UnitId]
    object: str = ""
    column: str = ""
    verb: str = ""
    fields: set[UUID] = field(default_factory=set)


Lines = dict[str, Line]


def add(into: Lines, what: str, who: Collection[UnitId], fields: Collection[UUID] = (), **about: str) -> None:
    """Say that these gained or lost it, too."""
    line = into.setdefault(
        what, Line(set(), about.get("object", ""), about.get("column", ""), about.get("verb", ""))
    )
    line.who.update(who)
    line.fields.update(fields)


@dataclass(slots=True)
class Found:
    """Changes while they are collected. reached: rules that changed, for counting records."""

    gained: Lines = field(default_factory=dict)
    lost: Lines = field(default_factory=dict)
    reached: list[Reached] = field(default_factory=list)

    def sets(
        self,
        before: frozenset[Leg],
        after: frozenset[Leg],
        who: set[UnitId],
        words: Callable[[Leg], str],
        fields: tuple[Collection[UUID], Collection[UUID]] = ((), ()),
        **about: str,
    ) -> None:
        """What is in one set only. Every record is all there is: beside it nothing is gained or lost.

        fields: read before, and after.
        """
        for legs, others, into, read in (
            (after, before, self.gained, fields[1]),
            (before, after, self.lost, fields[0]),
        ):
            for leg in legs - others:
                if not _is_covered(leg, others):
                    add(into, words(leg), who, read, **about)


def _is_covered(leg: Leg, by: frozenset[Leg]) -> bool:
    """Whether some of these reach every record, or whatever lies under every master that the leg goes by."""
    above = leg[0].split(": ")[:-1]
    every, nobody = EVERY_RECORD
    return any((": ".join([*above[:depth], every]), nobody) in by for depth in range(len(above) + 1))


@dataclass(frozen=True, slots=True)
class Pair:
    """A group before and after, and which objects can be other than they were."""

    before: Snapshot
    after: Snapshot
    old: Standing
    new: Standing
    objects: Collection[UUID]
    names: Mapping[UnitId, str]

    def named(self, unit: UnitId) -> str:
        """What a unit is called."""
        return self.names.get(unit, f"unit {unit}")


def compare_standing(found: Found, pair: Pair, who: set[UnitId]) -> None:
    """Collect what these people gained and lost."""
    old, new = pair.old, pair.new
    found.sets(_marked(old.operations), _marked(new.operations), who, lambda o: f"execute {o[0]}")
    found.sets(
        frozenset(("role", unit) for unit in old.units),
        frozenset(("role", unit) for unit in new.units),
        who,
        lambda leg: f"have what is given to {pair.named(leg[1])}",
    )
    heads = pair.before.heads | pair.after.heads
    for mine, theirs, into in (
        (old.reporting, new.reporting, found.gained),
        (new.reporting, old.reporting, found.lost),
    ):
        for unit in sorted((theirs - mine) & heads):
            add(into, f"have their records reached by the managers of {pair.named(unit)}", who)
    for object_id in pair.objects:
        _compare_object(found, pair, object_id, who)


def _compare_object(found: Found, pair: Pair, object_id: UUID, who: set[UnitId]) -> None:
    before, old, new = pair.before, pair.old, pair.new
    if object_id not in old.objects and object_id not in new.objects:
        return
    described = pair.after.objects.get(object_id) or before.objects[object_id]
    mine, theirs = old.objects.get(object_id, _NO_OBJECT), new.objects.get(object_id, _NO_OBJECT)
    known = before.objects.get(object_id)
    fresh = frozenset(described.columns.keys() - (known.columns.keys() if known else ()))
    if known is None:
        mine = _as_any_data(old, described)
    _compare_verbs(found, described, (mine, theirs), (old.any_data ^ new.any_data), who, pair.named)
    found.reached += [
        Reached(described, verb, mine.rules.get(verb), theirs.rules.get(verb), len(who))
        for verb in (Verb.READ, Verb.UPDATE, Verb.DELETE)
        if mine.verbs.get(verb) != theirs.verbs.get(verb) or mine.denied.get(verb) != theirs.denied.get(verb)
    ]
    if known is not None and mine.verbs:
        lifted = dict.fromkeys(fresh, _lifted(old, mine.verbs))
        mine = ObjectStanding(mine.verbs, {**lifted, **mine.levels})
    _compare_levels(found, described, (mine, theirs), (_lifted(old), _lifted(new)), who, fresh)


def _marked(values: frozenset[str]) -> frozenset[Leg]:
    return frozenset((str(value), ANYBODY) for value in values)


def _as_any_data(standing: Standing, described: NamedObject) -> ObjectStanding:
    """What any-data operations give on an object that was not there yet."""
    verbs = {
        verb: frozenset({EVERY_RECORD} if verb is not Verb.CREATE else ())
        for verb in standing.any_data
        if verb in (Verb.READ, Verb.CREATE) or Verb.READ in standing.any_data
    }
    return ObjectStanding(verbs, dict.fromkeys(described.columns, _lifted(standing, verbs)))


def _lifted(standing: Standing, verbs: Collection[Verb] = tuple(Verb)) -> ColumnLevel:
    """What any-data operations give on a column that was not there yet. verbs: held on its object.

    Who may not create there at all has nothing to gain by what could be given on create.
    """
    if {Verb.READ, Verb.UPDATE, *({Verb.CREATE} & set(verbs))} <= standing.any_data:
        return ColumnLevel.EDIT
    return ColumnLevel.READ if Verb.READ in standing.any_data else ColumnLevel.NONE


def _compare_verbs(
    found: Found,
    described: NamedObject,
    pair: tuple[ObjectStanding, ObjectStanding],
    said: frozenset[Verb],
    who: set[UnitId],
    named: Callable[[UnitId], str],
) -> None:
    """said: verbs whose any-data operation came or went, which says it for every object."""
    old, new = pair
    for verb in Verb:
        if verb in said:
            continue
        one, two = old.verbs.get(verb), new.verbs.get(verb)
        about = {"object": described.code, "verb": verb.value}
        read = (_read(old), _read(new)) if verb is Verb.READ else ((), ())

        def words(leg: Leg, verb: Verb = verb) -> str:
            return f"{verb.value} {described.code}: {_leg(leg, named)}"

        if one is None and two is not None:
            add(found.gained, _whole(verb, described, two, named), who, read[1], **about)
        elif two is None and one is not None:
            add(found.lost, _whole(verb, described, one, named), who, read[0], **about)
        elif one is not None and two is not None:
            found.sets(one, two, who, words, read, **about)
            _compare_denied(found, described, (old, new), verb, who, named)


def _read(standing: ObjectStanding) -> Collection[UUID]:
    """Columns whose values are shown on each record that is read."""
    return [column for column, level in standing.levels.items() if level >= ColumnLevel.READ]


def _whole(verb: Verb, described: NamedObject, legs: frozenset[Leg], named: Callable[[UnitId], str]) -> str:
    reached = "; ".join(sorted(_leg(leg, named) for leg in legs)) or "none yet"
    return f"create {described.code}" if verb is Verb.CREATE else f"{verb.value} {described.code}: {reached}"


def _leg(leg: Leg, named: Callable[[UnitId], str]) -> str:
    way, unit = leg
    return way if unit == ANYBODY else f"{way} {named(unit)}"


def _compare_levels(
    found: Found,
    described: NamedObject,
    pair: tuple[ObjectStanding, ObjectStanding],
    lifted: tuple[ColumnLevel, ColumnLevel],
    who: set[UnitId],
    fresh: frozenset[UUID],
) -> None:
    """Levels of columns, but where any-data operations that came or went say it.

    fresh: columns that were not there yet, so that nobody can have lost anything about them.
    """
    old, new = pair
    for column in old.levels.keys() | new.levels.keys():
        one, two = (s.levels.get(column, ColumnLevel.NONE) for s in (old, new))
        if not old.verbs or not new.verbs:  # the object came or went: what the level is worth there
            one, two = min(one, _worth(old)), min(two, _worth(new))
        if one == two or (two < one and column in fresh):
            continue
        if lifted[0] != lifted[1] and max(one, two) <= max(lifted):
            continue
        code = described.columns.get(column, str(column))
        what = f"{described.code}.{code}: {one.name.lower()} -> {two.name.lower()}"
        into = found.gained if two > one else found.lost
        add(into, what, who, object=described.code, column=code)


def _worth(standing: ObjectStanding) -> ColumnLevel:
    """The highest level that means anything with these verbs."""
    if standing.verbs.keys() & {Verb.CREATE, Verb.UPDATE}:
        return ColumnLevel.EDIT
    return ColumnLevel.READ if standing.verbs else ColumnLevel.NONE


def _compare_denied(
    found: Found,
    described: NamedObject,
    pair: tuple[ObjectStanding, ObjectStanding],
    verb: Verb,
    who: set[UnitId],
    named: Callable[[UnitId], str],
) -> None:
    """Where a verb is denied, and no longer."""
    old, new = (standing.denied.get(verb, frozenset()) for standing in pair)
    what = f"{verb.value} {described.code}: what is denied, "
    about = {"object": described.code, "verb": verb.value}
    read = (_read(pair[0]), _read(pair[1])) if verb is Verb.READ else ((), ())
    # what is denied no longer is gained, with what is read now
    found.sets(new, old, who, lambda leg: what + _leg(leg, named), read, **about)

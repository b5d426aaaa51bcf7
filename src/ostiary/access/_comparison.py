"""Two snapshots of a tenant's rights compared: who gained and who lost what, in words."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from ostiary.access._snapshot import (
    ANYBODY,
    EVERY_RECORD,
    Leg,
    Listed,
    NamedObject,
    ObjectStanding,
    Snapshot,
    Standing,
)
from ostiary.access.core import ColumnLevel, Verb
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId

NAMED = 3  # people named in a line before the others are counted
_NOTHING = Standing(frozenset(), frozenset(), frozenset(), frozenset(), {})
_NO_OBJECT = ObjectStanding({}, {})


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that some gained or lost.

    who: people, by id. roles: captions of those that all of them have. vacant: captions of roles that nobody
    has, whose members would be concerned. None of both: it cannot be told whom it concerns. records: by how
    many records at most somebody reaches more or fewer, where that is counted; 0 where it is not.
    """

    what: str
    who: tuple[UnitId, ...]
    roles: tuple[str, ...] = ()
    vacant: tuple[str, ...] = ()
    records: int = 0


@dataclass(frozen=True, slots=True)
class AccessDiff:
    """What changed between two snapshots. Something gained is a widening."""

    gained: tuple[Change, ...] = ()
    lost: tuple[Change, ...] = ()

    @property
    def widens(self) -> bool:
        """Whether anybody may do more than before."""
        return bool(self.gained)


@dataclass(slots=True)
class _Found:
    """Changes while they are collected: who, by what."""

    gained: dict[str, set[UnitId]] = field(default_factory=dict)
    lost: dict[str, set[UnitId]] = field(default_factory=dict)
    records: Counter[str] = field(default_factory=Counter)

    def sets(
        self, before: frozenset[Leg], after: frozenset[Leg], who: set[UnitId], words: Callable[[Leg], str]
    ) -> None:
        """What is in one set only. Every record is all there is: beside it nothing is gained or lost."""
        for legs, others, into in ((after, before, self.gained), (before, after, self.lost)):
            for leg in legs - others:
                if not _is_covered(leg, others):
                    into.setdefault(words(leg), set()).update(who)


def _is_covered(leg: Leg, by: frozenset[Leg]) -> bool:
    """Whether some of these reach every record, or whatever lies under every master that the leg goes by."""
    above = leg[0].split(": ")[:-1]
    every, nobody = EVERY_RECORD
    return any((": ".join([*above[:depth], every]), nobody) in by for depth in range(len(above) + 1))


def compare(before: Snapshot, after: Snapshot) -> AccessDiff:
    """Who gained or lost what.

    What is new in `after` counts for whom it is open, unless an any-data operation, which they held before,
    says so for everything there will ever be. A role that is new and that nobody has counts for nobody.
    """
    found = _Found()
    words = {**before.roles, **after.roles}
    for (old, new), who in _pairs(before, after).items():
        _compare_standing(found, before, after, (old, new), who, words)
    for object_id, described in after.objects.items():
        if object_id in before.objects:
            _compare_records(found, described, before.records[object_id], after.records[object_id])
    _compare_single(found, "shared", before, after, before.shares, after.shares)
    _compare_single(found, "denied", before, after, after.denies, before.denies)
    kept = before.stored_sets.keys() & after.stored_sets.keys()
    if after.stored_sets_changed > before.stored_sets_changed or any(
        before.stored_sets[label] != after.stored_sets[label] for label in kept
    ):
        found.gained.setdefault("reach records whose stored set was rewritten", set())
    return AccessDiff(
        _ordered(found.gained, after, found.records), _ordered(found.lost, before, found.records)
    )


class _Pair(tuple[Standing, Standing]):
    """Compared by identity: groups share one value."""

    __slots__ = ()

    def __hash__(self) -> int:
        return hash((id(self[0]), id(self[1])))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pair) and self[0] is other[0] and self[1] is other[1]


def _pairs(before: Snapshot, after: Snapshot) -> Mapping["_Pair", set[UnitId]]:
    """Units that moved from the one to the other together. Roles that nobody has count if they were there."""
    found: dict[_Pair, set[UnitId]] = {}
    for unit in before.standing.keys() | after.standing.keys():
        is_role = unit in before.roles or unit in after.roles
        if is_role and not (unit in before.standing and unit in after.standing):
            continue
        pair = _Pair((before.standing.get(unit, _NOTHING), after.standing.get(unit, _NOTHING)))
        found.setdefault(pair, set()).add(unit)
    return found


def _compare_standing(
    found: _Found,
    before: Snapshot,
    after: Snapshot,
    pair: tuple[Standing, Standing],
    who: set[UnitId],
    names: Mapping[UnitId, str],
) -> None:
    old, new = pair

    def named(unit: UnitId) -> str:
        return names.get(unit, f"unit {unit}")

    found.sets(_marked(old.operations), _marked(new.operations), who, lambda o: f"execute {o[0]}")
    found.sets(
        frozenset(("role", unit) for unit in old.units),
        frozenset(("role", unit) for unit in new.units),
        who,
        lambda leg: f"have what is given to {named(leg[1])}",
    )
    heads = before.heads | after.heads
    for unit in sorted((new.reporting - old.reporting) & heads):
        found.gained.setdefault(f"have their records reached by the managers of {named(unit)}", set()).update(
            who
        )
    for unit in sorted((old.reporting - new.reporting) & heads):
        found.lost.setdefault(f"have their records reached by the managers of {named(unit)}", set()).update(
            who
        )
    for object_id in old.objects.keys() | new.objects.keys():
        described = after.objects.get(object_id) or before.objects[object_id]
        mine, theirs = old.objects.get(object_id, _NO_OBJECT), new.objects.get(object_id, _NO_OBJECT)
        if object_id not in before.objects:
            mine = _as_any_data(old, described)
        _compare_verbs(found, described, (mine, theirs), (old.any_data ^ new.any_data), who, named)
        _count_records(found, (before, after), object_id, (mine, theirs), described.code)
        known = before.objects.get(object_id)
        fresh = frozenset(described.columns.keys() - (known.columns.keys() if known else ()))
        if object_id in before.objects and mine.verbs:
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
    found: _Found,
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

        def words(leg: Leg, verb: Verb = verb) -> str:
            return f"{verb.value} {described.code}: {_leg(leg, named)}"

        if one is None and two is not None:
            found.gained.setdefault(_whole(verb, described, two, named), set()).update(who)
        elif two is None and one is not None:
            found.lost.setdefault(_whole(verb, described, one, named), set()).update(who)
        elif one is not None and two is not None:
            found.sets(one, two, who, words)
            _compare_denied(found, f"{verb.value} {described.code}", (old, new), verb, who, named)


def _count_records(
    found: _Found,
    moments: tuple[Snapshot, Snapshot],
    object_id: UUID,
    pair: tuple[ObjectStanding, ObjectStanding],
    code: str,
) -> None:
    """By how many records a verb reaches more or fewer now; the most of all groups is told."""
    for verb in (Verb.READ, Verb.UPDATE, Verb.DELETE):
        if pair[0].verbs.get(verb) == pair[1].verbs.get(verb):
            continue
        counts = [
            moment.sight.count(standing.rules.get(verb), listed.rows if listed else None)
            for moment, standing, listed in zip(
                moments, pair, (m.records.get(object_id) for m in moments), strict=True
            )
        ]
        if counts[0] is not None and counts[1] is not None:
            what = f"{verb.value} {code}: "
            found.records[what] = max(found.records[what], abs(counts[1] - counts[0]))


def _whole(verb: Verb, described: NamedObject, legs: frozenset[Leg], named: Callable[[UnitId], str]) -> str:
    reached = "; ".join(sorted(_leg(leg, named) for leg in legs)) or "none yet"
    return f"create {described.code}" if verb is Verb.CREATE else f"{verb.value} {described.code}: {reached}"


def _leg(leg: Leg, named: Callable[[UnitId], str]) -> str:
    way, unit = leg
    return way if unit == ANYBODY else f"{way} {named(unit)}"


def _compare_levels(
    found: _Found,
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
        (found.gained if two > one else found.lost).setdefault(what, set()).update(who)


def _worth(standing: ObjectStanding) -> ColumnLevel:
    """The highest level that means anything with these verbs."""
    if standing.verbs.keys() & {Verb.CREATE, Verb.UPDATE}:
        return ColumnLevel.EDIT
    return ColumnLevel.READ if standing.verbs else ColumnLevel.NONE


def _compare_records(found: _Found, described: NamedObject, before: Listed, after: Listed) -> None:
    """Whose records they are: only where this transaction wrote, since others write meanwhile."""
    written = after.written - before.written
    if written <= 0:
        return
    if before.rows is None or after.rows is None:
        what = f"{described.code}: {written} records were written, and there are too many to compare"
        found.gained.setdefault(what, set())
        return
    one, two = before.rows, after.rows
    for place, role in enumerate(("author", "owner")):
        what = f"be the {role} of records of {described.code}:"
        _compare_counts(found, what, _by(one, place), _by(two, place))
    if moved := sum((_by(two, 2) - _by(one, 2)).values()):
        found.gained.setdefault(f"{described.code}: {moved} records carry another stored set", set())


def _by(rows: Mapping[tuple[object, ...], int], place: int) -> Counter[object]:
    counts: Counter[object] = Counter()
    for key, number in rows.items():
        counts[key[place]] += number
    return counts


def _compare_counts(found: _Found, what: str, before: Counter[object], after: Counter[object]) -> None:
    for one, other, into in ((before, after, found.gained), (after, before, found.lost)):
        for unit, more in (other - one).items():
            if isinstance(unit, UUID):
                into.setdefault(f"{what} {more} more", set()).add(UnitId(unit))


def _compare_denied(
    found: _Found,
    what: str,
    pair: tuple[ObjectStanding, ObjectStanding],
    verb: Verb,
    who: set[UnitId],
    named: Callable[[UnitId], str],
) -> None:
    """What is denied no longer is gained."""
    old, new = (standing.denied.get(verb, frozenset()) for standing in pair)
    found.sets(new, old, who, lambda leg: f"{what}: what is denied, {_leg(leg, named)}")


def _compare_single(
    found: _Found, how: str, before: Snapshot, after: Snapshot, less: Listed, more: Listed
) -> None:
    """Rows about single records. What is in `more` alone is gained: shares that came, denies that went."""
    if less.written == more.written:
        return
    one, two = less.rows, more.rows
    if one is None or two is None:
        found.gained.setdefault(f"{how} records were written, and there are too many to compare", set())
        return
    codes = {str(o.id): o.code for o in (*before.objects.values(), *after.objects.values())}
    for rows, into in ((two.keys() - one.keys(), found.gained), (one.keys() - two.keys(), found.lost)):
        counts = Counter((r[0], r[1], r[2]) for r in rows)
        for (object_id, unit, letter), number in counts.items():
            verb = next(v.value for v in Verb if v.letter == letter)
            what = f"{verb} {number} {how} records of {codes.get(str(object_id), str(object_id))}"
            into.setdefault(what, set()).add(UnitId(UUID(str(unit))))


def _ordered(
    found: Mapping[str, set[UnitId]], moment: Snapshot, records: Mapping[str, int]
) -> tuple[Change, ...]:
    changes = []
    for what, who in sorted(found.items()):
        people = who - moment.roles.keys()
        vacant = sorted(moment.roles[unit] for unit in who - people)
        counted = records.get(what.partition(": ")[0] + ": ", 0)
        changes.append(Change(what, tuple(sorted(people)), _common(people, moment), tuple(vacant), counted))
    return tuple(changes)


def _common(who: set[UnitId], moment: Snapshot) -> tuple[str, ...]:
    """Captions of the roles that all of them have."""
    if not who:
        return ()
    sets = {id(s): s.units for s in (moment.standing.get(unit, _NOTHING) for unit in who)}
    common = frozenset.intersection(*sets.values())
    return tuple(sorted(moment.roles[unit] for unit in common))


def diff_lines(ctx: Context, diff: AccessDiff) -> Iterator[str]:
    """The comparison for people: `+` what was gained, `-` what was lost, and by whom."""
    named = [u for change in (*diff.gained, *diff.lost) for u in change.who[:NAMED]]
    names = identity.names_of(ctx, sorted(set(named)))
    for mark, changes in (("+", diff.gained), ("-", diff.lost)):
        for change in changes:
            counted = f" (up to {change.records} records)" if change.records else ""
            yield f"{mark} {change.what}{counted} -- {_concerned(change, names)}"


def _concerned(change: Change, names: Mapping[UnitId, str]) -> str:
    said = []
    if change.who:
        shown = [names.get(unit, str(unit)) for unit in change.who[:NAMED]]
        more = len(change.who) - len(shown)
        people = ", ".join(shown) + (f" and {more} more" if more else "")
        said.append(f"{people} ({', '.join(change.roles)})" if change.roles else people)
    if change.vacant:
        said.append(f"whoever gets {' or '.join(change.vacant)}")
    return "; ".join(said) or "whom it concerns is not known"

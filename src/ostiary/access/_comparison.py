"""Two snapshots of a tenant's rights compared: who gained and who lost what, in words."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from ostiary.access._concerned import Concerned
from ostiary.access._snapshot import Listed, Snapshot
from ostiary.access._standing import Basis, NamedObject, Standing
from ostiary.access._standing_changes import Found, Line, Lines, Pair, add, compare_standing
from ostiary.access._visible import Counted, Sight
from ostiary.access.core import Verb
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId

NAMED = 3  # people named in a line before the others are counted
_NOTHING = Standing(frozenset(), frozenset(), frozenset(), frozenset(), {})
_NOT_COUNTED = Counted(0, 0)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that some gained or lost.

    who: people, by id. roles: captions of those that all of them have. vacant: captions of roles that nobody
    has, whose members would be concerned. None of both: it cannot be told whom it concerns. object, column,
    verb: codes of what it is about, where it is about one. records: how many records more or fewer one of
    them reaches at most, beside those of their own, 0 where that is not counted; margin: by how many it may
    be off with a confidence of 95 %, 0 for an exact number; counted: of how many of the people. fields: codes
    of the columns that some of them read there, of a line about reading an object.
    """

    what: str
    who: tuple[UnitId, ...]
    roles: tuple[str, ...] = ()
    vacant: tuple[str, ...] = ()
    object: str = ""
    column: str = ""
    verb: str = ""
    records: int = 0
    margin: int = 0
    counted: int = 0
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessDiff:
    """What changed between two snapshots. Something gained is a widening.

    groups: of people alike, how many were compared out of those that the change may concern.
    """

    gained: tuple[Change, ...] = ()
    lost: tuple[Change, ...] = ()
    groups: tuple[int, int] = (0, 0)

    @property
    def widens(self) -> bool:
        """Whether anybody may do more than before."""
        return bool(self.gained)

    @property
    def exact(self) -> bool:
        """Whether everybody was compared, and every number of records is exact for all it is told of."""
        changes = [c for c in (*self.gained, *self.lost) if c.records or c.margin]
        return self.groups[0] == self.groups[1] and all(
            not c.margin and c.counted in (0, len(c.who)) for c in changes
        )


def compare(
    before: Snapshot, after: Snapshot, sight: Sight | None = None, *, most: int | None = None
) -> AccessDiff:
    """Who gained or lost what.

    What is new in `after` counts for whom it is open, unless an any-data operation, which they held before,
    says so for everything there will ever be. A role that is new and that nobody has counts for nobody.
    sight: counts the records, in the transaction that `after` is of; without it they are not counted.
    most: how many objects of groups are compared at all; of more, groups are drawn at random.
    """
    found = Found()
    names = {**before.roles, **after.roles}
    concerned, groups = _groups_to_compare(before, after, most)
    for bases, who, objects in concerned:
        old, new = (_NOTHING if basis is None else basis.standing for basis in bases)
        compare_standing(found, Pair(before, after, old, new, objects, names), who)
    for object_id in before.records.keys() & after.records.keys():
        described = after.objects[object_id]
        _compare_records(found, described, before.records[object_id], after.records[object_id])
    _compare_single(found, "shared", before, after, before.shares, after.shares)
    _compare_single(found, "denied", before, after, after.denies, before.denies)
    kept = before.stored_sets.keys() & after.stored_sets.keys()
    if after.stored_sets_changed > before.stored_sets_changed or any(
        before.stored_sets[label] != after.stored_sets[label] for label in kept
    ):
        add(found.gained, "reach records whose stored set was rewritten", ())
    counted = {} if sight is None else sight.count(before, after, found.reached)
    return AccessDiff(
        _ordered(found.gained, after, {key: each[0] for key, each in counted.items()}),
        _ordered(found.lost, before, {key: each[1] for key, each in counted.items()}),
        (len(concerned), groups),
    )


_Group = tuple["_Bases", set[UnitId], frozenset[UUID]]


def _groups_to_compare(before: Snapshot, after: Snapshot, most: int | None) -> tuple[list[_Group], int]:
    """The groups to compare, with the objects to compare for each, and how many there would be."""
    concerned = Concerned(before, after)
    found: list[_Group] = []
    for bases, who in _pairs(before, after).items():
        objects = concerned.objects(*bases)
        if objects is not None:
            found.append((bases, who, objects))
    cost = sum(len(objects) + 1 for _, _, objects in found)
    if most is None or cost <= most:
        return found, len(found)
    draw = random.Random(before.policy.epoch)  # noqa: S311  a sample, and the same one when asked again
    drawn = draw.sample(found, max(1, len(found) * most // cost))
    return drawn, len(found)


class _Bases(tuple[Basis | None, Basis | None]):
    """Compared by identity: the members of a group share one."""

    __slots__ = ()

    def __hash__(self) -> int:
        return hash((id(self[0]), id(self[1])))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Bases) and self[0] is other[0] and self[1] is other[1]


def _pairs(before: Snapshot, after: Snapshot) -> Mapping[_Bases, set[UnitId]]:
    """Units that moved from the one to the other together. Roles that nobody has count if they were there."""
    found: dict[_Bases, set[UnitId]] = {}
    for unit in before.bases.keys() | after.bases.keys():
        is_role = unit in before.roles or unit in after.roles
        if is_role and not (unit in before.bases and unit in after.bases):
            continue
        found.setdefault(_Bases((before.bases.get(unit), after.bases.get(unit))), set()).add(unit)
    return found


def _compare_records(found: Found, described: NamedObject, before: Listed, after: Listed) -> None:
    """Whose records they are: only where this transaction wrote, since others write meanwhile."""
    written = after.written - before.written
    if written <= 0:
        return
    if before.rows is None or after.rows is None:
        what = f"{described.code}: {written} records were written, and there are too many to compare"
        add(found.gained, what, (), object=described.code)
        return
    one, two = before.rows, after.rows
    for place, role in enumerate(("author", "owner")):
        what = f"be the {role} of records of {described.code}:"
        _compare_counts(found, what, _by(one, place), _by(two, place))
    if moved := sum((_by(two, 2) - _by(one, 2)).values()):
        add(found.gained, f"{described.code}: {moved} records carry another stored set", ())


def _by(rows: Mapping[tuple[object, ...], int], place: int) -> Counter[object]:
    counts: Counter[object] = Counter()
    for key, number in rows.items():
        counts[key[place]] += number
    return counts


def _compare_counts(found: Found, what: str, before: Counter[object], after: Counter[object]) -> None:
    for one, other, into in ((before, after, found.gained), (after, before, found.lost)):
        for unit, more in (other - one).items():
            if isinstance(unit, UUID):
                add(into, f"{what} {more} more", (UnitId(unit),))


def _compare_single(
    found: Found, how: str, before: Snapshot, after: Snapshot, less: Listed, more: Listed
) -> None:
    """Rows about single records. What is in `more` alone is gained: shares that came, denies that went."""
    if less.written == more.written:
        return
    one, two = less.rows, more.rows
    if one is None or two is None:
        add(found.gained, f"{how} records were written, and there are too many to compare", ())
        return
    codes = {str(o.id): o.code for o in (*before.objects.values(), *after.objects.values())}
    for rows, into in ((two.keys() - one.keys(), found.gained), (one.keys() - two.keys(), found.lost)):
        counts = Counter((r[0], r[1], r[2]) for r in rows)
        for (object_id, unit, letter), number in counts.items():
            verb = next(v.value for v in Verb if v.letter == letter)
            what = f"{verb} {number} {how} records of {codes.get(str(object_id), str(object_id))}"
            add(into, what, (UnitId(UUID(str(unit))),))


def _ordered(
    lines: Lines, moment: Snapshot, records: Mapping[tuple[str, str], Counted]
) -> tuple[Change, ...]:
    return tuple(_change(what, line, moment, records) for what, line in sorted(lines.items()))


def _change(what: str, line: Line, moment: Snapshot, records: Mapping[tuple[str, str], Counted]) -> Change:
    people = line.who - moment.roles.keys()
    vacant = sorted(moment.roles[unit] for unit in line.who - people)
    counted = records.get((line.object, line.verb), _NOT_COUNTED)
    return Change(
        what,
        tuple(sorted(people)),
        _common(people, moment),
        tuple(vacant),
        line.object,
        line.column,
        line.verb,
        counted.records,
        counted.margin,
        min(counted.people, len(people)),
        _codes(line, moment),
    )


def _codes(line: Line, moment: Snapshot) -> tuple[str, ...]:
    described = next((o for o in moment.objects.values() if line.fields and o.code == line.object), None)
    return () if described is None else tuple(sorted(described.columns[c] for c in line.fields))


def _common(who: set[UnitId], moment: Snapshot) -> tuple[str, ...]:
    """Captions of the roles that all of them have."""
    if not who:
        return ()
    bases = {id(b): b for b in (moment.bases.get(unit) for unit in who)}
    sets = [frozenset[UnitId]() if b is None else b.rights.sources.roles for b in bases.values()]
    common = frozenset.intersection(*sets)
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

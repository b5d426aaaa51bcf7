"""Groups of records that are taken for the same, among all that one person may read: one statement a rule.

Equal keys are grouped by the database. Names that are like each other are first put together where they share
the beginning of a rare word, and what else the rule asks for; then their trigrams are compared.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from ostiary.kernel.context import Context
from ostiary.kernel.ports import Row
from ostiary.kernel.tables import has_table
from ostiary.kernel.words import blanked
from ostiary.objects import public as objects
from ostiary.records._columns import Bound
from ostiary.records._duplicate_rules import DuplicateRule, How, rules_in_effect
from ostiary.records._duplicates import NOT_DUPLICATE, readable_rules
from ostiary.records._likeness import (
    BEGINNING,
    SHORTEST_WORD,
    cast_of,
    is_like,
    key_sql,
    said_sql,
    trigrams,
)
from ostiary.records._read import readable_view
from ostiary.records._statement import make_statement
from ostiary.records._view import Stale, View, decided

MOST_GROUPS = 1_000  # of one search
MOST_TOGETHER = 20  # records of one group that are shown
COMMON = 50  # a beginning that more records share, all else being equal, leads to no candidates
MOST_PAIRS = 500_000
Pair = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Alike:
    """Records that are taken for the same, the oldest first. columns: stored names of those that agree."""

    records: tuple[UUID, ...]
    columns: tuple[str, ...]


def find_groups(ctx: Context, object_code: str) -> tuple[list[Alike], bool]:
    """The groups that the principal may see, those in which most agrees first; whether there are more.

    Raises: NotFound, AccessDenied: layer 2.
    """
    return decided(ctx, lambda: _find(ctx, object_code))


def _find(ctx: Context, code: str) -> tuple[list[Alike], bool]:
    view = readable_view(ctx, code)
    apart = pairs_apart(ctx, view.object)
    found: dict[tuple[UUID, ...], set[str]] = {}
    for rule in readable_rules(view, rules_in_effect(ctx, view.object)):
        likes = any(part.how is How.SIMILAR for part in rule.parts)
        for records in (_like if likes else _equal)(ctx, view, rule):
            kept = without_apart(records, apart)
            if kept:
                found.setdefault(kept, set()).update(part.column for part in rule.parts)
    order = sorted(found.items(), key=lambda each: (-len(each[1]), len(each[0]), each[0]))
    groups = [Alike(records, tuple(sorted(columns))) for records, columns in order]
    return groups[:MOST_GROUPS], len(groups) > MOST_GROUPS


def pairs_apart(ctx: Context, made: objects.Object) -> frozenset[Pair]:
    """The pairs of an object that somebody said are not the same, the lesser id first."""
    if not has_table(ctx.db, NOT_DUPLICATE):
        return frozenset()
    rows = ctx.db.rows("select low, high from @.records_not_duplicate where object = %(o)s", {"o": made.id})
    return frozenset((low, high) for low, high in rows)


def without_apart(records: Iterable[UUID], apart: frozenset[Pair]) -> tuple[UUID, ...]:
    """Those of some records that may still be the same as another of them."""
    known = tuple(records)
    if not apart:
        return known
    return tuple(a for a in known if any(a != b and (min(a, b), max(a, b)) not in apart for b in known))


def _equal(ctx: Context, view: View, rule: DuplicateRule) -> Iterator[tuple[UUID, ...]]:
    bound = Bound(ctx, view)
    columns = [_column(view, part.column) for part in rule.parts]
    keys = ", ".join(key_sql(column, "r") for column in columns)
    said = " and ".join(said_sql(column, "r") for column in columns)
    yield from (
        tuple(ids)
        for (ids,) in _rows(
            bound,
            "select (array_agg(r.id order by r.id))[1:{together}::int] as ids"
            f" from @.{view.object.table} r where {said} and {bound.row_test(view, 'r')}"
            f" group by {keys} having count(*) > 1 order by count(*), min(r.id::text) limit {{groups}}::int",
            {"together": MOST_TOGETHER, "groups": MOST_GROUPS + 1},
        )
    )


def _like(ctx: Context, view: View, rule: DuplicateRule) -> Iterator[tuple[UUID, ...]]:
    """Pairs whose names are like each other, put together as long as each leads to the next."""
    bound = Bound(ctx, view)
    names = [p.column for p in rule.parts if p.how is How.SIMILAR]
    named = _column(view, names[0])
    others = [_column(view, p.column) for p in rule.parts if p.how is How.SAME]
    said = " and ".join(said_sql(column, "r") for column in (named, *others))
    keys = ", ".join(f"{key_sql(c, 'r')}::{cast_of(c)} as e{n}" for n, c in enumerate(others))
    by = ", ".join(["b", *(f"e{n}" for n in range(len(others)))])
    text = key_sql(named, "r")
    rows = _rows(
        bound,
        f"with k as materialized (select distinct r.id, {text} as s, left(w.word, {BEGINNING}) as b"
        f"{', ' * bool(keys)}{keys} from @.{view.object.table} r"
        f" cross join lateral unnest(string_to_array({blanked(text)}, ' ')) w(word)"
        f" where length(w.word) >= {SHORTEST_WORD} and {said} and {bound.row_test(view, 'r')}),"
        f" f as (select {by} from k group by {by} having count(*) between 2 and {{common}})"
        f" select distinct x.id as one, y.id as other, x.s as name, y.s as near from f join k x using ({by})"
        f" join k y using ({by}) where x.id < y.id limit {{pairs}}::int",
        {"common": COMMON, "pairs": MOST_PAIRS},
    )
    yield from _together(_alike_pairs(rows))


def _alike_pairs(rows: Iterable[tuple[UUID, UUID, str, str]]) -> Iterator[Pair]:
    known: dict[str, frozenset[str]] = {}
    for one, other, name, near in rows:
        for text in (name, near):
            if text not in known:
                known[text] = trigrams(text)
        if is_like(known[name], known[near]):
            yield one, other


def _together(pairs: Iterable[Pair]) -> Iterator[tuple[UUID, ...]]:
    above: dict[UUID, UUID] = {}

    def top(each: UUID) -> UUID:
        while above.setdefault(each, each) != each:
            above[each] = above[above[each]]
            each = above[each]
        return each

    for one, other in pairs:
        low, high = sorted((top(one), top(other)))
        above[high] = low
    groups: dict[UUID, list[UUID]] = {}
    for each in sorted(above):
        groups.setdefault(top(each), []).append(each)
    yield from (tuple(group[:MOST_TOGETHER]) for group in groups.values())


def _rows(bound: Bound, text: str, values: Mapping[str, object]) -> list[Row]:
    """The rows of a statement that is run once, at the epoch of the rights that it was made from."""
    asked = f"select e.epoch, q.* from (select {bound.epoch()} as epoch) e left join ({text}) q on true"
    statement = make_statement(bound.ctx.db.schema, asked, keep=False)
    rows = statement.run(bound.ctx, {**bound.values, **values})
    if rows[0][0] != bound.view.rights.epoch:
        raise Stale
    return [tuple(row[1:]) for row in rows if row[1] is not None]


def _column(view: View, name: str) -> objects.Column:
    return next(column for column in view.readable.values() if column.name == name)

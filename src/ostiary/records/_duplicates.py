"""Records that may be the same as what somebody is about to write, found by the rules of the object.

Under the reader's rights: a rule that names a column which they may not read is none for them, and of records
that they may not read nothing is said, not even that there are some.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.ids import RecordId
from ostiary.kernel.tables import has_table
from ostiary.objects import public as objects
from ostiary.records._columns import Bound, stored
from ostiary.records._duplicate_rules import DuplicateRule, How, Rules, rules_in_effect
from ostiary.records._errors import LooksLike
from ostiary.records._kept import kept
from ostiary.records._likeness import (
    all_words,
    cast_of,
    has_words,
    is_like,
    key_of,
    key_sql,
    near_words,
    trigrams,
    words_test,
)
from ostiary.records._plans import Compiled, highest_class
from ostiary.records._read import get_record, readable_view, record_read
from ostiary.records._statement import make_statement
from ostiary.records._view import Stale, View, decided, view_of

MOST_CANDIDATES = 5
GATHERED = 200  # that share the beginning of a word, before they are compared
NOT_DUPLICATE = "records_not_duplicate"
_SENT = "records.record.searched"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that may be the same. by: captions of the columns that agree."""

    id: RecordId
    name: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the statement is asked for one rule: places of the rows, and a list for each slot."""

    places: Sequence[int]
    lists: Mapping[str, Sequence[str]]


Found = dict[RecordId, tuple[str, set[str]]]


def find_duplicates(
    ctx: Context,
    object_code: str,
    rows: Sequence[Mapping[str, object]],
    *,
    apart: UUID | None = None,
    touched: frozenset[str] | None = None,
) -> list[tuple[Candidate, ...]]:
    """For each of some rows of values, by code, the readable records that may be the same; at most 5 of each.

    apart: the record that the values are of; what was said to be none of its duplicates is left out. touched:
    only by rules that name one of these columns. Raises NotFound: no such object.
    """
    found, data_class = decided(ctx, lambda: _find(ctx, object_code, rows, apart, touched))
    view = view_of(ctx, object_code)
    if data_class is not None:
        ids = sorted({str(candidate.id) for each in found for candidate in each})
        record_read(ctx, data_class, _SENT, None, None, {"ids": {view.object.code: ids}})
    return found


def ensure_new(ctx: Context, object_code: str, values: Mapping[str, object]) -> None:
    """Raises LooksLike: readable records may be the same as a new one with these values. NotFound."""
    found = find_duplicates(ctx, object_code, [values])[0]
    if found:
        raise LooksLike([{"id": str(each.id), "name": each.name, "by": list(each.by)} for each in found])


def duplicates_after(
    ctx: Context, object_code: str, record_id: UUID, changes: Mapping[str, object]
) -> tuple[Candidate, ...]:
    """The readable records that may be the same as one, once it holds other values; by what changes alone.

    Raises: NotFound: absent or hidden. AccessDenied: layer 2.
    """
    view = readable_view(ctx, object_code)
    names = {c.name for c in view.object.columns.values() if c.code in changes}
    rules = readable_rules(view, rules_in_effect(ctx, view.object))
    if not any(part.column in names for rule in rules for part in rule.parts):
        return ()
    held = get_record(ctx, object_code, record_id).data
    touched = frozenset(changes)
    return find_duplicates(ctx, object_code, [{**held, **changes}], apart=record_id, touched=touched)[0]


def readable_rules(view: View, rules: Rules) -> Rules:
    """The rules of which the reader may read every column."""
    readable = {column.name for column in view.readable.values()}
    return tuple(rule for rule in rules if all(part.column in readable for part in rule.parts))


def _find(
    ctx: Context,
    code: str,
    rows: Sequence[Mapping[str, object]],
    apart: UUID | None,
    touched: frozenset[str] | None,
) -> tuple[list[tuple[Candidate, ...]], objects.DataClass | None]:
    view = view_of(ctx, code)
    columns = {column.name: column for column in view.object.columns.values()}
    readable = view.may(access.Verb.READ)
    rules = readable_rules(view, rules_in_effect(ctx, view.object)) if readable else ()
    if touched is not None:
        names = {c.name for c in columns.values() if c.code in touched}
        rules = tuple(rule for rule in rules if any(part.column in names for part in rule.parts))
    asked = [_asked(columns, rule, rows) for rule in rules]
    if not any(each.places for each in asked):
        return [() for _ in rows], None
    compiled = kept(view, ("duplicates", rules), Compiled, lambda: _compile(ctx, view, rules))
    data = _run(ctx, view, compiled, asked, apart)
    found = _gathered(columns, rules, rows, data)
    for known in _said_apart(ctx, view.object, apart):
        found[0].pop(known, None)
    return [_candidates(view, each) for each in found], compiled.data_class


def _asked(
    columns: Mapping[str, objects.Column], rule: DuplicateRule, rows: Sequence[Mapping[str, object]]
) -> _Asked:
    places: list[int] = []
    lists: dict[str, list[str]] = {}
    for place, row in enumerate(rows):
        slots = _slots(columns, rule, row)
        if slots is not None:
            places.append(place)
            for name, value in slots.items():
                lists.setdefault(name, []).append(value)
    return _Asked(places, lists)


def _slots(
    columns: Mapping[str, objects.Column], rule: DuplicateRule, row: Mapping[str, object]
) -> dict[str, str] | None:
    """What one row is looked for by; None: the rule says nothing of it."""
    slots = {}
    for number, part in enumerate(rule.parts):
        column = columns[part.column]
        key = key_of(column, row.get(column.code))
        if key is None:
            return None
        words = near_words(key) if part.how is How.SIMILAR else all_words(key)
        if not words:
            return None
        slots[f"k{number}"], slots[f"w{number}"] = key, words
    return slots


def _compile(ctx: Context, view: View, rules: Rules) -> Compiled:
    bound = Bound(ctx, view)
    parts = [_rule_sql(bound, view, number, rule) for number, rule in enumerate(rules)]
    text = (
        f"with m as materialized ({' union all '.join(parts)}) select {bound.epoch()},"
        " (select coalesce(json_agg(json_build_array(m.n, m.id, m.rule, m.shown, m.near)), '[]')::text"
        " from m)"
    )
    data_class = highest_class(bound.touched)
    return Compiled(make_statement(ctx.db.schema, text), bound.values, (), data_class=data_class)


def _rule_sql(bound: Bound, view: View, number: int, rule: DuplicateRule) -> str:
    """Rows of the statement for one rule: for each row asked about the first readable ones that agree."""
    columns = {column.name: column for column in view.readable.values()}
    named = view.object.columns[view.object.display]
    shown = f"r.{stored(named)}::text" if named.code in view.readable else "null"
    if named.code in view.readable:
        bound.touched.append(named)
    tests, names, near = [], ["n"], "null"
    for place, part in enumerate(rule.parts):
        column = columns[part.column]
        bound.touched.append(column)
        key, words = f"q.k{place}", f"q.w{place}"
        names += [f"k{place}", f"w{place}"]
        if part.how is How.SIMILAR:
            tests.append(words_test(column, "r", words))
            near = key_sql(column, "r")
            continue
        if has_words(view.object, column):
            tests.append(words_test(column, "r", words))
        tests.append(f"{key_sql(column, 'r')} = {key}::{cast_of(column)}")
    lists = ", ".join(f"{{D{number}_{name}}}::{'int' if name == 'n' else 'text'}[]" for name in names)
    test = " and ".join([*tests, bound.row_test(view, "r"), "r.id <> {apart}::uuid"])
    limit = "{limit}" if near == "null" else str(GATHERED)
    return (
        f"select q.n, x.id, {number} as rule, x.shown, x.near from unnest({lists}) q({', '.join(names)})"
        f" cross join lateral (select r.id, {shown} as shown, {near}::text as near"
        f" from @.{view.object.table} r where {test} limit {limit}) x"
    )


def _run(
    ctx: Context, view: View, compiled: Compiled, asked: Sequence[_Asked], apart: UUID | None
) -> list[tuple[int, str, int, str | None, str | None]]:
    values: dict[str, Any] = {
        **compiled.values,
        "limit": MOST_CANDIDATES + 1,
        "apart": apart or UUID(int=0),
    }
    for slot in compiled.statement.slots:
        number, _, name = slot.removeprefix("D").partition("_")
        if slot.startswith("D"):  # codes of objects, with which other slots begin, are in lower case
            each = asked[int(number)]
            values[slot] = list(each.places if name == "n" else each.lists.get(name, ()))
    epoch, text = compiled.statement.run(ctx, values)[0]
    if epoch != view.rights.epoch:
        raise Stale
    return [tuple(row) for row in orjson.loads(text)]


def _gathered(
    columns: Mapping[str, objects.Column],
    rules: Rules,
    rows: Sequence[Mapping[str, object]],
    data: Sequence[tuple[int, str, int, str | None, str | None]],
) -> list[Found]:
    """By row: what was found, with the columns that agree."""
    found: list[Found] = [{} for _ in rows]
    for place, id_, number, shown, near in data:
        rule = rules[number]
        if near is not None and not _near(columns, rule, rows[place], near):
            continue
        _, agreed = found[place].setdefault(RecordId(UUID(id_)), (shown or "", set()))
        agreed.update(part.column for part in rule.parts)
    return found


def _near(
    columns: Mapping[str, objects.Column], rule: DuplicateRule, row: Mapping[str, object], near: str
) -> bool:
    name = next(part.column for part in rule.parts if part.how is How.SIMILAR)
    return is_like(trigrams(key_of(columns[name], row.get(columns[name].code)) or ""), trigrams(near))


def _candidates(view: View, found: Found) -> tuple[Candidate, ...]:
    """Those in whom most agrees first."""
    best = sorted(found.items(), key=lambda each: (-len(each[1][1]), each[0]))
    captions = [(c.name, c.caption) for c in view.object.columns.values()]
    return tuple(
        Candidate(id_, shown, tuple(dict.fromkeys(caption for name, caption in captions if name in agreed)))
        for id_, (shown, agreed) in best[:MOST_CANDIDATES]
    )


def _said_apart(ctx: Context, made: objects.Object, apart: UUID | None) -> Iterator[RecordId]:
    """The records that were said to be no duplicates of one."""
    if apart is None or not has_table(ctx.db, NOT_DUPLICATE):
        return
    rows = ctx.db.rows(
        "select low, high from @.records_not_duplicate where object = %(o)s"
        " and (low = %(r)s or high = %(r)s)",
        {"o": made.id, "r": apart},
    )
    yield from (RecordId(high if low == apart else low) for low, high in rows)

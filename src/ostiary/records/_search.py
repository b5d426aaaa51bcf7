"""Search over objects: every word of the text, in columns that this reader may read, in records it may read.

One statement for all objects. Of each object at most `GATHERED` readable matches are gathered, by the word
indexes where they are rare, and the first of these in order are the answer (ADR 0029).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.messages import worded
from ostiary.kernel.words import words_of, words_query
from ostiary.objects import public as objects
from ostiary.records._columns import Bound, sort_column, stored
from ostiary.records._conditions import like_pattern
from ostiary.records._kept import kept
from ostiary.records._plans import Compiled, highest_class
from ostiary.records._read import readable_view, record_read
from ostiary.records._shape import sees_few
from ostiary.records._statement import make_statement
from ostiary.records._view import Stale, View, decided, view_of
from ostiary.records._visible import visible_parts

MAX_WORDS = 8
MAX_FOUND = 50  # of one object
MAX_TEXT = 200
GATHERED = 1_000
SHORTEST = 2  # characters that one word at least must have
KEPT_WORDS = 3  # up to here the plan is worth keeping on the server


@dataclass(frozen=True, slots=True)
class Hit:
    """One record. display: what it is called; None where the reader may not read that."""

    id: UUID
    display: str | None


@dataclass(frozen=True, slots=True)
class Hits:
    """The records found of one object. more: there are others."""

    object: str
    hits: tuple[Hit, ...]
    more: bool


def search_records(
    ctx: Context, text: str, codes: Sequence[str] | None = None, limit: int = 5
) -> tuple[Hits, ...]:
    """Readable records in which each word of `text` begins a word of a readable column that is searched.

    codes: the objects to search; None: every one that the reader may read, lists of values left out. Records
    whose name begins with the text come first, then by name. Objects without a match are left out.
    Raises: NotFound, AccessDenied: an object asked for by code. Invalid: nothing to search for, too much.
    """
    words = objects.split_words(text)
    _check(text, words, limit)
    found, data_class = decided(ctx, lambda: _found(ctx, objects.sort_key(text), words, codes, limit))
    facts = {hits.object: [str(hit.id) for hit in hits.hits] for hits in found}
    record_read(ctx, data_class, "records.record.searched", None, None, {"ids": facts})
    return found


def _check(text: str, words: tuple[str, ...], limit: int) -> None:
    problem = None
    if len(text) > MAX_TEXT or len(words) > MAX_WORDS:
        problem = FieldError("text", "too_long", worded("At most %(most)s words", most=MAX_WORDS))
    elif not any(len(word) >= SHORTEST for word in words):
        problem = FieldError(
            "text", "too_short", worded("Give a word of %(least)s characters or more", least=SHORTEST)
        )
    elif not 1 <= limit <= MAX_FOUND:
        problem = FieldError("limit", "out_of_range", f"limit is 1 to {MAX_FOUND}")
    if problem is not None:
        raise Invalid([problem])


def _found(
    ctx: Context, name: str, words: tuple[str, ...], codes: Sequence[str] | None, limit: int
) -> tuple[tuple[Hits, ...], objects.DataClass]:
    views = _searched(ctx, codes)
    if not views:
        return (), objects.DataClass.INTERNAL
    few = tuple(sees_few(ctx, view) for view in views)
    key = ("search", tuple(view.object.code for view in views), few, len(words))
    compiled = kept(views[0], key, Compiled, lambda: _compile(ctx, views, few, len(words)))
    values = {**compiled.values, "begins": f"{like_pattern(name)}%", "limit": limit + 1}
    for n, word in enumerate(words):
        values |= {f"w{n}": words_query(word), f"l{n}": f"%{like_pattern(word)}%"}
    row = compiled.statement.run(ctx, values)[0]
    if row[0] != views[0].rights.epoch:
        raise Stale
    found = (_hits(view, data, limit) for view, data in zip(views, row[1:], strict=True))
    return tuple(hits for hits in found if hits.hits), compiled.data_class


def _searched(ctx: Context, codes: Sequence[str] | None) -> list[View]:
    """The objects to search in, all at one epoch: asked for by code, or all that may be read."""
    if codes is not None:
        views = [readable_view(ctx, code) for code in dict.fromkeys(codes)]
    else:
        rights = access.rights_of(ctx)
        catalogue = objects.catalogue_at(ctx, rights.epoch)
        big = (o.code for o in catalogue.objects.values() if not o.is_lookup)
        views = [view for code in big if (view := view_of(ctx, code)).may(access.Verb.READ)]
    if any(view.rights is not views[0].rights for view in views):
        raise Stale
    return [view for view in views if _columns(view)]


def _columns(view: View) -> list[objects.Column]:
    """What is searched of an object for this reader; a column below read takes no part in anything."""
    found = {c.code: c for c in view.readable.values() if objects.is_searched(view.object, c)}
    return list(found.values())


def _compile(ctx: Context, views: list[View], few: tuple[bool, ...], words: int) -> Compiled:
    bound = Bound(ctx, views[0])
    parts = [bound.epoch()]
    for view, seen in zip(views, few, strict=True):
        columns = _columns(view)
        bound.touched += columns
        theirs = bound.object_view(view.object.code)
        where = " and ".join(_has_word(columns, n) for n in range(words))
        parts.append(_first(view, _matches(bound, theirs, where, few=seen)))
    return Compiled(
        make_statement(ctx.db.schema, f"select {', '.join(parts)}", keep=words <= KEPT_WORDS),
        bound.values,
        (),
        data_class=highest_class(bound.touched),
    )


def _has_word(columns: list[objects.Column], n: int) -> str:
    """A word of a column begins with word `n`. The first test spares the second where rows are walked."""
    tests = (
        f"(lower(r.{sort_column(c)}) like {{l{n}}}"
        f" and {words_of(f'r.{sort_column(c)}')} @@ {{w{n}}}::tsquery)"
        for c in columns
    )
    return f"({' or '.join(tests)})"


def _matches(bound: Bound, view: View, where: str, *, few: bool) -> str:
    """Readable matches, some of them if there are many: without an order, so that an index finds them."""
    if few:
        parts = visible_parts(bound, view, "r.*", where) or [
            f"select * from @.{view.object.table} where false"
        ]
        rows = " union all ".join(f"({part})" for part in parts)
    else:
        test = bound.row_test(view, "r")
        rows = f"select r.* from @.{view.object.table} r where {where} and {test}"
    return f"with m as materialized ({rows} limit {GATHERED})"


def _first(view: View, matches: str) -> str:
    """The first of the matches in order, as JSON: ids and names."""
    named = view.object.columns[view.object.display]
    shown, order = "null", "m.id"
    if named.code in view.readable:
        shown = f"m.{stored(named)}::text"
        key = f"m.{sort_column(named)}"
        order = f"(lower({key}::text) like {{begins}}) desc, {key}, m.id"
    return (
        f"({matches} select coalesce(json_agg(json_build_array(x.id, x.shown)), '[]')::text from"
        f" (select m.id, {shown} as shown from m order by {order} limit {{limit}}) x)"
    )


def _hits(view: View, data: str, limit: int) -> Hits:
    found = [Hit(UUID(identity), shown) for identity, shown in orjson.loads(data)]
    return Hits(view.object.code, tuple(found[:limit]), len(found) > limit)

"""Looking for people and service accounts: by words, kind, state and role, in order of name, page by page.

What fits many is read along the index of names; what fits few, by words or a role that few have, is gathered
first, at most `GATHERED`, and then put in order. A search gathers whose name begins with the text; only where
these are few, also who has its rarest word anywhere, as far as the other words are there too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product
from typing import Any
from uuid import UUID

from ostiary.identity._graph import UnitKind
from ostiary.kernel import words
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.ids import UnitId
from ostiary.kernel.messages import worded

GATHERED = 1_000
MOST_COUNTED = 10_000
MAX_SEARCH, MAX_WORDS = 200, 6
NAME_KEY = f'{words.folded("u.name")} collate "C"'  # as the index of names has it
_LOGIN = "p.login || ' ' || p.email"
_WHOLE = "u.name || ' ' || coalesce(p.login, '') || ' ' || coalesce(p.email, '')"
CANDIDATES = 5_000  # that have a word, of which those are kept that have the others
_LAST = "\U0010ffff"


class PrincipalKind(StrEnum):
    """Whom a list shows."""

    EMPLOYEE = "employee"
    EXTERNAL = "external"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class PeopleQuery:
    """kinds: any of these. active: None for both. role: had directly. after: the last one seen."""

    search: str = ""
    kinds: tuple[PrincipalKind, ...] = tuple(PrincipalKind)
    active: bool | None = None
    role: UnitId | None = None
    after: UnitId | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or service account in a list. login: of a service account what its code says."""

    id: UnitId
    kind: PrincipalKind
    name: str
    login: str
    email: str
    active: bool


@dataclass(frozen=True, slots=True)
class Count:
    """capped: there are more."""

    value: int
    capped: bool


_COLUMNS = (
    "u.id, u.kind, u.external, u.name, coalesce(p.login, split_part(u.code, ':', 2), ''),"
    f" coalesce(p.email, ''), u.active, {NAME_KEY} as key"
)
_FROM = "@.identity_unit u left join @.identity_person p on p.unit_id = u.id"


def list_principals(ctx: Context, query: PeopleQuery, *, one_more: bool = False) -> list[Principal]:
    """Those who fit, by name. Raises Invalid: too many words, a search that is too long.

    one_more: beyond the limit, so that the caller sees whether there are others.
    """
    return look_for_principals(ctx, query, one_more=one_more)[0]


def count_principals(ctx: Context, query: PeopleQuery) -> Count:
    """How many fit, up to `MOST_COUNTED`; of a search up to `GATHERED`."""
    return look_for_principals(ctx, replace(query, limit=0, after=None), counted=True)[1]


def look_for_principals(
    ctx: Context, query: PeopleQuery, *, one_more: bool = False, counted: bool = False
) -> tuple[list[Principal], Count]:
    """Both of them; without `counted` the number means nothing."""
    values = _values(ctx, query)
    if values is None:
        return [], Count(0, capped=False)
    values["limit"] = query.limit + one_more
    gathered = _gathered(ctx, query, values)
    after = "" if query.after is None else f" and ({NAME_KEY}, u.id) > (%(key)s, %(after)s)"
    if gathered is None:
        rows = ctx.db.rows(_walked(query, after), values) if values["limit"] else []
        return [_principal(row) for row in rows], _count_walked(ctx, query, values, counted=counted)
    rows = ctx.db.rows(
        f"with found as materialized ({gathered}) select null::uuid, '', false, '', '', '', false, '',"
        " (select count(*) from found) union all"
        f" (select {_COLUMNS}, 0 from found f join {_FROM} on u.id = f.id where true{after}"
        f" order by {NAME_KEY}, u.id limit %(limit)s::int)",
        values,
    )
    number = sum(int(row[-1]) for row in rows)  # in the one row that is nobody's
    found = sorted((row[:-1] for row in rows if row[0] is not None), key=lambda row: (row[-1], row[0]))
    return [_principal(row) for row in found], Count(min(number, GATHERED), capped=number > GATHERED)


def _walked(query: PeopleQuery, after: str) -> str:
    """SQL: along the index of names, for each kind and state."""
    parts = [
        f"(select {_COLUMNS} from {_FROM} where {branch}{_of_role(query)}{after}"
        f" order by {NAME_KEY}, u.id limit %(limit)s::int)"
        for branch in _branches(query)
    ]
    return f"select * from ({' union all '.join(parts)}) every order by key, id limit %(limit)s::int"


def _count_walked(ctx: Context, query: PeopleQuery, values: Mapping[str, Any], *, counted: bool) -> Count:
    if not counted:
        return Count(0, capped=False)
    if query.role is not None and query.active is None and set(query.kinds) == set(PrincipalKind):
        inner = "select 1 from @.identity_membership where role_id = %(role)s"
    else:
        inner = " union all ".join(
            f"(select 1 from @.identity_unit u where {branch}{_of_role(query)} limit %(most)s::int)"
            for branch in _branches(query)
        )
    text = f"select count(*) from (select 1 from ({inner}) f limit %(most)s::int) n"
    row = ctx.db.row(text, {**values, "most": MOST_COUNTED + 1})
    found = 0 if row is None else int(row[0])
    return Count(min(found, MOST_COUNTED), capped=found > MOST_COUNTED)


def matching(search: str) -> dict[str, str]:
    """What a search asks for, by the name of its parameter: words, longest first, and ranges of names.

    Raises Invalid: too long.
    """
    text = words.fold(search).strip()
    asked = sorted(words.split(text), key=len, reverse=True)
    if len(search) > MAX_SEARCH or len(asked) > MAX_WORDS:
        raise Invalid(
            [FieldError("q", "too_long", worded("A search has at most %(most)s words", most=MAX_WORDS))]
        )
    if not asked:
        return {}
    found = {"begin": text, "end": text + _LAST}
    for number, word in enumerate(asked):
        found |= {f"w{number}": words.words_query(word), f"b{number}": word, f"e{number}": word + _LAST}
    return found


def with_word(name: str, text: str = "u.name") -> str:
    """SQL: a text has a word that begins with a word of the search."""
    return f"{words.words_of(words.folded(text))} @@ %({name})s::tsquery"


def beginning(branches: Sequence[str], more: str = "") -> str:
    """SQL: ids by the index of names, of those whose name begins with the search; few of each branch."""
    return " union all ".join(
        f"(select u.id from @.identity_unit u where {branch}{more}"
        f" and {NAME_KEY} >= %(begin)s and {NAME_KEY} < %(end)s limit %(gathered)s::int)"
        for branch in branches
    )


def _rarest(ctx: Context, asked: Sequence[str], values: Mapping[str, Any]) -> str:
    """The word to begin with: the longest with which few names begin, since looking at all takes long."""
    for name in asked:
        low, high = f"%(b{name[1:]})s", f"%(e{name[1:]})s"
        begun = (
            "select u.id from @.identity_unit u where u.kind = 'person' and not u.external and u.active"
            f" and {NAME_KEY} >= {low} and {NAME_KEY} < {high}"
        )
        if len(asked) > 1 and not are_many(ctx, begun, values):
            return name
    return asked[0]


def are_many(ctx: Context, ids: str, values: Mapping[str, Any]) -> bool:
    """Whether a statement gives more than are gathered."""
    row = ctx.db.row(f"select count(*) from (select 1 from ({ids}) i limit %(gathered)s::int) n", values)
    return row is not None and int(row[0]) > GATHERED


def _values(ctx: Context, query: PeopleQuery) -> dict[str, Any] | None:
    """The parameters; None: whoever came last on the page before is gone, or a search has no word."""
    found: dict[str, Any] = {"role": query.role, "gathered": GATHERED + 1, "candidates": CANDIDATES}
    found.update(matching(query.search))
    if query.search.strip() and "w0" not in found:
        return None
    if query.after is not None:
        row = ctx.db.row(
            f"select {NAME_KEY} from @.identity_unit u where u.id = %(after)s", {"after": query.after}
        )
        if row is None:
            return None
        found |= {"after": query.after, "key": row[0]}
    return found


def _gathered(ctx: Context, query: PeopleQuery, values: Mapping[str, Any]) -> str | None:
    """SQL of the ids to begin with, where they are few; None: begin with the index of names."""
    asked = [name for name in values if name.startswith("w")]
    members = "select principal_id as id from @.identity_membership where role_id = %(role)s"
    if query.role is not None and not are_many(ctx, members, values):
        return _having(query, members, asked)
    if not asked:
        return None
    named = beginning(_branches(query), _of_role(query))
    if are_many(ctx, named, values):
        return f"select id from ({named}) n limit %(gathered)s::int"
    rarest = _rarest(ctx, asked, values)
    others = [name for name in asked if name != rarest]
    anywhere = (
        f"(select u.id from @.identity_unit u where {with_word(rarest)} limit %(candidates)s::int) union"
        f" (select p.unit_id from @.identity_person p where {with_word(rarest, _LOGIN)}"
        " limit %(candidates)s::int)"
    )
    return f"({named}) union ({_having(query, anywhere, others)})"


def _having(query: PeopleQuery, ids: str, asked: Sequence[str]) -> str:
    """SQL: those of the ids that are asked for and have all of these words."""
    having = "".join(f" and {with_word(name, _WHOLE)}" for name in asked)
    return (
        f"select u.id from ({ids}) i join {_FROM} on u.id = i.id"
        f" where ({' or '.join(_branches(query))}){_of_role(query)}{having} limit %(gathered)s::int"
    )


def _branches(query: PeopleQuery) -> Sequence[str]:
    """Conditions that the index of names begins with, one for each kind and state that is asked for."""
    kinds = {
        PrincipalKind.EMPLOYEE: "u.kind = 'person' and not u.external",
        PrincipalKind.EXTERNAL: "u.kind = 'person' and u.external",
        PrincipalKind.SERVICE: "u.kind = 'service'",
    }
    states = {True: "u.active", False: "not u.active"}
    wanted = [states[query.active]] if query.active is not None else list(states.values())
    return [f"({kinds[kind]} and {state})" for kind, state in product(query.kinds, wanted)]


def _of_role(query: PeopleQuery) -> str:
    """Asked of each along the index of names: a plan for any role would gather its members and sort them."""
    if query.role is None:
        return ""
    return (
        " and exists (select 1 from @.identity_membership m where m.principal_id = u.id"
        " and m.role_id = %(role)s offset 0)"  # so that it is no join
    )


def _principal(row: tuple[UUID, str, bool, str, str, str, bool, str]) -> Principal:
    id_, kind, external, name, login, email, active, _key = row
    shown = PrincipalKind.EXTERNAL if external else PrincipalKind.EMPLOYEE
    if kind == UnitKind.SERVICE:
        shown = PrincipalKind.SERVICE
    return Principal(UnitId(id_), shown, name, login, email, active)

"""What layer 3 looks at in one record, read from the tables: for explanations and the right to share.

Nothing here decides, and nothing here is shown: whoever calls it hides what the asker may not know.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ostiary.access._ground import MOST_MASTERS, Ground, Grounds, steps_of, value_at
from ostiary.access._policy import LETTERS, Policy
from ostiary.access._rights import Rights
from ostiary.access.core import DenyFact, Grant, Path, RecordFacts, ShareFact, Verb, record_grant
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId
from ostiary.kernel.tables import has_table

_NOBODY: frozenset[UnitId] = frozenset()


def record_facts(
    ctx: Context, policy: Policy, grounds: Grounds, object_id: UUID, record_id: UUID, hops: int = 0
) -> RecordFacts | None:
    """The facts about a record as stored now, with those of its master records; None: there is none."""
    ground = grounds[object_id]
    paths = _paths(policy, grounds, object_id)
    lookup = None if ground.master is None else ground.lookups.get(ground.master)
    row = _row(ctx, ground, paths, None if lookup is None else lookup.column, record_id)
    if row is None:
        return None
    now, author, owner, label, master, *values = row
    stored = _label_units(ctx, label)
    shares = _shares(ctx, record_id)
    named = {s[0] for s in shares} | _grantees(policy, object_id) | ({owner} if owner else set())
    reporting = _reporting(ctx, named)
    under = None
    if lookup is not None and master is not None and lookup.target in grounds and hops < MOST_MASTERS:
        under = record_facts(ctx, policy, grounds, lookup.target, master, hops + 1)
    return RecordFacts(
        author=author,
        author_set=stored["o"] | {author},
        author_reporting=stored["r"],
        owner=owner,
        owner_reporting=reporting.get(owner, _NOBODY),
        shares=tuple(
            ShareFact(unit, LETTERS[verb], Grant(level), reporting.get(unit, _NOBODY), starts, ends)
            for unit, verb, level, starts, ends in shares
        ),
        persons=reporting,
        now=now,
        denies=_denies(ctx, record_id),
        values=dict(zip(paths, values, strict=True)),
        master=under,
    )


def may_pass_on(
    ctx: Context, rights: Rights, grounds: Grounds, object_id: UUID, record_id: UUID, verb: Verb
) -> bool:
    """Whether the verb is held, and with delegation on a readable record (semantics section 3)."""
    if not rights.decide_object(object_id, verb).allowed:
        return False
    facts = record_facts(ctx, rights.policy, grounds, object_id, record_id)
    return facts is not None and passes_on(rights, grounds, object_id, facts, verb)


def passes_on(rights: Rights, grounds: Grounds, object_id: UUID, facts: RecordFacts, verb: Verb) -> bool:
    """The same of a record whose facts are at hand."""
    if not rights.decide_object(object_id, verb).allowed:
        return False
    return record_grant(rights.legs(object_id, verb, grounds), facts) is Grant.DELEGABLE


def _paths(policy: Policy, grounds: Grounds, object_id: UUID) -> dict[Path, str]:
    """The paths of the object's scope rules that lead somewhere, as SQL from row `r`."""
    found = {}
    for rule in policy.object(object_id).records.scopes:
        steps = steps_of(grounds, object_id, rule.path)
        if steps is not None:
            found[rule.path] = value_at(steps, "r")
    return found


def _row(
    ctx: Context, ground: Ground, paths: Mapping[Path, str], master: str | None, record_id: UUID
) -> tuple[Any, ...] | None:
    owner = "r.owner_id" if ground.has_owner else "null::uuid"
    above = "null::uuid" if master is None else f'r."{master}"'
    values = "".join(f", {value}" for value in paths.values())
    return ctx.db.row(
        f"select now(), r.author_id, {owner}, r.label_id, {above}{values} from @.{ground.table} r"
        " where r.id = %(id)s",
        {"id": record_id},
    )


def _label_units(ctx: Context, label: int) -> dict[str, frozenset[UnitId]]:
    """Members of a stored set: `o` the own set, `r` the reporting units."""
    found: dict[str, set[UnitId]] = {"o": set(), "r": set()}
    for kind, unit in ctx.db.rows(
        "select kind, unit_id from @.identity_label_unit where label_id = %(label)s", {"label": label}
    ):
        found[kind].add(unit)
    return {kind: frozenset(units) for kind, units in found.items()}


def _shares(ctx: Context, record_id: UUID) -> list[tuple[UnitId, str, int, datetime | None, datetime | None]]:
    return [
        (r[0], r[1], r[2], r[3], r[4])
        for r in ctx.db.rows(
            "select unit_id, verb, level, valid_from, valid_to from @.access_share"
            " where record_id = %(r)s order by id",
            {"r": record_id},
        )
    ]


def _denies(ctx: Context, record_id: UUID) -> tuple[DenyFact, ...]:
    if not has_table(ctx.db, "access_deny"):
        return ()
    rows = ctx.db.rows(
        "select unit_id, verb from @.access_deny where record_id = %(r)s order by id", {"r": record_id}
    )
    return tuple(DenyFact(unit, LETTERS[verb]) for unit, verb in rows)


def _grantees(policy: Policy, object_id: UUID) -> set[UnitId]:
    records = policy.object(object_id).records
    return {rule.grantee for rule in records.rules} | {rule.grantee for rule in records.scopes}


def _reporting(ctx: Context, units: Iterable[UnitId]) -> dict[UnitId, frozenset[UnitId]]:
    """The reporting units now of those of the units that are persons."""
    return {
        r[0]: frozenset(r[1])
        for r in ctx.db.rows(
            "select u.id, array_agg(l.unit_id) from @.identity_unit u join @.identity_label_unit l"
            " on l.label_id = u.current_label_id and l.kind = 'r' where u.id = any(%(ids)s) group by u.id",
            {"ids": sorted(units)},
        )
    }

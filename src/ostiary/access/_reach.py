"""Reaches and unit sets: derived rows that let a statement ask "may this principal" with one number.

They are named by their content, so nothing makes them stale; only new labels extend a reach. Labels are born
under the tenant's role lock, one transaction after the other, so their numbers ascend in commit order and
"complete up to n" is safe to remember.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId


@dataclass(frozen=True, slots=True)
class Reach:
    """A stored set of labels. size: how many. everything: it holds every label there is."""

    id: int
    size: int
    everything: bool


NO_REACH = Reach(0, 0, everything=False)


def _key(*parts: Iterable[UnitId]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        members = sorted(u.bytes for u in part)
        digest.update(len(members).to_bytes(4))
        for member in members:
            digest.update(member)
    return digest.digest()


def ensure_reach(ctx: Context, heads: frozenset[UnitId], authors: frozenset[UnitId]) -> Reach:
    """The labels with a reporting unit among `heads` or an own unit among `authors`, complete as of now."""
    if not heads and not authors:
        return NO_REACH
    key = _key(heads, authors)
    row = ctx.db.row(
        "select r.id, r.labels_upto, (select coalesce(max(id), 0) from @.identity_label)"
        " from @.access_reach r where r.key = %(key)s",
        {"key": key},
    )
    if row is None or row[1] < row[2]:
        row = _extended(ctx, key, heads, authors)
    size = ctx.db.row(
        "select (select count(*) from @.access_reach_label where reach_id = %(id)s),"
        " (select count(*) from @.identity_label)",
        {"id": row[0]},
    ) or (0, 0)
    return Reach(row[0], size[0], everything=size[0] > 0 and size[0] == size[1])


def _extended(
    ctx: Context, key: bytes, heads: frozenset[UnitId], authors: frozenset[UnitId]
) -> tuple[int, int, int]:
    """Extend beside this transaction, so that a rollback loses nothing; within it if it bore labels."""
    mine = _last_label(ctx)
    with ctx.db.aside() as db:
        beside = ctx.within(db)
        if _last_label(beside) >= mine:
            return _extend(beside, key, heads, authors)
    return _extend(ctx, key, heads, authors)


def _last_label(ctx: Context) -> int:
    row = ctx.db.row("select coalesce(max(id), 0) from @.identity_label")
    return 0 if row is None else int(row[0])


def _extend(
    ctx: Context, key: bytes, heads: frozenset[UnitId], authors: frozenset[UnitId]
) -> tuple[int, int, int]:
    ctx.db.run("insert into @.access_reach (key) values (%(key)s) on conflict (key) do nothing", {"key": key})
    row = ctx.db.row(
        "select id, labels_upto from @.access_reach where key = %(key)s for update", {"key": key}
    )
    upto = _last_label(ctx)
    if row is None:
        raise RuntimeError("a reach was neither found nor made")
    ctx.db.run(
        "insert into @.access_reach_label (reach_id, label_id)"
        " select distinct %(reach)s::int, label_id from @.identity_label_unit"
        " where label_id > %(from)s and label_id <= %(upto)s"
        " and ((kind = 'r' and unit_id = any(%(heads)s)) or (kind = 'o' and unit_id = any(%(authors)s)))"
        " on conflict do nothing",
        {"reach": row[0], "from": row[1], "upto": upto, "heads": list(heads), "authors": list(authors)},
    )
    ctx.db.run(
        "update @.access_reach set labels_upto = %(upto)s where id = %(id)s", {"upto": upto, "id": row[0]}
    )
    return row[0], upto, upto


def ensure_unit_set(ctx: Context, roles: frozenset[UnitId]) -> int:
    """The number of a set of roles."""
    key = _key(roles)
    row = ctx.db.row("select id from @.access_unit_set where key = %(key)s", {"key": key})
    if row is None:
        with ctx.db.aside() as db:
            row = db.row(
                "insert into @.access_unit_set (key) values (%(key)s)"
                " on conflict (key) do nothing returning id",
                {"key": key},
            ) or db.row("select id from @.access_unit_set where key = %(key)s", {"key": key})
            if row is None:
                raise RuntimeError("a unit set was neither found nor made")
            db.run(
                "insert into @.access_unit_set_member (set_id, unit_id)"
                " select %(id)s, u from unnest(%(units)s::uuid[]) as u on conflict do nothing",
                {"id": row[0], "units": list(roles)},
            )
    return int(row[0])

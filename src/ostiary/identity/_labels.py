"""Labels: interned stored sets. Kept current for every principal in the transaction that changes roles."""

import hashlib
from collections.abc import Iterable, Sequence

from ostiary.identity._graph import OwnSet, RoleGraph, UnitKind, bump_epoch, role_graph
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId


def label_key(own: OwnSet) -> bytes:
    """A collision-free name of a stored set: SHA-256 over its sorted members."""
    digest = hashlib.sha256()
    for members in (own.roles, own.reporting):
        digest.update(len(members).to_bytes(4))
        for unit in sorted(u.bytes for u in members):
            digest.update(unit)
    return digest.digest()


def intern_label(ctx: Context, own: OwnSet) -> int:
    """The number of a stored set; a new set is stored, and its birth raises the epoch (semantics 7)."""
    key = label_key(own)
    known = ctx.db.row("select id from @.identity_label where key = %(key)s", {"key": key})
    if known is None:
        known = ctx.db.row(
            "insert into @.identity_label (key) values (%(key)s) on conflict (key) do nothing returning id",
            {"key": key},
        )
        if known is None:  # another transaction was first and has committed
            known = ctx.db.row("select id from @.identity_label where key = %(key)s", {"key": key})
        else:
            units = [*own.roles, *own.reporting]
            kinds = ["o"] * len(own.roles) + ["r"] * len(own.reporting)
            ctx.db.run(
                "insert into @.identity_label_unit (label_id, kind, unit_id)"
                " select %(label)s, k, u from unnest(%(kinds)s::text[], %(units)s::uuid[]) as m(k, u)",
                {"label": known[0], "kinds": kinds, "units": units},
            )
            bump_epoch(ctx)
    if known is None:
        raise RuntimeError("a label was neither found nor made")
    return int(known[0])


def refresh_labels(
    ctx: Context, principals: Iterable[UnitId] | None = None, *, graph: RoleGraph | None = None
) -> int:
    """Recompute the current label of `principals`, or of everybody after a change of the graph itself.

    Returns: how many principals got another label.
    """
    graph = graph or role_graph(ctx)
    only = None if principals is None else list(principals)
    rows = ctx.db.rows(
        "select u.kind, u.external, u.roles, array_agg(u.id), array_agg(coalesce(u.label, 0)) from ("
        " select p.id, p.kind, p.external, p.current_label_id as label,"
        "  array(select m.role_id from @.identity_membership m where m.principal_id = p.id"
        " order by m.role_id) as roles"
        " from @.identity_unit p where p.kind in ('person', 'service')"
        "  and (%(only)s::uuid[] is null or p.id = any(%(only)s))"
        ") u group by u.kind, u.external, u.roles",
        {"only": only},
    )
    changed_ids: list[UnitId] = []
    changed_labels: list[int] = []
    for kind, external, roles, ids, labels in rows:
        own = graph.set_of(UnitKind(kind), roles, external=external)
        label = intern_label(ctx, own)
        changed = [i for i, old in zip(ids, labels, strict=True) if old != label]
        changed_ids += changed
        changed_labels += [label] * len(changed)
    _store(ctx, changed_ids, changed_labels)
    return len(changed_ids)


def _store(ctx: Context, ids: Sequence[UnitId], labels: Sequence[int]) -> None:
    if ids:
        ctx.db.run(
            "update @.identity_unit u set current_label_id = n.label"
            " from unnest(%(ids)s::uuid[], %(labels)s::int[]) as n(id, label) where u.id = n.id",
            {"ids": list(ids), "labels": list(labels)},
        )

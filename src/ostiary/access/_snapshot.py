"""Who may do what in a tenant at one moment, small enough to keep and to compare (`_comparison`).

People with the same roles and the same label are one group, unless a row or rule names somebody in person;
what a group may do is asked of `Rights` (`_standing`), hence of `access.core`: nothing is decided here.
Nothing is kept between calls either, since a snapshot is also taken of what is not committed yet.

Rights of records that depend on each record alone (owner, author, stored set, shares) are listed for objects
with few records, and compared where the transaction itself wrote: other people's work goes on meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ostiary.access import _standing
from ostiary.access._policy import Policy, read_policy
from ostiary.access._reach import NO_REACH
from ostiary.access._rights import Rights, Standing, standing_of
from ostiary.access._standing import ANYBODY, NO_LABEL, Basis, Label, Lazily, NamedObject, Under
from ostiary.access.core import Held, Sources, sources_of
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId
from ostiary.kernel.tables import has_table

MOST_RECORDS = 50_000  # of one object, and of shares: more are not listed


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows of a table that decide on single records, each with its number; None: too many to list.

    written: rows that this transaction inserted, updated or deleted there.
    """

    rows: Mapping[tuple[object, ...], int] | None
    written: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everybody's rights. bases: by active principal, and by role that nobody active has.

    standing: what each of those may do, made when it is looked at. heads: units whose manager role somebody
    has. records: by object, where they were asked for; shares, denies: of all objects. stored_sets: number of
    units by label.
    """

    objects: Mapping[UUID, NamedObject]
    roles: Mapping[UnitId, str]
    heads: frozenset[UnitId]
    policy: Policy
    under: Under
    bases: Mapping[UnitId, Basis]
    standing: Mapping[UnitId, _standing.Standing]
    records: Mapping[UUID, Listed]
    shares: Listed
    denies: Listed
    stored_sets: Mapping[int, int]
    stored_sets_changed: int
    everybody: "_Everybody"


@dataclass(frozen=True, slots=True)
class _Group:
    members: tuple[UnitId, ...]
    principal: UnitId
    kind: str
    external: bool
    direct: tuple[UnitId, ...]
    label: int | None


def snapshot(
    ctx: Context,
    objects: Iterable[NamedObject],
    *,
    records: bool = True,
    like: Snapshot | None = None,
) -> Snapshot:
    """What everybody may do with these objects, as this transaction sees it. Writes nothing.

    records: whether a comparison is to tell whose records were written. like: one of the same transaction,
    whose sources are taken over where nothing about them is other now. Cost: the sources of each group of
    people; with `records` a scan of the tables with few records.
    """
    known = {o.id: o for o in objects}
    everybody = _Everybody(ctx, known)
    bases = everybody.bases(None if like is None else like.everybody)
    written, changed = _written(ctx), _stored_sets_changed(ctx)
    return Snapshot(
        objects=known,
        roles=everybody.names,
        heads=frozenset(everybody.heads),
        policy=everybody.policy,
        under=everybody.under,
        bases=bases,
        standing=Lazily(bases, lambda unit: bases[unit].standing),
        records={o.id: _records(ctx, o, written) for o in known.values()} if records else {},
        shares=_shares(ctx, written),
        denies=_denies(ctx, written),
        stored_sets=dict(
            ctx.db.rows("select label_id, count(*) from @.identity_label_unit group by label_id")
        ),
        stored_sets_changed=changed,
        everybody=everybody,
    )


class _Everybody:
    """The principals of a tenant while their bases are made.

    held: roles that somebody has. sources: by what a group is, but for its members.
    """

    def __init__(self, ctx: Context, objects: Mapping[UUID, NamedObject]) -> None:
        self.ctx, self.objects = ctx, objects
        self.policy = read_policy(ctx, identity.current_epoch(ctx))
        self.graph = identity.role_graph(ctx)
        self.names = identity.names_of(ctx, list(self.graph.roles))
        self.under = Under(_labels(ctx), _labels_of_grantees(ctx, self.policy))
        self.standing_in = identity.standing_in(ctx, self.policy.epoch)
        self._given = {d.receiver for d in self.standing_in.delegations}
        self._given |= {e.person for e in self.standing_in.elevations}
        self.held: set[UnitId] = set()
        self.heads: set[UnitId] = set()
        self.sources: dict[tuple[object, ...], Sources] = {}
        self._below: dict[UnitId, frozenset[UnitId]] = {}
        self._labels_under: dict[UnitId, list[Label]] = {}
        for label in self.under.labels.values():
            for unit in label.reporting:
                self._labels_under.setdefault(unit, []).append(label)

    def bases(self, like: "_Everybody | None") -> dict[UnitId, Basis]:
        """By active principal, then by role that nobody of those has."""
        found: dict[UnitId, Basis] = {}
        known = self._taken_over(like)
        for group in _groups(self.ctx, _named_in_person(self.ctx, self.policy, self.standing_in)):
            basis = self._basis(group, known)
            self.held |= basis.rights.sources.own
            self.heads |= basis.rights.sources.heads
            found.update(dict.fromkeys(group.members, basis))
        for role in sorted(self.graph.roles.keys() - self.held):
            outside = self.graph.roles[role].external
            vacant = _Group((role,), ANYBODY, identity.UnitKind.PERSON, outside, (role,), None)
            found[role] = self._basis(vacant, known)
        return found

    def _taken_over(self, like: "_Everybody | None") -> Mapping[tuple[object, ...], Sources]:
        """Sources of those who manage nobody or whose people are the same, in the same roles and trees."""
        if like is None or not like.graph.equals(self.graph):
            return {}
        same = like.under.labels == self.under.labels
        return {key: sources for key, sources in like.sources.items() if same or not sources.all_heads}

    def _basis(self, group: _Group, known: Mapping[tuple[object, ...], Sources]) -> Basis:
        kind = identity.UnitKind(group.kind)
        me = Held(group.principal, self.graph.set_of(kind, group.direct, external=group.external))
        alone = group.principal != ANYBODY and self.policy.has_scopes  # may have attributes
        key = (group.principal, group.kind, group.external, group.direct)
        sources = None if alone or self._stands_in(me) else known.get(key)
        if sources is None:
            sources = self._sources(me, kind, with_attributes=alone)
        self.sources[key] = sources
        number = group.label or 0
        policy = self.policy
        rights = Rights(
            policy.epoch, group.principal, number, sources, self.graph, policy, NO_REACH, NO_REACH, 0
        )
        label = self.under.labels.get(number, NO_LABEL)
        return Basis(rights, self.objects, label, number, self.under)

    def _sources(self, me: Held, kind: identity.UnitKind, *, with_attributes: bool) -> Sources:
        """The sources of a group as `rights_of` computes them."""
        ctx, graph = self.ctx, self.graph
        standing = standing_of(ctx, self.standing_in, graph, me, kind) if self._stands_in(me) else Standing()
        return sources_of(
            self._with_subordinates(me),
            graph,
            [self._with_subordinates(grantor) for grantor in standing.grantors],
            standing.elevated,
            identity.attributes_of(ctx, me.unit) if with_attributes else {},
        )

    def _stands_in(self, held: Held) -> bool:
        """Whether a delegation or elevation is theirs; most have none, and asking takes a statement."""
        return held.unit in self._given or not self._given.isdisjoint(held.own.roles)

    def _with_subordinates(self, held: Held) -> Held:
        below = frozenset().union(*(self._roles_below(head) for head in self.graph.heads(held.own)))
        return Held(held.unit, held.own, below)

    def _roles_below(self, head: UnitId) -> frozenset[UnitId]:
        """The roles in the own sets of whoever reports to the unit."""
        known = self._below.get(head)
        if known is None:
            labels = self._labels_under.get(head, ())
            known = self._below[head] = frozenset().union(*(label.own for label in labels))
        return known


def _groups(ctx: Context, personal: frozenset[UnitId]) -> Sequence[_Group]:
    """Active principals by kind, roles and label; whoever is named in person is a group of one."""
    rows = ctx.db.rows(
        "select p.kind, p.external, p.roles, p.label, p.personal, array_agg(p.id order by p.id) from ("
        " select u.id, u.kind, u.external, u.current_label_id as label,"
        "  array(select m.role_id from @.identity_membership m where m.principal_id = u.id"
        "   order by m.role_id) as roles,"
        "  case when u.id = any(%(personal)s) then u.id end as personal"
        " from @.identity_unit u where u.kind in ('person', 'service') and u.active"
        ") p group by p.kind, p.external, p.roles, p.label, p.personal order by min(p.id::text)",
        {"personal": sorted(personal)},
    )
    return [
        _Group(tuple(ids), alone or ANYBODY, kind, external, tuple(direct), label)
        for kind, external, direct, label, alone, ids in rows
    ]


def _named_in_person(ctx: Context, policy: Policy, standing_in: identity.StandingIn) -> frozenset[UnitId]:
    """Units of rows and rules, receivers and holders of what is personal; roles among them do no harm."""
    found = {row.unit for rows in policy.operations.values() for row in rows}
    for made in policy.objects.values():
        found |= {row.unit for row in made.rows}
        found |= {row.unit for rows in made.columns.values() for row in rows}
        found |= {rule.unit for rule in made.records.deny_rules}
    for delegation in standing_in.delegations:  # whoever delegates to a role of their own gains nothing by it
        found |= {delegation.receiver, delegation.grantor}
    found |= {e.person for e in standing_in.elevations}
    if policy.has_scopes:  # each compares with values of their own
        found |= {UnitId(r[0]) for r in ctx.db.rows("select distinct principal_id from @.identity_attribute")}
    return frozenset(found) | _grantees(policy)


def _labels(ctx: Context) -> dict[int, Label]:
    """The labels that somebody carries now."""
    own: dict[int, set[UnitId]] = {}
    reporting: dict[int, set[UnitId]] = {}
    for label, kind, unit in ctx.db.rows(
        "select l.label_id, l.kind, l.unit_id from @.identity_label_unit l"
        " where l.label_id in (select u.current_label_id from @.identity_unit u)"
    ):
        (own if kind == "o" else reporting).setdefault(label, set()).add(unit)
    return {
        label: Label(frozenset(own.get(label, ())), frozenset(reporting.get(label, ())))
        for label in own.keys() | reporting.keys()
    }


def _grantees(policy: Policy) -> frozenset[UnitId]:
    found: set[UnitId] = set()
    for made in policy.objects.values():
        found |= {rule.grantee for rule in made.records.rules}
        found |= {rule.grantee for rule in made.records.scopes}
    return frozenset(found)


def _labels_of_grantees(ctx: Context, policy: Policy) -> dict[UnitId, int]:
    return {
        UnitId(r[0]): r[1]
        for r in ctx.db.rows(
            "select id, current_label_id from @.identity_unit"
            " where id = any(%(ids)s) and current_label_id is not null",
            {"ids": sorted(_grantees(policy))},
        )
    }


def _written(ctx: Context) -> dict[str, int]:
    """By table: rows that this transaction has inserted, updated or deleted."""
    return {
        r[0]: int(r[1])
        for r in ctx.db.rows(
            "select relname::text, n_tup_ins + n_tup_upd + n_tup_del from pg_catalog.pg_stat_xact_user_tables"
            " where schemaname = %(schema)s",
            {"schema": ctx.db.schema},
        )
    }


def _stored_sets_changed(ctx: Context) -> int:
    """Rows of stored sets that this transaction updated or deleted; new sets are born all the time."""
    row = ctx.db.row(
        "select n_tup_upd + n_tup_del from pg_catalog.pg_stat_xact_user_tables"
        " where schemaname = %(schema)s and relname = 'identity_label_unit'",
        {"schema": ctx.db.schema},
    )
    return int(row[0]) if row else 0


def _records(ctx: Context, described: NamedObject, written: Mapping[str, int]) -> Listed:
    owner = "owner_id" if described.has_owner else "null::uuid as owner_id"
    rows = ctx.db.rows(
        f"select author_id, owner_id, label_id, count(*) from (select author_id, {owner}, label_id"
        f" from @.{described.table} limit %(most)s::int) r group by author_id, owner_id, label_id",
        {"most": MOST_RECORDS + 1},
    )
    return _listed({r[:-1]: int(r[-1]) for r in rows}, written.get(described.table, 0))


def _shares(ctx: Context, written: Mapping[str, int]) -> Listed:
    rows = ctx.db.rows(
        "select object_id, unit_id, verb, level, record_id, valid_from, valid_to from @.access_share"
        " where valid_to is null or valid_to > now() limit %(most)s::int",
        {"most": MOST_RECORDS + 1},
    )
    return _listed(dict.fromkeys(map(tuple, rows), 1), written.get("access_share", 0))


def _denies(ctx: Context, written: Mapping[str, int]) -> Listed:
    if not has_table(ctx.db, "access_deny"):
        return Listed({}, 0)  # a tenant of the release before
    rows = ctx.db.rows(
        "select object_id, unit_id, verb, record_id from @.access_deny limit %(most)s::int",
        {"most": MOST_RECORDS + 1},
    )
    return _listed(dict.fromkeys(map(tuple, rows), 1), written.get("access_deny", 0))


def _listed(rows: Mapping[tuple[object, ...], int], written: int) -> Listed:
    return Listed(None if sum(rows.values()) > MOST_RECORDS else rows, written)

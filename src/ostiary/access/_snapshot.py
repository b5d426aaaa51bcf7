"""Who may do what in a tenant at one moment, small enough to keep and to compare (`_comparison`).

People with the same roles and the same label are one group, unless a row or rule names somebody in person;
what a group may do is asked of `Rights`, hence of `access.core`: nothing is decided here. Nothing is kept
between calls either, since a snapshot is also taken of what is not committed yet.

Rights of records that depend on each record alone (owner, author, stored set, shares) are listed for objects
with few records, and compared where the transaction itself wrote: other people's work goes on meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from ostiary.access._policy import Policy, read_policy
from ostiary.access._reach import NO_REACH
from ostiary.access._rights import Rights
from ostiary.access._visible import Sight, load_sight
from ostiary.access.core import (
    AnyOf,
    AuthorIs,
    AuthorSetHas,
    AuthorUnder,
    ColumnLevel,
    Everyone,
    Grant,
    Operation,
    OwnerIs,
    OwnerUnder,
    RecordRule,
    SharedWith,
    Verb,
    sources_of,
)
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId

MOST_RECORDS = 50_000  # of one object, and of shares: more are not listed
ANYBODY = UnitId(UUID(int=0))  # stands for each member of a group

# How a record is reached, and through which unit: ("owned below", North).
Leg = tuple[str, UnitId]
EVERY_RECORD: Leg = ("every record", ANYBODY)


@dataclass(frozen=True, slots=True)
class NamedObject:
    """An object as its metadata describe it, which lie above this context. columns: code by id."""

    id: UUID
    code: str
    table: str
    columns: Mapping[UUID, str]
    has_owner: bool


@dataclass(frozen=True, slots=True)
class ObjectStanding:
    """What a group may do with one object: the legs of each verb it has, and its columns above none.

    rules: the legs as the engine has them, for counting records.
    """

    verbs: Mapping[Verb, frozenset[Leg]]
    levels: Mapping[UUID, ColumnLevel]
    rules: Mapping[Verb, RecordRule] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """What every member of a group may do.

    any_data: the verbs whose any-data operation is held. units: all units but persons. reporting: by the
    label, the units whose managers reach the members' records.
    """

    operations: frozenset[Operation]
    any_data: frozenset[Verb]
    units: frozenset[UnitId]
    reporting: frozenset[UnitId]
    objects: Mapping[UUID, ObjectStanding]


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows of a table that decide on single records, each with its number; None: too many to list.

    written: rows that this transaction inserted, updated or deleted there.
    """

    rows: Mapping[tuple[object, ...], int] | None
    written: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everybody's rights. standing: by active principal, and by role that nobody active has.

    heads: units whose manager role somebody has. records: by object; shares: of all objects. stored_sets:
    number of units by label.
    """

    objects: Mapping[UUID, NamedObject]
    roles: Mapping[UnitId, str]
    heads: frozenset[UnitId]
    standing: Mapping[UnitId, Standing]
    records: Mapping[UUID, Listed]
    shares: Listed
    stored_sets: Mapping[int, int]
    stored_sets_changed: int
    sight: Sight


@dataclass(frozen=True, slots=True)
class _Group:
    members: tuple[UnitId, ...]
    principal: UnitId
    kind: str
    direct: tuple[UnitId, ...]
    label: int | None


@dataclass(frozen=True, slots=True)
class _Label:
    own: frozenset[UnitId]
    reporting: frozenset[UnitId]


def snapshot(ctx: Context, objects: Iterable[NamedObject]) -> Snapshot:
    """What everybody may do with these objects, as this transaction sees it. Writes nothing.

    Cost: one evaluation for each group of people, a scan of the tables with few records.
    """
    known = {o.id: o for o in objects}
    policy = read_policy(ctx, identity.current_epoch(ctx))
    graph = identity.role_graph(ctx)
    names = identity.names_of(ctx, list(graph.roles))
    labels, label_of = _labels(ctx), _labels_of_grantees(ctx, policy)
    groups = _groups(ctx, _named_in_person(policy))
    standing: dict[UnitId, Standing] = {}
    held: set[UnitId] = set()
    heads: set[UnitId] = set()

    def evaluate(group: _Group) -> None:
        rights = _rights(group, policy, graph, labels)
        held.update(rights.sources.own)
        heads.update(rights.sources.heads if group.members[0] not in graph.roles else ())
        found = _standing(rights, known, labels.get(group.label or 0, _NO_LABEL), _Under(labels, label_of))
        standing.update(dict.fromkeys(group.members, found))

    for group in groups:
        evaluate(group)
    for role in sorted(graph.roles.keys() - held):
        evaluate(_Group((role,), ANYBODY, identity.UnitKind.PERSON, (role,), None))
    written, changed = _written(ctx), _stored_sets_changed(ctx)
    records = {o.id: _records(ctx, o, written) for o in known.values()}
    return Snapshot(
        objects=known,
        roles=names,
        heads=frozenset(heads),
        standing=standing,
        records=records,
        shares=_shares(ctx, written),
        stored_sets=dict(
            ctx.db.rows("select label_id, count(*) from @.identity_label_unit group by label_id")
        ),
        stored_sets_changed=changed,
        sight=load_sight(ctx, [r.rows for r in records.values() if r.rows is not None], _grantees(policy)),
    )


_NO_LABEL = _Label(frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class _Under:
    """Whether a person named by a rule is a subordinate now, by the label that records are matched with."""

    labels: Mapping[int, _Label]
    label_of: Mapping[UnitId, int]

    def __call__(self, person: UnitId, heads: frozenset[UnitId]) -> bool:
        label = self.labels.get(self.label_of.get(person, 0), _NO_LABEL)
        return not heads.isdisjoint(label.reporting)


def _rights(group: _Group, policy: Policy, graph: identity.RoleGraph, labels: Mapping[int, _Label]) -> Rights:
    """The rights of a group as `rights_of` computes them, without the rows that serve statements."""
    service = group.kind == identity.UnitKind.SERVICE
    own = graph.service_set(group.direct) if service else graph.own_set(group.direct)
    heads = graph.heads(own)
    below = {u for label in labels.values() if heads and heads & label.reporting for u in label.own}
    sources = sources_of(group.principal, own, graph, below)
    return Rights(policy.epoch, group.principal, group.label or 0, sources, graph, policy, NO_REACH, 0)


def _standing(rights: Rights, objects: Mapping[UUID, NamedObject], label: _Label, under: _Under) -> Standing:
    found = {}
    for described in objects.values():
        verbs = {
            verb: _legs(rights, described, verb, under)
            for verb in Verb
            if rights.decide_object(described.id, verb).allowed
        }
        if verbs:
            levels = {c: rights.level(described.id, c) for c in described.columns}
            rules: dict[Verb, RecordRule] = {
                v: rights.rule(described.id, v) for v in verbs if v is not Verb.CREATE
            }
            found[described.id] = ObjectStanding(verbs, {c: v for c, v in levels.items() if v}, rules)
    return Standing(
        operations=frozenset(o for o in Operation if rights.operation(o).allowed),
        any_data=frozenset(v for v in Verb if rights.any_data(v)),
        units=rights.sources.roles,
        reporting=label.reporting,
        objects=found,
    )


def _legs(  # noqa: C901  one case for each leg
    rights: Rights, described: NamedObject, verb: Verb, under: _Under
) -> frozenset[Leg]:
    if verb is Verb.CREATE:  # it has no layer 3
        return frozenset()
    rule = rights.rule(described.id, verb)
    if isinstance(rule, Everyone):
        return frozenset({EVERY_RECORD})
    found: set[Leg] = set()
    for leg in rule.legs if isinstance(rule, AnyOf) else ():
        match leg:
            case AuthorIs():
                found.add(("records of their own making", ANYBODY))
            case AuthorUnder(heads):
                found |= {("records made below", head) for head in heads}
            case OwnerIs() if described.has_owner:
                found.add(("records they own", ANYBODY))
            case OwnerUnder(heads) if described.has_owner:
                found |= {("records owned below", head) for head in heads}
            case AuthorSetHas(sure, managed, heads):
                counting = [(a, g) for a, person, g in managed if under(person, heads)]
                for author, grant in (*sure.items(), *counting):
                    found.add(("records made by", author))
                    if grant is Grant.DELEGABLE:
                        found.add(("passing on of records made by", author))
            case SharedWith():
                found.add(("records shared with them", ANYBODY))
    return frozenset(found)


def _groups(ctx: Context, personal: frozenset[UnitId]) -> Sequence[_Group]:
    """Active principals by kind, roles and label; whoever is named in person is a group of one."""
    rows = ctx.db.rows(
        "select p.kind, p.roles, p.label, p.personal, array_agg(p.id order by p.id) from ("
        " select u.id, u.kind, u.current_label_id as label,"
        "  array(select m.role_id from @.identity_membership m where m.principal_id = u.id"
        "   order by m.role_id) as roles,"
        "  case when u.id = any(%(personal)s) then u.id end as personal"
        " from @.identity_unit u where u.kind in ('person', 'service') and u.active"
        ") p group by p.kind, p.roles, p.label, p.personal order by min(p.id::text)",
        {"personal": sorted(personal)},
    )
    return [
        _Group(tuple(ids), alone or ANYBODY, kind, tuple(d), label) for kind, d, label, alone, ids in rows
    ]


def _named_in_person(policy: Policy) -> frozenset[UnitId]:
    """Units of rows and grantees of rules; roles among them do no harm."""
    found = {row.unit for rows in policy.operations.values() for row in rows}
    for made in policy.objects.values():
        found |= {row.unit for row in made.rows}
        found |= {row.unit for rows in made.columns.values() for row in rows}
        found |= {rule.grantee for rule in made.rules}
    return frozenset(found)


def _labels(ctx: Context) -> dict[int, _Label]:
    """The labels that somebody carries now."""
    own: dict[int, set[UnitId]] = {}
    reporting: dict[int, set[UnitId]] = {}
    for label, kind, unit in ctx.db.rows(
        "select l.label_id, l.kind, l.unit_id from @.identity_label_unit l"
        " where l.label_id in (select u.current_label_id from @.identity_unit u)"
    ):
        (own if kind == "o" else reporting).setdefault(label, set()).add(unit)
    return {
        label: _Label(frozenset(own.get(label, ())), frozenset(reporting.get(label, ())))
        for label in own.keys() | reporting.keys()
    }


def _grantees(policy: Policy) -> frozenset[UnitId]:
    return frozenset(rule.grantee for made in policy.objects.values() for rule in made.rules)


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


def _listed(rows: Mapping[tuple[object, ...], int], written: int) -> Listed:
    return Listed(None if sum(rows.values()) > MOST_RECORDS else rows, written)

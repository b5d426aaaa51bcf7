"""Who may do what in a tenant at one moment, small enough to keep and to compare (`_comparison`).

People with the same roles and the same label are one group, unless a row or rule names somebody in person;
what a group may do is asked of `Rights`, hence of `access.core`: nothing is decided here. Nothing is kept
between calls either, since a snapshot is also taken of what is not committed yet.

Rights of records that depend on each record alone (owner, author, stored set, shares) are listed for objects
with few records, and compared where the transaction itself wrote: other people's work goes on meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from ostiary.access._ground import Ground, Grounds
from ostiary.access._policy import Policy, read_policy
from ostiary.access._reach import NO_REACH
from ostiary.access._rights import Rights, standing_of
from ostiary.access._visible import Sight, load_sight
from ostiary.access.core import (
    AnyOf,
    AuthorIs,
    AuthorSetHas,
    AuthorUnder,
    ColumnLevel,
    Denied,
    Everyone,
    Grant,
    Held,
    Operation,
    OwnerIs,
    OwnerUnder,
    Path,
    RecordRule,
    ScopeHas,
    SharedWith,
    UnderMaster,
    Verb,
    sources_of,
)
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId
from ostiary.kernel.tables import has_table

MOST_RECORDS = 50_000  # of one object, and of shares: more are not listed
ANYBODY = UnitId(UUID(int=0))  # stands for each member of a group

# How a record is reached, and through which unit: ("owned below", North).
Leg = tuple[str, UnitId]
EVERY_RECORD: Leg = ("every record", ANYBODY)


@dataclass(frozen=True, slots=True)
class NamedObject:
    """An object as its metadata describe it, which lie above this context.

    columns: code by id of those that take rows. sealed: ids of columns.
    """

    code: str
    columns: Mapping[UUID, str]
    ground: Ground
    sealed: frozenset[UUID] = frozenset()

    @property
    def id(self) -> UUID:
        return self.ground.object_id

    @property
    def table(self) -> str:
        return self.ground.table

    @property
    def has_owner(self) -> bool:
        return self.ground.has_owner


@dataclass(frozen=True, slots=True)
class ObjectStanding:
    """What a group may do with one object: the legs of each verb it has, and its columns above none.

    rules: the legs as the engine has them, for counting records. denied: what is taken away, by verb.
    """

    verbs: Mapping[Verb, frozenset[Leg]]
    levels: Mapping[UUID, ColumnLevel]
    denied: Mapping[Verb, frozenset[Leg]] = field(default_factory=dict)
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

    heads: units whose manager role somebody has. records: by object; shares, denies: of all objects.
    stored_sets: number of units by label.
    """

    objects: Mapping[UUID, NamedObject]
    roles: Mapping[UnitId, str]
    heads: frozenset[UnitId]
    standing: Mapping[UnitId, Standing]
    records: Mapping[UUID, Listed]
    shares: Listed
    denies: Listed
    stored_sets: Mapping[int, int]
    stored_sets_changed: int
    sight: Sight


@dataclass(frozen=True, slots=True)
class _Group:
    members: tuple[UnitId, ...]
    principal: UnitId
    kind: str
    external: bool
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
    standing_in = identity.standing_in(ctx, policy.epoch)
    groups = _groups(ctx, _named_in_person(ctx, policy, standing_in))
    grounds = {o.id: o.ground for o in known.values()}
    standing: dict[UnitId, Standing] = {}
    held: set[UnitId] = set()
    heads: set[UnitId] = set()

    def evaluate(group: _Group) -> None:
        rights = _rights(ctx, group, policy, graph, labels, standing_in)
        held.update(rights.sources.own)
        heads.update(rights.sources.heads if group.members[0] not in graph.roles else ())
        label = labels.get(group.label or 0, _NO_LABEL)
        found = _standing(rights, known, grounds, label, _Under(labels, label_of))
        standing.update(dict.fromkeys(group.members, found))

    for group in groups:
        evaluate(group)
    for role in sorted(graph.roles.keys() - held):
        outside = graph.roles[role].external
        evaluate(_Group((role,), ANYBODY, identity.UnitKind.PERSON, outside, (role,), None))
    written, changed = _written(ctx), _stored_sets_changed(ctx)
    records = {o.id: _records(ctx, o, written) for o in known.values()}
    return Snapshot(
        objects=known,
        roles=names,
        heads=frozenset(heads),
        standing=standing,
        records=records,
        shares=_shares(ctx, written),
        denies=_denies(ctx, written),
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


def _rights(
    ctx: Context,
    group: _Group,
    policy: Policy,
    graph: identity.RoleGraph,
    labels: Mapping[int, _Label],
    standing_in: identity.StandingIn,
) -> Rights:
    """The rights of a group as `rights_of` computes them, without the rows that serve statements."""

    def with_subordinates(held: Held) -> Held:
        heads = graph.heads(held.own)
        below = {u for label in labels.values() if heads and heads & label.reporting for u in label.own}
        return Held(held.unit, held.own, frozenset(below))

    kind = identity.UnitKind(group.kind)
    me = Held(group.principal, graph.set_of(kind, group.direct, external=group.external))
    standing = standing_of(ctx, standing_in, graph, me, kind)
    sources = sources_of(
        with_subordinates(me),
        graph,
        [with_subordinates(grantor) for grantor in standing.grantors],
        standing.elevated,
        identity.attributes_of(ctx, group.principal) if policy.has_scopes else {},
    )
    label = group.label or 0
    return Rights(policy.epoch, group.principal, label, sources, graph, policy, NO_REACH, NO_REACH, 0)


def _standing(
    rights: Rights, objects: Mapping[UUID, NamedObject], grounds: Grounds, label: _Label, under: _Under
) -> Standing:
    found = {}
    for described in objects.values():
        rules: dict[Verb, RecordRule] = {
            verb: rights.rule(described.id, verb, grounds)
            for verb in Verb
            if verb is not Verb.CREATE and rights.decide_object(described.id, verb).allowed
        }
        me = rights.sources.principal
        told = {verb: _told(rule, whole=rights.any_data(Verb.READ)) for verb, rule in rules.items()}
        verbs = {verb: _legs(described, objects, rule, under, me) for verb, rule in told.items()}
        if rights.decide_object(described.id, Verb.CREATE).allowed:  # it has no layer 3
            verbs[Verb.CREATE] = frozenset()
        if verbs:
            levels = {
                c: rights.level(described.id, c, sealed=c in described.sealed) for c in described.columns
            }
            denied = {verb: legs for verb, rule in rules.items() if (legs := _denied(rule))}
            found[described.id] = ObjectStanding(verbs, {c: v for c, v in levels.items() if v}, denied, rules)
    return Standing(
        operations=frozenset(o for o in Operation if rights.operation(o).allowed),
        any_data=frozenset(v for v in Verb if rights.any_data(v)),
        units=rights.sources.roles,
        reporting=label.reporting,
        objects=found,
    )


def _told(rule: RecordRule, *, whole: bool) -> RecordRule:
    """A rule as far as it says more than that of reading, which stands beside it as it does beside any verb.

    Leg 8 of another verb also needs the master read. whole: everything is read anyway, so that no other line
    would tell when the master's own legs begin to permit it.
    """
    if whole or not isinstance(rule, AnyOf):
        return rule
    legs = [
        UnderMaster(tuple(_told(r, whole=False) for r in leg.rules[-1:]))
        if isinstance(leg, UnderMaster)
        else leg
        for leg in rule.legs
    ]
    return replace(rule, legs=tuple(legs))


def _legs(  # noqa: C901, PLR0912  one case for each leg
    described: NamedObject,
    objects: Mapping[UUID, NamedObject],
    rule: RecordRule,
    under: _Under,
    me: UnitId,
) -> frozenset[Leg]:
    """The legs of a rule. me: told without a name, since it is another for each member of a group."""
    if isinstance(rule, Everyone):
        return frozenset({EVERY_RECORD})
    found: set[Leg] = set()
    for leg in rule.legs if isinstance(rule, AnyOf) else ():
        match leg:
            case AuthorIs(persons):
                found |= {("records of their own making", ANYBODY)}
                found |= {("records made by the grantor", person) for person in persons - {me}}
            case AuthorUnder(heads):
                found |= {("records made below", head) for head in heads}
            case OwnerIs(persons) if described.has_owner:
                found |= {("records they own", ANYBODY)}
                found |= {("records owned by the grantor", person) for person in persons - {me}}
            case OwnerUnder(heads) if described.has_owner:
                found |= {("records owned below", head) for head in heads}
            case AuthorSetHas(sure, managed, heads):
                counting = [(a, g) for a, person, g in managed if under(person, heads)]
                for author, grant in (*sure.items(), *counting):
                    found.add(("records made by", author))
                    if grant is Grant.DELEGABLE:
                        found.add(("passing on of records made by", author))
            case ScopeHas(tests, heads):
                for test in tests:
                    if test.person is None or under(test.person, heads):
                        way = f"records whose {_path(described, objects, test.path)} is"
                        found |= {(way, ANYBODY if v == me else UnitId(v)) for v in test.values}
            case SharedWith():
                found.add(("records shared with them", ANYBODY))
            case UnderMaster(rules):
                found |= _by_master(described, objects, rules, under, me)
    return frozenset(found)


def _path(described: NamedObject, objects: Mapping[UUID, NamedObject], path: Path) -> str:
    words = []
    here: NamedObject | None = described
    for step in path:
        lookup = None if here is None or "-" not in step else here.ground.lookups.get(UUID(step))
        words.append(step if lookup is None else lookup.column)
        here = None if lookup is None else objects.get(lookup.target)
    return ".".join(words)


def _by_master(
    described: NamedObject,
    objects: Mapping[UUID, NamedObject],
    rules: Sequence[RecordRule],
    under: _Under,
    me: UnitId,
) -> set[Leg]:
    """What is reached on the master record, by each of these rules."""
    lookup = described.ground.lookups.get(described.ground.master or UUID(int=0))
    master = None if lookup is None else objects.get(lookup.target)
    if master is None:
        return set()
    return {
        (f"by {master.code}: {way}", unit)
        for rule in rules
        for way, unit in _legs(master, objects, rule, under, me)
    }


def _denied(rule: RecordRule) -> frozenset[Leg]:
    denied: Denied | None = rule.denied if isinstance(rule, AnyOf) else None
    if denied is None:
        return frozenset()
    found = {("made by", author) for author in denied.authors}
    return frozenset(found | {("denied to", unit) for unit in denied.units if unit != ANYBODY})


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

"""What one principal may do, computed once per epoch and kept: layers 0 to 4 answered from the pure core."""

import threading
from dataclasses import dataclass, field
from uuid import UUID

from ostiary.access._filter import RecordFilter
from ostiary.access._policy import ObjectPolicy, Policy, load_policy
from ostiary.access._reach import NO_REACH, Reach, ensure_reach, ensure_unit_set
from ostiary.access.core import (
    ANY_DATA,
    AnyOf,
    AuthorIs,
    AuthorSetHas,
    AuthorUnder,
    ColumnLevel,
    Decision,
    Everyone,
    Operation,
    OwnerIs,
    OwnerUnder,
    RecordRule,
    SharedWith,
    Sources,
    Verb,
    column_level,
    decide_object,
    decide_operation,
    record_rule,
    sources_of,
)
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotSignedIn, VouchExpired
from ostiary.kernel.ids import PrincipalId, UnitId
from ostiary.kernel.recent import Recent

MAX_KEPT = 5_000


@dataclass(slots=True)
class ObjectRights:
    """One principal's rights on one object. Filled as asked; valid for the epoch of its `Rights`."""

    policy: ObjectPolicy
    decisions: dict[Verb, Decision] = field(default_factory=dict)
    levels: dict[UUID, ColumnLevel] = field(default_factory=dict)
    filters: dict[tuple[Verb, bool], RecordFilter] = field(default_factory=dict)


@dataclass(slots=True)
class Rights:
    """Everything decided about one principal at one epoch.

    current_label: the label that a record made now would carry.
    """

    epoch: int
    principal: PrincipalId
    current_label: int
    sources: Sources
    graph: identity.RoleGraph
    policy: Policy
    head_reach: Reach
    unit_set: int
    operations: dict[Operation, Decision] = field(default_factory=dict)
    objects: dict[UUID, ObjectRights] = field(default_factory=dict)

    def operation(self, operation: Operation) -> Decision:
        """Layer 1."""
        known = self.operations.get(operation)
        if known is None:
            rows = self.policy.operations.get(operation.value, ())
            known = self.operations[operation] = decide_operation(rows, self.sources)
        return known

    def any_data(self, verb: Verb) -> bool:
        """Whether the any-data operation of the verb is held."""
        return self.operation(ANY_DATA[verb]).allowed

    def object(self, object_id: UUID) -> ObjectRights:
        """The rights on one object."""
        known = self.objects.get(object_id)
        if known is None:
            known = self.objects[object_id] = ObjectRights(self.policy.object(object_id))
        return known

    def decide_object(self, object_id: UUID, verb: Verb) -> Decision:
        """Layer 2, any-data operations included; update and delete also need read (semantics section 2)."""
        rights = self.object(object_id)
        known = rights.decisions.get(verb)
        if known is None:
            known = rights.decisions[verb] = self._decide_object(rights, object_id, verb)
        return known

    def _decide_object(self, rights: ObjectRights, object_id: UUID, verb: Verb) -> Decision:
        if verb in (Verb.UPDATE, Verb.DELETE):
            read = self.decide_object(object_id, Verb.READ)
            if not read.allowed:
                return read
        if self.any_data(verb):
            return Decision(True, ANY_DATA[verb].value)
        return decide_object(rights.policy.rows, self.sources, verb)

    def level(self, object_id: UUID, column_id: UUID) -> ColumnLevel:
        """What is shown of a column: View any lifts none to read; masked stays masked."""
        rights = self.object(object_id)
        known = rights.levels.get(column_id)
        if known is None:
            known = column_level(rights.policy.columns.get(column_id, ()), self.sources)
            if known is ColumnLevel.NONE and self.any_data(Verb.READ):
                known = ColumnLevel.READ
            rights.levels[column_id] = known
        return known

    def may_write(self, object_id: UUID, column_id: UUID, verb: Verb) -> bool:
        """Layer 4 for writing: edit on the column, or the any-data operation of the verb."""
        return self.level(object_id, column_id) is ColumnLevel.EDIT or self.any_data(verb)

    def rule(self, object_id: UUID, verb: Verb) -> RecordRule:
        """Layer 3 as an expression, any-data included."""
        if self.any_data(verb):
            return Everyone()
        policy = self.object(object_id).policy
        roles = frozenset(self.graph.roles)
        return record_rule(verb, self.sources, policy.switches, policy.rules, roles)


def filter_for(ctx: Context, rights: Rights, object_id: UUID, verb: Verb, *, has_owner: bool) -> RecordFilter:
    """Layer 3 of a verb, bound to derived rows so that it compiles to SQL."""
    kept = rights.object(object_id).filters
    known = kept.get((verb, has_owner))
    if known is None:
        known = kept[verb, has_owner] = _bind(ctx, rights, object_id, verb, has_owner=has_owner)
    return known


def _bind(  # noqa: C901  one case for each leg
    ctx: Context, rights: Rights, object_id: UUID, verb: Verb, *, has_owner: bool
) -> RecordFilter:
    rule = rights.rule(object_id, verb)
    me = rights.principal
    if isinstance(rule, Everyone):
        return RecordFilter(verb, object_id, me, everyone=True)
    persons: set[UnitId] = set()
    roles: set[UnitId] = set()
    heads: frozenset[UnitId] = frozenset()
    owner, under_owner, shared = False, False, False
    for leg in rule.legs if isinstance(rule, AnyOf) else ():
        match leg:
            case AuthorIs(person):
                persons.add(person)
            case AuthorUnder(found):
                heads = found
            case OwnerIs():
                owner = has_owner
            case OwnerUnder():
                under_owner = has_owner
            case AuthorSetHas():
                for author in _authors(ctx, rights, leg):
                    (roles if author in rights.graph.roles else persons).add(author)
            case SharedWith():
                shared = True
    reach = ensure_reach(ctx, heads, frozenset(roles))
    if reach.everything:
        return RecordFilter(verb, object_id, me, everyone=True)
    heads_reach = rights.head_reach
    return RecordFilter(
        verb,
        object_id,
        me,
        authors=tuple(sorted(persons)),
        owner=owner,
        labels=reach.id if reach.size else 0,
        owners=heads_reach.id if under_owner else 0,
        unit_set=rights.unit_set if shared else 0,
        heads=heads_reach.id if shared else 0,
        fanout=reach.size + len(persons) + (_persons_under(ctx, heads_reach) if under_owner else 0) + owner,
    )


def _authors(ctx: Context, rights: Rights, leg: AuthorSetHas) -> set[UnitId]:
    """Author units of matching rules; rules naming a person count if that person is a subordinate now."""
    found = set(leg.sure)
    grantees = {grantee for _, grantee, _ in leg.managed}
    if grantees:
        under = {
            r[0]
            for r in ctx.db.rows(
                "select u.id from @.identity_unit u join @.access_reach_label l"
                " on l.label_id = u.current_label_id where l.reach_id = %(reach)s and u.id = any(%(ids)s)",
                {"reach": rights.head_reach.id, "ids": list(grantees)},
            )
        }
        found |= {author for author, grantee, _ in leg.managed if grantee in under}
    return found


def _persons_under(ctx: Context, reach: Reach) -> int:
    """How many subordinates there are, up to a thousand: beyond that a walk over them is never chosen."""
    row = ctx.db.row(
        "select count(*) from (select 1 from @.identity_unit u join @.access_reach_label l"
        " on l.label_id = u.current_label_id where l.reach_id = %(reach)s limit 1000) x",
        {"reach": reach.id},
    )
    return int(row[0]) if row else 0


_lock = threading.Lock()
_kept: Recent[tuple[str, PrincipalId], Rights] = Recent(MAX_KEPT)


def rights_of(ctx: Context) -> Rights:
    """The principal's rights as last read. The data statement tests `epoch`; on a mismatch: `forget`."""
    known = _kept.get((ctx.db.schema, ctx.actor))
    if known is None:
        return _load(ctx)
    _ensure_vouched(ctx, known.epoch)
    return known


def _ensure_vouched(ctx: Context, epoch: int) -> None:
    """A sign-in verified at another epoch is worth nothing here: a key may have been revoked since."""
    if ctx.vouch is not None:
        if ctx.vouch.epoch != epoch:
            raise VouchExpired
        ctx.vouch.tested = True


def current_rights(ctx: Context) -> Rights:
    """The principal's rights at the epoch that a statement sees now, for decisions without data."""
    known = _kept.get((ctx.db.schema, ctx.actor))
    if known is not None and known.epoch == identity.current_epoch(ctx):
        _ensure_vouched(ctx, known.epoch)
        return known
    forget(ctx)
    return _load(ctx)


def forget(ctx: Context) -> None:
    """Drop what is kept about the principal."""
    _kept.forget((ctx.db.schema, ctx.actor))


def _load(ctx: Context) -> Rights:
    epoch = identity.current_epoch(ctx)
    _ensure_vouched(ctx, epoch)
    row = ctx.db.row(
        "select kind, active, current_label_id, array(select m.role_id from @.identity_membership m"
        " where m.principal_id = u.id) from @.identity_unit u"
        " where u.id = %(id)s and kind in ('person', 'service')",
        {"id": ctx.actor},
    )
    if row is None or not row[1]:
        raise NotSignedIn  # layer 0: deactivated or gone
    graph = identity.role_graph(ctx, epoch)
    kind, _, label, direct = row
    own = graph.own_set(direct) if kind == identity.UnitKind.PERSON else graph.service_set(direct)
    heads = graph.heads(own)
    head_reach = ensure_reach(ctx, heads, frozenset())
    below = _roles_under(ctx, head_reach) if head_reach is not NO_REACH else ()
    sources = sources_of(ctx.actor, own, graph, below)
    rights = Rights(
        epoch,
        ctx.actor,
        label,
        sources,
        graph,
        load_policy(ctx, epoch),
        head_reach,
        ensure_unit_set(ctx, sources.roles),
    )
    with _lock:
        key = (ctx.db.schema, ctx.actor)
        known = _kept.get(key)
        if known is not None and known.epoch == epoch:
            return known  # another thread was faster: two values of one epoch would look like a change
        _kept.put(key, rights)
    return rights


def _roles_under(ctx: Context, reach: Reach) -> list[UnitId]:
    """Every role in the own set of any subordinate."""
    return [
        r[0]
        for r in ctx.db.rows(
            "select distinct lu.unit_id from @.identity_label_unit lu where lu.kind = 'o' and lu.label_id in"
            " (select u.current_label_id from @.identity_unit u join @.access_reach_label l"
            "  on l.label_id = u.current_label_id where l.reach_id = %(reach)s)",
            {"reach": reach.id},
        )
    ]

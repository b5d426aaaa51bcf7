"""What one principal may do, computed once per epoch and kept: layers 0 to 4 answered from the pure core."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from ostiary.access._bind import bind
from ostiary.access._filter import RecordFilter
from ostiary.access._ground import Grounds, masters_of
from ostiary.access._policy import ObjectPolicy, Policy, load_policy
from ostiary.access._reach import Reach, ensure_reach, ensure_unit_set
from ostiary.access.core import (
    ANY_DATA,
    MASTER,
    ColumnLevel,
    Decision,
    Everyone,
    Held,
    Operation,
    RecordRule,
    Sources,
    Verb,
    decide_operation,
    decide_verb,
    grantors_of,
    is_writable,
    legs_of,
    shown_level,
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
    filters: dict[Verb, RecordFilter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """The instants between which rights hold, by the dates that they rest on; None: without end."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def bounded(self) -> bool:
        """Whether a statement has to ask for the time."""
        return self.since is not None or self.until is not None

    def holds(self, now: datetime) -> bool:
        """Since <= now < until."""
        return (self.since is None or self.since <= now) and (self.until is None or now < self.until)


@dataclass(slots=True)
class Rights:
    """Everything decided about one principal at one epoch.

    current_label: the label that a record made now would carry. head_reach: the principal's own heads,
    all_reach: those of its grantors too. span: when the dates of delegations and elevations let it hold.
    """

    epoch: int
    principal: PrincipalId
    current_label: int
    sources: Sources
    graph: identity.RoleGraph
    policy: Policy
    head_reach: Reach
    all_reach: Reach
    unit_set: int
    span: Span = Span()
    operations: dict[str, Decision] = field(default_factory=dict)
    objects: dict[UUID, ObjectRights] = field(default_factory=dict)

    def operation(self, operation: Operation) -> Decision:
        """Layer 1."""
        return self.may(operation.value)

    def may(self, code: str) -> Decision:
        """Layer 1, by the code of an operation."""
        known = self.operations.get(code)
        if known is None:
            rows = self.policy.operations.get(code, ())
            known = self.operations[code] = decide_operation(rows, self.sources)
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
        policy = rights.policy
        return decide_verb(verb, policy.rows, policy.carried, self.sources, self.may)

    def level(self, object_id: UUID, column_id: UUID, *, sealed: bool = False) -> ColumnLevel:
        """What is shown of a column: View any lifts none to read; masked stays masked, sealed is none."""
        if sealed:
            return ColumnLevel.NONE
        rights = self.object(object_id)
        known = rights.levels.get(column_id)
        if known is None:
            rows = rights.policy.columns.get(column_id, ())
            known = rights.levels[column_id] = shown_level(rows, self.sources, self.may)
        return known

    def may_write(self, object_id: UUID, column_id: UUID, verb: Verb, *, sealed: bool = False) -> bool:
        """Layer 4 for writing: edit on the column, or the any-data operation of the verb; never if sealed."""
        return not sealed and is_writable(self.level(object_id, column_id), verb, self.may)

    def rule(self, object_id: UUID, verb: Verb, grounds: Grounds) -> RecordRule:
        """Layer 3 as an expression, any-data included."""
        return Everyone() if self.any_data(verb) else self.legs(object_id, verb, grounds)

    def legs(self, object_id: UUID, verb: Verb, grounds: Grounds) -> RecordRule:
        """Layer 3 by its switch, legs and denies alone: what may be passed on, and what masters hand down."""
        policies = [self.object(o).policy.records for o in masters_of(grounds, object_id)]
        return legs_of(verb, self.sources, policies, frozenset(self.graph.roles))

    def asks_master(self, object_id: UUID) -> bool:
        """Whether putting a record under a master needs update on that: layer 3 and leg 8 are on."""
        switches = self.object(object_id).policy.records.switches
        return switches.records and MASTER in switches.legs

    def allows_denies(self, object_id: UUID) -> bool:
        """Whether records of the object, and rules about them, may deny."""
        return self.object(object_id).policy.records.switches.denies


def filter_for(ctx: Context, rights: Rights, grounds: Grounds, object_id: UUID, verb: Verb) -> RecordFilter:
    """Layer 3 of a verb, bound to derived rows so that it compiles to SQL."""
    kept = rights.object(object_id).filters
    known = kept.get(verb)
    if known is None:
        rule = rights.rule(object_id, verb, grounds)
        known = kept[verb] = bind(ctx, rights, grounds, object_id, verb, rule)
    return known


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
    if known is not None and known.epoch == identity.current_epoch(ctx) and _in_span(ctx, known.span):
        _ensure_vouched(ctx, known.epoch)
        return known
    forget(ctx)
    return _load(ctx)


def _in_span(ctx: Context, span: Span) -> bool:
    return not span.bounded or span.holds(transaction_time(ctx))


def transaction_time(ctx: Context) -> datetime:
    """The start of the transaction: the instant at which dates are asked (semantics section 1)."""
    row = ctx.db.row("select now()")
    if row is None:
        raise RuntimeError("the database has no time")
    found: datetime = row[0]
    return found


def forget(ctx: Context) -> None:
    """Drop what is kept about the principal."""
    _kept.forget((ctx.db.schema, ctx.actor))


def _load(ctx: Context) -> Rights:
    epoch = identity.current_epoch(ctx)
    _ensure_vouched(ctx, epoch)
    graph = identity.role_graph(ctx, epoch)
    found = _principals(ctx, [ctx.actor], graph)
    if ctx.actor not in found:
        raise NotSignedIn  # layer 0: deactivated or gone
    me = found[ctx.actor]
    policy = load_policy(ctx, epoch)
    standing = standing_of(ctx, identity.standing_in(ctx, epoch), graph, me.held, me.kind)
    sources = sources_of(
        _with_subordinates(ctx, graph, me.held),
        graph,
        [_with_subordinates(ctx, graph, g) for g in standing.grantors],
        standing.elevated,
        identity.attributes_of(ctx, UnitId(ctx.actor)) if policy.has_scopes else {},
    )
    head_reach = ensure_reach(ctx, sources.heads, frozenset())
    same = sources.all_heads == sources.heads
    all_reach = head_reach if same else ensure_reach(ctx, sources.all_heads, frozenset())
    rights = Rights(
        epoch,
        ctx.actor,
        me.label,
        sources,
        graph,
        policy,
        head_reach,
        all_reach,
        ensure_unit_set(ctx, sources.roles),
        standing.span,
    )
    with _lock:
        key = (ctx.db.schema, ctx.actor)
        known = _kept.get(key)
        if known is not None and known.epoch == epoch and known.span == rights.span:
            return known  # another thread was faster: two values of one epoch would look like a change
        _kept.put(key, rights)
    return rights


@dataclass(frozen=True, slots=True)
class _Principal:
    """An active principal as stored."""

    held: Held
    kind: identity.UnitKind
    label: int


def _principals(ctx: Context, ids: Sequence[UUID], graph: identity.RoleGraph) -> Mapping[UUID, _Principal]:
    """Those of the principals that are active, with their own sets."""
    rows = ctx.db.rows(
        "select u.id, u.kind, u.external, u.current_label_id, array(select m.role_id"
        " from @.identity_membership m where m.principal_id = u.id) from @.identity_unit u"
        " where u.id = any(%(ids)s) and u.active and u.kind in ('person', 'service')",
        {"ids": list(ids)},
    )
    found = {}
    for id_, stored, external, label, direct in rows:
        kind = identity.UnitKind(stored)
        held = Held(id_, graph.set_of(kind, direct, external=external))
        found[id_] = _Principal(held, kind, label)
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """Who delegated, and what a principal is elevated to, as of the transaction."""

    grantors: tuple[Held, ...] = ()
    elevated: tuple[UnitId, ...] = ()
    span: Span = Span()


def standing_of(
    ctx: Context,
    all_: identity.StandingIn,
    graph: identity.RoleGraph,
    me: Held,
    kind: identity.UnitKind,
) -> Standing:
    """Follow delegations from a principal on, each person once. Source: semantics section 1."""
    if kind is identity.UnitKind.SERVICE or not (all_.delegations or all_.elevations):
        return Standing()
    now = transaction_time(ctx)
    mine = [e for e in all_.elevations if e.person == me.unit]
    elevated = [e.role for e in mine if e.period.holds(now)]
    ends = [end for e in mine for end in e.period.ends]
    grantors, looked_at = grantors_of(
        me,
        all_.delegations,
        now,
        lambda asked: [p.held for p in _principals(ctx, asked, graph).values()],
    )
    ends += [end for delegation in looked_at for end in delegation.period.ends]
    return Standing(grantors, tuple(elevated), _span(ends, now))


def _span(ends: Sequence[datetime], now: datetime) -> Span:
    past, coming = [t for t in ends if t <= now], [t for t in ends if t > now]
    return Span(max(past, default=None), min(coming, default=None))


def _with_subordinates(ctx: Context, graph: identity.RoleGraph, held: Held) -> Held:
    """Every role in the own set of any subordinate, for whoever manages somebody."""
    heads = graph.heads(held.own)
    if not heads:
        return held
    reach = ensure_reach(ctx, heads, frozenset())
    return replace(held, subordinate_roles=frozenset(_roles_under(ctx, reach)))


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

"""Layer 3 bound to derived rows: reaches, unit sets and columns stand for what the expression names."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from ostiary.access._bound_legs import (
    AuthorIn,
    BoundDenied,
    BoundLeg,
    ByMaster,
    LabelIn,
    OwnerIn,
    Scoped,
    Shared,
)
from ostiary.access._filter import RecordFilter
from ostiary.access._ground import Grounds, steps_of
from ostiary.access._reach import NO_REACH, Reach, ensure_reach, ensure_unit_set
from ostiary.access.core import (
    AnyOf,
    AuthorIs,
    AuthorSetHas,
    AuthorUnder,
    Denied,
    Everyone,
    Leg,
    OwnerIs,
    OwnerUnder,
    RecordRule,
    ScopeHas,
    SharedWith,
    UnderMaster,
    Verb,
)
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId

if TYPE_CHECKING:
    from ostiary.access._rights import Rights

LISTED = 200  # values of a scope rule that a statement carries; more are interned as a unit set


def bind(
    ctx: Context, rights: "Rights", grounds: Grounds, object_id: UUID, verb: Verb, rule: RecordRule
) -> RecordFilter:
    """The filter of an expression about records of `object_id`."""
    if isinstance(rule, Everyone):
        return RecordFilter(verb, object_id, open=True)
    if not isinstance(rule, AnyOf):
        return RecordFilter(verb, object_id)
    binder = _Binder(ctx, rights, grounds, object_id, verb)
    for leg in rule.legs:
        binder.add(leg)
    legs = binder.bound()
    denied = None if rule.denied is None else binder.denied(rule.denied)
    if legs is None:
        return RecordFilter(verb, object_id, open=True, denied=denied)
    return RecordFilter(verb, object_id, legs=legs, denied=denied if legs else None)


class _Binder:
    """One filter in the making. Legs that look at the same column become one."""

    def __init__(self, ctx: Context, rights: "Rights", grounds: Grounds, object_id: UUID, verb: Verb) -> None:
        self.ctx, self.rights, self.grounds, self.verb = ctx, rights, grounds, verb
        self.ground = grounds[object_id]
        self.author_persons: set[UnitId] = set()
        self.author_roles: set[UnitId] = set()
        self.author_heads: frozenset[UnitId] = frozenset()
        self.owners: frozenset[UnitId] = frozenset()
        self.owner_reach = NO_REACH
        self.others: list[BoundLeg] = []

    def add(self, leg: Leg) -> None:
        match leg:
            case AuthorIs(persons):
                self.author_persons |= persons
            case AuthorUnder(heads):
                self.author_heads = heads
            case OwnerIs(persons):
                self.owners = persons if self.ground.has_owner else frozenset()
            case OwnerUnder():
                self.owner_reach = self.rights.all_reach if self.ground.has_owner else NO_REACH
            case AuthorSetHas(sure, managed):
                under = self._under(grantee for _, grantee, _ in managed)
                for author in {*sure, *(a for a, grantee, _ in managed if grantee in under)}:
                    is_role = author in self.rights.graph.roles
                    (self.author_roles if is_role else self.author_persons).add(author)
            case ScopeHas():
                self.others += self._scoped(leg)
            case SharedWith(_, persons):
                self.others.append(
                    Shared(
                        self.verb,
                        self.ground.object_id,
                        tuple(sorted(persons)),
                        self.rights.unit_set,
                        self.rights.head_reach.id,
                    )
                )
            case UnderMaster(rules):
                self.others += self._by_master(rules)

    def bound(self) -> tuple[BoundLeg, ...] | None:
        """The legs, in the order in which they are asked; None: together they reach everything."""
        reach = ensure_reach(self.ctx, self.author_heads, frozenset(self.author_roles))
        if reach.everything:
            return None
        found: list[BoundLeg] = []
        if self.author_persons:
            found.append(AuthorIn(tuple(sorted(self.author_persons))))
        owners = self.owner_reach
        if self.owners or owners is not NO_REACH:
            under = _persons_under(self.ctx, owners) if owners is not NO_REACH else 0
            found.append(OwnerIn(tuple(sorted(self.owners)), owners.id, under))
        if reach.size:
            found.append(LabelIn(reach.id, reach.size))
        return (*found, *self.others)

    def _under(self, persons: Iterable[UnitId]) -> set[UnitId]:
        """Which of the persons are subordinates now."""
        asked = sorted(set(persons))
        if not asked:
            return set()
        return {
            r[0]
            for r in self.ctx.db.rows(
                "select u.id from @.identity_unit u join @.access_reach_label l"
                " on l.label_id = u.current_label_id where l.reach_id = %(reach)s and u.id = any(%(ids)s)",
                {"reach": self.rights.head_reach.id, "ids": asked},
            )
        }

    def _scoped(self, leg: ScopeHas) -> Iterable[BoundLeg]:
        under = self._under(t.person for t in leg.tests if t.person is not None)
        for number, test in enumerate(leg.tests):
            steps = steps_of(self.grounds, self.ground.object_id, test.path)
            if steps is None or (test.person is not None and test.person not in under):
                continue
            many = len(test.values) > LISTED
            yield Scoped(
                number,
                steps,
                () if many else tuple(sorted(test.values)),
                ensure_unit_set(self.ctx, frozenset(map(UnitId, test.values))) if many else 0,
            )

    def _by_master(self, rules: tuple[RecordRule, ...]) -> Iterable[BoundLeg]:
        ground = self.ground
        lookup = None if ground.master is None else ground.lookups.get(ground.master)
        if lookup is None or lookup.target not in self.grounds:
            return
        verbs = (self.verb,) if len(rules) == 1 else (Verb.READ, self.verb)
        filters = tuple(
            bind(self.ctx, self.rights, self.grounds, lookup.target, verb, rule)
            for verb, rule in zip(verbs, rules, strict=True)
        )
        if not any(filter_.nobody for filter_ in filters):
            yield ByMaster(f'"{lookup.column}"', self.grounds[lookup.target].table, filters)

    def denied(self, denied: Denied) -> BoundDenied:
        """What is taken away, for statements."""
        roles = frozenset(self.rights.graph.roles)
        me = self.rights.principal
        return BoundDenied(
            tuple(sorted(denied.verbs)),
            me,
            ensure_unit_set(self.ctx, denied.units - {me}),
            tuple(sorted(denied.authors - roles)),
            ensure_reach(self.ctx, frozenset(), denied.authors & roles).id,
        )


def _persons_under(ctx: Context, reach: Reach) -> int:
    """How many subordinates there are, up to a thousand: beyond that a walk over them is never chosen."""
    row = ctx.db.row(
        "select count(*) from (select 1 from @.identity_unit u join @.access_reach_label l"
        " on l.label_id = u.current_label_id where l.reach_id = %(reach)s limit 1000) x",
        {"reach": reach.id},
    )
    return int(row[0]) if row else 0

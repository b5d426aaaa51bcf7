"""What an explanation rests on, read from the tables: one principal's inputs, and what is asked about."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from ostiary.access._facts import record_facts
from ostiary.access._ground import Grounds, masters_of
from ostiary.access._named import named_in
from ostiary.access._policy import Policy, load_policy
from ostiary.access._question import Origin, Question
from ostiary.access.core import Column, Matter, Operation, RecordFacts, Verb
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound, TooManyRequests
from ostiary.kernel.ids import UnitId

MAX_TRIES = 8
MOST_PAIRS = 400  # of a unit and a role that are looked for one by one
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about: a verb on an object, perhaps on one record, perhaps a column.

    To read a column asks for its plain value; to create or update it, for writing. Create looks at no record.
    operation: needed beside the verb. at: dated delegations, elevations and shares as they are then, with
    the rows of now; None: now.
    """

    object_id: UUID
    verb: Verb
    record_id: UUID | None = None
    column_id: UUID | None = None
    operation: Operation | None = None
    at: datetime | None = None


def load_question(ctx: Context, grounds: Grounds, principal: UnitId, asked: Asked) -> Question:
    """The question with everything that its answer may rest on. Raises NotFound: there is no such thing."""
    return at_one_epoch(ctx, lambda epoch: _load(ctx, grounds, principal, asked, epoch))


def at_one_epoch(ctx: Context, read: Callable[[int], Found]) -> Found:
    """What is read in several statements, all of one epoch."""
    for _ in range(MAX_TRIES):
        epoch = identity.current_epoch(ctx)
        found = read(epoch)
        if identity.current_epoch(ctx) == epoch:
            return found
    raise TooManyRequests("Rights keep changing; try again", retry_after_s=1)


def _load(ctx: Context, grounds: Grounds, principal: UnitId, asked: Asked, epoch: int) -> Question:
    graph = identity.role_graph(ctx, epoch)
    matter = load_matter(ctx, grounds, graph, load_policy(ctx, epoch), asked)
    origin = load_origin(
        ctx,
        epoch,
        graph,
        principal,
        _reporting(matter.facts),
        asked.at,
        only=frozenset(named_in(matter)) & matter.roles,
    )
    above = () if asked.record_id is None else _records(ctx, grounds, asked.object_id, asked.record_id)
    return Question(origin, matter, above)


def standing_at(ctx: Context, epoch: int, at: datetime | None) -> identity.StandingIn:
    """The delegations and elevations that may matter at an instant, None for now."""
    return identity.standing_in(ctx, epoch) if at is None else identity.standing_in_at(ctx, at)


def load_matter(
    ctx: Context, grounds: Grounds, graph: identity.RoleGraph, policy: Policy, asked: Asked
) -> Matter:
    """What is asked about. Raises NotFound."""
    object_id, record_id = asked.object_id, asked.record_id
    if object_id not in grounds:
        raise NotFound
    facts = None if record_id is None else record_facts(ctx, policy, grounds, object_id, record_id)
    if record_id is not None and facts is None:
        raise NotFound
    if facts is not None and asked.at is not None:
        facts = _as_of(facts, asked.at)
    here = policy.object(object_id)
    return Matter(
        asked.verb,
        policy.operations,
        here.rows,
        here.carried,
        tuple(policy.object(o).records for o in masters_of(grounds, object_id)),
        frozenset(graph.roles),
        facts,
        None if asked.column_id is None else _column(policy, grounds, object_id, asked.column_id),
        None if asked.operation is None else asked.operation.value,
    )


def _as_of(facts: RecordFacts, at: datetime) -> RecordFacts:
    """The facts with another instant at which shares are valid or not."""
    return replace(facts, now=at, master=None if facts.master is None else _as_of(facts.master, at))


def _column(policy: Policy, grounds: Grounds, object_id: UUID, column_id: UUID) -> Column:
    rows = policy.object(object_id).columns.get(column_id, ())
    return Column(column_id, rows, grounds[object_id].fixed.get(column_id))


def load_origin(
    ctx: Context,
    epoch: int,
    graph: identity.RoleGraph,
    principal: UnitId,
    reporting: frozenset[UnitId] = frozenset(),
    at: datetime | None = None,
    *,
    only: frozenset[UnitId] | None = None,
) -> Origin:
    """A principal's inputs. reporting: units whose managers may come into it. at: as of what is asked.

    only: the roles that matter of those that come by managing, which may be thousands; None: all.
    Raises NotFound.
    """
    row = ctx.db.row(
        "select u.kind, u.external, u.active, now(), array(select m.role_id from @.identity_membership m"
        " where m.principal_id = u.id) from @.identity_unit u"
        " where u.id = %(id)s and u.kind in ('person', 'service')",
        {"id": principal},
    )
    if row is None:
        raise NotFound
    kind, external, active, now, direct = row
    standing = standing_at(ctx, epoch, at)
    people = own_sets_of(ctx, graph, {d.grantor for d in standing.delegations})
    held = frozenset().union(*(own.roles for own in people.values()), direct)
    heads = frozenset(u for r in held if (u := graph.roles[r].manages) is not None)
    return Origin(
        principal,
        graph,
        at or now,
        frozenset(direct),
        active,
        kind == identity.UnitKind.SERVICE,
        external,
        roles_under(ctx, heads | reporting, but=principal, only=only),
        people,
        standing.delegations,
        standing.elevations,
        identity.attributes_of(ctx, principal),
    )


def own_sets_of(
    ctx: Context, graph: identity.RoleGraph, people: Iterable[UnitId]
) -> dict[UnitId, identity.OwnSet]:
    """The own sets of those of the people that are active."""
    wanted = sorted(people)
    if not wanted:
        return {}
    rows = ctx.db.rows(
        "select u.id, u.external, array(select m.role_id from @.identity_membership m"
        " where m.principal_id = u.id) from @.identity_unit u"
        " where u.id = any(%(ids)s) and u.active and u.kind = 'person'",
        {"ids": wanted},
    )
    return {id_: graph.own_set(direct, external=external) for id_, external, direct in rows}


def roles_under(
    ctx: Context,
    heads: Iterable[UnitId],
    *,
    but: UnitId = identity.NO_UNIT,
    only: Iterable[UnitId] | None = None,
) -> dict[UnitId, frozenset[UnitId]]:
    """For each unit, every role in the own set of any person who reports to it now.

    but: a person who is left out. only: the roles that matter; None: all.
    """
    wanted, counting = sorted(heads), None if only is None else sorted(only)
    if not wanted or counting == []:
        return {}
    values = {"heads": wanted, "but": but, "only": counting}
    if counting is not None and len(wanted) * len(counting) <= MOST_PAIRS:
        rows = ctx.db.rows(_FIRST_OF_EACH, values)
    else:
        which = "" if counting is None else " and o.unit_id = any(%(only)s)"
        rows = ctx.db.rows(_ALL_OF_EACH.format(which=which), values)
    return {head: frozenset(roles) for head, roles in rows}


# Of the thousands below a unit the first who has a role is enough, which two walks over an index find.
_FIRST_OF_EACH = (
    "select h.unit_id, array_agg(o.unit_id) from unnest(%(heads)s::uuid[]) as h(unit_id)"
    " cross join unnest(%(only)s::uuid[]) as o(unit_id) cross join lateral (select 1"
    " from @.identity_label_unit r"
    " join @.identity_label_unit l on l.label_id = r.label_id and l.kind = 'o' and l.unit_id = o.unit_id"
    " join @.identity_unit u on u.current_label_id = r.label_id and u.id <> %(but)s"
    " where r.kind = 'r' and r.unit_id = h.unit_id limit 1) as found group by h.unit_id"
)
_ALL_OF_EACH = (
    "select r.unit_id, array_agg(distinct o.unit_id) from @.identity_label_unit r"
    " join @.identity_label_unit o on o.label_id = r.label_id and o.kind = 'o'{which}"
    " where r.kind = 'r' and r.unit_id = any(%(heads)s) and exists (select 1 from @.identity_unit u"
    " where u.current_label_id = r.label_id and u.id <> %(but)s) group by r.unit_id"
)


def _reporting(facts: RecordFacts | None) -> frozenset[UnitId]:
    """Units whose managers may be given the record as managers."""
    if facts is None:
        return frozenset()
    return facts.author_reporting | facts.owner_reporting | _reporting(facts.master)


def _records(
    ctx: Context, grounds: Grounds, object_id: UUID, record_id: UUID
) -> tuple[tuple[UUID, UUID], ...]:
    """The record, its master record, and so on up."""
    found = [(object_id, record_id)]
    for above in masters_of(grounds, object_id)[1:]:
        object_here, record_here = found[-1]
        ground = grounds[object_here]
        if ground.master is None:
            break
        column = ground.lookups[ground.master].column
        row = ctx.db.row(f'select "{column}" from @.{ground.table} where id = %(id)s', {"id": record_here})
        if row is None or row[0] is None:
            break
        found.append((above, row[0]))
    return tuple(found)

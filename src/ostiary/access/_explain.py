"""Why somebody may or may not, layer by layer, and what would turn it. Guarded, and recorded as an event."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from ostiary.access._administration import ensure_operation, may_operate
from ostiary.access._asked import Asked, load_question
from ostiary.access._candidates import candidates
from ostiary.access._flips import Flip, smallest_flips
from ostiary.access._ground import Grounds
from ostiary.access._question import Question
from ostiary.access.core import (
    Cause,
    Deciding,
    DenyFact,
    DenyRule,
    Everyone,
    Layer,
    Matter,
    Operation,
    Reason,
    SourceKind,
    Verb,
    permits,
    settled_any_data,
    settled_layers,
)
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import UnitId


@dataclass(frozen=True, slots=True)
class Unnamed:
    """Stands for a cause of which the asker may know no more than what kind of thing it is."""

    what: str


@dataclass(frozen=True, slots=True)
class Layered:
    """What one layer says about one verb, and what that rests on."""

    layer: Layer
    verb: Verb
    allowed: bool
    by: tuple[Cause | Unnamed, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """The verdict, what each layer says about each verb, and the smallest sets of changes that would turn it.

    any_data: operations that were asked first; one that allows replaces layers. cut: there may be more
    changes than were tried. by_role: the direct role by which a unit of the own set is had. names: of the
    units that the asker may know. question: what it was made from; None for whoever may not know that.
    """

    principal: UnitId
    verb: Verb
    allowed: bool
    layers: tuple[Layered, ...]
    any_data: tuple[Layered, ...]
    flips: tuple[Flip, ...]
    cut: bool
    by_role: Mapping[UnitId, UnitId]
    names: Mapping[UnitId, str] = field(default_factory=dict)
    question: Question | None = None


def explain(
    ctx: Context,
    grounds: Grounds,
    principal: UnitId,
    object_id: UUID,
    verb: Verb,
    record_id: UUID | None = None,
    column_id: UUID | None = None,
) -> Explanation:
    """Explain whether a principal may do a verb on an object, a record of it, a column.

    To read a column asks for its plain value; to create or update it, for writing. Create looks at no record.
    One's own explanation is free: it names nothing but one's own units, and a hidden record is absent. That
    of others, and a whole one, needs CanManageAdministration. Raises: NotFound, AccessDenied.
    """
    if principal != ctx.actor:
        ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    question = load_question(ctx, grounds, principal, Asked(object_id, verb, record_id, column_id))
    whole = may_operate(ctx, Operation.MANAGE_RIGHTS)
    sources = question.origin.sources()
    if not whole and record_id is not None and not _may_read(question):
        raise NotFound
    found = explained(question)
    _record(ctx, found, object_id, record_id, column_id)
    if not whole:
        found = _as_known(found, sources.own | sources.persons)
    return replace(found, names=identity.names_of(ctx, sorted(_units_of(found))))


def explained(question: Question) -> Explanation:
    """The whole explanation, without names."""
    origin, matter = question.origin, question.matter
    sources = origin.sources()
    settled = settled_layers(matter, sources)
    layers = (
        Layered(Layer.GATE, matter.verb, origin.active),
        *(Layered(s.layer, s.verb, s.allowed, s.by or _rowless(s.layer, matter)) for s in settled),
    )
    tried, some_left = candidates(question)
    flips, cut = smallest_flips(question, tried)
    return Explanation(
        origin.unit,
        matter.verb,
        all(layered.allowed for layered in layers),
        layers,
        tuple(Layered(s.layer, s.verb, s.allowed, s.by) for s in settled_any_data(matter, sources)),
        flips,
        cut or some_left,
        _by_role(question),
        question=question,
    )


def _rowless(layer: Layer, matter: Matter) -> tuple[Unnamed, ...]:
    """What a column without a deciding row rests on, unless its rows name nobody here."""
    column = matter.column
    if layer is not Layer.COLUMN or column is None:
        return ()
    if column.fixed is not None:
        return (Unnamed("fixed"),)
    return () if column.rows else (Unnamed("open"),)


def _by_role(question: Question) -> dict[UnitId, UnitId]:
    """For each unit of the own set the direct role that brings it: the unit itself where it is one."""
    origin = question.origin
    if origin.service:
        return {role: role for role in origin.direct}
    always = origin.graph.own_set((), external=origin.external).roles
    brought = {
        unit: role
        for role in sorted(origin.direct)
        for unit in origin.graph.own_set((role,), external=origin.external).roles - always
    }
    return {**brought, **{role: role for role in origin.direct}}


def _may_read(question: Question) -> bool:
    matter = replace(question.matter, verb=Verb.READ, column=None)
    return question.origin.active and permits(matter, question.origin.sources())


def _record(
    ctx: Context, found: Explanation, object_id: UUID, record_id: UUID | None, column_id: UUID | None
) -> None:
    asked = {
        "principal": str(found.principal),
        "object": str(object_id),
        "verb": found.verb.value,
        "column": None if column_id is None else str(column_id),
        "allowed": found.allowed,
    }
    audit.append(
        ctx,
        "access.decision.explained",
        object_type=None if record_id is None else "record",
        object_ref=record_id,
        parts=[audit.Part("decision", asked)],
    )


def _as_known(found: Explanation, known: frozenset[UnitId]) -> Explanation:
    """What somebody may be told of themselves: nothing that names units but their own and their grantors."""

    def told(layered: Layered) -> Layered:
        return replace(layered, by=tuple(dict.fromkeys(_told(cause, known) for cause in layered.by)))

    return replace(
        found,
        layers=tuple(map(told, found.layers)),
        any_data=tuple(map(told, found.any_data)),
        flips=tuple(f for f in found.flips if all(known.issuperset(change.units) for change in f)),
        question=None,
    )


def _told(cause: Cause | Unnamed, known: frozenset[UnitId]) -> Cause | Unnamed:
    if isinstance(cause, Everyone | Unnamed):
        return cause
    if isinstance(cause, Deciding):
        own = cause.source.kind is SourceKind.OWN and cause.row.unit in known
        return cause if own else Unnamed("row")
    return Unnamed(type(cause.leg).__name__ if isinstance(cause, Reason) else "deny")


def _units_of(found: Explanation) -> set[UnitId]:
    """Every unit that words name."""
    causes = [cause for layered in (*found.layers, *found.any_data) for cause in layered.by]
    named = {unit for cause in causes for unit in _units_in(cause)}
    named |= {unit for flip in found.flips for change in flip for unit in change.units}
    return named | set(found.by_role) | {found.principal}


def _units_in(cause: Cause | Unnamed) -> Iterator[UnitId]:
    match cause:
        case Deciding(_, _, row, source):
            yield from (row.unit, source.of)
        case Reason(_, _, by) if by is not None:
            yield UnitId(by)
        case DenyFact(unit, _):
            yield unit
        case DenyRule(_, author, unit, _):
            yield from (author, unit)

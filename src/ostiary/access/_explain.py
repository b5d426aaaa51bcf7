"""Why somebody may or may not, layer by layer, and what would turn it. Guarded, and recorded as an event."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ostiary.access._administration import ensure_operation, may_operate
from ostiary.access._asked import Asked, load_question
from ostiary.access._candidates import candidates
from ostiary.access._flips import Flip, shared_together, smallest_flips
from ostiary.access._ground import Grounds
from ostiary.access._question import Question
from ostiary.access._tried import Tried, TriedLeg, tried_of
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
    """Stands for a cause of which the asker may know no more than what kind of thing it is, and by whom.

    by: a unit of their own, or one who delegated to them.
    """

    what: str
    by: UnitId | None = None


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
    units that the asker may know. tried: what the layer that stops looked at; untold: how much more of it.
    question: what it was made from; None for whoever may not know that.
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
    tried: tuple[Tried, ...] = ()
    untold: int = 0
    operation: str | None = None
    question: Question | None = None

    @property
    def stopped(self) -> Layered | None:
        """The first layer that refuses."""
        return next((layered for layered in self.layers if not layered.allowed), None)


def explain(
    ctx: Context, grounds: Grounds, principal: UnitId, asked: Asked, *, suggest: bool = True
) -> Explanation:
    """Explain whether a principal may do what is asked about; `suggest` also says what would turn it.

    One's own explanation is free: it names nothing but one's own units, and a hidden record is absent. That
    of others, and a whole one, needs CanManageAdministration. Raises: NotFound, AccessDenied.
    """
    if principal != ctx.actor:
        ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    question = load_question(ctx, grounds, principal, asked)
    whole = may_operate(ctx, Operation.MANAGE_RIGHTS)
    sources = question.origin.sources()
    if not whole and asked.record_id is not None:
        # what is hidden now is absent, whatever was or will be at another time
        _ensure_readable(question if asked.at is None else _as_of_now(ctx, grounds, principal, asked))
    found = explained(question, suggest=suggest)
    _record(ctx, principal, asked, allowed=found.allowed)
    if not whole:
        found = _as_known(found, sources.own | sources.persons)
    return replace(found, names=identity.names_of(ctx, sorted(_units_of(found))))


def allowed_verbs(
    ctx: Context, grounds: Grounds, principal: UnitId, asked: Asked, verbs: Sequence[Verb]
) -> frozenset[Verb]:
    """Which of the verbs a principal may do; the verb of `asked` is not looked at.

    Needs CanManageAdministration. Raises: NotFound, AccessDenied.
    """
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    question = load_question(ctx, grounds, principal, asked)
    sources = question.origin.sources()
    found = frozenset(verb for verb in verbs if question.about(verb=verb).allowed(sources))
    for verb in verbs:
        _record(ctx, principal, replace(asked, verb=verb), allowed=verb in found)
    return found


def _as_of_now(ctx: Context, grounds: Grounds, principal: UnitId, asked: Asked) -> Question:
    return load_question(ctx, grounds, principal, replace(asked, at=None))


def explained(question: Question, *, suggest: bool = True) -> Explanation:
    """The whole explanation, without names."""
    origin, matter = question.origin, question.matter
    sources = origin.sources()
    settled = settled_layers(matter, sources)
    layers = (
        Layered(Layer.GATE, matter.verb, origin.active),
        *(Layered(s.layer, s.verb, s.allowed, s.by or _rowless(s.layer, matter)) for s in settled),
    )
    flips, cut = _suggested(question) if suggest else ((), False)
    looked_at, untold = tried_of(question, sources)
    return Explanation(
        origin.unit,
        matter.verb,
        all(layered.allowed for layered in layers),
        layers,
        tuple(Layered(s.layer, s.verb, s.allowed, s.by) for s in settled_any_data(matter, sources)),
        flips,
        cut,
        _by_role(question),
        tried=looked_at,
        untold=untold,
        operation=matter.operation,
        question=question,
    )


def _suggested(question: Question) -> tuple[tuple[Flip, ...], bool]:
    """What would turn the verdict, and whether there may be more of it than was tried."""
    tried, some_left = candidates(question)
    flips, cut = smallest_flips(question, tried)
    together = shared_together(question)
    if together and together not in flips:
        flips = (*flips, together)
    return flips, cut or some_left


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


def _ensure_readable(question: Question) -> None:
    """Raises NotFound: the record is hidden from the principal."""
    matter = replace(question.matter, verb=Verb.READ, column=None, operation=None)
    if not (question.origin.active and permits(matter, question.origin.sources())):
        raise NotFound


def _record(ctx: Context, principal: UnitId, asked: Asked, *, allowed: bool) -> None:
    told = {
        "principal": str(principal),
        "object": str(asked.object_id),
        "verb": asked.verb.value,
        "column": None if asked.column_id is None else str(asked.column_id),
        "operation": None if asked.operation is None else asked.operation.value,
        "at": None if asked.at is None else asked.at.isoformat(),
        "allowed": allowed,
    }
    audit.append(
        ctx,
        "access.decision.explained",
        object_type=None if asked.record_id is None else "record",
        object_ref=asked.record_id,
        parts=[audit.Part("decision", told)],
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
        tried=tuple(_tried_told(each) for each in found.tried if _is_told(each, known)),
        untold=0,
        question=None,
    )


def _is_told(tried: Tried, known: frozenset[UnitId]) -> bool:
    """Legs are the same for every record; a row, rule, share or deny is told if it names known units only."""
    return isinstance(tried.what, TriedLeg) or known.issuperset(tried.units)


def _tried_told(tried: Tried) -> Tried:
    return replace(tried, what=TriedLeg(tried.what.letter)) if isinstance(tried.what, TriedLeg) else tried


def _told(cause: Cause | Unnamed, known: frozenset[UnitId]) -> Cause | Unnamed:
    if isinstance(cause, Everyone | Unnamed):
        return cause
    if isinstance(cause, Deciding):
        own = cause.source.kind is SourceKind.OWN and cause.row.unit in known
        return cause if own else Unnamed("row")
    if isinstance(cause, Reason):
        by = UnitId(cause.by) if cause.by in known else None
        return Unnamed(type(cause.leg).__name__, by)
    return Unnamed("deny")


def _units_of(found: Explanation) -> set[UnitId]:
    """Every unit that words name."""
    causes = [cause for layered in (*found.layers, *found.any_data) for cause in layered.by]
    named = {unit for cause in causes for unit in _units_in(cause)}
    named |= {unit for flip in found.flips for change in flip for unit in change.units}
    named |= {unit for tried in found.tried for unit in tried.units}
    return named | set(found.by_role) | {found.principal}


def _units_in(cause: Cause | Unnamed) -> Iterator[UnitId]:
    match cause:
        case Deciding(_, _, row, source):
            yield from (row.unit, source.of)
        case Reason(_, _, by) if by is not None:
            yield UnitId(by)
        case Unnamed(_, by) if by is not None:
            yield by
        case DenyFact(unit, _):
            yield unit
        case DenyRule(_, author, unit, _):
            yield from (author, unit)

"""Changes of metadata: planned in words, checked, then catalogue and DDL in one transaction of the owner."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import errors as database

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied
from ostiary.kernel.ids import ObjectId
from ostiary.objects import _catalogue, _store
from ostiary.objects import _change as c
from ostiary.objects._ddl import AddReference, CreateIndex, CreateSequence, CreateTable, Grant, Step
from ostiary.objects._defaults import CLOSED_TO_ALL, OPENED, give_defaults, opens_new
from ostiary.objects._draft import Draft
from ostiary.objects._errors import MetadataConflict, refused
from ostiary.objects._evolve import evolve
from ostiary.objects._facts import Facts
from ostiary.objects._inherited import inherit_rights
from ostiary.objects._later import defer_all
from ostiary.objects._register import Kept, Register, load_register
from ostiary.objects._requests import record_applied, record_denied
from ostiary.objects._settings import recovery
from ostiary.objects._states import keep_state, name_changes
from ostiary.objects._values import write_values
from ostiary.tenancy import public as tenancy

TRIES, FIRST_PAUSE_S = 4, 0.5


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step in words. locks: what it keeps waiting, and how long. job: done later, in the background."""

    words: str
    locks: str = ""
    job: bool = False


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """What a change will do. revision: of the object it concerns, for `expected_revision`.

    rows: about how many records that object has; None: not for whoever may not view any data. needs:
    operations that are asked for. The words tell nothing about data: they are kept, and others read them.
    """

    steps: tuple[PlannedStep, ...]
    object: str | None
    revision: int | None
    rows: int | None
    needs: tuple[access.Operation, ...]

    def lines(self) -> tuple[str, ...]:
        """The plan in words, a line for each step."""
        return tuple(
            f"{'later: ' * step.job}{step.words}{f' ({step.locks})' if step.locks else ''}"
            for step in self.steps
        )


def plan_changes(ctx: Context, changes: Sequence[c.Change]) -> ChangePlan:
    """What these changes would do, one after the other; nothing happens.

    Raises: AccessDenied: CanManageSolution, and for some CanManageAdministration. ChangeRefused.
    """
    base = _base(ctx, changes)
    access.ensure_operation(ctx, base)
    draft, concerned = _drafted(ctx, load_register(ctx.db), changes, "nobody")
    plan = _plan(draft, concerned[0] if concerned else None, base)
    for operation in plan.needs:
        access.ensure_operation(ctx, operation)
    return plan


def _base(ctx: Context, changes: Sequence[c.Change]) -> access.Operation:
    """What is asked for in any case; to end what was dropped, the operation for just that is enough."""
    purges = bool(changes) and all(isinstance(x, c.PurgeObject | c.PurgeColumn) for x in changes)
    if purges and access.may_operate(ctx, access.Operation.PURGE_DROPPED):
        return access.Operation.PURGE_DROPPED
    return access.Operation.MANAGE_SOLUTION


def plan_change(ctx: Context, change: c.Change) -> ChangePlan:
    """`plan_changes` for one."""
    return plan_changes(ctx, [change])


def _drafted(
    ctx: Context, register: Register, changes: Sequence[c.Change], role: str
) -> tuple[Draft, list[ObjectId | None]]:
    """The draft after all changes, and the object that each of them concerns."""
    draft = Draft.of(register, Facts(ctx.db, ctx), role, recovery(ctx), ctx.principal)
    draft.opens = opens_new(ctx)
    concerned = []
    for number, change in enumerate(changes):
        draft.number = number
        concerned.append(evolve(draft, change))
    return draft, concerned


def _plan(draft: Draft, about: ObjectId | None, base: access.Operation) -> ChangePlan:
    held = draft.held.get(about) if about is not None else None
    steps = [PlannedStep(words) for words in draft.words]
    steps += [PlannedStep(step.describe(), _locks(step)) for step in draft.first]
    # whether an index is built at once tells how much there is: `add_column` has words for both
    later_on = (step for step in draft.last if not isinstance(step, CreateIndex))
    steps += [PlannedStep(step.describe(), _locks(step)) for step in later_on]
    if draft.closed:
        steps.append(PlannedStep(OPENED if draft.opens else CLOSED_TO_ALL))
    if draft.under:
        steps.append(PlannedStep("give whoever may read or change the object the same of what lies under it"))
    steps += [PlannedStep(later.words, job=True) for later in draft.later if later.words]
    needs = [base]
    if draft.widened or draft.closed:
        needs.append(access.Operation.MANAGE_RIGHTS)
    if any(later.task == "records.column.fill" for later in draft.later):
        needs += [access.Operation.VIEW_ANY_DATA, access.Operation.EDIT_ANY_DATA]
    return ChangePlan(
        tuple(steps),
        held.object.code if held else None,
        held.version if held else None,
        draft.facts.rows(held.object) if held else 0,
        tuple(needs),
    )


def _locks(step: Step) -> str:
    if isinstance(step, CreateTable | CreateSequence | Grant):
        return ""
    if isinstance(step, CreateIndex):
        return "writers wait while it is built, readers do not"
    if isinstance(step, AddReference):
        return "writers of both tables wait for a moment"
    return "everybody waits for a moment, 4 s at most, or it is tried again"


def apply_changes(
    tenant: tenancy.Tenant,
    ctx: Context,
    changes: Sequence[c.Change],
    *,
    expected_revision: int | None = None,
) -> ChangePlan:
    """Make these changes, all of them or none, in one transaction of the owner's role.

    `ctx` names who does it; its own transaction is not used and must hold no locks on catalogue and epoch.
    expected_revision: of the object that the first change concerns, as it was seen; None does not ask.
    A lock that is not had within 4 s lets everything go, and it is tried again, a few times.
    Raises: AccessDenied; ChangeRefused; MetadataConflict; the database's error when the lock is never had.
    """
    with tenancy.transaction(tenant) as db:  # of its own, so that a denial is recorded for good
        plan = plan_changes(ctx.within(db), changes)
    for left in reversed(range(TRIES)):
        try:
            with tenancy.owner_transaction(tenant) as db:
                apply_within(
                    ctx.within(db), db.ddl, tenant.role, changes, expected_revision=expected_revision
                )
        except AccessDenied as refusal:
            with tenancy.transaction(tenant) as db:
                record_denied(ctx.within(db), refusal)
            raise
        except (database.LockNotAvailable, database.DeadlockDetected):
            if not left:
                raise
            time.sleep(FIRST_PAUSE_S * 2 ** (TRIES - 1 - left))
        else:
            return plan
        finally:
            _catalogue.forget(ctx.tenant_id)  # what this transaction read of itself may have been rolled back
    raise AssertionError("the last try returns or raises")


def apply_change(
    tenant: tenancy.Tenant, ctx: Context, change: c.Change, *, expected_revision: int | None = None
) -> ChangePlan:
    """`apply_changes` for one."""
    return apply_changes(tenant, ctx, [change], expected_revision=expected_revision)


def apply_within(
    inside: Context,
    ddl: Callable[[str], None],
    role: str,
    changes: Sequence[c.Change],
    *,
    expected_revision: int | None = None,
    request: UUID | None = None,
) -> ChangePlan:
    """The same in an owner's transaction of the caller. request: the row of a change that was asked for.

    What locks a table that is read comes last, so that its readers wait for the commit alone.
    """
    db = inside.db
    _store.lock(db)  # two administrators of one tenant go one after the other
    before = load_register(db)
    draft, concerned = _drafted(inside, before, changes, role)
    about = concerned[0] if concerned else None
    if expected_revision is not None:
        ensure_revision(inside, about, expected_revision, before.objects)
    plan = _plan(draft, about, _base(inside, changes))
    for operation in plan.needs:
        access.ensure_operation(inside, operation)
    with _in_order(draft, ddl):
        _write(inside, draft, plan, before.objects)
        ids = [
            _record(inside, change, about, plan, request, draft.dropped_by.get(number))
            for number, (change, about) in enumerate(zip(changes, concerned, strict=True))
        ]
        name_changes(db, ids)
        write_values(inside, draft.values)
        defer_all(inside, draft.later, ids)
    return plan


@contextmanager
def _in_order(draft: Draft, ddl: Callable[[str], None]) -> Iterator[None]:
    for step in draft.first:
        ddl(step.sql())
    yield
    for step in draft.last:
        ddl(step.sql())


def _write(ctx: Context, draft: Draft, plan: ChangePlan, known: Collection[ObjectId]) -> None:
    for object_id, column in draft.purged_columns:
        access.forget_rights(ctx, object_id, [column])
    _store.forget_columns(ctx.db, [column for _, column in draft.purged_columns])
    for object_id in draft.purged_objects:
        access.forget_rights(ctx, object_id)
        _store.forget_object(ctx.db, object_id)
    written = [draft.held[i] for i in draft.written if i in draft.held]
    _store.write_objects(ctx, written, summary="; ".join(step.words for step in plan.steps)[:1000])
    _store.write_places(ctx.db, [draft.places[code] for code in draft.placed], draft.unplaced)
    changed(ctx)
    give_defaults(ctx, draft.closed, known, opens=draft.opens)
    for child, parent in draft.under.items():
        inherit_rights(ctx, draft.held[parent].object, draft.held[child].object)


def changed(ctx: Context) -> None:
    """Metadata changed: every node reads it again at its next statement."""
    _store.raise_revision(ctx.db)
    keep_state(ctx)
    identity.bump_epoch(ctx)


def _record(
    ctx: Context,
    change: c.Change,
    about: ObjectId | None,
    plan: ChangePlan,
    request: UUID | None,
    dropped: Kept | None,
) -> UUID:
    facts = {"kind": change.kind, "plan": list(plan.lines())[:50]}
    if dropped is not None:
        facts |= {"dropped_at": dropped.since, "dropped_by": dropped.by or ""}
    if isinstance(change, c.ChangeColumn) and change.reason:
        facts["reason"] = change.reason
    audit.append(
        ctx,
        c.METADATA_CALLS[change.kind].event,
        object_type="object" if about else None,
        object_ref=about,
        parts=[audit.Part("change", facts)],
    )
    return request or record_applied(ctx, change, plan.lines())


def ensure_revision(ctx: Context, about: ObjectId | None, expected: int, before: Any) -> None:
    """Raises MetadataConflict: somebody changed the object since it was at `expected`; who, when, what."""
    held = before.get(about)
    if held is None:
        raise refused("expected_revision", "unfit", "this concerns nothing that has a revision")
    if held.version == expected:
        return
    rows = ctx.db.rows(
        "select v.number, u.name, v.created_at, v.summary from @.objects_version v"
        " left join @.identity_unit u on u.id = v.created_by"
        " where v.object_id = %(o)s and v.number > %(n)s order by v.number limit 20",
        {"o": about, "n": expected},
    )
    since = [{"revision": n, "by": who, "at": at.isoformat(), "what": what} for n, who, at, what in rows]
    words = "; ".join(f"{x['by'] or 'a package'}: {x['what']}" for x in since)
    raise MetadataConflict(
        f"{held.object.code} was changed since you looked at it: {words or 'it is at another revision'}",
        revision=held.version,
        version=held.version,
        changes=since,
    )

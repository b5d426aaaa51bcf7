"""Background work on metadata: requested changes, indexes, and the end of what was dropped."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.access.public import Operation
from ostiary.audit import public as audit
from ostiary.jobs import public as jobs
from ostiary.kernel.clock import now
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound, OstiaryError
from ostiary.kernel.ids import ColumnId, ObjectId
from ostiary.objects import _catalogue, _requests, _store
from ostiary.objects import _change as c
from ostiary.objects._apply import apply_within, changed, ensure_revision, plan_change
from ostiary.objects._change_file import read_change
from ostiary.objects._details import is_detail
from ostiary.objects._errors import MetadataConflict, PackageRefused, refused
from ostiary.objects._evolve_columns import EMPTY_TASK, INDEX_TASK
from ostiary.objects._indexes import build_indexes, without_all
from ostiary.objects._register import Held, Register, find_stored, load_register, without_former
from ostiary.objects._requests import ChangeId
from ostiary.tenancy import public as tenancy

APPLY_TASK, TIDY_TASK = "objects.change.apply", "objects.catalogue.tidy"
COMPLETE_TASK = "objects.index.complete"  # as INDEX_TASK, but asked for by nobody in particular
REFUSALS = (Invalid, AccessDenied, MetadataConflict, PackageRefused, NotFound)


def _apply(run: jobs.Run) -> None:
    """Make a requested change; a refusal is its end, a lock that was not had is tried again.

    Rights are asked for again here, as of now; so the task itself asks for no operation.
    """
    change_id: UUID = run.arguments["change"]
    tenant = _tenant(run)
    try:
        with run.open_as_owner() as ctx:
            asked = _requests.find(ctx, change_id)
            if asked is None or asked.state not in ("requested", "failed"):
                return
            change = read_change(asked.definition)
            apply_within(
                ctx, _ddl(ctx), tenant.role, [change], expected_revision=asked.expected, request=change_id
            )
            _requests.end(ctx, change_id, "applied")
    except REFUSALS as refusal:
        with run.open_as_owner() as ctx:
            _requests.end(ctx, change_id, "refused", _words(refusal))
            if isinstance(refusal, AccessDenied):
                _requests.record_denied(ctx, refusal, change_id)
    finally:
        _catalogue.forget(tenant.id)


def _given_up(ctx: Context, arguments: Mapping[str, Any], code: str) -> None:
    """With its job the change has failed, and says so to whoever asked for it."""
    change_id: UUID = arguments["change"]
    message = f"It was given up ({code}). Background work shows its job, which can be tried again"
    _requests.end(ctx, change_id, "failed", {"code": code, "message": message, "errors": []})
    audit.append(
        ctx,
        "objects.change.failed",
        outcome="failed",
        object_type="change",
        object_ref=change_id,
        parts=[audit.Part("change", {"code": code})],
    )


def _words(refusal: OstiaryError) -> dict[str, Any]:
    errors = [
        {"field": e.field, "code": e.code, "message": e.message}
        for e in (refusal.errors if isinstance(refusal, Invalid) else ())
    ]
    return {"code": refusal.code, "message": refusal.message, "errors": errors}


def _tenant(run: jobs.Run) -> tenancy.Tenant:
    if not isinstance(run.tenant, tenancy.Tenant):
        raise TypeError("a job of metadata needs a tenant of this installation")
    return run.tenant


def _ddl(ctx: Context) -> Any:
    if not isinstance(ctx.db, tenancy.OwnerTransaction):
        raise TypeError("metadata changes by the owner's role")
    return ctx.db.ddl


def _build(run: jobs.Run) -> None:
    """Bring the indexes of an object up to its columns."""
    with run.open() as ctx:
        held = load_register(ctx.db).objects.get(ObjectId(run.arguments["object"]))
    if held is None or held.dropped is not None:
        return

    def note(done: int, total: int) -> None:
        with run.open() as ctx:
            run.note(ctx, done=done, total=total)

    build_indexes(_tenant(run), held.object, note)


def _tidy(run: jobs.Run) -> None:
    """Ask for the end of what was dropped long enough ago, as housekeeping; forget former codes."""
    with run.open_as_owner() as ctx:
        tidy_within(ctx)
    _catalogue.forget(_tenant(run).id)


def tidy(tenant: tenancy.Tenant, ctx: Context) -> None:
    """The same at once, by an operator. `ctx`'s own transaction is not used."""
    with tenancy.owner_transaction(tenant) as db:
        tidy_within(ctx.within(db))
    _catalogue.forget(tenant.id)


def tidy_within(ctx: Context) -> None:
    """The same in an owner's transaction of the caller."""
    _store.lock(ctx.db)
    register = load_register(ctx.db)
    stamp = now().isoformat()
    keeper = access.find_system_account(ctx, access.HOUSEKEEPING)
    if keeper is not None:  # a tenant of the release before has none yet: what is due waits for its upgrade
        ctx = ctx.acting_as(keeper)
        due = [h for h in register.objects.values() if h.dropped is not None and h.dropped.until <= stamp]
        for held in register.objects.values():
            # files and notes end with what they lie under
            if not any(is_detail(held.object, above.object) for above in due):
                _ask_for_ends(ctx, held, stamp)
        _ask_for_indexes(ctx, register)
    _forget_former(ctx, register, stamp)


def _ask_for_ends(ctx: Context, held: Held, stamp: str) -> None:
    if held.dropped is not None:
        if held.dropped.until <= stamp:
            request(ctx, c.PurgeObject(held.object.code), ())
        return
    for code, kept in held.kept.items():
        if kept.until <= stamp:
            column = held.object.dropped[code].id
            arguments = {"object": held.object.id, "column": column}
            jobs.defer(ctx, EMPTY_TASK, arguments, key=f"{held.object.id}/{column}")


def _ask_for_indexes(ctx: Context, register: Register) -> None:
    """Have the indexes built that a release brought or that a job gave up."""
    there = (held.object for held in register.objects.values() if held.dropped is None)
    for made in without_all(ctx.db, there):
        jobs.defer(ctx, COMPLETE_TASK, {"object": made.id}, key=str(made.id))


def _forget_former(ctx: Context, register: Register, stamp: str) -> None:
    written = [kept for held in register.objects.values() if (kept := without_former(held, stamp)) != held]
    if written:
        _store.write_objects(ctx, written, summary="forget former codes")
        changed(ctx)


def request_change(ctx: Context, change: c.Change, *, expected_revision: int | None) -> ChangeId:
    """Ask for a change where nobody may make one: checked in full now, made by a job of the owner.

    expected_revision: of the object it concerns, as it was seen; None for what has none.
    Raises: AccessDenied; ChangeRefused; MetadataConflict.
    """
    plan = plan_change(ctx, change)
    if expected_revision is not None:
        if plan.revision is None:
            raise refused("expected_revision", "unfit", "this concerns nothing that has a revision")
        about = find_stored(ctx, plan.object or "")
        ensure_revision(ctx, about.object.id, expected_revision, {about.object.id: about})
    made = request(ctx, change, plan.lines(), expected_revision)
    audit.append(
        ctx,
        "objects.change.requested",
        object_type="change",
        object_ref=made,
        parts=[audit.Part("change", {"kind": change.kind, "plan": list(plan.lines())[:50]})],
    )
    return made


def purge_column(
    ctx: Context, tenant: tenancy.Tenant, object_id: ObjectId, column_id: ColumnId
) -> str | None:
    """The end of a dropped column whose values are gone, in the owner's transaction; nothing if restored.

    Returns: the id of whoever had dropped it.
    """
    held = load_register(ctx.db).objects.get(object_id)
    code = next((x.code for x in held.object.dropped.values() if x.id == column_id), None) if held else None
    if held is None or code is None:
        return None
    apply_within(ctx, _ddl(ctx), tenant.role, [c.PurgeColumn(held.object.code, code)])
    return held.kept[code].by


def request(ctx: Context, change: c.Change, plan: tuple[str, ...], expected: int | None = None) -> ChangeId:
    """Keep a change as requested, and ask for its job in the same transaction."""
    made = _requests.insert(ctx, change, plan, expected=expected)
    jobs.defer(ctx, APPLY_TASK, {"change": made})
    return made


_SOLUTION = Operation.MANAGE_SOLUTION.value
for _task in (
    jobs.Task(
        APPLY_TASK,
        _apply,
        {"change": jobs.Kind.ID},
        lane=jobs.Lane.INTERACTIVE,
        retry=jobs.Retry(attempts=8, first_s=2.0, factor=2.0, most_s=120.0),
        owner=True,
        failed=_given_up,
        purpose="metadata",
    ),
    jobs.Task(
        INDEX_TASK,
        _build,
        {"object": jobs.Kind.ID},
        lane=jobs.Lane.BULK,
        retry=jobs.Retry(attempts=8, first_s=10.0, factor=2.0, most_s=600.0),
        owner=True,
        event="objects.index.built",
        operation=_SOLUTION,
        purpose="metadata",
    ),
    jobs.Task(
        COMPLETE_TASK,
        _build,
        {"object": jobs.Kind.ID},
        lane=jobs.Lane.BULK,
        retry=jobs.Retry(attempts=8, first_s=10.0, factor=2.0, most_s=600.0),
        owner=True,
        event="objects.index.built",
        service=access.HOUSEKEEPING.login,
        purpose="metadata",
    ),
    jobs.Task(TIDY_TASK, _tidy, every="20 2 * * *", lane=jobs.Lane.BULK, owner=True, purpose="metadata"),
):
    jobs.register(_task)

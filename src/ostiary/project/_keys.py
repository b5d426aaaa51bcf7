"""Rotating and tidying the keys of tenants: as jobs, or in the process of an operator's command."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from ostiary.audit import public as audit
from ostiary.crypto import public as crypto
from ostiary.jobs import public as jobs
from ostiary.kernel import clock
from ostiary.kernel.context import Channel, Context
from ostiary.tenancy import public as tenancy

ROTATE, TIDY = "crypto.keys.rotate", "crypto.keys.tidy"
KEEP_RETIRED = timedelta(days=90)  # as long as any backup is kept: a restored one needs its keys
EVENTS = {
    "created": "crypto.key.created",
    "activated": "crypto.key.activated",
    "retired": "crypto.key.retired",
    "destroyed": "crypto.key.destroyed",
}
SOON = timedelta(seconds=1)

Report = Callable[[tenancy.Tenant, crypto.Step], None]


def begin(
    tenant: tenancy.Tenant, *, kek: bool = False, scopes: Sequence[str] = (), compromised: bool = False
) -> int:
    """Begin to replace a tenant's keys and record it; how many rotations began. `rotate` does the rest.

    scopes: of the data-encryption keys; `all` stands for every one. Raises KeyGone: no key of that scope.
    """
    with tenancy.owner_transaction(tenant) as db:
        ctx = _context(tenant, db)
        acts = crypto.begin_kek_rotation(ctx, compromised=compromised) if kek else []
        for scope in _named_scopes(ctx, scopes):
            acts += crypto.begin_dek_rotation(ctx, scope, compromised=compromised)
        record_acts(ctx, acts)
    return len([act for act in acts if act.verb == "created"])


def rotate(tenants: Sequence[tenancy.Tenant], *, wait: Callable[[float], object], report: Report) -> int:
    """Carry the rotations of tenants to their end, chunk by chunk; killed, they go on the next time.

    wait: seconds, while nodes may still use an old key; it is waited for all of them together.
    Returns: how many values do not open, for whose sake their keys are kept.
    """
    left, damaged = list(tenants), 0
    while left:
        waits = []
        for tenant in list(left):
            step = _rotate_until_wait(tenant, report)
            if step.cursor is None:
                left.remove(tenant)
                damaged += step.damaged
            else:
                waits.append(step.wait_s)
        if waits:
            wait(min(waits))
    return damaged


def _rotate_until_wait(tenant: tenancy.Tenant, report: Report) -> crypto.Step:
    cursor: Mapping[str, Any] | None = None
    while True:
        with tenancy.owner_transaction(tenant) as db:
            ctx = _context(tenant, db)
            step = crypto.rotate_chunk(ctx, cursor)
            record_acts(ctx, step.acts)
        report(tenant, step)
        if step.cursor is None or step.wait_s:
            return step
        cursor = step.cursor


def defer_rotation(tenant: tenancy.Tenant) -> jobs.JobId:
    """Have a worker carry the tenant's rotations to their end."""
    with tenancy.owner_transaction(tenant) as db:
        return jobs.defer(_context(tenant, db), ROTATE, key="rotate")


def tidy(tenant: tenancy.Tenant) -> Sequence[crypto.Act]:
    """Destroy keys that retired long enough ago and that nothing uses."""
    with tenancy.owner_transaction(tenant) as db:
        return _tidy(_context(tenant, db))


def record_acts(ctx: Context, acts: Sequence[crypto.Act]) -> None:
    """Leave an event for each, in the transaction that did it. No event holds anything of a key."""
    if any(act.verb == "activated" for act in acts):
        crypto.forget_keys()  # this process at least shall write with the new key from now on
    for act in acts:
        said = {"kind": act.kind, "scope": act.scope or None, "version": act.version}
        audit.append(ctx, EVENTS[act.verb], parts=[audit.Part("key", said)])


def _context(tenant: tenancy.Tenant, db: tenancy.OwnerTransaction) -> Context:
    return Context(tenant.id, db, None, Channel.CLI, purpose="operation")


def _named_scopes(ctx: Context, scopes: Sequence[str]) -> list[str]:
    if "all" not in scopes:
        return list(scopes)
    return sorted({key.scope for key in crypto.list_keys(ctx) if key.kind == "dek" and key.state == "active"})


def _tidy(ctx: Context) -> Sequence[crypto.Act]:
    acts = crypto.destroy_retired(ctx, kept_for=KEEP_RETIRED, now=clock.now())
    record_acts(ctx, acts)
    return acts


def _rotate_job(run: jobs.Run) -> None:
    cursor: Mapping[str, Any] | None = None
    done = 0
    while True:
        with run.open_as_owner() as ctx:
            step = crypto.rotate_chunk(ctx, cursor)
            record_acts(ctx, step.acts)
            done += step.done
            run.note(ctx, done=done, total=max(step.total, done) or None)
            if step.wait_s:  # another job goes on when it is time, so that none holds a worker and waits
                later = clock.now() + timedelta(seconds=step.wait_s) + SOON
                jobs.defer(ctx, ROTATE, key="rotate", run_at=later)
                return
        if step.cursor is None:
            return
        cursor = step.cursor


def _tidy_job(run: jobs.Run) -> None:
    with run.open_as_owner() as ctx:
        if crypto.is_rotating(ctx):  # whatever a killed command left half done
            jobs.defer(ctx, ROTATE, key="rotate")
        _tidy(ctx)


jobs.register(
    jobs.Task(
        ROTATE,
        _rotate_job,
        lane=jobs.Lane.BULK,
        owner=True,
        operator=True,
        event="crypto.rotation.run",
        purpose="operation",
    )
)
jobs.register(
    jobs.Task(
        TIDY,
        _tidy_job,
        lane=jobs.Lane.BULK,
        every="17 2 * * *",
        owner=True,
        operator=True,
        event="crypto.rotation.tidied",
        purpose="operation",
    )
)

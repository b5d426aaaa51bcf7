"""One tenant brought up to this release: its fixed tables and its packages, all in one transaction.

What a tenant loses by a failure is time: the transaction is rolled back, and the tenant is served as before.
A run that was killed is repeated; it finds what is left to do in the tenant's own schema.
"""

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

import psycopg

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.crypto import public as crypto
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import OstiaryError
from ostiary.project._migrations import (
    INSERT_ONLY_TABLES,
    READ_ONLY_TABLES,
    Step,
    pending_steps,
    run_alone,
    run_step,
)
from ostiary.project._release import RELEASE
from ostiary.project._upgrade_packages import bring_packages, named_objects
from ostiary.tenancy import public as tenancy

ATTEMPTS = 5
FIRST_PAUSE_S = 0.5  # doubled after each attempt, and a part of it left to chance
WORTH_ANOTHER_TRY = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)
MOST_CHANGES, MOST_PEOPLE = 500, 20  # that one event lists
_EMPTY = Step((), atomic=True)


class Outcome(StrEnum):
    """How it ended for a tenant."""

    CURRENT = "current"  # there was nothing to do
    UPGRADED = "upgraded"
    WOULD_UPGRADE = "would upgrade"  # a dry run
    WIDENS = "widens access"  # and nobody accepted that: as it was before
    BUSY = "busy"  # another run has it
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for.

    dry_run: do everything, then roll it back. accept_widening: keep it although somebody gains rights.
    packages: bring packages that the tenant has up to date, too.
    """

    dry_run: bool = False
    accept_widening: bool = False
    packages: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one tenant. before, after: releases. access: who gained (+) and lost (-) what."""

    tenant: str
    before: int
    after: int
    seconds: float
    outcome: Outcome
    reason: str = ""
    access: tuple[str, ...] = ()


class _Undone(Exception):
    """Ends a transaction that is not to be kept."""

    def __init__(self, outcome: Outcome, reason: str = "") -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.reason = reason


@dataclass(slots=True)
class _Run:
    """One tenant's upgrade while it goes on."""

    tenant: tenancy.Tenant
    order: Order
    lines: list[str] = field(default_factory=list)


def upgrade_tenant(
    tenant: tenancy.Tenant, order: Order, *, pause: Callable[[float], None] = time.sleep
) -> Report:
    """Bring one tenant up to this release. Never raises for what goes wrong with the tenant: it reports."""
    started = time.monotonic()
    run = _Run(tenant, order)
    try:
        crypto.unlock()  # it may look at stored keys by a connection of its own, which would wait for ours
        outcome, reason = _outcome(run, pause)
    except _Undone as undone:
        outcome, reason = undone.outcome, undone.reason
    except OstiaryError as error:
        outcome, reason = Outcome.FAILED, error.message
    except Exception as error:  # noqa: BLE001  one tenant's trouble, whatever it is, must not stop the others
        outcome, reason = Outcome.FAILED, _reason(error)
    after = RELEASE if outcome in (Outcome.UPGRADED, Outcome.CURRENT) else tenant.release
    seconds = time.monotonic() - started
    return Report(tenant.slug, tenant.release, after, seconds, outcome, reason, tuple(run.lines))


def _outcome(run: _Run, pause: Callable[[float], None]) -> tuple[Outcome, str]:
    tenant = run.tenant
    if tenant.release > RELEASE:
        return Outcome.FAILED, f"it is at release {tenant.release}, this is {RELEASE}"
    with _alone(tenant) as alone:
        if not alone:
            return Outcome.BUSY, "another run is at work on it"
        with tenancy.owner_transaction(tenant) as db:
            steps = pending_steps(db)
        if not steps or not steps[-1].atomic:
            steps.append(_EMPTY)
        changed = False
        for step in steps:
            work = _in_transaction if step.atomic else _by_itself
            changed |= _trying(partial(work, run, step, last=step is steps[-1]), pause)
        if tenant.release != RELEASE:
            tenancy.set_release(tenant, RELEASE)
            changed = True
        return (Outcome.UPGRADED if changed else Outcome.CURRENT), ""


def _in_transaction(run: _Run, step: Step, *, last: bool) -> bool:
    """Whether it changed anything. Raises _Undone: it may not be kept."""
    run.lines.clear()
    tenant, order = run.tenant, run.order
    with tenancy.owner_transaction(tenant) as db:
        ctx = Context(tenant.id, db, None, Channel.CLI, purpose="upgrade")
        _hold_rights_still(ctx)
        before = access.snapshot(ctx, named_objects(db))
        if step.names:
            run_step(db, step)
            tenancy.grant_tables(db, tenant, read_only=READ_ONLY_TABLES, insert_only=INSERT_ONLY_TABLES)
        packages = bring_packages(tenant, ctx, db) if last and order.packages else ()
        accounts = access.store_system_accounts(ctx) if last else ()
        if not step.names and not packages and not accounts and tenant.release == RELEASE:
            return False
        diff = access.compare(before, access.snapshot(ctx, named_objects(db)), access.Sight(ctx))
        run.lines += access.diff_lines(ctx, diff)
        if diff.widens and not order.accept_widening and not order.dry_run:
            raise _Undone(Outcome.WIDENS, "--accept-widening lets it through")
        if order.dry_run:
            raise _Undone(
                Outcome.WOULD_UPGRADE, "" if last else "a part of it: the rest cannot be rolled back"
            )
        _record(ctx, run, step, (packages, accounts), diff)
        identity.bump_epoch(ctx)  # what nodes keep may be about tables as they were
    return True


def _by_itself(run: _Run, step: Step, *, last: bool) -> bool:
    """A step that no transaction holds. It must not change rights; where it did, that can only be told."""
    run.lines.clear()
    tenant = run.tenant
    if run.order.dry_run:
        raise _Undone(Outcome.WOULD_UPGRADE, f"{'.'.join(step.names[0])} and what follows cannot be tried")
    before = _look(tenant)
    run_alone(tenancy.owner_dsn(tenant), tenant.schema, step)
    after = _look(tenant)
    with tenancy.owner_transaction(tenant) as db:
        ctx = Context(tenant.id, db, None, Channel.CLI, purpose="upgrade")
        diff = access.compare(before, after, access.Sight(ctx))
        run.lines += access.diff_lines(ctx, diff)
        _record(ctx, run, step, ((), ()), diff)
        identity.bump_epoch(ctx)
    if diff.widens and not run.order.accept_widening:
        raise _Undone(Outcome.WIDENS, f"{'.'.join(step.names[0])} is done and cannot be rolled back")
    return True


def _look(tenant: tenancy.Tenant) -> access.Snapshot:
    with tenancy.owner_transaction(tenant) as db:
        return access.snapshot(
            Context(tenant.id, db, None, Channel.CLI, purpose="upgrade"), named_objects(db)
        )


def _record(
    ctx: Context,
    run: _Run,
    step: Step,
    brought: tuple[Sequence[str], Sequence[str]],
    diff: access.AccessDiff,
) -> None:
    """Evidence in the tenant's own log: what was done, and who gained or lost what by it, by ids.

    brought: packages, and accounts of the product itself.
    """
    audit.append(
        ctx,
        "tenancy.tenant.upgraded",
        parts=[
            audit.Part(
                "upgrade",
                {
                    "from": run.tenant.release,
                    "to": RELEASE,
                    "migrations": [".".join(name) for name in step.names],
                    "packages": list(brought[0]),
                    "accounts": list(brought[1]),
                    "widening_accepted": diff.widens,
                },
            ),
            audit.Part("access", {"gained": _told(diff.gained), "lost": _told(diff.lost)}),
        ],
    )


def _told(changes: Sequence[access.Change]) -> dict[str, object]:
    return {
        "all": len(changes),
        "changes": [
            {
                "what": change.what,
                "people": len(change.who),
                "who": [str(unit) for unit in change.who[:MOST_PEOPLE]],
                "roles": list(change.roles),
                "vacant": list(change.vacant),
            }
            for change in changes[:MOST_CHANGES]
        ],
    }


def _hold_rights_still(ctx: Context) -> None:
    """Nobody else changes metadata, roles or rights meanwhile: every such change takes one of these."""
    ctx.db.run("select revision from @.objects_revision for update")
    identity.lock_roles(ctx)
    ctx.db.run("select epoch from @.identity_epoch for update")


@contextmanager
def _alone(tenant: tenancy.Tenant) -> Iterator[bool]:
    """Whether no other run is at work on this tenant. The lock goes with its connection."""
    key = int.from_bytes(hashlib.sha256(b"upgrade" + tenant.id.bytes).digest()[:8], signed=True)
    with tenancy.owner_transaction(tenant) as db:
        row = db.row("select pg_try_advisory_xact_lock(%(key)s)", {"key": key})
        # a bare command closes the portal and with it the snapshot, which a concurrent index would wait for
        db.ddl("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield row == (True,)


def _trying(work: Callable[[], bool], pause: Callable[[float], None]) -> bool:
    """Do it, and do it again while somebody else's lock is in the way."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work()
        except Exception as error:
            if attempt == ATTEMPTS or not isinstance(_cause(error), WORTH_ANOTHER_TRY):
                raise
            pause(FIRST_PAUSE_S * 2 ** (attempt - 1) * random.uniform(0.5, 1))  # noqa: S311  no secret
    raise AssertionError("the last attempt returns or raises")


def _cause(error: BaseException) -> BaseException:
    """The driver's error behind Django's."""
    return error.__cause__ if isinstance(error.__cause__, psycopg.Error) else error


def _reason(error: BaseException) -> str:
    """In words that hold no values of rows: the driver keeps those apart."""
    cause = _cause(error)
    said = cause.diag.message_primary if isinstance(cause, psycopg.Error) else None
    return f"{type(cause).__name__}: {said or str(cause).splitlines()[0] if str(cause) else ''}"

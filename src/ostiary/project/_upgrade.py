"""One tenant brought up to this release: its fixed tables and its packages, all in one transaction.

What a tenant loses by a failure is time: the transaction is rolled back, and the tenant is served as before.
A run that was killed is repeated; it finds what is left to do in the tenant's own schema.
"""

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import psycopg

from ostiary.audit import public as audit
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
from ostiary.tenancy import public as tenancy

ATTEMPTS = 5
FIRST_PAUSE_S = 0.5  # doubled after each attempt, and a part of it left to chance
WORTH_ANOTHER_TRY = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)
_EMPTY = Step((), atomic=True)


class Outcome(StrEnum):
    """How it ended for a tenant."""

    CURRENT = "current"  # there was nothing to do
    UPGRADED = "upgraded"
    WOULD_UPGRADE = "would upgrade"  # a dry run
    BUSY = "busy"  # another run has it
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for. dry_run: do everything, then roll it back."""

    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one tenant. before, after: releases."""

    tenant: str
    before: int
    after: int
    seconds: float
    outcome: Outcome
    reason: str = ""


class _Undone(Exception):
    """Ends a dry run's transaction."""


def upgrade_tenant(
    tenant: tenancy.Tenant, order: Order, *, pause: Callable[[float], None] = time.sleep
) -> Report:
    """Bring one tenant up to this release. Never raises for what goes wrong with the tenant: it reports."""
    started = time.monotonic()

    def report(outcome: Outcome, reason: str = "") -> Report:
        done = outcome in (Outcome.UPGRADED, Outcome.CURRENT)
        after = RELEASE if done else tenant.release
        return Report(tenant.slug, tenant.release, after, time.monotonic() - started, outcome, reason)

    try:
        if tenant.release > RELEASE:
            return report(Outcome.FAILED, f"it is at release {tenant.release}, this is {RELEASE}")
        with _alone(tenant) as alone:
            if not alone:
                return report(Outcome.BUSY, "another run is at work on it")
            return report(_upgrade(tenant, order, pause))
    except _Undone:
        return report(Outcome.WOULD_UPGRADE)
    except OstiaryError as error:
        return report(Outcome.FAILED, error.message)
    except Exception as error:  # noqa: BLE001  one tenant's trouble, whatever it is, must not stop the others
        return report(Outcome.FAILED, _reason(error))


def _upgrade(tenant: tenancy.Tenant, order: Order, pause: Callable[[float], None]) -> Outcome:
    with tenancy.owner_transaction(tenant) as db:
        steps = pending_steps(db)
    if not steps and tenant.release == RELEASE:
        return Outcome.CURRENT
    if not steps or not steps[-1].atomic:
        steps.append(_EMPTY)
    for step in steps:
        if step.atomic:
            work = partial(_in_transaction, tenant, order, step, last=step is steps[-1])
        else:
            work = partial(run_alone, tenancy.owner_dsn(tenant), tenant.schema, step)
        _trying(work, pause)
    tenancy.set_release(tenant, RELEASE)
    return Outcome.UPGRADED


def _in_transaction(tenant: tenancy.Tenant, order: Order, step: Step, *, last: bool) -> None:
    with tenancy.owner_transaction(tenant) as db:
        ctx = Context(tenant.id, db, None, Channel.CLI, purpose="upgrade")
        _hold_rights_still(ctx)
        if step.names:
            run_step(db, step)
        tenancy.grant_tables(db, tenant, read_only=READ_ONLY_TABLES, insert_only=INSERT_ONLY_TABLES)
        identity.bump_epoch(ctx)  # what nodes keep may be about tables as they were
        if last:
            audit.append(
                ctx,
                "tenancy.tenant.upgraded",
                parts=[audit.Part("upgrade", {"from": tenant.release, "to": RELEASE})],
            )
        if order.dry_run:
            raise _Undone


def _hold_rights_still(ctx: Context) -> None:
    """Nobody else changes roles or rights meanwhile: every such change takes these two."""
    identity.lock_roles(ctx)
    ctx.db.run("select epoch from @.identity_epoch for update")


@contextmanager
def _alone(tenant: tenancy.Tenant) -> Iterator[bool]:
    """Whether no other run is at work on this tenant. The lock goes with its connection."""
    key = int.from_bytes(hashlib.sha256(b"upgrade" + tenant.id.bytes).digest()[:8], signed=True)
    with tenancy.owner_transaction(tenant) as db:
        row = db.row("select pg_try_advisory_xact_lock(%(key)s)", {"key": key})
        yield row == (True,)


def _trying(work: Callable[[], None], pause: Callable[[float], None]) -> None:
    """Do it, and do it again while somebody else's lock is in the way."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work()
        except Exception as error:
            if attempt == ATTEMPTS or not isinstance(_cause(error), WORTH_ANOTHER_TRY):
                raise
            pause(FIRST_PAUSE_S * 2 ** (attempt - 1) * random.uniform(0.5, 1))  # noqa: S311  no secret
    return None


def _cause(error: BaseException) -> BaseException:
    """The driver's error behind Django's."""
    return error.__cause__ if isinstance(error.__cause__, psycopg.Error) else error


def _reason(error: BaseException) -> str:
    """In words that hold no values of rows: the driver keeps those apart."""
    cause = _cause(error)
    said = cause.diag.message_primary if isinstance(cause, psycopg.Error) else None
    return f"{type(cause).__name__}: {said or str(cause).splitlines()[0] if str(cause) else ''}"

"""Checks of what the installation serves: releases, keys, jobs, backups, the growth of the audit log."""

from collections.abc import Iterator
from datetime import timedelta

from ostiary.crypto import public as crypto
from ostiary.jobs import public as jobs
from ostiary.kernel.context import Channel, Context
from ostiary.project import _release, _root_record
from ostiary.project._doctor import Finding, NotReachable, Probe, check, error, warning
from ostiary.project.backup._last import last_backup
from ostiary.tenancy import public as tenancy

OLDEST_BACKUP = timedelta(hours=26)  # a day, and time to make it
OLDEST_REHEARSAL = timedelta(days=180)  # CHK-DA-05
WAITING_S = 300.0
LONG_QUEUE = 1_000_000
SAMPLES = 20  # tenants whose keys are tried


def _tenants(probe: Probe) -> tuple[tenancy.Tenant, ...]:
    if not probe.configured:
        raise NotReachable(
            probe.refused.get("keys")
            or probe.refused.get("tenants")
            or probe.refused.get("database")
            or "no tenants"
        )
    return tuple(probe.tenants)


@check("migrations.release", "every tenant's tables are those of this release")
def releases(probe: Probe) -> Iterator[Finding]:
    """Tenants that this node refuses, and those that still have to be migrated."""
    for tenant in _tenants(probe):
        refused = _release.refusal(tenant)
        if refused is not None:
            yield error(
                "migrations.release", refused, "run `ostiary migrate`, or put the right release on this node"
            )
        elif tenant.release != _release.RELEASE:
            words = f"tenant {tenant.slug} is at release {tenant.release} of {_release.RELEASE}"
            yield warning("migrations.release", words, "run `ostiary migrate`")


@check("keys.open", "every tenant's keys open what they encrypted")
def keys(probe: Probe) -> Iterator[Finding]:
    """Samples of stored values, of so many tenants."""
    for tenant in [t for t in _tenants(probe) if not t.suspended][:SAMPLES]:
        with tenancy.transaction(tenant) as db:
            ctx = Context(tenant.id, db, None, Channel.CLI, purpose="operation")
            for problem in crypto.verify_keys(ctx):
                yield error(
                    "keys.open", f"tenant {tenant.slug}: {problem}", "restore the root key that belongs to it"
                )


@check("keys.escrow", "the root key can be brought back by custodians, and that was rehearsed")
def escrow(probe: Probe) -> Iterator[Finding]:
    """The recovery bundle: that there is one, of the present keys, rehearsed within half a year."""
    _tenants(probe)
    known = _root_record.find_recovery(tenancy.placement().owner)
    if known is None:
        words = "there is no recovery bundle: whoever loses the root key loses everything"
        yield warning("keys.escrow", words, "run `ostiary keys escrow`")
        return
    store = crypto.unlock()
    if isinstance(store, crypto.Roots) and known.bundle.get("fingerprint") != crypto.fingerprint(store):
        words = "the recovery bundle is out of date: keys were replaced since"
        yield error("keys.escrow", words, "run `ostiary keys escrow`")
    if known.rehearsed_at is None or probe.now() - known.rehearsed_at > OLDEST_REHEARSAL:
        words = "bringing the root key back was not rehearsed within half a year"
        yield warning("keys.escrow", words, "run `ostiary keys verify --bundle FOLDER`")


@check("jobs.workers", "background work is done")
def workers(probe: Probe) -> Iterator[Finding]:
    """Due work that nobody does, and jobs that were given up."""
    for name in sorted({""} | {tenant.placement for tenant in _tenants(probe)}):
        for lane in jobs.figures(name):
            where = f"lane {lane.lane}{f' of {lane.placement}' if lane.placement else ''}"
            if lane.due and not lane.workers and lane.oldest_s > WAITING_S:
                yield error(
                    "jobs.workers",
                    f"{lane.due} jobs are due in {where} and nobody works",
                    "run `ostiary worker`",
                )
            elif lane.oldest_s > WAITING_S:
                yield warning(
                    "jobs.workers", f"a job waits for {lane.oldest_s:.0f} s in {where}", "start more workers"
                )
            if lane.failed:
                yield warning(
                    "jobs.workers", f"{lane.failed} jobs were given up in {where}", "see `ostiary jobs list`"
                )


@check("backups.age", "there is a recent backup")
def backups(probe: Probe) -> Iterator[Finding]:
    """The newest backup of the installation, or of each tenant, and whether it was read again."""
    whole = last_backup(state=probe.state) or last_backup("base", state=probe.state)
    wanted = [("the installation", whole)]
    if whole is None and probe.tenants:
        wanted = [(f"tenant {t.slug}", last_backup(t.slug, state=probe.state)) for t in probe.tenants]
    for what, last in wanted:
        if last is None:
            yield warning("backups.age", f"there is no backup of {what}", "run `ostiary backup run`")
            continue
        age = probe.now() - last.at
        if age > OLDEST_BACKUP:
            words = f"the last backup of {what} is {age.total_seconds() / 3600:.0f} h old"
            yield warning("backups.age", words, "run `ostiary backup run`, every day")
        elif not last.verified:
            yield warning(
                "backups.age", f"the last backup of {what} was not read again", "run `ostiary backup verify`"
            )


@check("audit.queue", "the audit log keeps up")
def queue(probe: Probe) -> Iterator[Finding]:
    """Events that wait for their place in the tree, by the server's estimate; months without a partition."""
    for tenant in _tenants(probe):
        estimate = probe.value(
            "SELECT coalesce((SELECT reltuples FROM pg_class WHERE oid = to_regclass(%s)), 0)",
            (f"{tenant.schema}.audit_queue",),
        )
        if estimate > LONG_QUEUE:
            words = f"about {estimate:,.0f} events of {tenant.slug} wait for their place in the tree"
            yield warning("audit.queue", words, "let the sequencer run")
        stray = probe.value(
            "SELECT coalesce((SELECT reltuples FROM pg_class WHERE oid = to_regclass(%s)), 0)",
            (f"{tenant.schema}.audit_event_default",),
        )
        if stray > 0:
            words = f"events of {tenant.slug} lie in the default partition"
            yield warning("audit.queue", words, "run `ostiary migrate`, which makes the months that follow")

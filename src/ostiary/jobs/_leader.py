"""What one worker does for all of a database: give back, call in time, hand on news, tidy up.

The leader holds an advisory lock in a session of its own. When that session ends, however it does, the next
worker that asks leads.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from croniter import croniter

from ostiary.jobs._engine import LOST_AFTER_S
from ostiary.jobs._outbox import Relay
from ostiary.jobs._task import list_tasks
from ostiary.jobs._tenants import COPY, roles_of
from ostiary.kernel import clock
from ostiary.tenancy import public as tenancy

TICK_S = 0.5
TIDY_S = 30.0
SWEEP_S = 600.0
KEPT_DAYS = 7
MENDED_AFTER_S = 120.0
_LEADER = 60210002
_PROMOTED = 1000
_KNOWN = "select from jobs.task where name = %(task)s"

log = logging.getLogger(__name__)
Connection = psycopg.Connection[tuple[Any, ...]]


class Leader:
    """The leader's duties in one database. `tenants`: those that live there now."""

    def __init__(self, tenants: Callable[[], Sequence[tenancy.Tenant]]) -> None:
        self._tenants = tenants
        self._relay = Relay()
        self._ticked: dict[str, datetime] = {}
        self._tidied = self._swept = float("-inf")

    def beat(self, connection: Connection) -> None:
        """Everything that is due now. Each part is a transaction of its own, safe to repeat."""
        connection.execute("select jobs.recover(%(s)s)", {"s": LOST_AFTER_S})
        connection.execute("select jobs.promote(%(most)s)", {"most": _PROMOTED})
        tenants = self._tenants()
        self._tick(connection, tenants)
        self._relay.hand_on(connection, tenants)
        now = time.monotonic()
        if now - self._tidied > TIDY_S:
            self._tidied = now
            connection.execute("select jobs.mend(%(s)s)", {"s": MENDED_AFTER_S})
            connection.execute(COPY, roles_of(tenants))
        if now - self._swept > SWEEP_S:
            self._swept = now
            everybody = [t.id for t in tenants]
            connection.execute("select jobs.sweep(%(t)s, %(days)s)", {"t": everybody, "days": KEPT_DAYS})
            self._relay.prune(connection, tenants)

    def _tick(self, connection: Connection, tenants: Sequence[tenancy.Tenant]) -> None:
        """The last moment of each periodic task; what an outage missed before that is left out."""
        served = [t.id for t in tenants if not t.suspended]
        for name, moment in due_ticks(self._ticked, clock.now()).items():
            connection.execute(
                "select jobs.tick(%(task)s, %(at)s, %(tenants)s)",
                {"task": name, "at": moment, "tenants": served},
            )
            if connection.execute(_KNOWN, {"task": name}).fetchone() is None:
                log.error("jobs.tick.refused", extra={"task": name})  # each tenant has a dead letter of it
            self._ticked[name] = moment


def due_ticks(ticked: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
    """The last moment of each periodic task until `now`, for those that were not called for it yet."""
    due = {}
    for task in list_tasks():
        if task.every is not None:
            moment = croniter(task.every, now).get_prev(datetime).astimezone(UTC)
            if ticked.get(task.name) != moment:
                due[task.name] = moment
    return due


def lead(owner: str, tenants: Callable[[], Sequence[tenancy.Tenant]], stopping: threading.Event) -> None:
    """Lead whenever nobody else does, until asked to stop; a lost database is asked again every second."""
    while not stopping.is_set():
        try:
            with psycopg.connect(owner, autocommit=True, connect_timeout=5) as connection:
                _lead_with(connection, Leader(tenants), stopping)
        except psycopg.Error as error:
            log.warning("jobs.leader.interrupted", extra={"error": type(error).__name__})
        except Exception as error:  # noqa: BLE001 whatever it was, somebody has to lead
            log.error("jobs.leader.failed", extra={"error": type(error).__name__})  # noqa: TRY400 no values in logs
        stopping.wait(1)


def _lead_with(connection: Connection, leader: Leader, stopping: threading.Event) -> None:
    while not stopping.wait(TICK_S):
        row = connection.execute("select pg_try_advisory_lock(%(key)s)", {"key": _LEADER}).fetchone()
        if row == (True,):
            break
    while not stopping.wait(TICK_S):
        leader.beat(connection)

"""From the outbox to its subscribers: each event becomes their jobs in the transaction that removes it.

Who has news is not asked of every schema: the server counts what is inserted into each table, and one small
query reads these numbers for all tenants. They may come late (up to ten seconds after the last event of an
idle connection) and are forgotten in a crash, so a tenant that had news is looked at for a while without
being hinted at, and everybody from time to time.
"""

import json
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg

from ostiary.jobs._task import find_task, subscribers
from ostiary.kernel import clock
from ostiary.tenancy import public as tenancy

BATCH = 500
HOT_S = 12.0  # longer than the server keeps a count to itself
ROUND_S = 60.0  # everybody
KEPT = timedelta(days=7)  # of what nobody subscribes to
LATE = timedelta(minutes=20)  # a transaction that is longer in committing is found by the round
MOST_WAITING = 20_000
_PRUNED = 20_000
_HINTS = (
    "select n.nspname, pg_stat_get_tuples_inserted(c.oid) from pg_class c"
    " join pg_namespace n on n.oid = c.relnamespace"
    " where c.relname = %(table)s and c.relkind = any(%(kinds)s)"
)
_FULL = (
    "select count(*) from (select from jobs.job where tenant_id = %(t)s and finished_at is null"
    " and failed_at is null and discarded_at is null limit %(most)s) as waiting"
)
Connection = psycopg.Connection[tuple[Any, ...]]

log = logging.getLogger(__name__)


def subscriptions() -> list[dict[str, Any]]:
    """Who wants what, as `jobs.relay` takes it."""
    found = []
    for topic, names in subscribers().items():
        for name in names:
            task = find_task(name)
            if task is not None:
                found.append({"topic": topic, "task": name, "arguments": sorted(task.arguments)})
    return found


class Relay:
    """Hands on the news of one database's tenants."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}
        self._hot: dict[str, float] = {}
        self._rounds: dict[str, float] = {}

    def hand_on(self, connection: Connection, tenants: Sequence[tenancy.Tenant]) -> int:
        """Make the jobs of events that came since the last call; return how many events there were."""
        wanted = subscriptions()
        if not wanted:
            return 0
        self._take_hints(connection)
        now, handed = time.monotonic(), 0
        for tenant in tenants:
            whole = now - self._rounds.get(tenant.schema, float("-inf")) > ROUND_S
            if not tenant.suspended and (whole or self._hot.get(tenant.schema, 0) > now):
                with _apart(connection, tenant):
                    handed += self._hand_on_of(connection, tenant, wanted, whole=whole)
        return handed

    def _take_hints(self, connection: Connection) -> None:
        until = time.monotonic() + HOT_S
        rows = connection.execute(_HINTS, {"table": "audit_outbox", "kinds": ["r", "p"]}).fetchall()
        for schema, inserted in rows:
            if self._seen.get(schema) != inserted:
                self._seen[schema] = inserted
                self._hot[schema] = until

    def _hand_on_of(
        self, connection: Connection, tenant: tenancy.Tenant, wanted: list[dict[str, Any]], *, whole: bool
    ) -> int:
        topics = sorted({each["topic"] for each in wanted})
        first = UUID(int=0) if whole else _first_id(LATE)
        values = {"tenant": tenant.id, "topics": topics, "first": first, "limit": BATCH}
        handed = 0
        while True:
            if connection.execute(_FULL, {"t": tenant.id, "most": MOST_WAITING}).fetchone() == (
                MOST_WAITING,
            ):
                return handed  # its events wait in the outbox until some of its jobs are done
            row = connection.execute(
                _relay_statement(tenant.schema), {**values, "wanted": json.dumps(wanted)}
            ).fetchone()
            taken, refused = (int(row[0]), int(row[1])) if row else (0, 0)
            if refused:  # the database has not heard of a task of this process; these are dead letters
                log.error("jobs.news.refused", extra={"tenant": tenant.id, "count": refused})
            handed += taken
            if taken < BATCH:
                break
        if whole:
            self._rounds[tenant.schema] = time.monotonic()
        return handed

    def prune(self, connection: Connection, tenants: Sequence[tenancy.Tenant]) -> None:
        """Remove old events that nobody subscribes to."""
        topics = sorted(subscribers())
        for tenant in tenants:
            if not tenant.suspended:
                with _apart(connection, tenant):
                    connection.execute(
                        _prune_statement(tenant.schema),
                        {"before": _first_id(KEPT), "topics": topics, "most": _PRUNED},
                    )


@contextmanager
def _apart(connection: Connection, tenant: tenancy.Tenant) -> Iterator[None]:
    """One tenant's trouble is its own: a schema that is being dropped stops nobody else's news."""
    try:
        yield
    except psycopg.Error as error:
        if connection.closed:
            raise
        log.warning("jobs.relay.failed", extra={"tenant": tenant.id, "error": type(error).__name__})


def _prune_statement(schema: str) -> str:
    table = f"{schema}.audit_outbox"
    return (
        f"delete from {table} where id in (select id from {table} where id < %(before)s"
        " and topic <> all(%(topics)s) order by id limit %(most)s)"
    )


def _relay_statement(schema: str) -> str:
    table = f"{schema}.audit_outbox"
    return (
        f"with taken as (delete from {table} where id in (select id from {table}"
        " where topic = any(%(topics)s) and id >= %(first)s order by id limit %(limit)s"
        " for update skip locked) returning id, topic, body), made as ("
        " select jobs.relay(%(tenant)s, topic, body, %(wanted)s::jsonb) as buried from taken order by id)"
        " select count(*), coalesce(sum(buried), 0) from made"
    )


def _first_id(age: timedelta) -> UUID:
    """The lowest id of anything younger: ids begin with their time in milliseconds."""
    return UUID(int=int((clock.now() - age).timestamp() * 1000) << 80)

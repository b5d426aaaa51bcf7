"""The figures of one node as Prometheus reads them: what its workers wrote, and what is looked up now."""

import importlib.metadata
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from ostiary.project import _health, _release
from ostiary.project._processes import is_alive
from ostiary.project._state import State

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_TRANSACTIONS = (
    "select xact_commit, xact_rollback, deadlocks from pg_catalog.pg_stat_database"
    " where datname = current_database() and %s"
)
_JOBS = "select lane, due, running, failed, oldest_s, workers from jobs_door.figures() where %s"
_TENANTS = "select suspended, count(distinct id) from public.tenant_entry where %s group by suspended"


def render(folder: Path, state: State) -> bytes:
    """Everything, in the text format of Prometheus. folder: where the workers write."""
    for pid in {int(p.stem.rpartition("_")[2]) for p in folder.glob("gauge_live*_*.db")}:
        if not is_alive(pid):
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]  # the library types half of it
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]  # the same
    registry.register(_Now(state))
    return generate_latest(registry)


class _Now(Collector):
    """Looked up at each question, so it costs requests nothing."""

    def __init__(self, state: State) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """Of this node first, then of the database, which may not answer."""
        build = GaugeMetricFamily("ostiary_build_info", "What runs here.", labels=["version", "release"])
        build.add_metric([_version(), str(_release.RELEASE)], 1)
        yield build
        readiness = _health.find_readiness()
        checks = GaugeMetricFamily("ostiary_ready", "Whether a check of readiness holds.", labels=["check"])
        for name, holds in (readiness.look() if readiness is not None else {}).items():
            checks.add_metric([name], float(holds))
        yield checks
        files, size, oldest = _waiting(self._state.spool)
        yield GaugeMetricFamily("ostiary_audit_spool_files", "Files with events not yet entered.", files)
        yield GaugeMetricFamily("ostiary_audit_spool_bytes", "Size of events not yet entered.", size)
        yield GaugeMetricFamily(
            "ostiary_audit_spool_oldest_seconds",
            "Age of the oldest file with events not yet entered.",
            oldest,
        )
        yield from self._of_database()

    def _of_database(self) -> Iterator[Metric]:
        try:
            dsn = (self._state.secrets / "app.dsn").read_text()
            with psycopg.connect(
                dsn, connect_timeout=_health.CONNECT_TIMEOUT_S, autocommit=True
            ) as connection:
                found = connection.execute(_TRANSACTIONS, (True,)).fetchone()
                tenants: dict[bool, int] = dict(connection.execute(_TENANTS, (True,)).fetchall())
                lanes = connection.execute(_JOBS, (True,)).fetchall()
        except (psycopg.Error, OSError):
            return
        if found is not None:
            ended = CounterMetricFamily(
                "ostiary_database_transactions", "Transactions of the whole database.", labels=["outcome"]
            )
            ended.add_metric(["committed"], found[0])
            ended.add_metric(["rolled_back"], found[1])
            yield ended
            yield CounterMetricFamily("ostiary_database_deadlocks", "Deadlocks that were broken.", found[2])
        known = GaugeMetricFamily("ostiary_tenants", "Tenants of the installation.", labels=["state"])
        known.add_metric(["active"], tenants.get(False, 0))
        known.add_metric(["suspended"], tenants.get(True, 0))
        yield known
        yield from _of_jobs(lanes)


def _of_jobs(lanes: Sequence[tuple[Any, ...]]) -> Iterator[Metric]:
    """lanes: name, due, running, failed, age of the oldest in seconds, workers of any lane."""
    count = GaugeMetricFamily("ostiary_jobs", "Background jobs.", labels=["lane", "state"])
    oldest = GaugeMetricFamily(
        "ostiary_jobs_oldest_seconds", "Since when the first due job could begin.", labels=["lane"]
    )
    for lane, due, running, failed, oldest_s, _ in lanes:
        for state, number in (("due", due), ("running", running), ("failed", failed)):
            count.add_metric([lane, state], number)
        oldest.add_metric([lane], float(oldest_s or 0))
    yield count
    yield oldest
    workers = max((lane[5] for lane in lanes), default=0)
    yield GaugeMetricFamily("ostiary_jobs_workers", "Lines of work that live, on any machine.", workers)


def _version() -> str:
    try:
        return importlib.metadata.version("ostiary")
    except importlib.metadata.PackageNotFoundError:  # run from a clone
        return "source"


def _waiting(spool: Path) -> tuple[int, int, float]:
    """Files with something in them, their bytes, and the age of the oldest in seconds."""
    found: list[os.stat_result] = []
    for path in spool.glob("*/*") if spool.is_dir() else ():
        try:
            about = path.stat()
        except OSError:  # entered meanwhile
            continue
        if about.st_size:
            found.append(about)
    oldest = min((about.st_mtime for about in found), default=None)
    return (
        len(found),
        sum(f.st_size for f in found),
        0.0 if oldest is None else max(0.0, time.time() - oldest),
    )

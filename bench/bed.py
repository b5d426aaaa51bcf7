"""A private cluster and a web server on it, for as long as a run lasts."""

import os
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import conninfo

from ostiary.audit import public as audit
from ostiary.project import _database
from ostiary.project._serve import Listening, WebServer
from ostiary.project._state import State
from ostiary.project.embedded import Cluster
from ostiary.tenancy import public as tenancy

REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Installation:
    """A prepared cluster. reference: connection string of a database for tables made by hand."""

    state: State
    cluster: Cluster
    reference: str


@dataclass(frozen=True, slots=True)
class Served:
    """Where the product answers, and the roots of the process trees whose CPU counts."""

    port: int
    web_pid: int
    database_pid: int


@contextmanager
def installation(
    folder: Path | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[Installation]:
    """A cluster with the product's database and another beside it; without a folder gone afterwards.

    settings: of the server, beside those that the product gives.
    """
    os.environ["OSTIARY_INSECURE_HTTP"] = "1"
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ostiary-bench-")))
        os.environ["OSTIARY_STATE"] = str(folder)
        state = State(folder)
        state.prepare()
        _database.set_up(state)
        cluster = stack.enter_context(Cluster(state, settings=settings))
        _database.prepare(state, cluster.admin_dsn)
        stack.callback(lambda: tenancy.placement().close())
        stack.callback(audit.stop_spool)
        _make_reference(cluster.admin_dsn)
        yield Installation(state, cluster, conninfo.make_conninfo(cluster.admin_dsn, dbname=REFERENCE))


def _make_reference(admin_dsn: str) -> None:
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        there = "select 1 from pg_database where datname = %s"
        if connection.execute(there, (REFERENCE,)).fetchone() is None:
            connection.execute(f"create database {REFERENCE} template template0")


@contextmanager
def web_server(found: Installation) -> Iterator[Served]:
    """The web server on a free port."""
    port = free_port()
    server = WebServer(found.state, Listening("127.0.0.1", port))
    server.start(threading.Event())
    try:
        yield Served(port, server.pid, found.cluster.pid or 0)
    finally:
        server.stop()


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

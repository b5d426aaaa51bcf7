"""This node as its processes see it: what it must hold to be ready, and what it lets go of at its end."""

from collections.abc import Mapping

from ostiary.audit import public as audit
from ostiary.project import _health, _metrics, _tracing
from ostiary.project._state import State
from ostiary.tenancy import public as tenancy


def checks(state: State) -> Mapping[str, _health.Check]:
    """What has to hold before a process of this node may be given requests, by name."""
    app_dsn = state.secrets / "app.dsn"
    return {"database": lambda: _health.database_answers(app_dsn.read_text())}


def _connections(state: str) -> _metrics.Sample:
    return lambda: getattr(tenancy.pool_figures(), state)


_CONNECTIONS = ("ostiary_database_connections", "Connections of the node's pools.")
SAMPLES: Mapping[tuple[str, str, str], _metrics.Sample] = {
    (*_CONNECTIONS, "in_use"): _connections("in_use"),
    (*_CONNECTIONS, "idle"): _connections("idle"),
    (
        "ostiary_database_requests_waiting",
        "Requests that wait for a connection of the pool.",
        "",
    ): _connections("waiting"),
    ("ostiary_database_connections_limit", "Connections that the pools may open.", ""): _connections("most"),
    ("ostiary_workers", "Processes that answer requests.", ""): lambda: 1,
}


def close() -> None:
    """Enter the events that wait and close the connections. Called when no request runs any more."""
    _tracing.close()
    audit.stop_spool()
    tenancy.placement().database.close()

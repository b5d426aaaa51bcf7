"""This node as its processes see it: what it must hold to be ready, and what it lets go of at its end."""

from collections.abc import Mapping

from ostiary.audit import public as audit
from ostiary.project import _health
from ostiary.project._state import State
from ostiary.tenancy import public as tenancy


def checks(state: State) -> Mapping[str, _health.Check]:
    """What has to hold before a process of this node may be given requests, by name."""
    app_dsn = state.secrets / "app.dsn"
    return {"database": lambda: _health.database_answers(app_dsn.read_text())}


def close() -> None:
    """Enter the events that wait and close the connections. Called when no request runs any more."""
    audit.stop_spool()
    tenancy.placement().database.close()

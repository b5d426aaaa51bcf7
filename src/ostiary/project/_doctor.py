"""What is wrong with this installation: checks that look and change nothing, each with what to do.

A check yields what it found; nothing means that all is well. One that cannot look says so. The database is
looked at as it is: nothing is prepared, so that a fault is seen and not put right on the way.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from importlib import import_module
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from ostiary.kernel import clock
from ostiary.kernel.errors import FieldError, Invalid, OstiaryError
from ostiary.project._installation import Installation, get_installation
from ostiary.project._state import State
from ostiary.tenancy import public as tenancy

_MODULES = tuple(f"ostiary.project._doctor_{name}" for name in ("database", "host", "tenants"))
OK_CODE, WARNINGS_CODE, ERRORS_CODE = 0, 1, 2


class Severity(StrEnum):
    """How bad. SKIPPED: the check could not look, because of something that another one names."""

    OK = "ok"
    SKIPPED = "skipped"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. remedy: what to do, in words or as a command."""

    check: str
    severity: Severity
    words: str
    remedy: str = ""


@dataclass
class Probe:
    """What the checks look at. admin: an administrative connection to the installation's database.

    configured: whether this process may open tenants' transactions. refused: why something is missing.
    """

    state: State
    installation: Installation | None = None
    admin: psycopg.Connection[tuple[Any, ...]] | None = None
    tenants: Sequence[tenancy.Tenant] = ()
    configured: bool = False
    refused: dict[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    now: Callable[[], datetime] = clock.now

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of one statement by the administrative connection. Raises NotReachable."""
        if self.admin is None:
            raise NotReachable(self.refused.get("database", "the database is not reachable"))
        return self.admin.execute(sql, params).fetchall()

    def value(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """The first column of the first row."""
        return self.rows(sql, params)[0][0]


class NotReachable(OstiaryError):
    """A check needs something that is not there; another check names it."""

    code = "doctor.not_reachable"


Check = Callable[[Probe], Iterable[Finding]]
_checks: dict[str, tuple[str, Check]] = {}


def check(name: str, title: str) -> Callable[[Check], Check]:
    """Enter a check. title: what is well when it finds nothing. Raises ValueError: the name is taken."""

    def enter(function: Check) -> Check:
        if name in _checks:
            raise ValueError(f"there is a check {name} already")
        _checks[name] = (title, function)
        return function

    return enter


def warning(name: str, words: str, remedy: str) -> Finding:
    """Something that should be put right."""
    return Finding(name, Severity.WARNING, words, remedy)


def error(name: str, words: str, remedy: str) -> Finding:
    """Something that must be put right."""
    return Finding(name, Severity.ERROR, words, remedy)


def checks() -> Mapping[str, str]:
    """Title of each check by its name, in the order in which they are made."""
    for module in _MODULES:  # they enter themselves
        import_module(module)
    # by module, whichever of them happened to be imported first
    in_order = sorted(_checks.items(), key=lambda entry: _MODULES.index(entry[1][1].__module__))
    return {name: title for name, (title, _) in in_order}


def described() -> Mapping[str, tuple[str, str]]:
    """(title, what it looks at) of each check by its name."""
    return {
        name: (title, (_checks[name][1].__doc__ or "").splitlines()[0]) for name, title in checks().items()
    }


def examine(probe: Probe, only: Sequence[str] = ()) -> list[Finding]:
    """Make the checks, all or those named whole or by their first part. Raises Invalid: unknown name."""
    known = checks()
    chosen = [name for name in known if not only or any(_covers(o, name) for o in only)]
    unknown = [o for o in only if not any(_covers(o, name) for name in known)]
    if unknown:
        raise Invalid([FieldError("only", "unknown", f"There is no check {', '.join(unknown)}")])
    return [finding for name in chosen for finding in _made(probe, name)]


def _covers(asked: str, name: str) -> bool:
    return asked == name or name.startswith(f"{asked}.")


def _made(probe: Probe, name: str) -> Iterator[Finding]:
    title, function = _checks[name]
    try:
        found = list(function(probe))
    except NotReachable as missing:
        found = [Finding(name, Severity.SKIPPED, missing.message)]
    except OstiaryError as refused:
        found = [error(name, refused.message, "see the message")]
    except psycopg.Error as refused:
        words = (str(refused).strip() or type(refused).__name__).splitlines()[0]
        found = [error(name, f"the database refused: {words}", "look into the database's log")]
    yield from found or [Finding(name, Severity.OK, title)]


def exit_code(findings: Iterable[Finding]) -> int:
    """0: all is well, 1: warnings, 2: errors; what could not be looked at counts as a warning."""
    severities = {finding.severity for finding in findings}
    if Severity.ERROR in severities:
        return ERRORS_CODE
    return WARNINGS_CODE if severities & {Severity.WARNING, Severity.SKIPPED} else OK_CODE


@contextmanager
def probing(state: State) -> Iterator[Probe]:
    """Everything that can be looked at here and now; what cannot is in `refused`, with the reason."""
    probe = Probe(state)
    try:
        probe.installation = get_installation()
    except OstiaryError as refused:
        probe.refused["configuration"] = refused.message
    with ExitStack() as stack:
        _connect(probe, stack)
        if probe.admin is not None:
            _configure(probe, stack)
        yield probe


def _connect(probe: Probe, stack: ExitStack) -> None:
    from ostiary.project import _database

    options = ("database_url", "database_url_file")
    external = probe.installation is not None and any(map(probe.installation.text, options))
    if not external and not probe.state.pgdata.is_dir():
        probe.refused["database"] = "there is no database yet: run `ostiary database prepare`"
        return
    try:
        dsn = stack.enter_context(_database.open_database(probe.state))
        if not external:
            dsn = make_conninfo(dsn, dbname=_database.PRIVATE_DATABASE)
        probe.admin = stack.enter_context(psycopg.connect(dsn, autocommit=True, connect_timeout=10))
    except OstiaryError as refused:
        probe.refused["database"] = refused.message
    except psycopg.Error as refused:
        probe.refused["database"] = str(refused).strip().splitlines()[0]


def _configure(probe: Probe, stack: ExitStack) -> None:
    """Open what a worker opens, without making anything: least of all a new root key."""
    from ostiary.project import _database, _root_key

    if not _root_key.exists(probe.state):
        probe.refused["keys"] = "there is no root key"
        return
    try:
        placement = _database.configure_worker(probe.state, max_size=2)
        stack.callback(placement.database.close)
        probe.tenants = tenancy.list_tenants()
        probe.configured = True
    except OstiaryError as refused:
        probe.refused["keys"] = refused.message
    except psycopg.Error as refused:
        probe.refused["tenants"] = str(refused).strip().splitlines()[0]

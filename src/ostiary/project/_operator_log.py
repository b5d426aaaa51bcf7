"""The operator's log: what was done to the installation from its command line, by whom, and how it ended.

Events lie in the installation's own schema, in the same tables and through the same code as every tenant's:
leaf, encrypted parts, queue. Whoever gave a command is named in an encrypted part alone.

A command leaves a note in the state folder before it does anything. The note is entered when the command has
ended, and then removed. What could not be entered, because the database was away or the command was killed,
is entered by the next command that finds the database.
"""

import fcntl
import getpass
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from ostiary.audit import public as audit
from ostiary.crypto import public as crypto
from ostiary.kernel import clock
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied, Misconfigured, OstiaryError
from ostiary.kernel.ids import EventId, new_id
from ostiary.project._state import State, default_state
from ostiary.tenancy import public as tenancy

APPS = ("crypto", "audit")  # whose fixed tables the installation's schema holds
READ_ONLY = ("identity",)
WITHHELD = "(withheld)"
_LONGEST = 500  # characters of one recorded option

log = logging.getLogger(__name__)
_at_end: ContextVar[ExitStack | None] = ContextVar("at_end", default=None)


@dataclass(frozen=True, slots=True)
class Note:
    """One entry before it is an event. parts: JSON types."""

    id: UUID
    at: datetime
    type: str
    outcome: str
    tenant: UUID | None
    parts: Mapping[str, Any]
    operator: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """An event of the operator's log as it is shown."""

    id: UUID
    at: datetime
    type: str
    outcome: str
    tenant: UUID | None
    parts: Mapping[str, Any]
    operator: Mapping[str, Any]
    intact: bool


def record(
    type_: str,
    *,
    outcome: str = "success",
    tenant: tenancy.Tenant | None = None,
    parts: Mapping[str, Any] | None = None,
) -> None:
    """Append an event to the installation's own log, now, or with the next command that finds the database.

    parts: values of JSON types, stored encrypted. Raises Misconfigured: it could not even be noted.
    """
    said = dict(parts or {})
    if tenant is not None:
        said["tenant"] = tenant.slug
    note = Note(new_id(), clock.now(), type_, outcome, tenant.id if tenant else None, said, _operator())
    with _noted(note) as path:
        _conclude(note, path)


def recorded(work: Callable[[], int], type_: str, parts: Mapping[str, Any]) -> int:
    """Run a command and record how it ended: success, denied or failed, also when it raises.

    What the command left to `at_end` is done after that, so that the database is still there.
    """
    note = Note(new_id(), clock.now(), type_, "failed", None, {**parts, "ended": "killed"}, _operator())
    with ExitStack() as stack, _noted(note) as path:
        before = _at_end.set(stack)
        try:
            code = work()
        except BaseException as error:
            _conclude(_ended(note, parts, *_outcome_of(error)), path)
            raise
        finally:
            _at_end.reset(before)
        _conclude(_ended(note, parts, "success" if code == 0 else "failed", f"exit code {code}"), path)
        return code


def at_end(work: Callable[[], object]) -> None:
    """Do something when the running command was recorded: at once, where none is."""
    stack = _at_end.get()
    if stack is None:
        work()
    else:
        stack.callback(work)


def prepare_log(credentials: tenancy.Credentials) -> None:
    """Make the installation's schema with its tables, and enter what waits; safe to repeat."""
    from ostiary.project._migrations import migrate_schema  # needs Django's settings

    if credentials.admin is None or credentials.owner is None:
        raise Misconfigured("making the operator's log needs the administrative connection")
    tenant = tenancy.make_installation_schema(credentials.admin, credentials.owner)
    if not tenancy.installation_is_current(credentials.owner, _wanted_migrations()):
        migrate_schema(credentials.owner, tenant.schema, apps=APPS)
        tenancy.placement().grant_tables(
            tenant,
            read_only=READ_ONLY,
            insert_only=(*crypto.INSERT_ONLY_TABLES, *audit.INSERT_ONLY_TABLES),
        )
    enter_waiting()


def enter_waiting() -> int:
    """Enter the notes that earlier commands left, and return their number."""
    entered = 0
    for path in sorted(_folder(default_state()).glob("*.json")):
        with _claimed(path) as note:
            if note is not None and _enter(note):
                path.unlink(missing_ok=True)
                entered += 1
    return entered


def list_entries(*, since: datetime | None = None, limit: int = 200) -> list[Entry]:
    """The newest entries, newest first, at most 500."""
    with _transaction() as (tenant, db):
        ctx = Context(tenant.id, db, None, Channel.CLI, purpose="operation")
        return [_entry(view) for view in audit.list_latest(ctx, since=since, limit=limit)]


def _entry(view: audit.EventView) -> Entry:
    command, operator = ([*view.parts, {}, {}])[:2]
    said = dict(command)
    tenant = said.pop("tenant_id", None)
    at = datetime.fromisoformat(said.pop("at")) if "at" in said else view.occurred_at
    return Entry(
        view.id, at, view.type, view.outcome, UUID(tenant) if tenant else None, said, operator, view.intact
    )


def _operator() -> dict[str, Any]:
    """Whom the operating system knows: account, the one behind sudo, terminal."""
    with suppress(OSError, KeyError, ImportError):
        return {
            "account": getpass.getuser() if "LOGNAME" in os.environ else _account(os.geteuid()),
            "uid": os.geteuid(),
            "behind_sudo": os.environ.get("SUDO_USER"),
            "terminal": _terminal(),
        }
    return {"account": None, "uid": os.geteuid(), "behind_sudo": None, "terminal": None}


def _account(uid: int) -> str:
    import pwd

    return pwd.getpwuid(uid).pw_name


def _terminal() -> str | None:
    for handle in (0, 1, 2):
        with suppress(OSError):
            return os.ttyname(handle)
    return None


def _outcome_of(error: BaseException) -> tuple[str, str]:
    if isinstance(error, AccessDenied):
        return "denied", error.code
    if isinstance(error, OstiaryError):
        return "failed", error.code
    return "failed", type(error).__name__  # its words may hold values


def _ended(note: Note, parts: Mapping[str, Any], outcome: str, how: str) -> Note:
    return replace(note, outcome=outcome, parts={**parts, "ended": how})


def _folder(state: State) -> Path:
    return state.logs / "operator"


@contextmanager
def _noted(note: Note) -> Iterator[Path]:
    """The note in a file of its own, locked as long as the command lives."""
    state = default_state()
    folder = _folder(state)
    try:
        state.prepare()
        folder.mkdir(exist_ok=True, mode=0o700)
        path = folder / f"{note.id}.json"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Misconfigured(f"what operators do cannot be noted in {folder}: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        _write(handle, note)
        yield path
    finally:
        os.close(handle)


def _write(handle: int, note: Note) -> None:
    os.lseek(handle, 0, os.SEEK_SET)
    os.ftruncate(handle, 0)
    os.write(handle, orjson.dumps(note))
    os.fsync(handle)


def _conclude(note: Note, path: Path) -> None:
    """Enter the note and forget its file; where that fails the file says how it ended."""
    if _enter(note):
        path.unlink(missing_ok=True)
        return
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        _write(handle, note)
    finally:
        os.close(handle)


@contextmanager
def _claimed(path: Path) -> Iterator[Note | None]:
    """The note of a command that has ended; None while it runs, or when somebody else has it."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield _read(path)
    finally:
        os.close(handle)


def _read(path: Path) -> Note | None:
    try:
        said = orjson.loads(path.read_bytes())
        return Note(
            UUID(said["id"]),
            datetime.fromisoformat(said["at"]),
            said["type"],
            said["outcome"],
            UUID(said["tenant"]) if said["tenant"] else None,
            said["parts"],
            said["operator"],
        )
    except (ValueError, KeyError, TypeError):
        log.warning("project.operator_log.unreadable", extra={"note": path.name})
        return None


def _enter(note: Note) -> bool:
    """Make the event, unless it is there already; False when the database is not to be had now."""
    try:
        with _transaction() as (tenant, db):
            known = db.row("select 1 from @.audit_event where id = %(id)s", {"id": note.id})
            if known is None:
                _append(Context(tenant.id, db, None, Channel.CLI, purpose="operation"), note)
    except Exception as error:  # noqa: BLE001  whatever it is, the note stays and is entered later
        log.info("project.operator_log.waiting", extra={"error": type(error).__name__})
        return False
    return True


def _append(ctx: Context, note: Note) -> None:
    said: dict[str, object] = {**note.parts, "at": note.at.isoformat()}
    if note.tenant is not None:
        said["tenant_id"] = str(note.tenant)
    audit.append(
        ctx,
        note.type,
        outcome=note.outcome,
        object_type=None if note.tenant is None else "tenant",
        object_ref=note.tenant,
        parts=[audit.Part("command", said), audit.Part("operator", dict(note.operator))],
        event_id=EventId(note.id),
    )


@contextmanager
def _transaction() -> Iterator[tuple[tenancy.Tenant, tenancy.Transaction]]:
    """Raises Misconfigured: this process is not configured for administration, or nothing is prepared."""
    owner = tenancy.placement().owner
    tenant = tenancy.find_installation(owner)
    if tenant is None:
        raise Misconfigured("the operator's log is not prepared: run `ostiary database prepare`")
    database = tenancy.installation_database(owner)
    try:
        with database.transaction(tenant) as db:
            yield tenant, db
    finally:
        database.close()


def _wanted_migrations() -> frozenset[tuple[str, str]]:
    """(app, migration) of the contexts whose tables the log needs, by the files of this release."""
    folder = Path(__file__).resolve().parents[1]
    return frozenset(
        (app, path.stem) for app in APPS for path in (folder / app / "migrations").glob("[0-9]*.py")
    )


def shown(options: Mapping[str, Any], withheld: frozenset[str]) -> dict[str, Any]:
    """A command's options as they are recorded: those marked as secret without their value."""
    said: dict[str, Any] = {}
    for name, value in options.items():
        if value is None or callable(value):
            continue
        said[name] = WITHHELD if name in withheld else _plain(value)
    return said


def _plain(value: object) -> Any:
    if isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value)[:_LONGEST]

"""`ostiary backup base|wal` and `ostiary restore` of a base backup: the private cluster as files."""

from datetime import datetime
from pathlib import Path

from ostiary.crypto import public as crypto
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.project import _database, _root_key
from ostiary.project._installation import names_database
from ostiary.project._state import State, default_state
from ostiary.project.backup import _base, _folder
from ostiary.project.backup._errors import BackupRefused
from ostiary.project.backup._last import note_backup
from ostiary.project.backup._recover import recover_cluster
from ostiary.project.embedded import Cluster

FOREIGN = """the database is not the private one: its files are its operator's to save. For a point in time:
  archive_mode = on, an archive_command or pg_receivewal into other storage, and pg_basebackup or a tool
  such as pgBackRest. `ostiary backup run` saves what belongs to Ostiary, encrypted, from every server."""


def base(to: str) -> int:
    """Save the cluster's files, and keep its log from now on."""
    folder = _folder.open_folder(Path(to))
    state = _private_state()
    with _database.open_database(state) as admin_dsn:
        _database.prepare(state, admin_dsn).database.close()
        cluster = Cluster(state)
        _folder.ensure_room(folder, _size(state.pgdata))
        path = _folder.new_path(folder, "base")
        size = _base.back_up_cluster(cluster, path)
        for _ in _base.file_content(path, "base"):
            pass
        _folder.note_verified(path)
        shipped = _base.ship_wal(cluster, folder)
        note_backup("base", path, verified=True)
    print(f"{path}: {size} bytes; {len(shipped)} segments of the log")
    print("run `ostiary backup wal` every few minutes: what was not saved cannot be come back to")
    return 0


def wal(to: str | None, *, off: bool) -> int:
    """Save the segments that wait, or stop keeping them."""
    state = _private_state()
    cluster = Cluster(state)
    if off:
        _base.let_segments_go(cluster)
        print("the log is kept no more")
        return 0
    if to is None:
        raise Invalid([FieldError("to", "missing", "Name the folder of the base backup")])
    folder = _folder.open_folder(Path(to))
    with _database.open_database(state) as admin_dsn:
        _database.prepare(state, admin_dsn).database.close()
        shipped = _base.ship_wal(cluster, folder)
    print(f"{len(shipped)} segments saved" + (f", the last is {shipped[-1]}" if shipped else ""))
    return 0


def recover(path: Path, until: str | None) -> int:
    """Bring the cluster back as it was at an instant; the present data are kept beside it."""
    state = _private_state()
    open_keys(state)
    done = recover_cluster(state, path, until=parse_instant(until), progress=_say)
    last = done.last_commit_at.isoformat() if done.last_commit_at else "the base backup"
    print(f"{done.tenants} tenants are as they were; the last change replayed is of {last}")
    if done.aside is not None:
        print(f"the earlier data are in {done.aside}: delete them when nobody misses anything")
    return 0


def open_keys(state: State) -> None:
    """The installation's keys without its database, which may not be there yet."""
    _root_key.take_over()
    crypto.configure(_root_key.opened_once(state, lambda: _root_key.load(state)[0]))


def parse_instant(text: str | None) -> datetime | None:
    """An instant as typed. Raises Invalid: no time zone, or not ISO 8601."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid([FieldError("until", "malformed", "Write it like 2026-11-23T14:05:00+01:00")]) from None
    if instant.tzinfo is None:
        raise Invalid(
            [FieldError("until", "time_zone", "Say the time zone: 2026-11-23T14:05:00+01:00 or ...Z")]
        )
    return instant


def _private_state() -> State:
    if names_database():
        raise BackupRefused(FOREIGN)
    return default_state()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _say(line: str) -> None:
    print(f"  {line}", flush=True)

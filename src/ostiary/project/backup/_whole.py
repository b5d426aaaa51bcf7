"""Saving the whole installation: its directory and every tenant of a database, as they were at one instant.

A folder of files, each encrypted by itself, so that one tenant can be brought back out of it alone. The list
of what belongs to it is the file `installation`, written last; the folder gets its name when everything is on
disk.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson
import psycopg

from ostiary.kernel import clock
from ostiary.kernel.ids import TenantId
from ostiary.project._release import RELEASE
from ostiary.project._state import State
from ostiary.project.backup._describe import Row
from ostiary.project.backup._errors import BackupRefused
from ostiary.project.backup._folder import SUFFIX
from ostiary.project.backup._frames import Kind, compressed, frame, note
from ostiary.project.backup._save import Progress, back_up_tenant, silent, snapshot_of
from ostiary.project.backup._sealed import PART, sync_folder, write_sealed
from ostiary.tenancy import public as tenancy

MAIN_FILE = f"installation{SUFFIX}"
LOG_SCHEMA = "installation"
LOG_FILE = f"operator-log{SUFFIX}"
WORKERS = 2
SETTINGS_FILE = "ostiary.toml"

_DIRECTORY = """
select t.id, t.slug, t.name, t.schema, t.role, t.suspended, t.release, t.placement, t.own_login,
  t.drop_after,
  array(select h.host from public.tenant_host h where h.tenant_id = t.id order by h.host)
from public.tenant t where %s order by t.slug"""
_PLACEMENTS = "select name, kind, server from public.placement where %s order by name"
_OPEN_JOBS = "select to_jsonb(j) from jobs.job j where finished_at is null and discarded_at is null and %s"


@dataclass(frozen=True, slots=True)
class Member:
    """A tenant in the directory at the instant, and its file."""

    tenant: tenancy.Tenant
    hosts: tuple[str, ...]

    @property
    def file(self) -> str:
        """Name of its file in the folder."""
        return f"tenant-{self.tenant.slug}{SUFFIX}"


@dataclass(slots=True)
class SavedInstallation:
    """A whole backup that was written. `files`: size and digest of each."""

    path: Path
    size: int = 0
    files: dict[str, dict[str, Any]] = field(default_factory=dict)


def back_up_installation(
    state: State, target: Path, *, workers: int = WORKERS, progress: Progress = silent
) -> SavedInstallation:
    """Save everything into the new folder `target`; requests go on.

    All tenants of one database are seen at one instant, with the directory if it is the installation's own;
    each further database has an instant of its own, a moment later.
    Raises: BackupRefused: the folder is there already, or a tenant cannot be saved; nothing is left.
    """
    if target.exists():
        raise BackupRefused(f"{target} is there already")
    part = target.with_name(f".{target.name}.{os.getpid()}{PART}")
    part.mkdir(mode=0o700)
    try:
        saved = _save_into(state, part, workers, progress)
        sync_folder(part)
        part.rename(target)
        sync_folder(target.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    saved.path = target
    return saved


def _save_into(state: State, part: Path, workers: int, progress: Progress) -> SavedInstallation:
    saved = SavedInstallation(part)
    with ExitStack() as stack:
        main = stack.enter_context(snapshot_of(tenancy.placement().owner, "public"))
        snapshots = {"": _export(main)}
        members = _members(main)
        jobs = {"": _open_jobs(main)}
        placements = [list(row) for row in main.execute(_PLACEMENTS, (True,)).fetchall()]
        for name in sorted({m.tenant.placement for m in members} - {""}):
            further = stack.enter_context(snapshot_of(tenancy.placement(name).owner, "public"))
            snapshots[name], jobs[name] = _export(further), _open_jobs(further)
        with ThreadPoolExecutor(workers) as pool:
            work = [(m.tenant, part / m.file, snapshots[m.tenant.placement]) for m in members]
            work += [(log, part / LOG_FILE, snapshots[""]) for log in _operator_log()]
            futures = [pool.submit(_save_one, *one, saved, progress) for one in work]
            for future in futures:
                future.result()
        header = {
            "product": RELEASE,
            "at": clock.now().isoformat(),
            "tenants": [asdict(m.tenant) | {"hosts": m.hosts, "file": m.file} for m in members],
            "placements": placements,
            "files": saved.files,
        }
        frames = _installation_frames(header, state_files(state), jobs)
        size = write_sealed(part / MAIN_FILE, "installation", compressed(frames))
    saved.size = size + sum(said["size"] for said in saved.files.values())
    return saved


def _save_one(
    tenant: tenancy.Tenant, path: Path, snapshot: str, saved: SavedInstallation, progress: Progress
) -> None:
    done = back_up_tenant(tenant, path, snapshot=snapshot)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    saved.files[path.name] = {"size": done.size, "sha256": digest}
    progress(f"saved {tenant.slug}: {done.size} bytes")


def _export(connection: psycopg.Connection[Row]) -> str:
    row = connection.execute("select pg_export_snapshot() where %s", (True,)).fetchone()
    assert row is not None
    return str(row[0])


def _members(connection: psycopg.Connection[Row]) -> list[Member]:
    """The directory as the snapshot has it."""
    rows = connection.execute(_DIRECTORY, (True,)).fetchall()
    return [Member(tenancy.Tenant(TenantId(row[0]), *row[1:10]), tuple(row[10])) for row in rows]


def _open_jobs(connection: psycopg.Connection[Row]) -> list[dict[str, Any]]:
    """Jobs that have not ended, as JSON; they begin again when they are brought back."""
    there = connection.execute("select to_regclass(%s)", ("jobs.job",)).fetchone()
    if there is None or there[0] is None:
        return []
    return [row[0] for row in connection.execute(_OPEN_JOBS, (True,)).fetchall()]


def _operator_log() -> list[tenancy.Tenant]:
    found = tenancy.find_installation(tenancy.placement().owner)
    return [] if found is None else [found]


def state_files(state: State) -> list[Path]:
    """Files of the state folder that belong to a backup. The root key is not among them.

    Whoever has a backup and the root key can read everything: they are kept apart, the key in the recovery
    bundle. What the log of operators has not entered yet, logs and the data folder stay behind too.
    """
    files = [path for path in sorted(state.secrets.rglob("*")) if path.is_file() and not path.is_symlink()]
    settings = state.root / SETTINGS_FILE
    return [*files, *([settings] if settings.is_file() else [])]


def _installation_frames(
    header: dict[str, Any], files: Sequence[Path], jobs: dict[str, list[dict[str, Any]]]
) -> Iterator[bytes]:
    yield note(Kind.HEADER, header | {"state": [_relative(path) for path in files], "jobs": sorted(jobs)})
    for path in files:
        yield frame(Kind.FILE, path.read_bytes())
    for name in sorted(jobs):
        yield frame(Kind.ROWS, orjson.dumps(jobs[name]))
    yield frame(Kind.END, b"")


def _relative(path: Path) -> str:
    """Below the state folder: `ostiary.toml` or `secrets/...`."""
    if path.name == SETTINGS_FILE and path.parent.name != "secrets":
        return SETTINGS_FILE
    parts = path.parts
    return "/".join(parts[len(parts) - 1 - parts[::-1].index("secrets") :])

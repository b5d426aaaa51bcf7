"""The private cluster as it was at an instant: replayed beside the present one, then put in its place."""

import io
import os
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, cast

import psycopg

from ostiary.kernel import clock
from ostiary.kernel.context import Channel, Context
from ostiary.project import _database
from ostiary.project._private_files import make_marker, write_secret
from ostiary.project._service_user import current_service_user
from ostiary.project._state import State
from ostiary.project.backup import _settle
from ostiary.project.backup._base import SEGMENT, file_content, sealed_segments
from ostiary.project.backup._errors import BackupDamaged, BackupRefused
from ostiary.project.backup._folder import SUFFIX
from ostiary.project.backup._frames import Pull
from ostiary.project.backup._save import Progress, silent
from ostiary.project.embedded import Cluster, ClusterError, swap_data_folder
from ostiary.tenancy import public as tenancy

REPLAY_TIMEOUT_S = 12 * 3600.0
_STAMP = "%Y%m%d%H%M%S"


@dataclass(frozen=True, slots=True)
class Recovered:
    """What came of it. last_commit_at: of the last transaction that was replayed; aside: the earlier data."""

    last_commit_at: datetime | None
    tenants: int
    aside: Path | None


def recover_cluster(
    state: State,
    base: Path,
    *,
    until: datetime | None,
    bin_dir: Path | None = None,
    settings: dict[str, str] | None = None,
    progress: Progress = silent,
) -> Recovered:
    """Bring the private cluster back as it was at `until`, or at the end of the log that was kept.

    Everything happens in a folder of its own while the present data stay as they are; they are kept
    afterwards. The cluster must be stopped. Killed at any point, either the old or the new data stand whole.
    Raises: BackupRefused, BackupDamaged, ClusterBusy: nothing was changed.
    """
    scratch = State(state.root / "recovering")
    with _held(Cluster(state)):
        shutil.rmtree(scratch.root, ignore_errors=True)
        scratch.prepare_for_cluster()
        for name in ("owner/postgres-superuser", "owner/database-owner", "database-app"):
            _copy_secret(state, scratch, name)
        progress(f"unpacking {base.name}")
        unpack(base, scratch)
        segments = _unseal_segments(base.parent, scratch, progress)
        progress(f"replaying {segments} segments" + (f" up to {until.isoformat()}" if until else ""))
        user = current_service_user()
        signal = scratch.pgdata / "recovery.signal"
        make_marker(signal, uid=user.uid if user else -1, gid=user.gid if user else -1)
        cluster = Cluster(
            scratch,
            bin_dir=bin_dir,
            settings=recovery_settings(scratch, until) | (settings or {}),
            start_timeout_s=REPLAY_TIMEOUT_S,
        )
        try:
            with cluster:
                last = _last_commit(cluster.admin_dsn)
                tenants = _settle_all(state, cluster.admin_dsn, base, progress)
        except ClusterError as error:
            raise BackupRefused(f"{error.message} {_hint(scratch)}") from None
        aside = state.root / f"pgdata.before-{clock.now().strftime(_STAMP)}"
        had = state.pgdata.exists()
        swap_data_folder(state, scratch.pgdata, aside)
        shutil.rmtree(scratch.root, ignore_errors=True)
    return Recovered(last, tenants, aside if had else None)


def unpack(base: Path, scratch: State) -> None:
    """The base backup's files as the data folder of `scratch`; no name leads out of it."""
    scratch.pgdata.mkdir(mode=0o700)
    content = cast("IO[bytes]", io.BufferedReader(cast("io.RawIOBase", _Raw(file_content(base, "base")))))
    try:
        with tarfile.open(fileobj=content, mode="r|") as archive:
            archive.extractall(scratch.pgdata, filter="data")
        while content.read(1 << 20):  # the rest of the stream decides whether all of it was true
            pass
    except tarfile.TarError:
        raise BackupDamaged("the base backup cannot be unpacked") from None
    _give_tree(scratch.pgdata)


class _Raw(io.RawIOBase):
    """Pieces of bytes as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pull = Pull(pieces)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        taken = self._pull.read(len(view))
        view[: len(taken)] = taken
        return len(taken)


def recovery_settings(scratch: State, until: datetime | None) -> dict[str, str]:
    """Server settings for replaying. Without a target: as far as the log goes."""
    box = str(scratch.wal).replace("%", "%%")
    settings = {
        "restore_command": f"cp '{box}/%f' '%p'",
        "recovery_target_action": "promote",
        "recovery_target_timeline": "latest",
        "archive_mode": "off",
        "hot_standby": "off",
    }
    if until is not None:
        settings["recovery_target_time"] = until.isoformat()
    return settings


def _unseal_segments(folder: Path, scratch: State, progress: Progress) -> int:
    count = 0
    for path in sealed_segments(folder):
        name = path.name.removesuffix(SUFFIX)
        if not SEGMENT.fullmatch(name):
            continue
        target = scratch.wal / name
        with target.open("xb") as file:
            for piece in file_content(path, "wal"):
                file.write(piece)
        _give(target)
        count += 1
    progress(f"{count} segments of the log are whole")
    return count


def _settle_all(state: State, admin_dsn: str, base: Path, progress: Progress) -> int:
    """Sessions ended and a new epoch begun for each tenant, before anybody is served."""
    places = (state.secrets / "app.dsn", state.owner_secrets / "owner.dsn")
    kept = {path: path.read_text() for path in places if path.is_file()}
    placement = _database.prepare(state, admin_dsn)
    done = 0
    try:
        for tenant in tenancy.list_tenants():
            if tenant.placement:
                progress(f"{tenant.slug} lives in another database: it was not brought back")
                continue
            with tenancy.owner_transaction(tenant) as db:
                ctx = Context(tenant.id, db, None, Channel.CLI, purpose="restore")
                _settle.settle_in_place(ctx, db, "recovered", {"backup_sha256": _settle.file_digest(base)})
            done += 1
    finally:
        placement.database.close()
        for path, text in kept.items():  # they led to the folder in which everything was replayed
            write_secret(path, text)
    return done


def _last_commit(dsn: str) -> datetime | None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute("SELECT pg_last_xact_replay_timestamp() WHERE %s", (True,)).fetchone()
    return row[0] if row else None


def _hint(scratch: State) -> str:
    log = scratch.logs / "postgresql.log"
    text = log.read_text(errors="replace")[-20_000:] if log.exists() else ""
    if "before configured recovery target was reached" in text:
        return "The log that was kept ends before that instant: ship what is newer, or name an earlier one."
    if "could not locate required checkpoint record" in text:
        return "Segments of the log are missing."
    return ""


class _held:  # noqa: N801  reads as a verb where it is used
    """The present cluster's lock: it does not run and nobody starts it meanwhile."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def __enter__(self) -> None:
        self._cluster.hold()

    def __exit__(self, *_: object) -> None:
        self._cluster.stop()


def _copy_secret(state: State, scratch: State, name: str) -> None:
    source = state.secrets / name
    if not source.exists():
        raise BackupRefused(f"{source} is missing: restore the state folder's secrets first")
    shutil.copyfile(source, scratch.secrets / name)
    (scratch.secrets / name).chmod(0o600)


def _give(path: Path) -> None:
    """To the account that runs PostgreSQL, for it alone."""
    user = current_service_user()
    path.chmod(0o700 if path.is_dir() else 0o600)
    if user is not None:
        os.chown(path, user.uid, user.gid)


def _give_tree(top: Path) -> None:
    """The folder itself at the end: until then that account cannot put a link in the place of a file."""
    for path in top.rglob("*"):
        _give(path)
    _give(top)

"""The private cluster as files: a base backup and the write-ahead log after it, sealed piece by piece.

Together they bring back any instant between. The server copies finished segments into a box beside its data
folder; `ship_wal` seals them and takes them out. The server's account never sees a key.
"""

import hashlib
import re
import subprocess
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO

import psycopg

from ostiary.kernel import clock
from ostiary.project._cluster_settings import ARCHIVING
from ostiary.project._private_files import is_marked, make_marker
from ostiary.project.backup._errors import BackupDamaged, BackupRefused
from ostiary.project.backup._folder import SUFFIX
from ostiary.project.backup._frames import Kind, compressed, frame, note, read_frames, read_note
from ostiary.project.backup._sealed import open_sealed, sync_folder, write_sealed
from ostiary.project.embedded import Cluster

WAL_FOLDER = "wal"
SEGMENT = re.compile(r"[0-9A-F]{24}(\.partial|\.[0-9A-F]{8}\.backup)?|[0-9A-F]{8}\.history")
_PIECE = 1 << 20
_SWITCH_TIMEOUT_S = 60.0


def back_up_cluster(cluster: Cluster, target: Path) -> int:
    """Write all files of the running cluster, as of one instant, into the new file `target`.

    From now on segments of the write-ahead log are kept until `ship_wal` takes them. Returns: bytes written.
    Raises: BackupRefused: pg_basebackup failed; nothing is left. Misconfigured: the box holds a link where
    it says whether segments are kept.
    """
    keep_segments(cluster)
    command = [str(cluster.program("pg_basebackup")), "--pgdata=-", "--format=tar", "--wal-method=fetch"]
    command += ["--checkpoint=fast", "--no-manifest", "--no-password"]
    parameters = psycopg.conninfo.conninfo_to_dict(cluster.admin_dsn)
    environment = {
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C",
        "PGHOST": str(parameters["host"]),
        "PGPORT": str(parameters["port"]),
        "PGUSER": str(parameters["user"]),
        "PGPASSWORD": str(parameters["password"]),
    }
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd="/"
    ) as process:
        assert process.stdout is not None
        return write_sealed(target, "base", compressed(_base_frames(process, process.stdout)))


def _base_frames(process: "subprocess.Popen[bytes]", output: IO[bytes]) -> Iterator[bytes]:
    yield note(Kind.HEADER, {"at": clock.now().isoformat(), "content": "pgdata.tar"})
    yield from _file_frames(output)
    said = process.stderr.read().decode(errors="replace") if process.stderr is not None else ""
    if process.wait() != 0:
        raise BackupRefused(f"pg_basebackup failed: {said.strip()[-500:]}")
    yield frame(Kind.END, b"")


def _file_frames(source: IO[bytes]) -> Iterator[bytes]:
    digest, size = hashlib.sha256(), 0
    while piece := source.read(_PIECE):
        digest.update(piece)
        size += len(piece)
        yield frame(Kind.FILE, piece)
    yield note(Kind.MANIFEST, {"size": size, "sha256": digest.hexdigest()})


def file_content(file: Path, kind: str) -> Iterator[bytes]:
    """The sealed file's content, piece by piece. Raises BackupDamaged, at the latest at its end."""
    with open_sealed(file) as (head, source):
        if head.kind != kind:
            raise BackupRefused(f"{file.name} holds {head.kind}, not {kind}")
        digest, size, said = hashlib.sha256(), 0, None
        for found, payload in read_frames(source):
            if found is Kind.FILE:
                digest.update(payload)
                size += len(payload)
                yield payload
            elif found is Kind.MANIFEST:
                said = read_note(payload)
        if said != {"size": size, "sha256": digest.hexdigest()}:
            raise BackupDamaged(f"{file.name} holds another content than it says")


def keep_segments(cluster: Cluster) -> None:
    """Have the server keep finished segments for `ship_wal`, from now on."""
    make_marker(cluster.state.wal / ARCHIVING)


def let_segments_go(cluster: Cluster) -> None:
    """Have the server forget finished segments: there is no point in time to come back to after this."""
    (cluster.state.wal / ARCHIVING).unlink(missing_ok=True)


def ship_wal(cluster: Cluster, folder: Path) -> list[str]:
    """Seal every finished segment into `folder`/wal and take it out of the box; the running one is closed.

    Killed in between, a segment is in the box, in the folder or in both, and the next call goes on.
    Returns: names of segments.
    """
    target = folder / WAL_FOLDER
    target.mkdir(mode=0o700, exist_ok=True)
    if not is_marked(cluster.state.wal / ARCHIVING):
        raise BackupRefused("segments are not kept: make a base backup first (`ostiary backup base`)")
    _close_segment(cluster)
    shipped = []
    for path in sorted(cluster.state.wal.iterdir()):
        if SEGMENT.fullmatch(path.name):
            seal_segment(path, target)
            shipped.append(path.name)
    return shipped


def seal_segment(path: Path, target: Path) -> None:
    """Seal one segment and take it out of the box, once what was sealed is on disk."""
    sealed = target / f"{path.name}{SUFFIX}"
    if not sealed.exists():
        with path.open("rb") as file:
            frames = _segment_frames(path.name, file)
            write_sealed(sealed, "wal", compressed(frames))
    elif b"".join(file_content(sealed, "wal")) != path.read_bytes():
        raise BackupRefused(
            f"{sealed} is there already with another content: is the folder another cluster's?"
        )
    path.unlink()
    sync_folder(path.parent)


def _segment_frames(name: str, file: IO[bytes]) -> Iterator[bytes]:
    yield note(Kind.HEADER, {"name": name, "at": clock.now().isoformat()})
    yield from _file_frames(file)
    yield frame(Kind.END, b"")


def _close_segment(cluster: Cluster) -> None:
    """Let the server finish the running segment, and wait until it lies in the box.

    One byte back: without anything new the server names the start of a segment that it has not begun.
    """
    with psycopg.connect(cluster.admin_dsn, autocommit=True) as connection:
        row = connection.execute("SELECT pg_walfile_name(pg_switch_wal() - 1) WHERE %s", (True,)).fetchone()
        name = str(row[0]) if row else ""
        limit = clock.now().timestamp() + _SWITCH_TIMEOUT_S
        query = "SELECT last_archived_wal >= %s FROM pg_stat_archiver WHERE last_archived_wal IS NOT NULL"
        while clock.now().timestamp() < limit:
            row = connection.execute(query, (name,)).fetchone()
            if row and row[0]:
                return
            connection.execute("SELECT pg_sleep(0.05) WHERE %s", (True,))
    raise BackupRefused(f"the server does not hand out {name}: see its log")


def sealed_segments(folder: Path) -> list[Path]:
    """The sealed segments of a folder of backups, in order."""
    target = folder / WAL_FOLDER
    if not target.is_dir():
        return []
    return sorted(p for p in target.iterdir() if p.name.endswith(SUFFIX) and not p.is_symlink())


def remove_old_segments(folder: Path, bases: Sequence[datetime]) -> int:
    """Delete sealed segments that no base backup needs; `bases`: when each of those began. How many.

    What was sealed before the oldest began was finished before it began. Histories of timelines stay.
    """
    if not bases:
        return 0
    limit = min(bases).timestamp()
    old = [p for p in sealed_segments(folder) if p.stat().st_mtime < limit and ".history" not in p.name]
    for path in old:
        path.unlink()
    return len(old)

"""Bringing a whole installation back onto an empty one, tenant by tenant; ended, it goes on there."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

import orjson

from ostiary.audit import public as audit
from ostiary.kernel import clock
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import TenantId
from ostiary.project._private_files import write_private
from ostiary.project._state import State
from ostiary.project.backup import _settle
from ostiary.project.backup._content import Content
from ostiary.project.backup._copy import connect
from ostiary.project.backup._errors import BackupDamaged, BackupRefused
from ostiary.project.backup._frames import Kind, Pull, read_frames, read_note
from ostiary.project.backup._plan import Wish
from ostiary.project.backup._restore import BUILDING, fill, restore_tenant
from ostiary.project.backup._save import Progress, silent
from ostiary.project.backup._sealed import open_sealed, sync_folder
from ostiary.project.backup._verify import verify_tenant
from ostiary.project.backup._whole import LOG_FILE, LOG_SCHEMA, MAIN_FILE, SETTINGS_FILE
from ostiary.tenancy import public as tenancy

_ADD_JOBS = """
insert into jobs.job select (jsonb_populate_record(null::jobs.job, one)).*
from jsonb_array_elements(%(jobs)s::jsonb) one on conflict do nothing"""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a whole backup says of itself. `state`: files by name below the state folder."""

    at: str
    tenants: list[dict[str, Any]]
    placements: list[list[str]]
    files: dict[str, dict[str, Any]]
    state: dict[str, bytes]
    jobs: dict[str, list[dict[str, Any]]]


def read_listing(folder: Path) -> Listing:
    """The list of a whole backup, read to its end. Raises BackupDamaged."""
    with open_sealed(folder / MAIN_FILE) as (head, source):
        if head.kind != "installation":
            raise BackupRefused(f"{MAIN_FILE} holds {head.kind}, not an installation")
        return _listing(source)


def _listing(source: Pull) -> Listing:
    frames = list(read_frames(source))
    try:
        said = read_note(frames[0][1])
        files = [payload for kind, payload in frames if kind is Kind.FILE]
        jobs = [orjson.loads(payload) for kind, payload in frames if kind is Kind.ROWS]
        names = [_checked(name) for name in said["state"]]
        return Listing(
            said["at"],
            said["tenants"],
            said["placements"],
            said["files"],
            dict(zip(names, files, strict=True)),
            dict(zip(said["jobs"], jobs, strict=True)),
        )
    except (KeyError, TypeError, ValueError, IndexError):
        raise BackupDamaged("the list of the installation cannot be read") from None


def _checked(name: str) -> str:
    """A name below the state folder that leads nowhere else. Raises BackupDamaged."""
    path = PurePosixPath(name)
    below = name == SETTINGS_FILE or path.parts[:1] == ("secrets",)
    if path.is_absolute() or ".." in path.parts or not below:
        raise BackupDamaged(f"the backup wants to write {name!r}: that is no file of the state folder")
    return name


def verify_installation(folder: Path, *, deep: bool = False, progress: Progress = silent) -> Listing:
    """Every file of a whole backup, to its last byte. Raises BackupDamaged: altered, missing or foreign."""
    listing = read_listing(folder)
    for name, said in sorted(listing.files.items()):
        path = folder / name
        if not path.is_file() or _settle.file_digest(path) != said["sha256"]:
            raise BackupDamaged(f"{name} is missing or not the one that belongs to this backup")
        verify_tenant(path, deep=deep)
        progress(f"{name} is whole")
    return listing


def restore_state_files(state: State, listing: Listing) -> list[str]:
    """Put back the files that are missing; what is there already stays as it is. Returns their names."""
    state.prepare()
    written = []
    for name, content in listing.state.items():
        path = state.root / name
        if path.exists() or path.is_symlink():
            continue
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, content)
        sync_folder(path.parent)
        written.append(name)
    return written


def restore_installation(
    folder: Path, listing: Listing, *, reason: str = "restored", progress: Progress = silent
) -> list[str]:
    """Every tenant of a whole backup into this installation, which has none but those of the same backup.

    Returns: slugs that were restored now.
    Raises: BackupRefused: other tenants live here, or a database is unknown.
    """
    verify_installation(folder)
    ours = {UUID(said["id"]) for said in listing.tenants}
    strangers = [t.slug for t in tenancy.list_tenants() if t.id not in ours]
    if strangers:
        raise BackupRefused(
            f"other tenants live here ({', '.join(strangers[:5])}): a whole backup needs an empty"
            " installation; bring tenants back one by one from their files"
        )
    _ensure_placements(listing)
    done = []
    for said in listing.tenants:
        if tenancy.find_tenant_by_slug(said["slug"]) is None:
            made = restore_tenant(folder / said["file"], Wish(reason=reason), progress=progress).tenant
            done.append(made.slug)
            _as_it_was(made, said)
    if (folder / LOG_FILE).is_file():
        _restore_log(folder / LOG_FILE, reason, progress)
    _restore_jobs(listing)
    return done


def _ensure_placements(listing: Listing) -> None:
    known = {placed.name for placed in tenancy.directory().list_placements()}
    missing = {str(said["placement"]) for said in listing.tenants} - known - {""}
    if missing:
        raise BackupRefused(
            f"tenants lived in databases that are not known here: {', '.join(sorted(missing))}."
            " Add them first (`ostiary database add`), then run this again"
        )


def _as_it_was(tenant: tenancy.Tenant, said: dict[str, Any]) -> None:
    """Suspended or to be dropped, as the directory had it."""
    if said["drop_after"] is not None:
        tenancy.schedule_drop(tenant, datetime.fromisoformat(said["drop_after"]))
    if said["suspended"]:
        tenancy.suspend(tenant, "as in the backup")


def _restore_log(file: Path, reason: str, progress: Progress) -> None:
    """The operator's log takes the place of the one that this installation began; that one is kept aside."""
    there = tenancy.find_installation(tenancy.placement().owner)
    if there is None:
        raise BackupRefused("the operator's log is not prepared: run `ostiary database prepare`")
    with open_sealed(file) as (_head, source):
        content = Content(source)
        if there.id == content.header.id:
            return  # it was restored before
        building = replace(there, id=TenantId(content.header.id), schema=f"{BUILDING}{LOG_SCHEMA}")
        with tenancy.owner_transaction(building) as db:
            tenancy.make_schema(db, building)
        with connect(tenancy.placement().owner, building.schema) as connection:
            fill(connection, building, content, progress)
    with tenancy.owner_transaction(building) as db:
        ctx = Context(building.id, db, None, Channel.CLI, purpose="restore")
        audit.open_epoch(ctx, db, reason, {"backup_sha256": _settle.file_digest(file)})
        _settle.take_place(db, building.schema, LOG_SCHEMA, _settle.aside_name(LOG_SCHEMA))
    progress("the operator's log goes on where the backup ended")


def _restore_jobs(listing: Listing) -> None:
    """Jobs that had not ended wait again, from where they last noted progress."""
    now = clock.now().isoformat()
    for placement, jobs in listing.jobs.items():
        again = {"queue_id": None, "running": False}
        waiting = [job | again | {"run_at": job.get("run_at") or now} for job in jobs]
        if waiting:
            with _settle.anywhere(placement) as db:
                db.run(_ADD_JOBS, {"jobs": orjson.dumps(waiting).decode()})

"""`ostiary backup run|list|verify|prune|aside` and `ostiary restore`."""

import argparse
from pathlib import Path

from ostiary.kernel import clock
from ostiary.project import _backup_base_command
from ostiary.project._administration import installation, named_tenant
from ostiary.project._state import default_state
from ostiary.project.backup import _folder, _settle
from ostiary.project.backup._base import file_content, remove_old_segments
from ostiary.project.backup._errors import BackupRefused
from ostiary.project.backup._last import INSTALLATION, note_backup
from ostiary.project.backup._plan import Wish
from ostiary.project.backup._restore import restore_tenant
from ostiary.project.backup._save import back_up_tenant, expected_size
from ostiary.project.backup._sealed import read_head
from ostiary.project.backup._verify import verify_tenant
from ostiary.project.backup._whole import back_up_installation
from ostiary.project.backup._whole_restore import (
    read_listing,
    restore_installation,
    restore_state_files,
    verify_installation,
)
from ostiary.tenancy import public as tenancy


def run(options: argparse.Namespace) -> int:
    """Save, read again what was written, then delete what is no longer wanted."""
    folder = _folder.open_folder(Path(options.to))
    if options.tenant is None:
        return _run_whole(folder, options)
    with installation():
        tenant = named_tenant(options.tenant)
        _folder.ensure_room(folder, expected_size(tenant))
        path = _folder.new_path(folder, tenant.slug)
        saved = back_up_tenant(tenant, path, progress=_say)
        if not options.trust:
            verify_tenant(path)
            _folder.note_verified(path)
        note_backup(tenant.slug, path, verified=not options.trust)
    print(f"{path}: {saved.size} bytes, {sum(t['rows'] for t in saved.tables.values())} rows")
    return prune_folder(folder, options)


def _run_whole(folder: Path, options: argparse.Namespace) -> int:
    with installation():
        _folder.ensure_room(folder, sum(map(expected_size, tenancy.list_tenants())))
        path = _folder.new_path(folder, INSTALLATION, suffix="")
        saved = back_up_installation(default_state(), path, progress=_say)
        if not options.trust:
            verify_installation(path)
            _folder.note_verified(path)
        note_backup(INSTALLATION, path, verified=not options.trust)
    print(f"{path}: {saved.size} bytes in {len(saved.files) + 1} files")
    print("the root key is not in it: keep the recovery bundle apart (`ostiary keys`)")
    return prune_folder(folder, options)


def list_all(folder: str) -> int:
    """One line for each backup: name, bytes, when it was verified."""
    for found in _folder.list_backups(Path(folder)):
        verified = found.verified_at.isoformat(timespec="seconds") if found.verified_at else "not verified"
        print(found.path.name, found.size, verified, sep="\t")
    return 0


def verify(backup: str, *, deep: bool) -> int:
    """Open a backup to its last byte."""
    path = Path(backup).absolute()
    with installation():
        if path.is_dir():
            listing = verify_installation(path, deep=deep, progress=_say)
            _folder.note_verified(path)
            print(f"{path.name} is whole: {len(listing.tenants)} tenants of {listing.at}")
            return 0
        if read_head(path).kind == "base":
            for _ in file_content(path, "base"):
                pass
            _folder.note_verified(path)
            print(f"{path.name} is whole")
            return 0
        verified = verify_tenant(path, deep=deep, progress=_say)
        _folder.note_verified(path)
    rows = sum(table["rows"] for table in verified.tables.values())
    print(f"{path.name} is whole: {verified.header.slug} of {verified.header.at}, {rows} rows")
    return 0


def prune(options: argparse.Namespace) -> int:
    """Delete what retention no longer wants, and what killed backups left."""
    if options.keep is None and options.days is None:
        raise BackupRefused("say what may go: --keep N, --days N or both")
    return prune_folder(_folder.open_folder(Path(options.folder)), options)


def prune_folder(folder: Path, options: argparse.Namespace) -> int:
    """The same, after a backup too."""
    for path in _folder.remove_abandoned(folder):
        print(f"deleted {path.name}: it was never finished")
    backups = _folder.list_backups(folder)
    if gone := remove_old_segments(folder, [f.at for f in backups if f.what == "base"]):
        print(f"deleted {gone} segments of the log from before the oldest base backup")
    for found in _folder.choose_expired(backups, keep=options.keep, days=options.days, now=clock.now()):
        _folder.remove(found)
        print(f"deleted {found.path.name}")
    return 0


def aside(drop: str | None) -> int:
    """List what restores have replaced, or drop one of them."""
    with installation():
        if drop is not None:
            _settle.drop_aside(drop)
            print(f"{drop} is gone")
            return 0
        for name, at in sorted(_settle.asides().items()):
            print(name, at.isoformat(), sep="\t")
    return 0


def restore(options: argparse.Namespace) -> int:
    """Bring something back: what, the file says."""
    path = Path(options.backup).absolute()
    if path.is_file() and read_head(path).kind == "base":
        return _backup_base_command.recover(path, options.until)
    if path.is_dir():
        return _restore_whole(path, options)
    if options.until is not None:
        raise BackupRefused("only a base backup with the log after it comes back to an instant")
    wish = Wish(
        slug=options.replace or options.slug,
        hosts=options.host,
        name=options.name,
        placement=options.placement,
        replace_existing=options.replace is not None,
        keep_api_keys=options.keep_api_keys,
        reason=options.reason,
    )
    if options.replace and options.slug and options.replace != options.slug:
        raise BackupRefused("--as and --replace name two tenants")
    with installation():
        done = restore_tenant(path, wish, progress=_say)
        hosts = tenancy.tenant_hosts().get(done.tenant.id, ())
    print(f"tenant {done.tenant.slug} is as it was at {done.header.at}; hosts: {', '.join(hosts) or 'none'}")
    if done.aside is not None:
        print(
            f"what it replaced is kept as {done.aside}; `ostiary tenant resume {done.tenant.slug}` serves it"
        )
    return 0


def _restore_whole(folder: Path, options: argparse.Namespace) -> int:
    state = default_state()
    _backup_base_command.open_keys(state)
    listing = read_listing(folder)
    for name in restore_state_files(state, listing):
        _say(f"put back {name}")
    with installation():
        done = restore_installation(folder, listing, reason=options.reason, progress=_say)
    print(
        f"{len(done)} tenants are as they were at {listing.at}: {', '.join(done) or 'all were there already'}"
    )
    return 0


def _say(line: str) -> None:
    print(f"  {line}", flush=True)

"""`ostiary backup` and `ostiary restore`."""

import argparse
from typing import TYPE_CHECKING

from ostiary.project.commands._declare import add_command, add_group

if TYPE_CHECKING:
    from ostiary.project.commands._declare import Commands, Verbs


def add_to(commands: "Commands") -> None:
    """Declare the commands."""
    verbs = add_group(commands, "backup", "save tenants or the installation, encrypted, and prove it")
    _add_run(verbs)
    listed = add_command(verbs, "list", _list, "what lies in a folder of backups", event=None)
    listed.add_argument("folder", help="folder of backups")
    verify = add_command(
        verbs,
        "verify",
        _verify,
        "open a backup to its last byte and compare every digest",
        event="project.backup.verified",
    )
    verify.add_argument("backup", help="file or folder of one backup")
    verify.add_argument(
        "--deep", action="store_true", help="restore it too, unseen, and compare what is there"
    )
    prune = add_command(
        verbs, "prune", _prune, "delete backups that are no longer wanted", event="project.backup.pruned"
    )
    prune.add_argument("folder", help="folder of backups")
    _add_retention(prune)
    base = add_command(
        verbs,
        "base",
        _base,
        "save the private cluster as files, to come back to any instant after it",
        event="project.backup.made",
    )
    base.add_argument(
        "--to", required=True, metavar="FOLDER", help="folder that only this account may write to"
    )
    wal = add_command(
        verbs,
        "wal",
        _wal,
        "save what the private cluster wrote since, for the base backup in the folder",
        event="project.backup.log_shipped",
    )
    wal.add_argument("--to", metavar="FOLDER", help="the folder of the base backup")
    wal.add_argument("--off", action="store_true", help="keep no more of it")
    aside = add_command(
        verbs,
        "aside",
        _aside,
        "tenants' data that a restore has replaced: list it, or drop it",
        event="project.backup.aside_dropped",
    )
    aside.add_argument("--drop", metavar="NAME", help="drop this one for ever")
    _add_restore(commands)


def _add_run(verbs: "Verbs") -> None:
    run = add_command(verbs, "run", _run, "save now; requests go on", event="project.backup.made")
    run.add_argument(
        "--to", required=True, metavar="FOLDER", help="folder that only this account may write to"
    )
    run.add_argument("--tenant", metavar="SLUG", help="this tenant alone, not the whole installation")
    run.add_argument("--trust", action="store_true", help="do not read the backup again after writing it")
    _add_retention(run)


def _add_retention(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep", type=int, metavar="N", help="of each, delete all but the newest N")
    parser.add_argument("--days", type=int, metavar="N", help="delete only what is older than N days")


def _add_restore(commands: "Commands") -> None:
    restore = add_command(
        commands,
        "restore",
        _restore,
        "bring a tenant or the installation back from a backup",
        event="project.restore.done",
    )
    restore.add_argument("backup", help="file of one tenant, or folder of the whole installation")
    restore.add_argument("--as", dest="slug", metavar="SLUG", help="under another short name")
    restore.add_argument("--name", help="name to show (default: as in the backup)")
    restore.add_argument("--host", action="append", default=[], help="host name; may be repeated")
    restore.add_argument(
        "--replace", metavar="SLUG", help="take the place of this suspended tenant: type its short name"
    )
    restore.add_argument(
        "--keep-api-keys", action="store_true", help="API keys of the backup open the tenant again"
    )
    restore.add_argument(
        "--until", metavar="TIME", help="instant with time zone to come back to, for a base backup"
    )
    restore.add_argument("--placement", metavar="NAME", help="database to restore into")
    restore.add_argument("--reason", default="restored", help="code for the audit log (default: %(default)s)")


def _run(options: argparse.Namespace) -> int:
    from ostiary.project import _backup_command

    return _backup_command.run(options)


def _list(options: argparse.Namespace) -> int:
    from ostiary.project import _backup_command

    return _backup_command.list_all(options.folder)


def _verify(options: argparse.Namespace) -> int:
    from ostiary.project import _backup_command

    return _backup_command.verify(options.backup, deep=options.deep)


def _base(options: argparse.Namespace) -> int:
    from ostiary.project import _backup_base_command

    return _backup_base_command.base(options.to)


def _wal(options: argparse.Namespace) -> int:
    from ostiary.project import _backup_base_command

    return _backup_base_command.wal(options.to, off=options.off)


def _prune(options: argparse.Namespace) -> int:
    from ostiary.project import _backup_command

    return _backup_command.prune(options)


def _aside(options: argparse.Namespace) -> int:
    from ostiary.project import _backup_command

    return _backup_command.aside(options.drop)


def _restore(options: argparse.Namespace) -> int:
    from ostiary.project import _backup_command

    return _backup_command.restore(options)

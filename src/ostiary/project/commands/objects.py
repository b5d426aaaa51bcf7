"""`ostiary object`: objects and columns at run time."""

import argparse
from typing import TYPE_CHECKING

from ostiary.project.commands._declare import add_command, add_group

if TYPE_CHECKING:
    from ostiary.project.commands._declare import Commands


def add_to(commands: "Commands") -> None:
    """Declare the commands about objects."""
    verbs = add_group(commands, "object", "objects and columns: look, plan, change")
    listed = add_command(verbs, "list", _list, "every object: code, caption, columns, revision", event=None)
    shown = add_command(verbs, "show", _show, "one object as a declaration", event=None)
    shown.add_argument("object", help="code of the object")
    planned = add_command(verbs, "plan", _plan, "what a file of changes would do", event=None)
    applied = add_command(
        verbs,
        "apply",
        _apply,
        "make the changes of a file, all of them or none",
        event="objects.change.applied",
    )
    for command in (planned, applied):
        command.add_argument("file", help="YAML or JSON: one change, or several under `changes`")
    applied.add_argument(
        "--revision", type=int, help="revision of the first object as you saw it; refused if it has moved on"
    )
    changes = add_command(verbs, "changes", _changes, "what was asked for lately, and its end", event=None)
    exported = add_command(
        verbs, "export", _export, "objects as a package file", event="objects.package.written"
    )
    exported.add_argument("file", help="where to write it")
    exported.add_argument("--package", required=True, help="code of the package")
    exported.add_argument("--caption", default="", help="its name for people (default: the code)")
    exported.add_argument("--release", default="1", help="its version (default: %(default)s)")
    exported.add_argument("--object", action="append", required=True, help="code; may be repeated")
    exported.add_argument("--workplace", action="append", default=[], help="code; may be repeated")
    imported = add_command(
        verbs, "import", _import, "install a package file beside local changes", event="objects.package.read"
    )
    imported.add_argument("file", help="a package file")
    imported.add_argument("--dry-run", action="store_true", help="only say what it would do")
    for command in (listed, shown, planned, applied, changes, exported, imported):
        command.add_argument("--tenant", required=True, help="slug of the tenant")
        command.add_argument("--login", required=True, help="sign-in name of the administrator who does it")


def _list(options: argparse.Namespace) -> int:
    from ostiary.project import _objects_command

    return _objects_command.list_all(options.tenant, options.login)


def _show(options: argparse.Namespace) -> int:
    from ostiary.project import _objects_command

    return _objects_command.show(options.tenant, options.login, options.object)


def _plan(options: argparse.Namespace) -> int:
    from ostiary.project import _objects_command

    return _objects_command.plan(options.tenant, options.login, options.file)


def _apply(options: argparse.Namespace) -> int:
    from ostiary.project import _objects_command

    return _objects_command.apply(options.tenant, options.login, options.file, options.revision)


def _changes(options: argparse.Namespace) -> int:
    from ostiary.project import _objects_command

    return _objects_command.changes(options.tenant, options.login)


def _export(options: argparse.Namespace) -> int:
    from ostiary.project import _objects_command

    return _objects_command.export(options)


def _import(options: argparse.Namespace) -> int:
    from ostiary.project import _objects_command

    return _objects_command.import_(options.tenant, options.login, options.file, dry_run=options.dry_run)

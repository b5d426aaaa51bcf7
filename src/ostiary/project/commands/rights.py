"""`ostiary rights`: a tenant's rights as one file, and what to look at in them."""

import argparse
from typing import TYPE_CHECKING

from ostiary.project.commands._declare import add_command, add_group

if TYPE_CHECKING:
    from ostiary.project.commands._declare import Commands


def add_to(commands: "Commands") -> None:
    """Declare the commands about rights."""
    verbs = add_group(
        commands, "rights", "roles and rights as one file: export, plan, apply, drift; what to look at: lint"
    )
    exported = add_command(
        verbs, "export", _export, "write the file, comments kept", event="assurance.rights.exported"
    )
    exported.add_argument("file", nargs="?", help="where to write it (default: shown)")
    planned = add_command(
        verbs, "plan", _plan, "what the file would change, and who would gain and lose what", event=None
    )
    applied = add_command(
        verbs, "apply", _apply, "make the rights those of the file", event="assurance.rights.applied"
    )
    applied.add_argument(
        "--allow-widen", action="store_true", help="also where somebody could do more than before"
    )
    drifted = add_command(
        verbs, "drift", _drift, "exit code 1 when the rights are not those of the file", event=None
    )
    linted = add_command(
        verbs, "lint", _lint, "what to look at; exit code 1 when there are errors", event=None
    )
    linted.add_argument("--json", action="store_true", help="for programs")
    for command in (planned, applied, drifted):
        command.add_argument("file", help="YAML, as `export` writes it")
        command.add_argument("--json", action="store_true", help="for programs")
    for command in (exported, planned, applied, drifted, linted):
        command.add_argument("--tenant", required=True, help="slug of the tenant")
        command.add_argument("--login", required=True, help="sign-in name of the administrator who does it")


def _export(options: argparse.Namespace) -> int:
    from ostiary.project import _rights_command

    return _rights_command.export(options)


def _plan(options: argparse.Namespace) -> int:
    from ostiary.project import _rights_command

    return _rights_command.plan(options)


def _apply(options: argparse.Namespace) -> int:
    from ostiary.project import _rights_command

    return _rights_command.apply(options)


def _drift(options: argparse.Namespace) -> int:
    from ostiary.project import _rights_command

    return _rights_command.drift(options)


def _lint(options: argparse.Namespace) -> int:
    from ostiary.project import _rights_command

    return _rights_command.lint(options)

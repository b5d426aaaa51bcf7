"""`ostiary setting`: system settings of a tenant."""

import argparse
from typing import TYPE_CHECKING

from ostiary.project.commands._declare import add_command, add_group

if TYPE_CHECKING:
    from ostiary.project.commands._declare import Commands


def add_to(commands: "Commands") -> None:
    """Declare the commands about system settings."""
    verbs = add_group(commands, "setting", "system settings of a tenant")
    listed = add_command(
        verbs, "list", _list, "every setting: code, value, whose decision", event="settings.value.listed"
    )
    shown = add_command(
        verbs,
        "show",
        _show,
        "one setting: what it means, its bounds, who changed it",
        event="settings.value.viewed",
    )
    changed = add_command(
        verbs, "set", _set, "decide a setting", event="settings.value.changed", withheld=("value",)
    )
    reset = add_command(verbs, "reset", _reset, "back to the default", event="settings.value.changed")
    for command in (listed, shown, changed, reset):
        command.add_argument("--tenant", required=True, help="slug of the tenant")
    for command in (changed, reset):
        command.add_argument(
            "--login", required=True, help="sign-in name of who decides; needs the operation"
        )
    for command in (shown, changed, reset):
        command.add_argument("code", help="such as UserSessionTimeout")
    changed.add_argument("value", nargs="?", help='such as 20, true or "15 min"; a secret is read from stdin')


def _list(options: argparse.Namespace) -> int:
    from ostiary.project import _setting_command

    return _setting_command.list_all(options.tenant)


def _show(options: argparse.Namespace) -> int:
    from ostiary.project import _setting_command

    return _setting_command.show(options.tenant, options.code)


def _set(options: argparse.Namespace) -> int:
    from ostiary.project import _setting_command

    return _setting_command.decide(options.tenant, options.login, options.code, options.value)


def _reset(options: argparse.Namespace) -> int:
    from ostiary.project import _setting_command

    return _setting_command.reset(options.tenant, options.login, options.code)

"""`ostiary migrate`: the fixed tables of every tenant, brought up to this release."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ostiary.project.commands._declare import Commands


def add_to(commands: "Commands") -> None:
    """Declare the commands."""

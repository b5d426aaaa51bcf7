"""`ostiary backup`: backup and restore."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ostiary.project.commands._declare import Commands


def add_to(commands: "Commands") -> None:
    """Declare the commands."""

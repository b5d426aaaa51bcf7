"""How a command is declared: its parser, what runs, and what it leaves in the operator's log."""

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

Handler = Callable[[argparse.Namespace], int]

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 has no public name
    Verbs: TypeAlias = Commands


def add_group(commands: "Commands", name: str, help_: str) -> "Verbs":
    """A command with verbs: `ostiary tenant create`."""
    group = commands.add_parser(name, help=help_)
    return group.add_subparsers(required=True, metavar="VERB")


def add_command(
    commands: "Commands",
    name: str,
    handler: Handler,
    help_: str,
    *,
    event: str | None,
    withheld: Sequence[str] = (),
) -> argparse.ArgumentParser:
    """One command. `event`: type of its event in the operator's log; None: it only shows something.

    withheld: options whose values are not recorded, since they may be secret.
    """
    parser = commands.add_parser(name, help=help_)
    parser.set_defaults(handler=handler, event=event, withheld=frozenset(withheld), command=parser.prog)
    return parser

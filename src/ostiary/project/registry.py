"""Every way in: routes, commands, jobs, calls on metadata, administration; what guards each, what it leaves.

Built from what each declares beside itself. What declares nothing is an error: a node with a route that has
no guard or no event does not start.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ostiary.access import public as access
from ostiary.jobs import public as jobs
from ostiary.kernel.entries import Entry, Silent, find_entry, walk
from ostiary.kernel.errors import Misconfigured
from ostiary.objects import public as objects
from ostiary.project import _health
from ostiary.project.cli import make_parser

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")  # HEAD goes with GET, OPTIONS says nothing
OPERATOR = "the operator's account"
# Commands that leave no event of the operator's log, and why.
ONLY_SHOW: Mapping[str, str] = {
    "ostiary demo": "a demo on this machine; its tenants record what happens in them",
    "ostiary up": "the same for developing",
    "ostiary serve": "starts servers; what they do is recorded where it happens",
    "ostiary web": "starts a node; what it does is recorded where it happens",
    "ostiary worker": "starts a worker; what it does is recorded where it happens",
    "ostiary database-server": "starts the private database",
    "ostiary database list": "names of databases, no credentials",
    "ostiary jobs list": "codes and states of jobs; arguments are codes and ids alone",
    "ostiary jobs show": "the same of one job",
    "ostiary jobs health": "numbers of jobs and workers",
    "ostiary jobs tasks": "what the release can do in the background",
    "ostiary object changes": "requested and applied changes of metadata, no record",
    "ostiary object list": "captions of objects, no record",
    "ostiary object show": "the declaration of an object, no record",
    "ostiary object plan": "what a file of changes would do, no record",
    "ostiary rights plan": "what a file of rights would change; its tenant records who asked",
    "ostiary rights lint": "what to look at in the rights; its tenant records who asked",
    "ostiary rights drift": "whether rights are those of a file; its tenant records who asked",
    "ostiary backup list": "names, times and sizes of backups",
    "ostiary doctor": "looks at the installation, shows no data of a tenant",
    "ostiary config show": "shows the installation's options, secrets masked",
    "ostiary tenant list": "names of tenants, which its operator gave them",
}
# Tasks that record what they did by themselves, in the transaction of it, as no event of the engine could.
RECORD_THEMSELVES: Mapping[str, str] = {
    "records.overdue.flag": "records.record.updated",
    "objects.catalogue.tidy": "objects.change.requested",
    "objects.change.apply": "objects.object.changed",
    "records.bulk.run": "records.bulk.ended",
    "records.bulk.undo": "records.bulk.ended",
    "records.duplicates.search": "records.duplicates.searched",
    "records.export.run": "records.export.ended",
    "records.import.run": "records.import.ended",
    "records.column.empty": "records.column.emptied",
    "records.column.fill": "records.column.filled",
}
# Answered before any tenant is asked for (`project._health`).
BEFORE_TENANTS: Mapping[str, str] = {
    _health.HEALTH: "whoever balances load knows no tenant; says yes or no",
    _health.READY: "whoever balances load knows no tenant; says yes or no",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One way in. guard, event: as the page shows them; `silent`: event is the reason why there is none."""

    kind: str
    name: str
    guard: str
    event: str
    silent: bool = False


def build() -> tuple[Line, ...]:
    """The whole registry. Raises Misconfigured: something has no guard or no event."""
    return (*routes(), *commands(), *tasks(), *metadata_calls(), *administration())


def routes(patterns: Sequence[Any] | None = None) -> tuple[Line, ...]:
    """A line for each route and method. patterns: Django's, by default those of the product.

    Raises: Misconfigured: names the routes that declare no guard or no event.
    """
    if patterns is None:
        from ostiary.project.urls import urlpatterns

        patterns = urlpatterns
    found, undeclared = [], []
    for address, view in walk(patterns):
        entry = find_entry(view)
        if entry is None:
            undeclared.append(address)
            continue
        found += list(_lines_of(address, entry))
    if undeclared:
        raise Misconfigured(f"no guard and no event is declared for: {', '.join(undeclared)}")
    before = [Line("route", f"GET {a}", f"open: {why}", "asks nobody's data", silent=True)
              for a, why in BEFORE_TENANTS.items()] if _is_product(patterns) else []  # fmt: skip
    return (*found, *before)


def _is_product(patterns: Sequence[Any]) -> bool:
    from ostiary.project.urls import urlpatterns

    return patterns is urlpatterns


def _lines_of(address: str, entry: Entry) -> Iterator[Line]:
    guard = str(entry.guard)
    if entry.operation is not None:
        guard = f"{guard} and {entry.operation}"
    for method, event in entry.events.items():
        if method != "HEAD":
            silent = isinstance(event, Silent)
            said = event.reason if isinstance(event, Silent) else event
            yield Line("route", f"{method} {address}", guard, said, silent)


def commands() -> tuple[Line, ...]:
    """A line for each command of the command line. Raises Misconfigured: one leaves no event."""
    found = []
    for name, defaults in leaves(make_parser()):
        event = defaults.get("event") or ("records.file.imported" if name == "ostiary import" else None)
        reason = ONLY_SHOW.get(name)
        if event is None and reason is None:
            raise Misconfigured(f"`{name}` leaves no event in the operator's log")
        found.append(Line("command", name, OPERATOR, event or str(reason), silent=event is None))
    return tuple(found)


def leaves(parser: argparse.ArgumentParser) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name, defaults) of each command that has no verbs of its own."""
    below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]  # noqa: SLF001  argparse has no public way to walk
    if not below:
        yield parser.prog, parser._defaults  # noqa: SLF001  see above
    for action in below:
        for child in action.choices.values():
            yield from leaves(child)


def tasks() -> tuple[Line, ...]:
    """A line for each task of the workers. Raises Misconfigured: one leaves no event."""
    from ostiary.project._task_registry import load_tasks

    load_tasks()
    found = []
    for task in jobs.list_tasks():
        event = task.event or RECORD_THEMSELVES.get(task.name)
        if not event:
            raise Misconfigured(f"the task {task.name} leaves no event")
        found.append(Line("job", task.name, _guard_of(task), event))
    return tuple(found)


def _guard_of(task: jobs.Task) -> str:
    if task.operation is not None:
        return task.operation
    if task.operator:
        return OPERATOR
    return f"rights of {task.service}" if task.service else "rights of whoever asked"


def metadata_calls() -> tuple[Line, ...]:
    """A line for each call that changes metadata."""
    return tuple(
        Line("metadata", kind, call.operation.value, call.event)
        for kind, call in objects.METADATA_CALLS.items()
    )


def administration() -> tuple[Line, ...]:
    """A line for each checked command of `access`."""
    return tuple(
        Line(
            "administration",
            name,
            command.needs
            if command.operation is None
            else f"{command.operation.value}{f' ({command.needs})' if command.needs else ''}",
            command.event,
        )
        for name, command in access.COMMANDS.items()
    )

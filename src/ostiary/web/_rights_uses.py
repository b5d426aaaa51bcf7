"""Where a system operation is asked for: pages, addresses of the API, commands, jobs, calls on metadata."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from django.urls import get_resolver

from ostiary.access import public as access
from ostiary.access.public import Operation
from ostiary.jobs import public as jobs
from ostiary.kernel.entries import find_entry, walk
from ostiary.objects import public as objects
from ostiary.settings import public as settings
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import later

_API = "/api/"


@dataclass(frozen=True, slots=True)
class Use:
    """kind: in words, not yet translated."""

    kind: str
    name: str


def uses_of(operation: Operation) -> tuple[tuple[str, str], ...]:
    """(kind, name) of everything that asks for the operation, as the release declares it."""
    return tuple((_(use.kind), use.name) for use in _uses().get(operation.value, ()))


@cache
def _uses() -> Mapping[str, tuple[Use, ...]]:
    found: dict[str, list[Use]] = {}
    for operation, use in (*_routes(), *_commands(), *_others()):
        found.setdefault(operation, []).append(use)
    return {operation: tuple(uses) for operation, uses in found.items()}


def _routes() -> Iterator[tuple[str, Use]]:
    for address, view in walk(get_resolver().url_patterns):
        entry = find_entry(view)
        if entry is None:
            continue
        kind = later("API") if address.startswith(_API) else later("Page")
        methods = ", ".join(method for method in entry.events if method != "HEAD")
        for operation in (entry.guard.operation, entry.operation):
            if operation is not None:
                yield operation, Use(kind, f"{methods} {address}")


def _commands() -> Iterator[tuple[str, Use]]:
    for name, command in access.COMMANDS.items():
        if command.operation is not None:
            yield command.operation.value, Use(later("Command"), name)
    for name, call in objects.METADATA_CALLS.items():
        yield call.operation.value, Use(later("Change of metadata"), name)


def _others() -> Iterator[tuple[str, Use]]:
    for task in jobs.list_tasks():
        if task.operation is not None:
            yield task.operation, Use(later("Job"), task.name)
    for setting in settings.list_settings():
        yield setting.operation, Use(later("Setting"), setting.code)

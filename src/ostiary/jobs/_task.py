"""What can be done in the background: tasks, declared once, and what their arguments may be."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from croniter import croniter

from ostiary.jobs._ports import Run
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid

NAME = re.compile(r"[a-z]+(\.[a-z][a-z0-9_]*){1,2}")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}")
_INTEGER = 2**63


class Lane(StrEnum):
    """Whose work goes first: somebody waits for INTERACTIVE, nobody misses BULK for a while."""

    INTERACTIVE = "interactive"
    DEFAULT = "default"
    BULK = "bulk"


class Kind(StrEnum):
    """What an argument may be. There is no free text, so no argument is a secret or somebody's words."""

    ID = "id"
    CODE = "code"
    INTEGER = "integer"
    INSTANT = "instant"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a failing job is tried, and the waits between: first_s, times factor each, at most most_s."""

    attempts: int = 8
    first_s: float = 5.0
    factor: float = 3.0
    most_s: float = 3600.0

    def wait_s(self, failures: int) -> float:
        """Seconds before the next attempt, after so many failures; without the jitter."""
        exponent = min(failures - 1, 60)  # beyond any most_s, and 3.0 ** 10,000 is no float
        return min(self.most_s, float(self.first_s * self.factor**exponent))


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of background work. `name` is stored with jobs: <context>.<thing>.<verb>, never reused.

    run: does the work, safe to repeat from the last note. arguments: each with its kind; a value may be None.
    every: cron (minute hour day month weekday, UTC), for each tenant that is served. owner: it may open
    transactions of the owner role. operator: only the operator's processes may ask for it, never a tenant.
    event: type of the event that its end leaves in the tenant's log. operation: code of the system operation
    that whoever asked must still hold. failed: what else becomes of things when a job is given up, by its
    arguments and the code of the failure, in the transaction that lays it aside (the owner's if `owner`).
    service: login of the service account as which it runs; None runs it
    as whoever asked. purpose: of the processing, recorded with its events.
    """

    name: str
    run: Callable[[Run], None]
    arguments: Mapping[str, Kind] = field(default_factory=dict)
    lane: Lane = Lane.DEFAULT
    retry: Retry = field(default_factory=Retry)
    every: str | None = None
    owner: bool = False
    operator: bool = False
    event: str = ""
    operation: str | None = None
    failed: Callable[[Context, Mapping[str, Any], str], None] | None = None
    service: str | None = None
    purpose: str = "work"


class _Registry:
    def __init__(self) -> None:
        self.tasks: dict[str, Task] = {}
        self.subscribers: dict[str, list[str]] = {}
        self.frozen = False


_registry = _Registry()


def register(task: Task) -> None:
    """Make a task known, when its context is imported. Raises ValueError: malformed, known, or too late."""
    if _registry.frozen:
        raise ValueError(f"tasks are registered before start-up has ended: {task.name}")
    if not NAME.fullmatch(task.name):
        raise ValueError(f"a task is called <context>.<thing>.<verb>, not {task.name!r}")
    if task.name in _registry.tasks:
        raise ValueError(f"there is a task {task.name} already")
    if task.every is not None and not croniter.is_valid(task.every):
        raise ValueError(f"{task.name}: {task.every!r} is no cron expression")
    if task.every is not None and task.arguments:
        raise ValueError(f"{task.name}: nobody gives a periodic task its arguments")
    _registry.tasks[task.name] = task


def subscribe(topics: Sequence[str], task: str) -> None:
    """Let events of these types become jobs of `task`, each event at least once.

    The task gets those of event, topic, actor, object, object_type and request that it declares as arguments.
    Raises ValueError: too late, or an argument that events do not have.
    """
    if _registry.frozen:
        raise ValueError(f"subscriptions are made before start-up has ended: {task}")
    for topic in topics:
        known = _registry.subscribers.setdefault(topic, [])
        if task not in known:
            known.append(task)


def freeze() -> None:
    """End of start-up: nothing can be added. Raises ValueError: a subscription without its task."""
    for topic, names in _registry.subscribers.items():
        for name in names:
            task = _registry.tasks.get(name)
            if task is None or not set(task.arguments) <= set(NEWS):
                raise ValueError(f"{name} cannot be given events of {topic}")
    _registry.frozen = True


NEWS: Mapping[str, Kind] = {
    "event": Kind.ID,
    "topic": Kind.CODE,
    "actor": Kind.ID,
    "object": Kind.ID,
    "object_type": Kind.CODE,
    "request": Kind.ID,
}


def find_task(name: str) -> Task | None:
    """The task called `name`, or None."""
    return _registry.tasks.get(name)


def list_tasks() -> list[Task]:
    """Every registered task, by name."""
    return [_registry.tasks[name] for name in sorted(_registry.tasks)]


def subscribers() -> Mapping[str, list[str]]:
    """Tasks by type of event."""
    return _registry.subscribers


def checked_arguments(task: Task, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as JSON values. Raises Invalid: one is missing, unknown or not of its kind."""
    errors = [
        FieldError(name, "unknown", "The task has no such argument") for name in given.keys() - task.arguments
    ]
    values: dict[str, Any] = {}
    for name, kind in task.arguments.items():
        if name not in given:
            errors.append(FieldError(name, "missing", "The task needs this argument"))
        elif given[name] is not None and (value := stored(kind, given[name])) is None:
            errors.append(FieldError(name, "malformed", f"This is not of the kind {kind.value}"))
        else:
            values[name] = None if given[name] is None else value
    if errors:
        raise Invalid(
            sorted(errors, key=lambda e: e.field), f"The arguments of {task.name} were not accepted"
        )
    return values


def stored(kind: Kind, value: object) -> str | int | bool | None:
    """The value as it is stored, or None: it is not of this kind."""
    match kind, value:
        case Kind.ID, UUID():
            return str(value)
        case Kind.ID, str():
            return _as_id(value)
        case Kind.CODE, str() if CODE.fullmatch(value):
            return str(value)
        case Kind.FLAG, bool():
            return value
        case Kind.INTEGER, int() if not isinstance(value, bool) and -_INTEGER <= value < _INTEGER:
            return int(value)
        case Kind.INSTANT, datetime() if value.tzinfo is not None:
            return value.isoformat()
        case Kind.INSTANT, str():
            return _as_instant(value)
    return None


def loaded(task: Task, values: Mapping[str, Any]) -> dict[str, Any]:
    """Stored arguments as the task gets them: ids as UUID, instants as datetime. Raises Invalid."""
    checked = checked_arguments(task, values)
    return {name: _loaded(task.arguments[name], value) for name, value in checked.items()}


def _loaded(kind: Kind, value: Any) -> Any:
    if value is None:
        return None
    if kind is Kind.ID:
        return UUID(value)
    return datetime.fromisoformat(value) if kind is Kind.INSTANT else value


def _as_id(value: str) -> str | None:
    try:
        return str(UUID(value))
    except ValueError:
        return None


def _as_instant(value: str) -> str | None:
    try:
        return value if datetime.fromisoformat(value).tzinfo is not None else None
    except ValueError:
        return None

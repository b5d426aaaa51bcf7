"""Text of the reference pages that are made from the code (`make docs`)."""

from collections.abc import Iterator, Mapping
from itertools import groupby

from ostiary.project import _doctor, registry
from ostiary.settings import public as settings

_MANY = 20
_DASH = "\u2013"
_REGISTRY = """# Registry

Every way into the product, what guards it and which [event](events.md) it leaves. Made from the code by
`make docs`. Tests keep it fresh and drive each route with and without the right
(`tests/architecture/test_registry.py`, `tests/integration/project/test_registry.py`). A route without a
guard or an event keeps a node from starting."""
_ROUTES = """`records`: the door decides, on the object, the record and its columns. `own`: whoever is
signed in, about themselves. A code is the [system operation](operations.md) that the call needs."""
_COMMANDS = """Given by the account that owns the state folder. What changes a tenant is also recorded
there, in the name of a login that must hold the operation. Each leaves its event in the operator's log,
however it ends."""
_TITLES = {
    "route": ("Routes", _ROUTES),
    "command": ("Commands", _COMMANDS),
    "job": ("Jobs", "Work of the background workers. The event is left in the tenant's log when it ends."),
    "metadata": ("Calls on metadata", "Changes of objects and columns, from wherever they come."),
    "administration": ("Administration", "Checked commands of `access`, from pages, programs and commands."),
}
_DOCTOR = """# Doctor

`ostiary doctor` looks at an installation and changes nothing: it does not even prepare the database, which
would put faults right on the way. Each finding says what to do. How to use it: [Check an
installation](../howto/check-an-installation.md). This page is made from the code by `make docs`.

| exit code | meaning |
| --- | --- |
| 0 | all is well |
| 1 | warnings: something should be put right, or could not be looked at (`skipped`) |
| 2 | errors: something must be put right; also when the command itself is refused |

| option | meaning |
| --- | --- |
| `--only NAME` | one check, or all of a group (`roles`); may be repeated |
| `--json` | `{"code": 1, "findings": [{"check": ..., "severity": ..., "words": ..., "remedy": ...}]}` |
| `--quiet` | only what is wrong |
| `--list` | names the checks and looks at nothing |"""
_SETTINGS = """# System settings

What a tenant decides about its own workspace. Each has a type, a default and bounds, and names the
[operation](operations.md) that changing it needs. Values are typed as shown: durations as `15 min`, `12
h` or `30 d`, choices separated by commas. A change is the event `settings.value.changed`, with the
value before and after. A secret is kept encrypted; nobody is shown it, and its event says only that it
changed. How to change one: [Configure an installation](../howto/configure.md). Made by `make docs`."""


def pages() -> Mapping[str, str]:
    """The pages by file name."""
    return {
        "registry.md": "\n".join(_registry()),
        "settings.md": "\n".join(_settings()),
        "doctor.md": "\n".join(_doctor_checks()),
    }


def _registry() -> Iterator[str]:
    yield _REGISTRY
    for kind, lines in groupby(registry.build(), key=lambda line: line.kind):
        title, text = _TITLES[kind]
        yield from ("", f"## {title}", "", text, "")
        yield "| what | guard | event |"
        yield "| --- | --- | --- |"
        for line in lines:
            event = f"none: {line.event}" if line.silent else f"`{line.event}`"
            yield f"| `{line.name}` | {line.guard} | {event} |"
    yield ""


def _doctor_checks() -> Iterator[str]:
    yield _DOCTOR
    yield ""
    yield "| check | when all is well | looks at |"
    yield "| --- | --- | --- |"
    for name, (title, about) in _doctor.described().items():
        yield f"| `{name}` | {title} | {about} |"
    yield ""


def _settings() -> Iterator[str]:
    yield _SETTINGS
    for group, found in groupby(settings.list_settings(), key=lambda setting: setting.group):
        yield from ("", f"## {group}", "")
        yield "| code | type | default | bounds | operation | meaning |"
        yield "| --- | --- | --- | --- | --- | --- |"
        for setting in found:
            default = settings.shown(setting, setting.default) or "none"
            yield (
                f"| `{setting.code}` | {setting.kind.value} | {default} | {_bounds(setting)}"
                f" | `{setting.operation}` | {setting.description} |"
            )
    yield ""


def _bounds(setting: settings.Setting) -> str:
    if len(setting.choices) > _MANY:
        return f"one of {len(setting.choices)} names"
    if setting.choices:
        return ", ".join(setting.choices)
    low, high = (settings.bound_text(bound) for bound in (setting.minimum, setting.maximum))
    if low and high:
        return f"{low} to {high}"
    return f"from {low}" if low else f"up to {high}" if high else _DASH

"""Nothing without a guard, nothing without an event: the registry is complete, and its tests can fail."""

import inspect
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from ostiary.access import public as access
from ostiary.jobs import public as jobs
from ostiary.kernel.entries import (
    OWN,
    RECORDS,
    Entry,
    Guard,
    Kind,
    Silent,
    declare,
    needs,
    open_because,
    walk,
)
from ostiary.kernel.errors import Misconfigured
from ostiary.project import _reference_pages, registry
from ostiary.project.commands import tenant as tenant_commands
from ostiary.project.urls import urlpatterns
from ostiary.settings import public as settings
from ostiary.web import _view

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+){2}")
CHANGES = re.compile(
    r"(create|change|add|remove|set|move|mark|link|unlink|rename|merge|seed|revoke|store|retry|discard|delegate"
    r"|elevate|end)(_\w+)?"
)


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def undeclared(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


declare(view, Entry(RECORDS, {"GET": "records.record.listed"}))


@pytest.fixture(autouse=True)
def products_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of the queue in the same process have tasks of their own, which are none of the product's."""
    known = jobs.list_tasks
    monkeypatch.setattr(jobs, "list_tasks", lambda: [t for t in known() if not t.name.startswith("tests.")])


def test_every_route_has_a_line_for_each_of_its_methods() -> None:
    lines = {line.name for line in registry.routes()}
    addresses = {address for address, _ in walk(urlpatterns)}
    assert addresses
    assert {name.split(" ", 1)[1] for name in lines} == addresses | set(registry.BEFORE_TENANTS)


def test_a_route_without_a_declaration_is_found() -> None:
    good = [path("a", view), path("b/", include(([path("c", view)], "b")))]
    assert [line.name for line in registry.routes(good)] == ["GET /a", "GET /b/c"]
    with pytest.raises(Misconfigured, match=r"no guard and no event is declared for: /b/d$"):
        registry.routes([*good, path("b/", include(([path("d", undeclared)], "d")))])


def test_a_view_that_leaves_out_an_event_is_refused() -> None:
    _view.answers(_view.FORM, guard=RECORDS, reads="a.b.viewed", writes="a.b.changed")
    for wrong in ({"reads": "a.b.viewed"}, {"writes": "a.b.changed"}, {}):
        with pytest.raises(ValueError, match="says which event"):
            _view.answers(_view.FORM, guard=RECORDS, **wrong)
    with pytest.raises(ValueError, match="says which event"):
        _view.answers(_view.READ, guard=RECORDS, reads="a.b.viewed", writes="a.b.changed")


def test_a_guard_says_what_it_is() -> None:
    assert [str(guard) for guard in (RECORDS, OWN, needs("CanX"), open_because("a reason"))] == [
        "records",
        "own",
        "CanX",
        "open: a reason",
    ]
    for kind, more in ((Kind.OPERATION, {}), (Kind.OPEN, {}), (Kind.RECORDS, {"operation": "CanX"})):
        with pytest.raises(ValueError, match=r"guard|open"):
            Guard(kind, **more)
    with pytest.raises(ValueError, match="reason"):
        Silent("")
    with pytest.raises(ValueError, match="event"):
        Entry(RECORDS, {})


def test_a_command_without_an_event_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    registry.commands()
    monkeypatch.setattr(registry, "ONLY_SHOW", {})
    with pytest.raises(Misconfigured, match="leaves no event in the operator's log"):
        registry.commands()


def test_a_command_that_shows_only_is_one_that_exists() -> None:
    names = {line.name for line in registry.commands()}
    assert {name for name in registry.ONLY_SHOW if name not in names} == set()


def test_a_task_without_an_event_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(run: object) -> None: ...

    good = jobs.Task("sample.thing.done", run, event="sample.thing.done")
    monkeypatch.setattr(jobs, "list_tasks", lambda: [good])
    assert [line.name for line in registry.tasks()] == ["sample.thing.done"]
    monkeypatch.setattr(jobs, "list_tasks", lambda: [replace(good, event="")])
    with pytest.raises(Misconfigured, match=r"sample.thing.done leaves no event"):
        registry.tasks()


def test_every_operation_that_is_named_exists_and_every_event_is_documented() -> None:
    known = {operation.value for operation in access.Operation}
    page = (REFERENCE / "events.md").read_text()
    for line in registry.build():
        assert set(re.findall(r"Can[A-Z]\w+", line.guard)) <= known, line
        assert line.guard, line
        assert line.event, line
        if not line.silent:
            assert TYPE.fullmatch(line.event), line
            assert f"`{line.event}`" in page, line
    assert {setting.operation for setting in settings.list_settings()} <= known


def test_every_operation_guards_something_or_is_left_to_the_door() -> None:
    guards = " ".join(line.guard for line in registry.build())
    asked_by_records = {"VIEW_ANY_DATA", "ADD_ANY_DATA", "EDIT_ANY_DATA", "DELETE_ANY_DATA"}
    elsewhere = asked_by_records | {"CHANGE_RECORD_RIGHTS", "IMPORT", "VIEW_AUDIT"}
    declared = {setting.operation for setting in settings.list_settings()}
    unused = {o.name for o in access.Operation if o.value not in guards and o.value not in declared}
    assert unused <= elsewhere


def test_every_command_of_access_is_in_the_list() -> None:
    found = {
        name for name, thing in vars(access).items() if CHANGES.fullmatch(name) and inspect.isfunction(thing)
    }
    assert found == set(access.COMMANDS) | set(access.UNCHECKED)


@pytest.mark.parametrize("name", ["registry.md", "settings.md", "doctor.md"])
def test_the_pages_made_from_the_code_are_fresh(name: str) -> None:
    assert (REFERENCE / name).read_text() == _reference_pages.pages()[name], "run `make docs`"


def test_commands_are_declared_with_their_event() -> None:
    """Each module of commands says for each of its commands what it leaves, or that it leaves nothing."""
    folder = Path(tenant_commands.__file__).parent
    for file in sorted(folder.glob("[a-z]*.py")):
        text = file.read_text()
        calls: Mapping[str, int] = {
            "add_command(": text.count("add_command("),
            "event=": text.count("event="),
        }
        assert calls["add_command("] <= calls["event="], file.name

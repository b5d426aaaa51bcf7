"""The queue's tables in the schema `jobs`, and `jobs_door`, whose functions tenants may call."""

import hashlib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from procrastinate.schema import SchemaManager

from ostiary.jobs._task import list_tasks

_QUOTE = "$of_the_queue$"


def database_script() -> str:
    """What jobs need in one database: a script for its administrator, safe to repeat.

    Scripts of procrastinate run once each, in order; ours when they changed; the list of tasks always.
    """
    ours = _read("tables.sql") + _read("functions.sql")
    state = hashlib.sha256(ours.encode()).hexdigest()
    again = (
        f"if (select functions from jobs.version) <> '{state}' then\n"
        f"execute {_QUOTE}{ours}{_QUOTE};\nupdate jobs.version set functions = '{state}';\nend if;"
    )
    body = "\n".join([_first(), *_later(), again, _tasks()])
    return _read("install.sql").replace("-- BODY", body)


def _read(name: str) -> str:
    return (resources.files("ostiary.jobs") / "sql" / name).read_text()


def _first() -> str:
    last = _migrations()[-1].stem
    return (
        "if to_regclass('jobs.version') is null then\n"
        f"execute {_QUOTE}{SchemaManager.get_schema()}{_QUOTE};\n"
        "create table jobs.version (migration text not null, functions text not null);\n"
        f"insert into jobs.version values ('{last}', '');\nend if;"
    )


def _later() -> Iterator[str]:
    """Migrations of procrastinate, each for a queue that is older. Those before 3.4 were never installed."""
    for path in _migrations():
        if path.stem >= "03.05":
            yield (
                f"if (select migration from jobs.version) < '{path.stem}' then\n"
                f"execute {_QUOTE}{path.read_text()}{_QUOTE};\n"
                f"update jobs.version set migration = '{path.stem}', functions = '';\nend if;"
            )


def _tasks() -> str:
    """Names are of a fixed form (`_task.NAME`), so they are text that needs no quoting."""
    rows = ", ".join(f"('{t.name}', '{t.lane.value}', {str(t.operator).lower()})" for t in list_tasks())
    if not rows:
        return ""
    return (
        f"insert into jobs.task (name, lane, operator) values {rows} on conflict (name) do update"
        " set lane = excluded.lane, operator = excluded.operator"
        " where (task.lane, task.operator) is distinct from (excluded.lane, excluded.operator);"
    )


def _migrations() -> list[Path]:
    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))

"""The epoch of a tenant's log is the default of `log_id`: no migration may set it back to the model's."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import models
from django.db.migrations import AddField, AlterField, RemoveField, RunSQL, SeparateDatabaseAndState
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import CreateModel, DeleteModel, RenameField, RunPython
from django.db.migrations.operations.base import Operation

from ostiary.audit.models import Event, Queue

BIRTH = ("audit", "0001_initial")
MODELS = frozenset({"event", "queue"})
FIELD_OPERATIONS = (AddField, AlterField, RemoveField, RenameField)
IN_SQL = re.compile(
    r"\balter\s+(column\s+)?\"?log_id\b|\bdrop\s+(column\s+)?(if\s+exists\s+)?\"?log_id\b"
    r"|\b(drop|create)\s+table\s+(if\s+(not\s+)?exists\s+)?\"?audit_(event|queue)\"?[\s(;]",
    re.IGNORECASE,
)


def touching(app: str, operations: Sequence[Operation]) -> Iterator[str]:
    """Operations by which the default of the two columns could become another one."""
    for operation in operations:
        match operation:
            case SeparateDatabaseAndState():
                yield from touching(app, [*operation.database_operations, *operation.state_operations])
            case RunSQL():
                if IN_SQL.search(str(operation.sql)):
                    yield operation.describe()
            case RunPython():
                if "log_id" in repr(operation.code.__code__.co_consts):
                    yield operation.describe()
            case CreateModel() | DeleteModel() if app == "audit" and operation.name_lower in MODELS:
                yield operation.describe()
            case _ if isinstance(operation, FIELD_OPERATIONS) and app == "audit":
                if operation.model_name_lower in MODELS and operation.name_lower == "log_id":
                    yield operation.describe()


def test_no_migration_touches_the_default_that_is_the_epoch() -> None:
    migrations = MigrationLoader(None).disk_migrations
    found = {
        f"{app}.{name}: {what}"
        for (app, name), migration in migrations.items()
        if (app, name) != BIRTH
        for what in touching(app, migration.operations)
    }
    assert found == set()
    assert list(touching("audit", migrations[BIRTH].operations)), "the birth itself would be found"


def test_the_model_says_what_the_birth_said_so_no_migration_is_made_of_it() -> None:
    state = MigrationLoader(None).project_state([BIRTH])
    for model in (Event, Queue):
        born = state.models["audit", model.__name__.lower()].fields["log_id"]
        assert born.deconstruct()[1:] == model._meta.get_field("log_id").deconstruct()[1:]


def _raised(field: str, model: str) -> AlterField:
    return AlterField(model, field, models.IntegerField(db_default=1))


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (_raised("seen", "event"), _raised("log_id", "event")),
        (_raised("log_id", "checkpoint"), _raised("log_id", "Queue")),
        (
            RunSQL("ALTER TABLE audit_event ALTER COLUMN outcome SET DEFAULT 1"),
            RunSQL([("alter table audit_event alter log_id set default 1", [])]),
        ),
        (
            RunSQL("CREATE TABLE audit_event_2026_01 PARTITION OF audit_event DEFAULT"),
            RunSQL("ALTER TABLE audit_queue DROP COLUMN log_id"),
        ),
        (
            SeparateDatabaseAndState(database_operations=[RunSQL("select 1")]),
            SeparateDatabaseAndState(database_operations=[_raised("log_id", "event")]),
        ),
        (DeleteModel("Outbox"), DeleteModel("Queue")),
    ],
)
def test_samples(good: Any, bad: Any) -> None:
    assert list(touching("audit", [good])) == []
    assert len(list(touching("audit", [bad]))) == 1

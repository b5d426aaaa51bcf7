"""Random sequences of changes against a short model: catalogue, table and records agree after each."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ostiary.kernel.context import Channel, Context
from ostiary.objects import _apply
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant, create_tenant
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._ledger import read_ledger
from tests._tenants import Installation

pytestmark = pytest.mark.database

CODES = ("alpha", "beta", "gamma", "delta")
POLICY = "class: internal, personal_data: none, retention: {months: 0, after: created, then: keep}"
THING = f"""
change: create_object
object: thing
caption: Thing
plural: Things
icon: box
display: title
policy: {{{POLICY}}}
columns: [{{column: title, type: text, required: true}}]
layout: {{list: [title], sort: [title]}}
"""


@dataclass
class Modelled:
    """One column of the model. former: codes that led to it when it was dropped."""

    identity: int
    value: str | None = None
    former: dict[str, int] = field(default_factory=dict)


@dataclass
class Model:
    """What should be: columns by code, those that are dropped, former codes."""

    live: dict[str, Modelled] = field(default_factory=dict)
    dropped: dict[str, Modelled] = field(default_factory=dict)
    former: dict[str, int] = field(default_factory=dict)


class _Cut(Exception):
    """The process ended in the middle."""


HOME: list[NewTenant] = []
OBJECTS = itertools.count()


class Metadata(RuleBasedStateMachine):
    """Changes of one object's columns, each applied for real."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.ids = itertools.count()
        self.home = HOME[0]
        self.code = f"thing_{next(OBJECTS)}"
        self.apply(THING.replace("object: thing", f"object: {self.code}"))
        with self.inside() as ctx:
            self.record = records.create_record(ctx, self.code, {"title": "one"}).id

    @contextmanager
    def inside(self) -> Iterator[Context]:
        with tenancy.transaction(self.home.tenant) as db:
            yield Context(self.home.tenant.id, db, self.home.administrator, Channel.CLI)

    def apply(self, text: str) -> None:
        with self.inside() as ctx:
            objects.apply_changes(self.home.tenant, ctx, objects.read_changes(text))

    def tried(self, text: str, *, allowed: bool) -> bool:
        """Apply and hold the refusal against the model's."""
        try:
            self.apply(text)
        except objects.ChangeRefused:
            assert not allowed, text
            return False
        assert allowed, text
        return True

    def addition(self, code: str) -> str:
        column = f"{{column: {code}, type: text, {POLICY}}}"
        return f"{{change: add_column, object: {self.code}, column: {column}}}"

    def free(self, code: str) -> bool:
        return code not in self.model.live and code not in self.model.dropped

    @rule(code=st.sampled_from(CODES))
    def add(self, code: str) -> None:
        text = (
            f"{{change: add_column, object: {self.code}, column: {{column: {code}, type: text, {POLICY}}}}}"
        )
        if self.tried(text, allowed=self.free(code)):
            self.model.live[code] = Modelled(next(self.ids))
            self.model.former.pop(code, None)

    @rule(code=st.sampled_from(CODES), to=st.sampled_from(CODES))
    def rename(self, code: str, to: str) -> None:
        known = code in self.model.live or code in self.model.former
        text = f"{{change: rename_column, object: {self.code}, column: {code}, to: {to}}}"
        if self.tried(text, allowed=known and self.free(to)):
            current = code if code in self.model.live else self.by_identity(self.model.former[code])
            column = self.model.live.pop(current)
            self.model.live[to] = column
            self.model.former.pop(to, None)
            self.model.former[current] = column.identity

    @rule(code=st.sampled_from(CODES))
    def drop(self, code: str) -> None:
        known = code in self.model.live or code in self.model.former
        text = f"{{change: drop_column, object: {self.code}, column: {code}}}"
        if self.tried(text, allowed=known):
            current = code if code in self.model.live else self.by_identity(self.model.former[code])
            column = self.model.live.pop(current)
            self.model.dropped[current] = column
            # its former codes lead nowhere while it is away; they come back with it
            gone = {c: i for c, i in self.model.former.items() if i == column.identity}
            self.model.former = {c: i for c, i in self.model.former.items() if c not in gone}
            column.former = gone

    @rule(code=st.sampled_from(CODES))
    def restore(self, code: str) -> None:
        text = f"{{change: restore_column, object: {self.code}, column: {code}}}"
        if self.tried(text, allowed=code in self.model.dropped):
            column = self.model.dropped.pop(code)
            self.model.live[code] = column
            for former, identity in column.former.items():
                if former not in self.model.live and former not in self.model.former:
                    self.model.former[former] = identity

    @precondition(lambda self: self.model.live)
    @rule(value=st.sampled_from(["x", "y", None]), data=st.data())
    def write(self, value: str | None, data: st.DataObject) -> None:
        code = data.draw(st.sampled_from(sorted(self.model.live)))
        with self.inside() as ctx:
            held = records.get_record(ctx, self.code, self.record)
            records.update_record(ctx, self.code, self.record, {code: value}, held.version)
        self.model.live[code].value = value

    @rule(code=st.sampled_from(CODES))
    def cut_in_the_middle(self, code: str) -> None:
        text = (
            f"{{change: add_column, object: {self.code}, column: {{column: {code}, type: text, {POLICY}}}}}"
        )
        if self.free(code):
            with patch.object(_apply, "defer_all", side_effect=_Cut), pytest.raises(_Cut):
                self.apply(text)

    def by_identity(self, identity: int) -> str:
        return next(c for c, x in self.model.live.items() if x.identity == identity)

    @invariant()
    def everything_agrees(self) -> None:
        with self.inside() as ctx:
            made = objects.find_object(ctx, self.code)
            assert set(made.columns) == {"title", "owner", *self.model.live}
            assert set(made.dropped) == set(self.model.dropped)
            rows = ctx.db.rows(
                "select attname from pg_attribute where attrelid = to_regclass(%(t)s) and attnum > 0"
                " and not attisdropped",
                {"t": f"{ctx.db.schema}.{made.table}"},
            )
            names = [c.name for c in (*made.columns.values(), *made.dropped.values())]
            assert len(set(names)) == len(names)
            assert set(names) - {"owner"} <= {name for (name,) in rows}
            assert len(rows) == 11 + 2 * (len(names) - 1)  # system columns; each text has its sort key
            data = records.get_record(ctx, self.code, self.record).data
            assert {c: data[c] for c in self.model.live} == {c: x.value for c, x in self.model.live.items()}

    def teardown(self) -> None:
        with self.inside() as ctx:
            problems = [p for p in read_ledger(ctx).half if p.startswith(f"{self.code} ")]
        assert problems == []


@pytest.fixture(scope="module")
def home(installation: Installation) -> NewTenant:
    made = create_tenant(
        f"model{installation.worker}",
        "Model",
        [],
        login="admin",
        person="Ada Admin",
        email="admin@example.com",
        password=None,
    )
    HOME[:] = [made]
    return made


def _run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Metadata,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_random_changes_agree_with_a_short_model(home: NewTenant) -> None:
    _run(examples=4, steps=12)


@pytest.mark.deep
def test_many_random_changes_agree_with_a_short_model(home: NewTenant) -> None:
    _run(examples=150, steps=40)

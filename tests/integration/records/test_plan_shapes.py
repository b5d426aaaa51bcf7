"""How many statements each kind of request takes, and by which plans they run; nothing here takes the time.

The plans are those that the server keeps: generic ones, of a table that is large enough to show a wrong one.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import psycopg
import pytest

from bench import legs_world as world
from ostiary.access import public as access
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ports import Params, Row
from ostiary.project._tenants import create_tenant
from ostiary.records import _read
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation, rolled_back

SIZE, PER_UNIT = 20_000, 2
FEW = ("shared", "under_master", "scoped", "deputy", "head", "guarded_head")
EVERYBODY = (*FEW, "auditor", "any")
OBJECT = {"under_master": "line", "guarded_head": "guarded", "auditor": "guarded"}
VISIBLE = {"shared": 50, "under_master": 500, "any": SIZE}


@dataclass(slots=True)
class Said:
    """Statements in the order in which they were sent: text, values, and whether it was one of `raw`."""

    texts: list[tuple[str, Sequence[Any], bool]] = field(default_factory=list)

    def raw(self) -> list[tuple[str, Sequence[Any]]]:
        return [(text, values) for text, values, raw in self.texts if raw]


class Listening(tenancy.Transaction):
    """A transaction that notes its statements. What is made aside stays, as the rights kept of it do."""

    __slots__ = ("said",)

    said: Said

    def _execute(self, sql: str, params: Params | None) -> psycopg.Cursor[Row]:
        self.said.texts.append((sql, (), False))
        return super()._execute(sql, params)

    def raw(self, sql: str, params: Sequence[Any], *, keep: bool = True) -> list[Row]:
        self.said.texts.append((sql, params, True))
        return super().raw(sql, params, keep=keep)


@pytest.fixture(scope="module")
def legs(installation: Installation) -> world.World:
    slug = f"legs{installation.worker}"
    new = create_tenant(
        slug, "Legs", [f"{slug}.test"], login="admin", person="Admin", email="", password=None
    )
    return world.build(new.tenant, new.administrator, SIZE, PER_UNIT)


@pytest.fixture
def listening(legs: world.World) -> Iterator[Listening]:
    with rolled_back(legs.tenant) as opened:
        db = Listening(opened._database, legs.tenant, opened._connection)
        db.said = Said()
        yield db


def acting(legs: world.World, db: Listening, viewer: str) -> Context:
    return Context(legs.tenant.id, db, legs.viewers[viewer], Channel.CLI)


def said(db: Listening, call: Callable[[], object]) -> Said:
    """What a request sends once its rights are at hand."""
    call()
    db.said.texts.clear()
    call()
    return db.said


def code(viewer: str) -> str:
    return OBJECT.get(viewer, "entry")


def query(viewer: str, text: str = "") -> records.RecordQuery:
    filter_ = records.Compare("name", records.Op.CONTAINS, text) if text else None
    return records.RecordQuery(code(viewer), sort=(records.Sort("name"),), filter=filter_)


def nodes(db: Listening, text: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    """Every node of the plan of a statement as the server keeps it for any values."""
    connection = db._connection
    number = len(connection._prepared._names) + len(db.said.texts)
    connection.execute("set local plan_cache_mode = force_generic_plan")
    name = f"looked_at_{number}"
    listed = ", ".join(psycopg.sql.Literal(value).as_string(connection) for value in values)
    connection.execute(f"prepare {name} as {text}".encode())
    try:
        row = connection.execute(
            f"explain (format json, analyze, timing off) execute {name}({listed})".encode()
        )
        found = row.fetchone()
    finally:
        connection.execute(f"deallocate {name}".encode())
    assert found is not None
    plan = found[0] if isinstance(found[0], list) else json.loads(found[0])
    return list(_walk(plan[0]["Plan"]))


def _walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _walk(below)


def rows_of(node: dict[str, Any]) -> float:
    return float(node["Actual Rows"]) * float(node["Actual Loops"])


def scans(found: list[dict[str, Any]], viewer: str) -> list[dict[str, Any]]:
    """The nodes that read the object's table and were run."""
    table = f"rec_{code(viewer)}"
    return [n for n in found if n.get("Relation Name") == table and n["Actual Loops"]]


def read(node: dict[str, Any]) -> float:
    """Rows that a scan looked at."""
    return (float(node["Actual Rows"]) + float(node.get("Rows Removed by Filter", 0))) * float(
        node["Actual Loops"]
    )


@pytest.mark.parametrize("viewer", EVERYBODY)
def test_a_read_takes_one_statement_about_records(
    legs: world.World, listening: Listening, viewer: str
) -> None:
    ctx = acting(legs, listening, viewer)
    page = records.list_records(ctx, query(viewer))
    record = page.ids[0]
    for call in (
        lambda: records.list_records(ctx, query(viewer)),
        lambda: records.list_records(ctx, query(viewer, "an")),
        lambda: records.count_records(ctx, code(viewer), query(viewer, "an").filter),
        lambda: records.get_record(ctx, code(viewer), record),
    ):
        heard = said(listening, call)
        about_records = [text for text, _ in heard.raw() if f".rec_{code(viewer)} " in text]
        assert len(about_records) == 1
        assert [text for text, _, _ in heard.texts if "identity_epoch" in text] == about_records


@pytest.mark.parametrize("viewer", FEW)
def test_a_page_of_who_sees_little_never_reads_the_whole_table(
    legs: world.World, listening: Listening, viewer: str
) -> None:
    ctx = acting(legs, listening, viewer)
    seen = records.count_records(ctx, code(viewer)).value
    assert seen == VISIBLE.get(viewer, seen)
    assert 0 < seen < SIZE / 10
    for text in ("", "an", "zzqx"):  # a filter that nobody matches looks at what is visible, and no further
        heard = said(listening, partial(records.list_records, ctx, query(viewer, text)))
        (statement,) = [s for s in heard.raw() if f".rec_{code(viewer)} " in s[0]]
        found = scans(nodes(listening, *statement), viewer)
        assert [n["Node Type"] for n in found if n["Node Type"] == "Seq Scan"] == []
        # reached by several legs, looked at by each of them; and once more to be shown
        assert sum(map(read, found)) <= 3 * seen + 200


@pytest.mark.parametrize("viewer", EVERYBODY)
def test_page_1_walks_in_order_and_sorts_a_few_rows(
    legs: world.World, listening: Listening, viewer: str
) -> None:
    ctx = acting(legs, listening, viewer)
    fanout = _read.readable_view(ctx, code(viewer)).filter(ctx, access.Verb.READ).fanout
    heard = said(listening, lambda: records.list_records(ctx, query(viewer)))
    (statement,) = [s for s in heard.raw() if f".rec_{code(viewer)} " in s[0]]
    found = nodes(listening, *statement)
    assert [n["Node Type"] for n in scans(found, viewer) if "Index" not in n["Node Type"]] == []
    sorted_rows = [rows_of(below) for n in found if "Sort" in n["Node Type"] for below in n.get("Plans", ())]
    assert max(sorted_rows, default=0) <= max(51 * (min(fanout, 60) + 2), 600)


@pytest.mark.parametrize("viewer", EVERYBODY)
def test_a_record_is_decided_by_keys_alone(legs: world.World, listening: Listening, viewer: str) -> None:
    ctx = acting(legs, listening, viewer)
    record = records.list_records(ctx, query(viewer)).ids[0]
    heard = said(listening, lambda: records.get_record(ctx, code(viewer), record, verdicts=True))
    (statement,) = [s for s in heard.raw() if f".rec_{code(viewer)} " in s[0]]
    found = nodes(listening, *statement)
    small = {"identity_epoch", "rec_zone", "identity_unit"}  # a page or two each
    assert [n for n in found if n["Node Type"] == "Seq Scan" and n["Relation Name"] not in small] == []
    assert max(read(n) for n in found if "Relation Name" in n) <= 60


@pytest.mark.parametrize("viewer", ["shared", "head", "under_master"])
def test_an_update_takes_three_statements(legs: world.World, listening: Listening, viewer: str) -> None:
    ctx = acting(legs, listening, viewer)
    record = records.list_records(ctx, query(viewer)).ids[0]
    numbers = iter(range(1, 10))

    def change() -> None:
        there = records.get_record(ctx, code(viewer), record)
        listening.said.texts.clear()
        records.update_record(ctx, code(viewer), record, {"city": f"City {next(numbers)}"}, there.version)

    heard = said(listening, change)
    kinds = [next(k for k, mark in KINDS.items() if mark in text) for text, _, _ in heard.texts]
    assert kinds == ["read and decide", "write", "change and event"]


KINDS = {"change and event": "with src as", "write": "update t_", "read and decide": "identity_epoch"}

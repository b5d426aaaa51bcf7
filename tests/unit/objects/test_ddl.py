"""Steps of a plan: names stay apart, text only from validated identifiers."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.crm import public as crm
from ostiary.objects import public as objects
from ostiary.objects._draft import Draft
from ostiary.objects._draft_package import Base
from ostiary.objects._facts import Facts
from ostiary.objects._install import plan_package
from ostiary.objects._names import MAX_DATABASE_NAME, database_name, quote
from ostiary.objects._register import Register

CODE = st.from_regex(r"[a-z][a-z0-9]{0,10}(_[a-z0-9]{1,10}){0,2}", fullmatch=True)


@pytest.fixture(scope="module")
def plan() -> objects.Plan:
    return _plan(Register({}, {}), crm.read())[0]


def _plan(
    register: Register, package: objects.Package, base: Base | None = None
) -> tuple[objects.Plan, Draft]:
    """A plan for what is stored, where every record fits."""
    draft = Draft.of(register, _NoRecords(), "t_one", timedelta(days=30), None)
    draft.package = package.code
    return plan_package(draft, package, base)[0], draft


class _NoRecords(Facts):
    def __init__(self) -> None:
        pass

    def _count(self, made: objects.Object, where: str, most: int | None) -> int:
        return 0

    def rows(self, made: objects.Object) -> int:
        return 0


def test_a_plan_can_be_printed_and_names_every_object(plan: objects.Plan) -> None:
    lines = plan.lines()

    assert len(lines) == len(plan.steps) + len(plan.new_values)
    assert [o for o in plan.new_objects if f"create table rec_{o} " not in " ".join(lines)] == []


def test_a_plan_makes_tables_before_what_refers_to_them(plan: objects.Plan) -> None:
    words = [step.sql().split(" ")[0:2] for step in plan.steps]
    order = {"create sequence": 0, "create table": 0, "alter table": 1, "create index": 2, "create unique": 2}
    ranks = [order.get(" ".join(pair), 3) for pair in words]

    assert all(before <= after for before, after in pairwise(ranks))


def test_no_two_steps_make_the_same_name(plan: objects.Plan) -> None:
    made = [
        sql.split('"')[1]
        for sql in (s.sql() for s in plan.steps)
        if sql.startswith(("create unique", "create index"))
    ]

    assert len(made) > 100
    assert len(set(made)) == len(made)
    assert max(map(len, made)) <= MAX_DATABASE_NAME


def test_an_object_with_a_master_is_reached_by_it_in_the_order_by_name(tmp_path: Path) -> None:
    texts = {
        "package.yaml": "package: p\ncaption: P\nversion: '1'\nfiles: [a.yaml, b.yaml]\nworkplaces: []\n",
        "a.yaml": _OBJECT.format(code="boat", also="", master=""),
        "b.yaml": _OBJECT.format(
            code="trip", also="  - {column: boat, type: lookup, target: boat}\n", master="master: boat\n"
        ),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    made = _plan(Register({}, {}), objects.read_package(tmp_path))[0]
    with_master = [
        sql for step in made.steps if (sql := step.sql()).startswith("create index") and "trip" in sql
    ]
    assert [sql.partition(" on ")[2] for sql in with_master if '("boat"' in sql] == [
        '@."rec_trip" ("boat", "name__sort", "id") include ("label_id", "author_id")'
    ]
    assert [
        sql for sql in with_master if '("name__sort", "id") include ("label_id", "author_id", "boat")' in sql
    ]


_OBJECT = """object: {code}
caption: X
plural: Xs
icon: box
display: name
owner: false
{master}policy:
  class: internal
  personal_data: none
  retention: {{months: 0, after: created, then: keep}}
columns:
  - {{column: name, type: text, required: true}}
{also}layout:
  list: [name]
  sort: [name]
"""


@given(st.tuples(CODE, CODE), st.tuples(CODE, CODE))
def test_names_of_different_parts_differ(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (database_name(*one, "idx") == database_name(*other, "idx")) == (one == other)


def test_long_names_are_cut_apart() -> None:
    first, second = (
        database_name("rec_" + "a" * 41, "b" * 40 + "c"),
        database_name("rec_" + "a" * 41, "b" * 40 + "d"),
    )

    assert first != second
    assert max(len(first), len(second)) <= MAX_DATABASE_NAME


@pytest.mark.parametrize("bad", ['x"; drop table y; --', "X", "", "x y", "x.y", "x" * 64, "é"])
def test_only_plain_names_are_quoted(bad: str) -> None:
    assert quote("rec_case") == '"rec_case"'
    with pytest.raises(ValueError, match="not an identifier"):
        quote(bad)


def test_an_installed_column_keeps_its_type(tmp_path: Path) -> None:
    package = crm.read()
    before = _plan(Register({}, {}), package)[1].register
    same, _ = _plan(before, package)
    (tmp_path / "x").mkdir()
    for file in crm.FOLDER.iterdir():
        (tmp_path / "x" / file.name).write_text(file.read_text())
    account = tmp_path / "x" / "account.yaml"
    account.write_text(
        account.read_text().replace("{column: employees, type: integer", "{column: employees, type: decimal")
    )
    other = objects.read_package(tmp_path / "x")

    assert same.changes_nothing
    with pytest.raises(objects.PackageRefused, match="account: column employees: type is integer"):
        _plan(before, other)

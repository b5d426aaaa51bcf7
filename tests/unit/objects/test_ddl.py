"""Steps of a plan: names stay apart, text only from validated identifiers."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.crm import public as crm
from ostiary.objects import public as objects
from ostiary.objects._names import MAX_DATABASE_NAME, database_name, quote

CODE = st.from_regex(r"[a-z][a-z0-9]{0,10}(_[a-z0-9]{1,10}){0,2}", fullmatch=True)


@pytest.fixture(scope="module")
def plan() -> objects.Plan:
    return objects.plan_package(objects.Catalogue(1, {}, ()), crm.read(), role="t_one")


def test_a_plan_can_be_printed_and_names_every_object(plan: objects.Plan) -> None:
    lines = plan.lines()

    assert len(lines) == len(plan.steps)
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
    before = objects.Catalogue(1, package.objects, package.workplaces)
    same = objects.plan_package(before, package, role="t_one")
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
        objects.plan_package(before, other, role="t_one")

"""The invented world as values: its size, its consistency, and nobody real in it."""

import re
from collections import Counter
from datetime import date

import pytest

from ostiary.crm import public as crm
from ostiary.objects import public as objects
from ostiary.project import demo_data
from ostiary.project._demo_records import Draft, Made, Named, World

TODAY = date(2026, 11, 23)
PACKAGE = crm.read()


@pytest.fixture(scope="module")
def world() -> World:
    return demo_data.invent(TODAY)[1]


@pytest.fixture(scope="module")
def drafts(world: World) -> list[Draft]:
    return [draft for made in world.drafts.values() for draft in made]


def test_the_world_has_its_size(world: World) -> None:
    people, _ = demo_data.invent(TODAY)
    sizes = {code: len(made) for code, made in world.drafts.items()}

    assert len(people) == 40
    assert len({p.login for p in people}) == len({p.name for p in people}) == 40
    assert sizes["account"] == 2_000
    assert sizes["contact"] == 5_000
    assert sizes["opportunity"] == 3_000
    assert sizes["case"] == 1_500
    assert sizes["activity"] == 6_000
    assert sizes["opportunity_product"] > 2_000


def test_the_same_seed_gives_the_same_world_and_another_does_not(world: World) -> None:
    assert demo_data.invent(TODAY)[1] == world
    assert demo_data.invent(TODAY, seed=1)[1] != world


def test_every_value_is_one_that_the_package_declares(drafts: list[Draft]) -> None:
    for draft in drafts:
        columns = PACKAGE.objects[draft.code].columns
        assert draft.values.keys() <= columns.keys()
        for code, value in draft.values.items():
            if isinstance(value, Named):
                assert columns[code].target == value.lookup
                assert value.name in [row["name"] for row in PACKAGE.values[value.lookup]]
            elif isinstance(value, Made):
                assert columns[code].target == value.code
            elif columns[code].type is objects.ColumnType.CHOICE:
                assert value is None or value in [c.code for c in columns[code].choices]


def test_drafts_refer_only_to_what_is_written_before_them(world: World) -> None:
    place = {code: rank for rank, code in enumerate(demo_data.ORDER)}
    for code, made in world.drafts.items():
        for number, draft in enumerate(made):
            for value in draft.values.values():
                if isinstance(value, Made):
                    assert (place[value.code], value.place) < (place[code], number)


def test_work_is_spread_over_people(world: World) -> None:
    owners = Counter(draft.owner for draft in world.drafts["opportunity"])

    assert len(owners) == 15
    assert max(owners.values()) < 3 * min(owners.values())


def test_addresses_and_numbers_reach_nobody(drafts: list[Draft]) -> None:
    kept_for_fiction = re.compile(
        r"\+1 202 555 01\d\d|\+44 20 7946 0\d{3}|\+44 7700 900\d{3}|\+49 30 23125 \d{3}"
    )
    for draft in drafts:
        for code, value in draft.values.items():
            column = PACKAGE.objects[draft.code].columns[code]
            if value is None:
                continue
            if column.type is objects.ColumnType.EMAIL:
                assert re.search(r"[@.]example\.(com|org|net)$", str(value))
            elif column.type is objects.ColumnType.URL:
                assert re.fullmatch(r"https://[a-z0-9-]+\.example\.com", str(value))
            elif column.type is objects.ColumnType.PHONE:
                assert kept_for_fiction.fullmatch(str(value))


def test_deals_are_closed_when_their_stage_ends_them(world: World) -> None:
    final = {row["name"] for row in PACKAGE.values["opportunity_stage"] if row.get("is_final")}
    for draft in world.drafts["opportunity"]:
        stage = draft.values["stage"]
        assert isinstance(stage, Named)
        assert (stage.name in final) == (draft.values["closed_on"] is not None)
        assert str(draft.values["closed_on"] or "") <= TODAY.isoformat()

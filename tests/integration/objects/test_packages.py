"""Packages brought up to date beside local changes, and packages as files between tenants."""

import itertools
import json
from copy import deepcopy
from typing import Any

import pytest
import yaml

from ostiary.access import public as access
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant
from ostiary.records import public as records
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, POLICY, apply, column, inside, make_home

POLICY_ = yaml.safe_load(f"{{{POLICY}}}")
SHIPPED: dict[str, Any] = {
    "package": "garage",
    "caption": "Garage",
    "version": "1",
    "objects": [
        {
            "lookup": "colour",
            "caption": "Colour",
            "plural": "Colours",
            "policy": {**POLICY_, "class": "public"},
            "values": ["Red", "Blue"],
        },
        {
            "object": "car",
            "caption": "Car",
            "plural": "Cars",
            "icon": "car",
            "display": "plate",
            "policy": POLICY_,
            "columns": [
                {"column": "plate", "type": "text", "required": True},
                {"column": "colour", "type": "lookup", "target": "colour", "default": "Red"},
                {"column": "price", "type": "money"},
                {
                    "column": "state",
                    "type": "choice",
                    "choices": [{"code": "new"}, {"code": "used"}],
                    "default": "new",
                },
            ],
            "layout": {
                "list": ["plate", "price"],
                "sort": ["plate"],
                "groups": [{"caption": "Car", "columns": ["plate", "colour"]}],
            },
        },
    ],
    "workplaces": [
        {"workplace": "yard", "caption": "Yard", "groups": [{"caption": "All", "sections": ["car"]}]}
    ],
}


def package(document: dict[str, Any]) -> objects.Package:
    document = deepcopy(document)
    for each in document["objects"]:
        if "object" in each:  # a document states each column's policy, a folder may share it
            policy = each.pop("policy")
            each["columns"] = [{**policy, **c} for c in each["columns"]]
    return objects.read_package_file(json.dumps(document).encode())


def install(home: NewTenant, document: dict[str, Any]) -> objects.Plan:
    with inside(home) as ctx:
        return records.install_package(home.tenant, ctx, package(document))


def names(home: NewTenant, code: str) -> set[str]:
    with inside(home) as ctx:
        page = records.list_records(ctx, records.RecordQuery(code, limit=100))
        return {r["name"] for r in page.records()}


_numbers = itertools.count()


@pytest.fixture
def garage(installation: Installation) -> NewTenant:
    made = make_home(f"garage{next(_numbers)}x{installation.worker}")
    install(made, SHIPPED)
    return made


def test_what_was_changed_here_stays_and_what_is_new_arrives(garage: NewTenant) -> None:
    apply(
        garage,
        "changes:\n"
        "  - {change: change_object, object: car, caption: Motor car}\n"
        "  - {change: change_column, object: car, column: state, retire: [used], default: new}\n"
        "  - {change: change_column, object: car, column: price, required: true, caption: Cost}\n"
        "  - {change: rename_column, object: car, column: plate, to: number_plate}\n"
        f"  - {column('owner_note', of='car')}\n"
        "  - {change: set_workplace, workplace: yard, caption: Our yard, groups: []}\n",
    )
    newer = deepcopy(SHIPPED) | {"version": "2"}
    car = newer["objects"][1]
    car["caption"], car["plural"] = "Automobile", "Automobiles"
    car["columns"] += [{"column": "seats", "type": "integer"}]
    car["columns"][3]["choices"] += [{"code": "scrapped"}]
    car["layout"]["groups"][0]["columns"].append("seats")
    newer["objects"][0]["values"].append("Green")
    newer["workplaces"][0]["groups"][0]["sections"] = ["car", "colour"]
    plan = install(garage, newer)

    with inside(garage) as ctx:
        made = objects.find_object(ctx, "car")
        assert (made.caption, made.plural) == ("Motor car", "Automobiles")
        assert {"number_plate", "seats", "owner_note", "price"} < set(made.columns)
        assert "plate" not in list(made.columns)
        assert made.columns["price"].required
        assert made.columns["price"].caption == "Cost"
        assert made.display == "number_plate"
        assert made.layout.groups == (("Car", ("number_plate", "colour", "seats")),)
        retired = {c.code: c.retired for c in made.columns["state"].choices}
        assert retired == {"new": False, "used": True, "scrapped": False}
        place = next(w for w in objects.get_catalogue(ctx).workplaces if w.code == "yard")
        assert place.caption == "Our yard"
        assert place.groups == (("All", ("colour",)),)
    assert names(garage, "colour") == {"Red", "Blue", "Green"}
    assert any("car.caption stays 'Motor car'" in words for words in plan.conflicts)
    assert any("car.price: required" in words for words in plan.kept)
    assert any(line.startswith("conflict: ") for line in plan.lines())
    assert install(garage, newer).changes_nothing


def test_what_was_dropped_or_deleted_here_is_not_revived(garage: NewTenant) -> None:
    with inside(garage) as ctx:
        page = records.list_records(ctx, records.RecordQuery("colour")).records()
        blue = next(r["id"] for r in page if r["name"] == "Blue")
        records.delete_record(ctx, "colour", blue)
        records.create_record(ctx, "colour", {"name": "Green"})
    apply(garage, "{change: drop_column, object: car, column: price}")
    newer = deepcopy(SHIPPED) | {"version": "2"}
    newer["objects"][0]["values"] += ["Green", "Black"]
    newer["objects"][1]["icon"] = "truck"
    plan = install(garage, newer)

    assert names(garage, "colour") == {"Red", "Green", "Black"}
    with inside(garage) as ctx:
        made = objects.find_object(ctx, "car")
        assert "price" not in made.columns
        assert "price" not in made.layout.list_columns
        assert made.icon == "truck"
    assert "car.price stays dropped" in plan.kept


def test_a_package_closes_more_but_never_opens_what_stands(garage: NewTenant) -> None:
    newer = deepcopy(SHIPPED) | {"version": "2"}
    newer["objects"][1]["columns"][2]["class"] = "confidential"
    install(garage, newer)
    with inside(garage) as ctx:
        price = objects.find_object(ctx, "car").columns["price"]
        assert price.data_class is objects.DataClass.CONFIDENTIAL
    opener = deepcopy(newer) | {"version": "3"}
    opener["objects"][1]["columns"][2]["class"] = "public"
    plan = install(garage, opener)
    with inside(garage) as ctx:
        price = objects.find_object(ctx, "car").columns["price"]
        assert price.data_class is objects.DataClass.CONFIDENTIAL
    assert any("car.price stays confidential" in words for words in plan.conflicts)


def test_an_export_is_the_same_on_the_tenant_that_took_it(installation: Installation) -> None:
    one, other = (make_home(f"ex{n}{installation.worker}") for n in ("one", "two"))
    for home in (one, other):
        install(home, SHIPPED)
    apply(one, BOAT)
    apply(
        one,
        "{change: create_object, lookup: rig, caption: Rig, plural: Rigs,"
        f" policy: {{{POLICY}}}, values: [Sloop, Yawl]}}",
    )
    apply(one, column("rig", "lookup", ", target: rig"))
    apply(one, column("berth", of="car"))
    apply(one, "{change: rename_column, object: boat, column: length_m, to: metres}")
    apply(
        one,
        "{change: set_workplace, workplace: sea, caption: Sea,"
        " groups: [{caption: All, sections: [boat, car]}]}",
    )

    def exported(home: NewTenant) -> bytes:
        with inside(home) as ctx:
            return records.export_package(
                ctx, "harbour", "Harbour", "1", chosen=["boat", "rig", "car"], places=["sea"]
            )

    content = exported(one)
    with inside(other) as ctx:
        dry = records.import_package(other.tenant, ctx, content, dry_run=True)
        assert set(dry.new_objects) == {"boat", "rig"}
        assert dry.new_columns == (("car", "berth"),)
    with inside(other) as ctx:
        assert "boat" not in objects.get_catalogue(ctx).objects
        records.import_package(other.tenant, ctx, content)
    assert exported(other) == content
    assert names(other, "rig") == {"Sloop", "Yawl"}
    with inside(other) as ctx:
        assert records.import_package(other.tenant, ctx, content).changes_nothing
        closed = ctx.db.rows(
            "select distinct level from @.access_column_row where column_id = %(c)s",
            {"c": objects.find_object(ctx, "car").columns["berth"].id},
        )
        assert closed == [(0,)]
        clerk = access.create_person(ctx, login="clerk", name="Cy Clerk", email="cy@example.com")
        assert "boat" in records.object_views(ctx)
        assert not records.object_views(ctx.acting_as(clerk))


def test_an_export_takes_along_what_it_refers_to_or_says_so(installation: Installation) -> None:
    home = make_home(f"refers{installation.worker}")
    apply(home, BOAT)
    apply(home, BOAT.replace("object: boat", "object: crew"))
    apply(home, column("boat", "lookup", ", target: boat", of="crew"))
    with inside(home) as ctx:
        with pytest.raises(objects.PackageRefused, match="boat has to come along"):
            records.export_package(ctx, "h", "H", "1", chosen=["crew"])
        assert b"object: boat" in records.export_package(ctx, "h", "H", "1", chosen=["crew", "boat"])


HEAD = "package: p\ncaption: P\nversion: '1'\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + "objects: [&a [1], *a]\n", "references are not taken"),
        (HEAD + "objects: " + "[" * 50 + "]" * 50, "nested too deep"),
        (HEAD + "objects: []\nextra: 1\n", "unknown key 'extra'"),
        (HEAD + "objects: []\nobjects: []\n", "given twice"),
        (HEAD + "objects: [{object: car}]\n", "caption is missing"),
        (HEAD + "extend: [{object: ghost, columns: []}]\n", "ghost: there is no such object"),
        (HEAD.replace("package: p", "package: '../p'"), "is not a code"),
        (HEAD + "x: !!python/object/apply:os.system [id]\n", "not readable"),
        ("[1, 2]", "keys and values are expected"),
        ("a: " + "x" * 9_000_000, "at most"),
    ],
)
def test_hostile_files_are_refused_in_words(home_for_files: NewTenant, text: str, words: str) -> None:
    with inside(home_for_files) as ctx, pytest.raises(objects.PackageRefused, match=words):
        records.import_package(home_for_files.tenant, ctx, text.encode())


@pytest.fixture(scope="module")
def home_for_files(installation: Installation) -> NewTenant:
    return make_home(f"files{installation.worker}")

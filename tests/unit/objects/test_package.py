"""What a package may say; each refusal differs from the accepted package in one fact."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from ostiary.objects import public as objects

POLICY = {
    "class": "internal",
    "personal_data": "none",
    "retention": {"months": 12, "after": "created", "then": "delete"},
}


def make_declaration() -> dict[str, Any]:
    """Files of a small package that is accepted."""
    return {
        "package.yaml": {
            "package": "garage",
            "caption": "Garage",
            "version": "1",
            "files": ["car.yaml", "lists.yaml"],
            "workplaces": [
                {"workplace": "yard", "caption": "Yard", "groups": [{"caption": "All", "sections": ["car"]}]}
            ],
        },
        "car.yaml": {
            "object": "car",
            "caption": "Car",
            "plural": "Cars",
            "icon": "car",
            "display": "plate",
            "policy": deepcopy(POLICY),
            "columns": [
                {"column": "plate", "type": "text", "required": True, "unique": True},
                {"column": "driver", "type": "text", "class": "confidential", "personal_data": "name"},
                {"column": "colour", "type": "lookup", "target": "colour", "default": "Red"},
                {"column": "fuel", "type": "choice", "choices": [{"code": "diesel"}, {"code": "power"}]},
                {"column": "seats", "type": "integer", "minimum": 1, "maximum": 9, "default": 5},
                {"column": "ticket", "type": "auto_number", "pattern": "CAR-{0:04d}"},
                {"column": "follows", "type": "lookup", "target": "car"},
            ],
            "layout": {
                "list": ["plate", "colour", "owner", "created_at"],
                "sort": ["-created_at"],
                "facts": ["fuel"],
                "groups": [{"caption": "Car", "columns": ["plate", "driver", "colour"]}],
                "details": [{"caption": "Followers", "object": "car", "column": "follows"}],
                "stage": "fuel",
            },
        },
        "lists.yaml": {
            "policy": deepcopy(POLICY),
            "lookups": [
                {"lookup": "colour", "caption": "Colour", "plural": "Colours", "values": ["Red", "Blue"]}
            ],
        },
    }


def write(folder: Path, files: dict[str, Any]) -> Path:
    for name, content in files.items():
        (folder / name).write_text(yaml.safe_dump(content, sort_keys=False))
    return folder


def change(files: dict[str, Any], path: str, value: object) -> None:
    """Set the place `car.yaml/columns/0/type` to a value; None takes it away."""
    *steps, last = path.split("/")
    place: Any = files
    for step in steps:
        place = place[int(step) if isinstance(place, list) else step]
    key: Any = int(last) if isinstance(place, list) else last
    if value is None:
        del place[key]
    else:
        place[key] = value


def test_a_package_becomes_values(tmp_path: Path) -> None:
    package = objects.read_package(write(tmp_path, make_declaration()))

    car = package.objects["car"]
    assert list(car.columns) == ["plate", "driver", "colour", "fuel", "seats", "ticket", "follows", "owner"]
    assert car.columns["driver"].data_class is objects.DataClass.CONFIDENTIAL
    assert car.columns["driver"].retention == objects.Retention(12, "created", "delete")
    assert car.columns["seats"].default == 5
    assert car.layout.details == (("Followers", "car", "follows"),)
    assert car.column("created_at").type is objects.ColumnType.INSTANT
    assert package.lookup_defaults == {("car", "colour"): "Red"}
    colour = package.objects["colour"]
    assert (colour.is_lookup, colour.has_owner, list(colour.columns)) == (True, False, ["name", "position"])
    assert package.values["colour"] == (
        {"position": 10, "name": "Red"},
        {"position": 20, "name": "Blue"},
    )


@pytest.mark.parametrize(
    ("path", "value", "names"),
    [
        ("car.yaml/colur", "red", ["car.yaml: car", "unknown key 'colur'"]),
        ("car.yaml/columns/0/requird", True, ["car.yaml: car", "column plate", "unknown key 'requird'"]),
        ("car.yaml/layout/lists", ["plate"], ["car", "layout", "unknown key 'lists'"]),
        ("package.yaml/author", "me", ["package.yaml", "unknown key 'author'"]),
        ("car.yaml/policy", None, ["column plate", "class, personal_data, retention"]),
        ("car.yaml/policy/class", None, ["car", "policy", "missing: class"]),
        ("car.yaml/policy/personal_data", None, ["missing: personal_data"]),
        ("car.yaml/policy/retention", None, ["missing: retention"]),
        ("car.yaml/policy/class", "secret", ["class 'secret'"]),
        ("car.yaml/policy/retention/months", 0, ["retention", "keep"]),
        ("car.yaml/policy/retention/then", "forget", ["then 'forget'"]),
        ("car.yaml/columns/1/unique", True, ["column driver", "unique is only for public and internal"]),
        ("car.yaml/columns/1/personal_data", "names", ["personal_data 'names'"]),
        ("car.yaml/columns/1/column", "plate", ["plate is declared twice"]),
        ("car.yaml/columns/1/column", "owner", ["column owner", "reserved"]),
        ("car.yaml/columns/1/column", "author_id", ["column author_id", "reserved"]),
        ("car.yaml/columns/1/column", "id", ["column id", "reserved"]),
        ("car.yaml/columns/1/column", "select", ["column select", "reserved"]),
        ("car.yaml/columns/1/column", "plate__sort", ["two underscores"]),
        ("car.yaml/columns/1/column", "Driver", ["a code is a lower-case letter"]),
        ("car.yaml/columns/1/column", "driver; drop table x", ["a code is a lower-case letter"]),
        ("car.yaml/columns/1/column", "d" * 42, ["a code is a lower-case letter"]),
        ("car.yaml/columns/1/type", "txt", ["column driver", "type 'txt'"]),
        ("car.yaml/columns/1/type", "owner", ["column driver", "type 'owner'"]),
        ("car.yaml/columns/1/required", "yes please", ["column driver", "required must be bool"]),
        ("car.yaml/columns/2/target", "color", ["column colour", "target 'color'"]),
        ("car.yaml/columns/2/default", "Green", ["column colour", "'Green' is no value of colour"]),
        ("car.yaml/columns/3/choices", [], ["column fuel", "a choice needs choices"]),
        ("car.yaml/columns/3/default", "steam", ["column fuel", "default 'steam'"]),
        ("car.yaml/columns/4/default", 12, ["column seats", "outside minimum and maximum"]),
        ("car.yaml/columns/4/default", True, ["column seats", "default must be int"]),
        ("car.yaml/columns/5/pattern", "CAR-{}'; --", ["column ticket", "pattern"]),
        ("car.yaml/object", "Car", ["a code is a lower-case letter"]),
        ("car.yaml/object", "colour", ["an object with this code is declared twice"]),
        ("car.yaml/display", "colour", ["display 'colour'"]),
        ("car.yaml/display", "driver", ["display 'driver' must be required"]),
        ("car.yaml/layout/list/0", "plates", ["layout: list: unknown column 'plates'"]),
        ("car.yaml/layout/list/1", "plate", ["column 'plate' is given twice"]),
        ("car.yaml/layout/sort/0", "colour", ["layout: sort: colour"]),
        ("car.yaml/layout/groups/0/columns/0", "created_at", ["layout: groups: unknown column 'created_at'"]),
        ("car.yaml/layout/details/0/column", "colour", ["car.colour is no lookup to car"]),
        ("car.yaml/layout/stage", "seats", ["stage 'seats'"]),
        ("lists.yaml/lookups/0/values/1", "Red", ["colour", "'Red' is given twice"]),
        ("lists.yaml/lookups/0/values/1", {"name": "Blue", "rgb": 1}, ["colour", "unknown key 'rgb'"]),
        ("package.yaml/files/0", "../car.yaml", ["'../car.yaml' is not a file of this folder"]),
        ("package.yaml/files/0", "cars.yaml", ["there is no file 'cars.yaml'"]),
        ("package.yaml/workplaces/0/groups/0/sections/0", "lorry", ["yard", "unknown object 'lorry'"]),
    ],
)
def test_a_refusal_names_file_object_and_key(
    tmp_path: Path, path: str, value: object, names: list[str]
) -> None:
    files = make_declaration()
    objects.read_package(write(tmp_path, files))
    change(files, path, value)

    with pytest.raises(objects.PackageRefused) as refused:
        objects.read_package(write(tmp_path, files))

    assert [name for name in names if name not in refused.value.message] == []


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    files = write(tmp_path, make_declaration())
    text = (files / "car.yaml").read_text()
    (files / "car.yaml").write_text(text + "icon: lorry\n")

    with pytest.raises(objects.PackageRefused, match=r"car\.yaml: line \d+: key 'icon' is given twice"):
        objects.read_package(files)


def test_what_is_no_yaml_is_refused_with_its_file(tmp_path: Path) -> None:
    files = write(tmp_path, make_declaration())
    (files / "car.yaml").write_text("object: [car")

    with pytest.raises(objects.PackageRefused, match=r"^car\.yaml: not readable as YAML"):
        objects.read_package(files)


def test_a_lookup_may_lead_out_of_the_package_to_what_is_known(tmp_path: Path) -> None:
    files = make_declaration()
    files["car.yaml"]["columns"].append({"column": "seller", "type": "lookup", "target": "account"})
    folder = write(tmp_path, files)

    assert (
        objects.read_package(folder, known=["account"]).objects["car"].columns["seller"].target == "account"
    )
    with pytest.raises(objects.PackageRefused, match="target 'account'"):
        objects.read_package(folder)

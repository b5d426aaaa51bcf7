"""Rules and formulas as declarations: read strictly, written back as they were, computed without surprise."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from ostiary.objects import public as objects
from ostiary.objects._formula import BadFormula
from ostiary.objects._package_file import package_document, read_package_document

HEAD = {
    "package": "yard",
    "caption": "Yard",
    "version": "1",
    "objects": [
        {
            "lookup": "phase",
            "caption": "Phase",
            "plural": "Phases",
            "policy": {
                "class": "public",
                "personal_data": "none",
                "retention": {"months": 0, "after": "created", "then": "keep"},
            },
            "columns": [{"column": "is_done", "type": "boolean"}],
            "values": ["Begun", {"name": "Done", "is_done": True}],
        }
    ],
}
BOAT = """
object: boat
caption: Boat
plural: Boats
icon: box
display: name
policy: {class: internal, personal_data: none, retention: {months: 0, after: created, then: keep}}
columns:
  - {column: name, type: text, required: true}
  - {column: phase, type: lookup, target: phase}
  - {column: above, type: lookup, target: boat}
  - {column: price, type: money}
  - {column: cost, type: money, class: restricted}
  - {column: tax, type: money, computed: price * 0.2}
  - {column: sold_on, type: date}
  - {column: buyer, type: text}
rules:
  stages:
    column: phase
    final: {is_done: true}
    one_way: true
    transitions: [{from: {is_done: false}, to: {is_done: [true, false]}}]
    enter:
      - to: {is_done: true}
        from: {is_done: false}
        require: [buyer]
        set: {sold_on: today}
        fill: {price: 5}
  any_of: [{columns: [buyer, price]}]
  trees: [above]
layout: {list: [name], sort: [name], groups: [{caption: Boat, columns: [name]}]}
"""


def package_of(boat: dict[str, Any]) -> objects.Package:
    return read_package_document({**HEAD, "objects": [*HEAD["objects"], boat]}, known=())


def test_rules_are_written_back_as_they_were_read() -> None:
    package = package_of(yaml.safe_load(BOAT))
    made = package.objects["boat"]
    assert made.rules.stages is not None
    assert made.rules.stages.enter[0].require == ("buyer",)
    assert made.columns["tax"].computed
    again = read_package_document(package_document(package))
    assert again.objects == package.objects


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("require: [buyer]", "require: [byer]", "unknown column 'byer'"),
        ("to: {is_done: true}\n", "to: {is_dun: true}\n", "phase has no column 'is_dun'"),
        ("trees: [above]", "trees: [phase]", "phase is no lookup to boat itself"),
        ("set: {sold_on: today}", "set: {sold_on: now}", "now is no value of sold_on"),
        ("set: {sold_on: today}", "set: {phase: none}", "is not the stage itself"),
        ("price * 0.2", "price * cost", "more closed"),
        ("price * 0.2", "price * name", "'name' is no number or date"),
        ("price * 0.2", "price *", "is missing"),
        ("price * 0.2", "sum(boat.price)", "circle"),
        ("price * 0.2", "sum(ship.price)", "there is no ship.price to add up"),
        ("one_way: true", "one_way: true\n    two_way: true", "unknown key 'two_way'"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(old: str, new: str, words: str) -> None:
    package_of(yaml.safe_load(BOAT))
    with pytest.raises(objects.PackageRefused) as refused:
        package_of(yaml.safe_load(BOAT.replace(old, new)))
    assert words in refused.value.message


def test_formulas_compute_and_never_fail() -> None:
    values = {"n": Decimal(3), "p": Decimal("2.50"), "d": None, "on": date(2026, 12, 31), "zero": Decimal(0)}

    def value(text: str) -> Any:
        return objects.evaluate(objects.read_formula(text), values)

    assert value("n * p * (1 - d / 100)") == Decimal("7.5")
    assert value("n + p * 2 - 1") == Decimal("7.00")
    assert value("on - n") == date(2026, 12, 28)
    assert value("band(n, 0, low, 3, high)") == "high"
    assert value("d * 2") is None
    assert value("n / zero") is None
    assert value("on * n") is None


@pytest.mark.parametrize(
    "text", ["", "1 +", "a b", "f(a)", "sum(a)", "a; b", "__import__", "(" * 30, "1" * 600]
)
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(BadFormula):
        objects.read_formula(text)


def test_the_package_of_the_product_is_read_with_its_rules(tmp_path: Path) -> None:
    (tmp_path / "package.yaml").write_text(
        "package: yard\ncaption: Yard\nversion: '1'\nfiles: [boat.yaml]\nworkplaces: []\n"
    )
    boat = BOAT.replace(
        "phase, type: lookup, target: phase", "phase, type: choice, choices: [{code: a}, {code: b}]"
    )
    boat = boat.replace("{is_done: [true, false]}", "{code: [a, b]}").replace("{is_done: true}", "{code: b}")
    (tmp_path / "boat.yaml").write_text(
        boat.replace("{is_done: false}", "{code: a}").replace("phase: none", "")
    )
    made = objects.read_package(tmp_path).objects["boat"]
    assert made.rules.stages is not None
    assert made.rules.stages.final is not None
    assert made.rules.stages.final.fits({"code": "b"})

"""The mapping file: what is accepted, and that every refusal says where."""

from decimal import Decimal

import pytest

from ostiary.records._import_errors import ImportRefused
from ostiary.records._import_mapping import Missing, OrganisationStep, RowsStep, parse_mapping

ROWS = """
name: sample
steps:
  - kind: rows
    name: accounts
    file: accounts.csv
    object: account
    key: [name]
    aliases:
      sector: {Technolgy: technology}
    columns:
      name: account
      revenue: {from: revenue, factor: 1000000}
      industry: {from: sector, missing: create}
      parent: {from: subsidiary_of, later: true}
      title: {template: ["{account} in {sector}", "{account}"]}
      source: {constant: file}
"""
ORGANISATION = """
name: sample
steps:
  - kind: organisation
    name: team
    file: teams.csv
    columns: {member: agent, manager: manager, office: office}
    parent: {code: sales, name: Sales}
    office_name: "{office} office"
    team_name: Team {manager}
    functional_role: sales
    email: "{login}@example.com"
    heads: {Central: Ada Bell}
"""


def test_a_rows_step_is_read_with_its_short_and_long_forms() -> None:
    (step,) = parse_mapping(ROWS, name="m.yaml").steps
    assert isinstance(step, RowsStep)
    assert step.columns["name"].source == "account"
    assert step.columns["revenue"].factor == Decimal(1000000)
    assert step.columns["industry"].missing is Missing.CREATE
    assert step.columns["title"].templates == ("{account} in {sector}", "{account}")
    assert step.aliases == {"sector": {"technolgy": "technology"}}
    assert step.reads == {"account", "revenue", "sector", "subsidiary_of"}


def test_an_organisation_step_is_read() -> None:
    (step,) = parse_mapping(ORGANISATION, name="m.yaml").steps
    assert isinstance(step, OrganisationStep)
    assert step.heads == {"Central": "Ada Bell"}
    assert step.reads == {"agent", "manager", "office"}


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ("kind: rows", "kind: row", "m.yaml: step 1: kind must be one of"),
        ("key: [name]", "key: []", "step 1 (accounts): key is missing"),
        ("key: [name]", "key: [number]", "key column number is not among the columns"),
        ("key: [name]", "key: [parent]", "key column parent cannot be filled later"),
        ("object: account", "objects: account", "object is missing"),
        ("factor: 1000000", "factor: many", "columns: revenue: factor must be a number"),
        ("missing: create", "missing: invent", "columns: industry: missing must be one of"),
        ("missing: create", "mising: create", "columns: industry: unknown key 'mising'"),
        ("constant: file", "constant: file, from: sector", "columns: source: exactly one of"),
        ("      name: account\n", "      name: account\n      name: sector\n", "'name' is given twice"),
        ("later: true", "later: maybe", "columns: parent: later must be bool"),
        ("{Technolgy: technology}", "{Technolgy: yes}", "aliases: sector must give texts for texts"),
        (
            "    object: account",
            "    ignore: [sector]\n    object: account",
            "ignored and used at once: sector",
        ),
        ("    object: account", "    delimiter: ;;\n    object: account", "delimiter must be one character"),
        ("name: sample", "name: [", "not readable as YAML"),
    ],
)
def test_a_fault_is_refused_where_it_stands(was: str, now: str, says: str) -> None:
    parse_mapping(ROWS, name="m.yaml")
    assert was in ROWS
    with pytest.raises(ImportRefused) as refused:
        parse_mapping(ROWS.replace(was, now, 1), name="m.yaml")
    assert says in refused.value.message


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ("Team {manager}", "Team", "team_name needs {manager} once"),
        ("parent: {code: sales, name: Sales}", "parent: {code: sales}", "parent: name is missing"),
        ("parent: {code: sales, name: Sales}", "parent: {code: s, name: S, x: y}", "parent: unknown key 'x'"),
        ("{Central: Ada Bell}", "[Ada Bell]", "heads must be dict"),
    ],
)
def test_a_fault_of_an_organisation_is_refused(was: str, now: str, says: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        parse_mapping(ORGANISATION.replace(was, now, 1), name="m.yaml")
    assert says in refused.value.message


def test_two_steps_need_two_names() -> None:
    step = ROWS.split("steps:\n")[1]
    with pytest.raises(ImportRefused, match="names of their own: accounts"):
        parse_mapping(ROWS + step, name="m.yaml")

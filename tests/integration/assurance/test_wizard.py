"""Roles proposed from job functions give what was asked for and no more, and leave other roles alone."""

import pytest

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel, Operation
from ostiary.assurance import public as assurance
from ostiary.crm import public as crm
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid
from ostiary.objects import public as objects
from ostiary.objects.public import DataClass
from ostiary.records import public as records
from tests.integration.records._people import person

FUNCTIONS = {function.code: function for function in crm.job_functions()}


def choice(function: str, **more: object) -> assurance.FunctionChoice:
    return assurance.FunctionChoice(function, **more)  # type: ignore[arg-type]  # by the name of each


@pytest.mark.parametrize("function", list(FUNCTIONS))
def test_a_function_gives_what_its_work_needs_and_no_more(admin: Context, function: str) -> None:
    wanted = choice(function, read_upto=DataClass.CONFIDENTIAL, edit_upto=DataClass.INTERNAL)
    assurance.apply_changes(admin, assurance.propose_roles(admin, [wanted]).plan.changes)
    worker = person(admin, f"wizard.{function}", function)
    for code, letters in FUNCTIONS[function].objects.items():
        view = records.describe(worker, code)
        assert {verb.letter for verb in view.verbs} == set(letters)
        for column in view.object.columns.values():
            if column.takes_rows and not column.sealed:
                level = view.columns[column.code]
                assert (level >= ColumnLevel.READ) == (column.data_class <= DataClass.CONFIDENTIAL), column
                may_edit = column.data_class <= DataClass.INTERNAL and bool(set(letters) & set("cu"))
                assert (level is ColumnLevel.EDIT) == may_edit, column
    assert not access.may_operate(worker, Operation.EXPORT_LIST)


def test_a_proposal_is_a_difference_and_asked_again_there_is_none(admin: Context) -> None:
    wanted = [choice("sales", export=True, records=assurance.Records.CHANGE_ALL), choice("finance")]
    proposal = assurance.propose_roles(admin, wanted)
    assert "+ operation CanExportGrid: sales yes" in proposal.plan.lines
    assert any("records made by all_employees to sales" in line for line in proposal.plan.lines)
    others = {"service", "marketing", "system_administrators"}
    assert not [line for line in proposal.plan.lines if others & set(line.split())]
    read = assurance.plan_file(admin, proposal.text)[0]
    assert sorted(read.lines) == sorted(proposal.plan.lines)
    assurance.apply_changes(admin, proposal.plan.changes)
    assert assurance.propose_roles(admin, wanted).plan.changes == ()
    assert access.may_operate(person(admin, "wizard.ann", "sales"), Operation.EXPORT_LIST)


def test_a_tenant_without_the_roles_gets_them(admin: Context) -> None:
    for code in ("sales", "finance"):
        admin.db.run("update @.identity_unit set code = 'old' || code where code = %(c)s", {"c": code})
    identity.bump_epoch(admin)
    proposal = assurance.propose_roles(admin, [choice("sales")])
    assert "+ role sales: Sales" in proposal.plan.lines
    assurance.apply_changes(admin, proposal.plan.changes)
    assert records.describe(person(admin, "wizard.bob", "sales"), "lead").verbs
    assert identity.find_unit(admin, "finance") is None


@pytest.mark.parametrize(
    ("choices", "field"),
    [
        ([], "function"),
        ([choice("sales"), choice("sales")], "function"),
        ([choice("cooking")], "function"),
        ([choice("sales", read_upto=None, edit_upto=DataClass.PUBLIC)], "sales_edit"),
    ],
)
def test_what_makes_no_sense_is_refused(
    admin: Context, choices: list[assurance.FunctionChoice], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        assurance.propose_roles(admin, choices)
    assert refused.value.errors[0].field == field


def test_it_is_for_those_who_manage_rights(admin: Context) -> None:
    somebody = person(admin, "wizard.eve", "sales")
    with pytest.raises(AccessDenied):
        assurance.propose_roles(somebody, [choice("sales")])
    assert assurance.propose_roles(admin, [choice("sales")]).text


def test_every_function_speaks_of_objects_that_there_are(admin: Context) -> None:
    packaged = objects.get_catalogue(admin).objects.keys()
    assert [code for f in FUNCTIONS.values() for code in f.objects if code not in packaged] == []

"""The page that proposes roles from job functions: the difference first, then saved; bad input named."""

from collections.abc import Iterator

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.ids import PrincipalId
from ostiary.records import public as records
from tests._tenants import Installation
from tests.integration.web._desk import Desk, opened, text_of

FORM = {
    "marketing": "yes",
    "marketing_read": "internal",
    "marketing_edit": "public",
    "marketing_records": "own",
    "marketing_export": "yes",
}


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Iterator[Desk]:
    with opened("wizard") as made:
        yield made


def test_a_proposal_is_looked_at_and_then_saved(desk: Desk) -> None:
    assert "Works on: Accounts" in text_of(desk.admin.get("/rights/wizard"))
    said, saved = desk.admin.save("/rights/wizard", FORM)
    assert "+ operation CanExportGrid: marketing yes" in said
    assert "Gained: this gives more than before" in said
    assert (saved.status, saved.headers["Location"]) == (302, "/rights/wizard?done=decided")
    again = desk.admin.post("/rights/wizard", FORM)
    assert "there is nothing to change" in text_of(again)
    with desk.inside() as ctx:
        role = identity.find_unit(ctx, "marketing")
        assert role
        worker = access.create_person(ctx, login="wizard.mia", name="Mia", email="")
        access.add_member(ctx, worker, role)
        mia = ctx.acting_as(PrincipalId(worker))
        assert access.may_operate(mia, access.Operation.EXPORT_LIST)
        assert {verb.letter for verb in records.describe(mia, "account").verbs} == {"r"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Choose at least one function"),
        ({**FORM, "marketing_read": "all"}, "Choose one of the classes"),
        ({**FORM, "marketing_read": "", "marketing_edit": "internal"}, "choose a higher class to read"),
        ({**FORM, "marketing_records": "all"}, "Choose which records"),
    ],
)
def test_bad_input_is_named(desk: Desk, fields: dict[str, str], said: str) -> None:
    refused = desk.admin.post("/rights/wizard", fields)
    assert (refused.status, said in text_of(refused)) == (422, True), text_of(refused)


def test_it_is_for_those_who_manage_rights(desk: Desk) -> None:
    for somebody in (desk.hana, desk.people["ann"]):
        assert somebody.get("/rights/wizard").status == 403
        assert somebody.post("/rights/wizard", FORM).status == 403
    assert desk.admin.get("/rights/wizard").status == 200

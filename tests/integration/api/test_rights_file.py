"""Rights as code over HTTP: taken out, planned, applied; roles proposed; for who manages rights alone."""

import json
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler

from ostiary.access import public as access
from ostiary.crm import public as crm
from ostiary.project._tenants import NewTenant
from tests._site import Answer, Site
from tests._tenants import Installation
from tests.integration.objects._worlds import inside, make_home

FILE, PLAN = "/api/v1/rights/file", "/api/v1/rights/file/plan"
APPLY, PROPOSAL = "/api/v1/rights/file/apply", "/api/v1/rights/proposal"


class Asking:
    """Somebody's key."""

    def __init__(self, host: str, key: str) -> None:
        self.site, self.key = Site(WSGIHandler(), host), key

    def get(self, url: str) -> Answer:
        return self.site.ask("GET", url, b"", HTTP_AUTHORIZATION=f"Bearer {self.key}")

    def post(self, url: str, **body: Any) -> Answer:
        given = {"HTTP_AUTHORIZATION": f"Bearer {self.key}", "CONTENT_TYPE": "application/json"}
        return self.site.ask("POST", url, json.dumps(body).encode(), **given)


@pytest.fixture(scope="module")
def callers(installation: Installation) -> tuple[Asking, Asking]:
    """The administrator, and somebody with no operation."""
    host = f"rightsfile{installation.worker}.test"
    home: NewTenant = make_home("rightsfile", [host])
    with inside(home) as ctx:
        crm.install(home.tenant, ctx)
    with inside(home) as ctx:
        other = access.create_person(ctx, login="ann", name="Ann", email="")
        keys = [access.create_api_key(ctx, who, "key") for who in (home.administrator, other)]
    return Asking(host, keys[0]), Asking(host, keys[1])


def test_a_file_is_taken_planned_and_applied(callers: tuple[Asking, Asking]) -> None:
    admin, _ = callers
    got = admin.get(FILE)
    text = got.body.decode()
    assert (got.status, got.headers["Content-Type"]) == (200, "application/yaml; charset=utf-8")
    assert json.loads(admin.post(PLAN, text=text).body)["differs"] is False
    row = "    - {unit: system_administrators, allow: true}\n"
    wider = text.replace(f"CanExportGrid:\n    rows:\n{row}", f"CanExportGrid:\n    rows:\n{row}"
                         "    - {unit: all_employees, allow: true}\n")  # fmt: skip
    planned = json.loads(admin.post(PLAN, text=wider).body)
    assert planned["changes"] == ["+ operation CanExportGrid: all_employees yes"]
    assert (planned["widens"], planned["exact"]) == (True, True)
    assert any(line.startswith("+ execute CanExportGrid -- Ann") for line in planned["impact"])
    refused = admin.post(APPLY, text=wider)
    assert (refused.status, json.loads(refused.body)["code"]) == (422, "assurance.widens")
    assert admin.get(FILE).body.decode() == text
    assert admin.post(APPLY, text=wider, allow_widen=True).status == 200
    assert admin.get(FILE).body.decode() == wider


def test_roles_are_proposed_as_a_part_of_a_file(callers: tuple[Asking, Asking]) -> None:
    admin, _ = callers
    found = admin.post(
        PROPOSAL, functions=[{"function": "sales", "read_upto": "internal", "edit_upto": None}]
    )
    proposal = json.loads(found.body)
    assert (found.status, bool(proposal["changes"])) == (200, True)
    assert json.loads(admin.post(PLAN, text=proposal["text"]).body)["changes"]


def test_it_is_for_those_who_manage_rights(callers: tuple[Asking, Asking]) -> None:
    admin, ann = callers
    text = admin.get(FILE).body.decode()
    answers = [ann.get(FILE), ann.post(PLAN, text=text), ann.post(APPLY, text=text, allow_widen=True),
               ann.post(PROPOSAL, functions=[{"function": "sales"}])]  # fmt: skip
    assert [each.status for each in answers] == [403] * 4
    assert {json.loads(each.body)["operation"] for each in answers} == {"CanManageAdministration"}


@pytest.mark.parametrize(
    ("url", "body", "field"),
    [
        (PLAN, {}, "text"),
        (PLAN, {"text": "", "more": 1}, "more"),
        (APPLY, {"text": "", "allow_widen": "yes"}, "allow_widen"),
        (PROPOSAL, {"functions": "sales"}, "functions"),
        (PROPOSAL, {"functions": [{}]}, "functions"),
        (PROPOSAL, {"functions": [{"function": "sales", "read_upto": "all"}]}, "read_upto"),
        (PROPOSAL, {"functions": [{"function": "sales", "records": "all"}]}, "records"),
        (PROPOSAL, {"functions": [{"function": "cooking"}]}, "function"),
    ],
)
def test_bad_input_names_the_field(
    callers: tuple[Asking, Asking], url: str, body: dict[str, Any], field: str
) -> None:
    refused = callers[0].post(url, **body)
    assert refused.status == 422
    assert [error["field"] for error in json.loads(refused.body)["errors"]] == [field]


def test_an_unreadable_file_is_refused_in_words(callers: tuple[Asking, Asking]) -> None:
    refused = callers[0].post(PLAN, text="roles: [")
    assert (refused.status, json.loads(refused.body)["code"]) == (422, "objects.package_refused")

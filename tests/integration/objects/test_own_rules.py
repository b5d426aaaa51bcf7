"""An object of one's own has the rules that the CRM has: by a change, over REST, in an export."""

import json
from typing import Any

from django.core.handlers.wsgi import WSGIHandler

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.objects import public as objects
from ostiary.records import public as records
from tests._site import Site
from tests._tenants import Installation
from tests.integration.objects._worlds import apply, column, inside, make_home, open_to_all

REFIT = """
change: create_object
object: refit
caption: Refit
plural: Refits
icon: tool
display: name
history: true
versions: [name]
policy: {class: internal, personal_data: none, retention: {months: 0, after: created, then: keep}}
columns:
  - {column: name, type: text, required: true}
  - column: state
    type: choice
    required: true
    default: planned
    choices: [{code: planned}, {code: begun}, {code: done}]
  - {column: yard, type: text}
  - {column: hours, type: integer}
  - {column: rate, type: money}
  - {column: cost, type: money, computed: hours * rate}
  - {column: done_on, type: date}
rules:
  stages:
    column: state
    final: {code: done}
    one_way: true
    transitions:
      - {from: {code: planned}, to: {code: begun}}
      - {from: {code: begun}, to: {code: [planned, done]}}
    enter:
      - {to: {code: begun}, require: [yard]}
      - {to: {code: done}, set: {done_on: today}}
layout: {list: [name, state], sort: [name], stage: state, groups: [{caption: Refit, columns: [name, state]}]}
"""


def test_rules_of_ones_own_object_hold_over_rest_and_survive_a_rename(installation: Installation) -> None:
    host = f"refit{installation.worker}.test"
    home = make_home(f"refit{installation.worker}", [host])
    apply(home, REFIT)
    with inside(home) as ctx:
        open_to_all(ctx, "refit")
        for log in ("refit_history", "refit_version"):
            everyone = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
            assert everyone is not None
            made = objects.find_object(ctx, log)
            access.set_object_rows(ctx, made.id, [(everyone, set(access.Verb))])
            rows = [(everyone, access.ColumnLevel.READ)]
            access.set_columns_rows(ctx, made.id, {c.id: rows for c in made.columns.values() if c.takes_rows})
        key = access.create_api_key(ctx, home.administrator, "key")
    site = Site(WSGIHandler(), host)

    def send(method: str, url: str, **body: object) -> tuple[int, Any]:
        headers = {"HTTP_AUTHORIZATION": f"Bearer {key}", "CONTENT_TYPE": "application/json"}
        answer = site.ask(
            method, f"/api/v1/records/{url}", json.dumps(body).encode() if body else b"", **headers
        )
        return answer.status, json.loads(answer.body) if answer.body else {}

    made_status, refit = send("POST", "refit", name="Hull", hours=10, rate=20)
    assert (made_status, refit["cost"]) == (201, 200)
    here = f"refit/{refit['id']}"
    status, problem = send("PATCH", here, state="done", version=1)
    assert status == 422
    assert [(e["field"], e["code"]) for e in problem["errors"]] == [("state", "stage_transition")]
    status, problem = send("PATCH", here, state="begun", version=1)
    assert [(e["field"], e["code"]) for e in problem["errors"]] == [("yard", "stage_required")]
    apply(home, "{change: rename_column, object: refit, column: yard, to: shipyard}")
    apply(home, "{change: rename_column, object: refit, column: rate, to: hourly}")
    apply(home, column("more", of="refit"))
    assert send("PATCH", here, state="begun", version=1)[0] == 422
    assert send("PATCH", here, state="begun", shipyard="North", name="Hull and keel", version=1)[0] == 200
    assert send("PATCH", here, state="done", version=2)[1]["done_on"] is not None
    status, problem = send("PATCH", here, state="begun", version=3)
    assert [(e["field"], e["code"]) for e in problem["errors"]] == [("state", "stage_final")]
    periods = send("GET", "refit_history")[1]["records"]
    assert sorted(p["stage"] for p in periods) == ["begun", "planned"]
    assert [v["name"] for v in send("GET", "refit_version")[1]["records"]] == ["Hull"]
    assert send("POST", "refit_history", parent=refit["id"])[0] == 403
    with inside(home) as ctx:
        chosen = ["refit", "refit_history", "refit_version"]
        content = records.export_package(ctx, "yard", "Yard", "1", chosen=chosen)
    package = objects.read_package_file(content)
    stages = package.objects["refit"].rules.stages
    assert stages is not None
    assert {entry.require for entry in stages.enter} == {("shipyard",), ()}  # by the code of now
    assert package.objects["refit"].columns["cost"].formula == "hours * hourly"
    assert package.objects["refit_history"].log

"""What the registry says of routes and commands of `access` is so: each is driven with and without the right.

With the right the declared event comes; without it the answer is a refusal, nothing changes, and the refusal
is an event. A route that has no scenario here fails.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from ostiary.access import public as access
from ostiary.crm import public as crm
from ostiary.identity import public as identity
from ostiary.jobs import public as jobs
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied
from ostiary.kernel.ids import PrincipalId
from ostiary.objects import public as objects
from ostiary.project import registry
from ostiary.project._tenants import create_tenant
from ostiary.project._transport import Transport
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._jobs import as_owner
from tests._site import Answer
from tests._tenants import Installation, TestTenant
from tests.integration.project._registry_bulk import BULK
from tests.integration.project._registry_dashboards import DASHBOARDS
from tests.integration.project._registry_duplicates import DUPLICATES
from tests.integration.project._registry_exchange import EXCHANGE
from tests.integration.project._registry_hand_over import HAND_OVER
from tests.integration.project._registry_lists import LISTS
from tests.integration.project._registry_matrix import MATRIX
from tests.integration.project._registry_people import PEOPLE, make_person
from tests.integration.project._registry_record import RECORD
from tests.integration.project._registry_rights import RIGHTS
from tests.integration.project._registry_why import WHY
from tests.integration.project._registry_world import PASSWORD, REFUSED, Browser, Program, Scenario, World


@pytest.fixture(scope="module")
def world(installation: Installation) -> Iterator[World]:
    made = create_tenant(
        f"reg{installation.worker}",
        "Registry",
        ["registry.test"],
        login="ada",
        person="Ada Admin",
        email="ada@example.com",
        password=PASSWORD,
    )
    with tenancy.transaction(made.tenant) as db:
        ctx = Context(made.tenant.id, db, PrincipalId(made.administrator), Channel.CLI)
    crm.install(made.tenant, ctx)
    people = {"ada": made.administrator}
    with tenancy.transaction(made.tenant) as db:
        ctx = Context(made.tenant.id, db, PrincipalId(made.administrator), Channel.CLI)
        for login in ("nil", "out"):
            people[login] = access.create_person(
                ctx, login=login, name=f"Person {login}", email="p@example.com"
            )
        account = records.describe(ctx, "account").object.id
        whole = set(access.Verb)
        access.set_object_rows(
            ctx, account, [(people["nil"], set()), (people["ada"], whole), (people["out"], whole)]
        )
        access.set_operation_rows(ctx, access.Operation.EXPORT_LIST, [(people["ada"], True)])
        keys = {who: access.create_api_key(ctx, unit, "registry") for who, unit in people.items()}
    transport = Transport(insecure_http=True)
    with override_settings(**transport.django_settings()), pytest.MonkeyPatch.context() as patch:
        patch.setenv("OSTIARY_INSECURE_HTTP", "1")
        yield World(made.tenant, WSGIHandler(), people, keys, {})
    as_owner("delete from jobs.procrastinate_jobs")
    as_owner("delete from jobs.job")


def of_record(part: str = "") -> Callable[[World], str]:
    return lambda world: f"/o/account/{world.account()}{part}"


def changed_record(part: str) -> Callable[[World], str]:
    """Of a record that ada has just changed."""

    def make(world: World) -> str:
        account = world.account()
        with tenancy.transaction(world.tenant) as db:
            ctx = world.context(db, "ada")
            records.update_record(ctx, "account", UUID(account), {"name": "Changed"}, 1)
        return f"/o/account/{account}{part}"

    return make


def api_record(world: World) -> str:
    return f"/api/v1/records/account/{world.account()}"


def file_of(prefix: str) -> Callable[[World], str]:
    def make(world: World) -> str:
        account = UUID(world.account())
        with tenancy.transaction(world.tenant) as db:
            made = records.attach(world.context(db, "ada"), "account", account, "a.txt", [b"a"])
        return f"{prefix}account_file/{made.id}/content"

    return make


def api_bulk(part: str = "") -> Callable[[World], str]:
    """A change of many records that ada asked for."""

    def make(world: World) -> str:
        with tenancy.transaction(world.tenant) as db:
            made = records.request_bulk(
                world.context(db, "ada"), "account", access.Verb.DELETE, [UUID(world.account())]
            )
        return f"/api/v1/bulk/{made.id}{part}"

    return make


def job(part: str = "", *, failed: bool = True) -> Callable[[World], str]:
    """A job that was given up, or waits."""

    def make(world: World) -> str:
        with tenancy.transaction(world.tenant) as db:
            ctx = world.context(db, "ada")
            thing = records.describe(ctx, "account").object.id
            made = jobs.defer(ctx, "objects.index.build", {"object": thing})
        if failed:
            as_owner("update jobs.job set failed_at = now() where id = %(i)s", {"i": made})
        return f"/jobs/{made}{part}"

    return make


def built_file(world: World) -> str:
    page = world.browser(None).site.get("/sign-in").body.decode()
    found = re.search(r'"(/static/[^"]+)"', page)
    assert found, "no built file on the page"
    return found[1]


ANONYMOUS = (None,)
SCENARIOS: Mapping[str, Scenario] = {
    "GET /api/v1/records/<slug:code>": Scenario(lambda _: "/api/v1/records/account?columns=name"),
    "POST /api/v1/records/<slug:code>": Scenario(lambda _: "/api/v1/records/account", {"name": "New"}),
    "GET /api/v1/records/<slug:code>/count": Scenario(lambda _: "/api/v1/records/account/count"),
    "GET /api/v1/records/<slug:code>/<uuid:record_id>": Scenario(api_record),
    "PATCH /api/v1/records/<slug:code>/<uuid:record_id>": Scenario(
        api_record, {"name": "Other", "version": 1}
    ),
    "DELETE /api/v1/records/<slug:code>/<uuid:record_id>": Scenario(api_record),
    "POST /api/v1/records/<slug:code>/<uuid:record_id>/attachments": Scenario(
        lambda world: f"{api_record(world)}/attachments?name=a.txt"
    ),
    "GET /api/v1/records/<slug:code>/<uuid:record_id>/content": Scenario(file_of("/api/v1/records/")),
    "GET /api/v1/records/<slug:code>/aggregate": Scenario(
        lambda _: "/api/v1/records/account/aggregate?measures=count"
    ),
    "GET /api/v1/records/<slug:code>/export": Scenario(
        lambda _: "/api/v1/records/account/export?columns=name", refused=("nil", "out", None)
    ),
    "GET /api/v1/records/<slug:code>/options/<slug:column>": Scenario(
        lambda _: "/api/v1/records/account/options/parent"
    ),
    "GET /api/v1/records/<slug:code>/<uuid:record_id>/related": Scenario(
        lambda world: f"{api_record(world)}/related"
    ),
    "GET /api/v1/search": Scenario(lambda _: "/api/v1/search?text=many&objects=account"),
    "POST /api/v1/records/<slug:code>/bulk/create": Scenario(
        lambda _: "/api/v1/records/account/bulk/create", {"rows": [{"name": "One of several"}]}
    ),
    "POST /api/v1/records/<slug:code>/bulk/update": Scenario(
        lambda _: "/api/v1/records/account/bulk/update",
        body=lambda world: {"ids": [world.account()], "values": {"name": "Changed together"}},
    ),
    "POST /api/v1/records/<slug:code>/bulk/delete": Scenario(
        lambda _: "/api/v1/records/account/bulk/delete", body=lambda world: {"ids": [world.account()]}
    ),
    "POST /api/v1/records/<slug:code>/bulk/preview": Scenario(
        lambda _: "/api/v1/records/account/bulk/preview",
        body=lambda world: {"verb": "delete", "ids": [world.account()]},
    ),
    "POST /api/v1/records/<slug:code>/<uuid:record_id>/merge": Scenario(
        lambda world: f"{api_record(world)}/merge",
        body=lambda world: {"version": 1, "others": [{"id": world.account()}]},
    ),
    "GET /api/v1/bulk/<uuid:bulk_id>": Scenario(api_bulk()),
    "GET /api/v1/bulk/<uuid:bulk_id>/refused": Scenario(api_bulk("/refused")),
    "POST /api/v1/bulk/<uuid:bulk_id>/cancel": Scenario(api_bulk("/cancel")),
    "GET /api/v1/rights/file": Scenario(lambda _: "/api/v1/rights/file"),
    "POST /api/v1/rights/file/plan": Scenario(lambda _: "/api/v1/rights/file/plan", {"text": "roles: []"}),
    "POST /api/v1/rights/file/apply": Scenario(lambda _: "/api/v1/rights/file/apply", {"text": "roles: []"}),
    "POST /api/v1/rights/proposal": Scenario(
        lambda _: "/api/v1/rights/proposal", {"functions": [{"function": "sales"}]}
    ),
    "GET /": Scenario(lambda _: "/", refused=ANONYMOUS),
    "GET /sign-in": Scenario(lambda _: "/sign-in", everybody=True),
    "POST /sign-in": Scenario(
        lambda _: "/sign-in",
        {"login": "ada", "password": PASSWORD},
        wrong={"login": "ada", "password": "some other words here"},
        everybody=True,
    ),
    "POST /sign-out": Scenario(lambda _: "/sign-out", refused=ANONYMOUS),
    "GET /design": Scenario(lambda _: "/design?theme=dark&contrast=more"),
    "GET /preferences": Scenario(lambda _: "/preferences", refused=ANONYMOUS),
    "POST /preferences": Scenario(
        lambda _: "/preferences", {"language": "en", "time_zone": "Europe/Berlin"}, refused=ANONYMOUS
    ),
    "GET /w/<slug:code>": Scenario(lambda _: "/w/sales", refused=ANONYMOUS),
    "GET /static/<str:name>": Scenario(built_file, everybody=True),
    "GET /o/<slug:code>/new": Scenario(lambda _: "/o/account/new"),
    "POST /o/<slug:code>/new": Scenario(lambda _: "/o/account/new", {"name": "New on a page"}),
    "GET /o/<slug:code>/<uuid:record_id>": Scenario(of_record()),
    "GET /o/<slug:code>/<uuid:record_id>/edit": Scenario(of_record("/edit")),
    "POST /o/<slug:code>/<uuid:record_id>/edit": Scenario(of_record("/edit"), {"name": "Changed on a page"}),
    "POST /o/<slug:code>/<uuid:record_id>/undo": Scenario(changed_record("/undo"), {"version": "2"}),
    "GET /o/<slug:code>/<uuid:record_id>/delete": Scenario(of_record("/delete")),
    "POST /o/<slug:code>/<uuid:record_id>/delete": Scenario(of_record("/delete")),
    "POST /o/<slug:code>/<uuid:record_id>/attachments": Scenario(of_record("/attachments"), file=b"a"),
    "GET /o/<slug:code>/<uuid:record_id>/content": Scenario(file_of("/o/")),
    "GET /search": Scenario(lambda _: "/search?q=one", refused=(None,)),
    "GET /search/found": Scenario(lambda _: "/search/found?q=one", refused=(None,)),
    "GET /lookup/<slug:code>/<slug:column>": Scenario(lambda _: "/lookup/contact/account?q=One"),
    "GET /jobs": Scenario(lambda _: "/jobs"),
    "GET /jobs/<uuid:job_id>": Scenario(job()),
    "GET /jobs/<uuid:job_id>/discard": Scenario(job("/discard")),
    "POST /jobs/<uuid:job_id>/discard": Scenario(job("/discard", failed=False)),
    "POST /jobs/<uuid:job_id>/retry": Scenario(job("/retry")),
    **LISTS,
    **BULK,
    **PEOPLE,
    **RECORD,
    **RIGHTS,
    **WHY,
    **MATRIX,
    **DASHBOARDS,
    **HAND_OVER,
    **EXCHANGE,
    **DUPLICATES,
    "GET /settings": Scenario(lambda _: "/settings"),
    "GET /settings/<str:code>": Scenario(lambda _: "/settings/ListPageSize"),
    "POST /settings/<str:code>": Scenario(lambda _: "/settings/ListPageSize", {"value": "20"}),
    "GET /-/health": Scenario(lambda _: "/-/health", everybody=True),
    "GET /-/ready": Scenario(lambda _: "/-/ready", everybody=True),
}


def fixed(scenario: Scenario, world: World) -> Scenario:
    """The same with its address and body made now, so that making them leaves no event later."""
    url, fields = scenario.url(world), scenario.body(world) if scenario.body else scenario.fields
    return replace(scenario, url=lambda _: url, fields=fields, body=None)


LINES = {line.name: line for line in registry.routes()}


def ask(
    world: World, line: registry.Line, who: str | None, scenario: Scenario, *, wrong: bool = False
) -> Answer:
    method, address = line.name.split(" ", 1)
    fields = scenario.wrong if wrong else scenario.fields
    url = scenario.url(world)
    client: Browser | Program
    client = world.program(who) if address.startswith("/api/") else world.browser(who)
    if isinstance(client, Program):
        return client.ask(method, url, fields or None)
    return client.ask(method, url, {k: str(v) for k, v in (fields or {}).items()}, scenario.file)


def test_every_route_has_a_scenario() -> None:
    assert set(SCENARIOS) == set(LINES)


@pytest.mark.parametrize("name", SCENARIOS)
def test_with_the_right_the_declared_event_comes(world: World, name: str) -> None:
    line, scenario = LINES[name], SCENARIOS[name]
    prepared = fixed(scenario, world)
    before = world.events().keys()
    answer = ask(world, line, None if scenario.everybody else "ada", prepared)
    after = world.events()
    new = {after[id_] for id_ in after.keys() - before} - {("identity.session.opened", "success")}
    if name == "POST /sign-in":
        new.add(("identity.session.opened", "success"))
        assert len(after) > len(before)
    assert answer.status < 400 or line.name == "GET /-/ready", (answer.status, answer.body[:300])
    if line.silent:
        assert new <= {("records.record.listed", "success")}, "it says that it leaves no event"
    else:
        assert (line.event, "success") in new, new


@pytest.mark.parametrize("name", [n for n, s in SCENARIOS.items() if not s.everybody])
def test_without_the_right_it_is_refused_and_nothing_changes(world: World, name: str) -> None:
    line, scenario = LINES[name], SCENARIOS[name]
    for who in scenario.refused:
        prepared = fixed(scenario, world)
        before, events = world.digest(), world.events().keys()
        answer = ask(world, line, who, prepared)
        after = world.events()
        to_sign_in = answer.status == 302 and answer.headers["Location"].startswith("/sign-in")
        assert answer.status in REFUSED or (who is None and to_sign_in), (
            who,
            answer.status,
            answer.body[:200],
        )
        assert world.digest() == before, who
        new = [after[id_] for id_ in after.keys() - events]
        assert (line.event, "success") not in new, who
        if who is not None:
            assert "denied" in {outcome for _, outcome in new}, (who, new)


def test_a_refused_sign_in_is_an_event(world: World) -> None:
    line, scenario = LINES["POST /sign-in"], SCENARIOS["POST /sign-in"]
    before, events = world.digest(), world.events().keys()
    answer = ask(world, line, None, scenario, wrong=True)
    after = world.events()
    assert answer.status == 422
    assert ("identity.session.refused", "denied") in {after[id_] for id_ in after.keys() - events}
    assert world.digest() == before


# Commands of `access`.


@pytest.fixture
def two_jobs(crm_tenant: TestTenant) -> Iterator[tuple[jobs.JobId, jobs.JobId]]:
    """One that waits and one that was given up."""
    with tenancy.transaction(crm_tenant.tenant) as db:
        ctx = Context(crm_tenant.tenant.id, db, PrincipalId(crm_tenant.administrator), Channel.CLI)
        thing = records.describe(ctx, "account").object.id
        waiting, failed = (jobs.defer(ctx, "objects.index.build", {"object": thing}) for _ in range(2))
    as_owner("update jobs.job set failed_at = now() where id = %(i)s", {"i": failed})
    yield waiting, failed
    as_owner("delete from jobs.procrastinate_jobs")
    as_owner("delete from jobs.job")


READING = access.Grants(read=access.Grant.GRANTED)


def calls(ctx: Context, two_jobs: tuple[jobs.JobId, jobs.JobId]) -> Mapping[str, Callable[[Context], object]]:
    """A call of each command of `access` that would do something."""
    waiting, failed = two_jobs
    person = make_person(ctx, "somebody")
    org = access.create_role(ctx, identity.UnitKind.ORG, "Unit")
    other = access.create_role(ctx, identity.UnitKind.ORG, "Other unit")
    func = access.create_role(ctx, identity.UnitKind.FUNC, "Function")
    member = make_person(ctx, "member")
    access.add_member(ctx, member, org)
    view = records.describe(ctx, "account").object
    column = next(iter(view.columns.values())).id
    grounds = objects.get_catalogue(ctx).grounds
    scope = access.Scope(("owner",), "self")
    access.add_default_rule(ctx, view.id, func, other, read=access.Grant.GRANTED)
    access.add_scope_rule(ctx, grounds, view.id, org, scope, READING)
    access.link(ctx, other, func)
    delegation = access.delegate(ctx, member, person, identity.Period())
    elevation = access.elevate(ctx, member, func, identity.Period(), "on call")
    return {
        "set_operation_rows": lambda c: access.set_operation_rows(
            c, access.Operation.IMPORT, [(person, True)]
        ),
        "set_object_rows": lambda c: access.set_object_rows(c, view.id, [(person, {access.Verb.READ})]),
        "set_column_rows": lambda c: access.set_column_rows(
            c, view.id, column, [(person, access.ColumnLevel.READ)]
        ),
        "set_columns_rows": lambda c: access.set_columns_rows(
            c, view.id, {column: [(person, access.ColumnLevel.READ)]}
        ),
        "set_switches": lambda c: access.set_switches(c, view.id, records=False),
        "add_default_rule": lambda c: access.add_default_rule(
            c, view.id, org, func, read=access.Grant.GRANTED
        ),
        "remove_default_rule": lambda c: access.remove_default_rule(c, view.id, func, other),
        "add_scope_rule": lambda c: access.add_scope_rule(
            c, grounds, view.id, func, access.Scope(("author",), "self"), READING
        ),
        "remove_scope_rule": lambda c: access.remove_scope_rule(c, view.id, org, scope),
        "set_deny_rule": lambda c: access.set_deny_rule(c, view.id, org, func, {access.Verb.READ}),
        "set_carried_right": lambda c: access.set_carried_right(
            c, access.Operation.IMPORT, view.id, {access.Verb.READ}
        ),
        "create_person": lambda c: make_person(c, "another"),
        "change_person": lambda c: access.change_person(
            c, person, name="Other Name", email="", language="de", time_zone="Europe/Berlin"
        ),
        "create_service_account": lambda c: access.create_service_account(c, login="robot", name="Robot"),
        "create_role": lambda c: access.create_role(c, identity.UnitKind.FUNC, "New function"),
        "move_role": lambda c: access.move_role(c, other, org),
        "add_members": lambda c: access.add_members(c, [(person, org)]),
        "add_member": lambda c: access.add_member(c, person, org),
        "rename_role": lambda c: access.rename_role(c, org, "Renamed unit"),
        "merge_roles": lambda c: access.merge_roles(c, other, org),
        "remove_role": lambda c: access.remove_role(c, func),
        "remove_members": lambda c: access.remove_members(c, [(member, org)]),
        "remove_member": lambda c: access.remove_member(c, member, org),
        "link": lambda c: access.link(c, org, func),
        "unlink": lambda c: access.unlink(c, other, func),
        "mark_role": lambda c: access.mark_role(c, func, not_inherited=True),
        "delegate": lambda c: access.delegate(c, person, member, identity.Period()),
        "end_delegation": lambda c: access.end_delegation(c, delegation),
        "elevate": lambda c: access.elevate(c, person, func, identity.Period(), "on call"),
        "end_elevation": lambda c: access.end_elevation(c, elevation),
        "set_attribute": lambda c: access.set_attribute(c, person, "regions", [org]),
        "set_active": lambda c: access.set_active(c, person, active=False),
        "set_password": lambda c: access.set_password(c, person, PASSWORD),
        "create_api_key": lambda c: access.create_api_key(c, person, "a key"),
        "set_setting": lambda c: access.set_setting(c, "ListPageSize", 25),
        "retry_job": lambda c: access.retry_job(c, failed),
        "discard_job": lambda c: access.discard_job(c, waiting),
    }


def new_events(ctx: Context, before: frozenset[UUID]) -> set[tuple[str, str]]:
    rows = ctx.db.rows("select event_id, type, outcome from @.audit_index")
    return {(row[1], row[2]) for row in rows if row[0] not in before}


def known_events(ctx: Context) -> frozenset[UUID]:
    return frozenset(row[0] for row in ctx.db.rows("select event_id from @.audit_index"))


def state_of(ctx: Context) -> list[list[tuple[object, ...]]]:
    tables = ctx.db.rows(
        "select tablename from pg_catalog.pg_tables where schemaname = %(s)s"
        " and tablename ~ '^(identity|access|settings)_'"
        " and tablename !~ '^access_(unit_set|reach)' order by 1",
        {"s": ctx.db.schema},
    )
    found = [ctx.db.rows(f"select md5(t::text) from @.{row[0]} t order by 1") for row in tables]
    return [*found, [(job.id, job.state.value) for job in jobs.list_jobs(ctx)]]


class _Undo(Exception):
    """Leaves a savepoint without keeping anything."""


def test_each_command_of_access_refuses_and_records(
    admin: Context, two_jobs: tuple[jobs.JobId, jobs.JobId]
) -> None:
    call = calls(admin, two_jobs)
    assert set(call) == set(access.COMMANDS)
    nobody = admin.acting_as(PrincipalId(make_person(admin, "nobody")))
    for name, command in sorted(access.COMMANDS.items()):
        before, state = known_events(admin), state_of(admin)
        with pytest.raises(AccessDenied) as refused:
            call[name](nobody)
        assert refused.value.layer == "operation", name
        assert new_events(admin, before) == {("access.operation.denied", "denied")}, name
        assert state_of(admin) == state, name
        before = known_events(admin)
        with suppress(_Undo), admin.db.savepoint():
            call[name](admin)
            assert (command.event, "success") in new_events(admin, before), name
            assert state_of(admin) != state, name
            raise _Undo

"""The pages of system settings: who may, what they show, what a form does."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import PrincipalId, new_id
from ostiary.project._transport import Transport
from ostiary.records import public as records
from ostiary.settings import public as settings
from ostiary.tenancy import public as tenancy
from tests._site import Answer, Site
from tests._tenants import Installation, TestTenant

TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="(\w+)"')


@dataclass
class Browser:
    site: Site

    def get(self, url: str, query: str = "") -> Answer:
        return self.site.get(url, QUERY_STRING=query)

    def post(self, url: str, **fields: str) -> Answer:
        found = TOKEN.search(self.get(url).body)
        assert found
        body = urlencode({"csrfmiddlewaretoken": found[1].decode(), **fields}).encode()
        return self.site.post(url, body, HTTP_ORIGIN=f"http://{self.site.host}")


@pytest.fixture
def inside(crm_tenant: TestTenant) -> Iterator[Context]:
    """The administrator; what the test decides is undone."""
    yield context_of(crm_tenant)
    with tenancy.transaction(crm_tenant.tenant) as db:
        ctx = context_of(crm_tenant).within(db)
        for setting in settings.list_settings():
            access.set_setting(ctx, setting.code, None)


def context_of(tenant: TestTenant) -> Context:
    with tenancy.transaction(tenant.tenant) as db:
        return Context(tenant.tenant.id, db, PrincipalId(tenant.administrator), Channel.CLI)


@pytest.fixture
def browsers(
    crm_tenant: TestTenant, installation: Installation, inside: Context
) -> Iterator[tuple[Browser, Browser]]:
    """Of the administrator, and of somebody who may see settings but decide none about security."""
    with tenancy.transaction(crm_tenant.tenant) as db:
        ctx = inside.within(db)
        other = access.create_person(ctx, login=f"s{new_id()}", name="Sue", email="s@example.com")
        role = identity.find_unit(ctx, "system_administrators")
        assert role
        access.set_operation_rows(ctx, access.Operation.MANAGE_SYSTEM_SETTINGS, [(role, True), (other, True)])
        tokens = [identity.open_session(ctx, PrincipalId(p)) for p in (crm_tenant.administrator, other)]
    transport = Transport(insecure_http=True)
    host = f"{installation.worker}.test"
    with override_settings(**transport.django_settings()), pytest.MonkeyPatch.context() as patch:
        patch.setenv("OSTIARY_INSECURE_HTTP", "1")
        handler = WSGIHandler()
        pair = [Browser(Site(handler, host, cookies={transport.session_cookie: t})) for t in tokens]
        yield pair[0], pair[1]
    with tenancy.transaction(crm_tenant.tenant) as db:
        access.set_active(inside.within(db), other, active=False)


def value_of(tenant: TestTenant, code: str) -> settings.Value:
    with tenancy.transaction(tenant.tenant) as db:
        return settings.get(context_of(tenant).within(db), code)


def test_the_list_shows_every_setting_and_finds_by_words(browsers: tuple[Browser, Browser]) -> None:
    admin, _ = browsers
    page = admin.get("/settings").body.decode()
    for setting in settings.list_settings():
        assert f'href="/settings/{setting.code}"' in page, setting.code
    found = admin.get("/settings", "q=shortest+password").body.decode()
    assert "/settings/MinPasswordLength" in found
    assert "/settings/ListPageSize" not in found
    assert "No such setting" in admin.get("/settings", "q=nothing+like+it").body.decode()


def test_a_value_is_decided_refused_and_put_back(
    browsers: tuple[Browser, Browser], crm_tenant: TestTenant
) -> None:
    admin, _ = browsers
    answer = admin.post("/settings/UserSessionTimeout", value="15 min")
    assert (answer.status, answer.headers["Location"]) == (302, "/settings/UserSessionTimeout?done=decided")
    page = admin.get("/settings/UserSessionTimeout").body.decode()
    assert 'value="15 min"' in page
    assert "Ada Admin" in page  # who changed it
    refused = admin.post("/settings/UserSessionTimeout", value="2 h")
    assert refused.status == 422
    assert "at most 1 h" in refused.body.decode()
    assert 'value="2 h"' in refused.body.decode()  # what was typed stays
    assert str(value_of(crm_tenant, "UserSessionTimeout")) == "0:15:00"
    assert admin.post("/settings/UserSessionTimeout", reset="1").status == 302
    assert str(value_of(crm_tenant, "UserSessionTimeout")) == "1:00:00"


def test_deciding_needs_the_operation_of_the_setting(
    browsers: tuple[Browser, Browser], crm_tenant: TestTenant
) -> None:
    _, sue = browsers
    assert sue.post("/settings/ListPageSize", value="20").status == 302
    assert value_of(crm_tenant, "ListPageSize") == 20
    page = sue.get("/settings/MinPasswordLength")
    assert page.status == 200
    assert "needs the operation CanManageSecuritySettings" in page.body.decode()
    assert sue.post("/settings/MinPasswordLength", value="20").status == 403
    assert sue.post("/settings/MinPasswordLength", reset="1").status == 403
    assert value_of(crm_tenant, "MinPasswordLength") == 15


def test_the_size_of_a_page_is_the_tenant_s(
    browsers: tuple[Browser, Browser], crm_tenant: TestTenant
) -> None:
    admin, _ = browsers
    with tenancy.transaction(crm_tenant.tenant) as db:
        ctx = context_of(crm_tenant).within(db)
        made = [records.create_record(ctx, "product", {"name": f"Thing {n}"}) for n in range(12)]
    try:
        assert "page=2" not in admin.get("/o/product/").body.decode()
        admin.post("/settings/ListPageSize", value="10")
        assert "page=2" in admin.get("/o/product/").body.decode()
    finally:
        with tenancy.transaction(crm_tenant.tenant) as db:
            for record in made:
                records.delete_record(context_of(crm_tenant).within(db), "product", record.id, record.version)


def test_an_unknown_setting_is_absent(browsers: tuple[Browser, Browser]) -> None:
    admin, _ = browsers
    assert admin.get("/settings/ListPageSize").status == 200
    assert admin.get("/settings/NoSuchSetting").status == 404

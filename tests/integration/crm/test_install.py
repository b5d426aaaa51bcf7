"""The CRM in a tenant: objects, values, rights, defaults are there once and stay the administrators' own."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ostiary.access import public as access
from ostiary.crm import public as crm
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied
from ostiary.kernel.ids import UnitId
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant, create_tenant
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation


@pytest.fixture(scope="module")
def home(installation: Installation) -> NewTenant:
    new = create_tenant(
        f"crm{installation.worker}",
        "CRM",
        [],
        login="admin",
        person="Ada Admin",
        email="admin@example.com",
        password=None,
    )
    with inside(new) as ctx:
        crm.install(new.tenant, ctx)
    return new


@contextmanager
def inside(home: NewTenant) -> Iterator[Context]:
    with tenancy.transaction(home.tenant) as db:
        yield Context(home.tenant.id, db, home.administrator, Channel.CLI)


def make_person(ctx: Context, login: str, *roles: str) -> Context:
    """Somebody with functional roles, as context."""
    person = access.create_person(ctx, login=login, name=login.title(), email=f"{login}@example.com")
    for role in roles:
        unit = identity.find_unit(ctx, role)
        assert unit is not None
        access.add_member(ctx, person, unit)
    return ctx.acting_as(UnitId(person))


def test_objects_and_values_are_there(home: NewTenant) -> None:
    package = crm.read()
    with inside(home) as ctx:
        catalogue = objects.get_catalogue(ctx)
        assert catalogue.objects.keys() == package.objects.keys()
        for code, declared in package.values.items():
            page = records.list_records(ctx, records.RecordQuery(code, limit=500))
            assert {r["name"] for r in page.records()} == {row["name"] for row in declared}


def test_defaults_of_lookups_are_records(home: NewTenant) -> None:
    with inside(home) as ctx:
        made = records.create_record(ctx, "opportunity", {"name": "New line"})

        assert made.data["stage"]["display"] == "Qualification"
        assert made.data["number"].startswith("OPP-")
        assert made.data["owner"]["id"] == str(home.administrator)


def test_installing_again_leaves_the_administrators_changes_alone(home: NewTenant) -> None:
    with inside(home) as ctx:
        lead = objects.find_object(ctx, "lead")
        administrators = identity.find_unit(ctx, identity.SYSTEM_ADMINISTRATORS)
        assert administrators is not None
        access.set_object_rows(ctx, lead.id, [(administrators, {access.Verb.READ})])
    with inside(home) as ctx:
        rows = "select unit_id, verbs from @.access_object_row where object_id = %(o)s"
        before = ctx.db.rows(rows, {"o": lead.id})
        plan = crm.install(home.tenant, ctx)

        assert plan.changes_nothing
        assert ctx.db.rows(rows, {"o": lead.id}) == before == [(administrators, "r")]


def test_sales_reads_accounts_and_products_of_others_but_not_their_deals(home: NewTenant) -> None:
    with inside(home) as ctx:
        people = [
            make_person(ctx, login, *roles).actor
            for login, roles in (
                ("writer", ("sales",)),
                ("reader", ("sales",)),
                ("outsider", ()),
                ("keeper", ("sales_managers",)),
            )
        ]
    with inside(home) as ctx:
        writer, reader, outsider, keeper = (ctx.acting_as(person) for person in people)
        account = records.create_record(writer, "account", {"name": "Tindalvale Works"})
        deal = records.create_record(writer, "opportunity", {"name": "Pilot", "account": str(account.id)})
        product = records.create_record(keeper, "product", {"name": "Orbit Sensor"})

        assert records.get_record(reader, "account", account.id).data["name"] == "Tindalvale Works"
        assert records.get_record(reader, "product", product.id).data["name"] == "Orbit Sensor"
        assert deal.id in records.list_records(writer, records.RecordQuery("opportunity")).ids
        assert deal.id not in records.list_records(reader, records.RecordQuery("opportunity")).ids
        with pytest.raises(AccessDenied):
            records.list_records(outsider, records.RecordQuery("account"))


@pytest.mark.parametrize(
    ("code", "column", "role", "other"),
    [
        ("contact", "email", "marketing", "finance"),
        ("contact", "birth_date", "sales_managers", "sales"),
        ("contact", "notes", "service", "marketing"),
        ("account", "credit_limit", "finance", "service"),
        ("opportunity", "discount", "sales", "marketing"),
        ("opportunity", "margin", "sales_managers", "sales"),
        ("opportunity", "walk_away_price", "sales_managers", "finance"),
        ("product", "unit_cost", "finance", "sales_managers"),
        ("case", "internal_notes", "service", "sales"),
        ("case", "compensation", "service_managers", "service"),
    ],
)
def test_closed_columns_open_to_the_roles_that_need_them(
    home: NewTenant, code: str, column: str, role: str, other: str
) -> None:
    """Object rows put aside: the two differ in one role, and the column's level follows it."""
    with inside(home) as ctx:
        chosen = objects.find_object(ctx, code)
        insider = make_person(ctx, f"in.{code}.{column}", role)
        outsider = make_person(ctx, f"out.{code}.{column}", other)

        def level(person: Context) -> access.ColumnLevel:
            return access.current_rights(person).level(chosen.id, chosen.columns[column].id)

        assert level(insider) >= access.ColumnLevel.READ
        assert level(outsider) == access.ColumnLevel.NONE


def test_only_managers_and_administrators_export(home: NewTenant) -> None:
    with inside(home) as ctx:
        manager = make_person(ctx, "chief", "sales", "sales_managers")
        agent = make_person(ctx, "agent", "sales")

        assert access.may_operate(ctx, access.Operation.EXPORT_LIST)
        assert access.may_operate(manager, access.Operation.EXPORT_LIST)
        assert not access.may_operate(agent, access.Operation.EXPORT_LIST)


def test_what_a_new_version_lays_under_an_object_has_the_rights_that_it_has_here(
    installation: Installation, tmp_path: Path
) -> None:
    """Administrators took leads from sales: that leads get files later opens none of these to sales."""
    older = shutil.copytree(crm.FOLDER, tmp_path / "package")
    for name in ("lead", "case"):
        text = (older / f"{name}.yaml").read_text()
        (older / f"{name}.yaml").write_text(text.replace("attachments: true\nnotes: true\n", ""))
    package = objects.read_package(older)
    new = create_tenant(
        f"crmold{installation.worker}", "Old", [], login="admin", person="Ada", email="", password=None
    )
    with inside(new) as ctx:
        rights = objects.read_rights(older / "rights.yaml", package)
        records.install_package(new.tenant, ctx, package, rights=rights)
    with inside(new) as ctx:
        lead = objects.find_object(ctx, "lead")
        marketing = identity.find_unit(ctx, "marketing")
        assert marketing is not None
        access.set_object_rows(ctx, lead.id, [(marketing, {access.Verb.READ})])
    with inside(new) as ctx:
        plan = crm.install(new.tenant, ctx)
        assert sorted(plan.new_objects) == ["case_file", "case_note", "lead_file", "lead_note"]
        sales, marketer = (make_person(ctx, role[:4], role) for role in ("sales", "marketing"))
    with inside(new) as ctx:
        marketer, sales = ctx.acting_as(marketer.actor), ctx.acting_as(sales.actor)
        assert records.describe(marketer, "lead_note").verbs == {access.Verb.READ}
        assert records.describe(sales, "case_note").verbs == {access.Verb.READ}  # creates cases, changes none
        with pytest.raises(AccessDenied):
            records.describe(sales, "lead_note")
        level = records.describe(marketer, "lead_note").columns["text"]
        assert level is access.ColumnLevel.EDIT
        assert "Notes" in [d[0] for d in objects.find_object(ctx, "lead").layout.details]

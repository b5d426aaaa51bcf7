"""Pages over real objects: what a reader may not read is on no page, in no form and in no filter."""

from collections.abc import Iterator
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied, NotFound
from ostiary.pages import public as pages
from ostiary.records import public as records
from ostiary.ui.values import Frame
from tests._tenants import TestTenant, rolled_back

FRAME = Frame("ui/fragment.html", "Halden")
SECRET = 98_765_431


@pytest.fixture
def admin(crm_tenant: TestTenant) -> Iterator[Context]:
    with rolled_back(crm_tenant.tenant) as db:
        yield Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.WEB)


def person(ctx: Context, login: str, code: str) -> Context:
    unit = access.create_person(ctx, login=login, name=login.title(), email=f"{login}@example.com")
    role = identity.find_unit(ctx, code)
    assert role is not None
    access.add_member(ctx, unit, role)
    return ctx.acting_as(unit)


def reader(ctx: Context) -> pages.Reader:
    return pages.make_reader(ctx, pages.Urls(), ZoneInfo("UTC"))


def posted(view: pages.FormView, **typed: str) -> dict[str, list[str]]:
    """The form as a browser would send it, with some fields filled in."""
    values = {"base": [view.base], "version": [str(view.version or "")]}
    for group in view.groups:
        for field in group.fields:
            if field.kind == "readonly":
                continue
            chosen = next((o.value for o in field.options if o.selected), "")
            values[field.name] = [chosen if field.kind == "choice" else field.key or field.value]
            if field.kind == "lookup":
                values[f"{field.name}.text"] = [field.value]
    return values | {name: [text] for name, text in typed.items()}


def test_a_column_below_read_is_nowhere_on_the_pages(admin: Context) -> None:
    sales, finance = person(admin, "sally", "sales"), person(admin, "fina", "finance")
    made = records.create_record(sales, "opportunity", {"name": "Deal"})
    record = records.get_record(finance, "opportunity", made.id)
    records.update_record(finance, "opportunity", made.id, {"margin": SECRET}, record.version)
    query = parse_qs(f"f=margin&o=eq&v={SECRET}&sort=margin&builder=1")

    def everything(ctx: Context) -> str:
        who = reader(ctx)
        return "".join(
            pages.render(view, FRAME)
            for view in (
                pages.record_view(who, "opportunity", made.id),
                pages.edit_form(who, "opportunity", made.id),
                pages.list_view(who, "opportunity", pages.read_state({})),
                pages.list_view(who, "opportunity", pages.read_state(query)),
            )
        )

    shown, hidden = everything(finance), everything(sales)
    assert "98,765,431" in shown
    assert "98,765,431" not in hidden
    assert "may not read Margin" in hidden
    assert "This field is not offered to you" in hidden
    assert "This field is not offered to you" not in shown


def test_a_form_saves_only_what_was_changed_and_refuses_what_may_not_be(admin: Context) -> None:
    sales = person(admin, "sally", "sales")
    account = records.create_record(sales, "account", {"name": "Helios Labs"})
    made = records.create_record(sales, "opportunity", {"name": "Deal", "account": str(account.id)})
    form = pages.edit_form(reader(sales), "opportunity", made.id)
    nothing = pages.submit_edit(reader(sales), "opportunity", made.id, posted(form))
    assert nothing == pages.Saved(made.id)
    assert records.get_record(sales, "opportunity", made.id).version == made.version
    saved = pages.submit_edit(reader(sales), "opportunity", made.id, posted(form, amount="1,200"))
    assert saved == pages.Saved(made.id)
    after = records.get_record(sales, "opportunity", made.id)
    assert (after.data["amount"], after.data["account"]["display"]) == (1200, "Helios Labs")
    with pytest.raises(AccessDenied) as refused:
        pages.submit_edit(reader(sales), "opportunity", made.id, posted(form, margin="5"))
    assert refused.value.layer == "column"


def test_a_conflict_names_both_values_and_takes_over_the_rest(admin: Context) -> None:
    sales = person(admin, "sally", "sales")
    made = records.create_record(sales, "opportunity", {"name": "Deal", "amount": 100})
    form = pages.edit_form(reader(sales), "opportunity", made.id)
    records.update_record(sales, "opportunity", made.id, {"amount": 300, "next_step": "Call"}, made.version)
    refused = pages.submit_edit(reader(sales), "opportunity", made.id, posted(form, amount="200"))
    assert isinstance(refused, pages.Refused)
    assert isinstance(refused.view, pages.FormView)
    assert refused.status == 409
    fields = {f.name: f for group in refused.view.groups for f in group.fields}
    assert (fields["amount"].value, fields["amount"].theirs) == ("200", "300")
    assert (fields["next_step"].value, fields["next_step"].theirs) == ("Call", None)
    theirs = posted(refused.view) | {"take.amount": ["theirs"]}
    assert pages.submit_edit(reader(sales), "opportunity", made.id, theirs) == pages.Saved(made.id)
    assert records.get_record(sales, "opportunity", made.id).data["amount"] == 300
    form = pages.edit_form(reader(sales), "opportunity", made.id)
    assert pages.submit_edit(
        reader(sales), "opportunity", made.id, posted(form, amount="200")
    ) == pages.Saved(made.id)
    assert records.get_record(sales, "opportunity", made.id).data["amount"] == 200


def test_a_lookup_offers_readable_records_alone(admin: Context) -> None:
    one, two = person(admin, "one", "sales"), person(admin, "two", "sales")
    records.create_record(one, "contact", {"name": "Ruth Adeyemi"})
    assert "Ruth Adeyemi" in pages.render_options(reader(one), "opportunity", "contact", "ruth")
    assert "Ruth" not in pages.render_options(reader(two), "opportunity", "contact", "ruth")
    with pytest.raises(NotFound):
        pages.render_options(reader(one), "opportunity", "amount", "ruth")


def test_an_empty_list_never_tells_of_hidden_records(admin: Context) -> None:
    one, two = person(admin, "one", "sales"), person(admin, "two", "sales")

    def said(ctx: Context) -> str:
        view = pages.list_view(reader(ctx), "opportunity", pages.read_state({}))
        return view.empty.title if view.empty else ""

    assert said(two) == "Nothing here is visible to you"
    assert said(admin) == "No opportunities yet"
    records.create_record(one, "opportunity", {"name": "Deal"})
    assert said(two) == "Nothing here is visible to you"
    assert (said(one), said(admin)) == ("", "")


def test_deleting_asks_first_and_tells_what_stands_against_it(admin: Context) -> None:
    boss = person(admin, "boss", "sales_managers")
    account = records.create_record(boss, "account", {"name": "Helios Labs"})
    contact = records.create_record(boss, "contact", {"name": "Ruth", "account": str(account.id)})
    refused = pages.submit_delete(reader(boss), "account", account.id, {})
    assert isinstance(refused, pages.Refused)
    assert "Other records refer to it" in pages.render(refused.view, FRAME)
    for code, made in (("contact", contact), ("account", account)):
        form = pages.delete_form(reader(boss), code, made.id)
        assert isinstance(
            pages.submit_delete(reader(boss), code, made.id, {"version": [str(form.version)]}), pages.Saved
        )
    with pytest.raises(NotFound):
        pages.delete_form(reader(boss), "account", account.id)


def test_the_list_leads_to_the_import_for_those_who_may(admin: Context) -> None:
    sales = person(admin, "sally", "sales")
    urls = [
        pages.list_view(reader(who), "account", pages.read_state({})).import_url for who in (admin, sales)
    ]
    assert urls == ["/o/account/import", ""]


@pytest.mark.parametrize("version", ["", "0", "-1", "1.0", "\u0661", "9" * 30, "9" * 5_000])
def test_a_version_that_is_none_changes_nothing(admin: Context, version: str) -> None:
    made = records.create_record(admin, "account", {"name": "Halden"})
    sent = {"version": [version], "name": ["Other"], ".version": [version]}
    refused = pages.submit_edit(reader(admin), "account", made.id, sent)
    assert isinstance(refused, pages.Refused)
    assert refused.status == 409
    _part, status = pages.submit_cell(reader(admin), "account", made.id, "name", sent)
    assert status == 409
    assert records.get_record(admin, "account", made.id).data["name"] == "Halden"

"""A small demo world in a tenant: written by its owners, seen as roles allow, complete or not there."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest

from ostiary.crm import public as crm
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.project import demo_data
from ostiary.project._tenants import NewTenant, create_tenant
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation

TODAY = date(2026, 11, 23)
PASSWORD = "lantern orchard 4471 quay"
SHARE = 0.05  # 100 accounts, 150 opportunities


@contextmanager
def inside(home: NewTenant) -> Iterator[Context]:
    with tenancy.transaction(home.tenant) as db:
        yield Context(home.tenant.id, db, home.administrator, Channel.CLI)


@pytest.fixture(scope="module")
def home(installation: Installation) -> NewTenant:
    new = create_tenant(
        f"world{installation.worker}",
        "World",
        [],
        login="admin",
        person="Ada Admin",
        email="admin@example.com",
        password=None,
    )
    with inside(new) as ctx:
        crm.install(new.tenant, ctx)
    return new


@pytest.fixture(scope="module")
def signs(home: NewTenant) -> tuple[demo_data.SignIn, ...]:
    with inside(home) as ctx:
        return demo_data.seed(home.tenant, ctx, today=TODAY, password=PASSWORD, share=SHARE)


def acting(ctx: Context, signs: tuple[demo_data.SignIn, ...], title: str) -> Context:
    login = next(s.login for s in signs if s.title == title)
    return ctx.acting_as(identity.find_login(ctx, login))


def count(ctx: Context, code: str) -> int:
    return records.count_records(ctx, code, None, records.CountMode.EXACT).value


def test_managers_see_their_teams_and_the_head_sees_all(
    home: NewTenant, signs: tuple[demo_data.SignIn, ...]
) -> None:
    people, world = demo_data.invent(TODAY, share=SHARE)
    teams = {team: {p.login for p in people if p.unit == team} for team in demo_data.SALES_TEAMS}
    deals = world.drafts["opportunity"]
    with inside(home) as ctx:
        for name, team in (("North", "sales_north"), ("West", "sales_west"), ("South", "sales_south")):
            expected = sum(draft.owner in teams[team] for draft in deals)
            assert 0 < expected < len(deals)
            assert count(acting(ctx, signs, f"Sales manager {name}"), "opportunity") == expected
        assert count(acting(ctx, signs, "Head of sales"), "opportunity") == len(deals)
        agent = acting(ctx, signs, "Sales representative")
        login = next(s.login for s in signs if s.title == "Sales representative")
        assert count(agent, "opportunity") == sum(draft.owner == login for draft in deals)
        assert count(agent, "account") == len(world.drafts["account"])


def test_authors_are_those_who_wrote(home: NewTenant, signs: tuple[demo_data.SignIn, ...]) -> None:
    _, world = demo_data.invent(TODAY, share=SHARE)
    with inside(home) as ctx:
        rows = ctx.db.rows(
            "select p.login, count(*) from @.rec_account r"
            " join @.identity_person p on p.unit_id = r.author_id group by 1"
        )
        events = ctx.db.row("select count(*) from @.audit_event where type = 'records.record.created'")
    authors = [draft.author for draft in world.drafts["account"]]
    assert dict(rows) == {login: authors.count(login) for login in set(authors)}
    assert events is not None
    assert events[0] >= sum(len(made) for made in world.drafts.values())


def test_seeding_again_adds_nothing(home: NewTenant, signs: tuple[demo_data.SignIn, ...]) -> None:
    with inside(home) as ctx:
        head = acting(ctx, signs, "Head of sales")
        before = count(head, "opportunity")
        again = demo_data.seed(home.tenant, ctx, today=TODAY, password=PASSWORD, share=SHARE)
        assert count(head, "opportunity") == before
    assert again == signs


def test_those_named_can_sign_in(home: NewTenant, signs: tuple[demo_data.SignIn, ...]) -> None:
    with inside(home) as ctx:
        nobody = ctx.acting_as(None)
        assert identity.check_password(nobody, signs[0].login, PASSWORD) == identity.find_login(
            ctx, signs[0].login
        )
        with pytest.raises(identity.SignInFailed):
            identity.check_password(nobody, signs[0].login, PASSWORD + "x")
    assert [s.title for s in signs[: len(demo_data.WORTH_TRYING)]] == list(demo_data.WORTH_TRYING)

"""Sharing on the page of a record: who sees which shares, what may be given, and what is refused by name."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest

from ostiary.access import public as access
from ostiary.access.public import Grant, GrantKind, Verb
from ostiary.identity import public as identity
from ostiary.kernel.clock import now
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound
from ostiary.kernel.ids import RecordId, UnitId, new_id
from ostiary.objects import public as objects
from ostiary.pages import public as pages
from ostiary.pages._share_panel import SharePanel
from ostiary.records import public as records
from ostiary.ui.values import Frame
from tests._tenants import TestTenant, rolled_back

FRAME = Frame("ui/fragment.html", "Halden")
ZURICH = ZoneInfo("Europe/Zurich")
SHARE = {"panel": ["share"]}


@dataclass(frozen=True)
class Scene:
    """Sally made a deal; Bob and Mia sell too, and reach nothing of hers."""

    admin: Context
    sally: Context
    bob: Context
    mia: Context
    deal: RecordId

    def reader(self, ctx: Context) -> pages.Reader:
        return pages.make_reader(ctx, pages.Urls(), ZURICH)

    def panel(self, ctx: Context, **more: object) -> SharePanel:
        query = {**SHARE, **{name: [str(value)] for name, value in more.items()}}
        view = pages.record_view(self.reader(ctx), "opportunity", self.deal, pages.read_panel(query))
        assert isinstance(view.inspector, SharePanel)
        assert view.head.title in pages.render(view, FRAME)
        return view.inspector

    def send(self, ctx: Context, do: str, **typed: object) -> pages.Saved | pages.Refused:
        listed = {name: value if isinstance(value, list) else [str(value)] for name, value in typed.items()}
        posted = {"do": [do], **{name.replace("_text", ".text"): v for name, v in listed.items()}}
        return pages.submit_sharing(self.reader(ctx), "opportunity", self.deal, posted)

    def shares(self, ctx: Context) -> dict[str, dict[Verb, Grant]]:
        found = records.list_sharing(ctx, "opportunity", self.deal)
        names = identity.names_of(self.admin, [u for way in found.ways for u in way.units])
        return {names[w.units[0]]: dict(w.grants) for w in found.ways if w.kind is GrantKind.SHARE}


@pytest.fixture
def scene(crm_tenant: TestTenant) -> Iterator[Scene]:
    with rolled_back(crm_tenant.tenant) as db:
        admin = Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.WEB)
        sally, bob, mia = (person(admin, login) for login in ("sally", "bob", "mia"))
        deal = records.create_record(sally, "opportunity", {"name": "Helios deal"})
        yield Scene(admin, sally, bob, mia, deal.id)


def person(ctx: Context, login: str) -> Context:
    unit = access.create_person(ctx, login=login, name=f"{login.title()} Seller", email="s@example.com")
    role = identity.find_unit(ctx, "sales")
    assert role is not None
    access.add_member(ctx, unit, role)
    return ctx.acting_as(unit)


def reads(ctx: Context, deal: RecordId) -> bool:
    try:
        records.get_record(ctx, "opportunity", deal)
    except NotFound:
        return False
    return True


def error_of(result: pages.Saved | pages.Refused) -> dict[str, str]:
    assert isinstance(result, pages.Refused)
    assert result.status == 422
    panel = result.view.inspector  # type: ignore[union-attr]  # always the page of the record
    assert isinstance(panel, SharePanel)
    assert panel.form
    until = panel.form.until.error if panel.form.until else ""
    found = {"unit": panel.form.unit.error, "verbs": panel.form.verbs_error, "until": until}
    return {field: error for field, error in found.items() if error}


def test_the_owner_shares_changes_and_takes_back(scene: Scene) -> None:
    assert not reads(scene.bob, scene.deal)
    sent = scene.send(scene.sally, "share", unit="", unit_text="bob seller", verbs=["read", "update"])
    assert isinstance(sent, pages.Saved)
    assert reads(scene.bob, scene.deal)
    assert scene.shares(scene.sally) == {"Bob Seller": {Verb.READ: Grant.GRANTED, Verb.UPDATE: Grant.GRANTED}}
    prefilled = scene.panel(scene.sally, unit=scene.bob.actor).form
    assert prefilled
    assert [box.verb for box in prefilled.verbs if box.checked] == ["read", "update"]
    scene.send(scene.sally, "share", unit=scene.bob.actor, verbs=["read"], pass_on="yes")
    assert scene.shares(scene.sally) == {"Bob Seller": {Verb.READ: Grant.DELEGABLE}}
    scene.send(scene.sally, "remove", unit=scene.bob.actor)
    assert not reads(scene.bob, scene.deal)
    with pytest.raises(NotFound):
        scene.send(scene.sally, "remove", unit=scene.bob.actor)


def test_a_share_ends_after_its_last_day_in_the_time_zone_of_whoever_gave_it(scene: Scene) -> None:
    day = (now() + dt.timedelta(days=3)).astimezone(ZURICH).date()
    scene.send(scene.sally, "share", unit=scene.bob.actor, verbs=["read"], until=day.isoformat())
    ways = records.list_sharing(scene.sally, "opportunity", scene.deal).ways
    (share,) = [way for way in ways if way.kind is GrantKind.SHARE]
    midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), ZURICH)
    assert share.until == midnight
    form = scene.panel(scene.sally, unit=scene.bob.actor).form
    assert form and form.until and form.until.value == day.isoformat()  # noqa: PT018  one value with its way
    records.share_record(
        scene.admin,
        "opportunity",
        scene.deal,
        UnitId(scene.mia.actor),
        Verb.READ,
        valid_to=now() - dt.timedelta(days=1),
    )
    tags = {view.name: [text for text, _tone in view.tags] for view in scene.panel(scene.sally).shares}
    assert tags["Mia Seller"][0].startswith("Ended ")
    assert tags["Bob Seller"][0].startswith("Ends ")
    assert not reads(scene.mia, scene.deal)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"unit_text": "nobody is called so", "unit": "", "verbs": ["read"]}, "unit"),
        ({"unit_text": "seller", "unit": "", "verbs": ["read"]}, "unit"),  # more than one
        ({"unit_text": "", "unit": "", "verbs": ["read"]}, "unit"),
        ({"unit": str(new_id()), "verbs": ["read"]}, "unit"),
        ({"unit_text": "Bob Seller", "unit": "", "verbs": []}, "verbs"),
        ({"unit_text": "Bob Seller", "unit": "", "verbs": ["create"]}, "verbs"),
        ({"unit_text": "Bob Seller", "unit": "", "verbs": ["read"], "until": "2020-01-01"}, "until"),
        ({"unit_text": "Bob Seller", "unit": "", "verbs": ["read"], "until": "soon"}, "until"),
    ],
)
def test_what_is_refused_is_named_by_field_and_changes_nothing(
    scene: Scene, typed: dict[str, object], field: str
) -> None:
    refused = error_of(scene.send(scene.sally, "share", **typed))
    assert set(refused) == {field}
    assert scene.shares(scene.sally) == {}


def test_nobody_gives_what_they_may_not_pass_on(scene: Scene) -> None:
    mia, bob = UnitId(scene.mia.actor), scene.bob.actor
    scene.send(scene.sally, "share", unit=bob, verbs=["read", "update"])
    panel = scene.panel(scene.bob)
    assert (panel.form, bool(panel.why)) == (None, True)
    for verb in ("read", "update"):
        with pytest.raises(AccessDenied) as refused:
            scene.send(scene.bob, "share", unit=mia, verbs=[verb])
        assert refused.value.layer == "record"
    records.share_record(
        scene.admin, "opportunity", scene.deal, UnitId(bob), Verb.READ, grant=Grant.DELEGABLE
    )
    form = scene.panel(scene.bob).form
    assert form
    assert [(box.verb, bool(box.why)) for box in form.verbs] == [
        ("read", False),
        ("update", True),
        ("delete", True),
    ]
    assert isinstance(scene.send(scene.bob, "share", unit=mia, verbs=["read"]), pages.Saved)
    with pytest.raises(AccessDenied):
        scene.send(scene.bob, "share", unit=mia, verbs=["update"])
    assert scene.shares(scene.sally)["Mia Seller"] == {Verb.READ: Grant.GRANTED}
    # what others gave beside stays when somebody who may not give it changes the share
    records.share_record(scene.admin, "opportunity", scene.deal, mia, Verb.UPDATE)
    scene.send(scene.bob, "share", unit=mia, verbs=["read"])
    assert scene.shares(scene.sally)["Mia Seller"].keys() == {Verb.READ, Verb.UPDATE}


def test_whoever_may_not_pass_on_sees_what_concerns_them_alone(scene: Scene) -> None:
    scene.send(scene.sally, "share", unit=scene.bob.actor, verbs=["read"])
    scene.send(scene.sally, "share", unit=scene.mia.actor, verbs=["read"])
    assert scene.shares(scene.sally).keys() == {"Bob Seller", "Mia Seller"}
    assert scene.shares(scene.bob).keys() == {"Bob Seller"}
    assert "Mia" not in str(scene.panel(scene.bob))
    titles = [view.title for view in scene.panel(scene.bob).others]
    assert titles == ["Author", "Owner"]
    named = [view.detail for view in scene.panel(scene.admin).others]
    mine = [view.detail for view in scene.panel(scene.sally).others]
    assert any("Finance" in detail for detail in named)
    assert not any("Finance" in detail for detail in mine)
    assert "A role that you may not know" in mine


def test_a_hidden_record_has_no_sharing_and_no_unit_to_find(scene: Scene) -> None:
    for record in (scene.deal, RecordId(new_id())):
        with pytest.raises(NotFound):
            records.list_sharing(scene.bob, "opportunity", record)
        with pytest.raises(NotFound):
            pages.render_units(scene.reader(scene.bob), "opportunity", record, "mia")
    assert "Mia Seller" in pages.render_units(scene.reader(scene.sally), "opportunity", scene.deal, "mia")
    assert "Finance (role)" in pages.render_units(scene.reader(scene.sally), "opportunity", scene.deal, "fin")
    scene.send(scene.sally, "share", unit=scene.bob.actor, verbs=["read"])
    with pytest.raises(AccessDenied):
        pages.render_units(scene.reader(scene.bob), "opportunity", scene.deal, "mia")


def test_denies_are_set_where_the_object_allows_them_by_whoever_may(scene: Scene) -> None:
    scene.send(scene.sally, "share", unit=scene.bob.actor, verbs=["read"])
    assert scene.panel(scene.admin).deny is None
    assert "allow no denies" in scene.panel(scene.admin).deny_note
    with pytest.raises(AccessDenied):
        scene.send(scene.sally, "deny", deny_unit=scene.bob.actor, verbs=["read"])
    with pytest.raises(Invalid):
        records.deny_record(scene.admin, "opportunity", scene.deal, UnitId(scene.bob.actor), [Verb.READ])
    made = objects.find_object(scene.admin, "opportunity")
    access.set_switches(scene.admin, made.id, records=True, denies=True)
    assert scene.panel(scene.admin).deny is not None
    assert scene.panel(scene.sally).deny is None
    sent = scene.send(scene.admin, "deny", deny_unit=scene.bob.actor, verbs=["read"])
    assert isinstance(sent, pages.Saved)
    assert not reads(scene.bob, scene.deal)
    assert [view.name for view in scene.panel(scene.admin).denies] == ["Bob Seller"]
    assert scene.panel(scene.sally).denies == ()
    scene.send(scene.admin, "undeny", deny_unit=scene.bob.actor)
    assert reads(scene.bob, scene.deal)
    with pytest.raises(Invalid) as refused:
        records.deny_record(scene.admin, "opportunity", scene.deal, UnitId(new_id()), [Verb.READ])
    assert refused.value.errors[0].field == "unit"


def test_reading_who_has_it_is_recorded(scene: Scene) -> None:
    def count() -> int:
        row = scene.admin.db.row(
            "select count(*) from @.audit_event where type = %(t)s", {"t": "records.sharing.viewed"}
        )
        return int(row[0]) if row else 0

    before = count()
    scene.panel(scene.sally)
    assert count() == before + 1

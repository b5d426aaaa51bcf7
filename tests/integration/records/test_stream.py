"""Long lists in chunks: each decided at the rights of its own moment, and a clear end where they are gone."""

from collections.abc import Callable, Iterator

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, NotSignedIn
from ostiary.records import _stream
from ostiary.records import public as records
from tests.integration.records._viewers import Viewers, give_level, make_viewers, unit

pytestmark = pytest.mark.database


@pytest.fixture
def viewers(admin: Context, monkeypatch: pytest.MonkeyPatch) -> Viewers:
    monkeypatch.setattr(_stream, "CHUNK", 2)
    made = make_viewers(admin)
    for number in range(5):
        records.create_record(made.one, "opportunity", {"name": f"Deal {number}"})
    return made


QUERY = records.RecordQuery("opportunity", sort=(records.Sort("name"),))


def names(pages: Iterator[records.Page]) -> list[list[str]]:
    return [[r["name"] for r in page.records()] for page in pages]


def test_a_stream_is_the_list_in_chunks_for_each_reader(viewers: Viewers) -> None:
    chunks = [["Deal 0", "Deal 1"], ["Deal 2", "Deal 3"], ["Deal 4"]]
    given = [names(records.stream_records(v, QUERY)) for v in viewers.all()]
    assert given == [chunks, [[]], chunks, chunks]


def test_what_may_not_be_listed_is_refused_before_the_first_chunk(viewers: Viewers) -> None:
    give_level(viewers.admin, "opportunity", "name", viewers.two, access.ColumnLevel.NONE)
    named = records.RecordQuery("opportunity", columns=("name",))
    with pytest.raises(records.ColumnRestricted):
        records.stream_records(viewers.two, named)
    assert len(list(records.stream_records(viewers.one, named))) == 3


def take_column(viewers: Viewers) -> None:
    give_level(viewers.admin, "opportunity", "name", viewers.one, access.ColumnLevel.NONE)


def deactivate(viewers: Viewers) -> None:
    access.set_active(viewers.admin, viewers.one.actor, active=False)


def take_role(viewers: Viewers) -> None:
    access.remove_member(viewers.admin, viewers.one.actor, unit(viewers.admin, "sales"))


@pytest.mark.parametrize(
    ("revoke", "cause"),
    [(take_column, "column_restricted"), (deactivate, "not_signed_in"), (take_role, "access_denied")],
)
def test_what_is_revoked_ends_the_stream_at_the_next_chunk(
    viewers: Viewers, revoke: Callable[[Viewers], None], cause: str
) -> None:
    mine, leads = (records.stream_records(v, QUERY) for v in (viewers.one, viewers.lead))
    assert len(next(mine).ids) == len(next(leads).ids) == 2
    revoke(viewers)
    with pytest.raises(records.StreamStopped) as stopped:
        next(mine)
    assert stopped.value.details["cause"] == cause
    assert stopped.value.details["records"] == 2
    assert list(mine) == []
    if revoke is not take_column:
        assert names(leads) == [["Deal 2", "Deal 3"], ["Deal 4"]]


def test_records_that_are_lost_meanwhile_are_not_in_the_chunks_that_follow(viewers: Viewers) -> None:
    mine, leads = (records.stream_records(v, QUERY) for v in (viewers.one, viewers.lead))
    assert len(next(mine).ids) == len(next(leads).ids) == 2
    rights = access.current_rights(viewers.lead)
    held = rights.sources.own
    (lead_role,) = (i for i, r in rights.graph.roles.items() if r.manages is not None and i in held)
    access.remove_member(viewers.admin, viewers.lead.actor, lead_role)
    assert names(leads) == [[]]
    assert names(mine) == [["Deal 2", "Deal 3"], ["Deal 4"]]


def test_a_session_that_ended_ends_the_stream(viewers: Viewers) -> None:
    token = identity.open_session(viewers.admin, viewers.one.actor)

    def renew(ctx: Context) -> Context:
        session = identity.find_session(ctx, token)
        if session is None:
            raise NotSignedIn
        return ctx.acting_as(session.principal)

    pages = records.stream_records(viewers.one, QUERY, renew)
    assert len(next(pages).ids) == 2
    identity.end_session(viewers.admin, token)
    with pytest.raises(records.StreamStopped) as stopped:
        next(pages)
    assert stopped.value.details["cause"] == "not_signed_in"
    assert isinstance(stopped.value, AccessDenied)

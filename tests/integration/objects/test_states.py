"""The catalogue as it was at an instant: objects, columns and workplaces of then."""

from datetime import UTC, datetime, timedelta

import pytest

from ostiary.access import public as access
from ostiary.kernel.errors import AccessDenied
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, column, inside, make_home

pytestmark = pytest.mark.database


@pytest.fixture(scope="module")
def home(installation: Installation) -> NewTenant:
    return make_home(f"asof{installation.worker}")


def instant(home: NewTenant) -> datetime:
    with inside(home) as ctx:
        row = ctx.db.row("select clock_timestamp()")
        assert row is not None
        found: datetime = row[0]
        return found


def test_each_state_is_read_as_it_was(home: NewTenant) -> None:
    apply(home, BOAT)
    made = instant(home)
    apply(home, column("hull", more=", help: What it is made of"))
    added = instant(home)
    apply(home, "{change: drop_column, object: boat, column: length_m}")
    dropped = instant(home)
    apply(home, "{change: rename_object, object: boat, to: vessel}")
    with inside(home) as ctx:
        then = objects.catalogue_as_of(ctx, made).objects["boat"]
        assert list(then.columns) == ["name", "length_m", "owner"]
        more = objects.catalogue_as_of(ctx, added).objects["boat"]
        assert list(more.columns) == ["name", "length_m", "owner", "hull"]
        assert more.columns["hull"].help == "What it is made of"
        late = objects.catalogue_as_of(ctx, dropped).objects["boat"]
        assert list(late.columns) == ["name", "owner", "hull"]
        assert "length_m" not in late.layout.list_columns
        now = objects.catalogue_as_of(ctx, datetime.now(UTC) + timedelta(days=1))
        live = objects.get_catalogue(ctx)
        assert now.objects["vessel"].columns == live.objects["vessel"].columns
        assert now.objects["vessel"].layout == live.objects["vessel"].layout
        assert now.workplaces == live.workplaces
        with pytest.raises(objects.NotKept):
            objects.catalogue_as_of(ctx, datetime(2020, 1, 1, tzinfo=UTC))
        clerk = access.create_person(ctx, login="clerk", name="Cleo Clerk", email="clerk@example.com")
        with pytest.raises(AccessDenied):
            objects.catalogue_as_of(ctx.acting_as(clerk), made)


def test_the_changes_that_led_to_a_state_are_named(home: NewTenant) -> None:
    raft = BOAT.replace("object: boat", "object: raft").replace("Boat", "Raft")
    apply(home, raft)
    apply(home, column("logs", "integer", of="raft"))
    with inside(home) as ctx:
        rows = ctx.db.rows(
            "select s.number, c.kind, s.made_by from @.objects_state s"
            " join @.objects_change c on s.changes ? c.id::text order by s.number desc limit 2"
        )
    assert [(kind, by) for _, kind, by in rows] == [
        ("add_column", home.administrator),
        ("create_object", home.administrator),
    ]
    assert rows[0][0] > rows[1][0]

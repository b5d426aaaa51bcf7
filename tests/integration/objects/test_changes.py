"""Objects and columns are made and changed while the product runs: planned, checked, seen at once."""

import pytest

from ostiary.access import public as access
from ostiary.kernel.errors import AccessDenied, NotFound
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant
from ostiary.records import public as records
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, column, inside, make_home, open_to_all, stored

pytestmark = pytest.mark.database


@pytest.fixture(scope="module")
def home(installation: Installation) -> NewTenant:
    new = make_home(f"harbour{installation.worker}")
    apply(new, BOAT)
    with inside(new) as ctx:
        open_to_all(ctx, "boat")
        records.create_record(ctx, "boat", {"name": "Mavis", "length_m": "7.5"})
    return new


def test_a_plan_says_everything_and_does_nothing(home: NewTenant) -> None:
    (change,) = objects.read_changes(column("hull"))
    with inside(home) as ctx:
        plan = objects.plan_change(ctx, change)

        assert any(line.startswith("add column rec_boat.hull (text)") for line in plan.lines())
        assert any("close each new column" in line for line in plan.lines())
        assert plan.object == "boat"
        assert plan.rows == 1
        assert "hull" not in objects.find_object(ctx, "boat").columns
        assert "hull" not in stored(ctx, "rec_boat")


def test_a_column_is_there_at_once_and_closed_to_everybody(home: NewTenant) -> None:
    apply(home, column("mast"))
    with inside(home) as ctx:
        made = objects.find_object(ctx, "boat").columns["mast"]
        rows = ctx.db.rows("select level from @.access_column_row where column_id = %(c)s", {"c": made.id})

        assert {"mast", "mast__sort"} <= stored(ctx, "rec_boat")
        assert rows == [(0,)]
        clerk = access.create_person(ctx, login="mast", name="Max Mast", email="mast@example.com")
        described = records.describe(ctx.acting_as(clerk), "boat")
        assert described.columns["mast"] is access.ColumnLevel.NONE
        assert described.columns["name"] is access.ColumnLevel.EDIT


def test_only_who_manages_the_solution_plans_and_applies(home: NewTenant) -> None:
    (change,) = objects.read_changes(column("rudder"))
    with inside(home) as ctx:
        clerk = access.create_person(ctx, login="clerk", name="Clara Clerk", email="clerk@example.com")
        objects.plan_change(ctx, change)
    with inside(home) as ctx:
        with pytest.raises(AccessDenied) as planned:
            objects.plan_change(ctx.acting_as(clerk), change)
        with pytest.raises(AccessDenied) as applied:
            objects.apply_change(home.tenant, ctx.acting_as(clerk), change)
        for denied in (planned, applied):
            assert denied.value.details["operation"] == access.Operation.MANAGE_SOLUTION


def test_several_changes_are_made_together_or_not_at_all(home: NewTenant) -> None:
    both = f"changes:\n  - {column('sail')}\n  - {column('name')}\n"
    with pytest.raises(objects.ChangeRefused, match="has a column 'name' already"):
        apply(home, both)
    with inside(home) as ctx:
        assert "sail" not in stored(ctx, "rec_boat")
        assert "sail" not in objects.find_object(ctx, "boat").columns


def test_an_object_that_nobody_made_is_not_found(home: NewTenant) -> None:
    with inside(home) as ctx:
        assert objects.find_object(ctx, "boat").table == "rec_boat"
        with pytest.raises(NotFound):
            objects.find_object(ctx, "ferry")
    with pytest.raises(objects.ChangeRefused, match="there is no object 'ferry'"):
        apply(home, column("deck", of="ferry"))

"""A tenant that has the tables of the release before is served; what needs new tables says so."""

import pytest

from ostiary.access import public as access
from ostiary.kernel.errors import Unavailable
from ostiary.project._tenants import NewTenant
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, inside, make_home, open_to_all


@pytest.fixture
def home(installation: Installation) -> NewTenant:
    new = make_home("before")
    apply(new, BOAT)
    with inside(new) as ctx:
        open_to_all(ctx, "boat")
    return new


def change_all(home: NewTenant) -> object:
    with inside(home) as ctx:
        return records.request_bulk(ctx, "boat", access.Verb.UPDATE, [], {"length_m": 3})


def test_changes_in_the_background_wait_for_the_upgrade_and_nothing_else_does(home: NewTenant) -> None:
    change_all(home)
    with inside(home) as ctx:
        made = records.create_record(ctx, "boat", {"name": "Ann"})
    with tenancy.owner_transaction(home.tenant) as owner:
        owner.ddl("drop table @.records_bulk cascade")
    with pytest.raises(Unavailable) as refused:
        change_all(home)
    assert refused.value.details["retry_after_s"] == 60
    with inside(home) as ctx:
        found = records.update_records(ctx, "boat", [made.id], {"length_m": 4})
        assert len(found.rows) == 1
        assert records.get_record(ctx, "boat", made.id).data["length_m"] == 4

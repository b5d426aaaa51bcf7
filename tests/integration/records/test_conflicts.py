"""Two who change one record: what does not overlap goes together, and hidden columns make no difference."""

import pytest

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Invalid, VersionConflict
from ostiary.kernel.ids import RecordId
from ostiary.records import public as records
from tests.integration.records._people import person

pytestmark = pytest.mark.database


def account(ctx: Context) -> RecordId:
    made = records.create_record(
        ctx, "account", {"name": "Halden", "phone": "+49 30 1", "web": "https://a.example"}
    )
    return made.id


def close(ctx: Context, column: str, reader: Context) -> None:
    """Close a column of accounts to everybody but who may do anything."""
    thing = records.describe(ctx, "account").object
    access.set_column_rows(ctx, thing.id, thing.columns[column].id, [(reader.actor, access.ColumnLevel.NONE)])


def test_changes_of_other_columns_go_together_and_of_the_same_do_not(admin: Context) -> None:
    id_ = account(admin)
    records.update_record(admin, "account", id_, {"phone": "+49 30 2"}, 1)
    done = records.update_record(admin, "account", id_, {"name": "Halden AG"}, 1)
    assert (done.version, done.data["phone"]) == (3, "+49 30 2")
    with pytest.raises(VersionConflict) as conflict:
        records.update_record(admin, "account", id_, {"name": "Other", "web": "https://b.example"}, 1)
    assert conflict.value.details["yours"] == {"name": "Other"}
    assert conflict.value.details["theirs"] == {"name": "Halden AG"}
    assert records.get_record(admin, "account", id_).data["web"] == "https://a.example"


def test_a_form_that_sends_everything_writes_what_was_edited(admin: Context) -> None:
    id_ = account(admin)
    seen = {"name": "Halden", "phone": "+49 30 1"}
    records.update_record(admin, "account", id_, {"phone": "+49 30 2"}, 1)
    done = records.update_record(admin, "account", id_, {**seen, "name": "Halden AG"}, 1, base=seen)
    assert (done.data["name"], done.data["phone"]) == ("Halden AG", "+49 30 2")
    with pytest.raises(VersionConflict) as conflict:
        records.update_record(admin, "account", id_, {**seen, "phone": "+49 30 3"}, 1, base=seen)
    assert conflict.value.details["yours"] == {"phone": "+49 30 3"}
    with pytest.raises(Invalid):
        records.update_record(admin, "account", id_, {"name": "X"}, 1, base={"name": ["no", "text"]})


def test_a_bulk_change_counts_like_any_other(admin: Context) -> None:
    id_, other = account(admin), account(admin)
    records.update_records(admin, "account", [id_, other], {"phone": "+49 30 2"})
    assert records.update_record(admin, "account", id_, {"name": "Halden AG"}, 1).version == 3
    with pytest.raises(VersionConflict):
        records.update_record(admin, "account", other, {"phone": "+49 30 3"}, 1)


def test_a_hidden_column_makes_no_difference(admin: Context) -> None:
    clerk = person(admin, "clerk", "sales")
    quiet, moved = account(clerk), account(clerk)
    close(admin, "phone", clerk)
    records.update_record(admin, "account", quiet, {"web": "https://b.example"}, 1)
    records.update_record(admin, "account", moved, {"phone": "+49 30 2"}, 1)
    for id_ in (quiet, moved):
        done = records.update_record(clerk, "account", id_, {"name": "Clerk's"}, 1, base={"name": "Halden"})
        assert done.version == 3
        guess = records.update_record(clerk, "account", id_, {"name": "Again"}, 3, base={"phone": "+49 30 2"})
        assert guess.version == 4
    records.update_record(admin, "account", moved, {"phone": "+49 30 4", "name": "Theirs"}, 4)
    with pytest.raises(VersionConflict) as conflict:
        records.update_record(clerk, "account", moved, {"name": "Mine"}, 4)
    assert conflict.value.details["theirs"] == {"name": "Theirs"}


def test_what_the_log_no_longer_tells_stands_in_the_way(admin: Context) -> None:
    id_ = account(admin)
    records.update_record(admin, "account", id_, {"phone": "+49 30 2"}, 1)
    with pytest.raises(VersionConflict):
        records.update_record(admin, "account", id_, {"name": "X"}, 9)  # a version that never was
    assert records.update_record(admin, "account", id_, {"name": "X"}, 1).version == 3

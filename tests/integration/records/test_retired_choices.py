"""A choice that was retired stays where it is, and writing it never tells where that is."""

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.errors import Invalid
from ostiary.records import public as records
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, column, inside, make_home, open_to_all
from tests.integration.records._people import person

pytestmark = pytest.mark.database


def test_writing_a_retired_choice_never_tells_whether_it_is_there(installation: Installation) -> None:
    """Who writes every column without reading this one was let through only where it held the value."""
    home = make_home(f"retired{installation.worker}")
    apply(home, BOAT)
    apply(home, column("state", "choice", ", choices: [{code: afloat}, {code: ashore}]"))
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        old, new = (
            records.create_record(ctx, "boat", {"name": state, "state": state}).id
            for state in ("ashore", "afloat")
        )
    apply(home, "{change: change_column, object: boat, column: state, retire: [ashore]}")
    with inside(home) as ctx:
        writer, everyone = person(ctx, "writer"), identity.find_unit(ctx, identity.ALL_EMPLOYEES)
        assert everyone is not None
        made = records.describe(ctx, "boat").object
        rows = [(writer.actor, access.ColumnLevel.NONE), (everyone, access.ColumnLevel.EDIT)]
        access.set_column_rows(ctx, made.id, made.columns["state"].id, rows)
        access.set_operation_rows(ctx, access.Operation.EDIT_ANY_DATA, [(writer.actor, True)])
        access.set_operation_rows(ctx, access.Operation.VIEW_ANY_DATA, [(ctx.actor, True), (everyone, False)])
        for id_ in (old, new):
            access.store_share(ctx, made.id, id_, writer.actor, access.Verb.READ, access.Grant.GRANTED)
        refusals = []
        for id_ in (old, new):
            assert "state" in records.get_record(writer, "boat", id_).restricted
            with pytest.raises(Invalid) as refused:
                records.update_record(writer, "boat", id_, {"state": "ashore"}, 1)
            refusals.append(refused.value.errors)
        assert refusals[0] == refusals[1]
        # who reads it may keep it
        assert records.update_record(ctx, "boat", old, {"name": "Old", "state": "ashore"}, 1).version == 2

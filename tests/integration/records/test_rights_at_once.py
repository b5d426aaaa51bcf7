"""Two requests of one person read the rights at once: one value serves both, neither is refused for it."""

import pytest

from ostiary.access import _rights
from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.records import _columns, _view
from ostiary.records import public as records

pytestmark = pytest.mark.database


def test_who_reads_the_rights_second_gets_the_first_ones(ctx: Context) -> None:
    first = access.current_rights(ctx)
    assert _rights._load(ctx) is first
    access.forget(ctx)
    assert _rights._load(ctx) is not first


def test_rights_read_anew_in_the_middle_of_a_statement_are_no_refusal(
    admin: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[str] = []
    known = _view.view_of

    def view_of(ctx: Context, code: str) -> _view.View:
        if not forgotten:
            forgotten.append(code)
            access.forget(ctx)  # as another request does that found them out of date
        return known(ctx, code)

    monkeypatch.setattr(_columns, "view_of", view_of)
    made = records.create_record(admin, "opportunity", {"name": "Halden"})
    assert forgotten
    assert made.data["stage"]["display"] == "Qualification"

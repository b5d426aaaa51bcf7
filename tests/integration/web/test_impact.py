"""The panel of a preview says which classes of fields somebody gains."""

import pytest

from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.kernel.context import Context
from ostiary.objects import public as objects
from ostiary.web._impact_view import ImpactView, impact_view

READ = "read opportunity: every record"


def shown(ctx: Context, **about: str | tuple[str, ...]) -> ImpactView:
    change = access.Change(**{"what": READ, "who": (), "object": "opportunity", "verb": "read"} | about)  # type: ignore[arg-type]  # keywords of several types
    diff = access.AccessDiff(gained=(change,), groups=(1, 1))
    return impact_view(ctx, objects.get_catalogue(ctx), assurance.Impact(diff, 0.1))


@pytest.mark.parametrize(
    ("fields", "mark", "restricted"),
    [
        (("name",), "", ""),
        (("name", "budget"), "confidential", ""),
        (("budget", "walk_away_price", "margin"), "restricted", "Margin in per cent and Walk away price"),
    ],
)
def test_a_line_carries_the_highest_class_of_what_is_read_by_it(
    admin: Context, fields: tuple[str, ...], mark: str, restricted: str
) -> None:
    view = shown(admin, fields=fields)
    assert view.gained.blocks[0].shown[0].mark == mark
    assert view.restricted == (f"{restricted} of opportunities" if restricted else "")


def test_a_field_and_the_operation_for_all_data_are_told_as_well(admin: Context) -> None:
    field = shown(admin, what="opportunity.margin: none -> read", column="margin", verb="")
    assert (field.gained.blocks[0].shown[0].mark, field.restricted) == (
        "restricted",
        "Margin in per cent of opportunities",
    )
    operation = access.Operation.VIEW_ANY_DATA.value
    assert shown(admin, what=f"execute {operation}", object="", verb="").restricted == "all of them"

"""One person as the interface shows them."""

from dataclasses import dataclass

from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import UnitId


@dataclass(frozen=True, slots=True)
class Person:
    """language: a code such as "en". time_zone: a name of the IANA database."""

    id: UnitId
    name: str
    login: str
    language: str
    time_zone: str


def get_person(ctx: Context, person: UnitId) -> Person:
    """Raises NotFound: no such person."""
    row = ctx.db.row(
        "select u.id, u.name, p.login, p.language, p.time_zone from @.identity_unit u"
        " join @.identity_person p on p.unit_id = u.id where u.id = %(id)s",
        {"id": person},
    )
    if row is None:
        raise NotFound
    return Person(UnitId(row[0]), *row[1:])

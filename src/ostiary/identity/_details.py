"""What is known of one person or service account beside its roles, and how that changes."""

import re
from dataclasses import dataclass
from datetime import datetime

from ostiary.identity._directory import PrincipalKind
from ostiary.identity._graph import UnitKind
from ostiary.identity._settings import TIME_ZONE
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, NotFound
from ostiary.kernel.ids import UnitId
from ostiary.kernel.messages import worded

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
LONGEST_NAME, LONGEST_EMAIL = 250, 320


@dataclass(frozen=True, slots=True)
class Details:
    """A principal. login: of a service account what its code says, which has no other of these facts."""

    id: UnitId
    kind: PrincipalKind
    name: str
    login: str
    active: bool
    external: bool
    created_at: datetime
    email: str = ""
    language: str = ""
    time_zone: str = ""
    last_sign_in_at: datetime | None = None

    @property
    def is_person(self) -> bool:
        """Whether it is no service account."""
        return self.kind is not PrincipalKind.SERVICE


def get_details(ctx: Context, principal: UnitId) -> Details:
    """Raises NotFound: no such person or service account."""
    row = ctx.db.row(
        "select u.kind, u.name, coalesce(p.login, split_part(u.code, ':', 2), ''), u.active, u.external,"
        " u.created_at, coalesce(p.email, ''), coalesce(p.language, ''), coalesce(p.time_zone, ''),"
        " p.last_sign_in_at from @.identity_unit u left join @.identity_person p on p.unit_id = u.id"
        " where u.id = %(id)s and u.kind in ('person', 'service')",
        {"id": principal},
    )
    if row is None:
        raise NotFound
    kind = PrincipalKind.EXTERNAL if row[4] else PrincipalKind.EMPLOYEE
    if row[0] == UnitKind.SERVICE:
        kind = PrincipalKind.SERVICE
    return Details(principal, kind, *row[1:])


def check_details(name: str, email: str, language: str, time_zone: str) -> None:
    """Raises Invalid, naming every field that is none. An empty address: the person has none."""
    wrong = []
    if not name.strip() or len(name) > LONGEST_NAME:
        wrong.append(
            FieldError("name", "malformed", worded("A name has 1 to %(most)s characters", most=LONGEST_NAME))
        )
    if email and (len(email) > LONGEST_EMAIL or not _EMAIL.fullmatch(email)):
        wrong.append(FieldError("email", "malformed", "An e-mail address looks like name@example.com"))
    wrong += _wrong_locale(language, time_zone)
    if wrong:
        raise Invalid(wrong)


def _wrong_locale(language: str, time_zone: str) -> list[FieldError]:
    wrong = []
    if not _LANGUAGE.fullmatch(language):
        wrong.append(FieldError("language", "malformed", "A language is a code such as en or de"))
    if time_zone not in TIME_ZONE.choices:
        wrong.append(FieldError("time_zone", "unknown", "There is no such time zone"))
    return wrong


def change_locale(ctx: Context, person: UnitId, *, language: str, time_zone: str) -> None:
    """In which words and times a person is told things. Raises: NotFound; Invalid: names the fields."""
    if wrong := _wrong_locale(language, time_zone):
        raise Invalid(wrong)
    found = ctx.db.run(
        "update @.identity_person set language = %(language)s, time_zone = %(zone)s where unit_id = %(id)s",
        {"id": person, "language": language, "zone": time_zone},
    )
    if not found:
        raise NotFound


def change_person(
    ctx: Context, person: UnitId, *, name: str, email: str, language: str, time_zone: str
) -> None:
    """Replace what is known of a person; the login stays. Raises: NotFound; Invalid: names the fields."""
    name, email = name.strip(), email.strip()
    check_details(name, email, language, time_zone)
    values = {"id": person, "name": name, "email": email, "language": language, "zone": time_zone}
    found = ctx.db.run(
        "update @.identity_person set email = %(email)s, language = %(language)s, time_zone = %(zone)s"
        " where unit_id = %(id)s",
        values,
    )
    if not found:
        raise NotFound
    ctx.db.run("update @.identity_unit set name = %(name)s where id = %(id)s", values)

"""The demo tenant's data: an invented organisation and its records, written through the door."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import RecordId, UnitId
from ostiary.project import _demo_more as more
from ostiary.project import _demo_records as demo
from ostiary.project import _demo_work as work
from ostiary.project._demo_people import SALES_TEAMS, Person, create_people, invent_people
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy

SEED = 2026
REPORT_EVERY = 250
ORDER = (
    *("product", "account", "contact", "opportunity", "opportunity_product", "lead", "case", "activity"),
    *("working_calendar", "service", "service_agreement", "agreement_service", "agreement_recipient"),
    *("contract", "sales_order", "order_line", "article", "article_rating", "campaign", "campaign_member"),
)
# One of each kind is worth trying; they are named first.
WORTH_TRYING = (
    "Sales representative",
    "Sales manager North",
    "Head of sales",
    "Service agent",
    "Accountant",
    "Marketing specialist",
    "Personnel officer",
    "System administrator",
)

__all__ = ["SALES_TEAMS", "WORTH_TRYING", "Progress", "SignIn", "invent", "seed"]

Progress = Callable[[str, int, int], None]  # what, done, of how many


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody who can sign in to the demo tenant."""

    login: str
    password: str
    name: str
    title: str


def invent(today: date, *, seed: int = SEED, share: float = 1.0) -> tuple[tuple[Person, ...], demo.World]:
    """People and records as values; the same seed and day give the same world, `share` less of it."""
    rng = random.Random(seed)  # noqa: S311  invented data has no secrets
    people = invent_people(rng)
    inventor = demo.Inventor(rng, people, today, share)
    for part in (
        demo.invent_products,
        demo.invent_accounts,
        demo.invent_contacts,
        work.invent_opportunities,
        work.invent_leads,
        work.invent_cases,
        work.invent_activities,
        more.invent_services,
        more.invent_sold,
        more.invent_known,
    ):
        part(inventor)
    return people, inventor.world


def seed(
    tenant: tenancy.Tenant,
    ctx: Context,
    *,
    today: date,
    password: str,
    progress: Progress | None = None,
    share: float = 1.0,
) -> tuple[SignIn, ...]:
    """Fill a tenant that has the CRM package, in two transactions: the people, then all their records.

    Repeating it after an interruption does what is missing, so half a demo is never seen.
    Args: ctx: who makes the organisation (an administrator); records are written by their owners.
    today: around which the dates lie. password: of all who can sign in, long enough for the password rules.
    share: less than 1 for a smaller world with the same people.
    Returns: who can sign in, those most worth trying first.
    """
    people, world = invent(today, share=share)
    report = progress or (lambda what, done, total: None)
    with tenancy.transaction(tenant) as db:
        inside = ctx.within(db)
        ids = {p.login: found for p in people if (found := identity.find_login(inside, p.login)) is not None}
        if not ids:
            report("people", 0, len(people))
            ids = dict(create_people(inside, people, password))
            report("people", len(people), len(people))
    with tenancy.transaction(tenant) as db:
        writer = _Writer(ctx.within(db), ids, report)
        if not writer.has("account", people[0]):
            for code in ORDER:
                writer.create(code, world.drafts[code])
            writer.change(world.changes)
    return _sign_ins(people, password)


def _sign_ins(people: Sequence[Person], password: str) -> tuple[SignIn, ...]:
    everyone = [SignIn(p.login, password, p.name, p.title) for p in people if p.signs_in]
    first = [next(s for s in everyone if s.title == title) for title in WORTH_TRYING]
    return (*first, *(s for s in everyone if s not in first))


class _Writer:
    """Writes drafts in one transaction and keeps the ids, so that later drafts can refer to earlier ones."""

    def __init__(self, ctx: Context, people: Mapping[str, UnitId], report: Progress) -> None:
        self._acting = {login: ctx.acting_as(person) for login, person in people.items()}
        self._people = {login: str(person) for login, person in people.items()}
        self._report = report
        self._made: dict[str, list[RecordId]] = {}
        self._named: dict[str, dict[str, str]] = {}

    def has(self, code: str, person: Person) -> bool:
        """Whether somebody sees a record of an object already."""
        page = records.list_records(self._acting[person.login], records.RecordQuery(object=code, limit=1))
        return bool(page.ids)

    def create(self, code: str, drafts: Sequence[demo.Draft]) -> None:
        """Create every draft of an object, each in the name of its author."""
        made = self._made.setdefault(code, [])
        for draft in drafts:
            acting = self._acting[draft.author]
            values = self._values(acting, draft.values)
            if draft.owner:
                values["owner"] = self._people[draft.owner]
            made.append(records.create_record(acting, code, values).id)
            if len(made) % REPORT_EVERY == 0 or len(made) == len(drafts):
                self._report(code, len(made), len(drafts))

    def change(self, changes: Sequence[demo.Change]) -> None:
        """Make every change, each in the name of its author, on records that nobody has touched since."""
        for done, change in enumerate(changes, 1):
            acting = self._acting[change.author]
            record = self._made[change.made.code][change.made.place]
            values = self._values(acting, change.values)
            records.update_record(acting, change.made.code, record, values, 1)
            if done % REPORT_EVERY == 0 or done == len(changes):
                self._report("confidential figures", done, len(changes))

    def _values(self, ctx: Context, values: Mapping[str, object]) -> dict[str, object]:
        return {key: self._value(ctx, value) for key, value in values.items()}

    def _value(self, ctx: Context, value: object) -> object:
        if isinstance(value, demo.Made):
            return str(self._made[value.code][value.place])
        if isinstance(value, demo.Named):
            if value.lookup not in self._named:
                self._named[value.lookup] = _read_lookup(ctx, value.lookup)
            return self._named[value.lookup][value.name]
        return value


def _read_lookup(ctx: Context, code: str) -> dict[str, str]:
    page = records.list_records(ctx, records.RecordQuery(object=code, columns=("name",), limit=500))
    return {str(record["name"]): str(record["id"]) for record in page.records()}

"""The demo world as values: who writes what, about whom. Pure, so its shape is tested without a database.

A value may be `Named` (a lookup's record by its name) or `Made` (another draft, by object and place); people
are named by login. Writers refer only to records that they may read: drafts go through the door as theirs.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from ostiary.project import _demo_words as words
from ostiary.project._demo_people import SALES_TEAMS, Person

ACCOUNTS, CONTACTS, LEADS, OPPORTUNITIES, CASES, ACTIVITIES = 2_000, 5_000, 400, 3_000, 1_500, 6_000
PARENTS = 50  # the first accounts, some of which have subsidiaries
COUNTRIES: Mapping[str, tuple[str, Sequence[str]]] = {
    "sales_north": ("Europe", ("Denmark", "Finland", "Germany", "Norway", "Poland", "Sweden")),
    "sales_west": (
        "Europe",
        ("Belgium", "France", "Ireland", "Netherlands", "United Kingdom"),
    ),
    "sales_south": ("Europe", ("Austria", "Italy", "Portugal", "Romania", "Spain", "Switzerland")),
}
STAGES = (  # name, weight, probability
    ("Prospecting", 8, 5),
    ("Qualification", 14, 10),
    ("Presentation", 12, 30),
    ("Proposal", 12, 50),
    ("Contracting", 7, 80),
    ("Closed won", 27, 100),
    ("Closed lost", 20, 0),
)


@dataclass(frozen=True, slots=True)
class Named:
    """A value of a lookup."""

    lookup: str
    name: str


@dataclass(frozen=True, slots=True)
class Made:
    """The draft at a place of an object's list."""

    code: str
    place: int


@dataclass(frozen=True, slots=True)
class Draft:
    """One record to create: `author` acts, `owner` gets it, if its object has owners."""

    code: str
    author: str
    owner: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Change:
    """One record to change: what only `author` may write."""

    made: Made
    author: str
    values: Mapping[str, object]


@dataclass(slots=True)
class World:
    """Everything, in the order of writing."""

    drafts: dict[str, list[Draft]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def add(self, draft: Draft) -> Made:
        """Keep a draft and name it."""
        drafts = self.drafts.setdefault(draft.code, [])
        drafts.append(draft)
        return Made(draft.code, len(drafts) - 1)

    def of(self, code: str) -> Iterator[tuple[Made, Draft]]:
        """The drafts of an object with their names."""
        return ((Made(code, place), draft) for place, draft in enumerate(self.drafts[code]))


def moment(day: date, hour: int, minute: int = 0) -> str:
    """An instant as JSON."""
    return datetime.combine(day, time(hour, minute), UTC).isoformat()


class Inventor:
    """Invents one world from a seed; `today` is the day around which its dates lie.

    share: 1 for the whole world, less for a small one.
    """

    def __init__(self, rng: random.Random, people: Sequence[Person], today: date, share: float = 1.0) -> None:
        self.rng = rng
        self.share = share
        self.today = today
        self.world = World()
        self.by_unit: dict[str, list[Person]] = {}
        for person in people:
            self.by_unit.setdefault(person.unit, []).append(person)

    def places(self, whole: int) -> range:
        """One place for each of the records that the world's share asks for."""
        return range(max(1, round(whole * self.share)))

    def lead_of(self, unit: str) -> str:
        """Login of who manages a unit."""
        return next(p.login for p in self.by_unit[unit] if p.manages)

    def staff_of(self, unit: str) -> list[str]:
        """Logins of those below."""
        return [p.login for p in self.by_unit[unit] if not p.manages]

    def day(self, earliest: int, latest: int) -> date:
        """A day between two distances from today."""
        return self.today + timedelta(days=self.rng.randint(earliest, latest))

    def working_day(self, earliest: int, latest: int) -> date:
        """The same, but from Monday to Friday."""
        day = self.day(earliest, latest)
        return day - timedelta(days=max(0, day.weekday() - 4))

    def skewed(self, low: int, high: int) -> int:
        """A whole number, small ones far more often; two leading digits, as people type them."""
        value = int(low * math.pow(high / low, math.pow(self.rng.random(), 1.6)))
        unit = int("1".ljust(len(str(value)) - 1, "0"))
        return max(low, value // unit * unit)

    def maybe(self, share: float, value: object) -> object:
        """`value`, or nothing."""
        return value if self.rng.random() < share else None


def invent_products(inventor: Inventor) -> None:
    """A catalogue: series of hardware with software, services and parts around them."""
    rng, head = inventor.rng, inventor.lead_of("sales_organisation")
    accountant = inventor.staff_of("finance_department")[0]
    for series in words.PRODUCT_HEADS:
        for category, kinds in words.PRODUCT_KINDS.items():
            for kind in kinds:
                price = inventor.skewed(60, 24_000)
                made = inventor.world.add(
                    Draft(
                        "product",
                        head,
                        head,
                        {
                            "name": f"{series} {kind}",
                            "code": f"{series[:3].upper()}-{kind[:4].upper().replace(' ', '')}",
                            "series": series,
                            "category": Named("product_category", category),
                            "sales_price": price,
                            "lowest_price": round(price * 0.8),
                            "is_inactive": rng.random() < 0.06,
                            "description": f"{kind} of the {series} series.",
                        },
                    )
                )
                cost = round(price * rng.uniform(0.35, 0.7), 2)
                inventor.world.changes.append(Change(made, accountant, {"unit_cost": cost}))


def invent_accounts(inventor: Inventor) -> None:
    """Companies, each with a region's representative as owner; one in twenty was entered by the manager."""
    rng = inventor.rng
    names: set[str] = set()
    industries = tuple(words.FIRM_KINDS)
    for place in inventor.places(ACCOUNTS):
        team = rng.choices(SALES_TEAMS, (5, 4, 3))[0]
        owner = rng.choice(inventor.staff_of(team))
        industry = rng.choice(industries)
        name = words.firm(rng, industry)
        while name in names:
            name = words.firm(rng, industry)
        names.add(name)
        values = _account_values(inventor, name, industry, team)
        if place >= PARENTS and rng.random() < 0.05:
            values["parent"] = Made("account", rng.randrange(PARENTS))
        author = inventor.lead_of(team) if rng.random() < 0.05 else owner
        inventor.world.add(Draft("account", author, owner, values))
    for made, _ in inventor.world.of("account"):
        if rng.random() < 0.15:
            accountant = rng.choice(inventor.staff_of("finance_department"))
            inventor.world.changes.append(
                Change(made, accountant, {"credit_limit": inventor.skewed(5_000, 500_000)})
            )


def _account_values(inventor: Inventor, name: str, industry: str, team: str) -> dict[str, object]:
    rng, place = inventor.rng, words.slug(name)
    employees = inventor.skewed(8, 20_000)
    region, countries = COUNTRIES[team]
    return {
        "name": name,
        "type": Named(
            "account_type", rng.choices(("Prospect", "Customer", "Partner", "Supplier"), (4, 5, 1, 1))[0]
        ),
        "category": rng.choices(("a", "b", "c", "d", None), (1, 2, 4, 3, 2))[0],
        "industry": Named("industry", industry),
        "ownership": rng.choices(("private", "listed", "state", "partnership"), (6, 2, 1, 2))[0],
        "year_established": inventor.maybe(0.8, rng.randint(1890, inventor.today.year - 1)),
        "employees": employees,
        "annual_revenue": inventor.maybe(0.8, round(employees * rng.uniform(0.08, 0.4), 2)),
        "currency": Named("currency", "Pound sterling" if team == "sales_west" else "Euro"),
        "web": f"https://{place}.example.com",
        "phone": words.phone(rng),
        "email": f"office@{place}.example.com",
        "region": Named("region", region),
        "country": Named("country", rng.choice(countries)),
        "city": words.city(rng),
        "address": f"{rng.choice(words.STREETS)} {rng.randint(1, 180)}",
        "postal_code": f"{rng.randint(10_000, 99_999)}",
        "payment_terms": rng.choices(("prepaid", "net_14", "net_30", "net_60", None), (1, 3, 5, 1, 3))[0],
        "notes": inventor.maybe(0.25, rng.choice(words.REMARKS)),
    }


def invent_contacts(inventor: Inventor) -> None:
    """People at companies, entered by whoever owns the company; a manager may note the birthday."""
    rng = inventor.rng
    accounts = list(inventor.world.of("account"))
    crowded = [account for account in accounts if rng.random() < 0.25]  # some companies have many contacts
    used: set[str] = set()
    for place in inventor.places(CONTACTS):
        made, account = (
            accounts[place]
            if place < len(accounts)
            else rng.choice(crowded if rng.random() < 0.6 else accounts)
        )
        values = _contact_values(inventor, used)
        values |= {"account": made, "country": account.values["country"], "city": account.values["city"]}
        author = account.author
        if author != account.owner:
            values["birth_date"] = inventor.maybe(0.6, inventor.day(-24_000, -8_500).isoformat())
        inventor.world.add(Draft("contact", author, account.owner, values))


def _contact_values(inventor: Inventor, used: set[str]) -> dict[str, object]:
    rng = inventor.rng
    given, surname = rng.choice(words.GIVEN), words.surname(rng)
    address = base = words.slug(f"{given} {surname}").replace("-", ".")
    while address in used:
        address = f"{base}{rng.randint(2, 9_999)}"
    used.add(address)
    return {
        "name": f"{given} {surname}",
        "salutation": rng.choices(("ms", "mr", "mx", "dr", None), (40, 40, 2, 6, 12))[0],
        "given_name": given,
        "surname": surname,
        "type": Named("contact_type", rng.choices(("Contact person", "Customer", "Partner"), (7, 3, 1))[0]),
        "job_title": rng.choice(words.JOBS),
        "department": rng.choice(words.DEPARTMENTS),
        "role": Named(
            "contact_role",
            rng.choices(("Decision maker", "Influencer", "Technical expert", "User"), (2, 3, 3, 4))[0],
        ),
        "email": f"{address}@example.{rng.choice(('com', 'org', 'net'))}",
        "phone": words.phone(rng),
        "mobile_phone": inventor.maybe(0.6, words.mobile(rng)),
        "language": rng.choices(("en", "de", "fr", "es", "it", None), (5, 4, 2, 2, 2, 2))[0],
        "do_not_email": rng.random() < 0.07,
        "do_not_call": rng.random() < 0.04,
        "notes": inventor.maybe(0.15, rng.choice(words.REMARKS)),
    }

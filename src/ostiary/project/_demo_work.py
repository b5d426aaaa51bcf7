"""The demo world's work: opportunities with their lines, leads, cases and activities."""

from datetime import timedelta

from ostiary.project import _demo_words as words
from ostiary.project._demo_people import SALES_TEAMS, SERVICE_TEAMS
from ostiary.project._demo_records import (
    ACTIVITIES,
    CASES,
    LEADS,
    OPPORTUNITIES,
    STAGES,
    Change,
    Draft,
    Inventor,
    Made,
    Named,
    moment,
)

_FINAL = {"Closed won", "Closed lost"}
_LEAD_STAGES = (
    "New",
    "Marketing qualified",
    "Sales qualified",
    "Awaiting sale",
    "Not interested",
    "Disqualified",
)


def invent_opportunities(inventor: Inventor) -> None:
    """Deals with companies, by their owners; one in twelve is entered by the manager, who notes the limit."""
    rng = inventor.rng
    contacts: dict[Made, list[Made]] = {}
    for made, contact in inventor.world.of("contact"):
        account = contact.values["account"]
        assert isinstance(account, Made)
        contacts.setdefault(account, []).append(made)
    accounts = list(inventor.world.of("account"))
    managers = {login: inventor.lead_of(team) for team in SALES_TEAMS for login in inventor.staff_of(team)}
    for _ in inventor.places(OPPORTUNITIES):
        account, company = rng.choice(accounts)
        stage = rng.choices(STAGES, [weight for _, weight, _ in STAGES])[0]
        values = _opportunity_values(inventor, company, stage[0], stage[2])
        values |= {"account": account, "contact": rng.choice(contacts[account])}
        author = managers[company.owner] if rng.random() < 0.08 else company.owner
        if author != company.owner:
            values["walk_away_price"] = round(int(str(values["amount"])) * 0.7)
        made = inventor.world.add(Draft("opportunity", author, company.owner, values))
        _invent_lines(inventor, made, company.owner)
        if rng.random() < 0.2:
            accountant = rng.choice(inventor.staff_of("finance_department"))
            inventor.world.changes.append(Change(made, accountant, {"margin": rng.randint(4, 45)}))


def _opportunity_values(
    inventor: Inventor, company: Draft, stage: str, probability: int
) -> dict[str, object]:
    rng = inventor.rng
    engaged = inventor.working_day(-540, -5)
    closed = min(engaged + timedelta(days=rng.randint(5, 150)), inventor.today)
    amount = inventor.skewed(800, 600_000)
    final = stage in _FINAL
    won = stage == "Closed won"
    reasons = ("Best offer", "Relationship") if won else ("Price", "Competitor", "No budget", "No decision")
    return {
        "name": f"{rng.choice(words.NEEDS)}, {str(company.values['name']).split()[0]}",
        "stage": Named("opportunity_stage", stage),
        "type": Named(
            "opportunity_type", rng.choices(("New business", "Extension", "Renewal"), (5, 3, 2))[0]
        ),
        "amount": amount,
        "close_value": amount if won else 0 if final else None,
        "currency": company.values["currency"],
        "probability": probability,
        "engaged_on": engaged.isoformat(),
        "expected_close_on": (closed if final else inventor.working_day(-10, 160)).isoformat(),
        "closed_on": closed.isoformat() if final else None,
        "close_reason": Named("close_reason", rng.choice(reasons)) if final else None,
        "source": Named(
            "lead_source", rng.choice(("Referral", "Trade fair", "Web form", "Existing customer"))
        ),
        "next_step": None if final else rng.choice(words.NEXT_STEPS),
        "budget": inventor.maybe(0.4, round(amount * rng.uniform(0.8, 1.3))),
        "discount": inventor.maybe(0.5, rng.choice((2.5, 5, 7.5, 10, 12.5, 15))),
        "description": inventor.maybe(0.3, rng.choice(words.REMARKS)),
    }


def _invent_lines(inventor: Inventor, made: Made, owner: str) -> None:
    rng = inventor.rng
    products = inventor.world.drafts["product"]
    for place in rng.sample(range(len(products)), rng.choices((0, 1, 2, 3), (3, 5, 2, 1))[0]):
        price = int(str(products[place].values["sales_price"]))
        quantity = rng.choice((1, 1, 2, 3, 5, 10))
        inventor.world.add(
            Draft(
                "opportunity_product",
                owner,
                owner,
                {
                    "opportunity": made,
                    "product": Made("product", place),
                    "quantity": quantity,
                    "price": price,
                    "amount": price * quantity,
                },
            )
        )


def invent_leads(inventor: Inventor) -> None:
    """Interest that marketing collected for the representatives."""
    rng = inventor.rng
    accounts = list(inventor.world.of("account"))
    for _ in inventor.places(LEADS):
        account, company = rng.choice(accounts)
        person = f"{rng.choice(words.GIVEN)} {words.surname(rng)}"
        known = rng.random() < 0.6
        values = {
            "name": f"{rng.choice(words.NEEDS)} / {person}",
            "stage": Named("lead_stage", rng.choices(_LEAD_STAGES, (6, 5, 4, 2, 2, 1))[0]),
            "source": Named("lead_source", rng.choice(("Web form", "Campaign", "Trade fair", "Referral"))),
            "account": account if known else None,
            "person_name": person,
            "company_name": None if known else words.firm(rng, "Services"),
            "email": f"{words.slug(person).replace('-', '.')}@example.org",
            "phone": inventor.maybe(0.7, words.phone(rng)),
            "country": company.values["country"],
            "potential_value": inventor.skewed(500, 90_000),
            "currency": company.values["currency"],
            "expected_close_on": inventor.working_day(10, 200).isoformat(),
            "next_meeting_at": inventor.maybe(0.3, moment(inventor.working_day(1, 30), rng.randint(8, 16))),
        }
        author = rng.choice(inventor.staff_of("marketing_department"))
        inventor.world.add(Draft("lead", author, company.owner, values))


def invent_cases(inventor: Inventor) -> None:
    """Requests of customers: one in ten entered by a representative, the others by service itself."""
    rng = inventor.rng
    agents = [login for team in SERVICE_TEAMS for login in inventor.staff_of(team)]
    contacts = list(inventor.world.of("contact"))
    for _ in inventor.places(CASES):
        contact, person = rng.choice(contacts)
        agent = rng.choice(agents)
        by_sales = rng.random() < 0.1
        values = _case_values(inventor, open_only=by_sales)
        values |= {"contact": contact, "account": person.values["account"]}
        second = agent in inventor.staff_of("service_second")
        values["support_line"] = "second" if second else "first"
        if not by_sales:  # these are the agents' columns
            values["solution"] = rng.choice(words.SOLUTIONS) if values["resolved_at"] else None
            values["internal_notes"] = inventor.maybe(0.2, rng.choice(words.REMARKS))
        inventor.world.add(Draft("case", person.owner if by_sales else agent, agent, values))


def _case_values(inventor: Inventor, *, open_only: bool) -> dict[str, object]:
    rng = inventor.rng
    day = inventor.working_day(-25 if open_only else -400, 0)
    recent = open_only or (inventor.today - day).days < 21
    status = rng.choices(
        ("New", "In progress", "Waiting for response", "Resolved", "Closed", "Cancelled"),
        (3, 4, 2, 0 if open_only else 2, 0 if open_only else 3, 0) if recent else (0, 1, 1, 4, 30, 2),
    )[0]
    done = status in {"Resolved", "Closed"}
    return {
        "subject": rng.choice(words.PROBLEMS),
        "status": Named("case_status", status),
        "priority": Named(
            "case_priority", rng.choices(("Critical", "High", "Medium", "Low"), (1, 3, 8, 4))[0]
        ),
        "category": Named(
            "case_category",
            rng.choices(("Incident", "Service request", "Question", "Complaint"), (6, 4, 3, 1))[0],
        ),
        "origin": Named("case_origin", rng.choices(("Call", "E-mail", "Portal", "Chat"), (4, 5, 2, 1))[0]),
        "registered_at": moment(day, rng.randint(7, 17), rng.randrange(60)),
        "respond_by": moment(day + timedelta(days=1), 12),
        "responded_at": None if status == "New" else moment(day, 18, rng.randrange(60)),
        "resolve_by": moment(day + timedelta(days=rng.choice((1, 2, 5))), 17),
        "resolved_at": moment(day + timedelta(days=rng.randint(1, 6)), rng.randint(8, 17)) if done else None,
        "description": rng.choice(words.FINDINGS),
        "satisfaction": rng.choices((1, 2, 3, 4, 5, None), (1, 1, 2, 5, 6, 8))[0]
        if status == "Closed"
        else None,
    }


def invent_activities(inventor: Inventor) -> None:
    """Calls, meetings and tasks about deals and cases, by their owners."""
    rng = inventor.rng
    about = [*inventor.world.of("opportunity"), *inventor.world.of("case")]
    for _ in inventor.places(ACTIVITIES):
        made, draft = rng.choice(about)
        day = inventor.working_day(-200, 25)
        past = day < inventor.today
        status = (
            rng.choices(("Completed", "Cancelled", "In progress"), (16, 2, 1))[0] if past else "Not started"
        )
        kind = rng.choice(tuple(words.TASKS))
        hour = rng.randint(7, 16)
        done = status == "Completed"
        values = {
            "title": rng.choice(words.TASKS[kind]),
            "type": kind,
            "status": Named("activity_status", status),
            "priority": rng.choices(("high", "medium", "low"), (2, 6, 2))[0],
            "starts_at": moment(day, hour),
            "due_at": moment(day, hour + 1),
            "location": words.city(rng) if kind == "meeting" else None,
            "account": draft.values["account"],
            "contact": draft.values["contact"],
            "opportunity": made if made.code == "opportunity" else None,
            "case_record": made if made.code == "case" else None,
            "result": Named("activity_result", rng.choice(("Done", "Interested", "Call back")))
            if done
            else None,
            "notes": inventor.maybe(0.2, rng.choice(words.REMARKS)),
        }
        inventor.world.add(Draft("activity", draft.owner, draft.owner, values))

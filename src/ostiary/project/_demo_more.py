"""A few records of everything else: agreements and services, contracts, orders, articles, a campaign."""

from datetime import timedelta

from ostiary.project._demo_people import SERVICE_TEAMS
from ostiary.project._demo_records import Draft, Inventor, Made, Named

MOST = 12  # of each kind: enough to look at
_SERVICES = (
    ("Repair on site", 4, "working_hours", 2, "working_days"),
    ("Remote support", 1, "working_hours", 8, "working_hours"),
    ("Spare parts", 1, "working_days", 5, "working_days"),
)
_ARTICLES = (
    ("Reset a controller", "Hold the button for ten seconds, then wait for the green light."),
    ("Read the error lights", "Green: fine. Amber: look at the log. Red: call us."),
    ("Order spare parts", "Have the serial number at hand. It stands on the back."),
)


def invent_services(inventor: Inventor) -> None:
    """Services, and one agreement that gives its customers better terms."""
    head = inventor.lead_of(SERVICE_TEAMS[0])
    add = inventor.world.add
    add(Draft("working_calendar", head, "", {"name": "Office hours", "time_zone": "Europe/Berlin"}))
    services = [
        add(
            Draft(
                "service",
                head,
                head,
                {
                    "name": name,
                    "response": response,
                    "response_unit": response_unit,
                    "resolution": resolution,
                    "resolution_unit": resolution_unit,
                    "calendar": Made("working_calendar", 0),
                },
            )
        )
        for name, response, response_unit, resolution, resolution_unit in _SERVICES
    ]
    starts = inventor.today - timedelta(days=200)
    values = {
        "name": "Gold support",
        "starts_on": starts.isoformat(),
        "calendar": Made("working_calendar", 0),
    }
    gold = add(Draft("service_agreement", head, head, values))
    for service in services:
        given = {"agreement": gold, "service": service, "response": 1, "resolution": 1}
        add(Draft("agreement_service", head, "", {**given, "resolution_unit": "working_days"}))
    for place in range(min(MOST, len(inventor.world.drafts["account"]))):
        add(Draft("agreement_recipient", head, "", {"agreement": gold, "account": Made("account", place)}))


def invent_sold(inventor: Inventor) -> None:
    """Contracts and orders with lines, by the owners of deals that were won."""
    rng, products = inventor.rng, inventor.world.drafts["product"]
    won = [
        draft
        for draft in inventor.world.drafts["opportunity"]
        if draft.values["stage"] == Named("opportunity_stage", "Closed won")
    ]
    for deal in won[:MOST]:
        starts = inventor.working_day(-300, -10)
        values = {
            "name": f"Supply for {deal.values['name']}",
            "status": Named("contract_status", "In force"),
            "account": deal.values["account"],
            "starts_on": starts.isoformat(),
            "ends_on": (starts + timedelta(days=730)).isoformat(),
            "notice_days": 90,
            "amount": deal.values["amount"],
        }
        contract = inventor.world.add(Draft("contract", deal.owner, deal.owner, values))
        given = {"account": deal.values["account"], "contract": contract, "ordered_on": starts.isoformat()}
        order = inventor.world.add(Draft("sales_order", deal.owner, deal.owner, given))
        for place in rng.sample(range(len(products)), 2):
            price = int(str(products[place].values["sales_price"]))
            line = {"sales_order": order, "product": Made("product", place), "quantity": 2, "price": price}
            inventor.world.add(Draft("order_line", deal.owner, "", {**line, "tax": 19}))


def invent_known(inventor: Inventor) -> None:
    """Articles of the knowledge base, and a campaign with members."""
    writer = inventor.lead_of(SERVICE_TEAMS[0])
    for name, body in _ARTICLES:
        values = {"name": name, "body": body, "state": "published"}
        made = inventor.world.add(Draft("article", writer, writer, values))
        rating = {"article": made, "stars": inventor.rng.randint(3, 5)}
        inventor.world.add(Draft("article_rating", writer, "", rating))
    marketer = inventor.staff_of("marketing_department")[0]
    status = Named("campaign_status", "Active")
    campaign = inventor.world.add(
        Draft("campaign", marketer, marketer, {"name": "Spring fair", "status": status, "target": 50})
    )
    for place in range(min(MOST, len(inventor.world.drafts["contact"]))):
        answer = inventor.rng.choice((None, "opened", "clicked", "answered"))
        member = {"campaign": campaign, "contact": Made("contact", place), "response": answer}
        inventor.world.add(Draft("campaign_member", marketer, "", member))

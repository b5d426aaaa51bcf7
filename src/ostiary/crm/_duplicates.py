"""By what the packaged objects take records for the same, until a tenant decides otherwise."""

from ostiary.records import public as records

ACCOUNT = (
    {"name": "same"},
    {"name": "similar", "city": "same"},
    {"web": "same"},
    {"email": "same"},
    {"phone": "same"},
)
CONTACT = (
    {"email": "same"},
    {"phone": "same"},
    {"mobile_phone": "same"},
    {"name": "same"},
    {"name": "similar", "city": "same"},
    {"name": "similar", "account": "same"},
)
LEAD = (
    {"email": "same"},
    {"phone": "same"},
    {"person_name": "similar", "company_name": "same"},
)


def ship() -> None:
    """Let the data plane know. Once, at start-up."""
    records.ship_duplicate_rules("account", ACCOUNT)
    records.ship_duplicate_rules("contact", CONTACT)
    records.ship_duplicate_rules("lead", LEAD)

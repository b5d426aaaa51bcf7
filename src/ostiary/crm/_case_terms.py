"""Terms of a case at each write: which agreement, which service, which calendar, and what follows."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ostiary.crm._terms import Source, deadlines, read_source
from ostiary.crm._working_time import WEEK, BadHours, Calendar, Hours, Span, read_hours
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.records import public as records
from ostiary.records.public import Given, Look

Row = Mapping[str, Any]
# what the terms follow from; a status changes them by its pauses
_BASIS = ("registered_at", "priority", "agreement", "service", "contact", "account", "status")
_LINES = ("first", "second", "third")


def case_terms(given: Given) -> Mapping[str, Any]:
    """Agreement, deadlines and escalation of a case. Raises Invalid: a service that its agreement lacks."""
    values: dict[str, Any] = {}
    if given.changed(*_BASIS):
        agreement = _agreement(given)
        if agreement != given.after.get("agreement"):
            values["agreement"] = agreement
        values |= _deadlines(given, agreement)
    if _escalated(given):
        values["escalated_at"] = given.now
    return values


def _escalated(given: Given) -> bool:
    before, after = (row.get("support_line") for row in (given.before or {}, given.after))
    return before in _LINES and after in _LINES and _LINES.index(after) > _LINES.index(before)


def _agreement(given: Given) -> UUID | None:
    """The typed one, or that of the customer: chosen anew where the customer changes."""
    held: UUID | None = given.after.get("agreement")
    if "agreement" in given.said or not given.changed("contact", "account"):
        return held
    today = given.now.date()
    account = given.after.get("account")
    contact = given.look.row("contact", given.after.get("contact"))
    if account is None and contact is not None:
        account = contact.get("account")
    for column, value in (("contact", given.after.get("contact")), ("account", account)):
        for recipient in given.look.rows("agreement_recipient", column, value) if value else ():
            agreement = given.look.row("service_agreement", recipient.get("agreement"))
            if agreement is not None and _is_active(agreement, today):
                return UUID(str(agreement["id"]))
    standard = given.look.rows("service_agreement", "is_default", True)
    return next((row["id"] for row in standard if _is_active(row, today)), None)


def _is_active(agreement: Row, today: date) -> bool:
    begins, ends = agreement.get("starts_on"), agreement.get("ends_on")
    in_time = (begins is None or begins <= today) and (ends is None or ends >= today)
    return bool(agreement.get("is_active")) and in_time


def _deadlines(given: Given, agreement: UUID | None) -> Mapping[str, Any]:
    after, look = given.after, given.look
    registered = after.get("registered_at")
    if not isinstance(registered, datetime):
        return {}
    service = look.row("service", after.get("service"))
    offered = _offered(given, agreement)
    sources = [read_source(row) for row in (offered, service) if row is not None]
    sources.append(_priority(look, after.get("priority")))
    calendars = [
        _calendar(look, row.get("calendar"))
        for row in (offered, look.row("service_agreement", agreement), service)
        if row is not None
    ]
    standard = look.rows("working_calendar", "is_default", True)
    calendars += [_calendar(look, row["id"]) for row in standard[:1]]
    respond, resolve = deadlines(registered, sources, calendars, list(_pauses(given)))
    values: dict[str, Any] = {}
    if after.get("responded_at") is None and "respond_by" not in given.said:
        values["respond_by"] = respond
    if after.get("resolved_at") is None and "resolve_by" not in given.said:
        values["resolve_by"] = resolve
    return values


def _offered(given: Given, agreement: UUID | None) -> Row | None:
    """The service as the agreement has it. Raises Invalid: the agreement has services, and not this one."""
    service = given.after.get("service")
    if agreement is None or service is None:
        return None
    rows = given.look.rows("agreement_service", "agreement", agreement)
    found = next((row for row in rows if row.get("service") == service), None)
    if found is None and rows and "service" in given.said:
        words = "Service: this is no service of the agreement"
        raise Invalid([FieldError("service", "not_agreed", words)])
    return found


def _priority(look: Look, priority: UUID | None) -> Source:
    row = look.row("case_priority", priority) or {}
    unit = "working_minutes" if row.get("in_working_time") else "minutes"
    return read_source(
        {
            "response": row.get("response_minutes"),
            "response_unit": unit,
            "resolution": row.get("resolution_minutes"),
            "resolution_unit": unit,
        }
    )


def _pauses(given: Given) -> Iterator[Span]:
    """Spans in which the clock of the resolution stood: in statuses that pause it or stop it."""
    if given.record is None or given.before is None:
        return
    begun = None
    for since, until, stage in given.look.periods(given.record):
        begun = until
        if _stands(stage):
            yield since, until
    status = given.look.row("case_status", given.before.get("status"))
    if given.changed("status") and status is not None and _stands(status):
        case = given.look.row("case", given.record)
        yield begun or (case or {}).get("created_at", given.now), given.now


def _stands(status: Row) -> bool:
    return bool(status.get("is_paused") or status.get("is_resolved") or status.get("is_final"))


def _calendar(look: Look, record: UUID | None) -> Calendar | None:
    row = look.row("working_calendar", record)
    if row is None:
        return None
    try:
        zone = ZoneInfo(str(row.get("time_zone") or "UTC"))
        week = tuple(read_hours(row.get(day)) for day in WEEK)
        days: dict[date, Hours] = {
            each["day"]: read_hours(each.get("hours"))
            for each in look.rows("calendar_day", "calendar", row["id"])
            if each.get("day") is not None
        }
    except (BadHours, ZoneInfoNotFoundError, ValueError):
        return None  # refused where it was typed; an older one does not stop a case
    return Calendar(zone, week, days)


def working_calendar(given: Given) -> Mapping[str, Any]:
    """Nothing follows, but hours and zone have to be understood. Raises Invalid."""
    errors = list(_hours_errors(given.after, [*WEEK, "hours"]))
    zone = given.after.get("time_zone")
    if zone is not None and not _is_zone(str(zone)):
        errors.append(FieldError("time_zone", "unknown", "Time zone: write one such as Europe/Berlin"))
    if errors:
        raise Invalid(errors)
    return {}


def _is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _hours_errors(row: Row, names: Sequence[str]) -> Iterator[FieldError]:
    for name in names:
        try:
            read_hours(row.get(name))
        except BadHours as problem:
            yield FieldError(name, "malformed", f"{name.capitalize()}: {problem}")


def register() -> None:
    """Make the rules in code known by name."""
    records.register_derivation("case_terms", case_terms)
    records.register_derivation("working_calendar", working_calendar)

"""Cases by their declarations: terms, agreements, pauses, overdue, final statuses."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ostiary.kernel import clock
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import Invalid
from ostiary.records import public as records
from tests._tenants import TestTenant, rolled_back
from tests.integration.records.test_rules import change, data, named, person

MONDAY = "2026-11-30T10:00:00+00:00"


@pytest.fixture
def admin(crm_tenant: TestTenant) -> Iterator[Context]:
    with rolled_back(crm_tenant.tenant) as db:
        yield Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.API)


@pytest.fixture
def account(admin: Context) -> str:
    return str(records.create_record(admin, "account", {"name": "Helios Labs"}).id)


def instant(value: object) -> datetime:
    return datetime.fromisoformat(str(value)).astimezone(UTC)


def make_case(ctx: Context, account: str, **values: object) -> records.Record:
    given = {"subject": "It is down", "account": account, "registered_at": MONDAY, **values}
    return records.create_record(ctx, "case", given)


def make_agreement(ctx: Context, account: str) -> tuple[str, str]:
    """An agreement for the account with one service: answered in an hour, solved in a working day."""
    service = records.create_record(ctx, "service", {"name": "Repair", "resolution": 3}).id
    agreement = records.create_record(
        ctx, "service_agreement", {"name": "Gold", "starts_on": "2020-01-01"}
    ).id
    records.create_record(
        ctx,
        "agreement_service",
        {
            "agreement": str(agreement),
            "service": str(service),
            "response": 1,
            "resolution": 1,
            "resolution_unit": "working_days",
        },
    )
    records.create_record(ctx, "agreement_recipient", {"agreement": str(agreement), "account": account})
    return str(agreement), str(service)


def test_terms_come_from_priority_service_and_agreement_in_turn(admin: Context, account: str) -> None:
    high = named(admin, "case_priority", "High")
    case = make_case(admin, account, priority=high).id
    found = data(admin, "case", case)
    assert instant(found["respond_by"]) == datetime(2026, 11, 30, 11, tzinfo=UTC)  # 60 minutes
    assert instant(found["resolve_by"]) == datetime(2026, 11, 30, 18, tzinfo=UTC)  # 480 minutes
    agreement, service = make_agreement(admin, account)
    change(admin, "case", case, service=service)
    assert instant(data(admin, "case", case)["resolve_by"]) == datetime(2026, 11, 30, 13, tzinfo=UTC)
    change(admin, "case", case, agreement=agreement)
    assert instant(data(admin, "case", case)["resolve_by"]) == datetime(2026, 12, 1, 18, tzinfo=UTC)
    other = records.create_record(admin, "service", {"name": "Training"}).id
    with pytest.raises(Invalid) as refused:
        change(admin, "case", case, service=str(other))
    assert [(e.field, e.code) for e in refused.value.errors] == [("service", "not_agreed")]
    later = make_case(admin, account, service=service).id  # its customer has the agreement
    assert data(admin, "case", later)["agreement"]["display"] == "Gold"


def test_calendars_are_checked_and_count(admin: Context, account: str) -> None:
    made = records.create_record(admin, "working_calendar", {"name": "Berlin", "time_zone": "Europe/Berlin"})
    day = {"calendar": str(made.id), "name": "A holiday", "day": "2026-12-01"}
    records.create_record(admin, "calendar_day", day)
    for wrong in ({"monday": "9 to 5"}, {"time_zone": "Middle/Earth"}):
        with pytest.raises(Invalid) as refused:
            change(admin, "working_calendar", made.id, **wrong)
        assert refused.value.errors[0].field == next(iter(wrong))
    given = {"name": "Repair", "resolution": 9, "calendar": str(made.id)}
    service = records.create_record(admin, "service", given).id
    found = data(admin, "case", make_case(admin, account, service=str(service)).id)
    # seven hours on Monday, none on Tuesday, two on Wednesday from nine in Berlin
    assert instant(found["resolve_by"]) == datetime(2026, 12, 2, 10, tzinfo=UTC)


def test_a_pause_moves_the_solution_and_an_answer_fixes_the_response(
    admin: Context, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = clock.now().replace(microsecond=0)
    case = make_case(admin, account, registered_at=start.isoformat()).id
    before = data(admin, "case", case)
    assert before["responded_at"] is None

    def status(name: str, minutes: int) -> None:
        monkeypatch.setattr("ostiary.records._rules.now", lambda: start + timedelta(minutes=minutes))
        monkeypatch.setattr("ostiary.records._follow.now", lambda: start + timedelta(minutes=minutes))
        change(admin, "case", case, status=named(admin, "case_status", name))

    status("In progress", 10)
    answered = data(admin, "case", case)
    assert instant(answered["responded_at"]) == start + timedelta(minutes=10)
    assert answered["owner"]["id"] == str(admin.actor)
    status("Waiting for response", 20)
    status("In progress", 80)
    after = data(admin, "case", case)
    assert instant(after["resolve_by"]) - instant(before["resolve_by"]) == timedelta(minutes=60)
    assert after["respond_by"] == before["respond_by"]
    assert after["responded_at"] == answered["responded_at"]


def test_resolving_needs_a_solution_reopening_starts_again_and_the_end_is_final(
    admin: Context, account: str
) -> None:
    resolved, closed = (named(admin, "case_status", n) for n in ("Resolved", "Closed"))
    case = make_case(admin, account).id
    with pytest.raises(Invalid) as refused:
        change(admin, "case", case, status=resolved)
    assert [e.field for e in refused.value.errors] == ["solution"]
    change(admin, "case", case, status=resolved, solution="Turned it on")
    first = data(admin, "case", case)
    assert first["resolved_at"] == first["first_resolved_at"]
    assert first["resolution_overdue"] is (instant(first["resolve_by"]) < instant(first["resolved_at"]))
    change(admin, "case", case, status=named(admin, "case_status", "Reopened"))
    again = data(admin, "case", case)
    assert (again["resolved_at"], again["first_resolved_at"]) == (None, first["first_resolved_at"])
    change(admin, "case", case, status=closed, satisfaction=5)
    assert data(admin, "case", case)["closed_at"] is not None
    with pytest.raises(Invalid) as refused:
        change(admin, "case", case, status=named(admin, "case_status", "Reopened"))
    assert [(e.field, e.code) for e in refused.value.errors] == [("status", "stage_final")]
    with pytest.raises(Invalid):
        change(admin, "case", case, satisfaction=6)
    with pytest.raises(Invalid) as refused:
        records.create_record(admin, "case", {"subject": "Nobody's"})
    assert [e.code for e in refused.value.errors] == ["one_required"]


def test_what_is_late_is_flagged_by_the_job_and_not_while_it_stands_still(
    admin: Context, account: str
) -> None:
    late = make_case(admin, account, registered_at="2020-01-06T10:00:00Z").id
    waiting = named(admin, "case_status", "Waiting for response")
    paused = make_case(admin, account, registered_at="2020-01-06T10:00:00Z", status=waiting).id
    later = (clock.now() + timedelta(days=1)).isoformat()
    for case in (late, paused):  # as if time had gone by since
        admin.db.run(
            "update @.rec_case set response_overdue = false, resolution_overdue = false where id = %(i)s",
            {"i": case},
        )
    fine = make_case(admin, account, respond_by=later, resolve_by=later).id
    stranger = person(admin, "nina")
    assert records.flag_overdue(stranger, "case") > 0
    assert records.flag_overdue(stranger, "case") == 0
    flags = [
        (data(admin, "case", c)["response_overdue"], data(admin, "case", c)["resolution_overdue"])
        for c in (late, paused, fine)
    ]
    assert flags == [(True, True), (True, False), (False, False)]


def test_a_line_further_up_is_an_escalation(admin: Context, account: str) -> None:
    case = make_case(admin, account).id
    assert data(admin, "case", case)["escalated_at"] is None
    change(admin, "case", case, support_line="second")
    once = data(admin, "case", case)["escalated_at"]
    assert once is not None
    change(admin, "case", case, support_line="first")
    assert data(admin, "case", case)["escalated_at"] == once

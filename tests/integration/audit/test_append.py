"""Events in the database: what is written, what is not, and that it stays as it was."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import psycopg
import pytest

from ostiary.audit import public as audit
from ostiary.audit._event import Built, build
from ostiary.audit._leaf import hash_leaf
from ostiary.audit._store import insert_events
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import EventId, UnitId, new_id
from ostiary.tenancy import public as tenancy
from tests._tenants import RolledBack, TestTenant

IP, CLIENT = "203.0.113.77", "Mozilla/5.0 (rare browser)"
CHANGES = {
    "changes": [
        {"field": "full_name", "before": "Ada Lovelace", "after": "Ada King"},
        {"field": "email", "before": "ada@example.org", "after": "ada.king@example.org"},
        {"field": "phone", "after": "+44 20 7946 0999"},
    ]
}
PERSONAL = ("Ada", "Lovelace", "King", "example.org", "7946", IP, "Mozilla")
TABLES = ("event", "payload", "queue", "outbox", "index")


def writing(ctx: Context) -> Context:
    return Context(ctx.tenant_id, ctx.db, ctx.principal, Channel.WEB, purpose="support", ip=IP, client=CLIENT)


class Undone(Exception):
    """Leaves a transaction without committing."""


@contextmanager
def undone(tenant: tenancy.Tenant) -> Iterator[tenancy.Transaction]:
    """A real transaction that is rolled back at the end; what it does aside stays."""
    with suppress(Undone), tenancy.transaction(tenant) as db:
        yield db
        raise Undone


def count(db: RolledBack, table: str, event_id: UUID) -> int:
    column = "id" if table in {"event", "outbox"} else "event_id"
    row = db.row(f"select count(*) from @.audit_{table} where {column} = %(id)s", {"id": event_id})
    assert row is not None
    return int(row[0])


def update(ctx: Context, contact: UUID, parts: Sequence[audit.Part] | None = None) -> EventId:
    return audit.append(
        writing(ctx),
        "records.record.updated",
        object_type="contact",
        object_ref=contact,
        parts=[audit.Part("changes", CHANGES, contact)] if parts is None else parts,
    )


def leaf_of(db: RolledBack, event_id: UUID) -> tuple[bytes, dict[str, Any]]:
    row = db.row("select leaf from @.audit_event where id = %(id)s", {"id": event_id})
    assert row is not None
    return bytes(row[0]), json.loads(row[0])


def test_a_change_is_one_event_with_all_that_belongs_to_it(ctx: Context, db: RolledBack) -> None:
    event_id = update(ctx, new_id())
    assert {table: count(db, table, event_id) for table in TABLES} == {
        "event": 1,
        "payload": 2,
        "queue": 1,
        "outbox": 1,
        "index": 1,
    }
    leaf, said = leaf_of(db, event_id)
    assert db.row("select leaf_hash from @.audit_queue where event_id = %(id)s", {"id": event_id}) == (
        hash_leaf(leaf),
    )
    assert (said["ty"], said["oc"], len(said["pc"])) == ("records.record.updated", "success", 2)
    assert audit.verify_event(ctx, event_id) == ()


def test_reads_and_refusals_are_no_news(ctx: Context, db: RolledBack) -> None:
    changed = audit.append(ctx, "records.record.created", object_type="contact", object_ref=new_id())
    read = audit.append(ctx, "records.record.viewed", object_type="contact", object_ref=new_id())
    refused = audit.append(ctx, "records.record.updated", outcome="denied", object_type="contact")
    assert [count(db, "outbox", e) for e in (changed, read, refused)] == [1, 0, 0]
    assert [count(db, "queue", e) for e in (changed, read, refused)] == [1, 1, 1]


def test_nothing_personal_and_no_real_id_is_hashed(ctx: Context, db: RolledBack) -> None:
    contact = new_id()
    event_id = update(ctx, contact)
    leaf, _ = leaf_of(db, event_id)
    stored = db.rows(
        "select kind, blob, salt_blob, data_subject_ref from @.audit_payload where event_id = %(id)s",
        {"id": event_id},
    )
    for bytes_ in (leaf, *(bytes(row[1]) for row in stored), *(bytes(row[2]) for row in stored)):
        for value in PERSONAL:
            assert value.encode() not in bytes_
    for real in (contact, ctx.actor):
        assert str(real).encode() not in leaf
        assert real not in {row[3] for row in stored}


def test_references_are_random_and_stay_the_same(ctx: Context, db: RolledBack) -> None:
    contact, other = new_id(), new_id()
    first, second, third = (leaf_of(db, update(ctx, c))[1] for c in (contact, contact, other))
    assert first["ob"] == second["ob"] != third["ob"]
    assert first["ac"] == third["ac"]
    assert {
        row[0] for row in db.rows("select ref from @.audit_ref where target = %(t)s", {"t": contact})
    } == {UUID(first["ob"]["r"])}
    subject = db.rows(
        "select distinct data_subject_ref from @.audit_payload where data_subject_ref is not null"
    )
    assert (UUID(first["ob"]["r"]),) in subject


def test_without_a_principal_or_an_object_the_leaf_says_less(ctx: Context, db: RolledBack) -> None:
    event_id = audit.append(
        ctx.acting_as(None),
        "identity.session.refused",
        outcome="failed",
        parts=[audit.Part("attempt", {"login": "ada"})],
    )
    _, said = leaf_of(db, event_id)
    assert said["ac"] == {"k": "anonymous"}
    assert "ob" not in said
    assert audit.verify_event(ctx, event_id) == ()


def test_events_of_an_object_newest_first(ctx: Context) -> None:
    contact = new_id()
    ids = [update(ctx, contact), update(ctx, contact, []), update(ctx, contact)]
    update(ctx, new_id())
    shown = audit.list_events(ctx, "contact", contact)
    assert [view.id for view in shown] == ids[::-1]
    assert shown[0].parts == [CHANGES]
    assert shown[1].parts == []
    assert shown[0].technical == {"channel": "web", "purpose": "support", "ip": IP, "client": CLIENT}
    assert (shown[0].actor, shown[0].outcome, shown[0].intact) == (ctx.principal, "success", True)
    assert [view.id for view in audit.list_events(ctx, "contact", contact, limit=1)] == ids[-1:]
    assert audit.list_events(ctx, "account", contact) == []


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (
            "update {s}.audit_payload set salt_blob = set_byte(salt_blob, 60, get_byte(salt_blob, 60) # 1)",
            "altered",
        ),
        ("update {s}.audit_payload set blob = set_byte(blob, 50, get_byte(blob, 50) # 1)", "altered"),
        ("update {s}.audit_payload set part_no = 7 where part_no = 1 and", "altered"),
        ("update {s}.audit_event set outcome = 'denied'", "columns differ"),
        ("update {s}.audit_event set actor_ref = gen_random_uuid()", "columns differ"),
        (
            "update {s}.audit_event set leaf = overlay(leaf placing 'x'::bytea from 9)",
            "queued",
        ),
        ("update {s}.audit_event set leaf = leaf || ' '::bytea", "canonical"),
        ("update {s}.audit_event set leaf = '\\x00'", "cannot be read"),
        ("update {s}.audit_queue set leaf_hash = sha256(leaf_hash)", "queued"),
    ],
)
def test_what_the_owner_alters_is_found(tenant: TestTenant, statement: str, problem: str) -> None:
    with tenancy.transaction(tenant.tenant) as db:
        ctx = Context(tenant.tenant.id, db, tenant.administrator, Channel.CLI)
        event_id, untouched = update(ctx, new_id()), update(ctx, new_id())
    key = "id" if "audit_event" in statement else "event_id"
    where = f"{'' if statement.endswith(' and') else ' where'} {key} = %(id)s"
    with tenancy.owner_transaction(tenant.tenant) as owner:
        owner.run(statement.replace("{s}.", "@.") + where, {"id": event_id})
    with tenancy.transaction(tenant.tenant) as db:
        ctx = Context(tenant.tenant.id, db, tenant.administrator, Channel.CLI)
        assert problem in " ".join(audit.verify_event(ctx, event_id))
        assert audit.verify_event(ctx, untouched) == ()


def test_parts_of_two_events_cannot_change_places(tenant: TestTenant) -> None:
    contact = new_id()
    with tenancy.transaction(tenant.tenant) as db:
        ctx = Context(tenant.tenant.id, db, tenant.administrator, Channel.CLI)
        first, second = update(ctx, contact), update(ctx, contact)
    with tenancy.owner_transaction(tenant.tenant) as owner:
        owner.run(
            "update @.audit_payload p set blob = q.blob, salt_blob = q.salt_blob from @.audit_payload q "
            "where p.event_id = %(a)s and q.event_id = %(b)s and p.part_no = q.part_no",
            {"a": first, "b": second},
        )
    with tenancy.transaction(tenant.tenant) as db:
        ctx = Context(tenant.tenant.id, db, tenant.administrator, Channel.CLI)
        assert len(audit.verify_event(ctx, first)) == 2
        assert audit.verify_event(ctx, second) == ()
        shown = {view.id: view for view in audit.list_events(ctx, "contact", contact)}
        assert (shown[first].intact, shown[first].parts) == (False, [])
        assert (shown[second].intact, shown[second].parts) == (True, [CHANGES])


def test_an_erased_part_is_not_missed(tenant: TestTenant) -> None:
    contact = new_id()
    with tenancy.transaction(tenant.tenant) as db:
        ctx = Context(tenant.tenant.id, db, tenant.administrator, Channel.CLI)
        event_id = update(ctx, contact)
    with tenancy.owner_transaction(tenant.tenant) as owner:
        owner.run("delete from @.audit_payload where event_id = %(id)s and part_no = 1", {"id": event_id})
    with tenancy.transaction(tenant.tenant) as db:
        ctx = Context(tenant.tenant.id, db, tenant.administrator, Channel.CLI)
        assert audit.verify_event(ctx, event_id) == ()
        (view,) = audit.list_events(ctx, "contact", contact)
        assert (view.parts, view.intact) == ([], True)


def test_a_refusal_outlives_the_rollback_and_a_change_does_not(tenant: TestTenant) -> None:
    contact = new_id()
    with undone(tenant.tenant) as db:
        ctx = Context(tenant.tenant.id, db, tenant.administrator, Channel.WEB)
        audit.append(ctx, "records.record.updated", object_type="contact", object_ref=contact)
        audit.append_aside(ctx, "records.record.denied", object_type="contact", object_ref=contact)
    with tenancy.transaction(tenant.tenant) as db:
        ctx = Context(tenant.tenant.id, db, tenant.administrator, Channel.WEB)
        shown = audit.list_events(ctx, "contact", contact)
        assert [(view.type, view.outcome) for view in shown] == [("records.record.denied", "denied")]
        assert audit.verify_event(ctx, shown[0].id) == ()


@pytest.mark.parametrize("table", ["event", "payload", "queue", "outbox", "index", "ref", "event_default"])
def test_the_tenants_role_can_add_and_read_only(tenant: TestTenant, table: str) -> None:
    with tenancy.transaction(tenant.tenant) as db:
        ctx = Context(tenant.tenant.id, db, tenant.administrator, Channel.WEB)
        update(ctx, new_id())
        assert db.rows(f"select count(*) from @.audit_{table}")
    for statement in (
        f"delete from @.audit_{table}",
        f"update @.audit_{table} set {'ref = ref' if table == 'ref' else _column(table)}",
        f"truncate @.audit_{table}",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), tenancy.transaction(tenant.tenant) as db:
            db.run(statement)


def _column(table: str) -> str:
    column = "id" if table in {"event", "event_default", "outbox"} else "event_id"
    return f"{column} = {column}"


def test_the_same_event_is_entered_once(ctx: Context, db: RolledBack) -> None:
    built = [event(ctx, new_id()) for _ in range(3)]
    assert insert_events(db, array(built[:2])) == 2
    assert insert_events(db, array(built)) == 1
    assert insert_events(db, array(built)) == 0
    for one in built:
        assert {table: count(db, table, one.id) for table in TABLES} == {
            "event": 1,
            "payload": 1,
            "queue": 1,
            "outbox": 0,
            "index": 1,
        }
        assert audit.verify_event(ctx, one.id) == ()


def event(ctx: Context, contact: UUID) -> Built:
    return build(ctx, "records.record.viewed", audit.Outcome.SUCCESS, "contact", contact, ())


def array(built: Sequence[Built]) -> str:
    return f"[{','.join(one.json.decode() for one in built)}]"


def test_writers_who_name_the_same_object_first_do_not_wait_for_each_other(tenant: TestTenant) -> None:
    contact = new_id()
    ready = threading.Barrier(4)
    failures: list[BaseException] = []

    def write() -> None:
        try:
            for _ in range(5):
                with tenancy.transaction(tenant.tenant) as db:
                    ctx = Context(tenant.tenant.id, db, UnitId(new_id()), Channel.WEB)
                    ready.wait(30)
                    update(ctx, contact)
                    ready.wait(30)  # nobody has committed yet
        except BaseException as error:  # noqa: BLE001  shown by the test
            failures.append(error)
            ready.abort()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with tenancy.transaction(tenant.tenant) as db:
        ctx = Context(tenant.tenant.id, db, tenant.administrator, Channel.WEB)
        shown = audit.list_events(ctx, "contact", contact)
        assert len(shown) == 20
        assert [audit.verify_event(ctx, view.id) for view in shown] == [()] * 20
        refs = db.rows(
            "select 1 from @.audit_event e join @.audit_index i on i.event_id = e.id join @.audit_ref r "
            "on r.ref = e.object_ref and r.target = i.object_ref where i.object_ref = %(c)s",
            {"c": contact},
        )
        assert len(refs) == 20


def test_events_lie_in_the_partition_of_their_month(ctx: Context, db: RolledBack) -> None:
    event_id = update(ctx, new_id())
    row = db.row(
        "select tableoid::regclass::text, to_char(occurred_at, 'YYYY_MM') from @.audit_event "
        "where id = %(id)s",
        {"id": event_id},
    )
    assert row is not None
    assert row[0].endswith(f"audit_event_{row[1]}")


def test_what_does_not_fit_is_refused_and_nothing_is_written(ctx: Context, db: RolledBack) -> None:
    before = db.row("select count(*) from @.audit_event")
    with pytest.raises(ValueError, match="too large"):
        update(ctx, new_id(), [audit.Part("changes", {"text": "x" * (1 << 20)})])
    with pytest.raises(ValueError, match="too large"):
        update(ctx, new_id(), [audit.Part("changes", {"n": n}) for n in range(90)])
    with pytest.raises(ValueError, match="names its type"):
        audit.append(ctx, "records.record.viewed", object_ref=new_id())
    with pytest.raises(TypeError):
        update(ctx, new_id(), [audit.Part("changes", {"n": 1.5})])
    assert db.row("select count(*) from @.audit_event") == before

"""Files and notes when their records are deleted or merged: they go along, or nothing goes."""

from uuid import UUID

import pytest

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.objects import public as objects
from ostiary.records import public as records
from tests.integration.records._people import events, person

pytestmark = pytest.mark.database


def account(ctx: Context, name: str) -> UUID:
    return records.create_record(ctx, "account", {"name": name}).id


def note(ctx: Context, parent: UUID, title: str = "Call") -> UUID:
    return records.create_record(ctx, "account_note", {"parent": str(parent), "title": title}).id


def attach(ctx: Context, parent: UUID) -> UUID:
    return records.attach(ctx, "account", parent, "a.pdf", [b"%PDF-"]).id


def blobs(ctx: Context) -> int:
    row = ctx.db.row("select count(*) from @.records_blob")
    assert row is not None
    return int(row[0])


def deny_deleting(admin: Context, code: str, record: UUID, ctx: Context, verb: access.Verb) -> None:
    made = objects.find_object(admin, code)
    access.set_switches(admin, made.id, records=True, denies=True)
    records.deny_record(admin, code, record, ctx.actor, [verb])


def test_what_lies_under_a_record_is_deleted_with_it_and_told(admin: Context) -> None:
    author = person(admin, "author", "sales_managers")
    doomed, kept = account(author, "Doomed"), account(author, "Kept")
    under = (attach(author, doomed), note(author, doomed), note(author, doomed, "Second"))
    other = attach(author, kept)
    before = events(admin).get("records.record.deleted", 0)
    records.delete_record(author, "account", doomed)
    for code, id_ in zip(("account_file", "account_note", "account_note"), under, strict=True):
        with pytest.raises(NotFound):
            records.get_record(author, code, id_)
    assert blobs(admin) == 1
    assert b"".join(records.open_attachment(author, "account", other)[1]) == b"%PDF-"
    assert events(admin)["records.record.deleted"] - before == 3  # of the record, its file, its notes
    (told,) = audit.list_events(admin, "account_note", under[2], types=["records.record.deleted"])
    assert {"field": "title", "before": "Second"} in [c for p in told.parts for c in p.get("changes", ())]


@pytest.mark.parametrize("verb", [access.Verb.READ, access.Verb.DELETE])
@pytest.mark.parametrize("code", ["account_note", "account_file"])
def test_what_may_not_be_deleted_keeps_the_record_whether_it_is_seen_or_not(
    admin: Context, code: str, verb: access.Verb
) -> None:
    author = person(admin, "author", "sales_managers")
    record, free = account(author, "Held"), account(author, "Free")
    held = {"account_file": attach(author, record), "account_note": note(author, record)}
    note(author, free)
    deny_deleting(admin, code, held[code], author, verb)
    with pytest.raises(records.InUse) as refused:
        records.delete_record(author, "account", record)
    assert refused.value.message == "Other records refer to it"
    result = records.delete_records(author, "account", [record, free])
    assert [row.outcome for row in result.rows] == [records.Outcome.IN_USE, records.Outcome.OK]
    assert blobs(admin) == 1
    assert records.get_record(admin, code, held[code]).version == 1


def test_many_records_go_with_what_lies_under_them(admin: Context) -> None:
    author = person(admin, "author", "sales_managers")
    doomed = [account(author, f"Doomed {n}") for n in range(5)]
    for record in doomed:
        attach(author, record)
        note(author, record)
    records.create_record(author, "opportunity", {"name": "Ash", "account": str(doomed[3])})
    result = records.delete_records(author, "account", doomed)
    assert [row.outcome.value for row in result.rows] == ["ok", "ok", "ok", "in_use", "ok"]
    assert blobs(admin) == 1
    titles = records.list_records(author, records.RecordQuery("account_note", columns=("parent",)))
    assert [r["parent"]["id"] for r in titles.records()] == [str(doomed[3])]


def test_a_merge_moves_files_and_notes_to_the_record_that_stays(admin: Context) -> None:
    author = person(admin, "author", "sales_managers")
    keep, gone = account(author, "Halden"), account(author, "Halden AG")
    file, text = attach(author, gone), note(author, gone)
    own = attach(author, keep)
    records.merge_records(author, "account", keep, [gone], {})
    assert records.get_record(author, "account_note", text).data["parent"]["id"] == str(keep)
    for each in (file, own):
        assert records.get_record(author, "account_file", each).data["parent"]["id"] == str(keep)
        assert b"".join(records.open_attachment(author, "account", each)[1]) == b"%PDF-"
    assert blobs(admin) == 2


def test_a_merge_moves_nothing_that_may_not_be_changed(admin: Context) -> None:
    author = person(admin, "author", "sales_managers")
    keep, gone = account(author, "Halden"), account(author, "Halden AG")
    text = note(author, gone)
    deny_deleting(admin, "account_note", text, author, access.Verb.READ)
    with pytest.raises(records.InUse):
        records.merge_records(author, "account", keep, [gone], {})
    assert records.get_record(admin, "account_note", text).data["parent"]["id"] == str(gone)

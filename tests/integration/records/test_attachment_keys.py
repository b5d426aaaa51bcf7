"""Files of an object that was made at run time, through rotation, backup, upgrade of rights and its end."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.crypto import public as crypto
from ostiary.identity import public as identity
from ostiary.kernel import clock
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import Invalid, NotFound, Unavailable
from ostiary.kernel.ids import UnitId
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant
from ostiary.project.backup._plan import Wish
from ostiary.project.backup._restore import restore_tenant
from ostiary.project.backup._save import back_up_tenant
from ostiary.records import public as records
from ostiary.records._content import remove_batch
from ostiary.tenancy import public as tenancy
from tests._jobs import run_due_jobs
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, inside, make_home, open_to_all

pytestmark = pytest.mark.database

CONTENT = bytes(range(256)) * 3000  # three parts
LOG = BOAT.replace("class: internal", "class: confidential").replace("boat", "log").replace("Boat", "Log")
FILES = LOG.replace("display: name", "display: name\nattachments: true\nnotes: true")


@pytest.fixture(scope="module")
def home(installation: Installation) -> NewTenant:
    return make_ship(installation, "files")


def make_ship(installation: Installation, slug: str) -> NewTenant:
    new = make_home(f"{slug}{installation.worker}")
    apply(new, FILES)
    with inside(new) as ctx:
        for code in ("log", "log_file", "log_note"):
            open_to_all(ctx, code)
    return new


@contextmanager
def as_owner(home: NewTenant) -> Iterator[Context]:
    with tenancy.owner_transaction(home.tenant) as db:
        yield Context(home.tenant.id, db, None, Channel.JOB)


def attach(home: NewTenant, name: str = "log.bin") -> records.Record:
    with inside(home) as ctx:
        record = records.create_record(ctx, "log", {"name": "May"})
        return records.attach(ctx, "log", record.id, name, [CONTENT])


def read(ctx: Context, file: records.Record) -> bytes:
    return b"".join(records.open_attachment(ctx, "log", file.id)[1])


def test_one_word_makes_ordinary_objects_closed_like_everything_new(home: NewTenant) -> None:
    with inside(home) as ctx:
        catalogue = objects.get_catalogue(ctx).objects
        files, notes = catalogue["log_file"], catalogue["log_note"]
        assert [files.master, notes.master] == ["parent", "parent"]
        assert [d[1:] for d in catalogue["log"].layout.details] == [
            ("log_file", "parent"),
            ("log_note", "parent"),
        ]
        filled = [c for made in (files, notes) for c in made.columns.values() if c.takes_rows]
        assert {c.data_class for c in filled} == {objects.DataClass.CONFIDENTIAL}
        stated = objects.object_document(files)
        (again,) = objects.read_changes(str({"change": "create_object", **stated}))
        assert isinstance(again, objects.CreateObject)
        assert objects.object_document(again.object) == stated  # a custom object may say all of it
    for taken, words in (
        (BOAT.replace("boat", "log_note"), "there is an object 'log_note' already"),
        ("{change: change_object, object: log, notes: true}", "there is an object 'log_note' already"),
        ("{change: change_object, object: log, notes: false}", "dropping that object"),
    ):
        with pytest.raises(Invalid) as refused:
            apply(home, taken)
        assert words in refused.value.errors[0].message


def test_that_a_file_was_opened_is_recorded_before_its_bytes_leave(home: NewTenant) -> None:
    file = attach(home)
    with inside(home) as ctx:
        _, chunks = records.open_attachment(ctx, "log", file.id)
        told = [event.type for event in audit.list_events(ctx, "log_file", file.id, 10)]
        assert told == ["records.attachment.opened", "records.record.created"]
        assert b"".join(chunks) == CONTENT
        with pytest.raises(NotFound):
            records.open_attachment(ctx, "log", home.administrator)


def test_what_is_added_later_has_the_rights_of_now(home: NewTenant) -> None:
    apply(home, BOAT)
    with inside(home) as ctx:
        boat = objects.find_object(ctx, "boat")
        everyone = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
        assert everyone is not None
        reader, writer = (
            access.create_person(ctx, login=login, name=login.title(), email="") for login in ("rae", "wim")
        )
        read, every = {access.Verb.READ}, {access.Verb.READ, access.Verb.UPDATE}
        access.set_object_rows(ctx, boat.id, [(UnitId(writer), every), (everyone, read)])
        level = [(everyone, access.ColumnLevel.EDIT)]
        access.set_columns_rows(ctx, boat.id, {c.id: level for c in boat.columns.values() if c.takes_rows})
        access.set_switches(ctx, boat.id, records=False)
    apply(home, "{change: change_object, object: boat, attachments: true, notes: true}")
    with inside(home) as ctx:
        views = [records.describe(ctx.acting_as(UnitId(p)), "boat_file") for p in (reader, writer)]
        assert [view.verbs for view in views] == [read, set(access.Verb)]
        assert views[0].columns["checksum"] is access.ColumnLevel.EDIT
        assert "checksum" not in views[1].creatable
        assert [d[0] for d in objects.find_object(ctx, "boat").layout.details] == ["Attachments", "Notes"]


def test_a_file_outlives_the_rotation_of_its_key(home: NewTenant) -> None:
    file = attach(home)
    with as_owner(home) as ctx:
        assert crypto.begin_dek_rotation(ctx, "content")
    now, steps = clock.now(), list[crypto.Step]()
    while not steps or steps[-1].cursor is not None:
        with as_owner(home) as ctx:
            steps.append(crypto.rotate_chunk(ctx, steps[-1].cursor if steps else None, now=now))
        now += timedelta(seconds=steps[-1].wait_s)
    assert sum(step.done for step in steps) >= 3
    crypto.forget_keys()
    with inside(home) as ctx:
        states = {k.state: k.values for k in crypto.list_keys(ctx, count=True) if k.scope == "content"}
        assert states["retired"] == 0
        assert states["active"]
        assert read(ctx, file) == CONTENT
        assert crypto.verify_keys(ctx) == []


def test_a_copy_from_a_backup_opens_the_file_under_keys_of_its_own(home: NewTenant, tmp_path: Path) -> None:
    file = attach(home)
    back_up_tenant(home.tenant, tmp_path / "home.ostiary")
    slug = f"{home.tenant.slug}c"
    copy = restore_tenant(tmp_path / "home.ostiary", Wish(slug, [f"{slug}.test"])).tenant
    with tenancy.transaction(copy) as db:
        ctx = Context(copy.id, db, home.administrator, Channel.CLI)
        assert read(ctx, file) == CONTENT
        crossed = ctx.db.rows("select data from @.records_blob where file_id = %(f)s", {"f": file.id})
    with inside(home) as ctx:
        assert read(ctx, file) == CONTENT
        kept = ctx.db.rows("select data from @.records_blob where file_id = %(f)s", {"f": file.id})
        assert {bytes(r[0]) for r in kept}.isdisjoint(bytes(r[0]) for r in crossed)


def test_content_goes_with_an_object_that_ends_and_not_before(installation: Installation) -> None:
    home = make_ship(installation, "ended")
    attach(home)
    with inside(home) as ctx:
        made = objects.find_object(ctx, "log_file")
        assert remove_batch(ctx, made.id) == 0
    apply(home, "{change: drop_object, object: log_file}")
    with inside(home) as ctx:
        assert remove_batch(ctx, made.id) == 0  # it may be restored
    with as_owner(home) as ctx:
        ctx.db.run(
            "update @.objects_object set purge_after = now() - interval '1 day' where id = %(o)s",
            {"o": made.id},
        )
    (purge,) = objects.read_changes("{change: purge_object, object: log_file}")
    with inside(home) as ctx:
        plan = objects.plan_change(ctx, purge)
        assert any("remove the content of log_file" in line for line in plan.lines())
    apply(home, "{change: purge_object, object: log_file}")
    run_due_jobs()
    with inside(home) as ctx:
        assert ctx.db.row("select count(*) from @.records_blob where object_id = %(o)s", {"o": made.id}) == (
            0,
        )
        assert ctx.db.row(
            "select count(*) from @.audit_index where type = %(t)s", {"t": "records.content.purged"}
        ) == (1,)


def test_tables_of_the_release_before_take_no_file_and_the_rest_goes_on(installation: Installation) -> None:
    """A node also serves tenants that are not upgraded yet, or were restored as they were before."""
    home = make_ship(installation, "past")
    file = attach(home)
    with as_owner(home) as ctx:
        ctx.db.run("drop table @.records_blob")
        assert crypto.list_keys(ctx, count=True)
        assert crypto.verify_keys(ctx) == []
    with inside(home) as ctx, pytest.raises(Unavailable):
        records.open_attachment(ctx, "log", file.id)
    with pytest.raises(Unavailable):
        attach(home)
    with inside(home) as ctx:
        records.delete_record(ctx, "log", UUID(file.data["parent"]["id"]))
        assert records.list_records(ctx, records.RecordQuery("log_file")).ids == ()
        assert remove_batch(ctx, objects.find_object(ctx, "log_file").id) == 0

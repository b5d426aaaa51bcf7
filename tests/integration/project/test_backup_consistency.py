"""A backup sees one instant, whoever writes meanwhile."""

import threading
from pathlib import Path

from ostiary.crm import public as crm
from ostiary.kernel.context import Channel, Context
from ostiary.project._tenants import create_tenant
from ostiary.project.backup._plan import Wish
from ostiary.project.backup._restore import restore_tenant
from ostiary.project.backup._save import back_up_tenant
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._ledger import read_ledger
from tests._tenants import Installation

WRITES = 12  # before and after the first table is read


def test_records_and_their_events_are_of_one_instant(installation: Installation, tmp_path: Path) -> None:
    slug = f"bc{installation.worker}"
    new = create_tenant(slug, "Busy", [f"{slug}.test"], login="a", person="A", email="", password=None)
    with tenancy.transaction(new.tenant) as db:
        crm.install(new.tenant, Context(new.tenant.id, db, new.administrator, Channel.CLI))
    reading, enough = threading.Event(), threading.Event()
    written: list[int] = []

    def write() -> None:
        for number in range(2 * WRITES):
            with tenancy.transaction(new.tenant) as db:
                ctx = Context(new.tenant.id, db, new.administrator, Channel.CLI)
                made = records.create_record(ctx, "account", {"name": f"Number {number}"})
                records.update_record(ctx, "account", made.id, {"city": "Halle"}, made.version)
            written.append(number)
            if len(written) == WRITES:
                enough.set()
                assert reading.wait(60)

    def progress(line: str) -> None:
        """The first tables are read; now the writer goes on before the others are."""
        if line.startswith("saved") and not reading.is_set():
            assert enough.wait(60)
            reading.set()
            writer.join(60)

    writer = threading.Thread(target=write)
    writer.start()
    assert enough.wait(60)
    saved = back_up_tenant(new.tenant, tmp_path / "busy.ostiary", progress=progress)
    assert len(written) == 2 * WRITES
    assert saved.tables["rec_account"]["rows"] == WRITES
    copy = restore_tenant(tmp_path / "busy.ostiary", Wish(f"{slug}copy", [f"{slug}copy.test"])).tenant
    with tenancy.transaction(copy) as db:
        ledger = read_ledger(Context(copy.id, db, new.administrator, Channel.CLI))
    assert [words for words in ledger.half if not words.endswith(": no news")] == []
    assert sum(code == "account" for code, _ in ledger.versions) == WRITES

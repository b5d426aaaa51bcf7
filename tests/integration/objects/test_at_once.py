"""A change holds for every process at its next request, and readers and writers hardly wait for it."""

import json
import os
import subprocess
import sys
import threading

import psycopg
import pytest

from ostiary.objects import _apply
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant
from ostiary.records import public as records
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, column, inside, make_home, open_to_all, stored

pytestmark = pytest.mark.database

# Another process with caches of its own: it answers each line of input with the columns that it sees.
OTHER = """
import json, os, sys, django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ostiary.project.settings")
django.setup()
from pathlib import Path
from uuid import UUID
from ostiary.crypto import public as crypto
from ostiary.kernel.context import Channel, Context
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
tenancy.configure(tenancy.Credentials(app=os.environ["OTHER_DSN"]))
crypto.configure(crypto.ensure_plaintext_root(Path(os.environ["OTHER_KEY"])))
tenant = tenancy.get_tenant(os.environ["OTHER_TENANT"])
for line in sys.stdin:
    with tenancy.transaction(tenant) as db:
        ctx = Context(tenant.id, db, UUID(os.environ["OTHER_PERSON"]), Channel.CLI)
        seen = records.describe(ctx, "boat")
        page = records.list_records(ctx, records.RecordQuery("boat")).records()
        print(json.dumps([sorted(seen.object.columns), sorted(page[0])]), flush=True)
"""


@pytest.fixture(scope="module")
def home(installation: Installation) -> NewTenant:
    new = make_home(f"atonce{installation.worker}")
    apply(new, BOAT)
    with inside(new) as ctx:
        open_to_all(ctx, "boat")
        records.create_record(ctx, "boat", {"name": "Mavis"})
    return new


def test_another_process_sees_a_column_at_its_next_request(
    home: NewTenant, installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environment = os.environ | {
        "OTHER_DSN": installation.credentials.app,
        "OTHER_KEY": str(next(tmp_path_factory.getbasetemp().glob("keys*/root.key"))),
        "OTHER_TENANT": home.tenant.slug,
        "OTHER_PERSON": str(home.administrator),
        "OSTIARY_INSECURE_HTTP": "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    with subprocess.Popen(
        [sys.executable, "-c", OTHER],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None

        def ask() -> list[list[str]]:
            print("look", file=other.stdin, flush=True)
            answer: list[list[str]] = json.loads(other.stdout.readline() if other.stdout else "[]")
            return answer

        declared, read = ask()
        assert "keel" not in declared
        assert "name" in read
        apply(home, column("keel"))
        declared, read = ask()
        assert "keel" in declared
        assert "keel" in read
        apply(home, "{change: rename_column, object: boat, column: keel, to: fin}")
        assert "fin" in ask()[1]
        apply(home, "{change: drop_column, object: boat, column: fin}")
        assert "fin" not in ask()[1]
        other.stdin.close()


def test_a_change_waits_for_a_reader_and_is_tried_again(
    home: NewTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    reading, read = threading.Event(), threading.Event()

    def reader() -> None:
        with inside(home) as ctx:
            ctx.db.rows("select 1 from @.rec_boat limit 1")
            reading.set()
            read.wait(60)

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        read.set()
        thread.join()

    monkeypatch.setattr("ostiary.objects._apply.time.sleep", pause)
    thread = threading.Thread(target=reader)
    thread.start()
    reading.wait(60)
    apply(home, column("rope"))
    assert pauses == [_apply.FIRST_PAUSE_S]
    with inside(home) as ctx:
        assert "rope" in objects.find_object(ctx, "boat").columns


def test_a_change_that_is_cut_off_changes_nothing(home: NewTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    with inside(home) as ctx:
        before = (objects.get_catalogue(ctx), stored(ctx, "rec_boat"), objects.list_changes(ctx))

    def cut(*_: object) -> None:
        raise psycopg.OperationalError("the server went away")

    with monkeypatch.context() as patch:
        patch.setattr(_apply, "defer_all", cut)
        with pytest.raises(psycopg.OperationalError):
            apply(home, column("lost"))
    with inside(home) as ctx:
        after = (objects.get_catalogue(ctx), stored(ctx, "rec_boat"), objects.list_changes(ctx))
    assert after[1:] == before[1:]
    assert after[0].objects == before[0].objects


def test_two_changes_of_one_tenant_go_one_after_the_other(home: NewTenant) -> None:
    errors: list[Exception] = []

    def change(number: int) -> None:
        try:
            apply(home, column(f"extra{number}"))
        except Exception as error:  # noqa: BLE001  whatever it is, the test shows it
            errors.append(error)

    threads = [threading.Thread(target=change, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with inside(home) as ctx:
        assert {f"extra{n}" for n in range(4)} <= set(objects.find_object(ctx, "boat").columns)
        assert {f"extra{n}" for n in range(4)} <= stored(ctx, "rec_boat")

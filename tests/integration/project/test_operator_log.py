"""The operator's log: every command leaves one event, however it ends, and the web's login never sees it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ostiary.kernel.errors import AccessDenied, Misconfigured
from ostiary.project import _operator_log
from ostiary.project.cli import REFUSED, main
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation, TestTenant


@pytest.fixture
def operator_log(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Path]:
    """The folder of waiting notes, with the log prepared."""
    monkeypatch.setenv("OSTIARY_STATE", str(tmp_path / "state"))
    _operator_log.prepare_log(installation.credentials)
    yield tmp_path / "state" / "logs" / "operator"
    _operator_log.prepare_log(installation.credentials)


def waiting(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


def test_how_a_command_ended_is_recorded(operator_log: Path, tenant: TestTenant) -> None:
    def refused() -> int:
        raise AccessDenied("no", layer="operation")

    def broken() -> int:
        raise ValueError("a value that may be secret")

    assert _operator_log.recorded(lambda: 0, "tenancy.tenant.created", {"command": "a"}) == 0
    assert _operator_log.recorded(lambda: 2, "tenancy.tenant.created", {"command": "b"}) == 2
    with pytest.raises(AccessDenied):
        _operator_log.recorded(refused, "tenancy.tenant.created", {"command": "c"})
    with pytest.raises(ValueError, match="secret"):
        _operator_log.recorded(broken, "tenancy.tenant.created", {"command": "d"})
    _operator_log.record("tenancy.tenant.created", tenant=tenant.tenant, parts={"command": "e"})
    found = {entry.parts["command"]: entry for entry in _operator_log.list_entries(limit=5)}
    assert {name: entry.outcome for name, entry in found.items()} == {
        "a": "success",
        "b": "failed",
        "c": "denied",
        "d": "failed",
        "e": "success",
    }
    assert found["e"].tenant == tenant.tenant.id
    assert found["e"].parts["tenant"] == tenant.tenant.slug
    assert found["d"].parts["ended"] == "ValueError"
    assert all(entry.intact and entry.operator["uid"] == os.geteuid() for entry in found.values())
    assert waiting(operator_log) == []


def test_names_of_operators_and_values_are_in_encrypted_parts_alone(
    operator_log: Path, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "nobodyelse")
    _operator_log.record("tenancy.tenant.created", parts={"command": "very special words"})
    assert _operator_log.list_entries(limit=1)[0].operator["behind_sudo"] == "nobodyelse"
    assert installation.credentials.owner
    with psycopg.connect(installation.credentials.owner) as owner:
        for table in ("audit_event", "audit_payload", "audit_index", "audit_outbox", "audit_queue"):
            rows = owner.execute(f"select row_to_json(t)::text from installation.{table} t").fetchall()
            text = " ".join(row[0] for row in rows)
            raw = " ".join(bytes.fromhex(h).decode(errors="replace") for h in _hex(text))
            assert "nobodyelse" not in text + raw, table
            assert "very special" not in text + raw, table


def _hex(text: str) -> Iterator[str]:
    for word in text.replace('"', " ").replace("\\\\x", " ").split():
        if len(word) % 2 == 0 and all(c in "0123456789abcdef" for c in word):
            yield word


def test_the_login_of_requests_neither_reads_nor_writes_it(
    operator_log: Path, installation: Installation
) -> None:
    _operator_log.record("tenancy.tenant.created")
    for statement in (
        "select 1 from installation.audit_event",
        "insert into installation.audit_queue (event_id, leaf_hash) values (gen_random_uuid(), '')",
        "select 1 from installation.identity",
    ):
        with psycopg.connect(installation.credentials.app) as app, pytest.raises(psycopg.Error) as refused:
            app.execute(statement)
        assert isinstance(refused.value, psycopg.errors.InsufficientPrivilege)
    with psycopg.connect(installation.credentials.app) as app, pytest.raises(psycopg.Error):
        app.execute("set role ostiary_installation")
    assert installation.credentials.owner
    with psycopg.connect(installation.credentials.owner) as owner:
        owner.execute("set role ostiary_installation")
        assert owner.execute("select count(*) > 0 from installation.audit_event").fetchone() == (True,)
        for statement in (
            "delete from installation.audit_event",
            "update installation.audit_index set type = ''",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), owner.transaction():
                owner.execute(statement)


def test_what_could_not_be_entered_waits_and_comes_later(
    operator_log: Path, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as away:
        away.setattr(tenancy, "find_installation", _away)
        with pytest.raises(Misconfigured, match="no database"):
            _operator_log.recorded(_no_database, "tenancy.tenant.created", {"command": "while it was away"})
        (note,) = waiting(operator_log)
        assert note.stat().st_mode & 0o777 == 0o600
        said = json.loads(note.read_text())
        assert (said["outcome"], said["parts"]["ended"]) == ("failed", "misconfigured")
    assert _operator_log.enter_waiting() == 1
    assert waiting(operator_log) == []
    assert _operator_log.list_entries(limit=1)[0].parts["command"] == "while it was away"
    assert _operator_log.enter_waiting() == 0


def _away(owner: str) -> tenancy.Tenant:
    raise psycopg.OperationalError("the server is away")


def _no_database() -> int:
    raise Misconfigured("no database")


def test_a_note_is_entered_once_even_when_its_file_stays(
    operator_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as stubborn:
        stubborn.setattr(Path, "unlink", _busy)
        with pytest.raises(OSError, match="busy"):
            _operator_log.record("tenancy.tenant.created", parts={"command": "stubborn"})
    assert len(waiting(operator_log)) == 1
    assert _operator_log.enter_waiting() == 1
    entries = [e for e in _operator_log.list_entries() if e.parts.get("command") == "stubborn"]
    assert len(entries) == 1


def _busy(path: Path, **_: object) -> None:
    raise OSError("busy")


def test_a_killed_command_is_in_the_log(operator_log: Path) -> None:
    code = (
        "import os, signal\n"
        "from ostiary.project import _operator_log\n"
        "def work():\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "_operator_log.recorded(work, 'tenancy.tenant.created', {'command': 'killed one'})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=dict(os.environ), check=False)
    assert done.returncode == -9
    assert len(waiting(operator_log)) == 1
    assert _operator_log.enter_waiting() == 1
    entry = _operator_log.list_entries(limit=1)[0]
    assert (entry.outcome, entry.parts["command"], entry.parts["ended"]) == ("failed", "killed one", "killed")


def test_a_running_command_s_note_is_left_alone(operator_log: Path) -> None:
    def work() -> int:
        assert len(waiting(operator_log)) == 1
        assert _operator_log.enter_waiting() == 0
        return 0

    assert _operator_log.recorded(work, "tenancy.tenant.created", {"command": "long"}) == 0


def test_a_command_that_cannot_be_noted_is_not_run(
    operator_log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("OSTIARY_STATE", str(tmp_path / "file"))
    assert main(["database", "prepare"]) == REFUSED
    assert "cannot be noted" in capsys.readouterr().err

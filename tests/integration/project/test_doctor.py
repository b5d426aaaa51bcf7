"""Each check finds the fault that is planted for it, and is silent without it."""

import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ostiary.crypto import public as crypto
from ostiary.kernel import clock
from ostiary.kernel.errors import Invalid
from ostiary.project import (
    _doctor,
    _doctor_host,
    _doctor_tenants,
    _operator_log,
    _root_key,
    _root_record,
)
from ostiary.project._doctor import Finding, Probe, Severity
from ostiary.project._installation import OPTIONS, get_installation
from ostiary.project._private_files import write_secret
from ostiary.project._state import State
from ostiary.project.backup import _last
from ostiary.project.cli import main
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation, TestTenant

MISSPELT = "OSTIARY_" + "TRUSTED_PROXY"  # in two parts, so that nobody takes it for one of ours


@pytest.fixture
def probe(
    installation: Installation, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Probe]:
    """A sound installation; what a test does to its database is rolled back."""
    for option in OPTIONS:
        monkeypatch.delenv(option.variable, raising=False)
    state = State(tmp_path / "state")
    monkeypatch.setenv("OSTIARY_STATE", str(state.root))
    state.prepare()
    _operator_log.prepare_log(installation.credentials)
    _root_key.save(state, crypto.Roots.fresh(), crypto.Lock(identity=crypto.make_identity()))
    _last.note_backup("installation", tmp_path, verified=True, state=state)
    assert installation.credentials.admin
    with psycopg.connect(installation.credentials.admin) as admin:
        yield Probe(
            state,
            installation=get_installation(),
            admin=admin,
            tenants=[tenant.tenant],
            configured=True,
        )
        admin.rollback()


def found(probe: Probe, name: str, severity: Severity | None = None) -> list[Finding]:
    """What a check finds, without that all is well."""
    findings = [f for f in _doctor.examine(probe, [name]) if f.severity is not Severity.OK]
    if severity is not None:
        assert {f.severity for f in findings} == {severity}, findings
        assert all(f.words and f.remedy for f in findings)
    return findings


def said(findings: Sequence[Finding]) -> str:
    return " | ".join(f.words for f in findings)


def run(probe: Probe, statement: str) -> None:
    assert probe.admin is not None
    probe.admin.execute(statement)


@contextmanager
def put_right(probe: Probe) -> Iterator[None]:
    """Undo what was done to the database."""
    assert probe.admin is not None
    with probe.admin.transaction(force_rollback=True):
        yield


ROLE_FAULTS = [
    ("roles.attributes", "ALTER ROLE ostiary_app INHERIT", "ostiary_app inherits"),
    ("roles.attributes", "ALTER ROLE ostiary_app CREATEROLE", "ostiary_app is CREATEROLE"),
    ("roles.attributes", "ALTER ROLE ostiary_owner SUPERUSER", "ostiary_owner is SUPERUSER"),
    ("roles.attributes", "ALTER ROLE {role} BYPASSRLS", "{role} is BYPASSRLS"),
    ("roles.members", "GRANT ostiary_installation TO ostiary_app", "member of ostiary_installation"),
    ("roles.members", "GRANT ostiary_owner TO {role}", "{role} is a member of ostiary_owner"),
    ("roles.members", "GRANT pg_read_all_data TO ostiary_app", "member of pg_read_all_data"),
    (
        "roles.rights",
        "GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO PUBLIC",
        "set_config is open",
    ),
    ("roles.rights", "GRANT CREATE ON SCHEMA public TO PUBLIC", "may create in schema public"),
    ("roles.rights", "GRANT SELECT ON {schema}.identity_unit TO ostiary_app", "{schema}.identity_unit"),
    ("roles.rights", "GRANT SELECT ON installation.audit_event TO PUBLIC", "installation.audit_event"),
    (
        "roles.rights",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO PUBLIC",
        "by default",
    ),
    ("roles.isolation", "GRANT USAGE ON SCHEMA installation TO {role}", "may use the schema installation"),
]


@pytest.mark.parametrize(("name", "fault", "words"), ROLE_FAULTS)
def test_a_role_that_may_too_much_is_found(
    probe: Probe, tenant: TestTenant, name: str, fault: str, words: str
) -> None:
    names = {"role": tenant.tenant.role, "schema": tenant.tenant.schema}
    assert found(probe, name) == []
    with put_right(probe):
        run(probe, fault.format(**names))
        assert words.format(**names) in said(found(probe, name, Severity.ERROR))
    assert found(probe, name) == []


def test_a_role_that_is_gone_is_found(probe: Probe, tenant: TestTenant) -> None:
    gone = tenancy.Tenant(tenant.tenant.id, "gone", "Gone", "t_gone", "t_gone_never_made")
    assert found(probe, "roles.attributes") == []
    probe.tenants = [*probe.tenants, gone]
    assert "there is no role t_gone_never_made" in said(found(probe, "roles.attributes", Severity.ERROR))


class Settings(Probe):
    """A server that says of its settings what a test says."""

    said: dict[str, str]

    def value(self, sql: str, params: Sequence[Any] = ()) -> Any:
        return self.said[params[0]] if "current_setting" in sql else super().value(sql, params)


SOUND = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "data_checksums": "on",
    "wal_level": "replica",
    "max_connections": "100",
    "password_encryption": "scram-sha-256",
    "log_statement": "none",
}


@pytest.mark.parametrize(
    ("check", "name", "wrong", "severity"),
    [
        ("database.durability", "fsync", "off", Severity.ERROR),
        ("database.durability", "full_page_writes", "off", Severity.ERROR),
        ("database.durability", "synchronous_commit", "off", Severity.ERROR),
        ("database.durability", "data_checksums", "off", Severity.WARNING),
        ("database.durability", "wal_level", "minimal", Severity.WARNING),
        ("database.settings", "max_connections", "20", Severity.WARNING),
        ("database.settings", "password_encryption", "md5", Severity.ERROR),
        ("database.settings", "log_statement", "all", Severity.WARNING),
    ],
)
def test_a_setting_of_the_server_is_found(
    probe: Probe, check: str, name: str, wrong: str, severity: Severity
) -> None:
    server = Settings(probe.state, probe.installation, probe.admin)
    server.said = dict(SOUND)
    assert found(server, check) == []
    server.said[name] = wrong
    assert len(found(server, check, severity)) == 1


def test_the_settings_are_asked_of_the_real_server(probe: Probe) -> None:
    """The cluster of the tests does not wait for the disk."""
    assert "fsync is off" in said(found(probe, "database.durability", Severity.ERROR))
    assert found(probe, "database.settings") == []


def test_a_database_that_does_not_answer_is_found(probe: Probe) -> None:
    assert found(probe, "database.reachable") == []
    probe.admin, probe.configured = None, False
    probe.refused["database"] = "connection refused"
    assert said(found(probe, "database.reachable", Severity.ERROR)) == "connection refused"
    for name in ("database.settings", "roles.attributes", "time.clock", "migrations.release"):
        assert [f.severity for f in found(probe, name)] == [Severity.SKIPPED], name


class Info:
    server_version, host, hostaddr = 140_002, "db.example.org", "203.0.113.7"


class Far:
    """A connection to a server elsewhere, by plain TCP."""

    info = Info()

    class pgconn:  # noqa: N801  as the driver calls it
        ssl_in_use = False


def test_an_old_server_and_one_in_the_clear_are_found(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(probe, "database.transport") == []
    far = Probe(probe.state, probe.installation, admin=Far())  # type: ignore[arg-type]  # stands in for one
    assert "PostgreSQL 14 is too old" in said(found(far, "database.reachable", Severity.ERROR))
    assert "in the clear" in said(found(far, "database.transport", Severity.ERROR))
    monkeypatch.setattr(Far.pgconn, "ssl_in_use", True)
    for mode, count in (("require", 1), ("verify-full", 0)):
        monkeypatch.setenv("OSTIARY_DATABASE_URL", f"postgresql://x@db.example.org/x?sslmode={mode}")
        far.installation = get_installation()
        assert len(found(far, "database.transport")) == count


@pytest.mark.parametrize(
    ("seconds", "severity"),
    [(0, None), (1.5, None), (5, Severity.WARNING), (-5, Severity.WARNING), (90, Severity.ERROR)],
)
def test_clocks_that_differ_are_found(probe: Probe, seconds: float, severity: Severity | None) -> None:
    probe.now = lambda: clock.now() + timedelta(seconds=seconds)
    findings = found(probe, "time.clock", severity)
    assert (len(findings) == 1) is (severity is not None)


def test_a_clock_that_nobody_keeps_is_found(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_doctor_host, "_kernel_clock", lambda: 0)
    assert found(probe, "time.synchronised") == []
    monkeypatch.setattr(_doctor_host, "_kernel_clock", lambda: 5)
    assert len(found(probe, "time.synchronised", Severity.WARNING)) == 1


def test_the_kernel_can_be_asked_about_its_clock() -> None:
    assert _doctor_host._kernel_clock() in (None, *range(-1, 6))


@pytest.mark.parametrize("folder", ["secrets", "keys"])
def test_a_secret_that_others_may_read_is_found(probe: Probe, folder: str) -> None:
    path = probe.state.root / folder / "some-secret"
    path.write_text("x")
    path.chmod(0o600)
    assert found(probe, "files.secrets") == []
    path.chmod(0o644)
    assert "is open to others (644)" in said(found(probe, "files.secrets", Severity.ERROR))
    path.unlink()
    path.symlink_to("/etc/hostname")
    assert "is a link" in said(found(probe, "files.secrets", Severity.ERROR))


def test_an_administrative_connection_that_web_nodes_read_is_found(
    probe: Probe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "installation.toml"
    monkeypatch.setenv("OSTIARY_CONFIG", str(file))
    for option, count in (("database_url_file", 0), ("database_url", 1)):
        write_secret(file, f'{option} = "postgresql://db.example/x"\n')
        probe.installation = get_installation()
        said_of_it = [f for f in found(probe, "configuration.dangerous") if "web nodes read" in f.words]
        assert [f.severity for f in said_of_it] == [Severity.WARNING] * count
        assert "db.example" not in str(said_of_it)


def test_a_folder_that_others_may_enter_is_found(probe: Probe) -> None:
    assert found(probe, "files.secrets") == []
    probe.state.keys.chmod(0o755)
    assert "keys is open to others (755)" in said(found(probe, "files.secrets", Severity.ERROR))


def test_the_root_key_s_faults_are_found(probe: Probe) -> None:
    keys = probe.state.keys
    assert found(probe, "keys.root") == []
    crypto.ensure_plaintext_root(keys / _root_key.PLAINTEXT)
    assert "lies open beside" in said(found(probe, "keys.root", Severity.ERROR))
    (keys / _root_key.PROTECTED).unlink()
    assert "local-plaintext" in said(found(probe, "keys.root", Severity.ERROR))
    (keys / _root_key.PLAINTEXT).unlink()
    assert "there is no root key" in said(found(probe, "keys.root", Severity.ERROR))


def test_a_demo_may_have_an_open_root_key(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    (probe.state.keys / _root_key.PROTECTED).unlink()
    crypto.ensure_plaintext_root(probe.state.keys / _root_key.PLAINTEXT)
    found(probe, "keys.root", Severity.ERROR)
    monkeypatch.setenv("OSTIARY_INSECURE_HTTP", "1")
    probe.installation = get_installation()
    found(probe, "keys.root", Severity.WARNING)


def test_keys_that_do_not_open_are_found(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(probe, "keys.open") == []
    monkeypatch.setattr(crypto, "verify_keys", lambda ctx: ["key 1 does not open"])
    assert "key 1 does not open" in said(found(probe, "keys.open", Severity.ERROR))


def test_a_root_key_that_nobody_could_bring_back_is_found(
    probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = crypto.unlock()
    assert isinstance(store, crypto.Roots)
    now = clock.now()
    fresh = _root_record.Recovery(now, {"fingerprint": crypto.fingerprint(store)}, now)

    def known(recovery: _root_record.Recovery | None) -> list[Finding]:
        monkeypatch.setattr(_root_record, "find_recovery", lambda owner: recovery)
        return found(probe, "keys.escrow")

    assert known(fresh) == []
    assert "no recovery bundle" in said(known(None))
    assert "out of date" in said(known(replace(fresh, bundle={"fingerprint": "another"})))
    assert "not rehearsed" in said(known(replace(fresh, rehearsed_at=None)))
    assert "not rehearsed" in said(known(replace(fresh, rehearsed_at=now - timedelta(days=181))))


def test_a_full_disk_is_found(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type(shutil.disk_usage("/"))
    gib = 2**30
    for free, severity in (
        (50 * gib, None),
        (14 * gib, Severity.WARNING),
        (4 * gib, Severity.ERROR),
        (gib // 2, Severity.ERROR),
    ):
        size = usage(100 * gib, 100 * gib - free, free)
        monkeypatch.setattr(shutil, "disk_usage", lambda place, size=size: size)
        assert bool(found(probe, "disk.free", severity)) is (severity is not None)


@pytest.mark.parametrize(("release", "severity"), [(-1, Severity.WARNING), (5, Severity.ERROR)])
def test_a_tenant_of_another_release_is_found(
    probe: Probe, tenant: TestTenant, release: int, severity: Severity
) -> None:
    from ostiary.project._release import RELEASE

    probe.tenants = [replace(tenant.tenant, release=RELEASE)]
    assert found(probe, "migrations.release") == []
    probe.tenants = [replace(tenant.tenant, release=RELEASE + release)]
    assert len(found(probe, "migrations.release", severity)) == 1


def test_an_old_or_missing_backup_is_found(probe: Probe, tmp_path: Path) -> None:
    assert found(probe, "backups.age") == []
    probe.now = lambda: clock.now() + timedelta(days=3)
    assert "72 h old" in said(found(probe, "backups.age", Severity.WARNING))
    probe.now = clock.now
    _last.note_backup("installation", tmp_path, verified=False, state=probe.state)
    assert "was not read again" in said(found(probe, "backups.age", Severity.WARNING))
    (probe.state.root / "backups.json").unlink()
    assert "there is no backup" in said(found(probe, "backups.age", Severity.WARNING))


def test_work_that_nobody_does_is_found(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    from ostiary.jobs import public as jobs

    assert {f.check for f in _doctor.examine(probe, ["jobs.workers"])} == {"jobs.workers"}  # the real queue

    class Lane:
        placement, lane, waiting, due, running = "", "default", 3, 3, 0
        oldest_s, failed, workers = 900.0, 2, 0

    class Idle(Lane):
        due, oldest_s, failed = 0, 0.0, 0

    monkeypatch.setattr(jobs, "figures", lambda name: [Idle()])
    assert found(probe, "jobs.workers") == []
    monkeypatch.setattr(jobs, "figures", lambda name: [Lane()])
    words = said(found(probe, "jobs.workers"))
    assert "3 jobs are due in lane default and nobody works" in words
    assert "2 jobs were given up" in words


def test_an_audit_queue_that_grows_is_found(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(probe, "audit.queue") == []
    monkeypatch.setattr(_doctor_tenants, "LONG_QUEUE", -2)
    assert "wait for their place" in said(found(probe, "audit.queue", Severity.WARNING))


def test_commands_that_wait_for_the_log_are_found(probe: Probe) -> None:
    assert found(probe, "log.waiting") == []
    folder = probe.state.logs / "operator"
    folder.mkdir(exist_ok=True)
    (folder / "x.json").write_text("{}")
    assert len(found(probe, "log.waiting", Severity.WARNING)) == 1


@pytest.mark.parametrize(
    ("variable", "good", "bad", "severity"),
    [
        ("OSTIARY_INSECURE_HTTP", "0", "1", Severity.WARNING),
        ("OSTIARY_SECRET_KEY", "x7Kp" * 10, "x7Kp" * 3, Severity.ERROR),
        ("OSTIARY_SECRET_KEY", "x7Kp" * 10, "changeme" * 5, Severity.ERROR),
        ("OSTIARY_TRUSTED_PROXIES", "10.0.0.0/8", "0.0.0.0/0", Severity.ERROR),
        ("OSTIARY_TRUSTED_PROXIES", "10.0.0.0/8,unix", "unix,::/0", Severity.ERROR),
    ],
)
def test_a_dangerous_value_is_found(
    probe: Probe,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    good: str,
    bad: str,
    severity: Severity,
) -> None:
    monkeypatch.setenv(variable, good)
    probe.installation = get_installation()
    assert found(probe, "configuration.dangerous") == []
    monkeypatch.setenv(variable, bad)
    probe.installation = get_installation()
    assert len(found(probe, "configuration.dangerous", severity)) == 1


def test_debug_and_a_demo_tenant_are_found(
    probe: Probe, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.test import override_settings

    assert found(probe, "configuration.dangerous") == []
    with override_settings(DEBUG=True):
        assert "debug is on" in said(found(probe, "configuration.dangerous", Severity.ERROR))
    probe.tenants = [replace(tenant.tenant, slug="demo")]
    assert "demo tenant" in said(found(probe, "configuration.dangerous", Severity.WARNING))


def test_a_variable_that_nobody_reads_is_found(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {f.words for f in found(probe, "configuration.file")}
    monkeypatch.setenv(MISSPELT, "10.0.0.0/8")
    probe.installation = get_installation()
    after = {f.words for f in found(probe, "configuration.file", Severity.WARNING)}
    assert after - before == {f"{MISSPELT} is no variable of ours"}
    probe.installation, probe.refused["configuration"] = None, "the file: line 1"
    assert said(found(probe, "configuration.file", Severity.ERROR)) == "the file: line 1"


def test_exit_codes() -> None:
    ok, skipped = Finding("a", Severity.OK, ""), Finding("a", Severity.SKIPPED, "")
    warning, error = Finding("a", Severity.WARNING, ""), Finding("a", Severity.ERROR, "")
    assert [_doctor.exit_code(f) for f in ([], [ok], [ok, skipped], [ok, warning], [warning, error])] == [
        0,
        0,
        1,
        1,
        2,
    ]


def test_an_unknown_check_is_refused(probe: Probe) -> None:
    assert {f.check for f in _doctor.examine(probe, ["disk"])} == {"disk.free"}
    with pytest.raises(Invalid, match="not accepted"):
        _doctor.examine(probe, ["disk", "dsk"])


def test_the_command_says_what_is_wrong_and_changes_nothing(
    probe: Probe, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(str(path) for path in probe.state.root.rglob("*"))
    assert main(["doctor", "--json"]) == 2
    report = orjson.loads(capsys.readouterr().out)
    checks = {finding["check"]: finding["severity"] for finding in report["findings"]}
    assert set(checks) == set(_doctor.checks())
    assert (report["code"], checks["database.reachable"]) == (2, "error")
    assert main(["doctor", "--only", "backups", "--only", "files"]) in (0, 1)
    assert main(["doctor", "--quiet", "--only", "files.secrets"]) == 0
    assert sorted(str(path) for path in probe.state.root.rglob("*")) == before


def test_the_command_looks_at_a_real_database(
    probe: Probe,
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert installation.credentials.admin
    dsn = make_conninfo(installation.credentials.admin)
    monkeypatch.setenv("OSTIARY_DATABASE_URL", dsn)
    assert main(["doctor", "--json", "--only", "database", "--only", "roles", "--only", "time"]) == 2
    report = orjson.loads(capsys.readouterr().out)
    checks = {f["check"]: f["severity"] for f in report["findings"]}
    assert checks["database.reachable"] == checks["database.settings"] == checks["time.clock"] == "ok"
    assert checks["roles.attributes"] == checks["roles.rights"] == "ok"
    assert checks["database.durability"] == "error"  # the cluster of the tests
    assert os.environ["OSTIARY_DATABASE_URL"] not in str(report)


def test_a_database_that_is_away_is_a_refusal_in_words(
    probe: Probe, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
    monkeypatch.setenv("OSTIARY_DATABASE_URL", f"postgresql://ada:hidden-words@127.0.0.1:{port}/x")
    for words in (["tenant", "list"], ["database", "prepare"]):
        assert main(words) == 2
        said = capsys.readouterr().err
        assert said.startswith("error: the database does not answer: ")
        assert "hidden-words" not in said
    entry = _operator_log.list_entries(limit=1)[0]  # of the command that would have changed something
    assert (entry.outcome, entry.parts["ended"]) == ("failed", "misconfigured")
    assert "hidden-words" not in str(entry)
    assert main(["doctor", "--only", "database.reachable"]) == 2
    assert "does not answer" in capsys.readouterr().out

"""The operator's commands about tenants, as typed: one process for all of them, a state folder of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ostiary.project._private_files import write_secret
from ostiary.project._state import State
from tests._cluster import RunningCluster
from tests._tenants import PASSWORD, Installation, _one_at_a_time

# Lines of JSON: arguments and standard input in, exit code and what was printed out.
SHELL = """
import contextlib, io, json, sys
from ostiary.project.cli import main
for line in sys.stdin:
    words, typed = json.loads(line)
    before, sys.stdin = sys.stdin, io.StringIO(typed)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(words)
        except SystemExit as stop:
            code = stop.code
    sys.stdin = before
    print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
"""


@dataclass
class Shell:
    process: subprocess.Popen[str]
    state: State
    roles: Path

    def type(self, *words: str, typed: str = "") -> tuple[int, str, str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with _one_at_a_time(self.roles):  # roles belong to the server that other workers prepare, too
            self.process.stdin.write(json.dumps([words, typed]) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        assert answer, "the process ended"
        code, out, err = json.loads(answer)
        return code, out, err


@contextmanager
def database_of_its_own(installation: Installation, name: str) -> Iterator[str]:
    with psycopg.connect(installation.placement.admin, autocommit=True) as admin:
        for each in (name, f"{name}_more"):
            admin.execute(f"drop database if exists {each} with (force)")
            admin.execute(f"create database {each} template template0")
        try:
            yield make_conninfo(installation.placement.admin, dbname=name)
        finally:
            for each in (name, f"{name}_more"):
                admin.execute(f"drop database {each} with (force)")


@pytest.fixture
def shell(cluster: RunningCluster, installation: Installation, tmp_path: Path) -> Iterator[Shell]:
    state = State(tmp_path / "state")
    state.prepare()
    for name in (
        "owner/database-owner",
        "database-app",
    ):  # roles belong to the server that other tests use too
        write_secret(state.secrets / name, PASSWORD)
    with database_of_its_own(installation, f"cli_{installation.worker}") as dsn:
        process = subprocess.Popen(
            [sys.executable, "-c", SHELL],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ
            | {
                "OSTIARY_STATE": str(state.root),
                "OSTIARY_DATABASE_URL": dsn,
                "OSTIARY_INSECURE_HTTP": "1",
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
        )
        try:
            yield Shell(process, state, cluster.state.root.parent / "roles.lock")
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def rows(shell: Shell) -> dict[str, list[str]]:
    """`tenant list` by slug, but for those of other tests."""
    code, out, err = shell.type("tenant", "list")
    assert code == 0, err
    return {line.split("\t")[0]: line.split("\t")[1:] for line in out.splitlines()}


def test_a_tenants_life_as_typed(shell: Shell, installation: Installation, tmp_path: Path) -> None:
    slug = f"u{installation.worker}"
    create = ("tenant", "create", slug, "--name", "Unit & Co", "--host", f"{slug}.test", "--login", "ada")
    person = ("--person", "Ada Byron", "--email", "ada@example.com", "--password-stdin")
    code, _, err = shell.type(*create, *person, typed="rather long and quiet words\n")
    assert code == 0, err
    name, state, placement, release, hosts, size = rows(shell)[slug]
    assert (name, state, placement, hosts) == ("Unit & Co", "active", "-", f"{slug}.test")
    assert release.isdigit()
    assert size.endswith("MB")

    code, _, err = shell.type(*create, *person, typed="rather long and quiet words\n")
    assert (code, f"There is a tenant {slug} already" in err) == (2, True)

    assert shell.type("tenant", "suspend", slug)[0] == 2  # without a reason
    assert shell.type("tenant", "suspend", slug, "--reason", "unpaid")[0] == 0
    assert rows(shell)[slug][1] == "suspended"
    assert shell.type("tenant", "resume", slug)[0] == 0
    assert rows(shell)[slug][1] == "active"

    target = tmp_path / "out.ostiary"
    assert shell.type("tenant", "export", slug, "--to", str(target))[0] == 0
    assert target.stat().st_size > 10_000
    assert b"Ada Byron" not in target.read_bytes()
    assert shell.type("tenant", "export", slug, "--to", str(target))[0] == 2  # nothing is overwritten


def test_dropping_asks_twice_and_waits(shell: Shell, installation: Installation) -> None:
    slug = f"y{installation.worker}"
    create = ("tenant", "create", slug, "--name", "Yes", "--host", f"{slug}.test", "--login", "ada")
    person = ("--person", "Ada Byron", "--email", "ada@example.com", "--password-stdin", "--own-login")
    assert shell.type(*create, *person, typed="rather long and quiet words\n")[0] == 0
    logins = shell.state.secrets / "tenants"
    assert len(list(logins.iterdir())) == 1

    assert shell.type("tenant", "drop", slug)[0] == 2  # nobody is there to be asked
    assert shell.type("tenant", "drop", slug, "--confirm", "another")[0] == 2
    assert shell.type("tenant", "drop", slug, "--confirm", slug, "--grace-days", "0")[0] == 2
    assert shell.type("tenant", "drop", slug, "--confirm", slug, "--grace-days", "3", "--now")[0] == 2
    assert shell.type("tenant", "drop", "unknown", "--confirm", "unknown")[0] == 2
    assert rows(shell)[slug][1:3] == ["active", "- own login"]

    assert shell.type("tenant", "drop", slug, "--confirm", slug)[0] == 0
    assert rows(shell)[slug][1].startswith("dropping after ")
    assert "no tenant's grace has ended" in shell.type("tenant", "purge")[1]
    assert shell.type("tenant", "drop", slug, "--cancel")[0] == 0
    assert rows(shell)[slug][1] == "active"
    assert shell.type("tenant", "drop", slug, "--cancel")[0] == 2

    orphan = logins / "00000000-0000-0000-0000-000000000000.dsn"
    orphan.write_text("left by a killed command")
    os.utime(orphan, (0, 0))
    (logins / "00000000-0000-0000-0000-000000000001.dsn").write_text("of a tenant that is being made")
    assert shell.type("tenant", "drop", slug, "--confirm", slug, "--now")[0] == 0
    assert slug not in rows(shell)
    assert shell.type("tenant", "purge")[0] == 0
    assert [path.name[-5] for path in logins.iterdir()] == ["1"]


def test_a_further_database_is_named_once_and_its_secret_never_shown(
    shell: Shell, installation: Installation
) -> None:
    dsn = make_conninfo(installation.placement.admin, dbname=f"cli_{installation.worker}_more")
    code, out, err = shell.type("database", "add", "more", typed=f"{dsn}\n")
    assert code == 0, err
    assert "postgres" not in out
    assert shell.type("database", "list")[1].split("\t")[:2] == ["more", "shared"]
    assert shell.type("database", "add", "more", "--kind", "database", typed=f"{dsn}\n")[0] == 2
    assert shell.type("database", "add", "again", typed=f"{dsn}\n")[0] == 2
    assert shell.type("database", "add", "empty", typed="\n")[0] == 2
    assert "more" in shell.type("database", "prepare")[1]
    secrets = shell.state.secrets
    kept = {
        p.relative_to(secrets / "owner"): p.read_text() for p in secrets.glob("owner/**/*") if p.is_file()
    }
    assert sorted(map(str, kept)) == ["database-owner", "owner.dsn"] + [
        f"placements/more/{duty}.dsn" for duty in ("admin", "owner")
    ]
    shutil.rmtree(secrets / "owner")
    for path, text in kept.items():  # as the release before kept them
        write_secret(secrets / path, text)
    assert "more" in shell.type("database", "prepare")[1]
    again = {
        p.relative_to(secrets / "owner"): p.read_text() for p in secrets.glob("owner/**/*") if p.is_file()
    }
    assert again == kept
    assert not [path for path in kept if (secrets / path).exists()]
    assert shell.type("database", "remove", "more")[0] == 0
    assert shell.type("database", "remove", "more")[0] == 2
    assert not list(secrets.rglob("more"))

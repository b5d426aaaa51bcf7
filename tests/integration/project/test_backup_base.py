"""The private cluster comes back to an instant: what was there then, exactly, and nothing that came later."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ostiary.project._state import State
from ostiary.project.embedded import Cluster
from tests._cluster import TEST_SETTINGS, scratch_state

pytestmark = [pytest.mark.database, pytest.mark.deep]


@pytest.fixture
def state() -> Iterator[State]:
    with scratch_state() as made:
        yield made


def ostiary(state: State, *words: str, code: int = 0, said: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ostiary.project", *words],
        env={k: v for k, v in os.environ.items() if not k.startswith("OSTIARY_")}
        | {"OSTIARY_STATE": str(state.root), "OSTIARY_INSECURE_HTTP": "1"},
        input="seven grey lanterns over the canal\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr + done.stdout
    assert said in done.stdout + done.stderr
    return done.stdout


def make_tenant(state: State, slug: str) -> None:
    names = [
        "--name",
        slug,
        "--host",
        f"{slug}.test",
        "--login",
        "ada",
        "--person",
        "Ada",
        "--email",
        "a@b.c",
    ]
    ostiary(state, "tenant", "create", slug, *names, "--password-stdin")


def rows(cluster: Cluster, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(cluster.admin_dsn, dbname="ostiary", autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_exactly_what_was_there_at_the_instant_comes_back(state: State, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    with Cluster(state, settings=TEST_SETTINGS) as cluster:
        make_tenant(state, "early")
        rows(cluster, "create table public.tally (n integer); insert into public.tally values (0)")
        ostiary(state, "backup", "base", "--to", str(folder), said="segments of the log")
        rows(cluster, "insert into public.tally select generate_series(1, 99)")
        instant = rows(cluster, "select clock_timestamp()::text")[0][0]
        rows(cluster, "insert into public.tally select generate_series(100, 149)")
        make_tenant(state, "late")
        ostiary(state, "backup", "wal", "--to", str(folder), said="segments saved")
        base = next(folder.glob("base-*"))
        ostiary(state, "restore", str(base), code=2, said="already runs")
    secrets = {p: p.read_text() for p in state.secrets.rglob("*") if p.is_file()}
    ostiary(state, "restore", str(base), "--until", str(instant), said="1 tenants are as they were")
    assert {p: p.read_text() for p in state.secrets.rglob("*") if p.is_file()} == secrets
    assert len(list(state.root.glob("pgdata.before-*"))) == 1
    with Cluster(state, settings=TEST_SETTINGS) as cluster:
        assert rows(cluster, "select count(*), max(n) from public.tally") == [(100, 99)]
        assert rows(cluster, "select slug from public.tenant") == [("early",)]
        events = rows(cluster, "select type, log_id from t_early.audit_event order by id desc limit 1")
        assert events == [("audit.epoch.opened", 2)]
        listed = ostiary(state, "tenant", "list")
        assert "early" in listed
        assert "late" not in listed

"""A whole installation comes back on a machine that has nothing but the root key."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ostiary.project._state import State
from ostiary.project.embedded import Cluster
from tests._cluster import TEST_SETTINGS, scratch_state
from tests.integration.project.test_backup_base import make_tenant, ostiary

pytestmark = [pytest.mark.database, pytest.mark.deep]


@pytest.fixture
def houses() -> Iterator[tuple[State, State]]:
    with scratch_state() as old, scratch_state() as new:
        yield old, new


def table(cluster: Cluster, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(cluster.admin_dsn, dbname="ostiary", autocommit=True) as connection:
        return connection.execute(statement).fetchall()


DIRECTORY = "select id, slug, name, suspended, release from public.tenant order by slug"
HOSTS = "select host, tenant_id from public.tenant_host order by host"
PEOPLE = "select id, login, password_hash from t_one.identity_person join t_one.identity_unit on id = unit_id"
LOG = "select count(*) from installation.audit_event where log_id = 1"


def test_everything_but_the_root_key_is_in_it(houses: tuple[State, State], tmp_path: Path) -> None:
    old, new = houses
    folder = tmp_path / "backups"
    with Cluster(old, settings=TEST_SETTINGS) as cluster:
        make_tenant(old, "one")
        make_tenant(old, "two")
        ostiary(old, "tenant", "suspend", "two", "--reason", "unpaid")
        before = [table(cluster, statement) for statement in (DIRECTORY, HOSTS, PEOPLE, LOG)]
        ostiary(old, "backup", "run", "--to", str(folder), said="root key is not in it")
    whole = next(folder.glob("installation-*"))
    root = (old.keys / "root.key").read_bytes()
    assert all(root not in path.read_bytes() for path in whole.iterdir())
    assert "verified" not in ostiary(old, "backup", "list", str(folder)).split("\t")
    with Cluster(new, settings=TEST_SETTINGS) as cluster:
        ostiary(new, "database", "prepare")
        ostiary(new, "restore", str(whole), code=2, said="root key")
        shutil.copyfile(old.keys / "root.key", new.keys / "root.key")
        shutil.rmtree(new.secrets)
    shutil.rmtree(new.pgdata)
    with Cluster(new, settings=TEST_SETTINGS) as cluster:
        ostiary(new, "restore", str(whole), said="2 tenants are as they were")
        assert [table(cluster, statement) for statement in (DIRECTORY, HOSTS, PEOPLE, LOG)] == before
        assert (new.secrets / "cookie-key").read_text() == (old.secrets / "cookie-key").read_text()
        ostiary(new, "restore", str(whole), said="all were there already")
        make_tenant(new, "three")
        ostiary(new, "restore", str(whole), code=2, said="other tenants live here (three)")
        ostiary(new, "backup", "verify", str(whole), said="2 tenants")
        (whole / "tenant-one.ostiary").write_bytes((whole / "tenant-two.ostiary").read_bytes())
        ostiary(new, "backup", "verify", str(whole), code=2, said="not the one that belongs")

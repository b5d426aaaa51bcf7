"""`ostiary keys` on an installation of its own: lost and wrong roots, rotation, escrow, recovery, drill."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ostiary.audit import public as audit
from ostiary.crypto import public as crypto
from ostiary.crypto._ring import ring
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import new_id
from ostiary.project import _keys, _keys_command, _operator_log, _root_key, _root_record, cli
from ostiary.project._database import database_scripts
from ostiary.project._state import State
from ostiary.tenancy import public as tenancy
from tests._cluster import RunningCluster
from tests._tenants import PASSWORD, Installation

pytestmark = pytest.mark.database


@dataclass
class Own:
    """An installation with a database and a root of its own, and a tenant."""

    state: State
    placement: tenancy.Placement
    credentials: tenancy.Credentials
    tenant: tenancy.Tenant
    folder: Path

    def restart(self) -> None:
        """What a new process knows of the root: nothing."""
        _root_key._opened.clear()
        crypto.configure(_root_record.opener(self.state, self.placement.owner))

    def ids(self, number: int) -> list[str]:
        """Options that name the identity files of the first custodians."""
        return [f"--identity={self.folder / f'custodian-{n}'}" for n in range(number)]


@pytest.fixture
def own(
    cluster: RunningCluster, installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Own]:
    from ostiary.project._tenants import create_tenant

    monkeypatch.setenv("OSTIARY_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("OSTIARY_INSECURE_HTTP", "1")
    state = State(tmp_path / "state")
    state.prepare()
    name = f"keys_{new_id().hex[-10:]}"
    before = list(tenancy._configured)
    configured = ring.store()
    tenancy._configured.clear()
    credentials = tenancy.prepare_database(
        cluster.admin_dsn,
        owner_password=PASSWORD,
        app_password=PASSWORD,
        name=name,
        extras=database_scripts(),
    )
    placement = tenancy.configure(credentials)
    crypto.configure(_root_record.opener(state, credentials.owner))

    @contextmanager
    def prepared() -> Iterator[tenancy.Placement]:
        crypto.configure(_root_record.opener(state, credentials.owner))
        yield placement

    monkeypatch.setattr(_keys_command, "installation", prepared)
    try:
        made = create_tenant(
            f"r{name[-8:]}", "Own", [], login="admin", person="Ada", email="ada@example.com", password=None
        )
        for number in range(3):
            path = tmp_path / f"custodian-{number}"
            path.touch(mode=0o600)
            path.write_text(crypto.make_identity())
        yield Own(state, placement, credentials, made.tenant, tmp_path)
    finally:
        while tenancy._configured:
            tenancy._configured.pop().close()
        tenancy._configured.extend(before)
        crypto.configure(configured)


def escrow(own: Own, folder: str) -> Path:
    bundle = own.folder / folder
    recipients = [crypto.recipient_of((own.folder / f"custodian-{n}").read_text()) for n in range(3)]
    words = [f"--custodian={recipient}" for recipient in recipients]
    assert cli.main(["keys", "escrow", *words, "--threshold=2", f"--out={bundle}"]) == 0
    return bundle


def events() -> list[str]:
    return [entry.type for entry in _operator_log.list_entries(limit=50)]


def readable(own: Own) -> bool:
    ring.forget()
    with tenancy.transaction(own.tenant) as db:
        ctx = Context(own.tenant.id, db, None, Channel.CLI)
        ids = [row[0] for row in db.rows("select id from @.audit_event")]
        return bool(ids) and not [p for event_id in ids for p in audit.verify_event(ctx, event_id)]


def test_a_lost_or_another_root_is_refused_loudly_and_none_is_made(
    own: Own, capsys: pytest.CaptureFixture[str]
) -> None:
    path = own.state.keys / _root_key.PLAINTEXT
    kept = path.read_bytes()
    path.unlink()
    own.restart()
    for command in (["keys", "status"], ["keys", "verify"], ["keys", "rotate", "--all", "--kek"]):
        assert cli.main(command) == 2
        said = capsys.readouterr()
        assert "is not in" in said.err
        assert "ostiary keys recover" in said.err
        assert "no new one is made" in said.err
    with pytest.raises(crypto.RootMissing), _root_key.handed_over(own.state):
        pass
    with pytest.raises(crypto.RootMissing):
        readable(own)
    assert list(own.state.keys.iterdir()) == []
    path.touch(mode=0o600)
    path.write_bytes(kept)
    own.restart()
    assert cli.main(["keys", "verify"]) == 0
    assert readable(own)
    path.unlink()
    other = crypto.ensure_plaintext_root(path)
    own.restart()
    assert cli.main(["keys", "status"]) == 2
    assert "is not the one of this installation" in capsys.readouterr().err
    with pytest.raises(crypto.RootMissing):
        readable(own)
    path.write_bytes(kept)
    own.restart()
    assert cli.main(["keys", "status"]) == 0
    # an installation of an earlier release: the database knows no root, and learns it by trying
    with tenancy.owner_transaction(own.tenant) as db:
        db.ddl("drop table public.root_key, public.root_recovery")
    path.write_bytes(other.serialise())
    own.restart()
    with pytest.raises(crypto.RootMissing, match="opens nothing of this database"):
        crypto.unlock()
    assert _root_record.list_known(own.placement.owner) == []
    path.write_bytes(kept)
    own.restart()
    right = crypto.unlock().root_id
    assert right != other.root_id
    assert _root_record.list_known(own.placement.owner) == [right]


def test_custodians_bring_a_lost_root_back_and_status_warns_until_they_can(
    own: Own, capsys: pytest.CaptureFixture[str]
) -> None:
    def status() -> str:
        assert cli.main(["keys", "status", "--count"]) == 0
        return capsys.readouterr().out

    _operator_log.prepare_log(own.credentials)
    shown = status()
    assert "NO RECOVERY BUNDLE" in shown
    assert "local-plaintext (demo only)" in shown
    assert f"{own.tenant.slug}\tdek\taudit\tversion 1\tactive" in shown
    bundle = escrow(own, "bundle")
    assert {p.name for p in bundle.iterdir()} >= {
        "share-3.age",
        "sheet-1.html",
        "open_bundle.py",
        "FORMAT.md",
    }
    assert all(p.stat().st_mode & 0o077 == 0 for p in (bundle, *bundle.iterdir()))
    assert "NO RECOVERY BUNDLE" not in (shown := status())
    assert "any 2 of 3 custodians" in shown
    assert "never rehearsed" in shown
    assert cli.main(["keys", "verify", f"--bundle={bundle}", *own.ids(1)]) == 2
    assert "never rehearsed" in status()
    assert cli.main(["keys", "verify", f"--bundle={bundle}", *own.ids(2)]) == 0
    assert "WARNING" not in status()
    assert cli.main(["keys", "rotate", "--installation", "backup"]) == 0
    shown = status()
    assert "out of date" in shown
    assert "backup\tversion 2" in shown
    assert cli.main(["keys", "verify", f"--bundle={bundle}", *own.ids(2)]) == 2
    backup_key, key_id = crypto.installation_key("backup"), crypto.installation_key_id("backup")
    bundle = escrow(own, "fresh")
    capsys.readouterr()
    recover = ["keys", "recover", f"--bundle={bundle}"]
    assert cli.main([*recover, *own.ids(2)]) == 2  # there is one
    assert "left alone" in capsys.readouterr().err
    (own.state.keys / _root_key.PLAINTEXT).unlink()
    assert cli.main([*recover, *own.ids(1)]) == 2
    assert list(own.state.keys.iterdir()) == []
    assert cli.main([*recover, *own.ids(2)]) == 0
    own.restart()
    assert crypto.installation_key("backup", key_id) == backup_key
    assert cli.main(["keys", "verify"]) == 0
    assert readable(own)
    acts = {"crypto.root.escrowed", "crypto.root.verified", "crypto.rotation.begun", "crypto.root.recovered"}
    assert acts <= set(events())


def test_the_root_is_replaced_in_two_steps_and_killed_in_between(
    own: Own, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, key_id = crypto.unlock().root_id, crypto.installation_key_id("backup")
    old_key = crypto.installation_key("backup")
    path = own.state.keys / _root_key.PLAINTEXT
    only_old = path.read_bytes()
    assert cli.main(["keys", "rotate", "--root"]) == 0
    assert cli.main(["keys", "rotate", "--root"]) == 2  # the nodes were not restarted
    bundle = escrow(own, "bundle")
    both = path.read_bytes()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    for module, name in ((_root_record, "enter_known"), (_root_key, "save")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, die)
            assert cli.main(["keys", "rotate", "--root", "--restarted"]) == 130
        assert path.read_bytes() == both
        own.restart()
        assert readable(own)
    assert cli.main(["keys", "rotate", "--root", "--restarted"]) == 0
    own.restart()
    assert crypto.unlock().root_id != before
    assert readable(own)
    assert crypto.installation_key("backup", key_id) == old_key
    assert crypto.installation_key("backup") != old_key
    assert cli.main(["keys", "verify", f"--bundle={bundle}", *own.ids(2)]) == 0
    path.write_bytes(only_old)  # a node that nobody restarted is refused
    own.restart()
    capsys.readouterr()
    assert cli.main(["keys", "status"]) == 2
    assert "is not the one of this installation" in capsys.readouterr().err


def test_rotation_is_recorded_and_ends_and_verify_names_what_does_not_open(
    own: Own, capsys: pytest.CaptureFixture[str]
) -> None:
    for wrong in ([], ["--kek"], ["--root", "--kek"], ["--all", "--tenant=x", "--kek"], ["--dek=x", "--all"]):
        assert cli.main(["keys", "rotate", *wrong]) == 2
    with tenancy.transaction(own.tenant) as db:
        crypto.put_secret(Context(own.tenant.id, db, None, Channel.CLI), "mail", "hunter2")
    waits: list[float] = []

    def pass_time(seconds: float) -> None:
        """The clock of the database cannot be held: what would have been waited for is set back."""
        waits.append(seconds)
        for tenant in _root_record.everyone():
            with tenancy.owner_transaction(tenant) as db:
                for table in ("crypto_kek", "crypto_dek"):
                    db.run(f"update @.{table} set state_since = state_since - interval '70 s'")
        ring.forget()

    everyone = _root_record.everyone()
    assert _keys.begin(own.tenant, kek=True, scopes=["all"]) == 3
    assert _keys.rotate(everyone, wait=pass_time, report=lambda *_: None) == 0
    assert len(waits) == 2
    with tenancy.transaction(own.tenant) as db:
        ctx = Context(own.tenant.id, db, None, Channel.CLI)
        keys = crypto.list_keys(ctx, count=True)
        types = [row[0] for row in db.rows("select type from @.audit_event where type ^@ 'crypto.key.'")]
        assert crypto.get_secret(ctx, "mail") == "hunter2"
    assert {(k.kind, k.scope, k.state) for k in keys} == {
        (kind, scope, state)
        for kind, scope in (("kek", ""), ("dek", "audit"), ("dek", "secret"))
        for state in ("active", "retired")
    }
    assert [k for k in keys if k.state == "retired" and k.values] == []
    assert sorted(types) == [f"crypto.key.{v}" for v in ("activated", "created", "retired") for _ in range(3)]
    assert readable(own)
    assert cli.main(["keys", "status", "--tenant", own.tenant.slug]) == 0
    assert "hunter2" not in capsys.readouterr().out
    assert _keys.tidy(own.tenant) == []
    assert cli.main(["keys", "verify"]) == 0
    with tenancy.owner_transaction(own.tenant) as db:
        db.run(
            "update @.crypto_kek set check_value = overlay(check_value placing '\\x00' from 30)"
            " where state = 'active'"
        )
        db.run("update @.audit_payload set salt_blob = overlay(salt_blob placing '\\x0000' from 60)")
    capsys.readouterr()
    assert cli.main(["keys", "verify"]) == 2
    shown = capsys.readouterr()
    assert f"PROBLEM\t{own.tenant.slug}: kek 3: its known text does not open" in shown.out
    assert "a value of audit_payload" in shown.out
    assert "2 problems" in shown.err

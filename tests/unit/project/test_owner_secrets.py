"""What is the owner's lies in one folder: moved there once, and nothing is lost on the way."""

import os
from pathlib import Path

import pytest

from ostiary.kernel.errors import Misconfigured
from ostiary.project import _installation, _owner_secrets
from ostiary.project._private_files import write_secret
from ostiary.project._state import State
from ostiary.project._vault import ADMINISTRATION, REQUESTS, WORK, StateVault
from ostiary.tenancy import public as tenancy

EARLIER = {
    "owner.dsn": "owner",
    "database-owner": "password",
    "postgres-superuser": "superuser",
    "placements/more/owner.dsn": "more owner",
    "placements/more/admin.dsn": "more admin",
}
OTHERS = {
    "app.dsn": "app",
    "cookie-key": "cookie",
    "placements/more/app.dsn": "more app",
    "tenants/1.dsn": "own",
}


def fill(secrets: Path, content: dict[str, str]) -> None:
    for name, text in content.items():
        (secrets / name).parent.mkdir(parents=True, exist_ok=True)
        write_secret(secrets / name, text)


def read(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def state(tmp_path: Path) -> State:
    """As a release before left it."""
    found = State(tmp_path / "state")
    fill(found.secrets, EARLIER | OTHERS)
    return found


def test_secrets_of_a_release_before_are_moved_once(state: State) -> None:
    for _ in range(2):
        state.prepare()
        assert read(state.owner_secrets) == EARLIER
        assert read(state.secrets) == OTHERS | {f"owner/{name}": text for name, text in EARLIER.items()}
    modes = {p.stat().st_mode & 0o777 for p in state.owner_secrets.rglob("*")}
    assert modes == {0o600, 0o700}
    for duties, found in (
        (ADMINISTRATION, tenancy.Credentials("more app", "more owner", "more admin")),
        (WORK, tenancy.Credentials("more app", "more owner")),
        (REQUESTS, tenancy.Credentials("more app")),
    ):
        assert StateVault(state, duties).credentials("more") == found


def test_a_move_that_was_interrupted_goes_on(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Path] = []
    rename = Path.rename

    def die(path: Path, target: Path) -> Path:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(path)
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", die)
        with pytest.raises(KeyboardInterrupt):
            state.prepare()
    assert len(read(state.owner_secrets)) == 2
    state.prepare()
    assert read(state.owner_secrets) == EARLIER


def test_what_is_there_already_is_newer(state: State) -> None:
    fill(state.secrets, {"owner/owner.dsn": "renewed"})
    state.prepare()
    assert read(state.owner_secrets) == EARLIER | {"owner.dsn": "renewed"}
    assert not (state.secrets / "owner.dsn").exists()


def test_a_link_is_left_and_what_cannot_be_moved_is_named(state: State) -> None:
    (state.secrets / "owner.dsn").unlink()
    (state.secrets / "owner.dsn").symlink_to(state.secrets / "app.dsn")
    _owner_secrets.gather(state.secrets)
    assert (state.secrets / "owner.dsn").is_symlink()
    fill(state.secrets, {"database-owner": "again"})
    for path in state.owner_secrets.iterdir():
        path.rename(state.root / path.name)
    state.owner_secrets.rmdir()
    state.owner_secrets.touch()
    with pytest.raises(Misconfigured, match="database-owner cannot be moved"):
        _owner_secrets.gather(state.secrets)


def test_a_node_that_holds_part_of_a_placement_does_not_know_it(state: State) -> None:
    state.prepare()
    (state.owner_secrets / "placements" / "more" / "owner.dsn").unlink()
    assert StateVault(state, WORK).credentials("more") is None
    assert StateVault(state, REQUESTS).credentials("more") == tenancy.Credentials("more app")
    StateVault(state, ADMINISTRATION).forget_credentials("more")
    assert not list(state.secrets.rglob("more"))


def test_the_administrative_connection_may_lie_in_a_file_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (_installation.DATABASE_URL, _installation.DATABASE_URL_FILE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OSTIARY_STATE", str(tmp_path))
    assert (_installation.names_database(), _installation.external_database()) == (False, None)
    file, url = tmp_path / "database-url", "postgresql://admin@db.example/ostiary"
    write_secret(tmp_path / "ostiary.toml", f'database_url_file = "{file}"\n')
    assert _installation.names_database()  # known without the file: a web node cannot see it
    with pytest.raises(Misconfigured, match="cannot be read"):
        _installation.external_database()
    for content in ("", "\n", "one\ntwo\n"):
        write_secret(file, content)
        with pytest.raises(Misconfigured, match="does not hold one"):
            _installation.external_database()
    write_secret(file, f"{url}\n")
    assert _installation.external_database() == url
    file.chmod(0o640)
    with pytest.raises(Misconfigured, match="chmod 600"):
        _installation.external_database()
    monkeypatch.setenv(_installation.DATABASE_URL, "postgresql://other/x")
    assert _installation.external_database() == "postgresql://other/x"
    assert os.environ[_installation.DATABASE_URL] not in str(
        _installation.get_installation().decided["database_url"].shown
    )

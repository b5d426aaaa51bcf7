"""Where an installation keeps what must survive a restart, and who may look into it."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ostiary.kernel.errors import Misconfigured
from ostiary.project import _owner_secrets
from ostiary.project._installation import named_state
from ostiary.project._service_user import HOME as SERVICE_HOME
from ostiary.project._service_user import ServiceUser, current_service_user

SOCKET_PATH_LIMIT = 90  # sun_path holds 104 bytes on macOS and 108 on Linux; the socket's own name takes 14


@dataclass(frozen=True, slots=True)
class State:
    """The folders of one installation. `prepare` makes them; until then they may be absent."""

    root: Path

    @property
    def pgdata(self) -> Path:
        """The cluster's data folder, owned by the account that runs PostgreSQL."""
        return self.root / "pgdata"

    @property
    def secrets(self) -> Path:
        """Generated passwords, one file each, 0600."""
        return self.root / "secrets"

    @property
    def owner_secrets(self) -> Path:
        """Of those, the ones of the owner and the administrator: hidden from web nodes."""
        return self.secrets / _owner_secrets.FOLDER

    @property
    def keys(self) -> Path:
        """Root keys of the local key provider."""
        return self.root / "keys"

    @property
    def spool(self) -> Path:
        """Events waiting for their group commit."""
        return self.root / "spool"

    @property
    def logs(self) -> Path:
        """Log files; they may be lost."""
        return self.root / "logs"

    @property
    def wal(self) -> Path:
        """Segments of the write-ahead log that wait to be sealed; as private as the data folder."""
        return self.root / "wal"

    @property
    def run(self) -> Path:
        """The socket folder: below the root, or a short path where that would be too long for a socket."""
        below = self.root / "run"
        if len(os.fsencode(below)) <= SOCKET_PATH_LIMIT:
            return below
        name = f"ostiary-{os.geteuid()}-{_short_hash(self.root)}"
        return Path("/tmp") / name  # noqa: S108 prepare() refuses it when it belongs to somebody else

    def folders(self) -> tuple[Path, ...]:
        """All of them; the root may hold what others put there."""
        return self.pgdata, self.wal, self.run, self.secrets, self.keys, self.spool, self.logs

    def prepare(self) -> None:
        """Make the folders that are missing, for this account alone; what lies elsewhere by now is moved."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.secrets, self.owner_secrets, self.keys, self.spool, self.logs):
            folder.mkdir(exist_ok=True, mode=0o700)
        _owner_secrets.gather(self.secrets)

    def prepare_for_cluster(self) -> ServiceUser | None:
        """The same, and what a private cluster needs; returns the account that runs it (None: our own).

        Raises: Misconfigured: a folder belongs to somebody else.
        """
        user = current_service_user()
        self.prepare()
        self.root.chmod(0o700 if user is None else 0o711)  # the service user passes through and sees no names
        _make_private(self.run, user)
        _make_private(self.wal, user)
        return user


def default_state() -> State:
    """The state folder of this installation: OSTIARY_STATE or a file's, the clone's own, or the account's.

    As root the clone may lie where no other account can reach it, so the state then lies below the
    service user's home, under a name made from the clone's path.
    """
    if chosen := named_state(os.environ):
        return State(Path(chosen).absolute())
    clone = clone_folder()
    if os.geteuid() == 0:
        return State(SERVICE_HOME / _short_hash(clone or Path("/")))
    if clone is not None:
        return State(clone / ".ostiary")
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return State(Path(home).expanduser() / "ostiary")


def clone_folder() -> Path | None:
    """The source tree that this code runs from, or None where it was installed as a wheel."""
    folder = Path(__file__).resolve().parents[3]
    return folder if (folder / "pyproject.toml").is_file() else None


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:12]


def _make_private(folder: Path, user: ServiceUser | None) -> None:
    folder.mkdir(exist_ok=True, mode=0o700)
    if user is not None:
        os.chown(folder, user.uid, user.gid)
    if folder.is_symlink() or folder.stat().st_uid != (os.geteuid() if user is None else user.uid):
        raise Misconfigured(f"{folder} belongs to another account: remove it or set OSTIARY_STATE")
    folder.chmod(0o700)

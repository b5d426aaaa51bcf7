"""Web nodes as processes of their own, on the database and the tenant that the other tests use."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ostiary.project._state import State
from tests._houses import eventually, free_port
from tests._tenants import Installation

PATIENCE_S = 60.0


def state_of(installation: Installation, folder: Path, keys: Path) -> State:
    """A state folder with what a web node needs to join. keys: root key of the installation."""
    state = State(folder)
    state.prepare()
    dsn = state.secrets / "app.dsn"
    dsn.write_text(installation.credentials.app)
    dsn.chmod(0o600)
    shutil.copy(keys, state.keys / "root.key")
    return state


@pytest.fixture(scope="session")
def node_state(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> State:
    """The state folder of nodes that join the worker's installation."""
    keys = next(tmp_path_factory.getbasetemp().glob("keys*/root.key"))
    return state_of(installation, tmp_path_factory.mktemp("node"), keys)


class Node:
    """One `ostiary web`, started and stopped as an operator does it."""

    def __init__(self, state: State, *options: str, environment: Mapping[str, str] | None = None) -> None:
        self.state = state
        self.port, self.admin = free_port(), free_port()
        self._options = ["--port", str(self.port), "--admin", f"127.0.0.1:{self.admin}", *options]
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[str] | None = None
        self.said = ""

    def start(self) -> None:
        """Start and wait until it is ready."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ostiary.project", "web", *self._options],
            env=os.environ
            | {"OSTIARY_STATE": str(self.state.root), "OSTIARY_INSECURE_HTTP": "1"}
            | {"PYTHONPATH": os.pathsep.join(sys.path)}
            | self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == f"serving at 127.0.0.1:{self.port}\n"
        assert eventually(lambda: self.status("/-/ready") == 200)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def ask_to_stop(self) -> None:
        """SIGTERM, as systemd and every container engine sends it."""
        os.kill(self.pid, signal.SIGTERM)

    def wait(self) -> int:
        """Its exit code, once it has ended; what it wrote to stderr is in `said`."""
        assert self._process is not None
        _, said = self._process.communicate(timeout=PATIENCE_S)
        self.said += said
        code = self._process.returncode
        self._process = None
        return code

    def stop(self) -> None:
        """End it, whatever it does."""
        if self._process is not None:
            self.ask_to_stop()
            self.wait()

    def get(
        self, path: str, more: Mapping[str, str] | None = None, *, admin: bool = False, **headers: str
    ) -> tuple[int, str]:
        """Status and text of an answer; 0 where nobody answers."""
        port = self.admin if admin else self.port
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as connection:
            try:
                connection.request("GET", path, headers=headers | dict(more or {}))
                response = connection.getresponse()
                return response.status, response.read().decode()
            except (OSError, http.client.HTTPException):
                return 0, ""

    def status(self, path: str) -> int:
        """Only the status."""
        return self.get(path)[0]

    def checks(self) -> dict[str, bool]:
        """What its operator reads of its readiness."""
        found: dict[str, bool] = json.loads(self.get("/-/ready", admin=True)[1])["checks"]
        return found


@contextmanager
def running(*nodes: Node) -> Iterator[None]:
    """Started within the block, stopped at its end."""
    try:
        for node in nodes:
            node.start()
        yield
    finally:
        for node in nodes:
            node.stop()

"""Serving in production: refused with an open root, and the workers get a protected one from their parent."""

import http.client
import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ostiary.crypto import public as crypto
from ostiary.project import _root_key
from tests._cluster import scratch_state
from tests.integration.project.test_serve import free_port

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc"),
]
PASSWORD = "copper lantern harvest 93"


def children(pid: int) -> list[int]:
    found = [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*found, *(each for child in found for each in children(child))]


def sign_in(port: int, password: str) -> int:
    """Over TLS, as the proxy in front says. It leaves an event, so it takes the tenant's key."""
    head = {"Host": "acme.test", "X-Forwarded-Proto": "https"}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", "/sign-in", headers=head)
        page = connection.getresponse()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
        assert token is not None
        cookie = (page.getheader("Set-Cookie") or "").split(";")[0]
        body = f"csrfmiddlewaretoken={token[1]}&login=ada&password={password.replace(' ', '+')}"
        form = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": cookie,
            "Origin": "https://acme.test",
        }
        connection.request("POST", "/sign-in", body, head | form)
        return connection.getresponse().status


def test_production_takes_a_protected_root_and_its_workers_never_see_the_file(tmp_path: Path) -> None:
    identity = tmp_path / "identity"
    identity.touch(mode=0o600)
    identity.write_text(crypto.make_identity())
    with scratch_state() as state:
        environment = {k: v for k, v in os.environ.items() if k != "OSTIARY_INSECURE_HTTP"}
        environment |= {
            "OSTIARY_STATE": str(state.root),
            "OSTIARY_TRUSTED_PROXIES": "127.0.0.1",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }

        def run(*words: str, text: str = "", **more: str) -> "subprocess.CompletedProcess[str]":
            return subprocess.run(
                [sys.executable, "-m", "ostiary.project", *words],
                env=environment | more, input=text, capture_output=True, text=True, check=False,
            )  # fmt: skip

        words = (
            "--name Acme --host acme.test --login ada --email ada@example.com --person Ada --password-stdin"
        )
        made = run(
            "tenant", "create", "acme", *words.split(), text=f"{PASSWORD}\n", OSTIARY_INSECURE_HTTP="1"
        )
        assert made.returncode == 0, made.stderr
        port = free_port()
        refused = run("serve", "--port", str(port))
        assert refused.returncode == 2
        assert "ostiary keys protect" in refused.stderr
        named = {_root_key.IDENTITY_FILE: str(identity)}
        protected = run("keys", "protect", **named)
        assert protected.returncode == 0, protected.stderr
        assert [path.name for path in state.keys.iterdir()] == [_root_key.PROTECTED]
        locked = run("serve", "--port", str(port))
        assert (locked.returncode, _root_key.IDENTITY_FILE in locked.stderr) == (2, True)
        with subprocess.Popen(
            [sys.executable, "-m", "ostiary.project", "serve", "--port", str(port)],
            env=environment | named, stdout=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == f"serving at 127.0.0.1:{port}\n"
                identity.unlink()  # whoever needs it now would fail
                assert sign_in(port, "wrong") == 422
                assert sign_in(port, PASSWORD) == 302
                for child in children(process.pid):
                    variables = Path(f"/proc/{child}/environ").read_bytes()
                    arguments = Path(f"/proc/{child}/cmdline").read_bytes()
                    for trace in (b"ostiary-root-key", b"AGE-SECRET-KEY"):
                        assert trace not in variables + arguments
            finally:
                process.send_signal(signal.SIGTERM)

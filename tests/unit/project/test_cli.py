"""The command line: help names everything, refusals are one line and exit code 2."""

import os
import re
import socket
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from ostiary.kernel.errors import Misconfigured
from ostiary.project import _serve
from ostiary.project._demo_tenant import _invent_password
from ostiary.project.cli import REFUSED, main, make_parser

ROOT = Path(__file__).parents[3]


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_help_names_every_command() -> None:
    text = make_parser().format_help()
    for command in ("demo", "up", "serve", "tenant", "key", "database", "import"):
        assert re.search(rf"^\s+{command}\s", text, re.MULTILINE), command


@pytest.mark.parametrize("words", [["demo"], ["up"], ["serve"]])
def test_a_taken_port_is_refused_before_anything_is_made(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("OSTIARY_STATE", str(tmp_path / "state"))
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        monkeypatch.setenv("PORT", str(other.getsockname()[1]))
        assert main(words) == REFUSED
    said = capsys.readouterr()
    assert re.fullmatch(r"error: port \d+ is taken: choose another one, for example PORT=\d+\n", said.err)
    assert said.out == ""
    assert not (tmp_path / "state").exists()


def test_a_free_port_is_accepted() -> None:
    port = free_port()
    _serve.ensure_port_free("127.0.0.1", port)
    _serve.ensure_port_free("127.0.0.1", port)  # asking does not take it


@pytest.mark.parametrize("text", ["0", "65536", "http", "-1", "80.0"])
def test_a_port_is_a_number(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8123")
    assert _serve.port_from_environment() == 8123
    monkeypatch.setenv("PORT", text)
    with pytest.raises(Misconfigured, match="is no port number"):
        _serve.port_from_environment()


def test_reset_leaves_an_external_database_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("OSTIARY_STATE", str(tmp_path))
    monkeypatch.setenv("OSTIARY_DATABASE_URL", "postgresql://example.invalid/")
    assert main(["demo", "--reset"]) == REFUSED
    assert "not ours to remove" in capsys.readouterr().err


def test_the_demo_password_can_be_typed_and_differs() -> None:
    passwords = {_invent_password() for _ in range(50)}
    assert len(passwords) == 50
    assert all(re.fullmatch(r"([a-z]{5}-){3}[a-z]{5}", password) for password in passwords)


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", makefile, re.MULTILINE)) - {"venv-test", "assets-test"}
    wanted = "demo up check test test-deep test-tools bench e2e help demo-reset venv"
    assert targets >= set(wanted.split())
    own = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}  # this may run under make
    said = subprocess.run(["make", "help"], cwd=ROOT, env=own, check=True, capture_output=True, text=True)
    assert {line.split()[1] for line in said.stdout.splitlines()} == targets

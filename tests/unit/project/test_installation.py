"""Options of the installation: the file beneath the environment; refusals name file, line and key."""

import re
import subprocess
from pathlib import Path

import pytest

from ostiary.kernel.errors import Misconfigured
from ostiary.project import _serve
from ostiary.project._installation import (
    DEVELOPMENT,
    OPTIONS,
    environment,
    get_installation,
    table,
)
from ostiary.project._state import default_state
from ostiary.project._transport import Transport
from ostiary.project.cli import main

MISSPELT = "OSTIARY_" + "TRUSTED_PROXY"  # in two parts, so that nobody takes it for one of ours
ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "reference" / "environment.md"
VARIABLE = re.compile(r"\bOSTIARY_[A-Z][A-Z_]*[A-Z]\b")


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where `ostiary.toml` lies, with nothing decided yet."""
    for option in OPTIONS:
        monkeypatch.delenv(option.variable, raising=False)
    monkeypatch.setenv("OSTIARY_STATE", str(tmp_path))
    return tmp_path / "ostiary.toml"


def write(file: Path, text: str, mode: int = 0o600) -> None:
    file.write_text(text)
    file.chmod(mode)


def test_the_environment_comes_before_the_file_and_the_file_before_the_default(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _serve.port_from_environment() == 8000
    assert get_installation().decided["port"].source == "default"
    write(file, "# ours\nport = 8123\n")
    assert _serve.port_from_environment() == 8123
    assert get_installation().decided["port"].source == f"{file}:2"
    monkeypatch.setenv("PORT", "8124")
    assert _serve.port_from_environment() == 8124
    assert get_installation().decided["port"].source == "environment PORT"


def test_the_transport_is_decided_by_the_file(file: Path) -> None:
    assert not Transport.from_environment(environment()).insecure_http
    write(file, 'insecure_http = true\ntrusted_proxies = ["10.0.0.0/8", "unix"]\n')
    transport = Transport.from_environment(environment())
    assert transport.insecure_http
    assert transport.trusts_socket
    assert [str(network) for network in transport.trusted_networks] == ["10.0.0.0/8"]


def test_a_file_named_by_the_environment_may_name_the_state_folder(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.toml"
    write(elsewhere, f'state = "{tmp_path}/state"\nport = 8125\n')
    monkeypatch.delenv("OSTIARY_STATE")
    monkeypatch.setenv("OSTIARY_CONFIG", str(elsewhere))
    assert default_state().root == tmp_path / "state"
    assert _serve.port_from_environment() == 8125
    monkeypatch.setenv("OSTIARY_CONFIG", str(tmp_path / "missing.toml"))
    with pytest.raises(Misconfigured, match="OSTIARY_CONFIG: there is no file"):
        environment()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port = 8000\nprot = 1\n", ":2: there is no option 'prot'"),
        ("[server]\nport = 1\n", ":1: there is no option 'server'"),
        ('\nport = "8000"\n', ":2: port is a port number"),
        ("port = 65536\n", ":1: port is a port number"),
        ("port = true\n", ":1: port is a port number"),
        ('insecure_http = "yes"\n', ":1: insecure_http is true or false"),
        ("insecure_http = 1\n", ":1: insecure_http is true or false"),
        ('trusted_proxies = "10.0.0.0/8"\n', ":1: trusted_proxies is a list"),
        ('trusted_proxies = ["10.0.0.0/33"]\n', ":1: trusted_proxies is a list"),
        ('log_level = "LOUD"\n', ":1: log_level is one of"),
        ("database_url = 5\n", ":1: database_url is text"),
        ('state = "/elsewhere"\n', ":1: this file lies in the state folder"),
        ("port = \n", ": Invalid value"),
        ("port = 1\nport = 2\n", ": Cannot overwrite a value"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_key(file: Path, text: str, said: str) -> None:
    write(file, "port = 8000\n")
    environment()
    write(file, text)
    for read in (environment, get_installation):
        with pytest.raises(Misconfigured) as refused:
            read()
        assert str(file) in refused.value.message
        assert said in refused.value.message


def test_a_wrong_secret_is_refused_without_its_value(file: Path) -> None:
    write(file, 'secret_key = "two\\nlines of it"\n')
    with pytest.raises(Misconfigured) as refused:
        environment()
    assert "lines of it" not in refused.value.message


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_with_secrets_is_its_owner_s_alone(file: Path, mode: int) -> None:
    write(file, "port = 8000\n", mode)
    environment()  # without secrets others may read it
    write(file, 'secret_key = "something"\n', mode)
    with pytest.raises(Misconfigured, match="holds secrets and is open to others: chmod 600"):
        environment()
    file.chmod(0o600)
    assert environment()["OSTIARY_SECRET_KEY"] == "something"


def test_a_file_that_others_may_write_is_refused(file: Path) -> None:
    write(file, "port = 8000\n", 0o666)
    with pytest.raises(Misconfigured, match="can be written by others"):
        environment()


def test_config_show_masks_secrets_and_names_sources(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(file, 'port = 8123\ndatabase_url = "postgresql://u:very-secret@example.invalid/x"\n')
    monkeypatch.setenv(MISSPELT, "10.0.0.0/8")
    assert main(["config", "show"]) == 0
    assert main(["config", "show", "--json"]) == 0
    said = capsys.readouterr().out
    assert f"port\t8123\t{file}:1" in said
    assert f"database_url\t(set, not shown)\t{file}:2" in said
    assert f"{MISSPELT} is no variable of ours" in said
    assert "very-secret" not in said


def test_every_variable_that_the_product_reads_is_an_option() -> None:
    files = subprocess.run(
        ["git", "ls-files", "-z", "src"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    named = {
        name
        for file in files
        if file.endswith(".py") and (ROOT / file).exists()
        for name in VARIABLE.findall((ROOT / file).read_text())
    }
    known = {option.variable for option in OPTIONS} | DEVELOPMENT | {"OSTIARY_CONFIG"}
    assert named - known == set()


def test_the_page_says_what_the_table_of_options_says() -> None:
    lines = PAGE.read_text().splitlines()
    assert [row for row in table() if row not in lines] == []
    rows = {m[1] for line in lines if (m := re.match(r"\| `(\w+)` \|", line))}
    assert {option.variable for option in OPTIONS} | DEVELOPMENT <= rows

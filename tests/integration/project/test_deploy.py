"""The files of deploy/, read by the tools that will read them; no image is built and no unit is started."""

import datetime as dt
import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ostiary.project._state import State
from ostiary.project.cli import make_parser

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
INSTRUCTIONS = {"ARG", "FROM", "ENV", "WORKDIR", "COPY", "RUN", "VOLUME", "USER", "EXPOSE", "STOPSIGNAL"} | {
    "HEALTHCHECK",
    "ENTRYPOINT",
    "CMD",
}
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def run(*words: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
        cwd=DEPLOY,
    )


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"no {program}: run make test-tools")


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^\s*#.*\n", "", (DEPLOY / "Containerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]


def test_the_container_file_can_be_read_though_not_built_without_a_base_image() -> None:
    found = instructions()
    assert {word for word, _ in found} <= INSTRUCTIONS
    stages = [rest for word, rest in found if word == "FROM"]
    assert stages == ["${PYTHON} AS build", "${PYTHON} AS run"]
    (base,) = (rest for word, rest in found if word == "ARG")
    assert re.fullmatch(r"PYTHON=[a-z.]+/[a-z/]+:3\.1[123]-slim-[a-z]+", base)  # a version, never `latest`
    for word, rest in found:
        if word in ("HEALTHCHECK", "ENTRYPOINT", "CMD"):
            said = rest.rpartition("CMD ")[2] if word == "HEALTHCHECK" else rest
            assert isinstance(json.loads(said), list)  # no shell between
        if word == "RUN":
            assert run("sh", "-n", "-c", rest).returncode == 0
            assert not {"curl", "wget", "sudo"} & set(shlex.split(rest))
            for installed in re.findall(r"pip install ([^&]*)", rest):
                assert "--no-deps" in installed
                assert ("--require-hashes" in installed) is ("-r requirements" in installed)
    last = found[[word for word, _ in found].index("FROM", 3) :]
    assert ("USER", "10001:10001") in last
    assert [word for word, _ in last].index("USER") > [word for word, _ in last].index("COPY")


def test_what_the_container_file_copies_is_there_and_let_through() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from=build"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert f"!{source}" in ignored


def commands_of(words: list[str]) -> None:
    """Raises SystemExit: the command line does not know these words."""
    make_parser().parse_args(words)


def test_every_command_that_is_started_is_known_to_the_command_line() -> None:
    commands_of(json.loads(next(rest for word, rest in instructions() if word == "CMD")))
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    ours = [service for service in services.values() if service["image"].startswith("ostiary:")]
    assert len(ours) == 4
    for service in ours:
        commands_of(service["command"])
    for unit in UNITS:
        (start,) = re.findall(r"^ExecStart=/opt/ostiary/bin/ostiary (.*)$", unit.read_text(), re.MULTILINE)
        commands_of(shlex.split(start.replace("%i", "8000")))
    with pytest.raises(SystemExit):
        commands_of(["web", "--drian", "5"])


@needs("docker-compose")
def test_the_compose_file_is_accepted_and_asks_for_its_password() -> None:
    assert run("docker-compose", "-f", "compose.yaml", "config", "-q").returncode != 0
    done = run("docker-compose", "-f", "compose.yaml", "config", POSTGRES_PASSWORD="planted")
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]
    told = {name for name, service in services.items() if "planted" in json.dumps(service)}
    assert told == {"postgres", "prepare"}  # nobody who answers requests holds the administrative connection
    for name, service in services.items():
        assert re.search(r":\d[\w.-]*$", service["image"]), name
        assert "privileged" not in service
        if name != "postgres":
            assert service["read_only"]
            assert service["cap_drop"] == ["ALL"]
        assert ("ports" in service) is (name == "proxy")


def test_a_web_node_does_not_see_the_folder_of_the_owners_secrets() -> None:
    folder = State(Path("/var/lib/ostiary")).owner_secrets
    for unit in UNITS:
        text = unit.read_text()
        hidden = re.findall(r"^InaccessiblePaths=(.*)$", text, re.MULTILINE)
        assert hidden == ([str(folder)] if "web" in unit.name else [])
        if hidden:  # no dash: a node that cannot hide it does not start
            made = re.findall(r"^StateDirectory=(.*)$", text, re.MULTILINE)[0].split()
            assert str(folder.relative_to("/var/lib")) in made
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    for name, service in services.items():
        covered = [v["target"] for v in service.get("volumes", []) if isinstance(v, dict)]
        assert covered == ([str(folder)] if name.startswith("web") else [])
        assert "/dev/null" not in str(service.get("volumes"))  # a file that is covered comes loose
    assert any(word == "RUN" and rest.rstrip().endswith(str(folder)) for word, rest in instructions())


@needs("systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_accepts_the_unit_and_finds_it_confined(unit: Path, tmp_path: Path) -> None:
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/opt/ostiary/bin/ostiary", "/usr/bin/env"))
    done = run("systemd-analyze", "verify", "--man=no", copy)
    assert (done.returncode, done.stderr) == (0, "")
    exposed = run("systemd-analyze", "security", "--offline=true", "--threshold=20", copy)  # of 100
    assert exposed.returncode == 0, exposed.stdout[-200:]
    copy.write_text(copy.read_text() + "\n[Service]\nProtectSytem=strict\n")
    assert "ProtectSytem" in run("systemd-analyze", "verify", "--man=no", copy).stderr


def stop_times() -> list[tuple[str, float]]:
    """What a manager waits before it kills, less what the command says it may take."""
    found = []
    for unit in UNITS:
        text = unit.read_text()
        told = sum(float(n) for n in re.findall(r"--(?:drain|grace) (\d+)", text))
        found.append((unit.name, float(re.findall(r"TimeoutStopSec=(\d+)", text)[0]) - told))
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    for name, service in services.items():
        if "stop_grace_period" in service:
            words = service["command"]
            told = sum(
                float(after) for word, after in itertools.pairwise(words) if word in ("--drain", "--grace")
            )
            found.append((name, float(service["stop_grace_period"].rstrip("s")) - told))
    return found


def test_nobody_is_killed_before_its_own_patience_ends() -> None:
    times = stop_times()
    assert len(times) == 5
    assert [name for name, left in times if left < 10] == []


@needs("haproxy")
def test_haproxy_accepts_its_configuration(tmp_path: Path) -> None:
    pem = tmp_path / "ostiary.pem"
    pem.write_bytes(certificate())
    copy = tmp_path / "haproxy.cfg"
    copy.write_text((DEPLOY / "haproxy.cfg").read_text().replace("/etc/haproxy/tls/ostiary.pem", str(pem)))
    done = run("haproxy", "-c", "-f", copy)
    assert done.returncode == 0, done.stderr
    copy.write_text(copy.read_text().replace("option httpchk", "option httpcheck"))
    assert run("haproxy", "-c", "-f", copy).returncode != 0


def certificate() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "crm.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + made.public_bytes(serialization.Encoding.PEM)

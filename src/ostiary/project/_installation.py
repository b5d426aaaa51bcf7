"""What an installation decides: from `ostiary.toml`, overruled by the environment, in one table of options.

The file lies in the state folder, or where OSTIARY_CONFIG says. Whatever reads an option gets it from here,
as if it stood in the environment: `environment()` is the environment with the file's values beneath it.
"""

import ipaddress
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from ostiary.kernel.errors import Misconfigured

CONFIG = "OSTIARY_CONFIG"
FILE = "ostiary.toml"
MASKED = "(set, not shown)"
DATABASE_URL, DATABASE_URL_FILE = "OSTIARY_DATABASE_URL", "OSTIARY_DATABASE_URL_FILE"
LARGEST = 64 * 1024  # bytes of the file
_SOCKET = "unix"


class Type(StrEnum):
    """Types of options, as they are called in messages."""

    TEXT = "text"
    PATH = "a path"
    FLAG = "true or false"
    INTEGER = "a whole number"
    PORT = "a port number"
    NETWORKS = "a list of networks and `unix`"


@dataclass(frozen=True, slots=True)
class Option:
    """One decision of the installation.

    name: key in the file. variable: of the environment. default: in words. secret: never shown, and a file
    that holds it must be readable by its owner alone.
    """

    name: str
    variable: str
    type: Type
    default: str
    description: str
    secret: bool = False
    choices: tuple[str, ...] = ()
    least: int | None = None


OPTIONS: tuple[Option, ...] = (  # the rows of docs/reference/environment.md
    Option(
        "port", "PORT", Type.PORT, "`8000`", "port of the server; the demo listens on the loopback interface"
    ),
    Option(
        "state",
        "OSTIARY_STATE",
        Type.PATH,
        "`.ostiary` in the clone; as root a folder below `/var/lib/ostiary`; installed as a wheel"
        " `~/.local/state/ostiary`",
        "folder for the private database, generated secrets, root keys, the event spool and logs. Readable by"
        " the running account alone. In a file only where `OSTIARY_CONFIG` names it",
    ),
    Option(
        "database_url",
        DATABASE_URL,
        Type.TEXT,
        "none: the private PostgreSQL",
        "an administrative connection to another PostgreSQL, from version 15 on; see"
        " [Run on your own PostgreSQL](../howto/run-on-your-own-postgresql.md)",
        secret=True,
    ),
    Option(
        "database_url_file",
        DATABASE_URL_FILE,
        Type.PATH,
        "none",
        "file that holds `database_url`, readable by its owner alone. Below `secrets/owner` in the state"
        " folder web nodes cannot see it, while they do read `ostiary.toml`",
    ),
    Option(
        "secret_key",
        "OSTIARY_SECRET_KEY",
        Type.TEXT,
        "one made at the first start and kept in the state folder",
        "key of Django's signed values. Give all web nodes the same one",
        secret=True,
    ),
    Option(
        "key_passphrase_file",
        "OSTIARY_KEY_PASSPHRASE_FILE",
        Type.PATH,
        "none: asked at the terminal",
        "file with the passphrase of the root key, readable by its owner alone; a systemd credential"
        " `ostiary-key` serves as well. See [Keep the keys](../howto/keep-the-keys.md)",
    ),
    Option(
        "key_identity_file",
        "OSTIARY_KEY_IDENTITY_FILE",
        Type.PATH,
        "none",
        "age identity file that opens the root key, in place of a passphrase; keep it away from the state"
        " folder",
    ),
    Option(
        "insecure_http",
        "OSTIARY_INSECURE_HTTP",
        Type.FLAG,
        "absent",
        "`1`: plain HTTP, as the demo uses it. Start-up refuses it on any address but loopback; without it"
        " cookies are `Secure` with the `__Host-` prefix",
    ),
    Option(
        "trusted_proxies",
        "OSTIARY_TRUSTED_PROXIES",
        Type.NETWORKS,
        "none",
        "networks (and `unix` for a Unix socket), by commas, whose `X-Forwarded-For` and `X-Forwarded-Proto`"
        " are believed; everybody else's are thrown away",
    ),
    Option(
        "log_format",
        "OSTIARY_LOG_FORMAT",
        Type.TEXT,
        "`text` at a terminal, else `json`",
        "form of log lines",
        choices=("text", "json"),
    ),
    Option(
        "log_level",
        "OSTIARY_LOG_LEVEL",
        Type.TEXT,
        "`WARNING`",
        "the least severe log lines that are written: `DEBUG`, `INFO`, `WARNING` or `ERROR`",
        choices=("DEBUG", "INFO", "WARNING", "ERROR"),
    ),
    Option("access_log", "OSTIARY_ACCESS_LOG", Type.FLAG, "absent", "`1`: a log line for each request"),
)
# Variables that only developing and testing know; they are nobody's installation.
DEVELOPMENT = frozenset({"OSTIARY_SEED", "OSTIARY_SHARED", "OSTIARY_TEST_PG", "OSTIARY_WORLDS"})


@dataclass(frozen=True, slots=True)
class Decided:
    """An option's value as text and where it comes from: `environment`, `default`, or file and line."""

    option: Option
    value: str | None
    source: str

    @property
    def shown(self) -> str:
        """The value for people: secrets masked, what nobody decided in words."""
        if self.value is None:
            return self.option.default
        return MASKED if self.option.secret else self.value


@dataclass(frozen=True, slots=True)
class Installation:
    """Every option as it stands for this process."""

    decided: Mapping[str, Decided]
    path: Path | None = None
    unknown: tuple[str, ...] = field(default=())

    def text(self, name: str) -> str | None:
        """The value of an option, None where nobody decided."""
        return self.decided[name].value

    def flag(self, name: str) -> bool:
        """The value of an option of type flag."""
        return self.decided[name].value == "1"

    def number(self, name: str, default: int) -> int:
        """The value of an option that is a number."""
        value = self.decided[name].value
        return default if value is None else int(value)


def get_installation(environ: Mapping[str, str] | None = None) -> Installation:
    """The installation's options, the environment before the file.

    Raises: Misconfigured: names the file, line and key, or the variable, that is not accepted.
    """
    environ = os.environ if environ is None else environ
    path = config_path(environ)
    written = _read(path) if path is not None else {}
    decided = {}
    for option in OPTIONS:
        given = environ.get(option.variable)
        if given:
            _ensure(option, given, option.variable)
            decided[option.name] = Decided(option, given, f"environment {option.variable}")
        elif option.name in written:
            text, line = written[option.name]
            decided[option.name] = Decided(option, text, f"{path}:{line}")
        else:
            decided[option.name] = Decided(option, None, "default")
    known = {option.variable for option in OPTIONS} | DEVELOPMENT | {CONFIG}
    unknown = tuple(sorted(n for n in environ if n.startswith("OSTIARY_") and n not in known))
    return Installation(decided, path if written else None, unknown)


def environment() -> dict[str, str]:
    """The environment of this process, with what the file decides where the environment says nothing.

    Raises: Misconfigured: names the file, line and key that is not accepted.
    """
    path = config_path(os.environ)
    written = _read(path) if path is not None else {}
    found = dict(os.environ)
    for option in OPTIONS:
        if option.name in written and not found.get(option.variable):
            found[option.variable] = written[option.name][0]
    return found


def names_database() -> bool:
    """Whether another PostgreSQL than the private one is meant. Reads no secret that is kept apart."""
    found = environment()
    return bool(found.get(DATABASE_URL) or found.get(DATABASE_URL_FILE))


def external_database() -> str | None:
    """The administrative connection to another PostgreSQL, None: the private one is meant.

    Raises: Misconfigured: the file that holds it is missing, open to others or empty.
    """
    found = environment()
    if url := found.get(DATABASE_URL):
        return url
    if not (named := found.get(DATABASE_URL_FILE)):
        return None
    path = Path(named)
    url = _content(path).strip()
    _ensure_private(path)
    if not url or "\n" in url:
        raise Misconfigured(f"{path} does not hold one connection string")
    return url


def config_path(environ: Mapping[str, str]) -> Path | None:
    """The file, if there is one. Raises Misconfigured: OSTIARY_CONFIG names one that is not there."""
    if named := environ.get(CONFIG):
        path = Path(named).absolute()
        if not path.is_file():
            raise Misconfigured(f"{CONFIG}: there is no file {path}")
        return path
    from ostiary.project._state import default_state  # it asks here where the state folder is

    path = default_state().root / FILE
    try:
        return path if path.is_file() else None
    except PermissionError:
        return None  # a folder that is not ours: whoever opens it will say so


def named_state(environ: Mapping[str, str]) -> str | None:
    """The state folder that somebody chose: by variable, or in the file that OSTIARY_CONFIG names."""
    if chosen := environ.get("OSTIARY_STATE"):
        return chosen
    if not environ.get(CONFIG):
        return None
    path = config_path(environ)
    return _read(path)["state"][0] if path is not None and "state" in _read(path) else None


def _read(path: Path) -> dict[str, tuple[str, int]]:
    """(value as text, line) of each key. Raises Misconfigured: names file, line and key."""
    content = _content(path)
    try:
        said = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"{path}: {error}") from None
    options = {option.name: option for option in OPTIONS}
    found = {}
    for key, value in said.items():
        line = _line_of(content, key)
        option = options.get(key)
        if option is None:
            raise Misconfigured(f"{path}:{line}: there is no option {key!r}")
        if key == "state" and path.name == FILE and not os.environ.get(CONFIG):
            raise Misconfigured(f"{path}:{line}: this file lies in the state folder, so it cannot name it")
        text = _text(option, value, f"{path}:{line}: {key}")
        found[key] = (text, line)
    if any(options[key].secret for key in found):
        _ensure_private(path)
    return found


def _content(path: Path) -> str:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            raise Misconfigured(f"{path} is no plain file of at most {LARGEST} bytes")
        if status.st_mode & 0o022:
            raise Misconfigured(f"{path} can be written by others: chmod 600 it")
        if status.st_uid not in (0, os.geteuid()):
            raise Misconfigured(f"{path} belongs to another account")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} cannot be read: {type(error).__name__}") from None


def _ensure_private(path: Path) -> None:
    if path.stat().st_mode & 0o077:
        raise Misconfigured(f"{path} holds secrets and is open to others: chmod 600 it")


def _line_of(content: str, key: str) -> int:
    pattern = re.compile(rf"\s*(\[+\s*)?[\"']?{re.escape(key)}[\"']?\s*(=|\]|\.)")
    for number, line in enumerate(content.splitlines(), 1):
        if pattern.match(line):
            return number
    return 1


def _text(option: Option, value: Any, where: str) -> str:
    """A value of the file as the environment would say it. Raises Misconfigured."""
    text: str | None = None
    if option.type is Type.FLAG:
        text = ("1" if value else "0") if isinstance(value, bool) else None
    elif option.type in (Type.INTEGER, Type.PORT):
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else None
    elif option.type is Type.NETWORKS:
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            text = ",".join(value)
    elif isinstance(value, str):
        text = value
    if text is None:
        raise Misconfigured(f"{where} is {option.type.value}")
    _ensure(option, text, where)
    return text


def _ensure(option: Option, text: str, where: str) -> None:
    """Raises Misconfigured: `where` does not hold what the option takes."""
    if _takes(option, text):
        return
    wanted = f"one of {', '.join(option.choices)}" if option.choices else option.type.value
    said = "its value" if option.secret else repr(text[:80])
    raise Misconfigured(f"{where} is {wanted}, not {said}")


def _takes(option: Option, text: str) -> bool:
    if "\x00" in text or "\n" in text:
        return False
    if option.choices:
        return text in option.choices
    match option.type:
        case Type.FLAG:
            return text in ("0", "1")
        case Type.PORT:
            return text.isascii() and text.isdecimal() and 0 < int(text[:9]) < 2**16
        case Type.INTEGER:
            fits = text.isascii() and text.isdecimal() and len(text) < 10
            return fits and (option.least is None or int(text) >= option.least)
        case Type.NETWORKS:
            return all(_is_network(n.strip()) for n in text.split(",") if n.strip())
        case _:
            return True


def _is_network(name: str) -> bool:
    try:
        return name == _SOCKET or ipaddress.ip_network(name) is not None
    except ValueError:
        return False


def table() -> list[str]:
    """Rows of docs/reference/environment.md: variable, key of the file, default, meaning."""
    return [
        f"| `{o.variable}` | `{o.name}` | {o.default} | {o.description}{' (secret)' if o.secret else ''} |"
        for o in OPTIONS
    ]

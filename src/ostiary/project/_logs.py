"""Log lines for operators: what happened, to which ids, how it ended. Never names, addresses or values.

A line is made from the event's name, the request that this thread works on, and fields whose kind is declared
below. Arguments, messages of exceptions and undeclared texts are left out, whoever logs them: they may hold
what a person typed. Source: OWASP ASVS 5.0, V16.2 to V16.4; docs/reference/logs.md.
"""

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any
from uuid import UUID

import psycopg

from ostiary.kernel.errors import Misconfigured, OstiaryError

FORMATS = ("json", "text")
LONGEST_EVENT, MOST_FRAMES = 120, 8
NOT_SHOWN = "(not shown)"

# Fields whose text is a code of ours: a name of the program, not a value of the data.
CODES = frozenset(
    "action channel check code determined_by error lane layer method module name note outcome purpose reason"
    " route sqlstate state status task type version".split()
)
# Fields with ids, numbers and yes or no, whose texts are not shown.
IDS = frozenset(
    "attempt bytes count duration_ms events id job key lines operation principal record release request"
    " seconds tenant trace worker".split()
)
_RESERVED = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_CODE = re.compile(r"[A-Za-z0-9_.:/<>\[\]-]{1,160}")
_END_OF_WORDS = re.compile(r"[^A-Za-z0-9_ .,()%/-]")  # where something quoted or filled in may begin

_working = threading.local()


def bind(request: Any) -> None:
    """What this thread logs from now on belongs to `request`; None: to none."""
    _working.request = request


def frames_of(trace: TracebackType | None) -> list[str]:
    """The innermost places of a traceback: file, line and function, no line of code."""
    return [f"{_short(f.filename)}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)[-MOST_FRAMES:]]


def kind_of(error: BaseException) -> dict[str, str]:
    """What an exception is without what it says: class, stable code, SQLSTATE."""
    kind = {"error": type(error).__name__}
    if isinstance(error, OstiaryError):
        kind["code"] = error.code
    if isinstance(error, psycopg.Error) and error.sqlstate:
        kind["sqlstate"] = error.sqlstate
    return kind


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Everything of the record that a line may show, by name."""
    fields: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": _event(record),
        "process": record.process,
    }
    fields |= _request_fields()
    for argument in record.args if isinstance(record.args, tuple) else ():
        if isinstance(argument, BaseException):
            fields |= kind_of(argument)
    for name, value in vars(record).items():
        if name not in _RESERVED and (name not in fields or _shown(name, value) != NOT_SHOWN):
            fields[name] = _shown(name, value)
    if record.exc_info and record.exc_info[1] is not None:
        fields |= kind_of(record.exc_info[1])
        fields["frames"] = frames_of(record.exc_info[2])
    return {k: v for k, v in fields.items() if v is not None}


class Uncaught(logging.Filter):
    """Lets through what tells of an exception."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it does."""
        return bool(record.exc_info)


class JsonLines(logging.Formatter):
    """One JSON object in one line, ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        """See `fields_of`."""
        return json.dumps(fields_of(record))


class TextLines(logging.Formatter):
    """The same for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """See `fields_of`."""
        fields = fields_of(record)
        head = f"{fields.pop('time')[11:23]} {fields.pop('level').upper():<7} {fields.pop('event')}"
        frames = fields.pop("frames", ())
        rest = " ".join(f"{k}={v}" for k, v in fields.items() if k not in ("logger", "process"))
        return "\n".join((f"{head} {rest}".rstrip(), *(f"    {frame}" for frame in frames)))


def make_formatter(choice: str = "") -> logging.Formatter:
    """The formatter by name; by default text at a terminal and JSON where lines are gathered."""
    chosen = choice or ("text" if sys.stderr.isatty() else "json")
    return TextLines() if chosen == "text" else JsonLines()


def settings_from(environ: Mapping[str, str]) -> dict[str, Any]:
    """Django's LOGGING from OSTIARY_LOG_FORMAT, OSTIARY_LOG_LEVEL and OSTIARY_ACCESS_LOG.

    Raises: Misconfigured: a value that is none of the possible ones.
    """
    choice, level = environ.get("OSTIARY_LOG_FORMAT", ""), environ.get("OSTIARY_LOG_LEVEL", "WARNING").upper()
    if choice not in ("", *FORMATS):
        raise Misconfigured(f"OSTIARY_LOG_FORMAT is one of {', '.join(FORMATS)}")
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise Misconfigured("OSTIARY_LOG_LEVEL is DEBUG, INFO, WARNING or ERROR")
    access = environ.get("OSTIARY_ACCESS_LOG") == "1"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "ostiary.project._logs.make_formatter", "choice": choice}},
        "filters": {"uncaught": {"()": "ostiary.project._logs.Uncaught"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "loggers": {
            # every refusal leaves an audit event, every failure a line of ours: only what passed us counts
            "django.request": {"filters": ["uncaught"]},
            "ostiary.access_log": {"level": "INFO" if access else "CRITICAL"},
        },
        "root": {"handlers": ["console"], "level": level},
    }


# For the web server, which sets up its own loggers by default: its lines go the way of all others.
SERVER_LOGGING: dict[str, Any] = {
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"propagate": True}, "granian.access": {"propagate": True}},
}


def catch_the_rest() -> None:
    """Log what nobody caught, in any thread: the interpreter's own words would hold the message."""
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _log_uncaught(args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: _log_uncaught(args.exc_value, args.exc_traceback)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _log_uncaught(error, trace)


def _log_uncaught(error: BaseException | None, trace: TracebackType | None) -> None:
    if error is not None and not isinstance(error, KeyboardInterrupt):
        logging.getLogger(__name__).critical("process.error.uncaught", exc_info=(type(error), error, trace))


def _event(record: logging.LogRecord) -> str:
    """The constant part of the message: of others' texts no more than its first words."""
    text = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
    words = _END_OF_WORDS.split(text, maxsplit=1)[0].strip()[:LONGEST_EVENT]
    return words if len(words) > len("%s") else record.name


def _request_fields() -> dict[str, Any]:
    request = getattr(_working, "request", None)
    ctx = getattr(request, "ctx", None)
    match = getattr(request, "resolver_match", None)
    fields: dict[str, Any] = {"route": None if match is None else f"/{match.route}"}
    if ctx is not None:
        principal = None if ctx.principal is None else str(ctx.principal)
        fields |= {"request": str(ctx.request_id), "tenant": str(ctx.tenant_id), "principal": principal}
    return fields


def _shown(name: str, value: object) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str) and name in CODES and _CODE.fullmatch(value):
        return str(value)
    return NOT_SHOWN


def _short(path: str) -> str:
    """From the package on: where an installation lies says nothing."""
    return re.sub(r"^.*/(?:site-packages|src|lib/python[0-9.]+)/", "", path)

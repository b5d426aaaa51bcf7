"""Whether this node lives and whether it may be given requests: `/-/health` and `/-/ready`.

Answered on any host, before anybody asks whose request it is, since whoever balances load knows no tenant. A
stranger learns yes or no. Which check failed stands on the operator's own address (`_admin`).
"""

import mmap
import threading
import time
from collections.abc import Callable, Mapping

import psycopg
from django.http import HttpRequest, HttpResponse
from psycopg_pool import PoolTimeout

from ostiary.kernel.errors import OstiaryError

PREFIX = "/-/"
HEALTH, READY = "/-/health", "/-/ready"
CONNECT_TIMEOUT_S = 2
BELIEVED_S = 1.0  # a flood of probes asks the database once a second
ANSWER_S = 3.0  # a node whose checks take longer is not ready
RETRY_AFTER_S = "1"

Check = Callable[[], bool]

# Shared with the children: written by the process that gets the signal, read by those that answer.
_draining = mmap.mmap(-1, 1)


def drain() -> None:
    """From now on no process of this node is ready, although all go on answering."""
    _draining[0] = 1


def is_draining() -> bool:
    """Whether `drain` was called in this process or the one that it was forked from."""
    return _draining[0] == 1


class Readiness:
    """What has to hold before requests may come. One prober asks at a time; the others get its answer.

    checks: by the name that the operator reads; what raises has failed, and so has what does not answer
    within ANSWER_S, until it answers.
    """

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._lock = threading.Lock()
        self._failed = dict.fromkeys(checks, False)
        self._known: tuple[float, dict[str, bool]] = (-BELIEVED_S, self._failed)

    def look(self) -> dict[str, bool]:
        """Each check and whether it holds. Who does not ask the checks never waits.

        The answer is no older than BELIEVED_S, and while somebody is asking no older than ANSWER_S more.
        """
        if self._age() > BELIEVED_S and self._lock.acquire(blocking=False):
            self._ask_in_time()
        known = self._known[1] if self._age() <= BELIEVED_S + ANSWER_S else self._failed
        return known | {"not_draining": not is_draining()}

    def _age(self) -> float:
        return time.monotonic() - self._known[0]

    def _ask_in_time(self) -> None:
        """Ask in a thread of its own, since nobody can say how long a check takes; it frees the lock."""
        answers: list[dict[str, bool]] = []
        asking = threading.Thread(target=self._ask, args=(answers,), name="readiness", daemon=True)
        try:
            asking.start()
        except RuntimeError:  # no thread is to be had: this node is not well
            self._lock.release()
        else:
            asking.join(ANSWER_S)
        self._known = (time.monotonic(), answers[0] if answers else self._failed)

    def _ask(self, answers: list[dict[str, bool]]) -> None:
        try:
            answers.append({name: _holds(check) for name, check in self._checks.items()})
        finally:
            self._lock.release()


def _holds(check: Check) -> bool:
    try:
        return check()
    except (OstiaryError, psycopg.Error, PoolTimeout, OSError):
        return False


def database_answers(conninfo: str) -> bool:
    """Whether the app's login can connect and read the directory of tenants. Raises psycopg.Error: no."""
    # not from the pool: whoever waits there for a connection must not make the node look dead, nor wait long
    # nor for ever: a server that is cut off while it is asked is given up, too
    with psycopg.connect(
        conninfo,
        connect_timeout=CONNECT_TIMEOUT_S,
        tcp_user_timeout=CONNECT_TIMEOUT_S * 1000,
        autocommit=True,
    ) as connection:
        connection.execute("select from public.tenant_entry limit %s", (1,))
    return True


_readiness: list[Readiness] = []


def configure(checks: Mapping[str, Check]) -> Readiness:
    """Set what this process has to hold. Without it the node is never ready."""
    _readiness[:] = [Readiness(checks)]
    return _readiness[0]


def find_readiness() -> Readiness | None:
    """What `configure` was given."""
    return _readiness[0] if _readiness else None


def answer(request: HttpRequest) -> HttpResponse:
    """200 or 503 for the two paths below `/-/`, 404 for others: in words, and nothing more."""
    if request.path_info not in (HEALTH, READY):
        return _said(404, "Not found")
    if request.META["REQUEST_METHOD"] not in ("GET", "HEAD"):
        return _said(405, "Method not allowed")
    if request.path_info == HEALTH:
        return _said(200, "alive")
    readiness = find_readiness()
    if readiness is not None and all(readiness.look().values()):
        return _said(200, "ready")
    response = _said(503, "not ready")
    response.headers["Retry-After"] = RETRY_AFTER_S
    return response


def _said(status: int, words: str) -> HttpResponse:
    return HttpResponse(f"{words}\n", status=status, content_type="text/plain; charset=utf-8")

"""Clients that write over HTTP, and what each of them was told."""

import http.client
import json
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

PATIENCE_S = 60.0
RECORDS = "/api/v1/records"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back whole. `request`: the id that the server gave it, which its event carries."""

    status: int
    request: UUID | None
    body: dict[str, Any]

    @property
    def acknowledged(self) -> bool:
        return 200 <= self.status < 300

    @property
    def said(self) -> str:
        return f"{self.status} {self.body.get('code', '')}"


class Fate(StrEnum):
    """What a client may conclude from the answer to a write, or from its absence."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    FAILED = "failed"  # our fault, and nothing was changed
    UNKNOWN = "of unknown fate"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One write that was sent. `answer` None: the connection broke, so nobody knows."""

    marker: str
    object: str
    answer: Answer | None

    @property
    def fate(self) -> Fate:
        if self.answer is None or self.answer.body.get("code") == "outcome_unknown":
            return Fate.UNKNOWN
        if self.answer.acknowledged:
            return Fate.ACKNOWLEDGED
        return Fate.FAILED if self.answer.status >= 500 else Fate.REFUSED

    @property
    def said(self) -> str:
        """Status and code of the answer."""
        return "no answer" if self.answer is None else self.answer.said


@dataclass(frozen=True, slots=True)
class Seat:
    """Whom a client acts for: a key and the accounts that this person may change."""

    key: str
    accounts: tuple[UUID, ...]


class Client:
    """One connection, opened again whenever it broke."""

    def __init__(self, port: int, host: str, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        self._headers = {"Host": host, "Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def connect(self) -> bool:
        """Whether something listens there."""
        if self._connection.sock is None:
            try:
                self._connection.connect()
            except OSError:
                return False
        return True

    def call(self, method: str, path: str, body: object = None) -> Answer | None:
        """None: no answer, or not a whole one."""
        try:
            self._connection.request(method, path, None if body is None else json.dumps(body), self._headers)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return None
        kind = response.headers.get_content_type()
        request = response.headers.get("X-Request-Id")
        found = json.loads(text) if kind.endswith("json") else {"detail": text.decode(errors="replace")}
        return Answer(response.status, None if request is None else UUID(request), found)

    def close(self) -> None:
        self._connection.close()


@dataclass
class Writers:
    """`number` writes by as many clients as there are seats, begun at once; each write carries its marker."""

    port: int
    host: str
    word: str
    number: int
    attempts: list[Attempt] = field(default_factory=list)
    reads: list[Answer] = field(default_factory=list)
    failed_when_up: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._left = deque(range(self.number))
        self._changed = threading.Condition()
        self._in_flight = self._acknowledged = 0
        self._over = False
        self._up = threading.Event()
        self._up.set()

    @contextmanager
    def writing(self, seats: Iterable[Seat]) -> Iterator[list[Future[None]]]:
        """Within the block they write; at its end all writes have been tried."""
        seats = list(seats)
        with ThreadPoolExecutor(len(seats)) as pool:
            try:
                futures = [pool.submit(self._sit, seat) for seat in seats]
                yield futures
                for future in futures:
                    future.result(PATIENCE_S)
            finally:
                self._over = True
                self._left.clear()
                self._up.set()

    def wait_for(self, acknowledged: int) -> None:
        """Wait until so many are acknowledged."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._acknowledged >= acknowledged, PATIENCE_S)

    def strike(self, blow: Callable[[], None], acknowledged: int, in_flight: int) -> int:
        """Strike when so many are acknowledged while so many are on their way; how many were.

        No client begins anything or takes notice of an answer between the decision and the blow.
        """
        with self._changed:
            assert self._changed.wait_for(
                lambda: self._acknowledged >= acknowledged and self._in_flight >= in_flight, PATIENCE_S
            )
            self._up.clear()
            blow()
            return self._in_flight

    def go_on(self) -> None:
        """What was hit is up again."""
        self._up.set()

    def _sit(self, seat: Seat) -> None:
        client = Client(self.port, self.host, seat.key)
        mine: list[tuple[str, int]] = []  # opportunities that were acknowledged to this client, and versions
        try:
            while True:
                try:
                    number = self._left.popleft()
                except IndexError:
                    return
                self._write(client, seat, number, mine)
        finally:
            client.close()

    def _write(self, client: Client, seat: Seat, number: int, mine: list[tuple[str, int]]) -> None:
        marker = f"{self.word} {number:03}"
        account = seat.accounts[number // 4 % len(seat.accounts)]
        match number % 4:
            case 0:
                self._send(client, marker, "account", "POST", "", {"name": marker, "employees": number})
            case 1 if mine:
                record, version = mine.pop()
                body = {"next_step": marker, "probability": number % 100, "version": version}
                self._send(client, marker, "opportunity", "PATCH", f"/{record}", body)
            case 2:
                # others change the same account meanwhile, so some are told that they come too late
                version = self._version(client, account)
                body = {"city": marker, "annual_revenue": f"{number}.50", "version": version}
                self._send(client, marker, "account", "PATCH", f"/{account}", body)
            case _:
                body = {"name": marker, "account": str(account), "amount": f"{number}.25", "budget": "10.5"}
                body |= {"expected_close_on": "2026-12-31", "description": f"Über {marker}"}
                answer = self._send(client, marker, "opportunity", "POST", "", body)
                if answer is not None and answer.acknowledged:
                    mine.append((answer.body["id"], answer.body["version"]))

    def _send(
        self, client: Client, marker: str, object_: str, method: str, path: str, body: dict[str, Any]
    ) -> Answer | None:
        while not client.connect():  # nothing was sent: it may be tried again
            assert self._up.wait(PATIENCE_S)
        with self._changed:
            self._in_flight += 1
            self._changed.notify_all()
        answer = client.call(method, f"{RECORDS}/{object_}{path}", body)
        with self._changed:
            self._in_flight -= 1
            self.attempts.append(Attempt(marker, object_, answer))
            self._acknowledged += answer is not None and answer.acknowledged
            self._changed.notify_all()
        self._note(answer)
        return answer

    def _version(self, client: Client, account: UUID) -> int:
        """Read it as Internal data, whose event is buffered; again until there is an answer."""
        while not self._over:
            path = f"{RECORDS}/account/{account}?columns=name"
            answer = client.call("GET", path) if client.connect() else None
            if answer is not None and answer.acknowledged:
                self.reads.append(answer)
                return int(answer.body["version"])
            self._note(answer)
        raise AssertionError("the test ended before its writes")

    def _note(self, answer: Answer | None) -> None:
        """After a failure wait until what was hit is up again."""
        if answer is None or answer.status >= 500:
            if self._up.is_set() and answer is not None:
                self.failed_when_up[answer.said] += 1
            assert self._up.wait(PATIENCE_S)

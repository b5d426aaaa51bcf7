"""argon2id and the gate before it."""

import threading

import pytest
from argon2 import PasswordHasher, extract_parameters

from ostiary.identity import _hashing
from ostiary.kernel.errors import TooManyRequests


def test_a_password_matches_its_own_hash_and_no_other() -> None:
    stored = _hashing.hash_password("seven green bottles")
    assert _hashing.verify_password(stored, "seven green bottles")
    assert not _hashing.verify_password(stored, "seven green bottle")
    assert not _hashing.verify_password(stored, "Seven green bottles")


def test_nobody_costs_as_much_as_somebody() -> None:
    stored = _hashing.hash_password("seven green bottles")
    assert extract_parameters(_hashing.NOBODY) == extract_parameters(stored)
    assert not _hashing.verify_password(None, "seven green bottles")


@pytest.mark.parametrize("password", ["", "x" * 129, "a\x00b", "\ud800", "x" * 100_000])
def test_what_cannot_be_a_password_is_refused_at_the_same_cost(password: str) -> None:
    assert not _hashing.verify_password(_hashing.NOBODY, password)
    assert not _hashing.verify_password(None, password)


def test_a_damaged_hash_opens_nothing() -> None:
    assert not _hashing.verify_password("$argon2id$v=19$m=1", "seven green bottles")
    assert not _hashing.verify_password("plain", "plain")


def test_a_hash_with_other_parameters_is_outdated() -> None:
    weaker = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash("seven green bottles")
    assert _hashing.is_outdated(weaker)
    assert not _hashing.is_outdated(_hashing.hash_password("seven green bottles"))


def test_the_gate_refuses_at_once_who_finds_the_queue_full() -> None:
    gate = _hashing.Gate(slots=1, waiting=1)
    entered, leave = threading.Event(), threading.Event()

    def work() -> None:
        with gate.enter():
            entered.set()
            leave.wait(10)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert entered.wait(10)
    while gate.inside < gate.capacity:  # the second is on its way to the queue
        threading.Event().wait(0.001)
    with pytest.raises(TooManyRequests) as refused, gate.enter():
        pytest.fail("a third found room")
    assert refused.value.details["retry_after_s"] == _hashing.RETRY_AFTER_S
    leave.set()
    for thread in threads:
        thread.join(10)
    with gate.enter():
        assert gate.inside == 1
    assert gate.inside == 0


def test_the_gate_lets_no_more_than_its_slots_work() -> None:
    gate = _hashing.Gate(slots=2, waiting=6)
    lock, at_work, most = threading.Lock(), 0, 0
    start = threading.Barrier(8)

    def work() -> None:
        nonlocal at_work, most
        start.wait(10)
        with gate.enter():
            with lock:
                at_work += 1
                most = max(most, at_work)
            _hashing.verify_password(None, "seven green bottles")
            with lock:
                at_work -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert 1 <= most <= 2


def test_an_error_inside_frees_the_place() -> None:
    gate = _hashing.Gate(slots=1, waiting=0)
    with pytest.raises(RuntimeError), gate.enter():
        raise RuntimeError
    with gate.enter():
        assert gate.inside == 1


def test_a_gate_that_admits_nobody_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="slot"):
        _hashing.Gate(slots=0, waiting=5)

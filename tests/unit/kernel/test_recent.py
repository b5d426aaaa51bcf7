"""What is asked for stays; what nobody asks for makes room."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from ostiary.kernel.recent import Recent


def test_the_value_that_nobody_asked_for_goes_first() -> None:
    kept: Recent[str, int] = Recent(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert (kept.get("a"), kept.get("b"), kept.get("c"), len(kept)) == (1, None, 3, 2)


def test_a_value_is_replaced_and_forgotten() -> None:
    kept: Recent[str, int] = Recent(2)
    kept.put("a", 1)
    kept.put("a", 2)
    assert (kept.get("a"), len(kept)) == (2, 1)
    kept.forget("a")
    kept.forget("never there")
    assert (kept.get("a"), len(kept)) == (None, 0)
    kept.put("b", 3)
    kept.clear()
    assert len(kept) == 0


def test_a_memory_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        Recent(0)


def test_threads_that_share_it_find_what_was_kept_and_never_more_than_there_is_room_for() -> None:
    kept: Recent[UUID, int] = Recent(40)

    def work(first: int) -> bool:
        right = True
        for number in range(first, first + 3_000):
            key = number % 60
            found = kept.get(UUID(int=key))  # its comparison is Python, where threads take turns
            right = right and found in (None, key)
            kept.put(UUID(int=key), key)
            kept.forget(UUID(int=(key + 7) % 60))
        return right

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(0, 80, 10)))
    assert len(kept) <= 40

"""What is asked for stays; what nobody asks for makes room."""

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

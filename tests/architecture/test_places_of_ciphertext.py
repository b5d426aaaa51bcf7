"""What is encrypted is bound to its place, and no two kinds of places have one name."""

import re
from collections import Counter
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "ostiary"
NAME = re.compile(r'"(6f737469-6172-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"')


def test_no_two_places_have_one_name() -> None:
    named = Counter(name for path in SOURCE.rglob("*.py") for name in NAME.findall(path.read_text()))
    assert len(named) >= 10
    assert [name for name, times in named.items() if times > 1] == []

"""Former codes: what was renamed is still found by the code it had, for a while."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Former:
    """A code that led to an object or column before. until: ISO instant from which it may be forgotten."""

    code: str
    until: str


class Aliased(dict[str, V]):
    """A dict whose values are also found by other keys. Going through it gives each value once."""

    __slots__ = ("_aliases",)

    def __init__(self, values: Mapping[str, V], aliases: Mapping[str, str]) -> None:
        super().__init__(values)
        self._aliases = {a: code for a, code in aliases.items() if code in values and a not in values}

    def __missing__(self, key: str) -> V:
        return dict.__getitem__(self, self._aliases[key])

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key or of what it stands for."""
        return self[key] if key in self else default  # noqa: SIM401  dict.get would not ask __missing__

    def __contains__(self, key: object) -> bool:
        return dict.__contains__(self, key) or key in self._aliases


def aliased(values: Mapping[str, V], aliases: Mapping[str, str]) -> Mapping[str, V]:
    """`values`, also found by their aliases; unchanged where there are none."""
    return Aliased(values, aliases) if aliases else values

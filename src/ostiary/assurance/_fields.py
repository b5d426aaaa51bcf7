"""Values out of JSON that somebody sent, taken one by one; a refusal names the place."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.ids import UnitId

T = TypeVar("T")


def refuse(place: str, code: str, message: str) -> Invalid:
    """The refusal of one place."""
    return Invalid([FieldError(place, code, message)])


class Fields:
    """An object of JSON at a place. Whoever has taken all that is known calls `finish`."""

    def __init__(self, data: object, place: str) -> None:
        if not isinstance(data, dict):
            raise refuse(place, "malformed", f"{place or 'The body'} is an object of JSON")
        self._data: Mapping[str, Any] = data
        self._place = place
        self._taken: set[str] = set()

    def at(self, name: str) -> str:
        """The place of a field of this object."""
        return f"{self._place}.{name}" if self._place else name

    def has(self, name: str) -> bool:
        """Whether it is given."""
        return name in self._data

    def names(self) -> list[str]:
        """The names of all fields, where they are keys."""
        return list(self._data)

    def _take(self, name: str, kind: type[T], words: str) -> T:
        self._taken.add(name)
        found = self._data.get(name)
        if type(found) is not kind:
            raise refuse(self.at(name), "malformed", f"{self.at(name)} is {words}")
        return found

    def text(self, name: str) -> str:
        """A text."""
        return self._take(name, str, "a text")

    def flag(self, name: str) -> bool:
        """True or false."""
        return self._take(name, bool, "true or false")

    def number(self, name: str) -> int:
        """A whole number."""
        return self._take(name, int, "a whole number")

    def unit(self, name: str) -> UnitId:
        """The id of a person or role."""
        try:
            return UnitId(UUID(self.text(name)))
        except ValueError:
            raise refuse(self.at(name), "malformed", "An id is a UUID") from None

    def member(self, name: str, known: Mapping[str, T]) -> T:
        """One of the words that are known."""
        return self._known(self.text(name), self.at(name), known)

    def members(self, name: str, known: Mapping[str, T]) -> frozenset[T]:
        """Some of the words that are known."""
        given = self._take(name, list, "a list of words")
        return frozenset(self._known(word, self.at(name), known) for word in given)

    def _known(self, word: object, place: str, known: Mapping[str, T]) -> T:
        if not isinstance(word, str) or word not in known:
            raise refuse(place, "unknown", f"{word!s:.60} is none of {', '.join(sorted(known))}")
        return known[word]

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        given = self._take(name, list, "a list of texts")
        if not all(isinstance(each, str) for each in given):
            raise refuse(self.at(name), "malformed", f"{self.at(name)} is a list of texts")
        return tuple(given)

    def each(self, name: str, most: int) -> Iterator["Fields"]:
        """A list of objects."""
        given: Sequence[object] = self._take(name, list, "a list of objects")
        if len(given) > most:
            raise refuse(self.at(name), "too_many", f"{self.at(name)} has at most {most:,} entries")
        for number, each in enumerate(given):
            yield Fields(each, f"{self.at(name)}.{number}")

    def inner(self, name: str) -> "Fields":
        """An object in this one."""
        self._taken.add(name)
        return Fields(self._data.get(name), self.at(name))

    def pass_over(self, *names: str) -> None:
        """Known fields that say nothing here."""
        self._taken.update(names)

    def finish(self) -> None:
        """Refuses what nobody asked for, rather than passing it over."""
        for name in self._data:
            if name not in self._taken:
                place = self.at(name[:60])
                raise refuse(place, "unknown_field", f"{place} is no field here")

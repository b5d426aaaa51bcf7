"""Strict YAML: no duplicate or unknown key, no value of another type; errors name file, object and key."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml

from ostiary.objects._errors import PackageRefused

MAX_TEXT = 1_000_000  # characters of one file
MAX_DEPTH = 20
T = TypeVar("T")
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast where libyaml is there
_MISSING: Any = object()


class _Loader(_Safe):  # type: ignore[misc]  # which of the two it is shows at run time
    """The safe loader; a key given twice is refused instead of the last one winning."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    found: set[Hashable] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in found:
            raise PackageRefused(
                f"{loader.name}: line {key_node.start_mark.line + 1}: key {key!r} is given twice"
            )
        found.add(key)
    made: dict[Hashable, Any] = loader.construct_mapping(node, deep=True)
    return made


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path) -> "Node":
    """The one document of a file, as a node. Raises PackageRefused."""
    return Node(path.name, read_document(path.read_text("utf-8"), path.name))


def read_document(text: str, name: str, *, longest: int = MAX_TEXT) -> object:
    """The one document of a text in YAML or JSON. Raises PackageRefused: unreadable, too large or too deep.

    References inside the text are refused: a few lines of them can stand for more than fits into memory.
    """
    if len(text) > longest:
        raise PackageRefused(f"{name}: a file has at most {longest} characters")
    loader = _Loader(text)
    loader.name = name
    try:
        _measure(text, name)
        return loader.get_single_data()
    except yaml.YAMLError as problem:
        raise PackageRefused(f"{name}: not readable as YAML: {problem}") from problem
    finally:
        loader.dispose()


def _measure(text: str, name: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Safe):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise PackageRefused(f"{name}: line {line}: references are not taken")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise PackageRefused(f"{name}: line {line}: nested too deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class Node:
    """A mapping whose keys must all be taken: `finish` refuses the rest."""

    def __init__(self, place: str, value: object) -> None:
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            raise PackageRefused(f"{place}: keys and values are expected here")
        self.place = place
        self._left: dict[str, Any] = dict(value)

    def refuse(self, message: str) -> PackageRefused:
        """An error that says where."""
        return PackageRefused(f"{self.place}: {message}")

    def at(self, place: str) -> "Node":
        """The same node under a better name for its place."""
        self.place = f"{self.place}: {place}"
        return self

    @property
    def size(self) -> int:
        """How many keys nobody has taken yet."""
        return len(self._left)

    def has(self, key: str) -> bool:
        """Whether a key is given and not yet taken."""
        return key in self._left

    def take(self, key: str, kind: type[T], default: T = _MISSING) -> T:
        """The value of a key, of exactly this type (a boolean is no integer); no default: required."""
        if key not in self._left:
            if default is _MISSING:
                raise self.refuse(f"{key} is missing")
            return default
        value = self._left.pop(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.refuse(f"{key} must be {kind.__name__}, not {type(value).__name__}")
        return value

    def any(self, key: str) -> object:
        """The value of a key, whatever it is, or None."""
        return self._left.pop(key, None)

    def node(self, key: str) -> "Node":
        """A required mapping under a key."""
        return Node(f"{self.place}: {key}", self.take(key, dict))

    def nodes(self, key: str) -> list["Node"]:
        """A list of mappings under a key; an absent key is an empty list."""
        return [Node(f"{self.place}: {key} {i}", v) for i, v in enumerate(self.take(key, list, []), 1)]

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts under a key; an absent key is an empty list."""
        values = self.take(key, list, [])
        if not all(isinstance(value, str) for value in values):
            raise self.refuse(f"{key} must be a list of texts")
        return tuple(values)

    def finish(self) -> None:
        """Refuse what nobody took."""
        if self._left:
            raise self.refuse(f"unknown key {', '.join(repr(key) for key in self._left)}")

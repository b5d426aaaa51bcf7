"""Comments of a YAML file carried over to a newer text of the same things."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Path = tuple[str, ...]
_NAMES = ("role", "unit", "org", "author", "grantee", "func", "path", "attribute")  # what tells items apart


@dataclass(slots=True)
class _Noted:
    """above: whole lines before something. beside: what stands behind it on its line."""

    above: list[str]
    beside: str = ""


def with_comments(old: str, new: str) -> str:
    """The new text with the comments of the old one, each where the same thing stands now.

    What they spoke of is gone: they stand before what followed. head comments of the new text give way.
    """
    notes, head, tail = _notes(old)
    lines = new.splitlines()
    places = {line: path for path, (line, _end) in _places(new).items()}
    found, pending = list(head), dict(notes)
    for number, line in enumerate(lines):
        path = places.get(number)
        if path is None and line.lstrip().startswith("#"):
            continue
        noted = pending.pop(path, None) if path is not None else None
        if noted is None:
            found.append(line)
            continue
        indent = line[: len(line) - len(line.lstrip())]
        found += [f"{indent}{comment}" for comment in noted.above]
        found.append(f"{line}  {noted.beside}" if noted.beside else line)
    left = [comment for noted in pending.values() for comment in (*noted.above, noted.beside) if comment]
    return "\n".join([*found, *left, *tail]) + "\n"


def _notes(text: str) -> tuple[Mapping[Path, _Noted], list[str], list[str]]:
    """Comments by what they belong to; the lines before everything, the comments after it."""
    places = _places(text)
    starts = {line: (path, end) for path, (line, end) in places.items()}
    lines = text.splitlines()
    first = min(starts, default=len(lines))
    found: dict[Path, _Noted] = {}
    waiting: list[str] = []
    for number, line in enumerate(lines[first:], first):
        if line.lstrip().startswith("#"):
            waiting.append(line.strip())
        elif number in starts:
            path, end = starts[number]
            rest = line[end:].strip()
            noted = _Noted(waiting, rest if rest.startswith("#") else "")
            waiting = []
            if noted.above or noted.beside:
                found[path] = noted
    return found, lines[:first], waiting


def _places(text: str) -> Mapping[Path, tuple[int, int]]:
    """(line, column of the end of what stands on it) of each key and each item of a list."""
    root = yaml.compose(text, Loader=_Loader)
    return {} if root is None else dict(_walk(root, ()))


def _walk(node: yaml.Node, path: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        for key, value in node.value:
            here = (*path, str(key.value))
            yield here, (key.start_mark.line, _end(key, value))
            yield from _walk(value, here)
    elif isinstance(node, yaml.SequenceNode) and not node.flow_style:
        seen: dict[str, int] = {}
        for item in node.value:
            name = _name(item)
            seen[name] = seen.get(name, 0) + 1
            here = (*path, name, str(seen[name]))
            yield here, (item.start_mark.line, _end(item, item))
            if isinstance(item, yaml.CollectionNode) and not item.flow_style:
                yield from _walk(item, here)


def _end(first: yaml.Node, last: yaml.Node) -> int:
    """Where the part ends that stands on the first line."""
    one_line = last.end_mark.line == first.start_mark.line
    column: int = last.end_mark.column if one_line else first.end_mark.column + 1
    return column


def _name(item: yaml.Node) -> str:
    """What an item of a list is about: not its values, which may change."""
    if not isinstance(item, yaml.MappingNode):
        return str(item.value)
    values = {key.value: value.value for key, value in item.value}
    return " ".join(f"{key}={values[key]}" for key in _NAMES if key in values)

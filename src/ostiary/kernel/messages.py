"""Texts that may be read in another language: marked where they are written, looked up where shown."""

from collections.abc import Mapping, Sequence
from typing import Any


class Message(str):
    """A text with values in it: its English words, and what makes it again in another language."""

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, Any]


def worded(template: str, **values: Any) -> Message:
    """A text with its values filled in: "At most %(most)s words" and `most`."""
    english = {k: f"{v:,}" if type(v) is int else v for k, v in values.items()}
    made = Message(template % english)
    made.template, made.values = template, values
    return made


class Verbatim(str):
    """A name or value within a message: never looked up, whatever words it has."""

    __slots__ = ()


def joined(texts: Sequence[str], between: str = ", ") -> Message:
    """Texts one after another, each of them, and what stands between, looked up by itself."""
    values = {f"text_{number}": text for number, text in enumerate(texts)}
    return worded("%(between)s".join(f"%({name})s" for name in values), between=between, **values)


def later(message: str) -> str:
    """The message itself: marks a text that is looked up when it is shown."""
    return message

"""Statements by shape: text with named slots, turned once into native parameters and kept."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ostiary.kernel.context import Context
from ostiary.kernel.ports import Row

_SLOT = re.compile(r"\{(\w+)\}")
_MARK = "@."


@dataclass(frozen=True, slots=True)
class Statement:
    """Text with `$1..$n` and the slots whose values go there. keep: worth a kept plan on the server."""

    text: str
    slots: tuple[str, ...]
    keep: bool = True

    def run(self, ctx: Context, values: Mapping[str, Any]) -> list[Row]:
        """All rows."""
        return ctx.db.raw(self.text, [values[slot] for slot in self.slots], keep=self.keep)


def make_statement(schema: str, template: str, *, keep: bool = True) -> Statement:
    """Number the slots of a template (`{name}`) and put the schema's name for `@.`."""
    slots: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return f"${slots.setdefault(found[1], len(slots) + 1)}"

    text = _SLOT.sub(number, template.replace(_MARK, f"{schema}."))
    return Statement(text, tuple(slots), keep)

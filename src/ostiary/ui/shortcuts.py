"""The keys of the interface: one table, which the sheet shows and the script reads from the sheet."""

from collections.abc import Iterator
from dataclasses import dataclass

from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Frame

_NUMBERED = 9


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One way to do something by the keyboard.

    keys: characters as typed; "g h" is one after the other, "mod+k" is with Ctrl or ⌘. does: `go:<address>`,
    `click:<selector>`, `toggle:<selector>`, or the name of what a part of the script offers.
    """

    keys: str
    label: str
    does: str

    @property
    def caps(self) -> tuple[tuple[str, ...], ...]:
        """What is printed on the keys: those pressed together, in turn."""
        return tuple(tuple(map(_cap, step.split("+"))) for step in self.keys.split())


@dataclass(frozen=True, slots=True)
class Shortcuts:
    """Those of one place."""

    label: str
    each: tuple[Shortcut, ...]


def _cap(key: str) -> str:
    return _("Ctrl") if key == "mod" else key.upper()


def shortcuts(frame: Frame) -> tuple[Shortcuts, ...]:
    """Every shortcut of a page in this frame."""
    return (
        Shortcuts(_("Everywhere"), _everywhere()),
        Shortcuts(_("Go to"), tuple(_places(frame))),
        Shortcuts(_("Lists and records"), _lists_and_records()),
    )


def _everywhere() -> tuple[Shortcut, ...]:
    return (
        Shortcut("?", _("Show these keys"), "toggle:#shortcuts"),
        Shortcut("mod+k", _("Search everything"), "toggle:#palette"),
        Shortcut("/", _("Search this list"), "search"),
        Shortcut("n", _("New"), "click:[data-shortcut=new]"),
        Shortcut("u", _("To the last message, such as to undo"), "toast"),
    )


def _places(frame: Frame) -> Iterator[Shortcut]:
    """The start page by a letter, sections by their number in the sidebar."""
    yield Shortcut("g h", _("My day"), f"go:{frame.home_url}")
    sections = [link for group in frame.groups if not (group.folded or group.bare) for link in group.links]
    for number, link in enumerate(sections[:_NUMBERED], 1):
        yield Shortcut(f"g {number}", link.label, f"go:{link.url}")


def _lists_and_records() -> tuple[Shortcut, ...]:
    return (
        Shortcut("j", _("Next row"), "row-next"),
        Shortcut("k", _("Row before"), "row-before"),
        Shortcut("o", _("Open the row"), "row-open"),
        Shortcut("x", _("Select the row"), "row-pick"),
        Shortcut("e", _("Edit the record"), 'click:.page-head a[href$="/edit"]'),
    )

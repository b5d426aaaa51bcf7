"""The four layers as numbered tabs, each with one line about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ostiary.ui.i18n import gettext as _

LAYERS = ("operations", "object", "records", "columns")


@dataclass(frozen=True, slots=True)
class LayerTab:
    """One layer: its number, name, one line about it, where it is."""

    key: str
    number: int
    caption: str
    summary: str
    current: bool
    url: str


def layer_of(posted: Mapping[str, str], usual: str = "object") -> str:
    """The layer that is shown: the one that was pressed, else the one that the form was on."""
    name, _space, rest = posted.get("do", "").partition(" ")
    wanted = rest.partition(" ")[0] if name == "show" else posted.get("layer", "")
    return wanted if wanted in LAYERS else usual


def layer_tabs(summaries: Sequence[str], layer: str, url: str) -> tuple[LayerTab, ...]:
    """The tabs of a page. summaries: one for each layer."""
    captions = (_("System operations"), _("Object"), _("Records"), _("Columns"))
    return tuple(
        LayerTab(key, n, caption, summary, key == layer, f"{url}?layer={key}")
        for n, (key, caption, summary) in enumerate(zip(LAYERS, captions, summaries, strict=True), 1)
    )


def unsaved(line: str, *, changed: bool) -> str:
    """The line of a tab with its mark."""
    return _("%(line)s, unsaved") % {"line": line} if changed else line

"""Every component in every state, with made-up values, drawn by the templates that the pages use.

For whoever builds pages, and for the tests that look at each of them in each theme. Nothing here is of a
tenant, and its words are samples: they are not translated.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.pages._agenda import AgendaView, Done, Item
from ostiary.pages._cells import EMPTY, RESTRICTED, Cell
from ostiary.pages._dashboard import FunnelStep
from ostiary.pages._figures import Figure
from ostiary.pages._heads import HeadCell
from ostiary.pages._rows import RowView
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Action, Empty, Field, Head, Link, Option, Undo

HERE = "#content"
LOOKS = (
    ("Light", "light", ""),
    ("Dark", "dark", ""),
    ("High contrast, light", "light", "more"),
    ("High contrast, dark", "dark", "more"),
)
_WHY = "You may not change opportunities: none of your roles has the right to (layer 2, object)."
_OPTIONS = (Option("a", "Qualification", selected=True), Option("b", "Proposal"))


@dataclass(frozen=True, slots=True)
class GalleryView:
    """Everything that pages/gallery.html shows."""

    head: Head
    looks: tuple[Link, ...]
    tones: tuple[str, ...]
    fields: tuple[Field, ...]
    cells: tuple[tuple[str, Cell], ...]
    columns: tuple[HeadCell, ...]
    rows: tuple[RowView, ...]
    refused: Action
    allowed: Action
    steps: tuple[FunnelStep, ...]
    agenda: AgendaView
    empties: tuple[Empty, ...]
    undo: Undo


def gallery_view(address: str, theme: str, contrast: str) -> GalleryView:
    """The gallery at `address`, which takes theme and contrast as its query."""
    looks = (
        Link(label, f"{address}?theme={light}&contrast={more}", current=(light, more) == (theme, contrast))
        for label, light, more in LOOKS
    )
    return GalleryView(
        Head(_("Components")),
        tuple(looks),
        ("", "slate", "sky", "blue", "teal", "amber", "ok", "bad", "hollow"),
        (*_plain_fields(), *_troubled_fields()),
        tuple(_cells().items()),
        _columns(),
        _rows(),
        Action("Export", HERE, "file-export", _WHY, HERE),
        Action("Export", HERE, "file-export"),
        _steps(),
        _agenda(),
        _empties(),
        Undo(HERE, (("version", "2"),)),
    )


def _plain_fields() -> tuple[Field, ...]:
    return (
        Field("text", "Text", "text", "Helios Labs", required=True, hint="As customers know it."),
        Field("long", "Long text", "long_text", "Two lines\nof text", wide=True),
        Field("email", "E-mail", "email", "info@helios.example"),
        Field("tel", "Telephone", "tel", "+49 30 1234567"),
        Field("web", "Web", "url", "https://helios.example"),
        Field("whole", "Whole number", "integer", "1,200"),
        Field("money", "Money", "decimal", "1,200.50", mark="confidential"),
        Field("day", "Day", "date", "2026-12-14"),
        Field("time", "Time", "instant", "2026-12-14T09:41"),
        Field("yes", "Yes or no", "boolean", "yes"),
        Field("choice", "Choice", "choice", options=_OPTIONS),
        Field("lookup", "Lookup", "lookup", "Helios Labs", lookup_url=HERE, options=_OPTIONS),
    )


def _troubled_fields() -> tuple[Field, ...]:
    return (
        Field(
            "wrong", "With an error", "decimal", "12,x", error="Write a number, like 1,200.50.", hint="Net"
        ),
        Field("theirs", "With a conflict", "text", "Mine", theirs="Theirs"),
        Field("readonly", "Read only", "readonly", cell=Cell("text", "OPP-000042")),
        Field("closed", "Restricted", "readonly", cell=RESTRICTED, mark="restricted"),
    )


def _cells() -> Mapping[str, Cell]:
    return {
        "text": Cell("text", "Helios Labs"),
        "empty": EMPTY,
        "restricted": RESTRICTED,
        "pill": Cell("pill", "Proposal", tone="blue"),
        "person": Cell("person", "Ines Marok"),
        "record": Cell("record", "Helios Labs", url=HERE),
        "mail": Cell("text", "info@helios.example", url="mailto:info@helios.example"),
        "masked": Cell("text", "•••• 4711", title="Masked: you may not read the whole value"),
    }


def _columns() -> tuple[HeadCell, ...]:
    name = HeadCell("Name", HERE, "ascending", numeric=False, tabular=False, card="stick", mark="")
    stage = HeadCell("Stage", HERE, "", numeric=False, tabular=False, card="card-second", mark="")
    return (
        name,
        stage,
        HeadCell("Budget", "", "", numeric=True, tabular=True, card="card-end", mark="restricted"),
    )


def _rows() -> tuple[RowView, ...]:
    proposal, lost = Cell("pill", "Proposal", tone="blue"), Cell("pill", "Lost", tone="bad")
    return (
        RowView(HERE, Cell("text", "Helios Labs"), (proposal, Cell("text", "1,200"))),
        RowView(HERE, Cell("text", "Kestrel Rail"), (lost, RESTRICTED)),
        RowView(HERE, Cell("text", "Halden Instruments"), (proposal, EMPTY)),
    )


def _steps() -> tuple[FunnelStep, ...]:
    figures = (("Qualification", 4150, "3"), ("Proposal", 2500, "1"), ("Contracting", 0, "1"))
    return tuple(
        FunnelStep(Figure(label, value, f"{value:,}", HERE), round(1000 * value / 4150), beside)
        for label, value, beside in figures
    )


def _agenda() -> AgendaView:
    items = (
        Item("Call Helios Labs", HERE, "Yesterday 09:41", "", True, ("Call", "High"), Done(HERE, ())),
        Item("Send the offer", HERE, "14 Dec", "", False, ("Task",), None),
    )
    return AgendaView("Tasks of a sample", "2", HERE, items, _empties()[0])


def _empties() -> tuple[Empty, ...]:
    refused = Action("New opportunity", HERE, "plus", _WHY)
    return (
        Empty("No opportunities yet", "Add the first one.", "briefcase", (Action("New", HERE, "plus"),)),
        Empty(
            "Nothing here is visible to you", "Your roles open no record in this list.", "eye-off", (refused,)
        ),
        Empty("No match", "No record that you may read fits all of these conditions.", "filter-off"),
    )

"""What a list shows of a move: the panel that asks where to, what came of it, why it did not happen."""

from dataclasses import dataclass

from ostiary.pages._stage_path import Way
from ostiary.ui.values import Field, Undo

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MovePanel:
    """A form to move one record. name: of the field that the ways are values of; `fields` are filled in.

    kept: hidden fields. problem: what was wrong with what was sent.
    """

    title: str
    action: str
    kept: Pairs
    name: str
    ways: tuple[Way, ...]
    fields: tuple[Field, ...]
    problem: str
    close_url: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A record that was to be moved. note: why it was not, in words; told: that it was.

    undo: how it is taken back.
    """

    record_id: str
    note: str = ""
    told: str = ""
    undo: Undo | None = None
    panel: MovePanel | None = None

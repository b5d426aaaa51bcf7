"""What a form says before it saves something that is perhaps there already."""

from collections.abc import Sequence
from dataclasses import dataclass

from ostiary.pages._posted import Posted, last
from ostiary.pages._reader import Reader
from ostiary.records.public import Candidate
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import ngettext

INSIST = "insist"


@dataclass(frozen=True, slots=True)
class AlikeRow:
    """A record that may be the same."""

    id: str
    name: str
    url: str
    by: str


@dataclass(frozen=True, slots=True)
class Alike:
    """Records that look like what is to be saved. seen: their ids, which saving anyway sends back."""

    title: str
    rows: tuple[AlikeRow, ...]
    seen: str


def unseen(reader: Reader, code: str, found: Sequence[Candidate], posted: Posted) -> Alike | None:
    """What was found, unless the form says that all of it was shown and does not count."""
    seen = last(posted, INSIST).split(",")
    if all(str(candidate.id) in seen for candidate in found):
        return None
    rows = alike_rows(reader, code, found)
    title = ngettext("Looks like one that exists", "Looks like %(count)s that exist", len(rows))
    return Alike(title % {"count": len(rows)}, rows, ",".join(str(candidate.id) for candidate in found))


def alike_rows(reader: Reader, code: str, found: Sequence[Candidate]) -> tuple[AlikeRow, ...]:
    """Records that may be the same, in words."""
    caption = reader.describe(code).object.caption
    return tuple(
        AlikeRow(str(each.id), each.name or caption, reader.urls.record(code, each.id), same_words(each.by))
        for each in found
    )


def same_words(by: Sequence[str]) -> str:
    """By what records look the same."""
    return _("same or like: %(fields)s") % {"fields": words.listed([_(caption) for caption in by])}

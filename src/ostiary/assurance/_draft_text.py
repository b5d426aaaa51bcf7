"""A draft as the text that travels with a form, and back. Bounded, and believed in nothing."""

import orjson

from ostiary.assurance._draft import MOST_STEPS, Draft, Entry
from ostiary.assurance._fields import Fields, refuse
from ostiary.assurance._target import target_of
from ostiary.assurance._written import Codes, read_changes, written
from ostiary.objects import public as objects

LONGEST = 1_000_000  # characters
_MOST = 5_000  # entries


def draft_text(draft: Draft, catalogue: objects.Catalogue) -> str:
    """The draft as JSON."""
    codes = Codes(catalogue)
    told = {
        "epoch": draft.epoch,
        "entries": [
            {"base": [written(e.base, codes)], "change": [written(e.change, codes)]}
            for e in draft.entries.values()
        ],
        "steps": [{"before": [written(change, codes) for change in step]} for step in draft.steps],
    }
    return orjson.dumps(told).decode()


def read_draft(text: str, catalogue: objects.Catalogue) -> Draft:
    """Raises Invalid: it is none, or it is too long."""
    if len(text) > LONGEST:
        raise refuse("draft", "too_long", "There are too many unsaved changes: save some of them first")
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise refuse("draft", "malformed", "The unsaved changes could not be read") from None
    fields = Fields(data, "draft")
    entries = {}
    for each in fields.each("entries", _MOST):
        entry = _read_entry(each, catalogue)
        entries[target_of(entry.change)] = entry
    steps = tuple(
        read_changes(catalogue, step.each("before", _MOST)) for step in fields.each("steps", MOST_STEPS)
    )
    epoch = fields.number("epoch")
    fields.finish()
    return Draft(epoch, entries, steps)


def _read_entry(fields: Fields, catalogue: objects.Catalogue) -> Entry:
    base, change = (read_changes(catalogue, fields.each(name, 1)) for name in ("base", "change"))
    if len(base) != 1 or len(change) != 1 or target_of(base[0]) != target_of(change[0]):
        raise refuse("draft", "malformed", "The unsaved changes could not be read")
    return Entry(base[0], change[0])

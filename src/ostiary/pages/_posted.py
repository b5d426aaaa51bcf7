"""What a submitted form says: typed values, what differs from the start, what could not be understood."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ostiary.kernel.errors import FieldError
from ostiary.objects.public import Column, ColumnType
from ostiary.pages._choices import matching_options
from ostiary.pages._input import NotUnderstood, read_value
from ostiary.pages._reader import Json, Reader
from ostiary.records.public import ObjectView
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said

TEXT_SUFFIX = ".text"  # of the visible input of a lookup; the id is in the input beside it
_DIGITS = 10

Posted = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody typed: text by column code, names typed into lookups, values understood, errors.

    theirs: what somebody else saved meanwhile, in words.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    theirs: Mapping[str, str] = field(default_factory=dict)

    def with_errors(self, errors: Sequence[FieldError]) -> "Draft":
        """The same with what `records` refused."""
        return replace(self, errors={**self.errors, **{e.field: _of_field(said(e.message)) for e in errors}})


NOTHING = Draft()


def _of_field(message: str) -> str:
    """What stands at a field need not name it."""
    rest = message.partition(": ")[2]
    return rest[:1].upper() + rest[1:] or message


def last(posted: Posted, key: str) -> str:
    """The last value given for `key`, or ""."""
    return (list(posted.get(key, ())) or [""])[-1]


def version_in(text: str) -> int:
    """A version as a form carries it; 0, which no record has, for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _DIGITS else 0


def editable_columns(view: ObjectView, *, creating: bool) -> list[Column]:
    """Columns that a form may write, in the order of the object."""
    writable = view.creatable if creating else view.editable
    return [column for code, column in view.object.columns.items() if code in writable]


def read_posted(reader: Reader, view: ObjectView, posted: Posted) -> Draft:
    """Understand a submitted form. A field that is missing from it is not touched.

    Columns that the reader may not write are read too: `records` refuses them by name.
    """
    texts: dict[str, str] = {}
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for code, column in view.object.columns.items():
        if code not in posted:
            continue
        texts[code] = last(posted, code)
        try:
            if column.type is ColumnType.LOOKUP and code + TEXT_SUFFIX in posted:
                names[code] = last(posted, code + TEXT_SUFFIX).strip()
                texts[code] = _chosen(reader, column, texts[code], names[code], posted)
            values[code] = _value(reader, column, texts[code])
        except NotUnderstood as refused:
            errors[code] = str(refused)
        else:
            if column.required and values[code] is None:
                errors[code] = _("%(field)s is needed.") % {"field": column.caption}
    return Draft(texts, names, values, errors)


def changed_values(draft: Draft, posted: Posted) -> dict[str, Any]:
    """What differs from the values the form started from, less what the person gave up in a conflict."""
    base = read_base(posted)
    return {
        code: value
        for code, value in draft.values.items()
        if _plain(draft.texts[code]) != _plain(base.get(code, ""))
        and last(posted, f"take.{code}") != "theirs"
    }


def read_base(posted: Posted) -> dict[str, str]:
    """The texts that the form started from. Only tells what changed, so nothing is gained by forging it."""
    try:
        base = json.loads(last(posted, "base") or "{}")
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in base.items()} if isinstance(base, dict) else {}


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _value(reader: Reader, column: Column, text: str) -> Json:
    if column.type is ColumnType.BOOLEAN:
        return text == "yes"
    return read_value(reader, column, text)


def _chosen(reader: Reader, column: Column, key: str, typed: str, posted: Posted) -> str:
    """The id for the name typed into a lookup: the remembered one if it fits, else the only match."""
    if not typed or column.target is None:
        return ""
    base = read_base(posted)
    if key and key == base.get(column.code) and typed == base.get(column.code + TEXT_SUFFIX):
        return key
    matches = matching_options(reader, column.target, typed)
    exact = [o for o in matches if o.label.casefold() == typed.casefold()]
    if any(o.value == key for o in exact):
        return key
    fitting = exact or list(matches)
    if len(fitting) == 1:
        return fitting[0].value
    named = {"thing": words.within(reader.catalogue.objects[column.target].caption), "name": typed}
    if not fitting:
        raise NotUnderstood(_("No %(thing)s that you may read is called “%(name)s”.") % named)
    raise NotUnderstood(_("More than one %(thing)s fits “%(name)s”.") % named)

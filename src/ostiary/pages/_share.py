"""What is sent from the sharing of a record: given, changed, taken back, denied."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ostiary.access import public as access
from ostiary.access.public import Grant, Verb
from ostiary.kernel.errors import Invalid, NotFound
from ostiary.kernel.ids import RecordId, UnitId
from ostiary.pages._panel_state import SHARE, PanelState
from ostiary.pages._posted import Posted, last
from ostiary.pages._reader import Reader
from ostiary.pages._record import record_view
from ostiary.pages._save import UNPROCESSABLE, Refused, Saved
from ostiary.pages._share_panel import Typed, find_unit, find_units
from ostiary.pages._units import ChosenUnit, read_unit
from ostiary.records import public as records
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said


def submit_sharing(reader: Reader, code: str, record_id: RecordId, posted: Posted) -> Saved | Refused:
    """Do what was sent: all of it, or nothing with the fields that were refused.

    Raises: NotFound: absent, hidden, or no such action. AccessDenied: it may not be given.
    """
    action = _ACTIONS.get(last(posted, "do"))
    if action is None:
        raise NotFound
    back = f"{reader.urls.record(code, record_id)}?panel={SHARE}"
    typed = action(reader, code, record_id, posted)
    if typed.errors or typed.unit.error:
        state = PanelState(SHARE)
        return Refused(record_view(reader, code, record_id, panel=state, given=typed), UNPROCESSABLE)
    return Saved(record_id, back=back)


def _share(reader: Reader, code: str, record_id: RecordId, posted: Posted) -> Typed:
    """Give a unit these verbs, in place of those that it has by shares now."""
    typed = _read(reader, code, record_id, posted, SHARE, "unit")
    until, error = _until(reader, typed.until)
    if error:
        typed = replace(typed, errors={**typed.errors, "until": error})
    if typed.errors or typed.unit.unit is None:
        return typed
    unit, grant = typed.unit.unit.id, Grant.DELEGABLE if typed.pass_on else Grant.GRANTED
    _had, mine = _shared_with(reader, code, record_id, unit)

    def store() -> None:
        for verb in sorted(mine - typed.verbs):
            records.unshare_record(reader.ctx, code, record_id, unit, verb)
        for verb in access.RECORD_VERBS:
            if verb in typed.verbs:
                records.share_record(reader.ctx, code, record_id, unit, verb, grant=grant, valid_to=until)

    return _stored(reader, typed, store)


def _shared_with(
    reader: Reader, code: str, record_id: RecordId, unit: UnitId
) -> tuple[frozenset[Verb], frozenset[Verb]]:
    """The verbs of the shares of a unit, and those of them that the reader may take back."""
    found = records.list_sharing(reader.ctx, code, record_id)
    had = found.shared_with(unit)
    return had, had & found.may


def _remove(reader: Reader, code: str, record_id: RecordId, posted: Posted) -> Typed:
    """Take back every share of a unit."""
    typed = _read(reader, code, record_id, posted, "remove", "unit")
    if typed.unit.unit is None:
        raise NotFound
    unit = typed.unit.unit.id
    had, mine = _shared_with(reader, code, record_id, unit)
    if not had:
        raise NotFound

    def store() -> None:
        for verb in sorted(mine or had):  # by none of one's own it is refused in the usual words
            records.unshare_record(reader.ctx, code, record_id, unit, verb)

    return _stored(reader, replace(typed, errors={}), store)


def _deny(reader: Reader, code: str, record_id: RecordId, posted: Posted) -> Typed:
    typed = _read(reader, code, record_id, posted, "deny", "deny_unit")
    if typed.errors or typed.unit.unit is None:
        return typed
    unit = typed.unit.unit.id
    return _stored(reader, typed, lambda: records.deny_record(reader.ctx, code, record_id, unit, typed.verbs))


def _undeny(reader: Reader, code: str, record_id: RecordId, posted: Posted) -> Typed:
    typed = _read(reader, code, record_id, posted, "deny", "deny_unit")
    if typed.unit.unit is None:
        raise NotFound
    unit = typed.unit.unit.id
    return _stored(
        reader,
        replace(typed, errors={}),
        lambda: records.deny_record(reader.ctx, code, record_id, unit, ()),
    )


_ACTIONS: Mapping[str, Callable[[Reader, str, RecordId, Posted], Typed]] = {
    "share": _share,
    "remove": _remove,
    "deny": _deny,
    "undeny": _undeny,
}


def _stored(reader: Reader, typed: Typed, store: Callable[[], None]) -> Typed:
    try:
        with reader.ctx.db.savepoint():
            store()
    except Invalid as refused:
        return replace(typed, errors={error.field: said(error.message) for error in refused.errors})
    return typed


def _read(reader: Reader, code: str, record_id: RecordId, posted: Posted, of: str, name: str) -> Typed:
    chosen = _unit(reader, code, record_id, posted, name)
    verbs = frozenset(Verb(v) for v in posted.get("verbs", ()) if v in set(access.RECORD_VERBS))
    errors = {}
    if chosen.unit is None:
        errors["unit"] = chosen.error or _("Choose a person or role.")
    if not verbs:
        errors["verbs"] = _("Choose at least one.")
    return Typed(of, chosen, verbs, last(posted, "pass_on") == "yes", last(posted, "until").strip(), errors)


def _unit(
    reader: Reader, code: str, record_id: RecordId, posted: Mapping[str, Sequence[str]], name: str
) -> ChosenUnit:
    return read_unit(
        posted,
        name,
        lambda text: find_units(reader, code, record_id, text),
        lambda unit: find_unit(reader, unit),
    )


def _until(reader: Reader, text: str) -> tuple[dt.datetime | None, str]:
    """The instant at which the last day is over in the reader's time zone, and what is wrong with it."""
    if not text:
        return None, ""
    try:
        day = dt.date.fromisoformat(text)
        end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), reader.zone).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None, _("Write a date as year-month-day, like 2026-12-14.")
    if end <= reader.now:
        return None, _("This day is over.")
    return end, ""

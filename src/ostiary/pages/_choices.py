"""What may be chosen: options of lookup columns and people, loaded only where a page needs them."""

from uuid import UUID

from ostiary.identity import public as identity
from ostiary.kernel.ids import UnitId
from ostiary.objects.public import Column, ColumnType
from ostiary.pages._operators import ME, TEAM, Names
from ostiary.pages._reader import Reader, readable
from ostiary.records import public as records
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Option

SMALL = 200  # values that a drop-down shows at once
_OFFERED = 12  # matches while typing


def small_options(reader: Reader, target: str) -> tuple[Option, ...]:
    """Every value of a small lookup that the reader may read, by name."""
    return _options(reader, target, "", SMALL)


def matching_options(reader: Reader, target: str, text: str, limit: int = _OFFERED) -> tuple[Option, ...]:
    """Readable records of `target` whose name contains `text`, by name."""
    return _options(reader, target, text, limit)


def _options(reader: Reader, target: str, text: str, limit: int) -> tuple[Option, ...]:
    view = reader.views.get(target)
    if view is None or not readable(view, view.object.display):
        return ()
    display = view.object.display
    order = view.object.layout.default_sort if view.object.is_lookup else (display,)
    page = records.list_records(
        reader.ctx,
        records.RecordQuery(
            target,
            columns=(display,),
            filter=records.Compare(display, records.Op.CONTAINS, text) if text else None,
            sort=tuple(records.Sort(c) for c in order if readable(view, c)),
            limit=limit,
        ),
    )
    return tuple(Option(str(r["id"]), str(r.get(display) or _("no name"))) for r in page.records())


def people_options(reader: Reader) -> tuple[Option, ...]:
    """Colleagues, for choosing an owner."""
    return tuple(Option(unit, name) for unit, name in records.people(reader.ctx, limit=SMALL))


def record_name(reader: Reader, target: str, record_id: str) -> str:
    """What one record is called; "" for one that is absent, hidden or without a name that may be read."""
    view = reader.views.get(target)
    if view is None or not readable(view, view.object.display):
        return ""
    display = view.object.display
    only = records.Compare("id", records.Op.EQ, record_id)
    found = records.list_records(
        reader.ctx, records.RecordQuery(target, columns=(display,), filter=only, limit=1)
    )
    return next((str(r.get(display) or "") for r in found.records()), "")


class OptionNames(Names):
    """Options and names for the filter builder, each loaded at most once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[str, tuple[Option, ...]] = {}

    def options(self, column: Column) -> tuple[Option, ...]:
        """Choices; people, me and my team first; the values of a small lookup; nothing for a big one."""
        key = column.target or column.type.value
        if column.type is ColumnType.CHOICE:
            return tuple(Option(c.code, c.caption) for c in column.choices)
        if key not in self._known:
            self._known[key] = self._load(column)
        return self._known[key]

    def _load(self, column: Column) -> tuple[Option, ...]:
        if column.type is ColumnType.OWNER:
            return (Option(ME, _("me")), Option(TEAM, _("my team")), *people_options(self._reader))
        if column.target and self._reader.is_small(column):
            return small_options(self._reader, column.target)
        return ()

    def name(self, column: Column, value: str) -> str:
        """The name behind an id: of a person, of a small lookup's value, of one readable record."""
        try:
            wanted = UnitId(UUID(value))
        except ValueError:
            return _("me") if value == ME else _("unknown")
        if column.type is ColumnType.OWNER:
            return identity.names_of(self._reader.ctx, [wanted]).get(wanted, _("unknown"))
        listed = super().name(column, value)
        if not self.options(column) and column.target:
            return record_name(self._reader, column.target, value) or listed
        return listed

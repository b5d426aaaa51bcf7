"""Who may do what with new objects and columns until somebody decides: nobody, or as in Creatio."""

from collections.abc import Collection, Mapping, Sequence

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import ColumnId, ObjectId, UnitId
from ostiary.objects._settings import CREATIO, NEW_DEFAULTS
from ostiary.settings import public as settings

CLOSED_TO_ALL = "close each new column to everybody until somebody is given it"
OPENED = "let employees use what is new, as the setting NewObjectAccess says"


def opens_new(ctx: Context) -> bool:
    """Whether the tenant wants what is new to be open."""
    return settings.get(ctx, NEW_DEFAULTS.code) == CREATIO


def give_defaults(
    ctx: Context,
    fresh: Mapping[ObjectId, Sequence[ColumnId]],
    known: Collection[ObjectId],
    *,
    opens: bool,
) -> None:
    """Rights of new objects and columns. fresh: new columns by object; known: objects that were there."""
    if not opens:
        close_columns(ctx, fresh)
        return
    for object_id in fresh:
        if object_id not in known:
            access.set_object_rows(ctx, object_id, [(_everyone(ctx), set(access.Verb))])
            access.set_switches(ctx, object_id, records=False)


def close_columns(ctx: Context, fresh: Mapping[ObjectId, Sequence[ColumnId]]) -> None:
    """A column without any row is open to whoever the object permits, so none is born without one."""
    rows = [(_everyone(ctx), access.ColumnLevel.NONE)]
    with identity.as_one(ctx) as together:
        for object_id, columns in fresh.items():
            if columns:
                access.set_columns_rows(together, object_id, dict.fromkeys(columns, rows))


def _everyone(ctx: Context) -> UnitId:
    found = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    if found is None:
        raise RuntimeError("the tenant has no role All employees: its schema was not seeded")
    return found

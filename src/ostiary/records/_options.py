"""What may be chosen in a lookup, an owner or a choice: what the reader is shown, and nothing retired."""

from dataclasses import dataclass, replace

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.objects import public as objects
from ostiary.objects.public import ColumnType
from ostiary.records._columns import readable_column
from ostiary.records._describe import people
from ostiary.records._filters import And, Compare, Filter, Not, Op
from ostiary.records._plans import check_window
from ostiary.records._query import RecordQuery, Sort
from ostiary.records._read import list_records, readable_view
from ostiary.records._view import decided, view_of

_TYPES = frozenset({ColumnType.LOOKUP, ColumnType.OWNER, ColumnType.CHOICE})


@dataclass(frozen=True, slots=True)
class Option:
    """One value: the id of a record or person, or the code of a choice, and what it is called."""

    value: str
    display: str


def lookup_options(
    ctx: Context,
    object_code: str,
    column: str,
    search: str = "",
    node: Filter | None = None,
    limit: int = 20,
) -> tuple[Option, ...]:
    """Values whose name begins with the search, then those that contain it, each by name.

    node: a filter of the records looked up. Needs no more than read of the column; whether it may be written
    is asked when it is. Nothing is offered of an object that the reader may not read or see named.
    Raises: as `list_records`; Invalid: the column takes no such values.
    """
    check_window(RecordQuery(object_code, limit=limit))
    found = decided(ctx, lambda: _column(ctx, object_code, column))
    if found.type is ColumnType.CHOICE:
        return offered_choices(found, search, limit)
    if found.type is ColumnType.OWNER:
        return tuple(Option(*person) for person in people(ctx, search, limit))
    target = decided(ctx, lambda: view_of(ctx, found.target or ""))
    display = target.readable.get(target.object.display)
    if not target.may(access.Verb.READ) or display is None:
        return ()
    return _records(ctx, target.object, search, node, limit)


def _column(ctx: Context, code: str, column: str) -> objects.Column:
    access.current_rights(ctx)  # no data statement of its own tests the epoch
    found = readable_column(readable_view(ctx, code), column, "column")
    if found.type not in _TYPES:
        raise Invalid([FieldError("column", "no_choice", f"{column} is filled in, not chosen")])
    return found


def offered_choices(column: objects.Column, search: str, limit: int) -> tuple[Option, ...]:
    """The choices that are still offered, those that begin with the search first."""
    asked = objects.sort_key(search)
    offered = [(c, objects.sort_key(c.caption)) for c in column.choices if not c.retired]
    begin = [c for c, key in offered if key.startswith(asked)]
    contain = [c for c, key in offered if asked in key and not key.startswith(asked)]
    return tuple(Option(c.code, c.caption) for c in [*begin, *contain][:limit])


def _records(
    ctx: Context, target: objects.Object, search: str, node: Filter | None, limit: int
) -> tuple[Option, ...]:
    """A list like any other, so that every rule of lists holds; without a search in the object's order."""
    display = target.display
    query = RecordQuery(target.code, columns=(display,), filter=node, limit=limit)
    if not search.strip():
        order = () if target.is_lookup else (Sort(display),)
        return _listed(ctx, replace(query, sort=order), display)
    begins = Compare(display, Op.STARTS_WITH, search.strip())
    query = replace(query, sort=(Sort(display),))
    found = _listed(ctx, replace(query, filter=_both(begins, node)), display)
    if len(found) == limit:
        return found
    contains = And((Compare(display, Op.CONTAINS, search.strip()), Not(begins)))
    rest = replace(query, filter=_both(contains, node), limit=limit - len(found))
    return (*found, *_listed(ctx, rest, display))


def _both(first: Filter, second: Filter | None) -> Filter:
    return first if second is None else And((first, second))


def _listed(ctx: Context, query: RecordQuery, display: str) -> tuple[Option, ...]:
    return tuple(
        Option(r["id"], str(r[display])) for r in list_records(ctx, query).records() if r.get(display)
    )

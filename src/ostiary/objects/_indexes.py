"""Indexes as a job: built beside writers, one after the other, whatever a killed attempt left."""

from collections.abc import Callable, Iterable

from ostiary.kernel.errors import TooManyRequests
from ostiary.kernel.ports import Db
from ostiary.objects._ddl import CreateIndex, DropIndex, indexes_of, sort_index
from ostiary.objects._model import ColumnType, Object
from ostiary.tenancy import public as tenancy

_THERE = (
    "select c.relname, i.indisvalid and i.indisready from pg_catalog.pg_index i"
    " join pg_catalog.pg_class c on c.oid = i.indexrelid where i.indrelid = to_regclass(%(t)s)"
)
_LOCK = "select pg_catalog.pg_try_advisory_lock(hashtextextended(%(t)s, 0))"


def build_indexes(tenant: tenancy.Tenant, made: Object, note: Callable[[int, int], None]) -> list[str]:
    """Bring the indexes of an object to what its columns ask for; names of those built and removed.

    An index that a killed attempt left half-built is invalid: it is removed and built again. Safe to repeat.
    note: told how many of how many steps are done, between them.
    Raises: TooManyRequests: another worker is at the same table.
    """
    table = f"{tenant.schema}.{made.table}"
    with tenancy.owner_statements(tenant) as owner:
        if owner.rows(_LOCK, {"t": table}) != [(True,)]:
            raise TooManyRequests("Another worker builds indexes of this object", retry_after_s=30)
        there = {str(name): bool(valid) for name, valid in owner.rows(_THERE, {"t": table})}
        steps = list(_steps(made, there))
        for done, (index, build) in enumerate(steps):
            note(done, len(steps))
            if index.name in there:
                owner.ddl(DropIndex(index.name).sql())
            if build:
                owner.ddl(index.sql(beside=True))
        note(len(steps), len(steps))
    return [index.name for index, _ in steps]


def without_all(db: Db, made: Iterable[Object]) -> list[Object]:
    """The objects that lack an index: one that a later release asks for, or that was never finished."""
    valid = {
        str(name)
        for (name,) in db.rows(
            "select c.relname from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid"
            " where c.relnamespace = to_regnamespace(%(s)s) and i.indisvalid",
            {"s": db.schema},
        )
    }
    return [found for found in made if any(index.name not in valid for index in indexes_of(found))]


def _steps(made: Object, there: dict[str, bool]) -> list[tuple[CreateIndex, bool]]:
    wanted = {index.name: index for index in indexes_of(made)}
    steps = [(index, True) for name, index in wanted.items() if not there.get(name, False)]
    for column in made.columns.values():
        if column.type is not ColumnType.OWNER and not column.indexed:
            unwanted = sort_index(made, column)
            if unwanted.name in there and unwanted.name not in wanted:
                steps.append((unwanted, False))
    return steps

"""What a plan must know of stored data: how much there is, and how much would not fit."""

from uuid import UUID

from ostiary.kernel.ports import Db
from ostiary.objects._model import Object
from ostiary.objects._names import quote

ENOUGH = 10_000  # rows counted where PostgreSQL has no estimate


class Facts:
    """Questions about a tenant's tables, in one of its transactions."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def rows(self, made: Object) -> int:
        """About how many records an object has; 0 for one without a table."""
        table = f"{self._db.schema}.{made.table}"
        row = self._db.row(
            "select c.reltuples::bigint from pg_catalog.pg_class c where c.oid = to_regclass(%(t)s)",
            {"t": table},
        )
        if row is None:
            return 0
        return int(row[0]) if row[0] > 0 else self._count(made, "true", ENOUGH)

    def empty(self, made: Object, stored: str) -> int:
        """How many records hold nothing in a column, counted exactly."""
        return self._count(made, f"{quote(stored)} is null", None)

    def there(self, made: Object, record: UUID) -> bool:
        """Whether an object has a record."""
        return (
            self._db.row(f"select 1 from @.{quote(made.table)} where id = %(id)s", {"id": record}) is not None
        )

    def rows_with(self, made: Object, stored: str) -> int:
        """How many records hold a value in a column."""
        return self._count(made, f"{quote(stored)} is not null", None)

    def longer(self, made: Object, stored: str, length: int) -> int:
        """How many records hold a longer text than this."""
        return self._count(made, f"length({quote(stored)}) > {length:d}", None)

    def outside(self, made: Object, stored: str, low: int | None, high: int | None) -> int:
        """How many records hold a number below `low` or above `high`."""
        tests = [f"{quote(stored)} < {low:d}"] if low is not None else []
        tests += [f"{quote(stored)} > {high:d}"] if high is not None else []
        return self._count(made, " or ".join(tests), None) if tests else 0

    def _count(self, made: Object, where: str, most: int | None) -> int:
        limit = "" if most is None else f" limit {most:d}"
        row = self._db.row(
            f"select count(*) from (select 1 from @.{quote(made.table)} where {where}{limit}) x"
        )
        return int(row[0]) if row else 0

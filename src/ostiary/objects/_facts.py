"""What a plan must know of stored data: how much there is, and whether it would fit.

Whoever may change objects need not see their data. Answers about values would tell of them, so they are for
whoever may view any data; how much there is, is not told to others.
"""

from uuid import UUID

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.ports import Db
from ostiary.objects._model import Object
from ostiary.objects._names import quote

ENOUGH = 10_000  # rows counted where PostgreSQL has no estimate


class Facts:
    """Questions about a tenant's tables, in one of its transactions.

    asker: None where nobody hears the answers. All but `rows` raise AccessDenied for whoever may not view any
    data.
    """

    def __init__(self, db: Db, asker: Context | None) -> None:
        self._db = db
        self._asker = asker

    def rows(self, made: Object) -> int | None:
        """About how many records an object has, 0 for one without a table; None: not for this asker."""
        if self._asker is not None and not access.may_operate(self._asker, access.Operation.VIEW_ANY_DATA):
            return None
        table = f"{self._db.schema}.{made.table}"
        row = self._db.row(
            "select c.reltuples::bigint from pg_catalog.pg_class c where c.oid = to_regclass(%(t)s)",
            {"t": table},
        )
        if row is None:
            return 0
        return int(row[0]) if row[0] > 0 else self._count_of(made, "true", ENOUGH)

    def empty(self, made: Object, stored: str) -> bool:
        """Whether a record holds nothing in a column."""
        return self._any(made, f"{quote(stored)} is null")

    def there(self, made: Object, record: UUID) -> bool:
        """Whether an object has a record."""
        self._ensure_seen()
        return (
            self._db.row(f"select 1 from @.{quote(made.table)} where id = %(id)s", {"id": record}) is not None
        )

    def full(self, made: Object, stored: str) -> bool:
        """Whether a record holds a value in a column."""
        return self._any(made, f"{quote(stored)} is not null")

    def longer(self, made: Object, stored: str, length: int) -> bool:
        """Whether a record holds a longer text than this."""
        return self._any(made, f"length({quote(stored)}) > {length:d}")

    def outside(self, made: Object, stored: str, low: int | None, high: int | None) -> bool:
        """Whether a record holds a number below `low` or above `high`."""
        tests = [f"{quote(stored)} < {low:d}"] if low is not None else []
        tests += [f"{quote(stored)} > {high:d}"] if high is not None else []
        return bool(tests) and self._any(made, " or ".join(tests))

    def _any(self, made: Object, where: str) -> bool:
        self._ensure_seen()
        return bool(self._count_of(made, where, 1))

    def _ensure_seen(self) -> None:
        if self._asker is not None:
            access.ensure_operation(self._asker, access.Operation.VIEW_ANY_DATA)

    def _count_of(self, made: Object, where: str, most: int) -> int:
        row = self._db.row(
            f"select count(*) from (select 1 from @.{quote(made.table)} where {where} limit {most:d}) x"
        )
        return int(row[0]) if row else 0

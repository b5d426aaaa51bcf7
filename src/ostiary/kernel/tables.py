"""Fixed tables that came with a release: a node also serves tenants that do not have them yet."""

from ostiary.kernel.ports import Db

_there: set[tuple[str, str]] = set()


def has_table(db: Db, table: str) -> bool:
    """Whether the tenant of `db` has a fixed table. Once there it stays, so only a no is asked again."""
    key = (db.schema, table)
    if key not in _there:
        row = db.row("select to_regclass(%(name)s)", {"name": f"{db.schema}.{table}"})
        if row is None or row[0] is None:
            return False
        _there.add(key)
    return True

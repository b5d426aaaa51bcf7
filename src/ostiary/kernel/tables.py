"""Fixed tables that came with a release: a node also serves tenants that do not have them yet."""

from ostiary.kernel.ports import Db


def has_table(db: Db, table: str) -> bool:
    """Whether the tenant of `db` has a fixed table.

    Asked each time: a tenant that is restored from a backup of the release before has lost it again.
    """
    row = db.row("select to_regclass(%(name)s) is not null", {"name": f"{db.schema}.{table}"})
    return row == (True,)

"""Epochs of a log: restoring a backup cuts it off legitimately, so what follows is another epoch (ADR 0026).

The present epoch is the default of two columns: appending costs nothing more, it works on tables of an
earlier release, and only the owner role can raise it.
"""

from collections.abc import Mapping
from typing import Protocol

from ostiary.audit._append import append
from ostiary.audit._event import Part
from ostiary.audit._leaf import hash_leaf
from ostiary.kernel.context import Context
from ostiary.kernel.ids import EventId
from ostiary.kernel.ports import Db

OPENED = "audit.epoch.opened"

_DEFAULTS = """
select c.relname, pg_get_expr(d.adbin, d.adrelid) from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'log_id'
join pg_catalog.pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where n.nspname = %(schema)s and c.relname in ('audit_event', 'audit_queue')"""
_LAST = "select id, leaf from @.audit_event order by occurred_at desc, id desc limit 1"
_COUNT = "select count(*) from @.audit_event"


class Owner(Db, Protocol):
    """A transaction of the owner role, which may change tables."""

    def ddl(self, statement: str) -> None:
        """Run one DDL text."""


def current_epoch(db: Db) -> int:
    """The epoch that new events belong to; the first is 1."""
    found = db.rows(_DEFAULTS, {"schema": db.schema})
    return max((int(default) for _, default in found), default=1)


def open_epoch(ctx: Context, owner: Owner, reason: str, facts: Mapping[str, object]) -> tuple[int, EventId]:
    """Begin the next epoch with an event that says what it follows, in `owner`'s transaction.

    Args: reason: a code, such as `restored`. facts: where the state comes from, such as the backup's digest.
    Returns: the number of the epoch and its first event.
    Raises: ValueError: nothing was changed.
    """
    number = current_epoch(owner) + 1
    for table in ("audit_event", "audit_queue"):
        owner.ddl(f"ALTER TABLE @.{table} ALTER COLUMN log_id SET DEFAULT {number:d}")
    last = owner.row(_LAST)
    count = owner.row(_COUNT)
    gap = {
        "epoch": number,
        "reason": reason,
        "events_before": count[0] if count else 0,
        "last_event_before": last[0] if last else None,
        "last_leaf_before": hash_leaf(bytes(last[1])).hex() if last else None,
        **facts,
    }
    return number, append(ctx.within(owner), OPENED, parts=[Part("epoch", gap)])

"""Partitions of the audit log, made a few months ahead by a periodic job."""

from ostiary.jobs import public as jobs

EXTEND = "audit.partitions.extend"
MONTHS_AHEAD = 6


def _extend(run: jobs.Run) -> None:
    """Weekly is often enough for months, and seldom enough to cost nothing: mostly all are there."""
    with run.open_as_owner() as ctx:
        ctx.db.rows(
            "select @.audit_extend_partitions(%(home)s, %(months)s)",
            {"home": ctx.db.schema, "months": MONTHS_AHEAD},
        )


jobs.register(
    jobs.Task(
        EXTEND,
        _extend,
        lane=jobs.Lane.BULK,
        every="43 3 * * 1",
        owner=True,
        operator=True,
        event="audit.partitions.extended",
        purpose="operation",
    )
)

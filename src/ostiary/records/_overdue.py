"""Flags of what is overdue, set by a periodic job as time goes by (rules of objects, ADR 0036)."""

from ostiary.access import public as access
from ostiary.jobs import public as jobs
from ostiary.kernel.clock import now
from ostiary.kernel.context import Context
from ostiary.kernel.ids import RecordId
from ostiary.objects import public as objects
from ostiary.objects.public import Column, Overdue
from ostiary.records._columns import stored
from ostiary.records._follow import write_derived
from ostiary.records._lock import lock_for_rules
from ostiary.records._rules import apply_formulas, named
from ostiary.records._view import View, decided, view_of

TASK = "records.overdue.flag"
BATCH = 200


def flag_overdue(ctx: Context, code: str) -> int:
    """Set the flags of up to a batch of records of one object; how many there were."""

    def attempt() -> int:
        with ctx.db.savepoint():
            view = view_of(ctx, code)
            return sum(_flag(ctx, view, each) for each in view.object.rules.overdue)

    return decided(ctx, attempt)


def _flag(ctx: Context, view: View, each: Overdue) -> int:
    flag, due, met = (named(view, name) for name in (each.flag, each.due, each.met))
    if flag is None or due is None or met is None:
        return 0
    locked = lock_for_rules(ctx, view, _due(ctx, view, each, (flag, due, met)))
    found = []
    for record_id, before in locked.items():
        values = before.values
        late = values[due.code] is not None and values[due.code] < now()
        if late and values[met.code] is None and not values[flag.code]:
            typed = {flag.code: True}
            apply_formulas(view, values, typed)
            found.append((record_id, before, typed))
    write_derived(ctx, view, found)
    return len(found)


def _due(ctx: Context, view: View, each: Overdue, columns: tuple[Column, Column, Column]) -> list[RecordId]:
    flag, due, met = (stored(column) for column in columns)
    rows = ctx.db.rows(
        f"select r.id from @.{view.object.table} r where r.{due} < %(now)s and r.{met} is null"
        f" and r.{flag} is not true{_stands(view, each)} order by r.id limit %(most)s::int",
        {"now": now(), "most": BATCH},
    )
    return [RecordId(row[0]) for row in rows]


def _stands(view: View, each: Overdue) -> str:
    """SQL that leaves out records whose stage stops the clock."""
    stages = view.object.rules.stages
    column = named(view, stages.column) if stages else None
    target = view.catalogue.objects.get((column and column.target) or "")
    if column is None or target is None:
        return ""
    flags = {c.name: stored(c) for c in target.columns.values() if c.type is objects.ColumnType.BOOLEAN}
    told = [[f"s.{flags[flag]}" for flag, _ in x.flags if flag in flags] for x in each.unless]
    tests = " or ".join(f"({' and '.join(parts)})" for parts in told if parts)
    if not tests:
        return ""
    row = f"select from @.{target.table} s where s.id = r.{stored(column)}"
    return f" and not exists ({row} and ({tests}))"


def _run(run: jobs.Run) -> None:
    """Batch by batch, each a transaction; what is flagged is not found again."""
    with run.open() as ctx:
        catalogue = objects.get_catalogue(ctx)
        codes = [o.code for o in catalogue.objects.values() if o.rules.overdue]
    for code in codes:
        while True:
            with run.open() as ctx:
                if flag_overdue(ctx, code) < BATCH:
                    break


jobs.register(
    jobs.Task(
        TASK,
        _run,
        every="*/5 * * * *",
        service=access.HOUSEKEEPING.login,
    )
)

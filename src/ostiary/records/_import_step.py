"""One block of an import through the engine: kept, or let go again where the file is only checked."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from ostiary.kernel.context import Context
from ostiary.records import _import_kept as store
from ostiary.records._bulk_walk import code_of_now, ensure_meant
from ostiary.records._import_blocks import read_block
from ostiary.records._import_choice import step_of
from ostiary.records._import_door import Lookups
from ostiary.records._import_errors import refuse_all
from ostiary.records._import_kept import FilePlan, Import, ImportPhase
from ostiary.records._import_outcome import keep_outcome, lines_of
from ostiary.records._import_result import Fate, RowFate
from ostiary.records._import_rows import RowsRun
from ostiary.records._import_service import RecordsDoor
from ostiary.records._import_settle import Earlier, Row
from ostiary.records._import_source import SourceRow
from ostiary.records._import_touched import (
    Touched,
    hash_of,
    known_keys,
    put_keys,
    put_touched,
)
from ostiary.records._view import decided, view_of

MOST_KNOWN = 20_000  # names of lookup values that are kept between blocks


class _Undone(BaseException):
    """Lets a block go again; no error, and nobody else's to catch."""


class RowsWork:
    """Blocks of one job. What is learned of lookup values is kept between them."""

    def __init__(self) -> None:
        self._lookups = Lookups(RecordsDoor())

    def step(self, ctx: Context, made: Import) -> int:
        """One block; how many rows it had. Raises: ImportRefused, and what stops the whole."""
        code = code_of_now(ctx, made.object_id)
        plan = store.get_plan(ctx, made.id)
        decided(ctx, lambda: ensure_meant(view_of(ctx, code), plan.meant))
        if made.phase is ImportPhase.CHECK or self._lookups.known > MOST_KNOWN:
            self._lookups = Lookups(RecordsDoor())
        thing = view_of(ctx, code).object
        engine = RowsRun(RecordsDoor(), self._lookups, step_of(plan, thing))
        refuse_all(engine.prepare(ctx))
        rows = read_block(ctx, made, plan)
        if made.phase is ImportPhase.CHECK:
            fates = _checked(ctx, made, plan, engine, rows)
        else:
            fates = engine.first_pass(ctx, rows)
            put_touched(ctx, made.id, self._touched(ctx, made, fates))
        captions = {each: column.caption for each, column in thing.columns.items()}
        keep_outcome(ctx, made, lines_of(fates, captions, kept=made.phase is ImportPhase.RUN))
        return len(rows)

    def _touched(self, ctx: Context, made: Import, fates: Sequence[RowFate]) -> list[Touched]:
        values = [
            Touched(UUID(record), 0, view_of(ctx, code).object.id, 1) for code, record in self._lookups.made
        ]
        self._lookups.made.clear()
        return values + [
            Touched(
                UUID(fate.record),
                fate.line,
                made.object_id,
                fate.version,
                None if fate.fate is Fate.CREATED else fate.before,
            )
            for fate in fates
            if fate.fate in (Fate.CREATED, Fate.UPDATED)
        ]


def _checked(
    ctx: Context, made: Import, plan: FilePlan, engine: RowsRun, rows: Sequence[SourceRow]
) -> list[RowFate]:
    """The fates of rows of which nothing is kept; what stood further up in the file is remembered by hash."""
    hashed: list[tuple[Row, bytes]] = []
    fates: list[RowFate] = []

    def earlier(sound: Sequence[Row]) -> Earlier:
        if not plan.key or not sound or not sound[0].key:
            return {}
        hashed.extend((row, hash_of(plan.salt, row.key)) for row in sound)
        known = known_keys(ctx, made.id, [key for _, key in hashed])
        return {row.key: known[key] for row, key in hashed if key in known}

    with suppress(_Undone), ctx.db.savepoint():
        fates = engine.first_pass(ctx, rows, earlier)
        raise _Undone
    sound = {row.fate.line for row, _ in hashed if row.fate.fate is not Fate.REFUSED}
    put_keys(ctx, made.id, [(key, row.line) for row, key in hashed if row.fate.line in sound])
    return fates

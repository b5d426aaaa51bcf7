"""The rules of an object at every write: what its stages demand and bring, formulas, what must hold.

They are kept inside the door and after rights: a rule refuses what rights permit, and fills what nobody
chose, but it lets nobody write what rights refuse, and it tells nothing of a column that the writer may not
read (ADR 0036).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from ostiary.kernel.clock import now
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.objects import public as objects
from ostiary.objects.public import FROM_STAGE, Column, ColumnType, Stages
from ostiary.records._columns import stored
from ostiary.records._derivations import Given, Look, derivation
from ostiary.records._references import found_references
from ostiary.records._values import clean
from ostiary.records._view import View

Row = Mapping[str, Any]
NO_STAGE: Row = {}


def ruled(
    ctx: Context,
    view: View,
    before: Row | None,
    typed: Mapping[str, Any],
    given: Iterable[str] | None = None,
    record: UUID | None = None,
) -> dict[str, Any]:
    """What a write comes to by the rules; for many records, keep a `Ruled`. Raises Invalid."""
    return Ruled(ctx, view).apply(before, typed, given, record)


@dataclass(slots=True)
class Ruled:
    """Rules of one object for one principal's writes; a stage is looked at once."""

    ctx: Context
    view: View
    _stages: dict[object, Row] = field(default_factory=dict)

    def apply(
        self,
        before: Row | None,
        typed: Mapping[str, Any],
        given: Iterable[str] | None = None,
        record: UUID | None = None,
    ) -> dict[str, Any]:
        """The values to store. given: what the writer said, if not all of it. record, before: None if new.

        Raises: Invalid: a rule refuses the write; each field is named.
        """
        values = dict(typed)
        said = frozenset(typed if given is None else given)
        rules = self.view.object.rules
        if rules.stages is not None:
            self._enter(rules.stages, before, values, said)
        if rules.derive:
            self._derive(before, values, said, record)
        self._flag(before, values)
        apply_formulas(self.view, before, values, said)
        if not rules.none:
            errors = [*self._missing(before, values), *self._circles(record, before, values)]
            if errors:
                raise Invalid(errors)
        return values

    def _enter(
        self, stages: Stages, before: Row | None, values: dict[str, Any], said: frozenset[str]
    ) -> None:
        column = named(self.view, stages.column)
        if column is None or column.code not in values:
            return
        old = None if before is None else before[column.code]
        new = values[column.code]
        if new is None or (before is not None and new == old):
            return
        if column.code in said and not self._may_name(column, new):
            return  # a reference that is refused in the words of one that is absent
        rows = self.rows(column, stages, (old, new))
        left = None if old is None else rows.get(old, NO_STAGE)
        move = Move(self.view, stages, column, left, rows.get(new, NO_STAGE))
        errors = list(move.refusals())
        if not errors:
            self._bring(move, before, values, said)
            errors = list(move.missing(before, values, said))
        if errors:
            raise Invalid(errors)

    def _may_name(self, column: Column, value: UUID) -> bool:
        if column.type is not ColumnType.LOOKUP:
            return True
        return bool(found_references(self.ctx, self.view, column, [value], checked=True))

    def rows(self, column: Column, stages: Stages, values: Iterable[object]) -> Mapping[object, Row]:
        """The rows of stages by what is stored of them: flags, and under `name` what they are called."""
        wanted = {value for value in values if value is not None} - self._stages.keys()
        if column.type is ColumnType.CHOICE:
            captions = {choice.code: choice.caption for choice in column.choices}
            self._stages |= {v: {objects.CODE: v, "name": captions.get(str(v), str(v))} for v in wanted}
        elif wanted:
            self._stages |= stage_rows(self.ctx, self.view, column, stages, wanted)
        return self._stages

    def _bring(self, move: "Move", before: Row | None, values: dict[str, Any], said: frozenset[str]) -> None:
        errors, stamp = list[FieldError](), now()
        for column, value, only_empty in move.brought():
            held = values.get(column.code, None if before is None else before[column.code])
            meant = _meant(self.ctx, value, move.entered, stamp)
            if (
                column.code in said
                or (only_empty and held is not None)
                or (meant is None and value != "none")
            ):
                continue  # a stage that says nothing brings nothing
            values[column.code] = clean(column, meant, errors)
        if errors:
            raise Invalid(errors)

    def _derive(
        self, before: Row | None, values: dict[str, Any], said: frozenset[str], record: UUID | None
    ) -> None:
        columns = self.view.object.columns
        for name in self.view.object.rules.derive:
            given = Given(
                None if before is None else _by_name(columns, before),
                _by_name(columns, {**(before or {}), **values}),
                frozenset(columns[code].name for code in said),
                record,
                now(),
                Look(self.ctx, self.view),
            )
            for target, value in derivation(name)(given).items():
                column = named(self.view, target)
                if column is not None and value != given.after.get(target):
                    values[column.code] = value

    def _flag(self, before: Row | None, values: dict[str, Any]) -> None:
        """What is overdue is told by a job as time goes by, and here as dates change."""
        for each in self.view.object.rules.overdue:
            flag, due, met = (named(self.view, name) for name in (each.flag, each.due, each.met))
            if flag is None or due is None or met is None:
                continue
            if {due.code, met.code} & values.keys():
                after = {**(before or {}), **values}
                until, since = after.get(due.code), after.get(met.code) or now()
                values[flag.code] = until is not None and since > until

    def _missing(self, before: Row | None, values: Row) -> Iterator[FieldError]:
        for names in self.view.object.rules.any_of:
            columns = [c for name in names if (c := named(self.view, name)) is not None]
            touched = before is None or any(c.code in values for c in columns)
            if columns and touched and not any(is_held(self.view, c, before, values) for c in columns):
                captions = " or ".join(c.caption for c in columns)
                yield FieldError(columns[0].code, "one_required", f"{columns[0].caption}: give {captions}")

    def _circles(self, record: UUID | None, before: Row | None, values: Row) -> Iterator[FieldError]:
        for name in self.view.object.rules.trees:
            column = named(self.view, name)
            value = None if column is None else values.get(column.code)
            if column is None or value is None or record is None or before is None:
                continue  # nothing lies under what is new
            if value != before[column.code] and leads_back(self.ctx, self.view, column, value, record):
                words = f"{column.caption}: it lies under this {self.view.object.caption.lower()} itself"
                yield FieldError(column.code, "circle", words)


def _by_name(columns: Mapping[str, Column], row: Row) -> Row:
    return {columns[code].name: value for code, value in row.items()}


def named(view: View, name: str) -> Column | None:
    """The column of a stored name, if it is not dropped."""
    known = view.statements.get("names")
    if known is None:
        known = view.statements["names"] = {c.name: c for c in view.object.columns.values()}
    found: Column | None = known.get(name)
    return found


def is_held(view: View, column: Column, before: Row | None, values: Row) -> bool:
    """Whether a column holds a value after the write, as far as the writer may know."""
    if column.code in values:
        return values[column.code] is not None
    # whether a hidden column is empty must not follow from a refusal: it does not count
    return before is not None and column.code in view.readable and before[column.code] is not None


@dataclass(frozen=True, slots=True)
class Move:
    """A record on its way from one stage (None: it is new) to another."""

    view: View
    stages: Stages
    column: Column
    left: Row | None
    entered: Row

    def refusals(self) -> Iterator[FieldError]:
        """Why it may not go there, whatever it holds."""
        stages, left = self.stages, self.left
        if left is None:
            return
        caption, name = self.column.caption, self.entered.get("name")
        if stages.one_way and stages.final is not None and stages.final.fits(left):
            words = f"{caption}: {left.get('name')} is final, it cannot be left"
            yield FieldError(self.column.code, "stage_final", words)
        elif stages.transitions and not any(
            way.origin.fits(left) and way.to.fits(self.entered) for way in stages.transitions
        ):
            words = f"{caption}: {name} does not follow {left.get('name')}"
            yield FieldError(self.column.code, "stage_transition", words)

    def brought(self) -> Iterator[tuple[Column, object, bool]]:
        """(column, value as declared, only where it is empty) of what the stage brings."""
        for entry in self._entries():
            for pairs, only_empty in ((entry.put, False), (entry.fill, True)):
                for name, value in pairs:
                    column = named(self.view, name)
                    if column is not None:
                        yield column, value, only_empty

    def required(self) -> Iterator[Column]:
        """The columns that hold a value in this stage."""
        for entry in self._entries():
            yield from (c for name in entry.require if (c := named(self.view, name)) is not None)

    def missing(self, before: Row | None, values: Row, said: frozenset[str]) -> Iterator[FieldError]:
        """What the record lacks for the stage."""
        told = set[str]()
        for column in self.required():
            brought = column.code in values and column.code not in said
            if column.code in told or (brought and values[column.code] is not None):
                continue
            if not is_held(self.view, column, before, values):
                told.add(column.code)
                words = f"{column.caption}: needed for {self.entered.get('name')}"
                yield FieldError(column.code, "stage_required", words)

    def _entries(self) -> Iterator[objects.Entry]:
        for entry in self.stages.enter:
            comes = entry.origin is None or (self.left is not None and entry.origin.fits(self.left))
            if comes and entry.to.fits(self.entered):
                yield entry


def _meant(ctx: Context, value: object, stage: Row, stamp: datetime) -> object:
    match value:
        case "today":
            return stamp.date().isoformat()
        case "now":
            return stamp.isoformat()
        case "me":
            return ctx.actor
        case "none":
            return None
        case str() if value.startswith(FROM_STAGE):
            return stage.get(value.removeprefix(FROM_STAGE))
        case _:
            return value


def stage_rows(
    ctx: Context, view: View, column: Column, stages: Stages, ids: Iterable[object]
) -> dict[object, Row]:
    """Rows of a list of stages, by id. What their flags say is a rule and no reading: nobody is shown it."""
    target = view.catalogue.objects[column.target or ""]
    flags = {c.name: c for c in target.columns.values() if c.name in objects.named_flags(stages)}
    display = target.columns[target.display]
    listed = "".join(f", {stored(c)}" for c in flags.values())
    rows = ctx.db.rows(
        f"select id, {stored(display)}{listed} from @.{target.table} where id = any(%(ids)s)",
        {"ids": list(ids)},
    )
    return {id_: {"name": name, **dict(zip(flags, values, strict=True))} for id_, name, *values in rows}


def apply_formulas(
    view: View, before: Row | None, values: dict[str, Any], said: frozenset[str] = frozenset()
) -> None:
    """Compute what follows from the same record. A typed value stays where it may be typed."""
    for column, formula in own_formulas(view):
        if column.code in said and values.get(column.code) is not None and not column.computed:
            continue
        after = {**(before or {}), **values}
        new = _computed(view, column, formula, after)
        if not column.computed and before is not None and column.code not in said:
            held, old = before[column.code], _computed(view, column, formula, before)
            if held is not None and held != old:
                continue
        if new != after.get(column.code):
            values[column.code] = new


def own_formulas(view: View) -> list[tuple[Column, objects.Formula]]:
    """Columns that follow from others of the same record, in the order of their declaration."""
    known = view.statements.get("formulas")
    if known is None:
        known = view.statements["formulas"] = [
            (column, formula)
            for column in view.object.columns.values()
            if column.formula and not isinstance(formula := objects.read_formula(column.formula), objects.Sum)
            if all(_is_open(view, column, name) for name in objects.named_in(formula))
        ]
    found: list[tuple[Column, objects.Formula]] = known
    return found


def _is_open(view: View, column: Column, name: str) -> bool:
    """Whether a part is there, and no more closed than what tells of it: here that may have changed."""
    part = named(view, name)
    return part is not None and part.data_class <= column.data_class


def _computed(view: View, column: Column, formula: objects.Formula, values: Row) -> Any:
    by_name = {name: values.get(c.code) for name in objects.named_in(formula) if (c := named(view, name))}
    found = objects.evaluate(formula, by_name)
    errors: list[FieldError] = []
    if column.type is ColumnType.DATE or column.type is ColumnType.CHOICE:
        found = clean(column, None if found is None else str(found), errors)
    elif found is not None:
        found = clean(column, round(found, 0 if column.type is ColumnType.INTEGER else column.scale), errors)
    return None if errors else found


def leads_back(ctx: Context, view: View, column: Column, value: UUID, record_id: UUID) -> bool:
    """Whether a record is reached from `value` by going up; others who change the tree wait meanwhile."""
    table, up = view.object.table, stored(column)
    ctx.db.run(
        "select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(%(t)s, 0))",
        {"t": f"ostiary.tree.{ctx.db.schema}.{table}"},
    )
    row = ctx.db.row(
        f"with recursive above(id) as (select %(value)s::uuid union"
        f" select r.{up} from @.{table} r join above a on r.id = a.id where r.{up} is not null)"
        " select 1 from above where id = %(id)s limit 1",
        {"value": value, "id": record_id},
    )
    return row is not None

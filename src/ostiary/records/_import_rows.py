"""One step of an import: rows of a file into one object, each decided by itself."""

from collections.abc import Mapping, Sequence

from ostiary.access.public import Verb
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, NotFound, OstiaryError
from ostiary.objects.public import Column, ColumnType, Object
from ostiary.records._import_door import Door, Json, Lookups
from ostiary.records._import_errors import ImportRefused
from ostiary.records._import_mapping import ColumnSource, Missing, RowsStep
from ostiary.records._import_result import Fate, RowFate
from ostiary.records._import_settle import Lookback, Row, Settler
from ostiary.records._import_source import SourceRow
from ostiary.records._import_values import BadValue, check_format, fill_template, parse_cell, settle_value

_REFERENCES = frozenset({ColumnType.LOOKUP, ColumnType.OWNER})


class RowsRun:
    """The rows step of one run. `first_pass` takes chunks, `second_pass` what had to wait for later rows."""

    def __init__(self, door: Door, lookups: Lookups, step: RowsStep) -> None:
        self._door, self._lookups, self._step = door, lookups, step
        self._columns: dict[str, Column] = {}
        self._settler = Settler(door, step, self._columns)
        self._waiting: list[Row] = []

    def prepare(self, ctx: Context) -> list[str]:
        """Check the step against the object and the user's rights; the faults, if any."""
        step = self._step
        try:
            into, verbs, writable = self._door.rights(ctx, step.object)
        except NotFound:
            return [f"{step.name}: no object {step.object!r}"]
        except AccessDenied as problem:
            return [f"{step.name}: {step.object}: {problem.message}"]
        if not verbs >= {Verb.READ, Verb.CREATE}:
            return [f"{step.name}: {step.object}: an import needs the rights to read and to create"]
        faults = []
        for target, spec in step.columns.items():
            fault = self._column_fault(ctx, into, writable, spec)
            if fault:
                faults.append(f"{step.name}: column {target}: {fault}")
        return faults

    def _column_fault(
        self, ctx: Context, into: Object, writable: frozenset[str], spec: ColumnSource
    ) -> str | None:
        target = spec.target
        if target not in into.columns:
            return f"{into.code} has no such column"
        column = self._columns[target] = into.columns[target]
        if column.type is ColumnType.AUTO_NUMBER:
            return "numbers itself and cannot be imported"
        if target not in writable:
            return "you may not edit it"
        if column.type in _REFERENCES:
            try:
                self._lookups.match_column(ctx, column, spec)
            except ImportRefused as problem:
                return problem.message
        elif spec.match or spec.missing is not Missing.REFUSE or spec.later:
            return "match, missing and later suit lookups only"
        return check_format(column, spec)

    @property
    def waits(self) -> bool:
        """Whether some column may have to wait, so that fates are final only after the second pass."""
        return any(spec.later for spec in self._step.columns.values())

    def first_pass(
        self,
        ctx: Context,
        chunk: Sequence[SourceRow],
        earlier: Lookback = lambda _: {},
    ) -> list[RowFate]:
        """Import a chunk of rows within the transaction of `ctx`; their fates in the same order.

        earlier: of rows with their keys, which keys a part of the file had that was undone, and where.
        """
        rows = [self._clean(row) for row in chunk]
        self._load_lookups(ctx, rows, later=False)
        for row in rows:
            if not row.faults:
                self._fill(ctx, row)
        self._settler.settle(ctx, rows, earlier)
        self._waiting += [row for row in rows if row.later and row.fate.fate is not Fate.REFUSED]
        return [row.fate for row in rows]

    @property
    def is_waiting(self) -> bool:
        """Whether rows are left for the second pass."""
        return bool(self._waiting)

    def second_pass(self, ctx: Context, size: int) -> None:
        """Resolve what had to wait, for the next `size` rows, and change their fates in place."""
        rows, self._waiting = self._waiting[:size], self._waiting[size:]
        self._load_lookups(ctx, rows, later=True)
        again = []
        for row in rows:
            row.values = self._resolve_waiting(ctx, row)
            if row.values:
                again.append(row)
        stored = {record["id"]: record for record in self._by_ids(ctx, again)}
        self._write_later(ctx, again, stored)

    def _clean(self, source: SourceRow) -> Row:
        step = self._step
        row = Row(source.line, dict(source.cells), RowFate(step.name, step.file, source.line, ""))
        if source.fault:
            row.faults.append(("", source.fault))
            return row
        for name, aliases in step.aliases.items():
            text = row.cells[name]
            meant = aliases.get(text.casefold())
            if meant is not None and meant != text:
                row.cells[name] = meant
                row.fate.notes.append(f"{name}: {text!r} read as {meant!r}")
        return row

    def _text(self, row: Row, spec: ColumnSource) -> str:
        if spec.source is not None:
            text = row.cells[spec.source]
            return spec.values.get(text.casefold(), text)
        return fill_template(spec, row.cells)

    def _load_lookups(self, ctx: Context, rows: Sequence[Row], *, later: bool) -> None:
        for target, spec in self._step.columns.items():
            column = self._columns[target]
            if column.type not in _REFERENCES or (later and not spec.later):
                continue
            fixed = [str(v) for v in (spec.constant, spec.default) if v is not None]
            texts = {text for row in rows if (text := self._text(row, spec))} | set(fixed)
            self._lookups.load(ctx, column, spec, texts)

    def _fill(self, ctx: Context, row: Row) -> None:
        """The values of a row, or its faults."""
        for target, spec in self._step.columns.items():
            column = self._columns[target]
            try:
                text = self._text(row, spec) if spec.constant is None else ""
                if spec.constant is not None:
                    row.values[target] = self._fixed(ctx, column, spec, spec.constant)
                elif text:
                    self._fill_cell(ctx, row, column, spec, text)
                elif spec.default is not None:
                    row.defaults[target] = self._fixed(ctx, column, spec, spec.default)
                elif spec.expected:
                    row.fate.missing.append(target)
                elif self._step.blanks:
                    row.blanks.append(target)
            except BadValue as problem:
                row.faults.append((target, str(problem)))
        self._name_key(row)

    def _fixed(self, ctx: Context, column: Column, spec: ColumnSource, value: object) -> object:
        if column.type in _REFERENCES:
            found = self._lookups.resolve(ctx, column, spec, str(value))
            if found is None:
                raise BadValue(f"nothing is called {value!r}")
            return found
        return parse_cell(column, value, spec) if isinstance(value, str) else settle_value(column, value)

    def _fill_cell(self, ctx: Context, row: Row, column: Column, spec: ColumnSource, text: str) -> None:
        if column.type not in _REFERENCES:
            row.values[spec.target] = parse_cell(column, text, spec)
            return
        found = self._lookups.resolve(ctx, column, spec, text)
        if found is not None:
            row.values[spec.target] = found
        elif spec.later:
            row.later[spec.target] = text
        elif spec.missing is Missing.EMPTY:
            row.fate.notes.append(f"{spec.target}: nothing is called {text!r}, left empty")
        elif spec.missing is Missing.CREATE:
            raise BadValue(f"nothing is called {text!r}, and you may not add it")
        else:
            raise BadValue(f"nothing is called {text!r}")

    def _name_key(self, row: Row) -> None:
        """Show the key as the file has it; a blank one is a fault."""
        shown = []
        for target in self._step.key:
            spec = self._step.columns[target]
            text = str(spec.constant) if spec.constant is not None else self._text(row, spec)
            shown.append(text)
            if target not in row.values and all(target != fault[0] for fault in row.faults):
                row.faults.append((target, "blank, and it is the key"))
        row.fate.key = " / ".join(shown)

    def _resolve_waiting(self, ctx: Context, row: Row) -> Json:
        found: Json = {}
        for target, text in row.later.items():
            try:
                value = self._lookups.resolve(ctx, self._columns[target], self._step.columns[target], text)
                problem = f"nothing is called {text!r}"
            except BadValue as several:
                value, problem = None, str(several)
            if value is not None:
                found[target] = value
            else:
                row.fate.columns.append(target)
                row.fate.reason = _joined(row.fate.reason, f"{target}: {problem}, left empty")
        return found

    def _by_ids(self, ctx: Context, rows: Sequence[Row]) -> list[Json]:
        if not rows:
            return []
        later = tuple(target for target, spec in self._step.columns.items() if spec.later)
        return self._door.find(ctx, self._step.object, later, {"id": [row.fate.record for row in rows]})

    def _write_later(self, ctx: Context, rows: Sequence[Row], stored: Mapping[str, Json]) -> None:
        wanted = []
        for row in rows:
            known = stored.get(row.fate.record)
            if known is None:
                gone = f"{', '.join(row.values)}: the record is no longer readable"
                row.fate.reason = _joined(row.fate.reason, gone)
            elif changes := self._settler.changes(row.values, known):
                wanted.append((row, known, changes))
        asked = [(known["id"], changes, known["version"]) for _, known, changes in wanted]
        results = self._door.update_many(ctx, self._step.object, asked) if asked else []
        for (row, _, changes), version in zip(wanted, results, strict=True):
            self._note_later(row.fate, changes, version)

    def _note_later(self, fate: RowFate, changes: Json, version: int | OstiaryError) -> None:
        if isinstance(version, OstiaryError):
            faults = "; ".join(f"{column}: {text}" for column, text in self._settler.faults_of(version))
            fate.columns += changes
            fate.reason = _joined(fate.reason, f"left empty: {faults}")
            return
        fate.version = version
        if fate.fate is Fate.UNCHANGED:
            fate.fate = Fate.UPDATED
        if fate.fate is Fate.UPDATED:
            fate.columns += changes


def _joined(first: str, second: str) -> str:
    return f"{first}; {second}" if first else second

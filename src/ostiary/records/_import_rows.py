"""One step of an import: rows of a file into one object, each in a savepoint of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ostiary.access.public import Verb
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound, OstiaryError, VersionConflict
from ostiary.objects.public import Column, ColumnType, Object
from ostiary.records._import_door import Door, Json, Lookups
from ostiary.records._import_errors import ImportRefused
from ostiary.records._import_mapping import ColumnSource, Missing, RowsStep
from ostiary.records._import_result import Fate, RowFate
from ostiary.records._import_source import SourceRow
from ostiary.records._import_values import (
    BadValue,
    check_format,
    fill_template,
    parse_cell,
    plain_words,
    same_value,
    settle_value,
)

Key = tuple[object, ...]
_REFERENCES = frozenset({ColumnType.LOOKUP, ColumnType.OWNER})
_REFUSALS = (Invalid, AccessDenied, NotFound, VersionConflict)


@dataclass(slots=True)
class _Row:
    """A source row on its way: what to write, what to try later."""

    line: int
    cells: dict[str, str]
    fate: RowFate
    values: Json = field(default_factory=dict)
    defaults: Json = field(default_factory=dict)
    later: dict[str, str] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)


class RowsRun:
    """The rows step of one run. `first_pass` takes chunks, `second_pass` what had to wait for later rows."""

    def __init__(self, door: Door, lookups: Lookups, step: RowsStep) -> None:
        self._door, self._lookups, self._step = door, lookups, step
        self._columns: dict[str, Column] = {}
        self._seen: dict[Key, int] = {}  # key -> line, for the whole file
        self._waiting: list[_Row] = []

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

    def first_pass(self, ctx: Context, chunk: Sequence[SourceRow]) -> list[RowFate]:
        """Import a chunk of rows within the transaction of `ctx`; their fates in the same order."""
        rows = [self._clean(row) for row in chunk]
        self._load_lookups(ctx, rows, later=False)
        for row in rows:
            self._fill(ctx, row)
        stored = self._find_stored(ctx, rows)
        for row in rows:
            self._settle(ctx, row, stored)
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
        for row in again:
            self._write_later(ctx, row, stored.get(row.fate.record))

    def _clean(self, source: SourceRow) -> _Row:
        step = self._step
        row = _Row(source.line, dict(source.cells), RowFate(step.name, step.file, source.line, ""))
        for name, aliases in step.aliases.items():
            text = row.cells[name]
            meant = aliases.get(text.casefold())
            if meant is not None and meant != text:
                row.cells[name] = meant
                row.fate.notes.append(f"{name}: {text!r} read as {meant!r}")
        return row

    def _text(self, row: _Row, spec: ColumnSource) -> str:
        if spec.source is not None:
            text = row.cells[spec.source]
            return spec.values.get(text.casefold(), text)
        return fill_template(spec, row.cells)

    def _load_lookups(self, ctx: Context, rows: Sequence[_Row], *, later: bool) -> None:
        for target, spec in self._step.columns.items():
            column = self._columns[target]
            if column.type not in _REFERENCES or (later and not spec.later):
                continue
            fixed = [str(v) for v in (spec.constant, spec.default) if v is not None]
            texts = {text for row in rows if (text := self._text(row, spec))} | set(fixed)
            self._lookups.load(ctx, column, spec, texts)

    def _fill(self, ctx: Context, row: _Row) -> None:
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

    def _fill_cell(self, ctx: Context, row: _Row, column: Column, spec: ColumnSource, text: str) -> None:
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

    def _name_key(self, row: _Row) -> None:
        """Show the key as the file has it; a blank one is a fault."""
        shown = []
        for target in self._step.key:
            spec = self._step.columns[target]
            text = str(spec.constant) if spec.constant is not None else self._text(row, spec)
            shown.append(text)
            if target not in row.values and all(target != fault[0] for fault in row.faults):
                row.faults.append((target, "blank, and it is the key"))
        row.fate.key = " / ".join(shown)

    def _key(self, values: Mapping[str, Any]) -> Key:
        return tuple(_key_part(self._columns[target], values.get(target)) for target in self._step.key)

    def _find_stored(self, ctx: Context, rows: Sequence[_Row]) -> dict[Key, list[Json]]:
        sound = [row for row in rows if not row.faults]
        if not sound:
            return {}
        wanted = {target: list({row.values[target] for row in sound}) for target in self._step.key}
        found: dict[Key, list[Json]] = {}
        for record in self._door.find(ctx, self._step.object, tuple(self._step.columns), wanted):
            found.setdefault(self._key(record), []).append(record)
        return found

    def _settle(self, ctx: Context, row: _Row, stored: Mapping[Key, Sequence[Json]]) -> None:
        key = self._key(row.values)
        known = stored.get(key, ())
        if not row.faults and key in self._seen:
            row.faults.append((self._step.key[0], f"the same key as line {self._seen[key]}"))
        elif not row.faults and len(known) > 1:
            row.faults.append((self._step.key[0], f"{len(known)} records have this key"))
        if row.faults:
            _refuse(row.fate, row.faults)
            return
        try:
            self._write(ctx, row, known[0] if known else None)
        except _REFUSALS as problem:
            _refuse(row.fate, self._faults_of(problem))
            return
        self._seen[key] = row.line
        if row.later:
            self._waiting.append(row)

    def _write(self, ctx: Context, row: _Row, known: Json | None) -> None:
        """Create or update in a savepoint; where nothing differs, nothing is asked of the database."""
        if known is None:
            with ctx.db.savepoint():
                row.fate.record = self._door.create(ctx, self._step.object, {**row.defaults, **row.values})
            row.fate.fate = Fate.CREATED
            return
        row.fate.record = known["id"]
        changes = self._changes(row.values, known)
        if changes:
            with ctx.db.savepoint():
                self._door.update(ctx, self._step.object, known["id"], changes, known["version"])
            row.fate.fate = Fate.UPDATED
            row.fate.columns = sorted(changes)

    def _changes(self, values: Json, known: Json) -> Json:
        return {
            target: value
            for target, value in values.items()
            if not same_value(self._columns[target], known.get(target), value)
        }

    def _resolve_waiting(self, ctx: Context, row: _Row) -> Json:
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

    def _by_ids(self, ctx: Context, rows: Sequence[_Row]) -> list[Json]:
        if not rows:
            return []
        later = tuple(target for target, spec in self._step.columns.items() if spec.later)
        return self._door.find(ctx, self._step.object, later, {"id": [row.fate.record for row in rows]})

    def _write_later(self, ctx: Context, row: _Row, known: Json | None) -> None:
        changes = self._changes(row.values, known) if known else {}
        if known is None:
            row.fate.reason = _joined(
                row.fate.reason, f"{', '.join(row.values)}: the record is no longer readable"
            )
        if known is None or not changes:
            return
        try:
            with ctx.db.savepoint():
                self._door.update(ctx, self._step.object, known["id"], changes, known["version"])
        except _REFUSALS as problem:
            faults = "; ".join(f"{column}: {text}" for column, text in self._faults_of(problem))
            row.fate.columns += changes
            row.fate.reason = _joined(row.fate.reason, f"left empty: {faults}")
            return
        if row.fate.fate is Fate.UNCHANGED:
            row.fate.fate = Fate.UPDATED
        if row.fate.fate is Fate.UPDATED:
            row.fate.columns += changes

    def _faults_of(self, problem: OstiaryError) -> list[tuple[str, str]]:
        """(column, words) of a refusal by the door."""
        if not isinstance(problem, Invalid):
            column = problem.details.get("column")
            return [(column if isinstance(column, str) else "", problem.message)]
        return [
            (
                e.field,
                plain_words(self._columns[e.field], e.message) if e.field in self._columns else e.message,
            )
            for e in problem.errors
        ]


def _key_part(column: Column, value: object) -> object:
    if isinstance(value, dict):
        return value.get("id")
    if column.type in (ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.MONEY) and value is not None:
        return Decimal(str(value))
    return value


def _refuse(fate: RowFate, faults: Sequence[tuple[str, str]]) -> None:
    fate.fate, fate.record = Fate.REFUSED, ""
    fate.columns = [column for column, _ in faults if column]
    fate.reason = "; ".join(f"{column}: {text}" if column else text for column, text in faults)


def _joined(first: str, second: str) -> str:
    return f"{first}; {second}" if first else second

"""What becomes of rows whose values are known: found by key, then created, changed, skipped or refused."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ostiary.kernel.context import Context
from ostiary.kernel.errors import Invalid, OstiaryError
from ostiary.objects.public import Column, ColumnType
from ostiary.records._import_door import Door, Json, fold
from ostiary.records._import_mapping import Duplicates, Repeats, RowsStep
from ostiary.records._import_result import Fate, RowFate
from ostiary.records._import_values import plain_words, same_value

Key = tuple[object, ...]
Earlier = Mapping[Key, int]  # key -> line further up
NUMBERS = frozenset({ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.MONEY})


@dataclass(slots=True)
class Row:
    """A source row on its way: what to write, what to empty, what to try later."""

    line: int
    cells: dict[str, str]
    fate: RowFate
    values: Json = field(default_factory=dict)
    defaults: Json = field(default_factory=dict)
    blanks: list[str] = field(default_factory=list)
    later: dict[str, str] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)
    key: Key = ()


Lookback = Callable[[Sequence[Row]], Earlier]


class Settler:
    """Settles the rows of a step, many at once; each is decided by itself."""

    def __init__(self, door: Door, step: RowsStep, columns: Mapping[str, Column]) -> None:
        self._door, self._step, self._columns = door, step, columns
        self._seen: dict[Key, int] = {}  # key -> line, for the whole file, where repeats are refused

    def settle(self, ctx: Context, rows: Sequence[Row], earlier: Lookback) -> None:
        """Write rows and say what became of each. earlier: see `RowsRun.first_pass`."""
        sound = [row for row in rows if not row.faults]
        for row in rows:
            if row.faults:
                refuse(row.fate, row.faults)
            else:
                row.key = self._key_of(row.values)
        known = earlier(sound)
        for wave in self._waves(sound):
            self._settle_wave(ctx, wave, known)

    def _key_of(self, values: Mapping[str, Any]) -> Key:
        return tuple(_key_part(self._columns[target], values.get(target)) for target in self._step.key)

    def changes(self, values: Json, known: Json) -> Json:
        """Those of the values that a record does not hold already."""
        return {
            target: value
            for target, value in values.items()
            if not same_value(self._columns[target], known.get(target), value)
        }

    def faults_of(self, problem: OstiaryError) -> list[tuple[str, str]]:
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

    def _waves(self, rows: Sequence[Row]) -> Iterable[list[Row]]:
        """Rows in their order, but two of one key never together: the second one must find the first."""
        if not self._step.key:
            return [list(rows)] if rows else []
        waves: list[list[Row]] = []
        times: dict[Key, int] = {}
        for row in rows:
            number = times[row.key] = times.get(row.key, -1) + 1
            if number == len(waves):
                waves.append([])
            waves[number].append(row)
        return waves

    def _settle_wave(self, ctx: Context, wave: Sequence[Row], earlier: Earlier) -> None:
        stored = self._find_stored(ctx, wave)
        new: list[Row] = []
        changed: list[tuple[Row, Json, Json]] = []
        for row in wave:
            known = stored.get(row.key, ())
            if fault := self._fault(row, known):
                refuse(row.fate, [(self._step.key[0], fault)])
            elif row.key in earlier:
                self._follow(row, earlier[row.key])
            elif not known:
                new.append(row)
            elif self._step.duplicates is Duplicates.SKIP:
                row.fate.fate, row.fate.record = Fate.SKIPPED, known[0]["id"]
            else:
                row.fate.record = known[0]["id"]
                changed.append((row, known[0], self.changes(_with_blanks(row), known[0])))
        self._create(ctx, self._unlike(ctx, new))
        self._update(ctx, changed)

    def _fault(self, row: Row, known: Sequence[Json]) -> str:
        if row.key in self._seen:
            return f"the same key as line {self._seen[row.key]}"
        return f"{len(known)} records have this key" if len(known) > 1 else ""

    def _follow(self, row: Row, line: int) -> None:
        skipped = self._step.duplicates is Duplicates.SKIP
        row.fate.fate = Fate.SKIPPED if skipped else Fate.UPDATED
        row.fate.notes.append(f"the same key as line {line}")

    def _find_stored(self, ctx: Context, rows: Sequence[Row]) -> dict[Key, list[Json]]:
        if not rows or not self._step.key or self._step.duplicates is Duplicates.CREATE:
            return {}
        wanted = {target: list({row.values[target] for row in rows}) for target in self._step.key}
        found: dict[Key, list[Json]] = {}
        for record in self._door.find(ctx, self._step.object, tuple(self._step.columns), wanted):
            found.setdefault(self._key_of(record), []).append(record)
        return found

    def _unlike(self, ctx: Context, rows: Sequence[Row]) -> list[Row]:
        """The new rows, less those that look like a record where these are to be left out."""
        if self._step.duplicates is not Duplicates.RULES or not rows:
            return list(rows)
        found = self._door.alike(ctx, self._step.object, [row.values for row in rows])
        for row, known in zip(rows, found, strict=True):
            if known:
                row.fate.fate, row.fate.record = Fate.SKIPPED, known[0][0]
                row.fate.notes.append(f"looks like {', '.join(name or id_ for id_, name in known)}")
        return [row for row, known in zip(rows, found, strict=True) if not known]

    def _create(self, ctx: Context, rows: Sequence[Row]) -> None:
        if not rows:
            return
        empty = {target: None for target in self._step.columns if _stays_empty(self._columns[target])}
        given = [{**empty, **row.defaults, **row.values} for row in rows]
        for row, made in zip(rows, self._door.create_many(ctx, self._step.object, given), strict=True):
            if isinstance(made, OstiaryError):
                refuse(row.fate, self.faults_of(made))
                continue
            row.fate.fate, row.fate.record, row.fate.version = Fate.CREATED, made, 1
            self._settled(row)

    def _update(self, ctx: Context, rows: Sequence[tuple[Row, Json, Json]]) -> None:
        """Where nothing differs, nothing is asked of the database."""
        for row, known, changes in rows:
            if not changes:
                self._settled(row)
            row.fate.before = {target: _plain(known.get(target)) for target in changes}
        wanted = [each for each in rows if each[2]]
        if not wanted:
            return
        asked = [(known["id"], changes, known["version"]) for _, known, changes in wanted]
        results = self._door.update_many(ctx, self._step.object, asked)
        for (row, _, changes), version in zip(wanted, results, strict=True):
            if isinstance(version, OstiaryError):
                refuse(row.fate, self.faults_of(version))
                continue
            row.fate.fate, row.fate.version, row.fate.columns = Fate.UPDATED, version, sorted(changes)
            self._settled(row)

    def _settled(self, row: Row) -> None:
        if self._step.repeats is Repeats.REFUSE:
            self._seen[row.key] = row.line


def refuse(fate: RowFate, faults: Sequence[tuple[str, str]]) -> None:
    """Say why a row changed nothing."""
    fate.fate, fate.record, fate.faults = Fate.REFUSED, "", tuple(faults)
    fate.columns = [column for column, _ in faults if column]
    fate.reason = "; ".join(f"{column}: {text}" if column else text for column, text in faults)


def _with_blanks(row: Row) -> Json:
    return {**dict.fromkeys(row.blanks), **row.values}


def _plain(value: object) -> object:
    return value.get("id") if isinstance(value, dict) else value


def _stays_empty(column: Column) -> bool:
    """Whether nothing given is the same as empty; then rows with other blanks share one statement."""
    return column.default is None and not column.required and column.type is not ColumnType.OWNER


def _key_part(column: Column, value: object) -> object:
    value = _plain(value)
    if column.type in NUMBERS and value is not None:
        return Decimal(str(value))
    return fold(value) if isinstance(value, str) else value

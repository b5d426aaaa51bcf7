"""What an import needs from the rest, as one port, and how names become ids through it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from ostiary.access.public import Verb
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound, OstiaryError
from ostiary.objects.public import TEXT_SORTED, Column, ColumnType, Object
from ostiary.records._import_errors import ImportRefused
from ostiary.records._import_mapping import ColumnSource, Missing
from ostiary.records._import_values import BadValue

Json = dict[str, Any]


class Door(Protocol):
    """The calls of `records` that an import makes, each deciding for the importing user."""

    def rights(self, ctx: Context, code: str) -> tuple[Object, frozenset[Verb], frozenset[str]]:
        """The object with the user's verbs and the columns to write. Raises NotFound, AccessDenied."""

    def find(
        self, ctx: Context, code: str, columns: Sequence[str], wanted: Mapping[str, Collection[Any]]
    ) -> list[Json]:
        """Every readable record whose columns each have one of the wanted values."""

    def named(self, ctx: Context, code: str, column: str, names: Collection[str]) -> list[Json]:
        """Every readable record whose text column has one of the names in any case, and perhaps more."""

    def alike(self, ctx: Context, code: str, rows: Sequence[Json]) -> list[list[tuple[str, str]]]:
        """For each row (id, name) of the readable records that it looks like."""

    def create(self, ctx: Context, code: str, values: Json) -> str:
        """The id of the new record."""

    def create_many(self, ctx: Context, code: str, rows: Sequence[Json]) -> list[str | OstiaryError]:
        """For each row the id of its new record, or why there is none."""

    def update_many(
        self, ctx: Context, code: str, rows: Sequence[tuple[str, Json, int]]
    ) -> list[int | OstiaryError]:
        """For each (id, values, version) the version afterwards, or why it was refused."""

    def people(self, ctx: Context, match: str, texts: Collection[str]) -> list[tuple[str, str]]:
        """(id, name or login) of every active person whose name or login is one of the texts, in any case."""


def fold(text: str) -> str:
    """How names are compared: trimmed, inner space as one, without regard to case."""
    return " ".join(text.split()).casefold()


class Lookups:
    """Names of lookup values and people to ids: asked for by chunk, kept for the run."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._known: dict[tuple[str, str], dict[str, list[str]]] = {}
        self._objects: dict[str, Object] = {}
        self.made: list[tuple[str, str]] = []  # (object, id) of values that were created

    @property
    def known(self) -> int:
        """How many names are kept."""
        return sum(map(len, self._known.values()))

    def match_column(self, ctx: Context, column: Column, spec: ColumnSource) -> str:
        """The target's column that names its records. Raises ImportRefused: there is no such column."""
        if column.type is ColumnType.OWNER:
            if spec.match not in (None, "name", "login"):
                raise ImportRefused(
                    f"{spec.target}: an owner is matched by name or login, not {spec.match!r}"
                )
            return spec.match or "name"
        target = self._target(ctx, column)
        match = spec.match or target.display
        if match not in target.columns or target.columns[match].type not in TEXT_SORTED:
            raise ImportRefused(f"{spec.target}: {target.code} has no text column {match!r} to match by")
        if spec.missing is Missing.CREATE and match != target.display:
            raise ImportRefused(
                f"{spec.target}: values are created by their display column {target.display} alone"
            )
        return match

    def load(self, ctx: Context, column: Column, spec: ColumnSource, texts: Collection[str]) -> None:
        """Make `texts` known, as far as they are there; create those that the mapping permits to create."""
        place = self._place(ctx, column, spec)
        known = self._known.setdefault(place, {})
        unknown = {fold(text): text for text in texts if fold(text) not in known}
        if not unknown:
            return
        if column.type is ColumnType.OWNER:
            for person, name in self._door.people(ctx, place[1], list(unknown.values())):
                known.setdefault(fold(name), []).append(person)
            return
        target, match = place
        for record in self._door.named(ctx, target, match, list(unknown.values())):
            folded = fold(str(record.get(match) or ""))
            if folded in unknown:
                ids = known.setdefault(folded, [])
                if record["id"] not in ids:
                    ids.append(record["id"])
        if spec.missing is Missing.CREATE:
            self._create(ctx, target, match, {f: t for f, t in unknown.items() if f not in known})

    def resolve(self, ctx: Context, column: Column, spec: ColumnSource, text: str) -> str | None:
        """The id that `text` names; None: nothing has this name. Raises BadValue: several have it."""
        ids = self._known.get(self._place(ctx, column, spec), {}).get(fold(text), [])
        if len(ids) > 1:
            raise BadValue(f"{len(ids)} of them are called {text!r}")
        return ids[0] if ids else None

    def _create(self, ctx: Context, code: str, match: str, missing: Mapping[str, str]) -> None:
        for folded, text in missing.items():
            try:
                with ctx.db.savepoint():
                    made = self._door.create(ctx, code, {match: text})
            except (Invalid, AccessDenied):
                continue  # the rows that need it are refused by name
            self._known[code, match][folded] = [made]
            self.made.append((code, made))

    def _place(self, ctx: Context, column: Column, spec: ColumnSource) -> tuple[str, str]:
        return (column.target or "owner", self.match_column(ctx, column, spec))

    def _target(self, ctx: Context, column: Column) -> Object:
        code = column.target or ""
        if code not in self._objects:
            try:
                self._objects[code] = self._door.rights(ctx, code)[0]
            except (NotFound, AccessDenied) as problem:
                raise ImportRefused(f"{column.code}: its values in {code!r} are not readable") from problem
        return self._objects[code]

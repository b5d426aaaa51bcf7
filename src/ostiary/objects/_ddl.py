"""Steps of a DDL plan: typed, printable, and text only from validated identifiers (`_names.quote`).

`@.` stands for the tenant's schema, as in every statement of the product.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ostiary.kernel.words import digits_of, host_of, words_of
from ostiary.objects._declared import AUTO_NUMBER
from ostiary.objects._model import TEXT_SORTED, Column, ColumnType, Object
from ostiary.objects._names import database_name, quote
from ostiary.objects._words import is_searched

_STORED = {
    ColumnType.TEXT: "text",
    ColumnType.LONG_TEXT: "text",
    ColumnType.INTEGER: "bigint",
    ColumnType.BOOLEAN: "boolean not null default false",
    ColumnType.DATE: "date",
    ColumnType.INSTANT: "timestamptz",
    ColumnType.EMAIL: "text",
    ColumnType.PHONE: "text",
    ColumnType.URL: "text",
    ColumnType.CHOICE: 'text collate "C"',
    ColumnType.LOOKUP: "uuid",
}
_SYSTEM = (
    "id uuid not null",
    "version integer not null default 1",
    "author_id uuid not null",
    "owner_id uuid",
    "label_id integer not null",
    "created_at timestamptz not null default now()",
    "modified_at timestamptz not null default now()",
    "modified_by uuid not null",
    "last_event_id uuid",
    "state_salt bytea",
    "state_hash bytea",
)


# What duplicates are found by has an index: digits of telephone numbers, hosts of addresses (ADR 0043).
_KEYS = {"digits": digits_of, "host": host_of}
_COMPARED = {ColumnType.PHONE: "digits", ColumnType.URL: "host"}


class Step(Protocol):
    """One statement of a plan."""

    def sql(self) -> str:
        """The statement."""

    def describe(self) -> str:
        """What it does, in a line, for a dry run."""


def sequence_of(table: str, column: str) -> str:
    """Name of the sequence that numbers an auto-number column."""
    return database_name(table, column, "seq")


def stored_column(column: Column) -> str:
    """The database column of a declared one: its name; the owner lies in `owner_id`."""
    return "owner_id" if column.type is ColumnType.OWNER else column.name


def _definitions(made: Object, column: Column, *, filled: bool) -> Iterator[str]:
    """`name type` of a column, and of its sort key if it has one.

    filled: whether each record has a value from the start. A column that comes later is empty in the records
    that were there: writing a value into them would rewrite the table, past their versions and state hashes.
    """
    name = quote(column.name)
    if not filled and column.type is ColumnType.BOOLEAN:
        yield f"{name} boolean"
    elif not filled and column.type is ColumnType.AUTO_NUMBER:
        yield f'{name} text collate "C"'
    elif column.type in {ColumnType.DECIMAL, ColumnType.MONEY}:
        yield f"{name} numeric(18, {column.scale:d})"
    elif column.type is ColumnType.AUTO_NUMBER:
        yield f'{name} text collate "C" not null default {_next_number(made, column)}'
    elif column.type is not ColumnType.OWNER:
        yield f"{name} {_STORED[column.type]}"
    if column.type in TEXT_SORTED:
        yield f"{quote(column.sort_column)} text collate \"C\" not null default ''"


def _next_number(made: Object, column: Column) -> str:
    """An expression for the next number. to_char pads and, unlike lpad, never cuts a longer one."""
    found = AUTO_NUMBER.fullmatch(column.pattern)
    if found is None:
        raise ValueError(f"{made.code}.{column.code}: pattern {column.pattern!r}")
    digits = int(found["digits"])
    sequence, shape = sequence_of(made.table, column.name), "9" * (18 - digits) + "0" * digits
    return f"'{found['before']}' || to_char(nextval('@.{sequence}'), 'FM{shape}') || '{found['after']}'"


@dataclass(frozen=True, slots=True)
class CreateSequence:
    table: str
    column: str

    def sql(self) -> str:
        return f"create sequence @.{quote(sequence_of(self.table, self.column))} as bigint"

    def describe(self) -> str:
        return f"number {self.table}.{self.column} by a sequence"


@dataclass(frozen=True, slots=True)
class CreateTable:
    made: Object

    def sql(self) -> str:
        own = [part for c in self.made.columns.values() for part in _definitions(self.made, c, filled=True)]
        system = [s for s in _SYSTEM if self.made.has_owner or not s.startswith("owner_id ")]
        # the order by name lies in the key's index too: shared records are found by id, often without the row
        named = quote(self.made.columns[self.made.display].sort_column)
        key = f"primary key (id) include ({named})"
        return f"create table @.{quote(self.made.table)} (\n  {f',{chr(10)}  '.join([*system, *own, key])}\n)"

    def describe(self) -> str:
        return f"create table {self.made.table} with {len(self.made.columns)} columns"


@dataclass(frozen=True, slots=True)
class AddColumn:
    made: Object
    column: Column

    def sql(self) -> str:
        parts = ", ".join(f"add column {part}" for part in _definitions(self.made, self.column, filled=False))
        return f"alter table @.{quote(self.made.table)} {parts}"

    def describe(self) -> str:
        return f"add column {self.made.table}.{self.column.name} ({self.column.type})"


@dataclass(frozen=True, slots=True)
class AddReference:
    """examined: look whether every row fits. Needless, and long, for a column that is empty everywhere."""

    table: str
    column: str
    target: str
    examined: bool = True

    def sql(self) -> str:
        name = quote(database_name(self.table, self.column, "fkey"))
        return (
            f"alter table @.{quote(self.table)} add constraint {name} "
            f"foreign key ({quote(self.column)}) references @.{quote(self.target)} (id)"
            f"{'' if self.examined else ' not valid'}"
        )

    def describe(self) -> str:
        return f"let {self.table}.{self.column} refer to {self.target}"


@dataclass(frozen=True, slots=True)
class CreateIndex:
    """words: of the words of one text column. key: of what it is compared by, digits or host."""

    table: str
    columns: tuple[str, ...]
    include: tuple[str, ...] = ()
    unique: bool = False
    words: bool = False
    key: str = ""

    @property
    def name(self) -> str:
        """Name of the index."""
        kind = self.key or ("words" if self.words else "key" if self.unique else "idx")
        return database_name(self.table, *self.columns, kind)

    def sql(self, *, beside: bool = False) -> str:
        """The statement. beside: without keeping writers off; then it runs outside a transaction."""
        listed = ", ".join(quote(c) for c in self.columns)
        keys = f"using gin ({words_of(listed)})" if self.words else f"({_KEYS.get(self.key, str)(listed)})"
        extra = f" include ({', '.join(quote(c) for c in self.include)})" if self.include else ""
        kind = f"{'unique ' * self.unique}index {'concurrently ' * beside}"
        return f"create {kind}{quote(self.name)} on @.{quote(self.table)} {keys}{extra}"

    def describe(self) -> str:
        kind = f"{'unique ' * self.unique}{'words ' * self.words}{self.key}{' ' * bool(self.key)}index"
        return f"{kind} {self.table} ({', '.join(self.columns)})"


@dataclass(frozen=True, slots=True)
class DropStored:
    """The end of something purged. The name is one that the catalogue had."""

    kind: str  # table | sequence | column
    table: str
    name: str = ""

    def sql(self) -> str:
        if self.kind == "column":
            return f"alter table @.{quote(self.table)} drop column if exists {quote(self.name)}"
        return f"drop {self.kind} if exists @.{quote(self.name or self.table)}"

    def describe(self) -> str:
        return f"remove {self.kind} {self.table}{'.' * bool(self.name)}{self.name} for good"


@dataclass(frozen=True, slots=True)
class DropIndex:
    """Outside a transaction: neither readers nor writers wait."""

    name: str

    def sql(self) -> str:
        return f"drop index concurrently if exists @.{quote(self.name)}"

    def describe(self) -> str:
        return f"remove index {self.name}"


@dataclass(frozen=True, slots=True)
class Grant:
    """What the tenant's role may do: rows, never the table itself."""

    kind: str  # table | sequence
    name: str
    role: str

    def sql(self) -> str:
        may = "usage" if self.kind == "sequence" else "select, insert, update, delete"
        return f"grant {may} on {self.kind} @.{quote(self.name)} to {quote(self.role)}"

    def describe(self) -> str:
        return f"let the tenant's role use {self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class CommentColumn:
    """The data policy where a database administrator sees it."""

    made: Object
    column: Column

    def sql(self) -> str:
        c = self.column
        kept = f"{c.retention.months:d} months after {c.retention.after} then {c.retention.then}"
        policy = f"{c.data_class.name.lower()}; {c.personal_data}; {kept}; {' '.join(c.tags)}"
        if "'" in policy or "\\" in policy:
            raise ValueError(f"{self.made.code}.{c.code}: a quote in its policy")
        name = quote(stored_column(c))
        return f"comment on column @.{quote(self.made.table)}.{name} is '{policy}'"

    def describe(self) -> str:
        return f"note the data policy of {self.made.table}.{self.column.name}"


def steps_for_objects(made: Sequence[Object], role: str, tables: Mapping[str, str]) -> Iterator[Step]:
    """Tables of new objects; references come last, since objects refer to each other in circles.

    tables: table of each object that was there, by code.
    """
    tables = {**tables, **{o.code: o.table for o in made}}
    for o in made:
        for column in _numbered(o):
            yield CreateSequence(o.table, column.name)
        yield CreateTable(o)
    for o in made:
        yield from _references(o, list(o.columns.values()), tables)
    for o in made:
        yield from indexes_of(o)
    for o in made:
        yield Grant("table", o.table, role)
        for column in _numbered(o):
            yield Grant("sequence", sequence_of(o.table, column.name), role)
        for column in o.columns.values():
            yield CommentColumn(o, column)


def steps_for_column(
    made: Object, column: Column, role: str, tables: Mapping[str, str], *, indexes: bool = True
) -> Iterator[Step]:
    """A new column of an object that has its table. indexes: build them in the same transaction."""
    if column.type is ColumnType.AUTO_NUMBER:
        yield CreateSequence(made.table, column.name)
        yield Grant("sequence", sequence_of(made.table, column.name), role)
    yield AddColumn(made, column)
    yield from _references(made, [column], tables, examined=False)
    if indexes:
        yield from column_indexes(made, column)
    yield CommentColumn(made, column)


def _numbered(made: Object) -> list[Column]:
    return [c for c in made.columns.values() if c.type is ColumnType.AUTO_NUMBER]


def _references(
    made: Object, columns: list[Column], tables: Mapping[str, str], *, examined: bool = True
) -> Iterator[Step]:
    for column in columns:
        if column.type is ColumnType.OWNER:
            yield AddReference(made.table, "owner_id", "identity_unit")
        elif column.target is not None:
            target = tables.get(column.target, f"rec_{column.target}")
            yield AddReference(made.table, column.name, target, examined=examined)


def column_indexes(made: Object, column: Column) -> Iterator[CreateIndex]:
    """Indexes that a column brings by what it is."""
    if column.target is not None and (made.is_lookup or column.name != made.master):
        yield CreateIndex(made.table, (column.name,))
    if column.unique or column.type is ColumnType.AUTO_NUMBER:
        yield CreateIndex(made.table, (column.name,), unique=True)
    if column.unique and column.type in TEXT_SORTED and column.code != made.display:
        # filters compare the folded key: an import looks its keys up by it
        yield CreateIndex(made.table, (column.sort_column, "id"))
    if column.indexed:
        yield sort_index(made, column)
    if not made.is_lookup and column.type in _COMPARED:
        yield CreateIndex(made.table, (column.sort_column,), key=_COMPARED[column.type])
    if not made.is_lookup and is_searched(made, column):
        yield CreateIndex(made.table, (column.sort_column,), words=True)


def sort_index(made: Object, column: Column) -> CreateIndex:
    """The index that serves sorting and filtering by a column; rights are decided without the row."""
    return CreateIndex(made.table, (column.sort_column, "id"), include=() if made.is_lookup else _who(made))


def _who(made: Object) -> tuple[str, ...]:
    """Columns by which a leg of layer 3 leads to rows, or decides about a row that is walked over."""
    own = ("label_id", "author_id", "owner_id") if made.has_owner else ("label_id", "author_id")
    return own if made.master_column is None else (*own, made.master_column.name)


def indexes_of(made: Object) -> Iterator[CreateIndex]:
    """Both plan shapes (sort order first, visible set first), an index for each leg: architecture 3."""
    named = made.columns[made.display].sort_column
    indexes: dict[str, CreateIndex] = {}
    if made.is_lookup:  # few rows, layer 3 off: only the order by name is worth an index
        found = [CreateIndex(made.table, (named, "id"))]
    else:
        who = _who(made)
        found = [CreateIndex(made.table, (named, "id"), include=who)]
        for leg in who:
            found.append(
                CreateIndex(made.table, (leg, named, "id"), include=tuple(w for w in who if w != leg))
            )
        for key in made.layout.default_sort:
            name = made.column(key.removeprefix("-")).sort_column
            found.append(CreateIndex(made.table, (name, "id"), include=who))
    for column in made.columns.values():
        found += column_indexes(made, column)
    for index in found:
        indexes.setdefault(index.name, index)
    yield from indexes.values()

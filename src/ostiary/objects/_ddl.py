"""Steps of a DDL plan: typed, printable, and text only from validated identifiers (`_names.quote`).

`@.` stands for the tenant's schema, as in every statement of the product.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from ostiary.objects._declared import AUTO_NUMBER
from ostiary.objects._model import TEXT_SORTED, Column, ColumnType, Object
from ostiary.objects._names import database_name, quote

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
    return "owner_id" if column.type is ColumnType.OWNER else column.code


def _definitions(made: Object, column: Column) -> Iterator[str]:
    """`name type` of a column, and of its sort key if it has one."""
    name = quote(column.code)
    if column.type in {ColumnType.DECIMAL, ColumnType.MONEY}:
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
    sequence, shape = sequence_of(made.table, column.code), "9" * (18 - digits) + "0" * digits
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
        own = [part for c in self.made.columns.values() for part in _definitions(self.made, c)]
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
        parts = ", ".join(f"add column {part}" for part in _definitions(self.made, self.column))
        return f"alter table @.{quote(self.made.table)} {parts}"

    def describe(self) -> str:
        return f"add column {self.made.table}.{self.column.code} ({self.column.type})"


@dataclass(frozen=True, slots=True)
class AddReference:
    table: str
    column: str
    target: str

    def sql(self) -> str:
        name = quote(database_name(self.table, self.column, "fkey"))
        return (
            f"alter table @.{quote(self.table)} add constraint {name} "
            f"foreign key ({quote(self.column)}) references @.{quote(self.target)} (id)"
        )

    def describe(self) -> str:
        return f"let {self.table}.{self.column} refer to {self.target}"


@dataclass(frozen=True, slots=True)
class CreateIndex:
    table: str
    columns: tuple[str, ...]
    include: tuple[str, ...] = ()
    unique: bool = False

    def sql(self) -> str:
        name = database_name(self.table, *self.columns, "key" if self.unique else "idx")
        listed = ", ".join(quote(c) for c in self.columns)
        extra = f" include ({', '.join(quote(c) for c in self.include)})" if self.include else ""
        return (
            f"create {'unique ' * self.unique}index {quote(name)} on @.{quote(self.table)} ({listed}){extra}"
        )

    def describe(self) -> str:
        return f"{'unique ' * self.unique}index {self.table} ({', '.join(self.columns)})"


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
        return f"note the data policy of {self.made.table}.{self.column.code}"


def steps_for_objects(made: list[Object], role: str) -> Iterator[Step]:
    """Tables of new objects; references come last, since objects refer to each other in circles."""
    for o in made:
        for column in _numbered(o):
            yield CreateSequence(o.table, column.code)
        yield CreateTable(o)
    for o in made:
        yield from _references(o, list(o.columns.values()))
    for o in made:
        yield from _indexes(o)
    for o in made:
        yield Grant("table", o.table, role)
        for column in _numbered(o):
            yield Grant("sequence", sequence_of(o.table, column.code), role)
        for column in o.columns.values():
            yield CommentColumn(o, column)


def steps_for_column(made: Object, column: Column, role: str) -> Iterator[Step]:
    """A new column of an object that has its table."""
    if column.type is ColumnType.AUTO_NUMBER:
        yield CreateSequence(made.table, column.code)
        yield Grant("sequence", sequence_of(made.table, column.code), role)
    yield AddColumn(made, column)
    yield from _references(made, [column])
    yield from _column_indexes(made, column)
    yield CommentColumn(made, column)


def _numbered(made: Object) -> list[Column]:
    return [c for c in made.columns.values() if c.type is ColumnType.AUTO_NUMBER]


def _references(made: Object, columns: list[Column]) -> Iterator[Step]:
    for column in columns:
        if column.type is ColumnType.OWNER:
            yield AddReference(made.table, "owner_id", "identity_unit")
        elif column.target is not None:
            yield AddReference(made.table, column.code, f"rec_{column.target}")


def _column_indexes(made: Object, column: Column) -> Iterator[Step]:
    if column.target is not None:
        yield CreateIndex(made.table, (column.code,))
    if column.unique or column.type is ColumnType.AUTO_NUMBER:
        yield CreateIndex(made.table, (column.code,), unique=True)
    if column.unique and column.type in TEXT_SORTED and column.code != made.display:
        # filters compare the folded key: an import looks its keys up by it
        yield CreateIndex(made.table, (column.sort_column, "id"))


def _indexes(made: Object) -> Iterator[Step]:
    """Both plan shapes (sort order first, visible set first), an index for each leg: architecture 3."""
    named = made.columns[made.display].sort_column
    if made.is_lookup:  # few rows, layer 3 off: only the order by name is worth an index
        yield CreateIndex(made.table, (named, "id"))
    else:
        who = ("label_id", "author_id", "owner_id") if made.has_owner else ("label_id", "author_id")
        yield CreateIndex(made.table, (named, "id"), include=who)
        for leg in who:
            yield CreateIndex(made.table, (leg, named, "id"), include=tuple(w for w in who if w != leg))
        for key in made.layout.default_sort:
            name = made.column(key.removeprefix("-")).sort_column
            if name != named:
                yield CreateIndex(made.table, (name, "id"), include=who)
    for column in made.columns.values():
        yield from _column_indexes(made, column)

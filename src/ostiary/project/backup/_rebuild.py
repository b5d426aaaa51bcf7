"""A schema from its description: what must be there before the rows, and what comes after them.

Names are quoted here; expressions and definitions are texts that PostgreSQL deparsed into the file. They
run as the owner role, one statement a message, with the new schema as the whole search path.
"""

from collections.abc import Iterator, Mapping

import psycopg
from psycopg import sql

from ostiary.project.backup._describe import TENANT_ROLE, Column, Grant, Row, Sequence, Structure, Table
from ostiary.project.backup._errors import BackupRefused

Piece = sql.SQL | sql.Composed
_STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
_WORDS = frozenset(
    {
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
        "TRUNCATE",
        "REFERENCES",
        "TRIGGER",
        "USAGE",
        "CREATE",
        "EXECUTE",
    }
    | {"MAINTAIN"}
)
_IDENTITY = {"a": "ALWAYS", "d": "BY DEFAULT"}


def run(connection: psycopg.Connection[Row], statement: Piece) -> None:
    """One statement; the server takes it as one, whatever stands in it."""
    psycopg.RawCursor(connection).execute(statement, (), binary=True)


def text(value: str) -> sql.SQL:
    """A text of the file as SQL."""
    return sql.SQL(value)  # deparsed by PostgreSQL, authenticated with the file


def before_rows(made: Structure) -> Iterator[Piece]:
    """Types, sequences, tables without constraints, functions. Partitions come after their parents."""
    for name, labels in made.enums:
        values = sql.SQL(", ").join(map(sql.Literal, labels))
        yield sql.SQL("CREATE TYPE {} AS ENUM ({})").format(sql.Identifier(name), values)
    for sequence in made.sequences:
        if not sequence.identity:
            yield _create_sequence(sequence)
    identities = {(s.table, s.column): s for s in made.sequences if s.identity}
    for name, definition in made.functions:
        del name  # it stands in the definition
        yield text(definition)
    for table in made.tables:
        if table.parent is None:
            yield _create_table(table, identities)
    for table in _parents_first(made.tables):
        yield _create_partition(table)
    yield from _details(made)


def _details(made: Structure) -> Iterator[Piece]:
    for table in made.tables:
        for column in table.columns:
            yield from _settle_column(table, column)
    for sequence in made.sequences:
        if sequence.table is not None and sequence.column is not None and not sequence.identity:
            yield sql.SQL("ALTER SEQUENCE {} OWNED BY {}").format(
                sql.Identifier(sequence.name), sql.Identifier(sequence.table, sequence.column)
            )


def after_rows(made: Structure) -> Iterator[Piece]:
    """Keys, checks, indexes, references, views, triggers."""
    keys = [k for k in made.constraints if not k[2].startswith("FOREIGN KEY")]
    references = [k for k in made.constraints if k[2].startswith("FOREIGN KEY")]
    for table, name, definition in keys:
        yield _add_constraint(table, name, definition)
    for _table, _name, definition in made.indexes:
        yield text(definition)
    for table, name, definition in references:
        yield _add_constraint(table, name, definition)
    for name, definition in made.views:
        yield sql.SQL("CREATE VIEW {} AS {}").format(sql.Identifier(name), text(definition))
    for _table, _name, definition in made.triggers:
        yield text(definition)


def permissions(made: Structure, roles: Mapping[str, str]) -> Iterator[Piece]:
    """Grants. `roles`: the role here for a name in the file. Raises BackupRefused: an unknown one."""
    for signature in made.closed:
        yield sql.SQL("REVOKE ALL ON FUNCTION {} FROM PUBLIC").format(text(signature))
    for grant in made.grants:
        yield _grant(grant, roles)


def _grant(grant: Grant, roles: Mapping[str, str]) -> Piece:
    if grant.privilege not in _WORDS:
        raise BackupRefused(f"the privilege {grant.privilege!r} is not known")
    if grant.role is None:
        who: sql.Composable = sql.SQL("PUBLIC")
    elif grant.role in roles:
        who = sql.Identifier(roles[grant.role])
    else:
        raise BackupRefused(f"the database has no role {grant.role}: prepare it first")
    thing = text(grant.name) if grant.kind == "function" else sql.Identifier(grant.name)
    listed = sql.SQL(" ({})").format(sql.Identifier(grant.column)) if grant.column else sql.SQL("")
    kind = {"function": "FUNCTION", "sequence": "SEQUENCE"}.get(grant.kind, "TABLE")
    return sql.SQL("GRANT {}{} ON {} {} TO {}").format(text(grant.privilege), listed, text(kind), thing, who)


def role_names(tenant_role: str, known: list[str]) -> dict[str, str]:
    """What names of roles in a file mean here."""
    return {name: name for name in known} | {TENANT_ROLE: tenant_role}


def _create_sequence(sequence: Sequence) -> Piece:
    return sql.SQL("CREATE SEQUENCE {} AS {} {}").format(
        sql.Identifier(sequence.name), text(sequence.type), _sequence_options(sequence)
    )


def _sequence_options(s: Sequence) -> Piece:
    return sql.SQL("START {} INCREMENT {} MINVALUE {} MAXVALUE {} CACHE {} {}").format(
        sql.Literal(s.start),
        sql.Literal(s.increment),
        sql.Literal(s.minimum),
        sql.Literal(s.maximum),
        sql.Literal(s.cache),
        sql.SQL("CYCLE" if s.cycle else "NO CYCLE"),
    )


def _create_table(table: Table, identities: Mapping[tuple[str | None, str | None], Sequence]) -> Piece:
    columns = sql.SQL(", ").join(_column(c, identities.get((table.name, c.name))) for c in table.columns)
    key = sql.SQL(" PARTITION BY {}").format(text(table.key)) if table.key else sql.SQL("")
    return sql.SQL("CREATE TABLE {} ({}){}{}").format(
        sql.Identifier(table.name), columns, key, _options(table)
    )


def _create_partition(table: Table) -> Piece:
    key = sql.SQL(" PARTITION BY {}").format(text(table.key)) if table.key else sql.SQL("")
    return sql.SQL("CREATE TABLE {} PARTITION OF {} {}{}{}").format(
        sql.Identifier(table.name),
        sql.Identifier(table.parent or ""),
        text(table.bound or ""),
        key,
        _options(table),
    )


def _options(table: Table) -> Piece:
    if not table.options:
        return sql.SQL("")
    pairs = (option.partition("=") for option in table.options)
    listed = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(value)) for name, _, value in pairs
    )
    return sql.SQL(" WITH ({})").format(listed)


def _column(column: Column, sequence: Sequence | None) -> Piece:
    parts: list[sql.Composable] = [sql.Identifier(column.name), text(column.type)]
    if column.collation is not None:
        parts.append(sql.SQL("COLLATE {}").format(text(column.collation)))
    if column.generated:
        parts.append(sql.SQL("GENERATED ALWAYS AS ({}) STORED").format(text(column.default or "")))
    elif column.identity:
        if sequence is None:
            raise BackupRefused(f"the sequence of column {column.name} is missing")
        parts.append(
            sql.SQL("GENERATED {} AS IDENTITY (SEQUENCE NAME {} {})").format(
                sql.SQL(_IDENTITY[column.identity]),
                sql.Identifier(sequence.name),
                _sequence_options(sequence),
            )
        )
    elif column.default is not None:
        parts.append(sql.SQL("DEFAULT {}").format(text(column.default)))
    if column.not_null:
        parts.append(sql.SQL("NOT NULL"))
    return sql.SQL(" ").join(parts)


def _settle_column(table: Table, column: Column) -> Iterator[Piece]:
    if column.storage is not None:
        yield sql.SQL("ALTER TABLE {} ALTER COLUMN {} SET STORAGE {}").format(
            sql.Identifier(table.name), sql.Identifier(column.name), sql.SQL(_STORAGE[column.storage])
        )
    if column.comment is not None:
        yield sql.SQL("COMMENT ON COLUMN {} IS {}").format(
            sql.Identifier(table.name, column.name), sql.Literal(column.comment)
        )


def _add_constraint(table: str, name: str, definition: str) -> Piece:
    return sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(
        sql.Identifier(table), sql.Identifier(name), text(definition)
    )


def _parents_first(tables: list[Table]) -> list[Table]:
    made = {t.name for t in tables if t.parent is None}
    left = [t for t in tables if t.parent is not None]
    ordered: list[Table] = []
    while left:
        ready = [t for t in left if t.parent in made]
        if not ready:
            raise BackupRefused("a partition has no parent in the backup")
        ordered += ready
        made |= {t.name for t in ready}
        left = [t for t in left if t.name not in made]
    return ordered

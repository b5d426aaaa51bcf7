"""The structure of a schema, read from the catalogues.

Everything is deparsed by PostgreSQL while the schema is the whole search path, so names inside it come bare
and names outside it with their schema. Whoever rebuilds it sets the new schema as the search path: no text is
ever searched and replaced. What is not known here is refused by name and never left out.
"""

import re
from dataclasses import asdict, dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from ostiary.project.backup._errors import BackupRefused

TENANT_ROLE = "@tenant"  # stands for the tenant's own role; no role can be called so by our rules
Row = tuple[Any, ...]


@dataclass(slots=True)
class Column:
    """A column; `default` is an expression, `identity` is a, d or empty, `generated` s or empty."""

    name: str
    type: str
    not_null: bool
    default: str | None
    identity: str
    generated: str
    collation: str | None
    storage: str | None
    comment: str | None


@dataclass(slots=True)
class Table:
    """A table or a partition. `bound`: FOR VALUES ... of a partition; `key`: PARTITION BY ... of a parent."""

    name: str
    columns: list[Column]
    parent: str | None
    bound: str | None
    key: str | None
    options: list[str]
    comment: str | None

    @property
    def stored(self) -> list[str]:
        """The columns whose values are saved."""
        return [c.name for c in self.columns if not c.generated]


@dataclass(slots=True)
class Sequence:
    """A sequence. `table`, `column`: who owns it; `identity`: the column made it and makes it again."""

    name: str
    type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycle: bool
    table: str | None
    column: str | None
    identity: bool


@dataclass(slots=True)
class Grant:
    """A privilege on something inside the schema; who may enter the schema is decided where it is made."""

    kind: str  # table | sequence | function | column
    name: str
    column: str | None
    privilege: str
    role: str | None  # None: PUBLIC


@dataclass(slots=True)
class Structure:
    """All that a schema holds, but for the rows. `constraints`, `indexes`, ...: [table, name, definition]."""

    tables: list[Table] = field(default_factory=list)
    sequences: list[Sequence] = field(default_factory=list)
    enums: list[list[Any]] = field(default_factory=list)
    functions: list[list[str]] = field(default_factory=list)
    views: list[list[str]] = field(default_factory=list)
    constraints: list[list[str]] = field(default_factory=list)
    indexes: list[list[str]] = field(default_factory=list)
    triggers: list[list[str]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)  # functions that PUBLIC may not execute
    anchored: list[str] = field(default_factory=list)  # functions whose body names the schema itself
    grants: list[Grant] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> "Structure":
        """Back from plain values. Raises TypeError, KeyError: another shape."""
        made = cls(**said)
        made.tables = [Table(**{**t, "columns": [Column(**c) for c in t["columns"]]}) for t in said["tables"]]
        made.sequences = [Sequence(**s) for s in said["sequences"]]
        made.grants = [Grant(**g) for g in said["grants"]]
        return made

    def data_tables(self) -> list[Table]:
        """The tables that hold rows themselves, in a stable order."""
        return [t for t in self.tables if t.key is None]


_KNOWN_CLASSES = ("pg_class", "pg_type", "pg_proc", "pg_constraint")

_FOREIGN = """
select d.classid::regclass::text, count(*) from pg_depend d
where d.refclassid = 'pg_namespace'::regclass and d.refobjid = %(schema)s::oid
  and d.classid::regclass::text <> all (%(known)s)
group by 1 order by 1"""
_ODD_RELATIONS = """
select relkind::text || ' ' || relname from pg_class
where relnamespace = %(schema)s::oid and (relkind not in ('r', 'p', 'i', 'I', 'S', 'v', 't')
  or relrowsecurity or relpersistence <> 'p') order by 1"""
_ODD_TYPES = """
select typname from pg_type t where typnamespace = %(schema)s::oid and typtype <> 'e' and typelem = 0
  and not exists (select from pg_class c where c.oid = t.typrelid and c.relkind in ('r', 'p', 'v'))
order by 1"""
_ODD_FUNCTIONS = """
select proname from pg_proc where pronamespace = %(schema)s::oid and prokind not in ('f', 'p') order by 1"""

_TABLES = """
select c.oid, c.relname, p.relname, pg_get_expr(c.relpartbound, c.oid), pg_get_partkeydef(c.oid),
  coalesce(c.reloptions, '{}'), obj_description(c.oid, 'pg_class'), p.relnamespace = c.relnamespace
from pg_class c left join pg_inherits i on i.inhrelid = c.oid left join pg_class p on p.oid = i.inhparent
where c.relnamespace = %(schema)s::oid and c.relkind in ('r', 'p')
order by (c.relkind = 'p') desc, c.relname"""
_COLUMNS = """
select a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
  pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text,
  case when a.attcollation <> t.typcollation then
    (select quote_ident(n.nspname) || '.' || quote_ident(k.collname) from pg_collation k
      join pg_namespace n on n.oid = k.collnamespace where k.oid = a.attcollation) end,
  case when a.attstorage <> t.typstorage then a.attstorage::text end, col_description(a.attrelid, a.attnum)
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_type t on t.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where c.relnamespace = %(schema)s::oid and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum"""
_SEQUENCES = """
select c.relname, format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
  s.seqcycle, t.relname, a.attname, coalesce(d.deptype = 'i', false)
from pg_sequence s join pg_class c on c.oid = s.seqrelid
  left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid
    and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i')
  left join pg_class t on t.oid = d.refobjid
  left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
where c.relnamespace = %(schema)s::oid order by c.relname"""
_ENUMS = """
select t.typname, array_agg(e.enumlabel order by e.enumsortorder)
from pg_type t join pg_enum e on e.enumtypid = t.oid
where t.typnamespace = %(schema)s::oid group by t.typname order by t.typname"""
_FUNCTIONS = """
select p.proname, pg_get_functiondef(p.oid), pg_get_function_identity_arguments(p.oid), p.prosrc,
  p.prokind::text,
  p.proacl is not null and not exists (select from aclexplode(p.proacl) x where x.grantee = 0)
from pg_proc p where p.pronamespace = %(schema)s::oid order by p.oid"""
_VIEWS = """
select c.relname, pg_get_viewdef(c.oid) from pg_class c
where c.relnamespace = %(schema)s::oid and c.relkind = 'v' order by c.oid"""
_CONSTRAINTS = """
select c.relname, k.conname, pg_get_constraintdef(k.oid)
from pg_constraint k join pg_class c on c.oid = k.conrelid
where k.connamespace = %(schema)s::oid and k.contype in ('p', 'u', 'c', 'x', 'f') and k.conparentid = 0
  and k.coninhcount = 0
order by array_position(array['p', 'u', 'x', 'c', 'f']::"char"[], k.contype), c.relname, k.conname"""
_ODD_CONSTRAINTS = """
select conname from pg_constraint
where connamespace = %(schema)s::oid and contype not in ('p', 'u', 'c', 'x', 'f', 'n') and conparentid = 0"""
_INDEXES = """
select t.relname, i.relname, pg_get_indexdef(i.oid, 0, true)
from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
where t.relnamespace = %(schema)s::oid and t.relkind in ('r', 'p') and x.indisvalid
  and not exists (select from pg_constraint k where k.conindid = i.oid and k.contype in ('p', 'u', 'x'))
  and not exists (select from pg_inherits h where h.inhrelid = i.oid)
order by t.relname, i.relname"""
_TRIGGERS = """
select c.relname, g.tgname, pg_get_triggerdef(g.oid, true)
from pg_trigger g join pg_class c on c.oid = g.tgrelid
where c.relnamespace = %(schema)s::oid and not g.tgisinternal and g.tgparentid = 0 order by 1, 2"""
_GRANTS = """
select case c.relkind when 'S' then 'sequence' else 'table' end, c.relname, null, x.privilege_type, x.grantee,
  c.relowner
from pg_class c cross join lateral aclexplode(c.relacl) x
where c.relnamespace = %(schema)s::oid and c.relkind in ('r', 'p', 'v', 'S')
union all
select 'column', c.relname, a.attname, x.privilege_type, x.grantee, c.relowner
from pg_attribute a join pg_class c on c.oid = a.attrelid cross join lateral aclexplode(a.attacl) x
where c.relnamespace = %(schema)s::oid
union all
select 'function', quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')', null,
  x.privilege_type, x.grantee, p.proowner
from pg_proc p cross join lateral aclexplode(p.proacl) x where p.pronamespace = %(schema)s::oid
order by 1, 2, 3, 4"""


def describe(connection: psycopg.Connection[Row], schema: str, role: str | None) -> Structure:
    """The structure of `schema`, which must be the connection's whole search path.

    role: the role that grants name as the tenant's own.
    Raises: BackupRefused: no such schema, or it holds a kind of thing that is not known here.
    """
    found = connection.execute("select oid from pg_namespace where nspname = %s", (schema,)).fetchone()
    if found is None:
        raise BackupRefused(f"there is no schema {schema}")
    where = {"schema": found[0], "known": list(_KNOWN_CLASSES)}
    _refuse_what_is_unknown(connection, schema, where)

    def rows(query: str) -> list[Row]:
        return connection.execute(query, where).fetchall()

    made = Structure()
    made.tables = _tables(rows(_TABLES), rows(_COLUMNS))
    made.sequences = [Sequence(*row) for row in rows(_SEQUENCES)]
    made.enums = [list(row) for row in rows(_ENUMS)]
    made.views = [list(row) for row in rows(_VIEWS)]
    made.constraints = [list(row) for row in rows(_CONSTRAINTS)]
    made.indexes = [list(row) for row in rows(_INDEXES)]
    made.triggers = [list(row) for row in rows(_TRIGGERS)]
    if any(row[-1] is None for row in (*made.views, *made.constraints, *made.indexes, *made.triggers)):
        raise BackupRefused(f"somebody changes the structure of {schema} at this moment: try again")
    for name, definition, arguments, source, kind, closed in rows(_FUNCTIONS):
        made.functions.append(_function(schema, name, definition, kind))
        if re.search(rf"(?<![A-Za-z0-9_]){re.escape(schema)}(?![A-Za-z0-9_])", source):
            made.anchored.append(name)
        if closed:
            made.closed.append(f"{_ident(name)}({arguments})")
    made.grants = _grants(connection, rows(_GRANTS), role)
    return made


def _refuse_what_is_unknown(connection: psycopg.Connection[Row], schema: str, where: dict[str, Any]) -> None:
    odd = [f"{kind} ({count})" for kind, count in connection.execute(_FOREIGN, where).fetchall()]
    for query in (_ODD_RELATIONS, _ODD_TYPES, _ODD_FUNCTIONS, _ODD_CONSTRAINTS):
        odd += [str(row[0]) for row in connection.execute(query, where).fetchall()]
    if odd:
        raise BackupRefused(f"schema {schema} holds what a backup cannot carry: {', '.join(odd)}")


def _tables(tables: list[Row], columns: list[Row]) -> list[Table]:
    by_table: dict[int, list[Column]] = {}
    for row in columns:
        by_table.setdefault(row[0], []).append(Column(*row[1:]))
    made = []
    for oid, name, parent, bound, key, options, comment, at_home in tables:
        if parent is not None and (bound is None or not at_home):
            raise BackupRefused(f"table {name} inherits in a way that a backup cannot carry")
        made.append(Table(name, by_table.get(oid, []), parent, bound, key, options, comment))
    return made


def _ident(name: str) -> str:
    return sql.Identifier(name).as_string()


def _function(schema: str, name: str, definition: str, kind: str) -> list[str]:
    """Name and definition without the schema in front of the name, where PostgreSQL always writes it."""
    head = f"CREATE OR REPLACE {'PROCEDURE' if kind == 'p' else 'FUNCTION'} "
    for written in (f"{head}{schema}.", f"{head}{_ident(schema)}."):
        if definition.startswith(written):
            return [name, head + definition[len(written) :]]
    raise BackupRefused(f"function {name} begins in a way that is not known")


def _grants(connection: psycopg.Connection[Row], rows: list[Row], role: str | None) -> list[Grant]:
    names: dict[int, str] = dict(
        connection.execute("select oid, rolname from pg_roles where %s", (True,)).fetchall()
    )
    made = []
    for kind, name, column, privilege, grantee, owner in rows:
        if grantee == owner:
            continue
        who = None if grantee == 0 else names[grantee]
        made.append(Grant(kind, name, column, privilege, TENANT_ROLE if who == role else who))
    return made

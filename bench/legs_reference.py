"""The same rows in plain tables, and the best SQL known for each viewer, with the indexes that serve it."""

from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from bench import legs_world as world
from bench.invented import draw, make_words, numbered

SCHEMA = """
create table entry (id int primary key, name text, city text, zone_id int, author_id int, unit_id int);
create table guarded (id int primary key, name text, city text, author_id int, unit_id int);
create table line (id int primary key, name text, city text, account_id int, author_id int, unit_id int);
create table entry_share (viewer text, record_id int, primary key (viewer, record_id));
create table account_share (viewer text, account_id int, primary key (viewer, account_id));
create table deny (record_id int primary key);
"""
INDEXES = """
create index on entry (name, id);
create index on entry (zone_id, name, id);
create index on entry (unit_id, name, id);
create index on entry (author_id);
create index on guarded (name, id);
create index on guarded (unit_id, name, id);
create index on line (name, id);
create index on line (account_id, name, id);
vacuum analyze;
"""
OWN = {
    "entry": ("zone_id", draw(3, world.ZONES)),
    "guarded": ("", ""),
    "line": ("account_id", f"(n - 1) / {world.CHILDREN}"),
}


def load(dsn: str, size: int, per_unit: int) -> None:
    """Fill an empty database."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        make_words(connection)
        for statement in SCHEMA.strip().split(";")[:-1]:
            connection.execute(statement)
        for table, (column, value) in OWN.items():
            own, given = (f", {column}", f", {value}") if column else ("", "")
            author = draw(4, world.UNITS * per_unit)
            connection.execute(
                f"insert into {table} (id, name, city, author_id, unit_id{own})"
                f" select n, name, 'City ' || mod(n, 300), {author}, {author} / %(per)s::int{given}"
                f" from {numbered()}",
                {"first": 1, "last": size, "per": per_unit},
            )
        values = {
            "many": world.SHARED,
            "rows": size // world.CHILDREN,
            "every": world.DENIED_EVERY,
            "n": size,
        }
        for table, viewer in (("entry_share", "shared"), ("account_share", "under_master")):
            connection.execute(
                f"insert into {table} select '{viewer}', {world.shared('n', '%(rows)s::int')}"
                " from generate_series(1, %(many)s::int) n",
                values,
            )
        connection.execute(
            "insert into deny select generate_series(%(every)s::int, %(n)s::int, %(every)s::int)", values
        )
        for statement in INDEXES.strip().split(";")[:-1]:
            connection.execute(statement)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a viewer sees of a table, by hand: SQL about a row `c`, which an index by name serves."""

    table: str
    test: str


_DENIED = "not exists (select from deny d where d.record_id = c.id)"
_UNIT = Sight("entry", f"c.unit_id = {world.DELEGATED_UNIT}")
SIGHTS = {
    "scoped": Sight("entry", f"c.zone_id = {world.SCOPED_ZONE}"),
    "deputy": _UNIT,
    "head": _UNIT,
    "shared": Sight("entry", "c.id in (select s.record_id from entry_share s where s.viewer = 'shared')"),
    "under_master": Sight(
        "line", "c.account_id in (select s.account_id from account_share s where s.viewer = 'under_master')"
    ),
    "guarded_head": Sight("guarded", f"c.unit_id = {world.GUARDED_UNIT} and {_DENIED}"),
    "auditor": Sight("guarded", _DENIED),
    "any": Sight("entry", "true"),
}


class ByHand:
    """Prepared statements of one viewer."""

    def __init__(self, dsn: str, sight: Sight) -> None:
        self._connection = psycopg.connect(dsn, autocommit=True, prepare_threshold=0)
        self._sight = sight

    def page(self, text: str = "") -> list[str]:
        """Names of page 1."""
        like = "and c.name ilike %(like)s" if text else ""
        sql = (
            f"select c.* from {self._sight.table} c where {self._sight.test} {like}"
            " order by c.name, c.id limit 50"
        )
        return [str(r[1]) for r in self._rows(sql, text)]

    def count(self, text: str = "") -> int:
        """How many there are."""
        like = "and c.name ilike %(like)s" if text else ""
        sql = f"select count(*) from {self._sight.table} c where {self._sight.test} {like}"
        return int(self._rows(sql, text)[0][0])

    def numbers(self, test: str = "") -> list[int]:
        """Row numbers of some records seen, or of some that are not."""
        seen = self._sight.test if not test else f"not ({self._sight.test})"
        return [
            r[0] for r in self._rows(f"select c.id from {self._sight.table} c where {seen} limit 200", "")
        ]

    def read(self, pick: Callable[[], int]) -> object:
        """One record."""
        found = self._connection.execute(
            f"select c.* from {self._sight.table} c where c.id = %(id)s and {self._sight.test}",
            {"id": pick()},
        ).fetchone()
        if found is None:
            raise RuntimeError("a record seen before is not there")
        return found

    def _rows(self, sql: str, text: str) -> list[tuple[object, ...]]:
        return self._connection.execute(sql, {"like": f"%{text}%"}).fetchall()

"""The reference: plain tables and SQL as a careful engineer writes it for each viewer."""

from collections.abc import Sequence
from typing import Any

import psycopg

from bench.yardstick import Data

SCHEMA = """
create table role (id int primary key, name text, parent_id int, level int);
create table role_closure (id int primary key, ancestor_id int, descendant_id int);
create table app_user (id int primary key, login text, role_id int);
create table contact (id int primary key, name text, email text, phone text, mobile text, job_title text,
  account text, region text, city text, country text, status text, score int, owner_id int, role_id int,
  created_at timestamptz);
create table share (id int primary key, user_id int, contact_id int);
"""
INDEXES = """
create index if not exists closure_way on role_closure (ancestor_id, descendant_id);
create index if not exists contact_name on contact (name, id);
create index if not exists contact_role on contact (role_id);
create index if not exists contact_owner on contact (owner_id);
create index if not exists share_user on share (user_id, contact_id);
vacuum analyze;
"""
TABLES = ("role", "role_closure", "app_user", "contact", "share")


def load(dsn: str, data: Data) -> None:
    """Fill an empty database with the data set."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        make_tables(connection, data, TABLES)
        add_fifty(connection)
        connection.execute(
            "insert into share select 1000000 + n, 1000, 1 + (n * 1999) %% %(n)s"
            " from generate_series(1, 50) n",
            {"n": data.meta["n"]},
        )
        make_indexes(connection)


def make_tables(connection: psycopg.Connection, data: Data, filled: Sequence[str]) -> None:
    """The tables, some of them with their rows."""
    connection.execute(SCHEMA)
    for table in filled:
        text = (data.folder / f"{table}.csv").read_text()
        with connection.cursor().copy(f"copy {table} from stdin with (format csv)") as copy:
            copy.write(text)


def add_fifty(connection: psycopg.Connection) -> None:
    """The viewer of 50: a user in a role of its own, to have fifty shares and nothing else."""
    connection.execute("insert into role values (1000, 'leaf', 1, 2)")
    connection.execute("insert into role_closure values (9001, 1, 1000), (9002, 1000, 1000)")
    connection.execute("insert into app_user values (1000, 'fifty', 1000)")


def make_indexes(connection: psycopg.Connection) -> None:
    """Indexes and statistics."""
    for statement in INDEXES.strip().split(";"):
        if statement.strip():
            connection.execute(statement)


class Viewers:
    """Page 1 and count of the other viewers, each by the best plan known for it."""

    def __init__(self, raw: Any, tuned: Any) -> None:
        self._raw = raw
        self._tuned = tuned

    def everything(self) -> list[str]:
        """Page 1 of a viewer of everything: the sort index and nothing else."""
        rows = self._raw.q(
            f"select {self._raw.cols} from contact c where c.name ilike %(like)s"
            " order by c.name, c.id limit 50"
        )
        return [r[1] for r in rows]

    def everything_count(self) -> int:
        """How many match, for a viewer of everything."""
        return int(self._raw.q("select count(*) from contact c where c.name ilike %(like)s")[0][0])

    def fifty(self) -> list[str]:
        """Page 1 of the viewer of 50 records, without a filter: from the shares."""
        rows = self._raw.q(
            f"select {self._raw.cols} from contact c where c.id in"
            " (select s.contact_id from share s where s.user_id = 1000) order by c.name, c.id limit 50"
        )
        return [r[1] for r in rows]

    def nobody(self) -> list[str]:
        """Page 1 of the acting user with a filter that matches nothing: the visible set first."""
        before = self._tuned.like
        self._tuned.like = "%zzqx%"
        try:
            return [r[1] for r in self._tuned.page(0)]
        finally:
            self._tuned.like = before

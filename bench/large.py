"""The yardstick's world with more contacts than a program writes row by row: the database invents them.

Roles, users and rules are the yardstick's; contacts and shares follow the same distributions from other
draws, so answers are compared with SQL by hand and not with numbers known beforehand. Of the sort keys only
that of the name is filled. Rows go in by batches, each a transaction, and indexes come last: a run that was
ended goes on where it stopped.
"""

import shutil
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo

from bench import reference
from bench.bed import Installation
from bench.invented import draw, make_words, numbered, record_id_sql
from bench.tenant import PERSON, Loaded, Staff, copy_shares, vacuum
from bench.yardstick import Data
from ostiary.kernel.context import Channel, Context
from ostiary.objects import public as objects
from ostiary.objects._indexes import build_indexes
from ostiary.tenancy import public as tenancy

BATCH = 500_000
BYTES_A_ROW = 1_050  # both tables with all their indexes; measured at 300,000
SPARE_BYTES = 3 * 2**29  # write-ahead log, sorting
SHARES_A_USER = 500
PROBES = 200
ROW = f"""
 '+49 30 ' || 1000000 + {draw(11, 8_999_999)} as phone, '+49 17' || {draw(12, 89_999_999)} as mobile,
 (array['buyer','director','engineer','analyst','manager','founder','clerk','lawyer'])[1 + {draw(13, 8)}]
  as job_title,
 'Account ' || {draw(14, 200_000)} as account,
 (array['north','south','east','west','centre','islands','coast','inland'])[1 + {draw(15, 8)}] as region,
 'City ' || {draw(16, 300)} as city, 'C' || {draw(17, 14)} as country,
 (array['lead','prospect','customer','former'])[1 + {draw(18, 4)}] as status,
 {draw(19, 101)} as score, 1 + {draw(20, 200)} as owner,
 timestamptz '2020-01-01 00:00+00' + {draw(21, 6 * 365 * 86_400)} * interval '1 second' as made"""
ROWS = f"(select n, name, lower(replace(name, ' ', '.')) || '.' || n || '@example.test' as email, {ROW} from "
TEXTS = "name, email, phone, mobile, job_title, account, region, city, country, status, score"


def ensure_room(folder: Path, size: int) -> None:
    """Ends the run where the disk is too small for it."""
    needed, free = size * BYTES_A_ROW + SPARE_BYTES, shutil.disk_usage(folder).free
    print(f"disk: about {needed / 2**30:.1f} GiB needed, {free / 2**30:.1f} GiB free", flush=True)
    if needed > free:
        raise SystemExit("this disk is too small")


def load(place: Installation, staff: Staff, data: Data, size: int) -> Loaded:
    """Fill both databases up to `size` contacts."""
    with _superuser(conninfo.make_conninfo(place.cluster.admin_dsn, dbname="ostiary")) as connection:
        _fill_product(connection, staff, size)
    _index_product(staff)
    shares = _shares(data, size)
    with psycopg.connect(tenancy.owner_dsn(staff.tenant), autocommit=True) as connection:
        there = f"select 1 from {staff.tenant.schema}.access_share limit 1"
        if connection.execute(there).fetchone() is None:
            copy_shares(connection, staff, shares)
        vacuum(connection, staff.tenant.schema, "rec_person")
        _tell_size(connection, "product")
    with _superuser(place.reference) as connection:
        _fill_reference(connection, data, size, shares)
        _tell_size(connection, "by hand")
    return Loaded(staff.tenant, staff.keys)


def _superuser(dsn: str) -> psycopg.Connection:
    """What is referred to is known to be there: ten million look-ups say nothing new."""
    connection = psycopg.connect(dsn, autocommit=True)
    connection.execute("set session_replication_role = replica")
    connection.execute("set synchronous_commit = off")
    return connection


def _fill_product(connection: psycopg.Connection, staff: Staff, size: int) -> None:
    table = f"{staff.tenant.schema}.rec_person"
    row = connection.execute(f"select id from {table} order by id desc limit 1").fetchone()
    there = int(row[0].hex[-12:], 16) if row else 0
    if there >= size:
        return
    make_words(connection)
    connection.execute("create temporary table staff (number int primary key, id uuid, label int, role int)")
    numbers = [n for n in staff.people if n != "1000"]
    connection.execute(
        "insert into staff select * from unnest(%(n)s::int[], %(i)s::uuid[], %(l)s::int[], %(r)s::int[])",
        {
            "n": [int(n) for n in numbers],
            "i": [staff.people[n] for n in numbers],
            "l": [staff.labels[staff.people[n]] for n in numbers],
            "r": [staff.roles[n] for n in numbers],
        },
    )
    if there == 0:
        _drop_indexes(connection, staff.tenant.schema)
    _in_batches(
        connection,
        "product",
        f"insert into {table} (id, author_id, owner_id, label_id, created_at, modified_at, modified_by,"
        f" role_id, name__sort, {TEXTS}) select {record_id_sql(PERSON, 'n')}, s.id, s.id, s.label, made,"
        f" made, s.id, s.role, lower(name), {TEXTS} from {ROWS}{numbered()}) c"
        " join staff s on s.number = c.owner order by n",
        there,
        size,
    )


def _drop_indexes(connection: psycopg.Connection, schema: str) -> None:
    found = connection.execute(
        "select i.indexrelid::regclass::text from pg_index i"
        " where i.indrelid = to_regclass(%(t)s) and not i.indisprimary",
        {"t": f"{schema}.rec_person"},
    ).fetchall()
    for (name,) in found:
        connection.execute(f"drop index {name}")


def _in_batches(connection: psycopg.Connection, what: str, statement: str, there: int, size: int) -> None:
    started, first = time.monotonic(), there + 1
    while first <= size:
        last = min(size, first + BATCH - 1)
        connection.execute(statement, {"first": first, "last": last})
        rate = (last - there) / (time.monotonic() - started)
        print(f"{what}: {last:,} of {size:,} rows, {rate:,.0f} a second", flush=True)
        first = last + 1


def _index_product(staff: Staff) -> None:
    """What the object asks for, and no more, built as after a change of metadata."""
    with tenancy.transaction(staff.tenant) as db:
        made = objects.find_object(Context(staff.tenant.id, db, None, Channel.CLI), "person")
    started = time.monotonic()
    built = build_indexes(staff.tenant, made, lambda done, of: print(f"index {done} of {of}", flush=True))
    print(f"{len(built)} indexes in {time.monotonic() - started:.0f} s", flush=True)


def _shares(data: Data, size: int) -> list[tuple[str, int]]:
    users = [row[0] for row in data.rows("app_user")]
    found = {
        (user, 1 + (int(user) * 7919 + n * 104_729) % size) for user in users for n in range(SHARES_A_USER)
    }
    return [*sorted(found), *(("1000", 1 + (n * 1999) % size) for n in range(1, 51))]


def _fill_reference(
    connection: psycopg.Connection, data: Data, size: int, shares: list[tuple[str, int]]
) -> None:
    if connection.execute("select to_regclass('contact')").fetchone() == (None,):
        reference.make_tables(connection, data, ("role", "role_closure", "app_user"))
        reference.add_fifty(connection)
        with connection.cursor().copy("copy share from stdin") as copy:
            for number, (user, contact) in enumerate(shares, 1):
                copy.write_row([number, int(user), contact])
    row = connection.execute("select coalesce(max(id), 0) from contact").fetchone()
    there = int(row[0]) if row else 0
    if there < size:
        make_words(connection)
        listed = TEXTS.replace("score", "score, owner_id, role_id, created_at")
        _in_batches(
            connection,
            "by hand",
            f"insert into contact (id, {listed}) select n, {TEXTS}, c.owner, u.role_id, made"
            f" from {ROWS}{numbered()}) c join app_user u on u.id = c.owner order by n",
            there,
            size,
        )
    reference.make_indexes(connection)


def _tell_size(connection: psycopg.Connection, what: str) -> None:
    row = connection.execute("select pg_database_size(current_database())").fetchone()
    print(f"{what}: {row[0] / 2**30:.1f} GiB on disk" if row else "", flush=True)


def answers(meta: dict[str, Any], size: int, tuned: Any) -> dict[str, Any]:
    """The answers of the acting user by hand, and records to ask for."""
    visible = [r[0] for r in tuned.q(f"{tuned.V} select id from v order by hashint4(id) limit {PROBES}")]
    asked = [1 + (n * 104_729) % size for n in range(4 * PROBES)]
    seen = {
        r[0]
        for r in tuned.q(f"select c.id from contact c where c.id = any(%(ids)s) and {tuned.VIS}", ids=asked)
    }
    return {
        **meta,
        "n": size,
        "page1_names": [r[1] for r in tuned.page(0)],
        "page20_names": [r[1] for r in tuned.page(1000)],
        "matching": tuned.count(),
        "read_ids": visible,
        "denied_ids": [n for n in dict.fromkeys(asked) if n not in seen][:PROBES],
    }

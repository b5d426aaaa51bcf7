"""Makes src/ostiary/project/schema_template.sql: what the migrations make, as one script (`make schema`).

A scratch cluster is started, a schema is migrated, pg_dump of the wheel describes it. What depends on the
server's version is left out, and `@.` stands in place of the schema.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import django
import psycopg
from psycopg import conninfo

SCHEMA = "ostiary_schema_template"  # stands nowhere else, so that it can be replaced in the text
PREAMBLE = re.compile(r"^(SET \w+ = .*;|SELECT pg_catalog\.set_config\('search_path', .*;)$", re.MULTILINE)
COMMENTS = re.compile(
    r"^--( (Name|Data for Name|PostgreSQL database dump|Dumped|TOC entry)\b.*)?$", re.MULTILINE
)
OF_THE_DATABASE = re.compile(r"^(GRANT|REVOKE) .* ON (LANGUAGE|SCHEMA) .*;$", re.MULTILINE)
CLIENT_COMMANDS = re.compile(r"^\\.*$", re.MULTILINE)
# Partitions of months are made when the script is replayed, for the months that follow then.
MONTHS = "SELECT @.audit_extend_partitions(split_part('@.', '.', 1), 6);\n"


def main() -> int:
    """Write the script and say whether it changed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ostiary.project.settings")
    django.setup()
    from ostiary.project._database import database_scripts
    from ostiary.project._schema_template import TEMPLATE
    from ostiary.project._state import State
    from ostiary.project.embedded import Cluster
    from ostiary.tenancy import public as tenancy

    with (
        tempfile.TemporaryDirectory(prefix="ostiary-schema-") as folder,
        Cluster(State(Path(folder)), settings={"fsync": "off"}) as cluster,
    ):
        credentials = tenancy.prepare_database(
            cluster.admin_dsn,
            owner_password=SCHEMA,
            app_password=SCHEMA,
            name="scratch",
            extras=database_scripts(),
        )
        made = make_template(credentials)
    before = TEMPLATE.read_text() if TEMPLATE.exists() else ""
    TEMPLATE.write_text(made)
    print(f"{TEMPLATE.name}: {'as it was' if made == before else 'renewed'}, {len(made.splitlines())} lines")
    return 0


def make_template(credentials: Any) -> str:
    """Migrate a scratch schema in a prepared database as its owner, describe it, remove it."""
    from ostiary.project._migrations import migrate_schema
    from ostiary.project._schema_template import HEAD, fingerprint

    owner: str = credentials.owner
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"drop schema if exists {SCHEMA} cascade; create schema {SCHEMA}")
        try:
            migrate_schema(owner, SCHEMA)
            rows = connection.execute(
                f"select app, name from {SCHEMA}.django_migrations order by id"
            ).fetchall()
            text = tidy(dump(owner, months(connection)))
        finally:
            connection.execute(f"drop schema {SCHEMA} cascade")
    names = ",\n  ".join(f"('{app}', '{name}', now())" for app, name in rows)
    ran = f"INSERT INTO @.django_migrations (app, name, applied) VALUES\n  {names};\n"
    return f"{HEAD}{fingerprint()}\n-- Made by `make schema`; not to be edited.\n{text}{MONTHS}{ran}"


def months(connection: psycopg.Connection[Any]) -> list[str]:
    """Partitions that hold a stretch of time."""
    rows = connection.execute(
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = %s"
        " and c.relispartition and c.relkind = 'r'"
        " and pg_get_expr(c.relpartbound, c.oid) like 'FOR VALUES FROM%%'",
        (SCHEMA,),
    ).fetchall()
    return [row[0] for row in rows]


def dump(dsn: str, left_out: list[str]) -> str:
    """pg_dump's description of the scratch schema, with the rows that migrations put in."""
    from ostiary.project.embedded import wheel_programs

    parts = conninfo.conninfo_to_dict(dsn)
    done = subprocess.run(
        [
            wheel_programs(None) / "pg_dump",
            f"--dbname={conninfo.make_conninfo(dsn, password=None)}",
            f"--schema={SCHEMA}",
            f"--exclude-table-data={SCHEMA}.django_migrations*",
            "--no-owner",
            "--no-tablespaces",
            "--inserts",
            "--rows-per-insert=1000",
            "--encoding=UTF8",
            *(f"--exclude-table={SCHEMA}.{name}" for name in left_out),
        ],
        check=True,
        capture_output=True,
        text=True,
        env={"PGPASSWORD": str(parts["password"]), "LC_ALL": "C", "TZ": "UTC"},
    )
    return done.stdout


def tidy(text: str) -> str:
    """Without what belongs to a server's version or to psql, and with `@.` for the schema.

    Raises: SystemExit: the schema's name stands where it cannot be replaced.
    """
    if "@." in text:
        raise SystemExit("`@.` stands for the schema, so no migration may contain it")
    text = text.replace(f"CREATE SCHEMA {SCHEMA};\n", "")
    for left_out in (PREAMBLE, COMMENTS, CLIENT_COMMANDS, OF_THE_DATABASE):
        text = left_out.sub("", text)
    text = re.sub(rf"\b{SCHEMA}\.", "@.", text)
    if SCHEMA in text:
        where = next(line for line in text.splitlines() if SCHEMA in line)
        raise SystemExit(f"the schema's name is not followed by a dot: {where}")
    return re.sub(r"\n{2,}", "\n", text).lstrip("\n")


if __name__ == "__main__":
    sys.exit(main())

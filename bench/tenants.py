"""`python -m bench.tenants`: many tenants on one node, against one tenant on the same node.

Makes the tenants, then asks page 1 and single records through the product's WSGI application: in blocks that
take turns, of one tenant's requests and of many tenants' (90 % of them of 20 tenants). Prints ratios of
answer times, and what grows: memory of the process and of its backends, prepared statements.
"""

import argparse
import io
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import new_id
from ostiary.objects import public as objects
from ostiary.project import _database
from ostiary.project._state import State
from ostiary.project.embedded import Cluster
from ostiary.tenancy import public as tenancy

PACKAGE = Path(__file__).parent / "package"
HOT, HOT_SHARE = 20, 0.9
ROWS = 200
FIELDS = ("name", "email", "phone", "mobile", "job_title", "account", "region", "city", "country", "status")
NAMES = ("Adler", "Brandt", "Cohen", "Diaz", "Eriksen", "Fischer", "Garcia", "Haddad", "Ito", "Jansen")


@dataclass(frozen=True, slots=True)
class Site:
    """What a request to one tenant needs."""

    host: str
    key: str
    ids: tuple[str, ...]


@dataclass(slots=True)
class Figures:
    """Answer times in ms, by kind of request."""

    taken: dict[str, list[float]] = field(default_factory=lambda: {"page 1": [], "read": []})

    def of(self, kind: str, share: float) -> float:
        """The time that this share of the requests stayed below."""
        ordered = sorted(self.taken[kind])
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def mean(self, kind: str) -> float:
        return statistics.fmean(self.taken[kind])


def make_site(number: int) -> Site:
    """A tenant with a small package, a person with rights by rows, a key of hers and her records."""
    from ostiary.project._tenants import create_tenant

    slug = f"b{number}"
    new = create_tenant(
        slug, f"Tenant {number}", [f"{slug}.test"], login="admin", person="Admin", email="", password=None
    )
    tenant = new.tenant
    with tenancy.transaction(tenant) as db:
        ctx = Context(tenant.id, db, new.administrator, Channel.CLI)
    objects.install_package(tenant, ctx, objects.read_package(PACKAGE))
    with tenancy.transaction(tenant) as db:
        ctx = ctx.within(db)
        person = access.create_person(ctx, login="reader", name="Reader", email="")
        everyone = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
        if everyone is None:
            raise RuntimeError("no root role")
        for found in objects.get_catalogue(ctx).objects.values():
            access.set_object_rows(ctx, found.id, [(everyone, frozenset(access.Verb))])
            columns = {c.id: [(everyone, access.ColumnLevel.EDIT)] for c in found.columns.values()}
            access.set_columns_rows(ctx, found.id, columns)
        key = access.create_api_key(ctx, person, "bench")
        row = db.row("select current_label_id from @.identity_unit where id = %(id)s", {"id": person})
        if row is None:
            raise RuntimeError("no such person")
    ids = _copy_rows(tenant, person, int(row[0]), random.Random(number))
    return Site(f"{slug}.test", key, ids)


def _copy_rows(tenant: tenancy.Tenant, person: Any, label: int, rng: random.Random) -> tuple[str, ...]:
    columns = (
        "id, author_id, owner_id, label_id, created_at, modified_at, modified_by, score, role_id, "
        + ", ".join(FIELDS)
        + ", "
        + ", ".join(f'"{f}__sort"' for f in FIELDS)
    )
    ids = [new_id() for _ in range(ROWS)]
    stamp = datetime.now(UTC)
    with (
        psycopg.connect(tenancy.owner_dsn(tenant), autocommit=True) as connection,
        connection.cursor().copy(f"copy {tenant.schema}.rec_person ({columns}) from stdin") as copy,
    ):
        for number, each in enumerate(ids):
            texts = [f"{rng.choice(NAMES)} {field} {number}" for field in FIELDS]
            copy.write_row(
                [each, person, person, label, stamp, stamp, person, number, 1, *texts]
                + [objects.sort_key(text) for text in texts]
            )
    with psycopg.connect(tenancy.owner_dsn(tenant), autocommit=True) as connection:
        connection.execute(f"analyze {tenant.schema}.rec_person")
    return tuple(str(each) for each in ids)


class Node:
    """The product's application in this process, with the app's credentials alone."""

    def __init__(self) -> None:
        from ostiary.project.wsgi import application

        self._application = application

    def ask(self, site: Site, path: str, query: str = "") -> bytes:
        """One request. Raises RuntimeError: it was refused."""
        status: list[str] = []
        chunks = self._application(
            {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "SERVER_NAME": "localhost",
                "SERVER_PORT": "8000",
                "SERVER_PROTOCOL": "HTTP/1.1",
                "REMOTE_ADDR": "127.0.0.1",
                "HTTP_HOST": site.host,
                "HTTP_AUTHORIZATION": f"Bearer {site.key}",
                "wsgi.input": io.BytesIO(),
                "wsgi.url_scheme": "http",
                "wsgi.errors": sys.stderr,
            },
            lambda found, *_: status.append(found),
        )
        body = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        if not status[0].startswith("200"):
            raise RuntimeError(f"{site.host}{path}: {status[0]} {body[:200]!r}")
        return body

    def time(self, site: Site, kind: str, rng: random.Random) -> float:
        """Milliseconds of one request."""
        path, query = "/api/v1/records/person", "limit=50&sort=name"
        if kind == "read":
            path, query = f"{path}/{rng.choice(site.ids)}", ""
        started = time.perf_counter()
        self.ask(site, path, query)
        return 1000 * (time.perf_counter() - started)


def drive(
    node: Node, sites: Sequence[Site], requests: int, rng: random.Random
) -> tuple[Figures, Figures, Figures]:
    """Blocks in turn: one tenant's requests, many tenants'. Returns one, many, and the many's busiest."""
    one, many, busy = Figures(), Figures(), Figures()
    hot, cold = sites[:HOT], sites[HOT:] or sites
    block, left = 200, requests
    while left > 0:
        for _ in range(block):
            kind = rng.choice(("page 1", "read"))
            one.taken[kind].append(node.time(sites[0], kind, rng))
        for _ in range(block):
            kind = rng.choice(("page 1", "read"))
            is_hot = rng.random() < HOT_SHARE
            took = node.time(rng.choice(hot if is_hot else cold), kind, rng)
            many.taken[kind].append(took)
            if is_hot:
                busy.taken[kind].append(took)
        left -= block
    return one, many, busy


def resident_mb(pid: int) -> float:
    """Memory of a process in MB that it does not share with others."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    private = [line.split() for line in text.splitlines() if line.startswith("Private_")]
    return sum(int(parts[1]) for parts in private) / 1024


def backends(admin_dsn: str) -> list[tuple[int, str]]:
    """Server processes of the app's login."""
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        rows = connection.execute(
            "select pid, datname from pg_stat_activity where usename = %s order by pid", ("ostiary_app",)
        ).fetchall()
    return [(pid, name) for pid, name in rows]


def statements_of(node: tenancy.Placement) -> list[tuple[int, int]]:
    """(tenants served, prepared statements) of each idle connection of this process."""
    pool = node.database._pool  # noqa: SLF001  what the pool holds is what is measured
    return [
        (len(kept.tenants), len(kept.connection._prepared._names))  # noqa: SLF001  the same
        for kept in pool._idle  # noqa: SLF001  the same
    ]


def build(count: int) -> list[Site]:
    """The tenants, with the time that each took."""
    sites, started = [], time.monotonic()
    for number in range(count):
        sites.append(make_site(number))
        if (number + 1) % 100 == 0 or number + 1 == count:
            each = (time.monotonic() - started) / (number + 1)
            print(f"{number + 1} tenants, {each:.2f} s each with package and {ROWS} records", flush=True)
    return sites


def report(one: Figures, many: Figures, busy: Figures) -> None:
    """Print answer times and ratios."""
    print("\n| request | one tenant, ms (median, p95, mean) | many | ratio | the 20 busiest: median ratio |")
    print("|---|---|---|---|---|")
    for kind in one.taken:
        a = one.of(kind, 0.5), one.of(kind, 0.95), one.mean(kind)
        b = many.of(kind, 0.5), many.of(kind, 0.95), many.mean(kind)
        ratios = ", ".join(f"{y / x:.2f}" for x, y in zip(a, b, strict=True))
        print(
            f"| {kind} | {a[0]:.2f}, {a[1]:.2f}, {a[2]:.2f} | {b[0]:.2f}, {b[1]:.2f}, {b[2]:.2f} | {ratios}"
            f" | {busy.of(kind, 0.5) / a[0]:.2f} |"
        )


def growth(admin_dsn: str, moment: str) -> None:
    """Print what this process and its backends hold."""
    mine = resident_mb(os.getpid())
    theirs = [resident_mb(pid) for pid, _ in backends(admin_dsn)]
    largest = f"{max(theirs):.0f}" if theirs else "-"
    kept = statements_of(tenancy.placement())
    print(
        f"{moment}: process {mine:.0f} MB; {len(theirs)} backends, {sum(theirs):.0f} MB together, largest"
        f" {largest} MB; (tenants, statements) by connection: {kept}",
        flush=True,
    )


def made(folder: Path, count: int) -> list[Site]:
    """The tenants in `folder`, from an earlier run if there was one."""
    notes = folder / "sites.json"
    if notes.exists():
        return [Site(each["host"], each["key"], tuple(each["ids"])) for each in json.loads(notes.read_text())]
    state = State(folder)
    with Cluster(state, settings={"fsync": "off"}) as cluster:
        _database.prepare(state, cluster.admin_dsn)
        sites = build(count)
        tenancy.placement().close()
        with psycopg.connect(cluster.admin_dsn, autocommit=True) as connection:
            connection.execute("checkpoint")
    notes.write_text(json.dumps([asdict(site) for site in sites]))
    return sites


@contextmanager
def web_node(folder: Path) -> Iterator[str]:
    """The cluster, and this process configured for requests. Yields the administrator's connection string."""
    state = State(folder)
    with Cluster(state) as cluster:
        _database.configure_web(state)
        try:
            yield cluster.admin_dsn
        finally:
            audit.stop_spool()
            tenancy.placement().close()


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.tenants", description=__doc__)
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--requests", type=int, default=6000)
    parser.add_argument("--folder", type=Path, help="keep the tenants here for the next run")
    options = parser.parse_args()
    os.environ["OSTIARY_INSECURE_HTTP"] = "1"
    folder = options.folder or Path(tempfile.mkdtemp(prefix="ostiary-tenants-"))
    os.environ["OSTIARY_STATE"] = str(folder)
    State(folder).prepare()
    _database.set_up(State(folder))
    try:
        sites = made(folder, options.tenants)
        with web_node(folder) as admin_dsn:
            measure(admin_dsn, sites, options.requests)
    finally:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


def measure(admin_dsn: str, sites: Sequence[Site], requests: int) -> None:
    """One tenant, then all of them in turn with it."""
    node, rng = Node(), random.Random(1)
    drive(node, sites[:1], 400, rng)
    growth(admin_dsn, "after one tenant")
    first = [node.time(site, "page 1", rng) for site in sites]  # what each asks for the first time
    print(f"a tenant's first request: median {statistics.median(first):.1f} ms", flush=True)
    drive(node, sites, 600, rng)  # plans of the busiest
    growth(admin_dsn, "after some")
    one, many, busy = drive(node, sites, requests, rng)
    report(one, many, busy)
    growth(admin_dsn, "after all")


if __name__ == "__main__":
    main()

"""`python -m bench.objects`: a tenant with many objects, against one with a single object.

Makes the same object with records in both, and many further objects of many columns in one, by the commands
that administrators use. Asks the two in turns for page 1 and for what is made for navigation; tells what the
catalogue costs, what a change of rights costs the next request, and how long one more column takes.
"""

import argparse
import os
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC
from pathlib import Path

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import UnitId
from ostiary.objects import _catalogue
from ostiary.objects import public as objects
from ostiary.pages import public as pages
from ostiary.project import _database
from ostiary.project._state import State
from ostiary.project.embedded import Cluster
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy

ROWS = 300
AT_ONCE = 20  # objects in one transaction: each table and index is a lock until it commits
POLICY = {
    "class": "internal",
    "personal_data": "none",
    "retention": {"months": 0, "after": "created", "then": "keep"},
}
TYPES = ("text", "integer", "decimal", "date", "boolean", "instant", "phone", "url", "email", "long_text")


def declaration(code: str, columns: int) -> dict[str, object]:
    """An object as a change: a name and columns of every plain type."""
    declared = [{"column": "name", "type": "text", "required": True}]
    declared += [{"column": f"c{n}", "type": TYPES[n % len(TYPES)]} for n in range(columns - 1)]
    return {
        "change": "create_object",
        "object": code,
        "caption": code.title(),
        "plural": f"{code.title()}s",
        "icon": "box",
        "display": "name",
        "policy": POLICY,
        "columns": declared,
        "layout": {"list": ["name", "c0", "c1"], "sort": ["name"]},
    }


class Bench:
    """One tenant, and how long its requests take."""

    def __init__(self, tenant: tenancy.Tenant, administrator: UnitId) -> None:
        self.tenant = tenant
        self.administrator = administrator

    def within(self, call: Callable[[Context], object]) -> float:
        """Milliseconds of a call in a transaction of its own."""
        start = time.perf_counter()
        with tenancy.transaction(self.tenant) as db:
            call(Context(self.tenant.id, db, self.administrator, Channel.CLI))
        return 1000 * (time.perf_counter() - start)

    def change(self, *documents: object) -> float:
        """Milliseconds of changes in one transaction of the owner."""
        changes = [objects.read_change(document) for document in documents]
        return self.within(lambda ctx: objects.apply_changes(self.tenant, ctx, changes))

    def page(self) -> float:
        """Page 1 of a list."""
        query = records.RecordQuery("thing", ("name", "c0", "c1"))
        return self.within(lambda ctx: records.list_records(ctx, query))

    def navigation(self) -> float:
        """What is made for each page before anything is drawn."""
        return self.within(lambda ctx: (pages.make_reader(ctx, pages.Urls(), UTC), records.workplaces(ctx)))

    def page_after_rights(self) -> float:
        """Page 1 right after somebody got a role: what is kept is of another epoch."""
        self.within(identity.bump_epoch)
        return self.page()

    def column(self) -> float:
        """One more column, from plan to commit."""
        return self.change(_addition(f"extra_{time.time_ns()}"))


def open_everything(ctx: Context, code: str) -> None:
    """Every employee may do everything with an object."""
    everyone = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    if everyone is None:
        raise RuntimeError("no root role")
    made = objects.find_object(ctx, code)
    access.set_object_rows(ctx, made.id, [(everyone, frozenset(access.Verb))])
    rows = [(everyone, access.ColumnLevel.EDIT)]
    access.set_columns_rows(ctx, made.id, {c.id: rows for c in made.columns.values() if c.takes_rows})


def fill(ctx: Context) -> None:
    """Records of the one object that is asked."""
    for number in range(ROWS):
        records.create_record(
            ctx, "thing", {"name": f"Thing {number:04d}", "c0": f"word {number}", "c1": number}
        )


def build(bench: Bench, columns: int) -> None:
    """The object that is asked for, with its records."""
    bench.change(declaration("thing", columns))
    bench.within(lambda ctx: open_everything(ctx, "thing"))
    bench.within(fill)


def measure(one: Bench, many: Bench, count: int, columns: int) -> None:
    """Build both, ask them in turns, print."""
    for bench in (one, many):
        build(bench, columns)
    start = time.perf_counter()
    for first in range(0, count, AT_ONCE):
        codes = [f"object_{n}" for n in range(first, min(first + AT_ONCE, count))]
        many.change(*(declaration(code, columns) for code in codes))
    made = time.perf_counter() - start
    print(f"\n{count} objects of {columns} columns made in {made:.0f} s, {1000 * made / count:.0f} ms each\n")
    print("| | one object, ms | with the others, ms | ratio |\n|---|---|---|---|")
    for name, call, times in (
        ("page 1 of a list", Bench.page, 400),
        ("reader and navigation of a page", Bench.navigation, 400),
        ("page 1 after a change of rights", Bench.page_after_rights, 20),
        ("one more column, plan to commit", Bench.column, 7),
    ):
        few, more = _in_turns(one, many, call, times)
        print(f"| {name} | {few:.2f} | {more:.2f} | {more / few:.2f} |", flush=True)
    load, memory = _catalogue_cost(many)
    print(f"\ncatalogue read and kept: {load:.0f} ms, {memory:.1f} MB, once after each change of metadata")


def _in_turns(one: Bench, many: Bench, call: Callable[[Bench], float], times: int) -> tuple[float, float]:
    """Medians of both, asked in turns, so that the rest of the machine weighs on both alike."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(times + 3):
        for place, bench in enumerate((one, many)):
            found = call(bench)
            if number >= 3:
                taken[place].append(found)
    return statistics.median(taken[0]), statistics.median(taken[1])


def _addition(code: str) -> dict[str, object]:
    return {
        "change": "add_column",
        "object": "thing",
        "column": {"column": code, "type": "text", **POLICY},
    }


def _catalogue_cost(bench: Bench) -> tuple[float, float]:
    """Milliseconds to read the catalogue, and the megabytes that it takes."""
    load = statistics.median(bench.within(lambda ctx: _catalogue.load_catalogue(ctx.db, 0)) for _ in range(5))
    tracemalloc.start()
    kept: list[object] = []
    bench.within(lambda ctx: kept.append(_catalogue.load_catalogue(ctx.db, 0)))
    memory = tracemalloc.get_traced_memory()[0] / 2**20
    tracemalloc.stop()
    return load, memory


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.objects", description=__doc__)
    parser.add_argument("--objects", type=int, default=500)
    parser.add_argument("--columns", type=int, default=50)
    options = parser.parse_args()
    os.environ.setdefault("OSTIARY_INSECURE_HTTP", "1")  # the root key of a bench may lie open
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ostiary-bench-")))
        state = State(folder)
        state.prepare()
        _database.set_up(state)
        cluster = stack.enter_context(Cluster(state, settings={"fsync": "off"}))
        _database.prepare(state, cluster.admin_dsn)
        stack.callback(lambda: tenancy.placement().close())
        stack.callback(audit.stop_spool)
        from ostiary.project._tenants import create_tenant

        made = [
            create_tenant(
                slug, slug, [f"{slug}.test"], login="admin", person="Admin", email="", password=None
            )
            for slug in ("one", "many")
        ]
        one, many = (Bench(new.tenant, new.administrator) for new in made)
        measure(one, many, options.objects, options.columns)


if __name__ == "__main__":
    main()

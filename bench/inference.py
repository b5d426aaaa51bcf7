"""`python -m bench.inference`: whether time tells a hidden record from an absent one.

Asks for absent, hidden and readable records in a random order, each in a transaction of its own, and compares
the times. Absent ones are drawn twice: what lies between these two samples is noise. It judges nothing: read
the figures on a quiet machine.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from uuid import UUID

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import NotFound, VersionConflict
from ostiary.kernel.ids import UnitId, new_id
from ostiary.objects import public as objects
from ostiary.project import _database
from ostiary.project._state import State
from ostiary.project.embedded import Cluster
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy

CODE = "person"
CHUNK = 500
KINDS = ("absent", "absent again", "hidden", "readable")
STALE = 999  # a version that no record has: a readable one is in conflict and stays as it is
NOISE_Z = 3.0
Call = Callable[[Context, UUID], object]
CALLS: Mapping[str, Call] = {
    "get": lambda ctx, id_: records.get_record(ctx, CODE, id_),
    "update": lambda ctx, id_: records.update_record(ctx, CODE, id_, {"city": "Ulm"}, STALE),
    "delete": lambda ctx, id_: records.delete_record(ctx, CODE, id_, STALE),
    "history": lambda ctx, id_: records.record_events(ctx, CODE, id_),
    "related": lambda ctx, id_: records.related_counts(ctx, CODE, id_),
}


@dataclass(frozen=True, slots=True)
class Ground:
    """A tenant with as many hidden records as readable ones."""

    tenant: tenancy.Tenant
    reader: UnitId
    ids: Mapping[str, list[UUID]]

    def draw(self, kind: str, rng: random.Random) -> UUID:
        """An id of a kind; an absent one is new each time."""
        return rng.choice(self.ids[kind]) if kind in self.ids else new_id()

    def time(self, call: Call, id_: UUID) -> float:
        """Microseconds of one call with its transaction, as a request has it."""
        started = time.perf_counter_ns()
        with suppress(NotFound, VersionConflict), tenancy.transaction(self.tenant) as db:
            call(Context(self.tenant.id, db, self.reader, Channel.API, tentative=True), id_)
        return (time.perf_counter_ns() - started) / 1000


def make_ground(size: int) -> Ground:
    """`size` records of the reader, and as many of somebody else."""
    from ostiary.project._tenants import create_tenant

    new = create_tenant(
        "guess", "Guess", ["guess.test"], login="admin", person="Admin", email="", password=None
    )
    with tenancy.transaction(new.tenant) as db:
        ctx = Context(new.tenant.id, db, new.administrator, Channel.CLI)
    package = objects.read_package(Path(__file__).parent / "package")
    objects.install_package(new.tenant, ctx, package)
    with tenancy.transaction(new.tenant) as db:
        people = _people(ctx.within(db))
    ids = {kind: _fill(new.tenant, unit, kind, size) for kind, unit in people.items()}
    return Ground(new.tenant, people["readable"], ids)


def _people(ctx: Context) -> dict[str, UnitId]:
    """Whose records are readable to the reader, who is the first of them, and whose are hidden."""
    everyone = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    if everyone is None:
        raise RuntimeError("no root role")
    made = objects.find_object(ctx, CODE)
    access.set_object_rows(ctx, made.id, [(everyone, frozenset(access.Verb))])
    rows = [(everyone, access.ColumnLevel.EDIT)]
    access.set_columns_rows(ctx, made.id, {c.id: rows for c in made.columns.values() if c.takes_rows})
    return {
        kind: access.create_person(ctx, login=kind, name=kind, email="") for kind in ("readable", "hidden")
    }


def _fill(tenant: tenancy.Tenant, author: UnitId, kind: str, size: int) -> list[UUID]:
    made: list[UUID] = []
    for start in range(0, size, CHUNK):
        rows = [{"name": f"{kind} {n}", "city": "Bonn"} for n in range(start, min(start + CHUNK, size))]
        with tenancy.transaction(tenant) as db:
            found = records.create_records(Context(tenant.id, db, author, Channel.IMPORT), CODE, rows)
        made += [row.id for row in found.done if row.id is not None]
    return made


def sample(ground: Ground, call: Call, rounds: int, rng: random.Random) -> dict[str, list[float]]:
    """Microseconds by kind, the kinds in another order in each round."""
    taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for number in range(-20, rounds):
        for kind in rng.sample(KINDS, len(KINDS)):
            found = ground.time(call, ground.draw(kind, rng))
            if number >= 0:
                taken[kind].append(found)
    return taken


def effect(left: list[float], right: list[float]) -> tuple[float, float]:
    """Cliff's delta (0: one cannot tell, 1: right is always slower), and how many deviations that is."""
    ranked = sorted([(value, 0) for value in left] + [(value, 1) for value in right])
    ranks = sum(place for place, (_, side) in enumerate(ranked, 1) if side)
    n, m = len(left), len(right)
    greater = ranks - m * (m + 1) / 2
    return 2 * greater / (n * m) - 1, (greater - n * m / 2) / sqrt(n * m * (n + m + 1) / 12)


def report(name: str, taken: Mapping[str, list[float]]) -> None:
    """The distribution of each kind, and what lies between them."""
    print(f"\n### {name}\n\n| record | p10, us | median, us | p90, us | p99, us |\n|---|---|---|---|---|")
    for kind, times in taken.items():
        cuts = statistics.quantiles(times, n=100)
        print(f"| {kind} | {cuts[9]:.0f} | {cuts[49]:.0f} | {cuts[89]:.0f} | {cuts[98]:.0f} |")
    print()
    for kind in KINDS[1:]:
        delta, deviations = effect(taken["absent"], taken[kind])
        apart = statistics.median(taken[kind]) - statistics.median(taken["absent"])
        words = "within noise" if abs(deviations) < NOISE_Z else "told apart"
        print(f"absent - {kind}: {apart:+.0f} us, delta {delta:+.3f}, z {deviations:+.1f}: {words}")


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.inference", description=__doc__)
    parser.add_argument("--size", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    os.environ.setdefault("OSTIARY_INSECURE_HTTP", "1")  # the root key of a bench may lie open
    print(f"seed {options.seed}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ostiary-bench-")))
        state = State(folder)
        state.prepare()
        _database.set_up(state)
        cluster = stack.enter_context(Cluster(state, settings={"fsync": "off"}))
        _database.prepare(state, cluster.admin_dsn)
        stack.callback(lambda: tenancy.placement().close())
        stack.callback(audit.stop_spool)
        ground = make_ground(options.size)
        for name, call in CALLS.items():
            report(name, sample(ground, call, options.rounds, random.Random(options.seed)))


if __name__ == "__main__":
    main()

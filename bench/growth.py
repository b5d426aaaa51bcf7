"""`python -m bench.growth`: a tenant with many roles and users, against a small one on the same node.

Page 1, count and read one, for a manager of everybody, a head of one unit and somebody with 50 shares, each
as a ratio to the same viewer of the small tenant. Then what a change of roles costs where they are many.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench import bed, crowd, yardstick
from bench.client import Client
from bench.meter import Meter, Pair, ensure_right
from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy

CHANGES = 5


@dataclass(slots=True)
class Viewer:
    """One viewer of a tenant."""

    client: Client
    names: list[str]
    count: int
    ids: list[str]

    def answers(self, name: str) -> dict[str, bool]:
        return {
            f"{name}, page 1": self.client.page() == self.names,
            f"{name}, count": self.client.count() == self.count > 0,
            f"{name}, read": not any(self.client.refused(each) for each in self.ids[:20]),
        }

    def read(self, rng: random.Random) -> object:
        return self.client.get(rng.choice(self.ids))


def viewers(made: crowd.Crowd, port: int) -> dict[str, Viewer]:
    """With a key each, and what they are to see."""
    with tenancy.transaction(made.tenant) as db:
        ctx = made.transaction_context(db)
        keys = {name: access.create_api_key(ctx, unit, "growth") for name, unit in made.viewers.items()}
    owner, slug = tenancy.owner_dsn(made.tenant), made.tenant.slug
    return {
        name: Viewer(Client(port, keys[name], "entry", slug), *crowd.expected(owner, made, name))
        for name in made.viewers
    }


def pairs(many: dict[str, Viewer], few: dict[str, Viewer], rng: random.Random) -> list[Pair]:
    """The same request of the same viewer in both tenants."""
    found = []
    for name, more in many.items():
        less = few[name]
        found += [
            Pair(f"{name}: page 1", more.client.page, less.client.page),
            Pair(f"{name}: count", more.client.count, less.client.count),
            Pair(f"{name}: read one", _reading(more, rng), _reading(less, rng)),
        ]
    return found


def _reading(viewer: Viewer, rng: random.Random) -> Callable[[], object]:
    return lambda: viewer.read(rng)


def changes(made: crowd.Crowd) -> None:
    """Print what changes of roles take, and the first page after one."""
    user, role = made.user(1), made.role(made.roles // 2 + 1)
    parent = made.role(2)
    for name, change in (
        ("give a user a role", lambda ctx: access.add_member(ctx, user, role)),
        ("take it away", lambda ctx: access.remove_member(ctx, user, role)),
        ("move a role with its members", lambda ctx: access.move_role(ctx, role, parent)),
        ("look at everybody's label again", identity.refresh_labels),
    ):
        print(f"{made.tenant.slug}: {name}: {_timed(made, change):.0f} ms", flush=True)
    taken = []
    for _ in range(CHANGES):
        _timed(made, identity.bump_epoch)
        taken.append(_timed(made, _page_of(made)))
    print(
        f"{made.tenant.slug}: page 1 of a manager of everybody, first after a change:"
        f" {statistics.median(taken):.0f} ms",
        flush=True,
    )


def _page_of(made: crowd.Crowd) -> Callable[[Context], object]:
    query = records.RecordQuery("entry", sort=(records.Sort("name"),))
    return lambda ctx: records.list_records(ctx.acting_as(made.viewers["manager"]), query)


def _timed(made: crowd.Crowd, change: Callable[[Context], object]) -> float:
    """Milliseconds of a transaction."""
    started = time.perf_counter()
    with tenancy.transaction(made.tenant) as db:
        change(made.transaction_context(db))
    return 1000 * (time.perf_counter() - started)


def main() -> None:
    """Build both tenants, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--roles", type=int, nargs=2, default=[10, 10_000], metavar=("FEW", "MANY"))
    parser.add_argument("--users", type=int, nargs=2, default=[200, 100_000], metavar=("FEW", "MANY"))
    parser.add_argument("--size", type=int, default=100_000, help="records in each tenant")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--secs", type=float, default=0.5)
    options = parser.parse_args()
    if not yardstick.available():
        print(f"the yardstick's client is not at {yardstick.SHARED}: set OSTIARY_SHARED")
        return
    yardstick.client()
    with bed.installation() as place:
        few, many = (
            crowd.make(slug, options.roles[n], options.users[n], options.size)
            for n, slug in enumerate(("few", "many"))
        )
        with bed.web_server(place) as served:
            less, more = viewers(few, served.port), viewers(many, served.port)
            answers: dict[str, bool] = {}
            for slug, asked in (("few", less), ("many", more)):
                for name, viewer in asked.items():
                    answers |= viewer.answers(f"{slug}, {name}")
            ensure_right(answers)
            meter = Meter(served, options.secs)
            for number in range(options.rounds):
                meter.round(pairs(more, less, random.Random(number)), number)
            meter.report("many", "few")
        print()
        for made in (few, many):
            changes(made)


if __name__ == "__main__":
    main()

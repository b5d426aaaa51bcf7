"""`python -m bench.legs`: page 1, count and read one of viewers whom one leg leads to their records.

Each against the best SQL known for that viewer in the same run; the answers are compared first.
"""

import argparse
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench import bed, legs_reference, legs_world, yardstick
from bench.client import Client
from bench.invented import record_id
from bench.meter import Meter, Pair, ensure_right
from ostiary.access import public as access
from ostiary.kernel.context import Channel, Context
from ostiary.project._tenants import create_tenant
from ostiary.tenancy import public as tenancy

TEXT = "an"
PER_UNIT = 10
SLUG = "legs"
CALLED = {
    "scoped": "scope rule, 1 zone of 20",
    "deputy": "delegation of a head of 1 unit of 20",
    "head": "that head",
    "under_master": "50 masters of 10 children",
    "guarded_head": "head of 1 unit of 20, 1 % denied",
    "auditor": "everything by a rule, 1 % denied",
    "shared": "50 shares",
    "any": "View any",
}


@dataclass(slots=True)
class Viewer:
    """One viewer in the product and by hand."""

    name: str
    client: Client
    by_hand: legs_reference.ByHand
    seen: list[int]
    unseen: list[int]
    table: int

    def record(self, number: int) -> str:
        return str(record_id(self.table, number))

    def answers(self) -> dict[str, bool]:
        """Whether the product says what the SQL by hand says."""
        found = {
            "page 1": self.client.page() == self.by_hand.page(),
            "page 1, filtered": self.client.page(TEXT) == self.by_hand.page(TEXT),
            "count": self.client.count(TEXT) == self.by_hand.count(TEXT),
            "read": not any(self.client.refused(self.record(n)) for n in self.seen[:20]),
            "denied": all(self.client.refused(self.record(n)) for n in self.unseen[:20]),
            "seen at all": bool(self.seen),
        }
        return {f"{self.name}: {what}": right for what, right in found.items()}

    def pairs(self, rng: random.Random) -> list[Pair]:
        """What is measured."""

        def pick() -> int:
            return rng.choice(self.seen)

        def both(what: str, ours: Callable[[], object], theirs: Callable[[], object]) -> Pair:
            return Pair(f"{CALLED[self.name]}: {what}", ours, theirs)

        client, hand = self.client, self.by_hand
        return [
            both("page 1", client.page, hand.page),
            both(f"page 1, name contains {TEXT}", lambda: client.page(TEXT), lambda: hand.page(TEXT)),
            both("count", lambda: client.count(TEXT), lambda: hand.count(TEXT)),
            both("read one", lambda: client.get(self.record(pick())), lambda: hand.read(pick)),
        ]


def make_viewers(made: legs_world.World, port: int, dsn: str) -> list[Viewer]:
    """Everybody who is asked, with a key each."""
    with tenancy.transaction(made.tenant) as db:
        ctx = Context(made.tenant.id, db, made.administrator, Channel.CLI)
        keys = {name: access.create_api_key(ctx, unit, "legs") for name, unit in made.viewers.items()}
    found = []
    for name, sight in legs_reference.SIGHTS.items():
        hand = legs_reference.ByHand(dsn, sight)
        client = Client(port, keys[name], sight.table, SLUG)
        table = legs_world.TABLES[sight.table]
        found.append(Viewer(name, client, hand, hand.numbers(), hand.numbers("others"), table))
    return found


def measure(size: int, rounds: int, secs: float) -> None:
    """One size."""
    with bed.installation() as place:
        started = time.monotonic()
        new = create_tenant(
            SLUG, "Legs", [f"{SLUG}.localhost"], login="admin", person="Admin", email="", password=None
        )
        made = legs_world.build(new.tenant, new.administrator, size, PER_UNIT)
        legs_reference.load(place.reference, size, PER_UNIT)
        print(f"loaded {size} records of each kind in {time.monotonic() - started:.0f} s", flush=True)
        with bed.web_server(place) as served:
            viewers = make_viewers(made, served.port, place.reference)
            ensure_right({what: right for viewer in viewers for what, right in viewer.answers().items()})
            meter = Meter(served, secs)
            for number in range(rounds):
                rng = random.Random(number)
                meter.round([pair for viewer in viewers for pair in viewer.pairs(rng)], number)
                print(f"round {number + 1} done", flush=True)
            meter.report()


def main() -> None:
    """Measure the sizes asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.legs", description=__doc__)
    parser.add_argument("--size", type=int, nargs="+", default=[100_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--secs", type=float, default=0.5)
    options = parser.parse_args()
    if not yardstick.available():
        print(f"the yardstick's client is not at {yardstick.SHARED}: set OSTIARY_SHARED")
        return
    yardstick.client()
    for size in options.size:
        print(f"\n## {size} records of each kind, {options.rounds} rounds", flush=True)
        measure(size, options.rounds, options.secs)


if __name__ == "__main__":
    main()

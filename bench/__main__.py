"""`make bench`: every request of the yardstick, in the product and by hand; prints a table of ratios."""

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from bench import bed, in_process, large, reference, tenant, yardstick
from bench.meter import Meter, Pair, ensure_right
from bench.product import Product
from ostiary.kernel.ids import UnitId
from ostiary.tenancy import public as tenancy

PARALLEL = ("page1", "read", "update")
KINDS = ("page1", "page20", "count", "read", "update", "denied")
LARGE = 2_000_000  # from here on the database invents the contacts
SMALL = 1_000  # contacts of the data set whose roles and users a large one has
NOBODY = "zzqx"


@dataclass(frozen=True, slots=True)
class Bed:
    """What a run measures on."""

    meta: dict[str, Any]
    raw_dsn: str
    loaded: tenant.Loaded
    served: bed.Served
    sealed: bool


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for. only: kinds of requests. keep: where the data stay for the next run."""

    only: frozenset[str]
    rounds: int
    secs: float
    parallel_secs: float
    keep: Path | None


@contextmanager
def prepared(size: int, keep: Path | None) -> Iterator[Bed]:
    """A private cluster with the data twice, and the web server on it."""
    folder = None if keep is None else keep / str(size)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    settings = {"maintenance_work_mem": "1GB", "max_wal_size": "1GB"} if size >= LARGE else {}
    with bed.installation(folder, settings) as place:
        started = time.monotonic()
        data = yardstick.generate(SMALL if size >= LARGE else size)
        meta, loaded = (_large if size >= LARGE else _usual)(place, data, size, folder)
        print(f"{size} contacts are there twice after {time.monotonic() - started:.0f} s", flush=True)
        with bed.web_server(place) as served:
            yield Bed(meta, place.reference, loaded, served, sealed=size < LARGE)


def _usual(
    place: bed.Installation, data: yardstick.Data, size: int, folder: Path | None
) -> tuple[dict[str, Any], tenant.Loaded]:
    notes = None if folder is None else folder / "loaded.json"
    if notes is not None and notes.is_file():
        return data.meta, tenant.Loaded(tenancy.get_tenant("yardstick"), json.loads(notes.read_text()))
    loaded = tenant.load(data)
    reference.load(place.reference, data)
    if notes is not None:
        notes.write_text(json.dumps(loaded.keys))
    return data.meta, loaded


def _large(
    place: bed.Installation, data: yardstick.Data, size: int, folder: Path | None
) -> tuple[dict[str, Any], tenant.Loaded]:
    notes = None if folder is None else folder / "staff.json"
    if notes is not None and notes.is_file():
        staff = _staff(json.loads(notes.read_text()))
    else:
        large.ensure_room(place.state.root, size)
        staff = tenant.engage(data, "yardstick")
        if notes is not None:
            labels = {str(unit): label for unit, label in staff.labels.items()}
            kept = {**asdict(staff), "tenant": staff.tenant.slug, "labels": labels}
            notes.write_text(json.dumps(kept, default=str))
    loaded = large.load(place, staff, data, size)
    tuned = yardstick.client().RawTuned(data.meta, place.reference)
    return large.answers(data.meta, size, tuned), loaded


def _staff(kept: dict[str, Any]) -> tenant.Staff:
    def units(name: str) -> dict[str, UnitId]:
        return {number: UnitId(UUID(unit)) for number, unit in kept[name].items()}

    return tenant.Staff(
        tenancy.get_tenant(kept["tenant"]),
        kept["keys"],
        units("people"),
        units("personal"),
        {UnitId(UUID(unit)): label for unit, label in kept["labels"].items()},
        kept["roles"],
        UUID(kept["object_id"]),
    )


@dataclass
class Run:
    """Rounds of one size; every figure is the median of rounds, every ratio is formed within a round."""

    bed: Bed
    options: Options
    parallel: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.load = yardstick.client()
        self.meta = self.bed.meta
        self.meter = Meter(self.bed.served, self.options.secs)
        self.product, self.everything, self.fifty = (
            self._viewer(name) for name in ("acting", "everything", "fifty")
        )
        self.sealed = self._viewer("acting", "sealed_person")
        self.raw = self.load.Raw(self.meta, self.bed.raw_dsn)
        self.by_hand = reference.Viewers(self.raw, self.load.RawTuned(self.meta, self.bed.raw_dsn))

    def _viewer(self, name: str, code: str = "person") -> Product:
        return Product(self.meta, self.bed.served.port, self.bed.loaded.keys[name], code)

    def verify(self) -> None:
        """Answers first: a fast wrong answer is no measurement."""
        meta, product, hand = self.meta, self.product, self.by_hand
        nobody = product.client.page(NOBODY)
        answers = {
            "page1": [
                product.page1() == meta["page1_names"] == self.raw.page1(),
                self.everything.page1() == hand.everything(),
                self.fifty.client.page() == hand.fifty(),
                nobody == hand.nobody() == [],
            ],
            "read": [bool(product.read(n)) for n in meta["read_ids"][:20]],
            "denied": [product.client.refused(str(tenant.record(n))) for n in meta["denied_ids"][:40]],
        }
        if "page20" in self.options.only:
            answers["page20"] = [product.page20() == meta["page20_names"]]
        if "count" in self.options.only:
            answers["count"] = [
                product.count() == meta["matching"] == self.raw.count(),
                self.everything.count() == hand.everything_count(),
            ]
        ensure_right({name: all(right) for name, right in answers.items()})

    def round(self, number: int) -> None:
        """One round: the product and the reference in turn, request by request."""
        asked = self.pairs(random.Random(number))
        self.meter.round(
            [pair for kind in KINDS if kind in self.options.only for pair in asked[kind]], number
        )
        if self.options.parallel_secs:
            self.load.DRIVERS["product"] = Product
            keys, port = self.bed.loaded.keys, self.bed.served.port
            for kind in (kind for kind in PARALLEL if kind in self.options.only):
                target = {"driver": "product", "args": {"port": port, "key": keys["acting"]}}
                found = self.load.parallel(target, self.meta, kind, self.options.parallel_secs)
                self.parallel.setdefault(kind, []).append(found["rps"])

    def pairs(self, rng: random.Random) -> dict[str, list[Pair]]:
        """Every request by its kind."""
        p, raw, hand, titles = self.product, self.raw, self.by_hand, self.load.TITLES

        def read(target: Any) -> Callable[[], object]:
            return lambda: target.read(rng.choice(self.meta["read_ids"]))

        def refused(call: Callable[[int], object], number: int | None = None) -> Callable[[], object]:
            return lambda: self._refused(
                call, rng.choice(self.meta["denied_ids"]) if number is None else number
            )

        def change(target: Any) -> Callable[[], object]:
            return lambda: target.update(
                rng.choice(self.meta["read_ids"]), f"+49 30 {rng.randrange(10**6, 10**7)}", rng.choice(titles)
            )

        sealed = [Pair("read one, Restricted", read(self.sealed), read(raw))] if self.bed.sealed else []
        return {
            "page1": [
                Pair("page 1, acting user", p.page1, raw.page1),
                Pair("page 1, viewer of 100 %", self.everything.page1, hand.everything),
                Pair("page 1, viewer of 50 records", self.fifty.client.page, hand.fifty),
                Pair("page 1, a filter nobody matches", lambda: p.client.page(NOBODY), hand.nobody),
            ],
            "page20": [Pair("page 20", p.page20, raw.page20)],
            "count": [
                Pair("count, exact", p.count, raw.count),
                Pair("count, viewer of 100 %", self.everything.count, hand.everything_count),
            ],
            "read": [Pair("read one, Internal", read(p), read(raw)), *sealed],
            "update": [Pair("update, tracked and audited", change(p), change(raw))],
            "denied": [
                Pair("denied", refused(p.denied), refused(raw.denied)),
                Pair("absent", refused(p.denied, 0), refused(raw.denied)),
            ],
        }

    def _refused(self, call: Callable[[int], object], number: int) -> None:
        try:
            call(number)
        except self.load.Denied:
            return
        raise SystemExit("LEAK: a denied record was read")

    def report(self) -> None:
        """Print the table."""
        self.meter.report()
        print()
        for name, cost in in_process.figures(self.bed.loaded).items():
            print(f"{name}: {cost:.1f} us")
        for op, rates in self.parallel.items():
            spread = f"{min(rates):.0f}-{max(rates):.0f}"
            print(f"\n{op}, 4 clients: {statistics.median(rates):.0f} requests/s ({spread})")


def main() -> None:
    """Measure the sizes asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--size", type=int, nargs="+", default=[100_000])
    parser.add_argument("--only", default=",".join(KINDS), help=f"kinds of requests out of {','.join(KINDS)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--secs", type=float, default=0.5)
    parser.add_argument("--parallel-secs", type=float, default=2.0)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the data here for the next run")
    given = parser.parse_args()
    options = Options(
        frozenset(given.only.split(",")), given.rounds, given.secs, given.parallel_secs, given.keep
    )
    if unknown := options.only - set(KINDS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if not yardstick.available():
        print(f"the yardstick is not at {yardstick.SHARED}: set OSTIARY_SHARED")
        return
    yardstick.client()
    for size in given.size:
        print(f"\n## {size} contacts, {options.rounds} rounds", flush=True)
        with prepared(size, options.keep) as found:
            run = Run(found, options)
            run.verify()
            for number in range(options.rounds):
                run.round(number)
                print(f"round {number + 1} done", flush=True)
            run.report()


if __name__ == "__main__":
    main()

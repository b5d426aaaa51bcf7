"""`make bench`: every request of the yardstick, in the product and by hand; prints a table of ratios."""

import argparse
import json
import os
import random
import socket
import statistics
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import conninfo

from bench import in_process, reference, tenant, yardstick
from ostiary.project import _database
from ostiary.project._serve import Listening, WebServer
from ostiary.project._state import State
from ostiary.project.embedded import Cluster
from ostiary.tenancy import public as tenancy

PARALLEL = ("page1", "read", "update")


class Product:
    """The product over HTTP, as the yardstick's client drives it."""

    def __init__(
        self, meta: dict[str, Any], port: int, key: str, ids: list[str], code: str = "person", **_: Any
    ) -> None:
        load = sys.modules["yardstick_load"]
        self._http = load.Http(
            "127.0.0.1", port, {"Authorization": f"Bearer {key}", "Host": "yardstick.localhost"}
        )
        self._ids = ids
        self._base = f"/api/v1/records/{code}"
        self._filter = _filter(meta["filter"])
        self._versions: dict[int, int] = {}

    def page(self, offset: int = 0, condition: str | None = None) -> list[str]:
        """Names of a page."""
        chosen = self._filter if condition is None else condition
        part = f"&filter={chosen}" if chosen else ""
        found = self._http.call("GET", f"{self._base}?limit=50&offset={offset}&sort=name{part}")
        return [r["name"] for r in found["records"]]

    def page1(self) -> list[str]:
        return self.page()

    def page20(self) -> list[str]:
        return self.page(1000)

    def count(self) -> int:
        return int(self._http.call("GET", f"{self._base}/count?filter={self._filter}")["count"])

    def read(self, number: int) -> str:
        found = self._http.call("GET", f"{self._base}/{self._ids[number]}")
        self._versions[number] = found["version"]
        return str(found["name"])

    denied = read

    def update(self, number: int, phone: str, title: str) -> None:
        if number not in self._versions:
            self.read(number)
        load = sys.modules["yardstick_load"]
        while True:
            body = {"phone": phone, "job_title": title, "version": self._versions[number]}
            try:
                found = self._http.call("PATCH", f"{self._base}/{self._ids[number]}", body)
            except RuntimeError as error:  # four clients share the ids: take the other's version, go on
                if not str(error).startswith("409"):
                    raise
                self.read(number)
                continue
            except load.Denied:
                raise
            self._versions[number] = found["version"]
            return


def _filter(text: str) -> str:
    return urllib.parse.quote(json.dumps({"field": "name", "op": "contains", "value": text}))


@dataclass(slots=True)
class Bed:
    """What a run measures on."""

    meta: dict[str, Any]
    port: int
    raw_dsn: str
    loaded: tenant.Loaded
    web_pid: int
    database_pid: int


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def bed(size: int) -> Iterator[Bed]:
    """A private cluster with the data twice, and the web server on it."""
    data = yardstick.generate(size)
    os.environ["OSTIARY_INSECURE_HTTP"] = "1"
    with tempfile.TemporaryDirectory(prefix="ostiary-bench-") as folder:
        state = State(Path(folder))
        os.environ["OSTIARY_STATE"] = folder
        cluster = Cluster(state)
        cluster.start()
        server = None
        try:
            _database.prepare(state, cluster.admin_dsn)
            started = time.monotonic()
            loaded = tenant.load(data)
            with tenancy_admin(cluster.admin_dsn):
                raw = conninfo.make_conninfo(cluster.admin_dsn, dbname="reference")
                reference.load(raw, data)
            print(f"loaded {size} contacts twice in {time.monotonic() - started:.0f} s", flush=True)
            port = free_port()
            server = WebServer(state, Listening("127.0.0.1", port))
            server.start(threading.Event())
            yield Bed(data.meta, port, raw, loaded, server.pid, cluster.pid or 0)
        finally:
            if server is not None:
                server.stop()
            tenancy.placement().database.close()
            cluster.stop()


@contextmanager
def tenancy_admin(dsn: str) -> Iterator[None]:
    """Make the database of the reference tables."""
    import psycopg

    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create database reference template template0")
    yield


class Run:
    """Rounds of one size; every figure is the median of rounds, every ratio is formed within a round."""

    def __init__(self, found: Bed, secs: float, parallel_secs: float) -> None:
        self.load = yardstick.client()
        self.bed = found
        self.secs = secs
        self.parallel_secs = parallel_secs
        keys, ids = found.loaded.keys, [str(i) for i in found.loaded.ids]
        self.product = Product(found.meta, found.port, keys["acting"], ids)
        self.sealed = Product(found.meta, found.port, keys["acting"], ids, code="sealed_person")
        self.everything = Product(found.meta, found.port, keys["everything"], ids)
        self.fifty = Product(found.meta, found.port, keys["fifty"], ids)
        self.raw = self.load.Raw(found.meta, found.raw_dsn)
        self.tuned = self.load.RawTuned(found.meta, found.raw_dsn)
        self.by_hand = reference.Viewers(self.raw, self.tuned)
        self.figures: dict[str, list[tuple[float, float, float, float]]] = {}
        self.parallel: dict[str, list[float]] = {}

    def verify(self) -> None:
        """Answers first: a fast wrong answer is no measurement."""
        meta, product = self.bed.meta, self.product
        checks = {
            "page 1": product.page1() == meta["page1_names"],
            "page 20": product.page20() == meta["page20_names"],
            "count": product.count() == meta["matching"],
            "everything": self.everything.page1() == self.by_hand.everything(),
            "everything, count": self.everything.count() == self.by_hand.everything_count(),
            "fifty": self.fifty.page(condition="") == self.by_hand.fifty(),
            "nobody": product.page(condition=_filter("zzqx")) == self.by_hand.nobody() == [],
            "reference page 1": self.raw.page1() == meta["page1_names"],
            "reference count": self.raw.count() == meta["matching"],
        }
        for number in meta["read_ids"][:20]:
            product.read(number)
        refused = 0
        for number in meta["denied_ids"][:40]:
            try:
                product.denied(number)
            except self.load.Denied:
                refused += 1
        checks["denied"] = refused == len(meta["denied_ids"][:40])
        wrong = [name for name, right in checks.items() if not right]
        print("answers:", "all right" if not wrong else f"WRONG: {', '.join(wrong)}", flush=True)
        if wrong:
            raise SystemExit(1)

    def round(self, number: int) -> None:
        """One round: the product and the reference in turn, request by request."""
        meta, rng = self.bed.meta, random.Random(number)
        nobody = _filter("zzqx")
        titles = self.load.TITLES

        def pick(name: str) -> Any:
            return rng.choice(meta[name])

        def refused(call: Callable[[int], object]) -> None:
            try:
                call(pick("denied_ids"))
            except self.load.Denied:
                return
            raise SystemExit("LEAK: a denied record was read")

        def change(target: Any) -> None:
            target.update(pick("read_ids"), f"+49 30 {rng.randrange(10**6, 10**7)}", rng.choice(titles))

        p, raw, hand = self.product, self.raw, self.by_hand
        pairs: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
            ("page 1, acting user", p.page1, raw.page1),
            ("page 1, viewer of 100 %", self.everything.page1, hand.everything),
            ("page 1, viewer of 50 records", lambda: self.fifty.page(condition=""), hand.fifty),
            ("page 1, a filter nobody matches", lambda: p.page(condition=nobody), hand.nobody),
            ("page 20", p.page20, raw.page20),
            ("count, exact", p.count, raw.count),
            ("count, viewer of 100 %", self.everything.count, hand.everything_count),
            ("read one, Internal", lambda: p.read(pick("read_ids")), lambda: raw.read(pick("read_ids"))),
            (
                "read one, Restricted",
                lambda: self.sealed.read(pick("read_ids")),
                lambda: raw.read(pick("read_ids")),
            ),
            ("update, tracked and audited", lambda: change(p), lambda: change(raw)),
            ("denied", lambda: refused(p.denied), lambda: refused(raw.denied)),
            ("absent", lambda: refused(lambda _: p.denied(0)), lambda: refused(raw.denied)),
        ]
        for name, ours, theirs in reversed(pairs) if number % 2 else pairs:
            ours_ms, cpu_app, cpu_db = self._time(ours)
            theirs_ms, _, _ = self._time(theirs)
            self.figures.setdefault(name, []).append((ours_ms, theirs_ms, cpu_app, cpu_db))
        if self.parallel_secs:
            for op in PARALLEL:
                target = {
                    "driver": "product",
                    "args": {
                        "port": self.bed.port,
                        "key": self.bed.loaded.keys["acting"],
                        "ids": [str(i) for i in self.bed.loaded.ids],
                    },
                }
                self.load.DRIVERS["product"] = Product
                found = self.load.parallel(target, meta, op, self.parallel_secs)
                self.parallel.setdefault(op, []).append(found["rps"])

    def _time(self, call: Callable[[], object]) -> tuple[float, float, float]:
        """Median ms of a call, and CPU ms a call of the web server's and the database's processes."""
        for _ in range(3):
            call()
        app, db = self.load.cpu([self.bed.web_pid]), self.load.cpu([self.bed.database_pid])
        taken: list[float] = []
        end = time.perf_counter() + self.secs
        while len(taken) < 400 and (time.perf_counter() < end or len(taken) < 5):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
        count = len(taken)
        app = self.load.cpu([self.bed.web_pid]) - app
        db = self.load.cpu([self.bed.database_pid]) - db
        return 1000 * statistics.median(taken), 1000 * app / count, 1000 * db / count

    def report(self) -> None:
        """Print the table."""
        print("\n| request | ours, ms | by hand, ms | ratio (lowest-highest) | CPU ms, app + database |")
        print("|---|---|---|---|---|")
        for name, rounds in self.figures.items():
            ours, theirs = (statistics.median(r[i] for r in rounds) for i in (0, 1))
            ratios = sorted(r[0] / r[1] for r in rounds)
            app, db = (statistics.median(r[i] for r in rounds) for i in (2, 3))
            print(
                f"| {name} | {ours:.2f} | {theirs:.2f} | {statistics.median(ratios):.2f}"
                f" ({ratios[0]:.2f}-{ratios[-1]:.2f}) | {app:.2f} + {db:.2f} |"
            )
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
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--secs", type=float, default=0.5)
    parser.add_argument("--parallel-secs", type=float, default=2.0)
    options = parser.parse_args()
    if not yardstick.available():
        print(f"the yardstick is not at {yardstick.SHARED}: set OSTIARY_SHARED")
        return
    for size in options.size:
        print(f"\n## {size} contacts, {options.rounds} rounds", flush=True)
        with bed(size) as found:
            run = Run(found, options.secs, options.parallel_secs)
            run.verify()
            for number in range(options.rounds):
                run.round(number)
                print(f"round {number + 1} done", flush=True)
            run.report()


if __name__ == "__main__":
    main()

"""Times of two ways to the same answer, taken in turn; ratios are formed within a round."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench import yardstick
from bench.bed import Served

MOST_CALLS = 400


@dataclass(frozen=True, slots=True)
class Pair:
    """A request in the product and by hand."""

    name: str
    ours: Callable[[], object]
    theirs: Callable[[], object]


@dataclass(slots=True)
class Meter:
    """What was measured. rounds: by request (ours ms, theirs ms, CPU ms of the product, of the database)."""

    served: Served
    secs: float
    rounds: dict[str, list[tuple[float, float, float, float]]] = field(default_factory=dict)
    _load: Any = field(default_factory=yardstick.client)

    def round(self, pairs: Sequence[Pair], number: int) -> None:
        """Each pair once; every other round backwards, so that nobody always comes after the same."""
        for pair in list(reversed(pairs)) if number % 2 else pairs:
            ours, app, database = self.time(pair.ours)
            theirs, _, _ = self.time(pair.theirs)
            self.rounds.setdefault(pair.name, []).append((ours, theirs, app, database))

    def time(self, call: Callable[[], object]) -> tuple[float, float, float]:
        """Median ms of a call, and CPU ms a call of the web server's and the database's processes."""
        for _ in range(3):
            call()
        app, database = self._load.cpu([self.served.web_pid]), self._load.cpu([self.served.database_pid])
        taken: list[float] = []
        end = time.perf_counter() + self.secs
        while len(taken) < MOST_CALLS and (time.perf_counter() < end or len(taken) < 5):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
        app = self._load.cpu([self.served.web_pid]) - app
        database = self._load.cpu([self.served.database_pid]) - database
        return 1000 * statistics.median(taken), 1000 * app / len(taken), 1000 * database / len(taken)

    def report(self, ours_called: str = "ours", theirs_called: str = "by hand") -> None:
        """Print the table."""
        head = f"{ours_called}, ms | {theirs_called}, ms | ratio (lowest-highest) | CPU ms, app + database"
        print(f"\n| request | {head} |\n|---|---|---|---|---|")
        for name, rounds in self.rounds.items():
            ours, theirs, app, database = (statistics.median(r[i] for r in rounds) for i in range(4))
            ratios = sorted(r[0] / r[1] for r in rounds)
            print(
                f"| {name} | {ours:.2f} | {theirs:.2f} | {statistics.median(ratios):.2f}"
                f" ({ratios[0]:.2f}-{ratios[-1]:.2f}) | {app:.2f} + {database:.2f} |"
            )


def ensure_right(answers: dict[str, bool]) -> None:
    """A fast wrong answer is no measurement: ends the run if one is wrong."""
    wrong = [name for name, right in answers.items() if not right]
    print("answers:", "all right" if not wrong else f"WRONG: {', '.join(wrong)}", flush=True)
    if wrong:
        raise SystemExit(1)

"""Figures for Prometheus. Labels are names of the program (route, method, class of status), never data.

Each worker writes to files of its own in a folder of this node; `_figures` adds them up when it is asked.
Without the folder nothing is measured. prometheus_client decides by the environment at its first import
where it keeps values, so it is imported here only after `enable`.
"""

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ostiary.kernel.errors import Misconfigured
from ostiary.project._processes import is_alive

if TYPE_CHECKING:
    pass

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SAMPLE_EVERY_S = 5.0
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it, for this account alone

Sample = Callable[[], float]


def enable() -> Path:
    """Measure in this process and its future children, in a fresh folder; the folders of dead nodes go.

    Raises: Misconfigured: too late, the library has been imported.
    """
    if "prometheus_client" in sys.modules:
        raise Misconfigured("metrics have to be enabled before prometheus_client is imported")
    parent = _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    prefix = f"ostiary-metrics-{os.geteuid()}-"
    for left in parent.glob(f"{prefix}*"):
        owner = left.name.removeprefix(prefix).partition("-")[0]
        if owner.isdecimal() and not is_alive(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=parent))
    os.environ[FOLDER] = str(folder)
    return folder


def folder() -> Path | None:
    """Where this node's processes write their figures; None: nothing is measured."""
    return Path(os.environ[FOLDER]) if os.environ.get(FOLDER) else None


class Requests:
    """How many requests are answered, how long each takes, and how many are in progress."""

    def __init__(self) -> None:
        from prometheus_client import Gauge, Histogram

        self._seconds = Histogram(
            "ostiary_http_request_duration_seconds",
            "Time from the request's arrival to the head of its answer.",
            ("route", "method", "status"),
            buckets=BUCKETS_S,
        )
        self._in_flight = Gauge(
            "ostiary_http_requests_in_flight", "Requests in progress.", multiprocess_mode="livesum"
        )
        self._known: dict[tuple[str, str, int], Histogram] = {}

    def began(self) -> None:
        """A request arrived."""
        self._in_flight.inc()

    def ended(self, route: str, method: str, status: int, seconds: float) -> None:
        """Its answer begins. method: a known one, or `other`.

        route: the template of its address, such as `api/v1/records/<slug:code>`.
        """
        self._in_flight.dec()
        key = (route, method, status // 100)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._seconds.labels(route, method, f"{status // 100}xx")
        found.observe(seconds)


class Sampler:
    """Looks at what a worker knows of itself every few seconds, from a thread, and writes it down.

    samples: by the metric's name, its help and the label `state` (or ""), what to call.
    """

    def __init__(self, samples: Mapping[tuple[str, str, str], Sample]) -> None:
        from prometheus_client import Gauge

        gauges: dict[str, Gauge] = {}
        self._samples: list[tuple[Gauge, Sample]] = []
        for (name, about, state), sample in samples.items():
            if name not in gauges:
                labels = ("state",) if state else ()
                gauges[name] = Gauge(name, about, labels, multiprocess_mode="livesum")
            self._samples.append((gauges[name].labels(state) if state else gauges[name], sample))

    def start(self) -> None:
        """Begin; the thread ends with the process."""
        threading.Thread(target=self._work, name="metrics", daemon=True).start()

    def _work(self) -> None:
        pause = threading.Event()
        while True:
            for gauge, sample in self._samples:
                gauge.set(sample())
            pause.wait(SAMPLE_EVERY_S)


_requests: list[Requests] = []


def requests() -> Requests | None:
    """The process's own figures of requests; None: nothing is measured."""
    if folder() is None:
        return None
    if not _requests:
        _requests.append(Requests())
    return _requests[0]

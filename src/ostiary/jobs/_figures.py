"""How busy the queue is, for operators: numbers, nothing of any tenant."""

from dataclasses import dataclass

from ostiary.tenancy import public as tenancy


@dataclass(frozen=True, slots=True)
class LaneFigures:
    """One lane of one database.

    waiting: all that is not begun or between attempts; due: those of them that could begin now; oldest_s:
    since when the first of these could; failed: dead letters; workers: lines of work that live, of any lane.
    """

    placement: str
    lane: str
    waiting: int
    due: int
    running: int
    oldest_s: float
    failed: int
    workers: int


def figures(placement: str = "") -> list[LaneFigures]:
    """The figures of one database; "" is the installation's own. The app's login is enough.

    They are counted: some milliseconds for ten thousand jobs, so ask every few seconds at most.
    """
    rows = tenancy.placement(placement).database.rows(
        "select lane, waiting, due, running, oldest_s, failed, workers from jobs_door.figures()"
        " where %(yes)s",
        {"yes": True},
    )
    return [LaneFigures(placement, *row) for row in rows]

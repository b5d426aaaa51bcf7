"""What background work refuses, and how a run ends without a result."""

from ostiary.kernel.errors import OstiaryError


class UnknownTask(OstiaryError):
    """No such task here, or not for this caller."""

    code = "jobs.unknown_task"


class TooManyJobs(OstiaryError):
    """The tenant has as many jobs waiting as it may."""

    code = "jobs.too_many"


class JobRefused(OstiaryError):
    """The job cannot be run for a lasting reason: `code` says which."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class GivenUp(Exception):
    """This run has no right to go on: another one has the job, it was discarded, or the worker stops.

    A signal between the engine and itself: tasks let it pass.
    """


class Again(Exception):
    """The job goes back to wait. A signal to the queue, which keeps nothing of it but the time."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"again in {wait_s:.0f} s")
        self.wait_s = wait_s

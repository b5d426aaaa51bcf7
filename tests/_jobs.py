"""Background work within a test: `run_due_jobs` does in this process what a worker would do now."""

from ostiary.jobs import public as jobs
from ostiary.tenancy import public as tenancy


def run_due_jobs() -> None:
    """Run every job of the installation's database that is due, also what they ask for, until none is."""
    jobs.work_off(tenancy.placement().owner)

"""A real worker process that also knows the tasks of tests: `python -m tests._job_worker`."""

import sys

from ostiary.project import _worker
from tests._job_tasks import register

if __name__ == "__main__":
    register()
    sys.exit(_worker.main())

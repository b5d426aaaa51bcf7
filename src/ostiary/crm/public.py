"""The packaged business objects: what they declare, and how a tenant gets them."""

from ostiary.crm._install import FOLDER, install, read
from ostiary.crm._job_functions import JobFunction, job_functions
from ostiary.objects.public import Rights, read_rights

__all__ = ["FOLDER", "JobFunction", "Rights", "install", "job_functions", "read", "read_rights"]

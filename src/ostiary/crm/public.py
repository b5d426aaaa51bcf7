"""The packaged business objects: what they declare, how a tenant gets them, and their few rules in code."""

from ostiary.crm._case_terms import register as _register
from ostiary.crm._day import FINAL, PIPELINE, TASKS, TERMS, Agenda, Pipeline
from ostiary.crm._duplicates import ship as _ship_duplicate_rules
from ostiary.crm._install import FOLDER, install, read
from ostiary.crm._job_functions import JobFunction, job_functions
from ostiary.crm._terms import Source, Term, Unit, deadlines, due
from ostiary.crm._working_time import DEFAULT as DEFAULT_CALENDAR
from ostiary.crm._working_time import BadHours, Calendar, read_hours
from ostiary.objects.public import Rights, read_rights

_register()
_ship_duplicate_rules()

__all__ = [
    "DEFAULT_CALENDAR",
    "FINAL",
    "FOLDER",
    "PIPELINE",
    "TASKS",
    "TERMS",
    "Agenda",
    "BadHours",
    "Calendar",
    "JobFunction",
    "Pipeline",
    "Rights",
    "Source",
    "Term",
    "Unit",
    "deadlines",
    "due",
    "install",
    "job_functions",
    "read",
    "read_hours",
    "read_rights",
]

"""`ostiary doctor`."""

from collections.abc import Sequence

import orjson

from ostiary.project import _doctor
from ostiary.project._state import default_state

_MARKS = {"ok": "ok     ", "skipped": "skipped", "warning": "WARNING", "error": "ERROR  "}


def run(only: Sequence[str], *, as_json: bool, quiet: bool) -> int:
    """Look, and print a line for each finding with its remedy. Exit code 0, 1 (warnings) or 2 (errors)."""
    with _doctor.probing(default_state()) as probe:
        findings = _doctor.examine(probe, only)
    code = _doctor.exit_code(findings)
    if as_json:
        print(orjson.dumps({"code": code, "findings": findings}, option=orjson.OPT_INDENT_2).decode())
        return code
    for finding in findings:
        if quiet and finding.severity is _doctor.Severity.OK:
            continue
        print(f"{_MARKS[finding.severity]}  {finding.check}: {finding.words}")
        if finding.remedy:
            print(f"         {finding.remedy}")
    return code


def list_checks() -> int:
    """One line for each check: name and what is well when it finds nothing."""
    for name, title in _doctor.checks().items():
        print(name, title, sep="\t")
    return 0

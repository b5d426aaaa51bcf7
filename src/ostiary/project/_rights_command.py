"""`ostiary rights export|plan|apply|drift|lint`."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.project._administration import acting_as, installation, named_tenant

REFUSED, DRIFTED, ERRORS = 2, 1, 1


@contextmanager
def _acting(options: argparse.Namespace) -> Iterator[Context]:
    with installation(), acting_as(named_tenant(options.tenant), options.login, purpose="rights") as ctx:
        yield ctx


def export(options: argparse.Namespace) -> int:
    """Show the file, or write it with the comments that it has."""
    path = Path(options.file) if options.file else None
    before = path.read_text("utf-8") if path is not None and path.is_file() else ""
    with _acting(options) as ctx:
        text = assurance.export_rights(ctx, before)
    if path is None:
        print(text, end="")
        return 0
    path.write_text(text, "utf-8")
    print(f"{path}: {len(text.splitlines())} lines")
    return 0


def plan(options: argparse.Namespace) -> int:
    """Each difference, and what it would do to whom."""
    with _acting(options) as ctx:
        _tell(ctx, options, *assurance.plan_file(ctx, _read(options), options.file))
    return 0


def apply(options: argparse.Namespace) -> int:
    """The same, done. Refused where somebody could do more than before, unless that is allowed."""
    with _acting(options) as ctx:
        try:
            planned, impact = assurance.apply_file(
                ctx, _read(options), options.file, allow_widen=options.allow_widen
            )
        except assurance.Widens as refused:
            for line in access.diff_lines(ctx, refused.impact.diff):
                print(line, file=sys.stderr)
            print("error: somebody could do more than before; --allow-widen lets it through", file=sys.stderr)
            return REFUSED
        _tell(ctx, options, planned, impact)
    return 0


def drift(options: argparse.Namespace) -> int:
    """Whether the rights are those of the file."""
    with _acting(options) as ctx:
        planned, impact = assurance.plan_file(ctx, _read(options), options.file)
        _tell(ctx, options, planned, impact)
    return DRIFTED if planned.differs else 0


def lint(options: argparse.Namespace) -> int:
    """Each finding, errors first."""
    with _acting(options) as ctx:
        found = assurance.list_findings(ctx)
    if options.json:
        print(json.dumps([assurance.finding_values(f) for f in found], ensure_ascii=False, indent=1))
    else:
        for finding in found:
            print(f"{finding.severity.value}: {finding.text} [{finding.code}]")
        errors = sum(f.severity is assurance.Severity.ERROR for f in found)
        print(f"{errors} errors, {len(found) - errors} warnings")
    return ERRORS if any(f.severity is assurance.Severity.ERROR for f in found) else 0


def _read(options: argparse.Namespace) -> str:
    path = Path(options.file)
    if not path.is_file():
        raise NotFound(f"there is no file {options.file}")
    return path.read_text("utf-8")


def _tell(
    ctx: Context, options: argparse.Namespace, planned: assurance.RightsPlan, impact: assurance.Impact
) -> None:
    told = list(access.diff_lines(ctx, impact.diff))
    if options.json:
        found = {
            "differs": planned.differs,
            "widens": impact.widens,
            "exact": impact.diff.exact,
            "changes": planned.lines,
            "unnamed": planned.unnamed,
            "impact": told,
        }
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for line in planned.lines:
        print(line)
    for role in planned.unnamed:
        print(f"? role {role} is not in the file")
    if told:
        print("\nWho gains (+) and who loses (-):")
    for line in told:
        print(line)
    if not planned.differs:
        print("The rights are those of the file.")

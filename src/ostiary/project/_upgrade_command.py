"""`ostiary migrate`: every tenant brought up to this release, some beside each other."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict

from ostiary.kernel.errors import FieldError, Invalid
from ostiary.project._administration import installation, named_tenant
from ostiary.project._release import RELEASE
from ostiary.project._upgrade import Order, Outcome, Report, upgrade_tenant
from ostiary.tenancy import public as tenancy

MOST_AT_ONCE = 32


def run(options: argparse.Namespace) -> int:
    """Upgrade the named tenant or all of them; 1 when one of them was not brought to this release."""
    if not 1 <= options.parallel <= MOST_AT_ONCE:
        raise Invalid([FieldError("parallel", "out_of_range", f"Between 1 and {MOST_AT_ONCE}")])
    with installation():
        chosen = [named_tenant(options.tenant)] if options.tenant else tenancy.list_tenants()
        order = Order(
            dry_run=options.dry_run,
            accept_widening=options.accept_widening,
            packages=not options.no_packages,
        )
        found: list[Report] = []
        for report in upgrade_all(chosen, order, options.parallel):
            found.append(report)
            if not options.json:
                print(f"[{len(found)}/{len(chosen)}] {report.tenant}: {report.outcome}", file=sys.stderr)
    found.sort(key=lambda report: report.tenant)
    if options.json:
        print(json.dumps([asdict(report) for report in found], indent=1))
    else:
        print("\n".join((*_changes(found), *_table(found))))
    good = (Outcome.CURRENT, Outcome.UPGRADED, Outcome.WOULD_UPGRADE)
    return 0 if all(report.outcome in good for report in found) else 1


def upgrade_all(tenants: Sequence[tenancy.Tenant], order: Order, parallel: int) -> Iterator[Report]:
    """Upgrade tenants, some beside each other; reports in the order in which they end.

    When the caller goes away, what has begun ends in good order, and nothing else begins.
    """
    with ThreadPoolExecutor(parallel) as workers:
        running = [workers.submit(upgrade_tenant, tenant, order) for tenant in tenants]
        try:
            for ended in as_completed(running):
                yield ended.result()
        finally:
            workers.shutdown(cancel_futures=True)


def _changes(reports: Sequence[Report]) -> Iterator[str]:
    """Who gains and loses what, by tenant."""
    for report in reports:
        if report.access:
            yield f"access in {report.tenant}:"
            yield from (f"  {line}" for line in report.access)
            yield ""


def _table(reports: Sequence[Report]) -> Iterator[str]:
    head = ("tenant", "from", "to", "seconds", "outcome", "reason")
    rows = [
        (r.tenant, str(r.before), str(r.after), f"{r.seconds:.1f}", r.outcome.value, r.reason)
        for r in reports
    ]
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    for row in (head, *rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield f"this is release {RELEASE}"

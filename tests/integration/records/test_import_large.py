"""An import of many rows holds no more memory than one of few. Rows: OSTIARY_IMPORT_ROWS, or 200,000."""

import os
import resource
import sys
import time
from collections.abc import Iterator
from uuid import UUID

import pytest

from ostiary.project._tenants import NewTenant
from ostiary.records import public as records
from tests._jobs import as_owner, run_due_jobs
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, inside, make_home, open_to_all

ROWS = int(os.environ.get("OSTIARY_IMPORT_ROWS", "200000"))
FEW = 20_000
MORE_KB = 48 * 1024  # that many rows may take beside few: lists of the allocator, statements, keys


@pytest.fixture
def home(installation: Installation) -> Iterator[NewTenant]:
    new = make_home(f"big{installation.worker}")
    apply(new, BOAT)
    with inside(new) as ctx:
        open_to_all(ctx, "boat")
    yield new
    as_owner("delete from jobs.procrastinate_jobs")
    as_owner("delete from jobs.job")


def lines(first: int, count: int) -> Iterator[bytes]:
    yield b"Name,Length m\n"
    for start in range(first, first + count, 1_000):
        yield "".join(
            f"Boat {n},{n % 90}\n" for n in range(start, min(start + 1_000, first + count))
        ).encode()


def imported(home: NewTenant, first: int, count: int) -> UUID:
    with inside(home) as ctx:
        made = records.take_file(ctx, "boat", "boats.csv", lines(first, count))
        choice = records.ImportChoice({0: "name", 1: "length_m"}, ("name",))
        records.start_import(ctx, made, choice, check=False)
    run_due_jobs()
    return made


def peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.deep
def test_memory_does_not_grow_with_the_file(home: NewTenant) -> None:
    imported(home, 0, FEW)
    before, began = peak_kb(), time.monotonic()
    made = imported(home, FEW, ROWS)
    seconds, grown = time.monotonic() - began, peak_kb() - before
    sys.stderr.write(f"\n{ROWS:,} rows in {seconds:.0f} s, {ROWS / seconds:,.0f}/s, peak +{grown:,} kB\n")
    with inside(home) as ctx:
        done = records.get_import(ctx, made)
        assert records.count_records(ctx, "boat").value == FEW + ROWS
    assert (done.state, done.fates(records.ImportPhase.RUN)["created"]) == (records.ImportState.DONE, ROWS)
    assert grown < MORE_KB

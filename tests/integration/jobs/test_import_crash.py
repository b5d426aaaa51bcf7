"""A worker that is killed in the middle of an import: each row of the file is there once."""

from uuid import UUID, uuid4

import pytest

from ostiary.objects import public as objects
from ostiary.records import public as records
from tests._jobs import Workers, asking, wait_until
from tests._tenants import TestTenant
from tests.integration.objects._worlds import BOAT, open_to_all

ROWS = 4_000


@pytest.fixture
def file(effects: TestTenant) -> tuple[str, UUID]:
    """An object of its own in the session's tenant, and a file for it, asked for."""
    code = f"ship{uuid4().hex[:8]}"
    with asking(effects) as ctx:
        change = BOAT.replace("object: boat", f"object: {code}")
        objects.apply_changes(effects.tenant, ctx, objects.read_changes(change))
    with asking(effects) as ctx:
        open_to_all(ctx, code)
    lines = "\n".join(["Name,Length m", *(f"Ship {n},{n}" for n in range(ROWS))])
    with asking(effects) as ctx:
        made = records.take_file(ctx, code, "ships.csv", [lines.encode()])
        choice = records.ImportChoice({0: "name", 1: "length_m"}, ("name",))
        records.start_import(ctx, made, choice, check=False)
    return code, made


def state_of(tenant: TestTenant, made: UUID) -> records.Import:
    with asking(tenant) as ctx:
        return records.get_import(ctx, made)


def test_a_worker_killed_in_the_middle_leaves_each_row_once(
    effects: TestTenant, workers: Workers, file: tuple[str, UUID]
) -> None:
    code, made = file
    first = workers.start()
    wait_until(lambda: state_of(effects, made).done > 0)
    workers.kill(first)
    middle = state_of(effects, made)
    assert 0 < middle.done < ROWS
    with asking(effects) as ctx:
        assert records.count_records(ctx, code).value == middle.done  # a block and the note of it are one
    workers.start()
    wait_until(lambda: state_of(effects, made).state is records.ImportState.DONE)
    workers.stop()
    done = state_of(effects, made)
    assert {k: v for k, v in done.fates(records.ImportPhase.RUN).items() if v} == {"created": ROWS}
    with asking(effects) as ctx:
        assert records.count_records(ctx, code).value == ROWS
        text = b"".join(records.import_result(ctx, made))
    assert text.count(b",created,") == ROWS

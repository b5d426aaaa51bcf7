"""The page of the CRM and the declarations tell the same of every stage, and both what really happens."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ostiary.crm import public as crm
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import Invalid
from ostiary.kernel.ids import RecordId
from ostiary.objects import public as objects
from ostiary.objects.public import Column, ColumnType
from ostiary.records import public as records
from tests._tenants import TestTenant, rolled_back

PAGE = (Path(__file__).parents[3] / "docs/reference/crm.md").read_text()
PACKAGE = crm.read()
STAGED = [o for o in PACKAGE.objects.values() if o.rules.stages is not None]
_CODES = re.compile(r"`(\w+)`")


@pytest.fixture
def admin(crm_tenant: TestTenant) -> Iterator[Context]:
    with rolled_back(crm_tenant.tenant) as db:
        yield Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.API)


def documented(made: objects.Object) -> dict[str, tuple[bool, set[str], str]]:
    """By stage, as the page has it: whether it is final, what it needs, what it brings."""
    assert made.rules.stages is not None
    head = f"(`{made.code}.{made.rules.stages.column}`)"
    assert head in PAGE, f"{made.code} has stages and no table"
    section = PAGE.partition(head)[2].partition("\n#")[0]
    assert ("never left" in section) == made.rules.stages.one_way
    lines = [line for line in section.splitlines() if line.startswith("| ")][2:]
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    return {c[0]: (c[1] == "yes", set(_CODES.findall(c[2])), c[3]) for c in cells}


def stages_of(ctx: Context, made: objects.Object) -> dict[str, tuple[str, dict[str, Any]]]:
    """By name: what is stored, and the row with its flags."""
    assert made.rules.stages is not None
    column = made.columns[made.rules.stages.column]
    if column.target is None:
        return {c.caption: (c.code, {"code": c.code}) for c in column.choices}
    found = records.list_records(ctx, records.RecordQuery(column.target, limit=100))
    return {str(r["name"]): (str(r["id"]), r) for r in found.records()}


def some(ctx: Context, made: objects.Object, column: Column) -> object:
    """A value that fits."""
    match column.type:
        case ColumnType.LOOKUP:
            target = PACKAGE.objects[str(column.target)]
            rows = list(records.list_records(ctx, records.RecordQuery(target.code, limit=1)).ids)
            return str(rows[0] if rows and target.is_lookup else make(ctx, target))
        case ColumnType.DATE:
            return "2026-12-31"
        case ColumnType.MONEY | ColumnType.INTEGER | ColumnType.DECIMAL:
            return 1
        case _:
            return f"Some {made.code}"


def make(ctx: Context, made: objects.Object) -> RecordId:
    """A record with what it must have, in the stage that records begin in."""
    values = {
        c.code: some(ctx, made, c)
        for c in made.columns.values()
        if c.required and c.default is None and (made.code, c.code) not in PACKAGE.lookup_defaults
        if c.type is not ColumnType.OWNER
    }
    for names in made.rules.any_of:
        values.setdefault(names[0], some(ctx, made, made.columns[names[0]]))
    return records.create_record(ctx, made.code, values).id


def fill(ctx: Context, made: objects.Object, record: RecordId, needs: set[str]) -> dict[str, object]:
    """Values for what a stage needs; what is computed follows from a record below."""
    values = {}
    for code in needs:
        column = made.columns[code]
        if column.computed:
            formula = objects.read_formula(column.formula)
            assert isinstance(formula, objects.Sum)
            child = PACKAGE.objects[formula.object]
            link = next(c for c in child.columns.values() if c.target == made.code)
            given = {"quantity": 1, "price": 5, "text": "A thing", link.code: str(record)}
            records.create_record(ctx, child.code, given)
        else:
            values[code] = some(ctx, made, column)
    return values


def move(ctx: Context, code: str, record: RecordId, values: dict[str, object]) -> records.Record:
    version = records.get_record(ctx, code, record).version
    return records.update_record(ctx, code, record, values, version)


def test_every_object_with_stages_is_on_the_page_and_nothing_else_is() -> None:
    heads = set(re.findall(r"^### .*\(`(\w+)\.\w+`\)$", PAGE, re.MULTILINE))
    assert heads == {made.code for made in STAGED}
    formulas = {
        f"| `{o.code}.{c.code}` | `{c.formula}` |"
        for o in PACKAGE.objects.values()
        for c in o.columns.values()
        if c.formula
    }
    assert [line for line in formulas if line not in PAGE] == []


@pytest.mark.parametrize("made", STAGED, ids=lambda made: made.code)
def test_every_stage_needs_and_brings_what_the_page_says(admin: Context, made: objects.Object) -> None:
    stages = made.rules.stages
    assert stages is not None
    told, there = documented(made), stages_of(admin, made)
    assert told.keys() == there.keys()
    for name, (value, row) in there.items():
        final, needs, brings = told[name]
        assert final == (stages.final is not None and stages.final.fits(row)), name
        for entry in stages.enter:
            if entry.to.fits(row):
                codes = {code for code, _ in (*entry.put, *entry.fill)}
                assert codes <= set(_CODES.findall(brings)), name
        record = make(admin, made)
        if str(records.get_record(admin, made.code, record).data.get(stages.column)) == value:
            continue
        with_need: dict[str, object] = {stages.column: value}
        if needs:
            with pytest.raises(Invalid) as refused:
                move(admin, made.code, record, with_need)
            assert {e.field for e in refused.value.errors} == needs, name
        values = fill(admin, made, record, needs)
        move(admin, made.code, record, {**with_need, **values})
        _leave(admin, made, record, there, left=name, final=final)


def _leave(
    ctx: Context,
    made: objects.Object,
    record: RecordId,
    there: dict[str, tuple[str, dict[str, Any]]],
    *,
    left: str,
    final: bool,
) -> None:
    """Final stages are left where the object lets them be, and nowhere else."""
    stages = made.rules.stages
    assert stages is not None
    other = next(name for name in there if name != left)
    if final and stages.one_way:
        with pytest.raises(Invalid) as refused:
            move(ctx, made.code, record, {stages.column: there[other][0]})
        assert [e.code for e in refused.value.errors] == ["stage_final"]
    elif final:
        move(ctx, made.code, record, {stages.column: there[other][0]})

"""A rows step against an in-memory object: every fate, and that a second run changes nothing."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import pytest

from ostiary.access.public import Verb
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied, FieldError, Invalid, NotFound, OstiaryError
from ostiary.kernel.ids import ColumnId, ObjectId, TenantId, UnitId, new_id
from ostiary.kernel.ports import Db
from ostiary.objects.public import Column, ColumnType, DataClass, Layout, Object, Retention
from ostiary.records._import_door import Lookups, fold
from ostiary.records._import_mapping import Duplicates, Repeats, RowsStep, parse_mapping
from ostiary.records._import_result import Fate, RowFate
from ostiary.records._import_rows import RowsRun
from ostiary.records._import_source import SourceRow

MAPPING = """
name: sample
steps:
  - kind: rows
    name: accounts
    file: accounts.csv
    object: account
    key: [name]
    aliases:
      sector: {technolgy: technology}
    columns:
      name: account
      industry: {from: sector, missing: refuse}
      employees: {from: employees, expected: true}
      owner: {from: rep, match: name}
      parent: {from: subsidiary_of, later: true}
"""
HEADER = ("account", "sector", "employees", "rep", "subsidiary_of")


def make_object(code: str, *columns: tuple[str, ColumnType, str | None], is_lookup: bool = False) -> Object:
    made = {
        name: Column(
            ColumnId(new_id()),
            name,
            name,
            kind,
            DataClass.INTERNAL,
            "none",
            Retention(0, "created", "keep"),
            target=target,
        )
        for name, kind, target in columns
    }
    layout = Layout(("name",), ("name",), (), ())
    return Object(ObjectId(new_id()), code, code, code, "x", "name", made, layout, is_lookup=is_lookup)


class Memory:
    """Objects and records in memory, behind the port of the import."""

    def __init__(self) -> None:
        text, lookup = ColumnType.TEXT, ColumnType.LOOKUP
        self.objects = {
            "industry": make_object("industry", ("name", text, None), is_lookup=True),
            "account": make_object(
                "account",
                ("name", text, None),
                ("industry", lookup, "industry"),
                ("employees", ColumnType.INTEGER, None),
                ("parent", lookup, "account"),
                ("owner", ColumnType.OWNER, None),
            ),
        }
        self.records: dict[str, dict[str, dict[str, Any]]] = {code: {} for code in self.objects}
        self.verbs = {code: {Verb.READ, Verb.CREATE, Verb.UPDATE} for code in self.objects}
        self.closed: set[str] = set()
        self.staff = [(str(new_id()), name) for name in ("Ann Lee", "Bo Ek", "Bo Ek")]
        self.writes = 0

    def rights(self, _ctx: Context, code: str) -> tuple[Object, frozenset[Verb], frozenset[str]]:
        if code not in self.objects:
            raise NotFound
        found = self.objects[code]
        return found, frozenset(self.verbs[code]), frozenset(found.columns) - self.closed

    def find(
        self, _ctx: Context, code: str, _columns: Sequence[str], wanted: Mapping[str, Collection[Any]]
    ) -> list[dict[str, Any]]:
        """Text is compared as by the filter of lists, without regard to case."""

        def plain(value: Any) -> Any:
            value = value["id"] if isinstance(value, dict) else value
            return fold(value) if isinstance(value, str) else value

        return [
            record
            for record in self.records[code].values()
            if all(plain(record[c]) in map(plain, v) for c, v in wanted.items())
        ]

    def named(self, _ctx: Context, code: str, column: str, names: Collection[str]) -> list[dict[str, Any]]:
        folded = {fold(name) for name in names}
        return [record for record in self.records[code].values() if fold(record[column]) in folded]

    def alike(self, _ctx: Context, code: str, rows: Sequence[dict[str, Any]]) -> list[list[tuple[str, str]]]:
        known = [(id_, str(record["name"])) for id_, record in self.records[code].items()]
        return [[each for each in known if fold(each[1]) == fold(str(row["name"]))] for row in rows]

    def create(self, _ctx: Context, code: str, values: dict[str, Any]) -> str:
        if (values.get("employees") or 0) < 0:
            raise Invalid([FieldError("employees", "too_small", "at least 0")])
        if Verb.CREATE not in self.verbs[code]:
            raise AccessDenied("You may not create", layer="object")
        made = str(new_id())
        self.records[code][made] = {"id": made, "version": 1, **dict.fromkeys(self.objects[code].columns)}
        self._write(code, made, values)
        return made

    def create_many(
        self, ctx: Context, code: str, rows: Sequence[dict[str, Any]]
    ) -> list[str | OstiaryError]:
        results: list[str | OstiaryError] = []
        for values in rows:
            try:
                results.append(self.create(ctx, code, values))
            except (Invalid, AccessDenied) as refusal:
                results.append(refusal)
        return results

    def update_many(
        self, _ctx: Context, code: str, rows: Sequence[tuple[str, dict[str, Any], int]]
    ) -> list[int | OstiaryError]:
        for record, values, version in rows:
            assert self.records[code][record]["version"] == version
            self._write(code, record, values)
            self.records[code][record]["version"] += 1
        return [version + 1 for _, _, version in rows]

    def people(self, _ctx: Context, match: str, texts: Collection[str]) -> list[tuple[str, str]]:
        assert match == "name"
        folded = {fold(text) for text in texts}
        return [person for person in self.staff if fold(person[1]) in folded]

    def _write(self, code: str, record: str, values: dict[str, Any]) -> None:
        self.writes += 1
        for name, value in values.items():
            reference = self.objects[code].columns[name].type in (ColumnType.LOOKUP, ColumnType.OWNER)
            self.records[code][record][name] = {"id": value} if reference and value else value


class Savepoints:
    """As much of a transaction as a step needs when its records are in memory."""

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        yield


@pytest.fixture
def memory() -> Memory:
    made = Memory()
    for name in ("Technology", "Retail"):
        made.create(context(), "industry", {"name": name})
    made.writes = 0
    return made


def context() -> Context:
    return Context(TenantId(UUID(int=1)), cast("Db", Savepoints()), UnitId(UUID(int=2)), Channel.IMPORT)


def make_run(memory: Memory, mapping: str = MAPPING, **more: Any) -> RowsRun:
    (step,) = parse_mapping(mapping, name="m.yaml").steps
    assert isinstance(step, RowsStep)
    return RowsRun(memory, Lookups(memory), replace(step, **more))


def source_of(*rows: tuple[str, ...]) -> list[SourceRow]:
    return [SourceRow(n, dict(zip(HEADER, row, strict=True))) for n, row in enumerate(rows, 2)]


def imported(
    memory: Memory, *rows: tuple[str, str, str, str, str], mapping: str = MAPPING, **more: Any
) -> list[RowFate]:
    run = make_run(memory, mapping, **more)
    assert run.prepare(context()) == []
    fates = run.first_pass(context(), source_of(*rows))
    while run.is_waiting:
        run.second_pass(context(), 1)
    return fates


def test_rows_are_created_then_unchanged_then_updated(memory: Memory) -> None:
    row = ("Acme", "technolgy", "12", "ann LEE", "")
    (made,) = imported(memory, row)
    assert (made.fate, made.key, made.missing) == (Fate.CREATED, "Acme", [])
    assert made.notes == ["sector: 'technolgy' read as 'technology'"]
    writes = memory.writes
    (same,) = imported(memory, row)
    assert (same.fate, same.record, memory.writes) == (Fate.UNCHANGED, made.record, writes)
    (changed,) = imported(memory, ("Acme", "Retail", "12", "Ann Lee", ""))
    assert (changed.fate, changed.columns, changed.record) == (Fate.UPDATED, ["industry"], made.record)


def test_a_blank_never_overwrites_and_an_expected_one_is_named(memory: Memory) -> None:
    (made,) = imported(memory, ("Acme", "Retail", "12", "Ann Lee", ""))
    (blank,) = imported(memory, ("Acme", "", "", "", ""))
    assert (blank.fate, blank.missing) == (Fate.UNCHANGED, ["employees"])
    assert memory.records["account"][made.record]["employees"] == 12


def test_a_reference_further_down_is_filled_in_the_second_pass(memory: Memory) -> None:
    rows = [("Bluth", "", "1", "", "Acme"), ("Self", "", "1", "", "self"), ("Acme", "", "1", "", "Nobody")]
    bluth, self_, acme = imported(memory, *rows)
    accounts = memory.records["account"]
    assert {f.fate for f in (bluth, self_, acme)} == {Fate.CREATED}
    assert accounts[bluth.record]["parent"] == {"id": acme.record}
    assert accounts[self_.record]["parent"] == {"id": self_.record}
    assert accounts[acme.record]["parent"] is None
    assert acme.reason == "parent: nothing is called 'Nobody', left empty"
    writes = memory.writes
    assert {fate.fate for fate in imported(memory, *rows)} == {Fate.UNCHANGED}
    assert memory.writes == writes


@pytest.mark.parametrize(
    ("row", "columns", "says"),
    [
        (("", "Retail", "1", "", ""), ["name"], "name: blank, and it is the key"),
        (("B", "Farming", "1", "", ""), ["industry"], "industry: nothing is called 'Farming'"),
        (("B", "Retail", "many", "", ""), ["employees"], "employees: 'many' is no number"),
        (("B", "Retail", "-5", "", ""), ["employees"], "employees: at least 0"),
        (("B", "Retail", "1", "Bo Ek", ""), ["owner"], "owner: 2 of them are called 'Bo Ek'"),
        (("B", "Retail", "1", "Cy Ox", ""), ["owner"], "owner: nothing is called 'Cy Ox'"),
        (("Acme", "Retail", "1", "", ""), ["name"], "name: the same key as line 2"),
        (("B", "Farming", "x", "", ""), ["industry", "employees"], "'Farming'; employees: 'x' is no number"),
    ],
)
def test_a_bad_row_is_refused_by_column_and_its_neighbours_are_not(
    memory: Memory, row: tuple[str, str, str, str, str], columns: list[str], says: str
) -> None:
    good, bad, after = imported(memory, ("Acme", "", "1", "", ""), row, ("Zed", "", "1", "", ""))
    assert (good.fate, after.fate) == (Fate.CREATED, Fate.CREATED)
    assert (bad.fate, bad.columns, bad.line, bad.record) == (Fate.REFUSED, columns, 3, "")
    assert says in bad.reason
    assert len(memory.records["account"]) == 2


def test_two_records_with_one_key_are_left_alone(memory: Memory) -> None:
    for _ in range(2):
        memory.create(context(), "account", {"name": "Acme"})
    (fate,) = imported(memory, ("Acme", "Retail", "", "", ""))
    assert (fate.fate, fate.reason) == (Fate.REFUSED, "name: 2 records have this key")


def test_missing_values_are_created_left_empty_or_refused_as_the_mapping_says(memory: Memory) -> None:
    row = ("Acme", "Farming", "", "", "")
    (refused,) = imported(memory, row)
    (empty,) = imported(memory, row, mapping=MAPPING.replace("missing: refuse", "missing: empty"))
    assert (refused.fate, empty.fate) == (Fate.REFUSED, Fate.CREATED)
    assert empty.notes == ["industry: nothing is called 'Farming', left empty"]
    creating = MAPPING.replace("missing: refuse", "missing: create")
    memory.verbs["industry"].discard(Verb.CREATE)
    (forbidden,) = imported(memory, row, mapping=creating)
    assert forbidden.reason == "industry: nothing is called 'Farming', and you may not add it"
    memory.verbs["industry"].add(Verb.CREATE)
    (made,) = imported(memory, row, mapping=creating)
    assert (made.fate, made.columns) == (Fate.UPDATED, ["industry"])


def test_the_step_is_checked_against_the_object_and_the_rights_before_the_first_row(memory: Memory) -> None:
    assert make_run(memory).prepare(context()) == []
    memory.closed.add("employees")
    assert make_run(memory).prepare(context()) == ["accounts: column employees: you may not edit it"]
    wrong = MAPPING.replace("object: account", "object: acount")
    assert make_run(memory, wrong).prepare(context()) == ["accounts: no object 'acount'"]
    wrong = MAPPING.replace("      employees:", "      staff:")
    assert make_run(memory, wrong).prepare(context()) == [
        "accounts: column staff: account has no such column"
    ]
    memory.verbs["account"].discard(Verb.CREATE)
    (fault,) = make_run(memory).prepare(context())
    assert "rights to read and to create" in fault


ACME, OTHER = ("Acme", "Retail", "12", "", ""), ("ACME", "Technology", "", "", "")


def test_a_record_that_is_there_is_updated_left_or_made_again_as_the_step_says(memory: Memory) -> None:
    (first,) = imported(memory, ACME)
    (skipped,) = imported(memory, OTHER, duplicates=Duplicates.SKIP)
    assert (skipped.fate, skipped.record, memory.writes) == (Fate.SKIPPED, first.record, 1)
    (changed,) = imported(memory, ("Acme", "Technology", "", "", ""))
    retail = next(id_ for id_, each in memory.records["industry"].items() if each["name"] == "Retail")
    assert (changed.fate, changed.version, changed.before) == (Fate.UPDATED, 2, {"industry": retail})
    again, too = imported(memory, ACME, ACME, duplicates=Duplicates.CREATE, key=(), repeats=Repeats.FOLLOW)
    assert {again.fate, too.fate} == {Fate.CREATED}
    assert len(memory.records["account"]) == 3


def test_a_row_that_looks_like_a_record_is_left_out_by_the_rules(memory: Memory) -> None:
    row = ("Acme", "technology", "12", "ann LEE", "")
    (made,) = imported(memory, row)
    rules = Duplicates.RULES
    known, new = imported(memory, row, ("Other", *row[1:]), duplicates=rules, key=(), repeats=Repeats.FOLLOW)
    assert (known.fate, known.record, new.fate) == (Fate.SKIPPED, made.record, Fate.CREATED)
    assert "looks like Acme" in known.notes


def test_a_key_that_comes_again_follows_the_first_or_is_refused(memory: Memory) -> None:
    _, refused = imported(memory, ("Zed", "", "1", "", ""), ("ZED", "", "2", "", ""))
    assert (refused.fate, refused.reason) == (Fate.REFUSED, "name: the same key as line 2")
    rows = (("Acme", "", "1", "", ""), ("Acme", "", "2", "", ""), ("Acme", "", "3", "", ""))
    made, changed, last = imported(memory, *rows, repeats=Repeats.FOLLOW)
    assert [made.fate, changed.fate, last.fate] == [Fate.CREATED, Fate.UPDATED, Fate.UPDATED]
    assert (last.record, last.version) == (made.record, 3)
    assert memory.records["account"][made.record]["employees"] == 3


def test_a_blank_empties_where_the_step_says_so(memory: Memory) -> None:
    (made,) = imported(memory, ACME)
    blank = ("Acme", "", "", "", "")
    (same,) = imported(memory, blank, mapping=MAPPING.replace(", expected: true", ""))
    assert (same.fate, same.record) == (Fate.UNCHANGED, made.record)
    (emptied,) = imported(memory, blank, mapping=MAPPING.replace(", expected: true", ""), blanks=True)
    assert (emptied.fate, emptied.columns) == (Fate.UPDATED, ["employees", "industry"])


def test_what_an_undone_part_of_the_file_had_is_told_and_not_written(memory: Memory) -> None:
    run = make_run(memory, repeats=Repeats.FOLLOW)
    assert run.prepare(context()) == []
    rows = source_of(ACME, ("Zed", "", "", "", ""))
    first, new = run.first_pass(context(), rows, lambda sound: {sound[0].key: 7})
    assert (first.fate, first.notes, first.record) == (Fate.UPDATED, ["the same key as line 7"], "")
    assert (new.fate, memory.writes) == (Fate.CREATED, 1)


def test_a_row_that_cannot_be_read_is_refused_with_its_reason(memory: Memory) -> None:
    run = make_run(memory)
    assert run.prepare(context()) == []
    (unread,) = run.first_pass(context(), [SourceRow(9, dict.fromkeys(HEADER, ""), "7 cells")])
    assert (unread.fate, unread.reason, unread.line) == (Fate.REFUSED, "7 cells", 9)

"""The stored rows and rules of a tenant, read once per epoch. Nothing here decides."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

import orjson

from ostiary.access.core import (
    ALL_LEGS,
    ColumnLevel,
    ColumnRow,
    DefaultRule,
    Grant,
    ObjectRow,
    OperationRow,
    Switches,
    Verb,
)
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId
from ostiary.kernel.recent import TENANTS_AT_HAND, Recent

LETTERS = {verb.letter: verb for verb in Verb}
OPEN_SWITCHES = Switches(records=True, legs=ALL_LEGS)


@dataclass(frozen=True, slots=True)
class ObjectPolicy:
    """The rows and rules of one object; missing switches mean that layer 3 is on with every leg."""

    rows: tuple[ObjectRow, ...] = ()
    columns: Mapping[UUID, tuple[ColumnRow, ...]] = field(default_factory=dict)
    switches: Switches = OPEN_SWITCHES
    rules: tuple[DefaultRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """All rows and rules of a tenant at one epoch."""

    epoch: int
    operations: Mapping[str, tuple[OperationRow, ...]]
    objects: Mapping[UUID, ObjectPolicy]

    def object(self, object_id: UUID) -> ObjectPolicy:
        """The policy of an object; one that nobody ever gave rights to is closed."""
        return self.objects.get(object_id, _CLOSED)


class _ColumnRows(Mapping[UUID, tuple[ColumnRow, ...]]):
    """The rows of an object's columns, made of their text when somebody asks about the object.

    A tenant may have hundreds of objects with tens of columns each. Every change of rights reads them all; a
    request touches a few.
    """

    __slots__ = ("_rows", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._rows: dict[UUID, tuple[ColumnRow, ...]] | None = None

    def _made(self) -> dict[UUID, tuple[ColumnRow, ...]]:
        rows = self._rows
        if rows is None:  # two threads may both do it, to the same end
            listed: dict[str, list[ColumnRow]] = {}
            for column, id_, unit, level in orjson.loads(self._text):
                row = ColumnRow(UUID(id_), UnitId(UUID(unit)), ColumnLevel(level))
                listed.setdefault(column, []).append(row)
            rows = self._rows = {UUID(column): tuple(found) for column, found in listed.items()}
        return rows

    def __getitem__(self, column: UUID) -> tuple[ColumnRow, ...]:
        return self._made()[column]

    def __iter__(self) -> Iterator[UUID]:
        return iter(self._made())

    def __len__(self) -> int:
        return len(self._made())


_CLOSED = ObjectPolicy()
_kept: Recent[str, Policy] = Recent(TENANTS_AT_HAND)


def load_policy(ctx: Context, epoch: int) -> Policy:
    """The tenant's policy as read at `epoch`; a later change shows as a mismatch in the data statement."""
    known = _kept.get(ctx.db.schema)
    if known is not None and known.epoch == epoch:
        return known
    policy = read_policy(ctx, epoch)
    _kept.put(ctx.db.schema, policy)
    return policy


def read_policy(ctx: Context, epoch: int) -> Policy:
    """The tenant's policy as this transaction sees it, past what is kept."""
    return Policy(epoch, _operations(ctx), _objects(ctx))


def _operations(ctx: Context) -> dict[str, tuple[OperationRow, ...]]:
    found: dict[str, list[OperationRow]] = {}
    for id_, operation, unit, allowed in ctx.db.rows(
        "select id, operation, unit_id, allowed from @.access_operation_row order by operation, position"
    ):
        found.setdefault(operation, []).append(OperationRow(id_, unit, allowed))
    return {operation: tuple(rows) for operation, rows in found.items()}


def _objects(ctx: Context) -> dict[UUID, ObjectPolicy]:
    rows: dict[UUID, list[ObjectRow]] = {}
    for id_, object_id, unit, letters in ctx.db.rows(
        "select id, object_id, unit_id, verbs from @.access_object_row order by object_id, position"
    ):
        rows.setdefault(object_id, []).append(ObjectRow(id_, unit, frozenset(LETTERS[x] for x in letters)))
    columns = {
        object_id: _ColumnRows(text)
        for object_id, text in ctx.db.rows(
            "select object_id, json_agg(json_build_array(column_id, id, unit_id, level)"
            " order by column_id, position)::text from @.access_column_row group by object_id"
        )
    }
    switches = {
        r[0]: Switches(r[1], frozenset(r[2]))
        for r in ctx.db.rows("select object_id, records, legs from @.access_switches")
    }
    rules: dict[UUID, list[DefaultRule]] = {}
    for object_id, author, grantee, read, update, delete in ctx.db.rows(
        "select object_id, author_id, grantee_id, read, update, delete from @.access_default_rule order by id"
    ):
        grants = {Verb.READ: Grant(read), Verb.UPDATE: Grant(update), Verb.DELETE: Grant(delete)}
        rules.setdefault(object_id, []).append(DefaultRule(author, grantee, grants))
    return {
        object_id: ObjectPolicy(
            tuple(rows.get(object_id, ())),
            columns.get(object_id, {}),
            switches.get(object_id, OPEN_SWITCHES),
            tuple(rules.get(object_id, ())),
        )
        for object_id in rows.keys() | columns.keys() | switches.keys() | rules.keys()
    }

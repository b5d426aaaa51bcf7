"""The stored rows and rules of a tenant, read once per epoch. Nothing here decides."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import orjson

from ostiary.access.core import (
    ColumnLevel,
    ColumnRow,
    DefaultRule,
    DenyRule,
    Grant,
    ObjectRow,
    OperationRow,
    RecordPolicy,
    ScopeRule,
    Switches,
    Verb,
)
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId
from ostiary.kernel.recent import TENANTS_AT_HAND, Recent
from ostiary.kernel.tables import has_table

LETTERS = {verb.letter: verb for verb in Verb}


@dataclass(frozen=True, slots=True)
class ObjectPolicy:
    """The rows and rules of one object; missing switches mean that layer 3 is on with every leg.

    carried: verbs by the code of the operation that carries them.
    """

    rows: tuple[ObjectRow, ...] = ()
    columns: Mapping[UUID, tuple[ColumnRow, ...]] = field(default_factory=dict)
    records: RecordPolicy = RecordPolicy()  # noqa: RUF009  an immutable value
    carried: Mapping[str, frozenset[Verb]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """All rows and rules of a tenant at one epoch."""

    epoch: int
    operations: Mapping[str, tuple[OperationRow, ...]]
    objects: Mapping[UUID, ObjectPolicy]
    has_scopes: bool = False

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
    found = _objects(ctx)
    return Policy(epoch, _operations(ctx), found, any(o.records.scopes for o in found.values()))


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
    found = _RecordPolicies(ctx)
    return {
        object_id: ObjectPolicy(
            tuple(rows.get(object_id, ())),
            columns.get(object_id, {}),
            found.of(object_id),
            found.carried.get(object_id, {}),
        )
        for object_id in rows.keys() | columns.keys() | found.named()
    }


class _RecordPolicies:
    """What is stored about layer 3, and what operations carry, by object."""

    def __init__(self, ctx: Context) -> None:
        # a tenant of the release before has no denies yet
        self.switches = {
            r[0]: Switches(r[1], frozenset(r[2]), r[3])
            for r in ctx.db.rows(
                "select object_id, records, legs, coalesce((to_jsonb(s) ->> 'denies')::boolean, false)"
                " from @.access_switches s"
            )
        }
        self.rules: dict[UUID, list[DefaultRule]] = {}
        for id_, object_id, author, grantee, *levels in ctx.db.rows(
            "select id, object_id, author_id, grantee_id, read, update, delete from @.access_default_rule"
            " order by id"
        ):
            rule = DefaultRule(id_, author, grantee, _grants(levels))
            self.rules.setdefault(object_id, []).append(rule)
        self.scopes: dict[UUID, list[ScopeRule]] = {}
        self.denies: dict[UUID, list[DenyRule]] = {}
        self.carried: dict[UUID, dict[str, frozenset[Verb]]] = {}
        if has_table(ctx.db, "access_scope_rule"):
            self._read_later_tables(ctx)

    def _read_later_tables(self, ctx: Context) -> None:
        for id_, object_id, grantee, path, attribute, *levels in ctx.db.rows(
            "select id, object_id, grantee_id, path, attribute, read, update, delete"
            " from @.access_scope_rule order by id"
        ):
            scope = ScopeRule(id_, grantee, tuple(path.split(".")), attribute, _grants(levels))
            self.scopes.setdefault(object_id, []).append(scope)
        for id_, object_id, author, unit, letters in ctx.db.rows(
            "select id, object_id, author_id, unit_id, verbs from @.access_deny_rule order by id"
        ):
            deny = DenyRule(id_, author, unit, frozenset(LETTERS[x] for x in letters))
            self.denies.setdefault(object_id, []).append(deny)
        for operation, object_id, letters in ctx.db.rows(
            "select operation, object_id, verbs from @.access_carried_right order by operation"
        ):
            self.carried.setdefault(object_id, {})[operation] = frozenset(LETTERS[x] for x in letters)

    def named(self) -> set[UUID]:
        """Every object about which something is stored."""
        return {*self.switches, *self.rules, *self.scopes, *self.denies, *self.carried}

    def of(self, object_id: UUID) -> RecordPolicy:
        """Layer 3 of one object."""
        return RecordPolicy(
            self.switches.get(object_id, Switches()),
            tuple(self.rules.get(object_id, ())),
            tuple(self.scopes.get(object_id, ())),
            tuple(self.denies.get(object_id, ())),
        )


def _grants(levels: Sequence[int]) -> dict[Verb, Grant]:
    return {
        verb: Grant(level) for verb, level in zip((Verb.READ, Verb.UPDATE, Verb.DELETE), levels, strict=True)
    }

"""A world made real: identity's own commands for the role graph, plain inserts where nothing is derived."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, NotSignedIn
from ostiary.kernel.ids import RecordId, UnitId, new_id
from ostiary.objects import public as objects
from ostiary.records import public as records
from tests._tenants import rolled_back
from tests.oracle.model import (
    EXTERNALS,
    ROOT,
    Delegation,
    Elevation,
    Graph,
    Kind,
    Leg,
    Operation,
    Record,
    Unit,
    Verb,
    World,
)
from tests.property.access._stage import Stage

OPERATIONS = {
    Operation.VIEW_ANY: access.Operation.VIEW_ANY_DATA,
    Operation.ADD_ANY: access.Operation.ADD_ANY_DATA,
    Operation.EDIT_ANY: access.Operation.EDIT_ANY_DATA,
    Operation.DELETE_ANY: access.Operation.DELETE_ANY_DATA,
    Operation.EXPORT: access.Operation.EXPORT_LIST,
    Operation.SHARE_ANY: access.Operation.CHANGE_RECORD_RIGHTS,
}
VERBS = {verb: access.Verb(verb.value) for verb in Verb}
LETTERS = {
    Leg.AUTHOR: "a",
    Leg.AUTHOR_MANAGERS: "A",
    Leg.OWNER: "o",
    Leg.OWNER_MANAGERS: "O",
    Leg.RULES: "r",
    Leg.SCOPE: "c",
    Leg.SHARES: "s",
    Leg.MASTER: "m",
}
NAMES = {leg: f"{leg.name.lower()}s" if leg is Leg.SCOPE else leg.name.lower() for leg in Leg}


def letters_of(verbs: Iterable[Verb]) -> str:
    """Verbs as object rows store them."""
    return "".join(sorted(VERBS[verb].letter for verb in verbs))


@dataclass(frozen=True)
class Reality:
    """The world in a transaction that will be rolled back."""

    stage: Stage
    ctx: Context
    records: dict[str, RecordId]

    def acting_as(self, principal: Unit) -> Context:
        """The context of somebody in the world."""
        return self.ctx.acting_as(self.stage.units[principal])

    def derived_rows(self) -> Any:
        """A number that changes with the reaches and unit sets."""
        return self.ctx.db.row(
            "select (select count(*) from @.access_reach), (select count(*) from @.access_unit_set),"
            " (select count(*) from @.access_reach_label)"
        )

    def name_of(self, record: UUID) -> str:
        """The world's name of a record."""
        return next((name for name, id in self.records.items() if id == record), f"unknown {record}")


class _Undo(Exception):
    """Leaves a savepoint without keeping anything."""


@contextmanager
def undone(reality: "Reality") -> Iterator[None]:
    """Whatever happens inside is taken back; if derived rows are, nobody may remember their numbers."""
    before, after = reality.derived_rows(), None
    with suppress(_Undo), reality.ctx.db.savepoint():
        yield
        after = reality.derived_rows()
        raise _Undo
    if before != after:
        for unit in reality.stage.units.values():
            access.forget(reality.ctx.acting_as(unit))


@contextmanager
def made_real(stage: Stage, world: World, turn: int = 0) -> Iterator[Reality]:
    """Build a world and take it back. turn: which of the ways to build it."""
    with rolled_back(stage.tenant) as db:
        builder = Builder(stage, stage.context(db), world)
        builder.build(by_commands=turn % 8 == 5, warm=turn % 2 == 1)
        yield Reality(stage, builder.ctx, builder.records)


class Builder:
    """One world under construction."""

    def __init__(self, stage: Stage, ctx: Context, world: World) -> None:
        self.stage = stage
        self.ctx = ctx
        self.world = world
        self.records: dict[str, RecordId] = {}
        self.stand_ins: dict[Delegation | Elevation, UUID] = {}

    def build(self, *, by_commands: bool, warm: bool) -> None:
        """The first era with its records, what is granted, then era by era what changed.

        by_commands: rows and rules by the commands of administration; plain inserts are quicker.
        warm: everybody asks before the last changes, so that what is kept from then must prove itself stale.
        """
        before = self.world.eras[0]
        self._first_era(before)
        self._insert_records(0)
        if by_commands:
            self._grant_by_commands()
        else:
            self._grant_rows()
            self._grant_rules()
            self._grant_finer()
            identity.bump_epoch(self.ctx)
        for era, graph in enumerate(self.world.eras[1:], 1):
            if warm:
                self._warm_up()
            self._changes(before, graph)
            self._insert_records(era)
            before = graph
        self._point_lookups()
        self._insert_shares()
        self._insert_denies()
        self._set_attributes()
        self._seal()

    def _warm_up(self) -> None:
        for principal in self.world.principals():
            for object in self.world.objects:
                with suppress(AccessDenied, NotSignedIn):
                    records.count_records(self.ctx.acting_as(self.stage.units[principal]), object)

    def _ids(self, units: Iterable[Unit]) -> list[UnitId]:
        return [self.stage.units[unit] for unit in units]

    def _rows(self, table: str, columns: Mapping[str, tuple[str, Sequence[Any]]]) -> None:
        """Insert rows given by column: name -> (type, values)."""
        if not next(iter(columns.values()))[1]:
            return
        arrays = ", ".join(f"%({name})s::{type_}[]" for name, (type_, _) in columns.items())
        self.ctx.db.run(
            f"insert into @.{table} ({', '.join(columns)}) select * from unnest({arrays})",
            {name: list(values) for name, (_, values) in columns.items()},
        )

    def _first_era(self, graph: Graph) -> None:
        """Trees, marks and links at once while nobody is a member; members by identity's own command."""
        orgs = [unit for unit in graph.of_kind(Kind.ORG) if unit not in (ROOT, EXTERNALS)]
        roles = [*orgs, *graph.of_kind(Kind.FUNC)]
        self.ctx.db.run(
            "update @.identity_unit u set parent_id = n.parent"
            " from unnest(%(roles)s::uuid[], %(parents)s::uuid[]) as n(role, parent) where u.id = n.role",
            {
                "roles": self._ids(roles),
                "parents": [self.stage.units[p] if (p := graph.parents.get(r)) else None for r in roles],
            },
        )
        self.ctx.db.run(
            "update @.identity_unit set not_inherited = id = any(%(marked)s) where kind in ('org', 'func')",
            {"marked": self._ids(graph.marked)},
        )
        links = sorted(graph.links)
        self._rows(
            "identity_link",
            {
                "org_id": ("uuid", self._ids(org for org, _ in links)),
                "func_id": ("uuid", self._ids(func for _, func in links)),
            },
        )
        members = [(self.stage.units[who], self.stage.units[role]) for who, role in sorted(graph.members)]
        identity.add_members(self.ctx, members)
        for who in sorted(graph.inactive):
            identity.set_active(self.ctx, self.stage.units[who], active=False)
        self._stand_in(graph.delegations, graph.elevations)
        identity.refresh_labels(self.ctx)  # what the commands for trees and links end with
        identity.bump_epoch(self.ctx)

    def _changes(self, before: Graph, after: Graph) -> None:
        """What happened between two eras, by identity's commands."""
        units = self.stage.units
        for who, role in sorted(before.members - after.members):
            identity.remove_member(self.ctx, units[who], units[role])
        roles = after.parents.keys() | before.parents.keys()
        moved = [role for role in roles if before.parents.get(role) != after.parents.get(role)]
        for role in self._in_tree_order(moved, after):
            parent = after.parents.get(role)
            identity.move_role(self.ctx, units[role], None if parent is None else units[parent])
        for org, func in sorted(before.links - after.links):
            identity.unlink(self.ctx, units[org], units[func])
        for org, func in sorted(after.links - before.links):
            identity.link(self.ctx, units[org], units[func])
        for role in sorted(before.marked ^ after.marked):
            identity.mark_role(self.ctx, units[role], not_inherited=role in after.marked)
        for who in sorted(before.inactive ^ after.inactive):
            identity.set_active(self.ctx, units[who], active=who not in after.inactive)
        self._end(set(before.delegations) - set(after.delegations))
        self._end(set(before.elevations) - set(after.elevations))
        self._stand_in(
            [d for d in after.delegations if d not in before.delegations],
            [e for e in after.elevations if e not in before.elevations],
        )
        joined = sorted(after.members - before.members)
        if joined:
            identity.add_members(self.ctx, [(units[who], units[role]) for who, role in joined])

    def _stand_in(self, delegations: Iterable[Delegation], elevations: Iterable[Elevation]) -> None:
        """Who stands in for whom, by identity's commands."""
        units = self.stage.units
        for made in delegations:
            self.stand_ins[made] = identity.delegate(
                self.ctx, units[made.grantor], units[made.receiver], self._period(made)
            )
        for raised in elevations:
            self.stand_ins[raised] = identity.elevate(
                self.ctx, units[raised.person], units[raised.role], self._period(raised), "a world"
            )

    def _end(self, over: Iterable[Delegation | Elevation]) -> None:
        for each in over:
            end = identity.end_delegation if isinstance(each, Delegation) else identity.end_elevation
            end(self.ctx, self.stand_ins.pop(each))

    def _period(self, dated: Delegation | Elevation) -> identity.Period:
        now = self.ctx.db.rows("select now()")[0][0]
        starts, ends = (None if s is None else now + timedelta(seconds=s) for s in (dated.starts, dated.ends))
        return identity.Period(starts, ends)

    def _in_tree_order(self, moved: Sequence[Unit], after: Graph) -> list[Unit]:
        """Highest first: each hangs below what hangs right already, so no step makes a circle."""

        def depth(role: Unit) -> int:
            return 0 if role not in after.parents else 1 + depth(after.parents[role])

        return sorted(moved, key=lambda role: (depth(role), role))

    def _insert_records(self, era: int) -> None:
        """Records under the label that their author has in this era, as a create does it."""
        for object in self.world.objects:
            born = {
                name: record
                for name, record in self.world.records.items()
                if record.object == object and record.era == era
            }
            if born:
                self._insert(self.stage.objects[object], born)

    def _insert(self, object: objects.Object, born: Mapping[str, Record]) -> None:
        authors = self._ids(record.author for record in born.values())
        labels: dict[UnitId, int] = dict(
            self.ctx.db.rows(
                "select id, current_label_id from @.identity_unit where id = any(%(ids)s)", {"ids": authors}
            )
        )
        ids = [RecordId(new_id()) for _ in born]
        columns: dict[str, tuple[str, Sequence[Any]]] = {
            "id": ("uuid", ids),
            "author_id": ("uuid", authors),
            "modified_by": ("uuid", authors),
            "owner_id": ("uuid", [self.stage.units[r.owner] if r.owner else None for r in born.values()]),
            "label_id": ("int", [labels[author] for author in authors]),
        }
        for code, column in object.columns.items():
            values = [record.values.get(code) for record in born.values()]
            if column.type is objects.ColumnType.TEXT:
                columns[code] = ("text", values)
                keys = [objects.sort_key(str(value)) if value else "" for value in values]
                columns[column.sort_column] = ("text", keys)
            elif column.type is objects.ColumnType.INTEGER:
                columns[code] = ("bigint", values)
        self._rows(object.table, columns)
        self.records |= dict(zip(born, ids, strict=True))

    def _point_lookups(self) -> None:
        for object, column in self.world.lookups:
            pairs = [
                (self.records[name], self.records[str(target)])
                for name in self.world.records_of(object)
                if (target := self.world.records[name].values.get(column)) is not None
            ]
            if pairs:
                self.ctx.db.run(
                    f"update @.{self.stage.objects[object].table} r set {column} = n.target"
                    " from unnest(%(ids)s::uuid[], %(targets)s::uuid[]) as n(id, target) where r.id = n.id",
                    {"ids": [id for id, _ in pairs], "targets": [target for _, target in pairs]},
                )

    def _grant_rows(self) -> None:
        """Layers 1, 2 and 4 and the switches."""
        operations = [
            (OPERATIONS[operation].value, self.stage.units[row.unit], row.allowed, position)
            for operation, rows in self.world.operations.items()
            for position, row in enumerate(rows)
        ]
        self.ctx.db.run(
            "delete from @.access_operation_row where operation = any(%(all)s)",
            {"all": [operation.value for operation in OPERATIONS.values()]},
        )
        self._rows(
            "access_operation_row",
            {
                "id": ("uuid", [new_id() for _ in operations]),
                "operation": ("text", [o for o, _, _, _ in operations]),
                "unit_id": ("uuid", [u for _, u, _, _ in operations]),
                "allowed": ("bool", [a for _, _, a, _ in operations]),
                "position": ("int", [p for _, _, _, p in operations]),
            },
        )
        objects_ = [(self.stage.objects[name], granted) for name, granted in self.world.objects.items()]
        rows = [(o.id, position, row) for o, granted in objects_ for position, row in enumerate(granted.rows)]
        self._rows(
            "access_object_row",
            {
                "id": ("uuid", [new_id() for _ in rows]),
                "object_id": ("uuid", [o for o, _, _ in rows]),
                "unit_id": ("uuid", self._ids(row.unit for _, _, row in rows)),
                "verbs": ("text", [letters_of(row.verbs) for _, _, row in rows]),
                "position": ("int", [position for _, position, _ in rows]),
            },
        )
        levels = [
            (o.id, o.columns[code].id, position, row)
            for o, granted in objects_
            for code, listed in granted.columns.items()
            for position, row in enumerate(listed)
        ]
        self.ctx.db.run("delete from @.access_column_row")
        self._rows(
            "access_column_row",
            {
                "id": ("uuid", [new_id() for _ in levels]),
                "object_id": ("uuid", [o for o, _, _, _ in levels]),
                "column_id": ("uuid", [c for _, c, _, _ in levels]),
                "unit_id": ("uuid", self._ids(row.unit for _, _, _, row in levels)),
                "level": ("int", [int(row.level) for _, _, _, row in levels]),
                "position": ("int", [position for _, _, position, _ in levels]),
            },
        )
        self._rows(
            "access_switches",
            {
                "object_id": ("uuid", [o.id for o, _ in objects_]),
                "records": ("bool", [granted.records for _, granted in objects_]),
                "legs": ("text", ["".join(LETTERS[leg] for leg in granted.legs) for _, granted in objects_]),
                "denies": ("bool", [granted.denies for _, granted in objects_]),
            },
        )

    def _grant_by_commands(self) -> None:
        """The same rights in the words of administration."""
        units = self.stage.units
        for operation, code in OPERATIONS.items():
            rows = self.world.operations.get(operation, ())
            access.set_operation_rows(self.ctx, code, [(units[row.unit], row.allowed) for row in rows])
        for name, granted in self.world.objects.items():
            made = self.stage.objects[name]
            access.set_object_rows(
                self.ctx,
                made.id,
                [(units[row.unit], {VERBS[verb] for verb in row.verbs}) for row in granted.rows],
            )
            levels = {
                made.columns[code].id: [(units[row.unit], access.ColumnLevel(row.level)) for row in rows]
                for code, rows in granted.columns.items()
            }
            access.set_columns_rows(self.ctx, made.id, levels)
            legs = [NAMES[leg] for leg in granted.legs]
            access.set_switches(self.ctx, made.id, records=granted.records, legs=legs, denies=granted.denies)
            self._finer_by_commands(name, made)
            for rule in granted.rules:
                grants = {verb.value: access.Grant(grant) for verb, grant in rule.grants.items()}
                access.add_default_rule(self.ctx, made.id, units[rule.author], units[rule.grantee], **grants)

    def _grant_rules(self) -> None:
        rules = [
            (self.stage.objects[name].id, rule)
            for name, granted in self.world.objects.items()
            for rule in granted.rules
        ]
        self._rows(
            "access_default_rule",
            {
                "id": ("uuid", [new_id() for _ in rules]),
                "object_id": ("uuid", [o for o, _ in rules]),
                "author_id": ("uuid", self._ids(rule.author for _, rule in rules)),
                "grantee_id": ("uuid", self._ids(rule.grantee for _, rule in rules)),
                **{
                    verb.value: ("int", [int(rule.grants.get(verb, 0)) for _, rule in rules])
                    for verb in (Verb.READ, Verb.UPDATE, Verb.DELETE)
                },
            },
        )

    def _grant_finer(self) -> None:
        """Scope rules, deny rules, carried rights."""
        levels = (Verb.READ, Verb.UPDATE, Verb.DELETE)
        scopes = [
            (self.stage.objects[name].id, scope, self._path(name, scope.path))
            for name, granted in self.world.objects.items()
            for scope in granted.scopes
        ]
        self._rows(
            "access_scope_rule",
            {
                "id": ("uuid", [new_id() for _ in scopes]),
                "object_id": ("uuid", [o for o, _, _ in scopes]),
                "grantee_id": ("uuid", self._ids(scope.grantee for _, scope, _ in scopes)),
                "path": ("text", [".".join(path) for _, _, path in scopes]),
                "attribute": ("text", [scope.attribute for _, scope, _ in scopes]),
                **{
                    verb.value: ("int", [int(scope.grants.get(verb, 0)) for _, scope, _ in scopes])
                    for verb in levels
                },
            },
        )
        denies = [
            (self.stage.objects[name].id, rule)
            for name, granted in self.world.objects.items()
            for rule in granted.deny_rules
        ]
        self._rows(
            "access_deny_rule",
            {
                "id": ("uuid", [new_id() for _ in denies]),
                "object_id": ("uuid", [o for o, _ in denies]),
                "author_id": ("uuid", self._ids(rule.author for _, rule in denies)),
                "unit_id": ("uuid", self._ids(rule.unit for _, rule in denies)),
                "verbs": ("text", [letters_of(rule.verbs) for _, rule in denies]),
            },
        )
        carried = [
            (OPERATIONS[operation].value, self.stage.objects[name].id, verbs)
            for operation, given in self.world.carried.items()
            for name, verbs in given.items()
        ]
        self._rows(
            "access_carried_right",
            {
                "id": ("uuid", [new_id() for _ in carried]),
                "operation": ("text", [operation for operation, _, _ in carried]),
                "object_id": ("uuid", [o for _, o, _ in carried]),
                "verbs": ("text", [letters_of(verbs) for _, _, verbs in carried]),
            },
        )

    def _finer_by_commands(self, name: str, made: objects.Object) -> None:
        """The same in the words of administration."""
        units, granted = self.stage.units, self.world.objects[name]
        for scope in granted.scopes:
            access.add_scope_rule(
                self.ctx,
                self.stage.catalogue.grounds,
                made.id,
                units[scope.grantee],
                access.Scope(self._path(name, scope.path), scope.attribute),
                access.Grants(**{verb.value: access.Grant(grant) for verb, grant in scope.grants.items()}),
            )
        for rule in granted.deny_rules:
            verbs = {VERBS[verb] for verb in rule.verbs}
            access.set_deny_rule(self.ctx, made.id, units[rule.author], units[rule.unit], verbs)
        for operation, given in self.world.carried.items():
            if name in given:
                verbs = {VERBS[verb] for verb in given[name]}
                access.set_carried_right(self.ctx, OPERATIONS[operation], made.id, verbs)

    def _path(self, name: str, path: Sequence[str]) -> tuple[str, ...]:
        """A path as rules keep it: lookup columns by id."""
        found: list[str] = []
        here = self.stage.objects[name]
        for step in path:
            column = here.columns.get(step)
            if column is None or column.target is None:
                found.append(step)
            else:
                found.append(str(column.id))
                here = self.stage.objects[column.target]
        return tuple(found)

    def _insert_denies(self) -> None:
        denies = [(deny, verb) for deny in self.world.denies for verb in sorted(deny.verbs)]
        self._rows(
            "access_deny",
            {
                "id": ("uuid", [new_id() for _ in denies]),
                "object_id": (
                    "uuid",
                    [self.stage.objects[self.world.records[d.record].object].id for d, _ in denies],
                ),
                "record_id": ("uuid", [self.records[d.record] for d, _ in denies]),
                "unit_id": ("uuid", self._ids(d.unit for d, _ in denies)),
                "verb": ("text", [VERBS[verb].letter for _, verb in denies]),
            },
        )

    def _set_attributes(self) -> None:
        for who, lists in self.world.now.attributes.items():
            for name, values in lists.items():
                identity.set_attribute(
                    self.ctx, self.stage.units[who], name, [self.records[value] for value in values]
                )

    def _seal(self) -> None:
        sealed = [
            self.stage.objects[name].columns[column].id
            for name, granted in self.world.objects.items()
            for column in granted.sealed
        ]
        if sealed:
            self.ctx.db.run(
                "update @.objects_column set settings = settings || jsonb_build_object('sealed', true)"
                " where id = any(%(ids)s)",
                {"ids": sealed},
            )
            # metadata are kept by revision and version; numbers that were taken back must not come again
            self.ctx.db.run("update @.objects_revision set revision = floor(random() * 2000000000)::int")
            self.ctx.db.run(
                "update @.objects_object set version = floor(random() * 2000000000)::int where id in"
                " (select object_id from @.objects_column where id = any(%(ids)s))",
                {"ids": sealed},
            )
            identity.bump_epoch(self.ctx)

    def _insert_shares(self) -> None:
        """A share is no row of rights: it holds for the next statement without a new epoch."""
        shares = self.world.shares
        if shares:
            self.ctx.db.run(
                "insert into @.access_share"
                " (id, object_id, record_id, unit_id, verb, level, valid_from, valid_to)"
                " select i, o, r, u, v, l, now() + f * interval '1 second', now() + t * interval '1 second'"
                " from unnest(%(ids)s::uuid[], %(objects)s::uuid[], %(records)s::uuid[], %(units)s::uuid[],"
                " %(verbs)s::text[], %(levels)s::int[], %(starts)s::int[], %(ends)s::int[])"
                " as n(i, o, r, u, v, l, f, t)",
                {
                    "ids": [new_id() for _ in shares],
                    "objects": [self.stage.objects[self.world.records[s.record].object].id for s in shares],
                    "records": [self.records[s.record] for s in shares],
                    "units": self._ids(s.unit for s in shares),
                    "verbs": [VERBS[s.verb].letter for s in shares],
                    "levels": [int(s.grant) for s in shares],
                    "starts": [s.starts for s in shares],
                    "ends": [s.ends for s in shares],
                },
            )

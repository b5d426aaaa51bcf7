"""A change committed on one node holds for every statement that begins later on another (semantics 7)."""

import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from ostiary.access import _policy, _rights
from ostiary.access import public as access
from ostiary.identity import _graph, _standing_in
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import PrincipalId, RecordId, UnitId
from ostiary.objects import public as objects
from ostiary.project._tenants import create_tenant
from ostiary.records import _view
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._second_node import Asked, SecondNode, Shown, answer, second_node
from tests._tenants import Installation

pytestmark = pytest.mark.database

PACKAGE = Path(__file__).parents[2] / "property" / "access" / "package"
CHANGES = 60 if os.environ.get("OSTIARY_TEST_PG") else 150
DEEP_CHANGES = 1_000
GRANTS = access.Grants(read=access.Grant.GRANTED)


@dataclass
class House:
    """A tenant in which anything may be given and taken."""

    tenant: tenancy.Tenant
    administrator: UnitId
    persons: list[UnitId] = field(default_factory=list)
    orgs: list[UnitId] = field(default_factory=list)
    funcs: list[UnitId] = field(default_factory=list)
    managers: list[UnitId] = field(default_factory=list)
    records: list[RecordId] = field(default_factory=list)
    catalogue: objects.Catalogue | None = None

    def context(self, db: tenancy.Transaction) -> Context:
        return Context(self.tenant.id, db, PrincipalId(self.administrator), Channel.CLI)

    def commit(self, change: Callable[[Context], object]) -> None:
        with tenancy.transaction(self.tenant) as db:
            change(self.context(db))

    @property
    def alpha(self) -> objects.Object:
        assert self.catalogue is not None
        return self.catalogue.objects["alpha"]


@pytest.fixture(scope="module")
def house(installation: Installation) -> House:
    new = create_tenant(
        f"fresh{installation.worker}",
        "Fresh",
        [f"fresh{installation.worker}.test"],
        login="ada",
        person="Ada",
        email="ada@example.com",
        password=None,
    )
    made = House(new.tenant, new.administrator)
    made.commit(lambda ctx: objects.install_package(new.tenant, ctx, objects.read_package(PACKAGE)))
    made.commit(lambda ctx: _furnish(made, ctx))
    return made


def _furnish(house: House, ctx: Context) -> None:
    kinds = identity.UnitKind
    house.catalogue = objects.get_catalogue(ctx)
    house.orgs = [access.create_role(ctx, kinds.ORG, f"Unit {n}") for n in range(4)]
    house.funcs = [access.create_role(ctx, kinds.FUNC, f"Function {n}") for n in range(3)]
    house.managers = [
        access.create_role(ctx, kinds.MANAGER, f"Head {n}", manages=org) for n, org in enumerate(house.orgs)
    ]
    house.persons = [
        access.create_person(ctx, login=f"p{n}", name=f"P{n}", email=f"p{n}@example.com") for n in range(5)
    ]
    everyone = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    assert everyone is not None
    access.set_object_rows(ctx, house.alpha.id, [(everyone, set(access.Verb))])
    for person in house.persons:
        for n in range(2):
            record = records.create_record(ctx.acting_as(PrincipalId(person)), "alpha", {})
            house.records.append(record.id)
            assert n < 2
    access.set_switches(ctx, house.alpha.id, records=True, denies=True)


Change = Callable[[House, random.Random, Context], object]


def _roles(house: House) -> list[UnitId]:
    return [*house.orgs, *house.funcs, *house.managers]


def join(house: House, dice: random.Random, ctx: Context) -> None:
    access.add_member(ctx, dice.choice(house.persons), dice.choice(_roles(house)))


def leave(house: House, dice: random.Random, ctx: Context) -> None:
    rows = ctx.db.rows(
        "select principal_id, role_id from @.identity_membership where principal_id = any(%(p)s)",
        {"p": house.persons},
    )
    if rows:
        access.remove_member(ctx, *dice.choice(rows))


def move(house: House, dice: random.Random, ctx: Context) -> None:
    role, parent = dice.sample(house.orgs, 2)
    if role not in identity.role_graph(ctx).line(parent):
        access.move_role(ctx, role, parent)


def link(house: House, dice: random.Random, ctx: Context) -> None:
    access.link(ctx, dice.choice(house.orgs), dice.choice(house.funcs))


def unlink(house: House, dice: random.Random, ctx: Context) -> None:
    access.unlink(ctx, dice.choice(house.orgs), dice.choice(house.funcs))


def mark(house: House, dice: random.Random, ctx: Context) -> None:
    access.mark_role(ctx, dice.choice([*house.orgs, *house.funcs]), not_inherited=dice.random() < 0.5)


def toggle(house: House, dice: random.Random, ctx: Context) -> None:
    access.set_active(ctx, dice.choice(house.persons), active=dice.random() < 0.7)


def delegate(house: House, dice: random.Random, ctx: Context) -> None:
    grantor, receiver = dice.sample(house.persons, 2)
    access.delegate(ctx, grantor, dice.choice([receiver, dice.choice(house.orgs)]), identity.Period())


def end_delegation(house: House, dice: random.Random, ctx: Context) -> None:
    rows = ctx.db.rows("select id from @.identity_delegation")
    if rows:
        access.end_delegation(ctx, dice.choice(rows)[0])


def elevate(house: House, dice: random.Random, ctx: Context) -> None:
    role = dice.choice([*house.orgs, *house.funcs])
    access.elevate(ctx, dice.choice(house.persons), role, identity.Period(), "for a while")


def end_elevation(house: House, dice: random.Random, ctx: Context) -> None:
    rows = ctx.db.rows("select id from @.identity_elevation")
    if rows:
        access.end_elevation(ctx, dice.choice(rows)[0])


def object_rows(house: House, dice: random.Random, ctx: Context) -> None:
    everyone = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    assert everyone is not None
    units = dice.sample([*house.persons, *house.orgs, *house.funcs], 2)
    verbs = [set(access.Verb), {access.Verb.READ}, set[access.Verb]()]
    rows = [(unit, dice.choice(verbs)) for unit in units]
    access.set_object_rows(ctx, house.alpha.id, [*rows, (everyone, set(access.Verb))])


def column_rows(house: House, dice: random.Random, ctx: Context) -> None:
    column = dice.choice([c for c in house.alpha.columns.values() if c.takes_rows])
    units = dice.sample([*house.persons, *house.orgs, *house.funcs], 2)
    levels = list(access.ColumnLevel)
    access.set_column_rows(ctx, house.alpha.id, column.id, [(u, dice.choice(levels)) for u in units])


def rule(house: House, dice: random.Random, ctx: Context) -> None:
    author, grantee = (dice.choice([*house.persons, *_roles(house)]) for _ in range(2))
    access.add_default_rule(ctx, house.alpha.id, author, grantee, read=dice.choice(list(access.Grant)))


def scope(house: House, dice: random.Random, ctx: Context) -> None:
    assert house.catalogue is not None
    grantee = dice.choice([*house.persons, *_roles(house)])
    compared = access.Scope(("author",), dice.choice(["self", "own_units", "managed_units", "friends"]))
    access.add_scope_rule(ctx, house.catalogue.grounds, house.alpha.id, grantee, compared, GRANTS)


def attribute(house: House, dice: random.Random, ctx: Context) -> None:
    values: list[UUID] = list(dice.sample(house.persons, 2))
    access.set_attribute(ctx, dice.choice(house.persons), "friends", values)


def deny_rule(house: House, dice: random.Random, ctx: Context) -> None:
    author, unit = (dice.choice([*house.persons, *_roles(house)]) for _ in range(2))
    verbs = dice.choice([{access.Verb.READ}, set[access.Verb]()])
    access.set_deny_rule(ctx, house.alpha.id, author, unit, verbs)


def deny(house: House, dice: random.Random, ctx: Context) -> None:
    verbs = dice.choice([{access.Verb.READ}, set[access.Verb]()])
    unit = dice.choice([*house.persons, *_roles(house)])
    records.deny_record(ctx, "alpha", dice.choice(house.records), unit, verbs)


def share(house: House, dice: random.Random, ctx: Context) -> None:
    unit = dice.choice([*house.persons, *_roles(house)])
    records.share_record(ctx, "alpha", dice.choice(house.records), unit, access.Verb.READ)


def switches(house: House, dice: random.Random, ctx: Context) -> None:
    legs = dice.choice([access.ALL_LEGS, access.ALL_LEGS - {"author"}, access.ALL_LEGS - {"owner"}])
    access.set_switches(ctx, house.alpha.id, records=dice.random() < 0.9, legs=legs, denies=True)


def operation(house: House, dice: random.Random, ctx: Context) -> None:
    rows = [(dice.choice([*house.persons, *house.funcs]), dice.random() < 0.5)]
    access.set_operation_rows(ctx, access.Operation.IMPORT, rows)
    verbs = dice.choice([{access.Verb.READ}, set[access.Verb]()])
    access.set_carried_right(ctx, access.Operation.IMPORT, house.alpha.id, verbs)


KINDS: list[Change] = [
    join, join, leave, leave, move, link, unlink, mark, toggle, delegate, end_delegation, elevate,
    end_elevation, object_rows, column_rows, rule, scope, attribute, deny_rule, deny, share, switches,
    operation,
]  # fmt: skip


def fresh_answer(asked: Asked) -> Shown:
    """The answer of a process that remembers nothing."""
    for kept in (_rights._kept, _policy._kept, _graph._graphs, _standing_in._kept, _view._kept):
        kept.clear()
    return answer(asked)


def ask_after_changes(
    house: House, node: SecondNode, seed: int, count: int, kinds: Sequence[Change] = KINDS
) -> None:
    dice = random.Random(seed)  # noqa: S311  a test is drawn, nothing is kept secret
    different = 0
    shown: dict[UUID, Shown] = {}
    for number in range(count):
        change = dice.choice(kinds)
        house.commit(partial(change, house, dice))
        for person in dice.sample(house.persons, 2):
            asked = Asked(house.tenant, person, "alpha")
            found, expected = node.ask(asked), fresh_answer(asked)
            assert found == expected, f"seed {seed}, change {number}, {change.__name__}: {person}"
            different += shown.get(person, found) != found
            shown[person] = found
    assert different > count // 20  # the changes did change something


@pytest.fixture
def node(installation: Installation) -> Iterator[SecondNode]:
    with second_node(installation) as started:
        yield started


def test_a_change_on_one_node_holds_on_the_other(house: House, node: SecondNode) -> None:
    ask_after_changes(house, node, random.SystemRandom().randrange(10**9), CHANGES)


@pytest.mark.deep
def test_a_thousand_changes_hold_on_the_other_node(house: House, node: SecondNode) -> None:
    ask_after_changes(house, node, random.SystemRandom().randrange(10**9), DEEP_CHANGES)


def test_a_node_that_ignores_the_epoch_is_caught(
    house: House, node: SecondNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a new epoch the other node goes on with what it knows."""
    monkeypatch.setattr(identity, "bump_epoch", lambda ctx: 0)
    with pytest.raises(AssertionError):
        ask_after_changes(house, node, 7, CHANGES, [object_rows, column_rows, switches])

"""A game of guessing: worlds that differ in one secret alone, and everything that may be seen of them.

The challenger flips a coin and builds the world by the same calls in the same order, whatever it shows. An
observation is what one probe is answered, less what differs by construction: new ids, the time of day.
"""

import base64
import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import OstiaryError
from ostiary.kernel.ids import RecordId, UnitId, new_id
from ostiary.objects import public as objects
from ostiary.project._tenants import create_tenant
from ostiary.records import _shape, _view
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._tenants import rolled_back

Values = Mapping[str, object]
Probe = Callable[[], object]

OPEN = ("title", "code", "score", "due", "memo", "site", "parent")
READ_ONLY = ("depot",)
MASKED = ("nick", "phone")
CLOSED = ("amount", "price", "opened", "armed", "diary", "pin", "stage", "origin", "badge")
SEALED = "seal"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CURSOR = re.compile(r"WyI[\w-]{40,}")
_INSTANT = re.compile(
    r"datetime\.datetime\(20(?:2[2-9]|[3-9]\d)[^)]*\)+"
    r"|20(?:2[2-9]|[3-9]\d)-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"
)
_CLOCK = re.compile(r"(?<=\s)\d{1,2}:\d\d(?=\D)")


@dataclass(frozen=True)
class Table:
    """The committed ground: a tenant, the challenger, and two attackers.

    guesser: reads and writes some records and some columns. editor: the same, and may write every column
    without reading it.
    """

    tenant: tenancy.Tenant
    host: str
    keeper: UnitId
    attackers: Mapping[str, UnitId]
    keys: Mapping[str, str]


def make_table(slug: str) -> Table:
    """A tenant of its own, so that nobody else's record or role changes an answer."""
    host = f"{slug}.test"
    new = create_tenant(slug, "Guesses", [host], login="ada", person="Ada", email="", password=None)
    with tenancy.transaction(new.tenant) as db:
        ctx = Context(new.tenant.id, db, new.administrator, Channel.CLI)
    package = objects.read_package(Path(__file__).parent / "secrets")
    objects.install_package(new.tenant, ctx, package)
    with tenancy.transaction(new.tenant) as db:
        ctx = ctx.within(db)
        keeper, attackers = _people(ctx)
        keys = {name: access.create_api_key(ctx, unit, "probe") for name, unit in attackers.items()}
    return Table(new.tenant, host, keeper, attackers, keys)


def _people(ctx: Context) -> tuple[UnitId, dict[str, UnitId]]:
    keepers = access.create_role(ctx, identity.UnitKind.FUNC, "Keepers")
    guessers = access.create_role(ctx, identity.UnitKind.FUNC, "Guessers")
    people = {}
    for name, role in (("keeper", keepers), ("guesser", guessers), ("editor", guessers)):
        people[name] = access.create_person(ctx, login=name, name=name.title(), email="")
        access.add_member(ctx, people[name], role)
    keeper = people.pop("keeper")
    for made in objects.get_catalogue(ctx).objects.values():
        access.set_object_rows(ctx, made.id, [(u, frozenset(access.Verb)) for u in (keepers, guessers)])
        rows = {c.id: _levels(keepers, guessers, c) for c in made.columns.values() if c.takes_rows}
        access.set_columns_rows(ctx, made.id, rows)
    access.set_operation_rows(ctx, access.Operation.EXPORT_LIST, [(guessers, True)])
    access.set_operation_rows(ctx, access.Operation.EDIT_ANY_DATA, [(people["editor"], True)])
    return keeper, people


def _levels(
    keepers: UnitId, guessers: UnitId, column: objects.Column
) -> list[tuple[UnitId, access.ColumnLevel]]:
    edit, none = access.ColumnLevel.EDIT, access.ColumnLevel.NONE
    given = none if column.code in (*CLOSED, SEALED) else edit
    if column.code in READ_ONLY:
        given = access.ColumnLevel.READ
    if column.code in MASKED:
        given = access.ColumnLevel.MASKED
    return [(keepers, edit), (guessers, given)]


@dataclass(frozen=True)
class Secret:
    """What the coin decides, by the side on which it falls; names of records stand for their ids.

    mine: values of a readable record. dark, darker, slip: values of hidden ones. extra: how many further
    hidden records there are. stored: values of the readable record that no call can give it. later: what is
    changed in it afterwards. asked: probes that no sample leaves out. by_design, to_guesser, to_editor:
    probes that tell it, to both attackers or to one, for the reasons in docs/explanation/inference.md.
    """

    name: str
    mine: tuple[Values, Values] = ({}, {})
    dark: tuple[Values, Values] = ({}, {})
    darker: tuple[Values, Values] = ({}, {})
    slip: tuple[Values, Values] = ({}, {})
    extra: tuple[int, int] = (0, 0)
    stored: tuple[Values, Values] = ({}, {})
    later: tuple[Values, Values] = ({}, {})
    asked: tuple[str, ...] = ()
    by_design: tuple[str, ...] = ()
    to_guesser: tuple[str, ...] = ()
    to_editor: tuple[str, ...] = ()

    def told_to(self, attacker: str) -> set[str]:
        """The probes that tell an attacker."""
        return {*self.by_design, *(self.to_editor if attacker == "editor" else self.to_guesser)}


@dataclass(frozen=True)
class Guessed:
    """One world, as one attacker meets it."""

    table: Table
    attacker: str
    ctx: Context
    keeper: Context
    ids: Mapping[str, RecordId]

    def observe(self, probe: Probe) -> str:
        """All that one probe is answered; what it changed is taken back."""
        return _normal(_answer(self.ctx, probe), {str(id_): name for name, id_ in self.ids.items()})


def forget() -> None:
    """Nothing compiled is kept; which plan is chosen is part of what is compared."""
    _view._kept.clear()
    _shape.forget_hints()


@contextmanager
def world(table: Table, attacker: str, secret: Secret, side: int) -> Iterator[Guessed]:
    """Build a world in a transaction that is rolled back."""
    forget()
    with rolled_back(table.tenant) as db:
        keeper = Context(table.tenant.id, db, table.keeper, Channel.API)
        ctx = keeper.acting_as(table.attackers[attacker])
        ids = Dealer(keeper, ctx, secret, side).deal()
        absent = {name: RecordId(new_id()) for name in ("absent", "extra0")}
        yield Guessed(table, attacker, ctx, keeper, {**absent, **ids})


class Dealer:
    """Deals the records of one world."""

    def __init__(self, keeper: Context, attacker: Context, secret: Secret, side: int) -> None:
        self.keeper = keeper
        self.attacker = attacker
        self.secret = secret
        self.side = side
        self.ids: dict[str, RecordId] = {}

    def deal(self) -> dict[str, RecordId]:
        """Records by the names that secrets and probes use."""
        self._places()
        self._vaults()
        self._slips()
        for number in range(self.secret.extra[self.side]):
            values = {"title": f"Bravo {number}", "amount": number, "site": "near", "parent": "shared"}
            made = self._make(f"extra{number}", "vault", values, mine=False)
            records.create_record(self.keeper, "slip", {"title": f"Slip {number}", "vault": str(made)})
        self._after()
        return self.ids

    def _places(self) -> None:
        for name, mine in (("near", True), ("spare", True), ("far", False), ("off", False)):
            self._make(name, "place", {"title": name.title()}, mine=mine)

    def _vaults(self) -> None:
        self.ids["own"] = records.create_record(self.attacker, "vault", {"title": "Own", "score": 2}).id
        inside: Values = {"amount": 40_000, "price": "12.50", "stage": "open", "nick": "Nora", "pin": "P1"}
        mine = {"title": "Mine", "code": "M", "score": 2, "memo": "Note", "site": "near"}
        self._make("mine", "vault", {**mine, **inside, **self.secret.mine[self.side]}, mine=True)
        self._make(
            "dark", "vault", {"title": "Dark", "site": "far", **self.secret.dark[self.side]}, mine=False
        )
        darker = {"title": "Darker", "score": 2, **self.secret.darker[self.side]}
        self._make("darker", "vault", darker, mine=False)
        self._make("below", "vault", {"title": "Below", "parent": "mine", "amount": 7}, mine=True)
        shared = {"title": "Shared", "score": 5, "parent": "dark", "amount": 30_000, "nick": "Max"}
        made = self._make("shared", "vault", shared, mine=False)
        unit = self.attacker.actor
        # the fewest rights: read alone
        access.store_share(
            self.keeper, self._object("vault"), made, unit, access.Verb.READ, access.Grant.GRANTED
        )

    def _slips(self) -> None:
        self._make("slip", "slip", {"title": "Slip", "vault": "mine", "quantity": 1}, mine=True)
        hidden = {"title": "Hidden slip", "vault": "mine", "quantity": 2, **self.secret.slip[self.side]}
        self._make("hidden_slip", "slip", hidden, mine=False)

    def _object(self, code: str) -> Any:
        return records.describe(self.keeper, code).object.id

    def _make(self, name: str, code: str, values: Values, *, mine: bool) -> RecordId:
        given = {c: str(self.ids[v]) if v in self.ids else v for c, v in values.items() if v is not None}
        owner = {"owner": str(self.attacker.actor)} if mine else {}
        self.ids[name] = records.create_record(self.keeper, code, {**given, **owner}).id
        return self.ids[name]

    def _after(self) -> None:
        if later := self.secret.later[self.side]:
            records.update_record(self.keeper, "vault", self.ids["mine"], later, 1)
        stored: Values = {SEALED: 5, **self.secret.stored[self.side]}
        slots = ", ".join(f"{column} = %({column})s" for column in stored)
        self.keeper.db.run(
            f"update @.rec_vault set {slots} where id = %(id)s", {**stored, "id": self.ids["mine"]}
        )
        for code in ("vault", "place", "slip"):  # times that can be compared
            self.keeper.db.run(
                f"update @.rec_{code} set created_at = %(day)s::date + (place.n || ' minutes')::interval,"
                " modified_at = %(day)s::date + interval '1 day' + (place.n || ' minutes')::interval"
                f" from (select id, array_position(%(ids)s::uuid[], id) n from @.rec_{code}) place"
                f" where place.id = rec_{code}.id and place.n is not null",
                {"day": date(2020, 5, 4), "ids": list(self.ids.values())},
            )


def _answer(ctx: Context, probe: Probe) -> object:
    """What the probe returns or is refused with; a crash is an answer too."""
    answers: list[object] = []
    try:
        with ctx.db.savepoint():
            try:
                answers.append(probe())
            except OstiaryError as refusal:
                answers.append(refusal)
            raise _Undo
    except _Undo:
        pass
    except (psycopg.Error, ArithmeticError, LookupError, TypeError, ValueError) as crash:
        return f"CRASH {type(crash).__name__}: {crash}"
    return _plain(answers[0])


class _Undo(Exception):
    """Leaves a savepoint without keeping anything."""


def _plain(value: object) -> object:
    """A value with everything that it is made of, as text would show it."""
    if isinstance(value, OstiaryError):
        return [type(value).__name__, value.code, _plain(vars(value))]
    if isinstance(value, bytes):
        return value.decode()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [type(value).__name__, *(_plain(getattr(value, f.name)) for f in dataclasses.fields(value))]
    if isinstance(value, Mapping):
        return {str(_plain(k)): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value


def _normal(answer: object, names: Mapping[str, str]) -> str:
    """The answer as text: cursors opened, ids by name, new ids by their order, no time of today."""
    known = dict(names)

    def opened(found: re.Match[str]) -> str:
        text = found.group()
        try:
            return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        except ValueError:
            return text

    def named(found: re.Match[str]) -> str:
        return known.setdefault(found.group(), f"new{len(known) - len(names)}")

    text = _UUID.sub(named, _CURSOR.sub(opened, str(answer)))
    return _CLOCK.sub("clock", _INSTANT.sub("instant", text))


def differences(
    table: Table, attacker: str, secret: Secret, probes: Callable[[Guessed], Mapping[str, Probe]]
) -> dict[str, tuple[str, str]]:
    """By name of the probe: what it was answered in the two worlds, where that is not the same."""
    sides: list[dict[str, str]] = []
    for side in (0, 1):
        with world(table, attacker, secret, side) as found:
            sides.append({name: found.observe(probe) for name, probe in probes(found).items()})
    left, right = sides
    crashes = {name: (text, "") for name, text in left.items() if text.startswith("CRASH")}
    return crashes | {name: (left[name], right[name]) for name in left if left[name] != right[name]}

"""The world as plain values: who there is, what is granted, which records exist; all by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

Unit = str
ROOT: Unit = "all_employees"
EXTERNALS: Unit = "all_external"  # the root of the other kind
ADMINISTRATORS: Unit = "system_administrators"  # a functional role, marked by default
ADA: Unit = "ada"  # the first administrator, who is in every tenant

SELF = "self"  # what a scope rule may compare with, beside the named lists of values
OWN_UNITS = "own_units"
MANAGED_UNITS = "managed_units"


class Kind(StrEnum):
    """What a unit is."""

    PERSON = "person"
    SERVICE = "service"
    ORG = "org"
    FUNC = "func"
    MANAGER = "manager"


class Verb(StrEnum):
    """What is done to a record."""

    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    DELETE = "delete"


class Operation(StrEnum):
    """The system operations that concern business data. SHARE_ANY: to share what one may not pass on."""

    VIEW_ANY = "view_any"
    ADD_ANY = "add_any"
    EDIT_ANY = "edit_any"
    DELETE_ANY = "delete_any"
    EXPORT = "export"
    SHARE_ANY = "share_any"


class Level(IntEnum):
    """How much of a column is given."""

    NONE = 0
    MASKED = 1
    READ = 2
    EDIT = 3


class Grant(IntEnum):
    """How much of a verb a rule or share gives."""

    NONE = 0
    GRANTED = 1
    DELEGABLE = 2


class Leg(IntEnum):
    """The legs of section 3."""

    AUTHOR = 1
    AUTHOR_MANAGERS = 2
    OWNER = 3
    OWNER_MANAGERS = 4
    RULES = 5
    SCOPE = 6
    SHARES = 7
    MASTER = 8


@dataclass(frozen=True)
class Delegation:
    """What a person lets another, or everybody in a role, do. Times as in a share."""

    grantor: Unit
    receiver: Unit
    starts: int | None = None
    ends: int | None = None


@dataclass(frozen=True)
class Elevation:
    """A role that a person has for a while beside what the person is. Times as in a share."""

    person: Unit
    role: Unit
    starts: int | None = None
    ends: int | None = None


@dataclass(frozen=True)
class Graph:
    """The units and the edges between them at one moment.

    parents: organisational and functional roles below another of their kind. manages: manager role -> unit.
    links: (organisational, functional). members: (principal, role). marked: not inherited by managers.
    external: the units of that kind, its root among them; every other unit is of the employees' kind.
    inactive: persons who may not act. attributes: principal -> name -> the values stored for it.
    """

    kinds: Mapping[Unit, Kind]
    parents: Mapping[Unit, Unit] = field(default_factory=dict)
    manages: Mapping[Unit, Unit] = field(default_factory=dict)
    links: frozenset[tuple[Unit, Unit]] = frozenset()
    members: frozenset[tuple[Unit, Unit]] = frozenset()
    marked: frozenset[Unit] = frozenset()
    external: frozenset[Unit] = frozenset()
    delegations: tuple[Delegation, ...] = ()
    elevations: tuple[Elevation, ...] = ()
    inactive: frozenset[Unit] = frozenset()
    attributes: Mapping[Unit, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    memo: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def of_kind(self, *kinds: Kind) -> list[Unit]:
        """The units of these kinds, in the order in which they were named."""
        return [unit for unit, kind in self.kinds.items() if kind in kinds]


@dataclass(frozen=True)
class OperationRow:
    """One row of an operation's list; lists run from the topmost row down."""

    unit: Unit
    allowed: bool


@dataclass(frozen=True)
class ObjectRow:
    """One row of an object's list."""

    unit: Unit
    verbs: frozenset[Verb]


@dataclass(frozen=True)
class ColumnRow:
    """One row of a column's list."""

    unit: Unit
    level: Level


@dataclass(frozen=True)
class Rule:
    """A default rule: what `author`'s records give to `grantee`."""

    author: Unit
    grantee: Unit
    grants: Mapping[Verb, Grant]


@dataclass(frozen=True)
class Scope:
    """A scope rule: records whose value at the end of `path` is among the reader's own values.

    path: lookup columns; the last step may also be `owner` or `author`.
    attribute: SELF, OWN_UNITS, MANAGED_UNITS, or the name of a list in the graph's attributes.
    """

    grantee: Unit
    path: tuple[str, ...]
    attribute: str
    grants: Mapping[Verb, Grant]


@dataclass(frozen=True)
class DenyRule:
    """What `author`'s records deny to `unit`."""

    author: Unit
    unit: Unit
    verbs: frozenset[Verb]


@dataclass(frozen=True)
class Object:
    """One object with everything that is granted on it. columns: code -> its rows, topmost first.

    records, legs, denies: the switches of layer 3, of each leg, of denies. sealed: columns that nobody sees.
    """

    records: bool = True
    legs: frozenset[Leg] = frozenset(Leg)
    rows: tuple[ObjectRow, ...] = ()
    columns: Mapping[str, tuple[ColumnRow, ...]] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    scopes: tuple[Scope, ...] = ()
    denies: bool = False
    deny_rules: tuple[DenyRule, ...] = ()
    sealed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Record:
    """A record; `era` is the index of the graph in which it was created.

    values: column -> its value; a value of a lookup column is the name of the record it refers to.
    """

    object: str
    author: Unit
    owner: Unit | None = None
    era: int = 0
    values: Mapping[str, str | int | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Share:
    """One share; `starts` and `ends` are seconds from the start of the transaction, None is open."""

    record: str
    unit: Unit
    verb: Verb
    grant: Grant = Grant.GRANTED
    starts: int | None = None
    ends: int | None = None


@dataclass(frozen=True)
class Deny:
    """What one record denies to `unit`."""

    record: str
    unit: Unit
    verbs: frozenset[Verb]


@dataclass(frozen=True)
class World:
    """Everything that decides. eras: the graph as it was while records came into being, the last one is now.

    lookups: (object, column) -> the object referred to. displays: object -> its display column.
    masters: object -> the lookup column that names its master. carried: what each operation gives at layer 2.
    """

    eras: tuple[Graph, ...]
    objects: Mapping[str, Object]
    records: Mapping[str, Record] = field(default_factory=dict)
    shares: tuple[Share, ...] = ()
    operations: Mapping[Operation, tuple[OperationRow, ...]] = field(default_factory=dict)
    lookups: Mapping[tuple[str, str], str] = field(default_factory=dict)
    displays: Mapping[str, str] = field(default_factory=dict)
    denies: tuple[Deny, ...] = ()
    masters: Mapping[str, str] = field(default_factory=dict)
    carried: Mapping[Operation, Mapping[str, frozenset[Verb]]] = field(default_factory=dict)

    @property
    def now(self) -> Graph:
        """The graph that holds now."""
        return self.eras[-1]

    def principals(self) -> list[Unit]:
        """Everybody who can ask, the inactive among them."""
        return self.now.of_kind(Kind.PERSON, Kind.SERVICE)

    def records_of(self, object: str) -> list[str]:
        """The names of all records of an object, seen or not."""
        return [name for name, record in self.records.items() if record.object == object]

"""Metadata values: objects and columns as the product sees them; frozen, kept per tenant epoch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import cached_property
from types import MappingProxyType
from uuid import UUID

from ostiary.access import public as access
from ostiary.kernel.ids import ColumnId, ObjectId
from ostiary.objects._aliases import Former
from ostiary.objects._links import NO_LINKS, Links
from ostiary.objects._rules import NO_RULES, Rules

UNASSIGNED = UUID(int=0)  # the id of what is declared but not installed, and of columns that every object has


class ColumnType(StrEnum):
    """Stored keys are never reused."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "instant"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    CHOICE = "choice"
    LOOKUP = "lookup"
    OWNER = "owner"
    AUTO_NUMBER = "auto_number"


class DataClass(IntEnum):
    """Classification of what a column holds; more closed is greater."""

    PUBLIC = 1
    INTERNAL = 2
    CONFIDENTIAL = 3
    RESTRICTED = 4


class Mask(StrEnum):
    """What of a value is shown where it is masked; never how long it is."""

    ALL = "all"
    LAST_4 = "last_4"
    FIRST = "first"
    DOMAIN = "domain"  # of an e-mail address
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a value is kept: `months` after `after`, then `then` (keep | anonymise | delete)."""

    months: int
    after: str
    then: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a choice column. `tone` is a named tone of the design system.

    retired: no longer offered; records that hold it keep it, and its code is never given to another value.
    """

    code: str
    caption: str
    tone: str = "slate"
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One declared column, in the database under `name`: the code it was born with.

    personal_data: kind of personal data, "none" if it holds none. tags: regulation tags (PHI, PCI ...).
    scale: digits after the point of decimal and money. unique only on Public and Internal columns.
    target: code of the looked-up object (lookup only). default: JSON value, or "now"/"today"/"me".
    pattern: of an auto-number, `CASE-{0:06d}`. `system` columns (author, owner, created_at, modified_at,
    number) take no rights rows. born_as: "" while `name` is the code. former: codes that still lead here.
    indexed: an index serves sorting and filtering by it. sealed: nobody sees or writes it, whatever the rows.
    mask: what whoever has it masked is shown. computed: the product fills it, nobody types it.
    formula: what the product fills it with; where it is not `computed`, a typed value stays.
    """

    id: ColumnId
    code: str
    caption: str
    type: ColumnType
    data_class: DataClass
    personal_data: str
    retention: Retention
    tags: tuple[str, ...] = ()
    required: bool = False
    default: object = None
    max_length: int = 250
    scale: int = 2
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[Choice, ...] = ()
    target: str | None = None
    pattern: str = ""
    unique: bool = False
    help: str = ""
    born_as: str = ""
    former: tuple[Former, ...] = ()
    indexed: bool = False
    sealed: bool = False
    mask: Mask = Mask.ALL
    computed: bool = False
    formula: str = ""

    @property
    def name(self) -> str:
        """Name in the database, in events and in state hashes: a change of the code leaves it alone."""
        return self.born_as or self.code

    @property
    def takes_rows(self) -> bool:
        """Whether it has rights of its own: owner and number are read with the record (semantics 2)."""
        return self.type not in {ColumnType.OWNER, ColumnType.AUTO_NUMBER}

    @property
    def fixed_level(self) -> access.ColumnLevel | None:
        """The level for everybody, where rows do not count: of sealed columns, the owner and numbers."""
        if self.sealed:
            return access.ColumnLevel.NONE
        if self.takes_rows:
            return None
        return access.ColumnLevel.EDIT if self.type is ColumnType.OWNER else access.ColumnLevel.READ

    @property
    def sort_column(self) -> str:
        """Database column to order by: a stored folded key for text, else the column itself."""
        return f"{self.name}__sort" if self.type in TEXT_SORTED else self.name


# What an object with content declares, by stored name. All but the name are computed from the bytes.
FILE_COLUMNS: Mapping[str, ColumnType] = {
    "name": ColumnType.TEXT,
    "size": ColumnType.INTEGER,
    "content_type": ColumnType.TEXT,
    "checksum": ColumnType.TEXT,
}
TEXT_SORTED = frozenset({ColumnType.TEXT, ColumnType.EMAIL, ColumnType.PHONE, ColumnType.URL})


FOREVER = Retention(months=0, after="created", then="keep")  # lives and dies with its record


def _system(code: str, caption: str, kind: ColumnType, personal_data: str = "none") -> Column:
    return Column(ColumnId(UNASSIGNED), code, caption, kind, DataClass.INTERNAL, personal_data, FOREVER)


def owner_column() -> Column:
    """The column that every object with owners has; stored in `owner_id`."""
    return Column(
        id=ColumnId(UNASSIGNED),
        code="owner",
        caption="Owner",
        type=ColumnType.OWNER,
        data_class=DataClass.INTERNAL,
        personal_data="staff",
        retention=FOREVER,
        default="me",
    )


# Read with the record, never writable, no rights rows (semantics section 2).
SYSTEM_COLUMNS: Mapping[str, Column] = {
    c.code: c
    for c in (
        _system("author", "Author", ColumnType.OWNER, "staff"),
        _system("created_at", "Created", ColumnType.INSTANT),
        _system("modified_at", "Modified", ColumnType.INSTANT),
    )
}


@dataclass(frozen=True, slots=True)
class Layout:
    """How an object is shown: column codes by place."""

    list_columns: tuple[str, ...]
    default_sort: tuple[str, ...]  # "-amount" is descending
    facts: tuple[str, ...]  # key facts in the record head
    groups: tuple[tuple[str, tuple[str, ...]], ...]  # (caption, columns) of record page and form
    details: tuple[tuple[str, str, str], ...] = ()  # (caption, object, its lookup column to this object)
    stage: str | None = None  # choice or lookup column shown as a path


@dataclass(frozen=True, slots=True)
class Object:
    """One object: a real table `rec_<name>` in the tenant's schema; `name` is the code it was born with.

    display: code of the column that names a record. is_lookup: a small list of values (layer 3 off).
    has_owner: false for objects without an owner column (lookups). dropped: columns kept for recovery, by
    code; nobody sees them, but they still belong to the state of a record. born_as, former: as of columns.
    spent: stored names of purged columns, never given again, since events go on telling of them.
    master: stored name of the lookup whose record hands its rights down (semantics 3, leg 8), "" for none.
    content: each record stands for a file, whose bytes lie apart, encrypted; see `FILE_COLUMNS`.
    log: its records are written by rules alone and go with their master. rules: of its records (ADR 0036).
    """

    id: ObjectId
    code: str
    caption: str
    plural: str
    icon: str
    display: str
    columns: Mapping[str, Column]
    layout: Layout
    is_lookup: bool = False
    has_owner: bool = True
    description: str = ""
    born_as: str = ""
    former: tuple[Former, ...] = ()
    dropped: Mapping[str, Column] = field(default_factory=lambda: MappingProxyType({}))
    spent: tuple[str, ...] = ()
    master: str = ""
    content: bool = False
    log: bool = False
    rules: Rules = NO_RULES

    @property
    def master_column(self) -> Column | None:
        """The lookup that names the master record."""
        return next((c for c in self.columns.values() if self.master and c.name == self.master), None)

    @property
    def name(self) -> str:
        """Name in the database and in events: a change of the code leaves it alone."""
        return self.born_as or self.code

    @property
    def table(self) -> str:
        return f"rec_{self.name}"

    @property
    def aliases(self) -> Mapping[str, str]:
        """Former codes of columns that still lead to one, with its code of now."""
        return {f.code: c.code for c in self.columns.values() for f in c.former}

    def column(self, code: str) -> Column:
        """A declared column, or one that every object has. Raises KeyError."""
        return self.columns[code] if code in self.columns else SYSTEM_COLUMNS[code]


@dataclass(frozen=True, slots=True)
class Workplace:
    """A named set of sections (object codes) in the navigation, grouped under captions."""

    code: str
    caption: str
    groups: tuple[tuple[str, tuple[str, ...]], ...]


class _Grounds(Mapping[UUID, access.Ground]):
    """Made for an object when somebody asks: a tenant may have hundreds, a request touches a few."""

    def __init__(self, objects: Mapping[str, Object]) -> None:
        self._by_code = objects
        self._by_id: dict[UUID, Object] = {o.id: o for o in objects.values()}
        self._made: dict[UUID, access.Ground] = {}

    def __getitem__(self, object_id: UUID) -> access.Ground:
        made = self._made.get(object_id)
        if made is None:
            made = self._made[object_id] = self._ground(self._by_id[object_id])
        return made

    def _ground(self, made: Object) -> access.Ground:
        lookups: dict[UUID, access.Lookup] = {
            c.id: access.Lookup(c.name, target.id)
            for c in made.columns.values()
            if c.target is not None and (target := self._by_code.get(c.target)) is not None
        }
        master = made.master_column
        return access.Ground(
            made.id,
            made.table,
            made.has_owner,
            lookups,
            None if master is None else master.id,
            {c.id: c.fixed_level for c in made.columns.values() if c.fixed_level is not None},
        )

    def __iter__(self) -> Iterator[UUID]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)


@dataclass(frozen=True)
class Catalogue:
    """All metadata of a tenant at one epoch."""

    epoch: int
    objects: Mapping[str, Object]
    workplaces: tuple[Workplace, ...]
    links: Links = NO_LINKS

    @property
    def aliases(self) -> Mapping[str, str]:
        """Former codes of objects that still lead to one, with its code of now."""
        return {f.code: o.code for o in self.objects.values() for f in o.former}

    @cached_property
    def grounds(self) -> access.Grounds:
        """Where the records of each object stand, for decisions about them."""
        return _Grounds(self.objects)

    def named(self) -> list[access.NamedObject]:
        """The objects as a snapshot of rights wants them."""
        return [
            access.NamedObject(
                o.code,
                {c.id: c.code for c in o.columns.values() if c.takes_rows},
                self.grounds[o.id],
                frozenset(c.id for c in o.columns.values() if c.sealed),
            )
            for o in self.objects.values()
        ]

    def by_id(self, object_id: ObjectId) -> Object:
        """The object with this id. Raises KeyError."""
        return next(o for o in self.objects.values() if o.id == object_id)

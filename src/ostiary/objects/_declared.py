"""One declared column: what each type may say, and the data policy that every column must state."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ostiary.kernel.ids import ColumnId
from ostiary.objects._errors import PackageRefused
from ostiary.objects._formula import BadFormula, read_formula
from ostiary.objects._model import UNASSIGNED, Choice, Column, ColumnType, DataClass, Mask, Retention
from ostiary.objects._names import IDENTIFIER, column_code_problem
from ostiary.objects._strict import Node

PERSONAL_DATA = frozenset(
    {"none", "name", "contact_detail", "address", "birth_date", "demographic", "employment", "financial"}
    | {"communication", "free_text", "identifier", "staff"}
)
RETENTION_AFTER = frozenset({"created", "modified", "last_activity", "closed"})
RETENTION_THEN = frozenset({"keep", "anonymise", "delete"})
TAGS = frozenset({"PHI", "PCI", "SPECIAL_CATEGORY"})
TONES = frozenset({"slate", "blue", "teal", "amber", "sky", "ok", "warn", "bad", "hollow"})
AUTO_NUMBER = re.compile(
    r"(?P<before>[A-Z0-9 /-]{0,20})\{0:0(?P<digits>[1-9])d\}(?P<after>[A-Z0-9 /-]{0,20})"
)

_COMPUTED = frozenset(
    {ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.MONEY, ColumnType.DATE, ColumnType.CHOICE}
)

_LENGTHS = {ColumnType.TEXT: 250, ColumnType.EMAIL: 254, ColumnType.PHONE: 50, ColumnType.URL: 500}
LONGEST = {**dict.fromkeys(_LENGTHS, 500), ColumnType.LONG_TEXT: 100_000}


@dataclass(frozen=True, slots=True)
class PolicyDefaults:
    """What an object declares for all its columns; a column may declare another."""

    data_class: DataClass | None = None
    personal_data: str | None = None
    retention: Retention | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The data policy of one column: nothing is left open."""

    data_class: DataClass
    personal_data: str
    retention: Retention


def read_policy(node: Node) -> PolicyDefaults:
    """The explicit defaults of an object or of a file of lookups: all three, or the reader refuses."""
    found = take_policy(node)
    node.finish()
    complete(node, found, PolicyDefaults())
    return found


def take_policy(node: Node) -> PolicyDefaults:
    """What a node states of class, personal data and retention. Raises PackageRefused."""
    data_class = personal_data = retention = None
    if node.has("class"):
        name = node.take("class", str)
        try:
            data_class = DataClass[name.upper()]
        except KeyError as problem:
            raise node.refuse(
                f"class {name!r} is none of public, internal, confidential, restricted"
            ) from problem
    if node.has("personal_data"):
        personal_data = _one_of(node, "personal_data", PERSONAL_DATA)
    if node.has("retention"):
        retention = _read_retention(node.node("retention"))
    return PolicyDefaults(data_class, personal_data, retention)


def complete(node: Node, own: PolicyDefaults, inherited: PolicyDefaults) -> Policy:
    """What a column says, and for the rest what is said for all. Raises PackageRefused: some is open."""
    data_class = own.data_class or inherited.data_class
    personal_data = own.personal_data or inherited.personal_data
    retention = own.retention or inherited.retention
    if data_class is None or personal_data is None or retention is None:
        stated = {"class": data_class, "personal_data": personal_data, "retention": retention}
        missing = ", ".join(key for key, value in stated.items() if value is None)
        raise node.refuse(f"every column declares class, personal_data and retention; missing: {missing}")
    return Policy(data_class, personal_data, retention)


def _read_retention(node: Node) -> Retention:
    made = Retention(
        node.take("months", int),
        _one_of(node, "after", RETENTION_AFTER),
        _one_of(node, "then", RETENTION_THEN),
    )
    node.finish()
    if made.months < 0 or (made.months == 0) != (made.then == "keep"):
        raise node.refuse("0 months with `then: keep` for ever, or a number of months with what happens then")
    return made


def _one_of(node: Node, key: str, allowed: frozenset[str]) -> str:
    value = node.take(key, str)
    if value not in allowed:
        raise node.refuse(f"{key} {value!r} is none of {', '.join(sorted(allowed))}")
    return value


def read_column(node: Node, inherited: PolicyDefaults) -> tuple[Column, str | None]:
    """A column and, for a lookup, the name of its default value. Raises PackageRefused."""
    code = node.take("column", str)
    node.at(f"column {code}")
    problem = column_code_problem(code)
    if problem:
        raise node.refuse(problem)
    policy = complete(node, take_policy(node), inherited)
    kind = _read_type(node)
    settings, lookup_default = _SETTINGS.get(kind, _read_plain)(node, kind)
    tags = node.texts("tags")
    if not set(tags) <= TAGS:
        raise node.refuse(f"tags are out of {', '.join(sorted(TAGS))}")
    column = Column(
        id=ColumnId(UNASSIGNED),
        code=code,
        caption=node.take("caption", str, code.replace("_", " ").capitalize()),
        type=kind,
        data_class=policy.data_class,
        personal_data=policy.personal_data,
        retention=policy.retention,
        tags=tags,
        required=node.take("required", bool, False),
        unique=node.take("unique", bool, False),
        help=node.take("help", str, ""),
        indexed=node.take("indexed", bool, False),
        sealed=node.take("sealed", bool, False),
        **_read_computed(node, kind),
        mask=Mask(_one_of(node, "mask", frozenset(Mask))) if node.has("mask") else Mask.ALL,
        **settings,
    )
    node.finish()
    _verify_column(column, node.refuse)
    return column, lookup_default


def _read_computed(node: Node, kind: ColumnType) -> dict[str, Any]:
    """computed: true, or what it is made of; `typed: true` beside that lets a typed value stay."""
    said = node.any("computed")
    typed = node.take("typed", bool, False)
    if not isinstance(said, str):
        if typed or not isinstance(said, bool | None):
            raise node.refuse("computed is true, or a formula; typed goes with a formula")
        return {"computed": bool(said)}
    try:
        read_formula(said)
    except BadFormula as problem:
        raise node.refuse(f"computed: {problem}") from problem
    if kind not in _COMPUTED:
        raise node.refuse(f"{kind} cannot be computed from a formula")
    return {"computed": not typed, "formula": said}


def _read_type(node: Node) -> ColumnType:
    name = node.take("type", str)
    if name == ColumnType.OWNER or name not in {t.value for t in ColumnType}:
        known = ", ".join(t for t in ColumnType if t is not ColumnType.OWNER)
        raise node.refuse(
            f"type {name!r} is none of {known} (`owner: true` of the object makes its owner column)"
        )
    return ColumnType(name)


Settings = tuple[Mapping[str, Any], str | None]


def _read_plain(node: Node, kind: ColumnType) -> Settings:
    return {}, None


def _read_text(node: Node, kind: ColumnType) -> Settings:
    longest = LONGEST[kind]
    length = node.take("max_length", int, _LENGTHS.get(kind, 10_000))
    if not 1 <= length <= longest:
        raise node.refuse(f"max_length is between 1 and {longest}")
    return {"max_length": length, "default": node.take("default", str) if node.has("default") else None}, None


def _read_number(node: Node, kind: ColumnType) -> Settings:
    settings: dict[str, Any] = {}
    for key in ("minimum", "maximum"):
        if node.has(key):
            settings[key] = node.take(key, int)
    if node.has("default"):
        settings["default"] = node.take("default", int)
    if kind is not ColumnType.INTEGER:
        settings["scale"] = node.take("scale", int, 2)
        if not 0 <= settings["scale"] <= 6:
            raise node.refuse("scale is between 0 and 6")
    return settings, None


def _read_boolean(node: Node, kind: ColumnType) -> Settings:
    return {"default": node.take("default", bool, False)}, None


def _read_moment(node: Node, kind: ColumnType) -> Settings:
    allowed = frozenset({"today"} if kind is ColumnType.DATE else {"now"})
    return ({"default": _one_of(node, "default", allowed)} if node.has("default") else {}), None


def read_choices(node: Node) -> tuple[Choice, ...]:
    """The choices under `choices`, each with a code of its own; none where the key is absent."""
    choices = []
    for declared in node.nodes("choices"):
        code = declared.take("code", str)
        if IDENTIFIER.fullmatch(code) is None:
            raise declared.refuse(f"{code!r} is not a code")
        tone = _one_of(declared, "tone", TONES) if declared.has("tone") else "slate"
        caption = declared.take("caption", str, code.replace("_", " ").capitalize())
        choices.append(Choice(code, caption, tone, declared.take("retired", bool, False)))
        declared.finish()
    if len({choice.code for choice in choices}) < len(choices):
        raise node.refuse("a choice needs choices, each with a code of its own")
    return tuple(choices)


def _read_choice(node: Node, kind: ColumnType) -> Settings:
    choices = read_choices(node)
    offered = [choice.code for choice in choices if not choice.retired]
    if not offered:
        raise node.refuse("a choice needs choices, each with a code of its own")
    default = node.take("default", str) if node.has("default") else None
    if default is not None and default not in offered:
        raise node.refuse(f"the default {default!r} is none of its choices")
    return {"choices": choices, "default": default}, None


def _read_lookup(node: Node, kind: ColumnType) -> Settings:
    return {"target": node.take("target", str)}, node.take("default", str) if node.has("default") else None


def _read_auto_number(node: Node, kind: ColumnType) -> Settings:
    pattern = node.take("pattern", str)
    if AUTO_NUMBER.fullmatch(pattern) is None:
        raise node.refuse("pattern is capitals, digits, space, / and - around one {0:06d}")
    return {"pattern": pattern}, None


_SETTINGS: Mapping[ColumnType, Callable[[Node, ColumnType], Settings]] = {
    **dict.fromkeys(
        (ColumnType.TEXT, ColumnType.LONG_TEXT, ColumnType.EMAIL, ColumnType.PHONE, ColumnType.URL),
        _read_text,
    ),
    **dict.fromkeys((ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.MONEY), _read_number),
    **dict.fromkeys((ColumnType.DATE, ColumnType.INSTANT), _read_moment),
    ColumnType.BOOLEAN: _read_boolean,
    ColumnType.CHOICE: _read_choice,
    ColumnType.LOOKUP: _read_lookup,
    ColumnType.AUTO_NUMBER: _read_auto_number,
}


def _verify_column(column: Column, refuse: Callable[[str], PackageRefused]) -> None:
    if column.unique and column.data_class > DataClass.INTERNAL:
        raise refuse(
            "unique is only for public and internal columns: a refused value would tell that it exists"
        )
    if column.unique and column.type in {ColumnType.LONG_TEXT, ColumnType.BOOLEAN}:
        raise refuse(f"{column.type} cannot be unique")
    if column.required and column.type is ColumnType.AUTO_NUMBER:
        raise refuse("an auto-number is never typed, so it cannot be required")
    low, high = column.minimum, column.maximum
    if low is not None and high is not None and low > high:
        raise refuse("minimum is above maximum")
    if (
        isinstance(column.default, int)
        and not isinstance(column.default, bool)
        and ((low is not None and column.default < low) or (high is not None and column.default > high))
    ):
        raise refuse("the default lies outside minimum and maximum")

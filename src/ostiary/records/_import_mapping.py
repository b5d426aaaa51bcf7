"""The mapping file of an import: ordered steps, read strictly. Every error names file, step and key."""

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import yaml

from ostiary.records._import_errors import ImportRefused

T = TypeVar("T")
TEMPLATE_PART = re.compile(r"\{([^{}]+)\}")


class Missing(StrEnum):
    """What becomes of a row whose lookup value is not there."""

    REFUSE = "refuse"  # the row is refused
    EMPTY = "empty"  # the column stays empty, and the result says so
    CREATE = "create"  # the value is created, if the importing user may


class Duplicates(StrEnum):
    """What becomes of a row whose key a record has already."""

    UPDATE = "update"  # the record gets the row's values
    SKIP = "skip"  # the record stays as it is
    CREATE = "create"  # nobody looks: another record is made
    RULES = "rules"  # the row is left out where the rules of its object find a record, whatever the key


class Repeats(StrEnum):
    """What becomes of a row whose key stands further up in the same file."""

    REFUSE = "refuse"  # the file is not what was meant
    FOLLOW = "follow"  # as if the record had been there before


@dataclass(frozen=True, slots=True)
class ColumnSource:
    """Where the value of one column comes from: a source column, a constant or templates.

    templates: texts with `{source column}`; the first whose parts are all filled is used.
    default: used for a new record when the cell is blank.
    values: the file's vocabulary in ours (folded -> text), taken silently; a step's aliases correct mistakes
    and are noted.
    format: of dates (strptime) or numbers (the specimen `1.234,56`). factor: multiplies numbers.
    match: the target's column that names it (default: its display column); for the owner `name` or `login`.
    expected: a blank is accepted, but the result names it.
    later: what does not resolve is tried again after the last row, for references to rows further down.
    """

    target: str
    source: str | None = None
    constant: object = None
    templates: tuple[str, ...] = ()
    default: object = None
    values: Mapping[str, str] = field(default_factory=dict)
    format: str | None = None
    factor: Decimal | None = None
    match: str | None = None
    missing: Missing = Missing.REFUSE
    expected: bool = False
    later: bool = False

    @property
    def reads(self) -> frozenset[str]:
        """The source columns that this one needs."""
        parts = {part for text in self.templates for part in TEMPLATE_PART.findall(text)}
        return frozenset(parts | ({self.source} if self.source else set()))


@dataclass(frozen=True, slots=True)
class RowsStep:
    """Rows of one file into one object. key: columns that together find the record to update.

    blanks: an empty cell empties the column of a record that is there.
    """

    name: str
    file: str
    object: str
    key: tuple[str, ...]
    columns: Mapping[str, ColumnSource]
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # source column -> folded -> text
    ignore: frozenset[str] = frozenset()
    delimiter: str = ","
    duplicates: Duplicates = Duplicates.UPDATE
    repeats: Repeats = Repeats.REFUSE
    blanks: bool = False

    @property
    def reads(self) -> frozenset[str]:
        """The source columns that the step uses."""
        return frozenset().union(*(column.reads for column in self.columns.values()), self.aliases)


@dataclass(frozen=True, slots=True)
class OrganisationStep:
    """A team file: each office a unit under `parent_code`, each manager's team a unit under its office.

    Agents are members of their team; managers are members of their office and hold their team's manager role,
    so that each sees the own team and not the neighbour's; heads (office -> name) are members of the parent
    and hold their office's manager role. Everyone gets `functional` (code of a functional role), managers and
    heads `functional_of_managers` besides.
    """

    name: str
    file: str
    member: str
    manager: str
    office: str
    parent_code: str
    parent_name: str
    office_name: str
    team_name: str
    functional: str
    functional_of_managers: str | None
    heads: Mapping[str, str]
    email: str
    language: str = "en"
    time_zone: str = "UTC"
    ignore: frozenset[str] = frozenset()
    delimiter: str = ","

    @property
    def reads(self) -> frozenset[str]:
        """The source columns that the step uses."""
        return frozenset({self.member, self.manager, self.office})


Step = RowsStep | OrganisationStep


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """A whole mapping file."""

    name: str
    steps: tuple[Step, ...]


def read_mapping(path: Path) -> ImportPlan:
    """The mapping in a YAML file. Raises ImportRefused."""
    try:
        text = path.read_text("utf-8")
    except OSError as problem:
        raise ImportRefused(f"{path.name}: cannot be read: {problem.strerror}") from problem
    except UnicodeDecodeError as problem:
        raise ImportRefused(f"{path.name}: not UTF-8 at byte {problem.start}") from problem
    return parse_mapping(text, name=path.name)


def parse_mapping(text: str, *, name: str) -> ImportPlan:
    """The mapping in a YAML text. Raises ImportRefused."""
    top = _Keys(name, _load(text, name))
    plan_name = top.take("name", str)
    steps: list[Step] = []
    for number, value in enumerate(top.take("steps", list), 1):
        step = _Keys(f"{name}: step {number}", value)
        kind = step.take("kind", str)
        if kind not in _STEPS:
            raise step.refuse(f"kind must be one of {', '.join(_STEPS)}, not {kind!r}")
        steps.append(_STEPS[kind](step))
        step.finish()
    top.finish()
    if not steps:
        raise ImportRefused(f"{name}: no steps")
    doubled = {s.name for s in steps if sum(s.name == other.name for other in steps) > 1}
    if doubled:
        raise ImportRefused(f"{name}: steps need names of their own: {', '.join(sorted(doubled))}")
    return ImportPlan(plan_name, tuple(steps))


class _Loader(yaml.SafeLoader):
    """The safe loader; a key given twice is refused instead of the last one winning."""


def _unique_keys(loader: _Loader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    found: set[Hashable] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in found:
            raise ImportRefused(f"{loader.name}: line {key_node.start_mark.line + 1}: {key!r} is given twice")
        found.add(key)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_keys)


def _load(text: str, name: str) -> object:
    loader = _Loader(text)
    loader.name = name
    try:
        return loader.get_single_data()
    except yaml.YAMLError as problem:
        raise ImportRefused(f"{name}: not readable as YAML: {problem}") from problem
    finally:
        loader.dispose()


class _Keys:
    """A YAML mapping whose keys must all be taken."""

    def __init__(self, place: str, value: object) -> None:
        self.place = place
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            raise self.refuse("keys and values are expected here, keys as text")
        self._left: dict[str, Any] = dict(value)

    def refuse(self, message: str) -> ImportRefused:
        return ImportRefused(f"{self.place}: {message}")

    def take(self, key: str, kind: type[T]) -> T:
        if key not in self._left:
            raise self.refuse(f"{key} is missing")
        value = self._left.pop(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.refuse(f"{key} must be {kind.__name__}, not {type(value).__name__}")
        return value

    def find(self, key: str, kind: type[T], default: T) -> T:
        return self.take(key, kind) if key in self._left else default

    def any(self, key: str) -> object:
        return self._left.pop(key, None)

    def keys(self, key: str) -> "_Keys":
        return _Keys(f"{self.place}: {key}", self.take(key, dict))

    def texts(self, key: str) -> tuple[str, ...]:
        values = self.find(key, list, [])
        if not all(isinstance(value, str) for value in values):
            raise self.refuse(f"{key} must be a list of texts")
        return tuple(values)

    def text_map(self, key: str) -> dict[str, str]:
        values = self.find(key, dict, {})
        if not all(isinstance(k, str) and isinstance(v, str) for k, v in values.items()):
            raise self.refuse(f"{key} must give texts for texts; put quotes around numbers and yes/no")
        return values

    def names(self) -> tuple[str, ...]:
        return tuple(self._left)

    def finish(self) -> None:
        if self._left:
            raise self.refuse(f"unknown key {', '.join(map(repr, self._left))}")


def _organisation(step: _Keys) -> OrganisationStep:
    name = step.take("name", str)
    step.place = f"{step.place} ({name})"
    columns, parent = step.keys("columns"), step.keys("parent")
    found = OrganisationStep(
        name=name,
        file=step.take("file", str),
        member=columns.take("member", str),
        manager=columns.take("manager", str),
        office=columns.take("office", str),
        parent_code=parent.take("code", str),
        parent_name=parent.take("name", str),
        office_name=_with_part(step, "office_name", "office"),
        team_name=_with_part(step, "team_name", "manager"),
        functional=step.take("functional_role", str),
        functional_of_managers=_optional(step, "functional_role_of_managers"),
        heads=step.text_map("heads"),
        email=_with_part(step, "email", "login"),
        language=step.find("language", str, "en"),
        time_zone=step.find("time_zone", str, "UTC"),
        ignore=frozenset(step.texts("ignore")),
        delimiter=_delimiter(step),
    )
    columns.finish()
    parent.finish()
    return found


def _with_part(step: _Keys, key: str, part: str) -> str:
    text = step.take(key, str)
    if TEMPLATE_PART.findall(text) != [part]:
        raise step.refuse(f"{key} needs {{{part}}} once and no other part")
    return text


def _optional(keys: _Keys, key: str) -> str | None:
    return keys.take(key, str) if key in keys.names() else None


def _delimiter(step: _Keys) -> str:
    delimiter = step.find("delimiter", str, ",")
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise step.refuse("delimiter must be one character, and no quote or line end")
    return delimiter


def _rows(step: _Keys) -> RowsStep:
    name = step.take("name", str)
    step.place = f"{step.place} ({name})"
    columns = step.keys("columns")
    sources = {target: _column(columns, target) for target in columns.names()}
    key = step.texts("key")
    aliases = step.keys("aliases") if "aliases" in step.names() else None
    found = RowsStep(
        name=name,
        file=step.take("file", str),
        object=step.take("object", str),
        key=key,
        columns=sources,
        aliases={source: _fold(aliases.text_map(source)) for source in aliases.names()} if aliases else {},
        ignore=frozenset(step.texts("ignore")),
        delimiter=_delimiter(step),
    )
    _check_rows(step, found)
    return found


def _check_rows(step: _Keys, found: RowsStep) -> None:
    if not found.columns:
        raise step.refuse("columns is empty")
    if not found.key:
        raise step.refuse("key is missing: without it a second run would create everything again")
    for target in found.key:
        if target not in found.columns:
            raise step.refuse(f"key column {target} is not among the columns")
        if found.columns[target].later:
            raise step.refuse(f"key column {target} cannot be filled later")
    unused = found.ignore & found.reads
    if unused:
        raise step.refuse(f"ignored and used at once: {', '.join(sorted(unused))}")


def _column(columns: _Keys, target: str) -> ColumnSource:
    """`column: source` for short, or a mapping of options."""
    value = columns.any(target)
    keys = _Keys(f"{columns.place}: {target}", {"from": value} if isinstance(value, str) else value)
    given = [key for key in ("from", "constant", "template") if key in keys.names()]
    if len(given) != 1:
        raise keys.refuse("exactly one of from, constant, template is needed")
    template = keys.any("template")
    missing = keys.find("missing", str, Missing.REFUSE)
    if missing not in set(Missing):
        raise keys.refuse(f"missing must be one of {', '.join(Missing)}, not {missing!r}")
    found = ColumnSource(
        target=target,
        source=keys.take("from", str) if "from" in given else None,
        constant=keys.any("constant"),
        templates=_templates(keys, template),
        default=keys.any("default"),
        values=_fold(keys.text_map("values")),
        format=_optional(keys, "format"),
        factor=_factor(keys),
        match=_optional(keys, "match"),
        missing=Missing(missing),
        expected=keys.find("expected", bool, False),
        later=keys.find("later", bool, False),
    )
    keys.finish()
    if given == ["constant"] and found.constant is None:
        raise keys.refuse("constant is empty")
    return found


def _templates(keys: _Keys, value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise keys.refuse("template must be a text or a list of texts")
    return tuple(texts)


def _factor(keys: _Keys) -> Decimal | None:
    value = keys.any("factor")
    if value is None:
        return None
    try:
        factor = Decimal(str(value))
    except InvalidOperation:
        factor = Decimal(0)
    if not factor.is_finite() or factor == 0 or isinstance(value, bool):
        raise keys.refuse(f"factor must be a number other than 0, not {value!r}")
    return factor


def _fold(aliases: dict[str, str]) -> dict[str, str]:
    return {text.strip().casefold(): meant for text, meant in aliases.items()}


_STEPS: Mapping[str, Callable[[_Keys], Step]] = {"organisation": _organisation, "rows": _rows}

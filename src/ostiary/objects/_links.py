"""What a write of one object has to be followed by in others, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class SumOf:
    """A column of `owner` that adds up `column` of records which refer to it by `link`; codes, of now."""

    owner: str
    target: str
    link: str
    column: str


@dataclass(frozen=True, slots=True)
class Links:
    """sums: by code of the object whose records are added up.

    logs, mirrors: by code of an object, those that log it, and those in step with it.
    """

    sums: Mapping[str, tuple[SumOf, ...]] = field(default_factory=lambda: MappingProxyType({}))
    logs: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    mirrors: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


NO_LINKS = Links()

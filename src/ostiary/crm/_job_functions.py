"""Job functions that the package knows, read from its declarations."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ostiary.crm._install import FOLDER
from ostiary.objects import public as objects


@dataclass(frozen=True, slots=True)
class JobFunction:
    """What people of a kind work on: letters of verbs by code of an object."""

    code: str
    caption: str
    description: str
    objects: Mapping[str, str]


@cache
def job_functions() -> tuple[JobFunction, ...]:
    """In the order in which they are declared. Raises PackageRefused."""
    node = objects.read_yaml(FOLDER / "job_functions.yaml")
    found = tuple(_read(each) for each in node.nodes("functions"))
    node.finish()
    return found


def _read(node: objects.Node) -> JobFunction:
    made = JobFunction(
        node.take("function", str),
        node.take("caption", str),
        node.take("description", str),
        dict(node.take("objects", dict)),
    )
    node.finish()
    return made

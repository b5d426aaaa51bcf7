"""The ways by which a principal's own set comes about, step by step. Source: semantics section 1."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ostiary.identity._graph import RoleGraph, UnitKind
from ostiary.kernel.ids import UnitId


class Step(StrEnum):
    """How one role leads to the next."""

    DIRECT = "direct"  # given to the principal
    EVERYBODY = "everybody"  # the root of the kind
    ABOVE = "above"  # the parent of the role before
    LINK = "link"  # linked to the role before


@dataclass(frozen=True, slots=True)
class Hop:
    """A role on a way, and how it was reached."""

    role: UnitId
    step: Step


Path = tuple[Hop, ...]


def own_paths(
    graph: RoleGraph, kind: UnitKind, direct: Iterable[UnitId], *, external: bool
) -> dict[UnitId, list[Path]]:
    """For each role of the own set the shortest way from each direct role and from the root."""
    found: dict[UnitId, list[Path]] = {}

    def add(path: Path) -> None:
        known = found.setdefault(path[-1].role, [])
        same_start = next((p for p in known if p[0] == path[0]), None)
        if same_start is None:
            known.append(path)
        elif len(path) < len(same_start):
            known[known.index(same_start)] = path

    starts = [Hop(role, Step.DIRECT) for role in sorted(direct)]
    if kind is UnitKind.SERVICE:
        return {hop.role: [(hop,)] for hop in starts}
    starts.append(Hop(graph.external_root if external else graph.root, Step.EVERYBODY))
    for start in starts:
        for path in _upwards(graph, (start,)):
            add(path)
            for func in sorted(graph.linked(path[-1].role)):
                for linked in _upwards(graph, (*path, Hop(func, Step.LINK))):
                    add(linked)
    return {role: sorted(paths, key=len) for role, paths in found.items()}


def _upwards(graph: RoleGraph, path: Path) -> Iterable[Path]:
    """The way itself, and as it goes on to each ancestor."""
    yield path
    for role in graph.ladder(path[-1].role)[1:]:
        path = (*path, Hop(role, Step.ABOVE))
        yield path

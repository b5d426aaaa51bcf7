"""What changes of rights would do, as JSON."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId

MOST_NAMED = 100  # people of one line before the others are only counted


def told_impact(ctx: Context, impact: assurance.Impact) -> dict[str, Any]:
    """Who would gain and lose what, people with their names."""
    diff = impact.diff
    named = {unit for c in (*diff.gained, *diff.lost) for unit in c.who[:MOST_NAMED]}
    names = identity.names_of(ctx, sorted(named))
    return {
        "epoch": impact.epoch,
        "widens": impact.widens,
        "compared": diff.groups[0],
        "concerned": diff.groups[1],
        "gained": [_line(change, names) for change in diff.gained],
        "lost": [_line(change, names) for change in diff.lost],
    }


def _line(change: access.Change, names: Mapping[UnitId, str]) -> dict[str, Any]:
    who = [{"id": unit, "name": names.get(unit, "")} for unit in change.who[:MOST_NAMED]]
    return {**asdict(change), "who": who, "people": len(change.who)}

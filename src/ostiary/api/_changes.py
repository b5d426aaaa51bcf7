"""Changes of people and roles as JSON: `{"change": "set_member", "principal": "...", "role": "..."}`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ostiary.api._asked import refuse
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.kernel.ids import UnitId, new_id

MOST = 1_000  # changes in one call
_NOTHING = object()


class Said:
    """The fields of one change, each read once; what is left over is refused."""

    def __init__(self, data: Mapping[str, Any], place: str) -> None:
        self._left, self._place = dict(data), place

    def value(self, name: str, default: object = _NOTHING) -> Any:
        """As it stands. Raises Invalid: it is missing."""
        found = self._left.pop(name, default)
        if found is _NOTHING:
            raise refuse(self.at(name), "required", f"{name} is missing")
        return found

    def text(self, name: str, default: object = _NOTHING) -> str:
        """Raises Invalid: no text."""
        found = self.value(name, default)
        if not isinstance(found, str):
            raise refuse(self.at(name), "malformed", f"{name} is text")
        return found

    def flag(self, name: str, default: object = _NOTHING) -> bool:
        """Raises Invalid: neither true nor false."""
        found = self.value(name, default)
        if not isinstance(found, bool):
            raise refuse(self.at(name), "malformed", f"{name} is true or false")
        return found

    def id(self, name: str) -> UUID:
        """Raises Invalid: no id."""
        return self._id(name, self.value(name))

    def unit(self, name: str) -> UnitId:
        """Raises Invalid: no id."""
        return UnitId(self.id(name))

    def maybe_unit(self, name: str) -> UnitId | None:
        """None where it is left out. Raises Invalid: no id."""
        found = self.value(name, None)
        return None if found is None else UnitId(self._id(name, found))

    def ids(self, name: str) -> frozenset[UUID]:
        """Raises Invalid: no list of ids."""
        found = self.value(name)
        if not isinstance(found, list):
            raise refuse(self.at(name), "malformed", f"{name} is a list of ids")
        return frozenset(self._id(name, each) for each in found)

    def period(self) -> identity.Period:
        """`valid_from` and `valid_to`, each may be left out. Raises Invalid."""
        return identity.Period(self._instant("valid_from"), self._instant("valid_to"))

    def end(self) -> None:
        """Raises Invalid: there is more than was asked for."""
        for name in self._left:
            raise refuse(self.at(name), "unknown", f"{name} is no field here")

    def at(self, name: str) -> str:
        """Where the field stands in the body."""
        return f"{self._place}.{name}" if self._place else name

    def _id(self, name: str, value: object) -> UUID:
        try:
            return UUID(value if isinstance(value, str) else "")
        except ValueError:
            raise refuse(self.at(name), "malformed", f"{name} is an id") from None

    def _instant(self, name: str) -> datetime | None:
        found = self.value(name, None)
        if found is None:
            return None
        try:
            made = datetime.fromisoformat(found if isinstance(found, str) else "")
        except ValueError:
            made = None
        if made is None or made.tzinfo is None:
            raise refuse(self.at(name), "malformed", f"{name} is an instant with its offset, as in ISO 8601")
        return made


def _create_role(said: Said) -> assurance.RightsChange:
    kind = said.text("kind")
    if kind not in identity.ROLE_KINDS:
        raise refuse(said.at("kind"), "malformed", "kind is org, func or manager")
    return assurance.CreateRole(
        said.maybe_unit("role") or UnitId(new_id()),
        identity.UnitKind(kind),
        said.text("name"),
        parent=said.maybe_unit("parent"),
        manages=said.maybe_unit("manages"),
        not_inherited=said.flag("not_inherited", default=False),
        external=said.flag("external", default=False),
    )


_READERS: Mapping[str, Callable[[Said], assurance.RightsChange]] = {
    "create_role": _create_role,
    "rename_role": lambda s: assurance.RenameRole(s.unit("role"), s.text("name")),
    "move_role": lambda s: assurance.MoveRole(s.unit("role"), s.maybe_unit("parent")),
    "merge_roles": lambda s: assurance.MergeRoles(s.unit("role"), s.unit("into")),
    "remove_role": lambda s: assurance.RemoveRole(s.unit("role"), s.flag("children_up", default=False)),
    "mark_role": lambda s: assurance.MarkRole(s.unit("role"), s.flag("not_inherited")),
    "set_member": lambda s: assurance.SetMember(
        s.unit("principal"), s.unit("role"), s.flag("member", default=True)
    ),
    "set_link": lambda s: assurance.SetLink(s.unit("org"), s.unit("func"), s.flag("linked", default=True)),
    "delegate": lambda s: assurance.Delegate(s.unit("grantor"), s.unit("receiver"), s.period()),
    "end_delegation": lambda s: assurance.EndDelegation(s.id("delegation")),
    "elevate": lambda s: assurance.Elevate(s.unit("person"), s.unit("role"), s.period(), s.text("reason")),
    "end_elevation": lambda s: assurance.EndElevation(s.id("elevation")),
    "set_attribute": lambda s: assurance.SetAttribute(s.unit("principal"), s.text("name"), s.ids("values")),
    "set_active": lambda s: assurance.SetActive(s.unit("principal"), s.flag("active")),
}


def read_changes(data: object) -> Sequence[assurance.RightsChange]:
    """The changes of a body, in order. Raises Invalid, naming the place."""
    if not isinstance(data, list) or not data or len(data) > MOST:
        raise refuse("changes", "malformed", f"changes is a list of 1 to {MOST:,} changes")
    return [_read(each, f"changes.{number}") for number, each in enumerate(data)]


def _read(data: object, place: str) -> assurance.RightsChange:
    if not isinstance(data, dict):
        raise refuse(place, "malformed", "A change is an object")
    said = Said(data, place)
    kind = said.text("change")
    if kind not in _READERS:
        raise refuse(f"{place}.change", "unknown", f"change is one of {', '.join(sorted(_READERS))}")
    made = _READERS[kind](said)
    said.end()
    return made

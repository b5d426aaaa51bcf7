"""Which inspector of a record is open, as the address says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode
from uuid import UUID

from ostiary.access.public import Verb
from ostiary.kernel.ids import UnitId
from ostiary.pages._posted import TEXT_SUFFIX, Posted, last

WHO, SHARE, REVEAL = "who", "share", "reveal"
_NAMES = frozenset({WHO, SHARE, REVEAL})
HISTORY = "history"  # a tab
_FILTERS = ("actor", "field", "from", "to", "old", "new")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class PanelState:
    """name: who, share or reveal; "" for none. column, verb: what it is about.

    after: last person of the page before. count: people are counted and listed with the page itself.
    person, unit: who is asked about, or with whom is shared; `given` has both with what was typed.
    kind: of what happened. filters: of the history, by name.
    """

    name: str = ""
    tab: str = ""
    column: str = ""
    verb: Verb = Verb.READ
    after: UnitId | None = None
    count: bool = False
    given: Posted = field(default_factory=dict)
    kind: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)

    def at(self, here: str, **changes: object) -> str:
        """The address of the page with this panel and changes; a small screen goes down to it."""
        query = self._query(**changes)
        return f"{here}{'?' if query else ''}{query}" + ("#inspector" if "panel=" in query else "")

    def _query(self, **changes: object) -> str:
        """As a query string; what is empty is left out."""
        pairs = {
            "tab": self.tab,
            "kind": self.kind,
            "panel": self.name,
            "column": self.column,
            "verb": "" if self.verb is Verb.READ else self.verb.value,
            **changes,
        }
        return urlencode({key: str(value) for key, value in pairs.items() if value})


CLOSED = PanelState()


def read_panel(query: Mapping[str, Sequence[str]]) -> PanelState:
    """The panel in a query string; what makes no sense is ignored."""

    def one(key: str) -> str:
        return last(query, key)[:_LONGEST].strip()

    names = {"person", "person" + TEXT_SUFFIX, "unit"}
    verb = one("verb")
    return PanelState(
        one("panel") if one("panel") in _NAMES else "",
        one("tab"),
        one("column"),
        Verb(verb) if verb in set(Verb) - {Verb.CREATE} else Verb.READ,
        _id(one("after")),
        bool(one("count") or one("after")),
        {key: [value[:_LONGEST] for value in values] for key, values in query.items() if key in names},
        one("kind"),
        {key: one(key) for key in _FILTERS if one(key)},
    )


def _id(text: str) -> UnitId | None:
    try:
        return UnitId(UUID(text))
    except ValueError:
        return None

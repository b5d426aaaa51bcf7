"""What the test bench is asked, as its query string says it: the address is the link to the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from ostiary.access.public import Operation, Verb
from ostiary.kernel.context import Channel
from ostiary.pages._posted import TEXT_SUFFIX, last

_LONGEST = 200
EXPORT = "export"
VERBS = ("read", "create", "update", "delete", EXPORT)


@dataclass(frozen=True, slots=True)
class BenchState:
    """The parameters as text. given: all of them, for the fields that name people."""

    object: str = ""
    verb: str = "read"
    record: str = ""
    column: str = ""
    channel: str = Channel.WEB.value
    at: str = ""
    given: Mapping[str, Sequence[str]] | None = None

    @property
    def record_id(self) -> UUID | None:
        """The record, if its id is known."""
        try:
            return UUID(self.record)
        except ValueError:
            return None

    @property
    def access_verb(self) -> Verb:
        """An export is reading lists, with an operation beside."""
        return Verb.READ if self.verb == EXPORT else Verb(self.verb)

    @property
    def operation(self) -> Operation | None:
        """The operation that is needed beside the verb."""
        return Operation.EXPORT_LIST if self.verb == EXPORT else None


def read_bench(query: Mapping[str, Sequence[str]]) -> BenchState:
    """The state in a query string. A field of another object than the one chosen now is dropped."""

    def one(key: str) -> str:
        return last(query, key)[:_LONGEST].strip()

    given = {key: [value[:_LONGEST] for value in values] for key, values in query.items()}
    verb, channel = one("verb"), one("channel")
    state = BenchState(
        one("object"),
        verb if verb in VERBS else "read",
        one("record"),
        one("column"),
        channel if channel in set(Channel) else Channel.WEB.value,
        one("at"),
        given,
    )
    if one("of") not in ("", state.object):
        return replace(state, record="", column="", given={**given, "record" + TEXT_SUFFIX: [""]})
    return state


def bench_query(  # noqa: PLR0913  what the address of an answer is made of
    code: str,
    verb: str,
    *,
    record: object = "",
    column: str = "",
    person: object = "",
    other: object = "",
    channel: str = "",
    at: datetime | None = None,
) -> str:
    """The query string of a question; what has its default is left out."""
    pairs = {
        "object": code,
        "verb": verb,
        "record": str(record or ""),
        "column": column,
        "person": str(person or ""),
        "with": str(other or ""),
        "channel": "" if channel == Channel.WEB.value else channel,
        "at": "" if at is None else at.isoformat(timespec="seconds"),
    }
    return urlencode({key: value for key, value in pairs.items() if value})

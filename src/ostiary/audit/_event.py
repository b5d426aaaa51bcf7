"""Building an event: parts encrypted and committed to, the leaf, and the JSON that the statement takes."""

import os
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from ostiary.audit._canonical import canonical, microseconds
from ostiary.audit._leaf import ACTOR_MARK, OBJECT_MARK, checked_code, checked_type, commit, leaf_text
from ostiary.crypto import public as crypto
from ostiary.kernel import clock
from ostiary.kernel.context import Context
from ostiary.kernel.ids import EventId, new_id

SCOPE = "audit"
TECHNICAL = "technical"
PART_LIMIT = 1 << 20  # bytes of one part
_SALT_SIZE = 32
_READS = frozenset({"viewed", "listed", "counted", "exported"})
# Of the places that encrypted values are bound to: the type, and a field for each part's content and salt.
_PART_TYPE = UUID("6f737469-6172-4a75-8000-000000000000")
_CONTENT_FIELD = UUID("6f737469-6172-4a75-8001-000000000000").int
_SALT_FIELD = UUID("6f737469-6172-4a75-8002-000000000000").int


class Outcome(StrEnum):
    """How it ended."""

    SUCCESS = "success"
    DENIED = "denied"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Part:
    """Erasable content of an event: `data` of JSON types, decimals, ids, dates or instants; no floats.

    data_subject: the person whose data this is, so that it can be erased alone; or None.
    """

    kind: str
    data: Mapping[str, object]
    data_subject: UUID | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """An event ready to be entered: `json` is one object of the statement's array."""

    id: EventId
    json: bytes


def bind_part(tenant_id: UUID, event_id: UUID, number: int) -> tuple[bytes, bytes]:
    """Additional data for the content and the salt of a part."""
    content, salt = _part_columns(tenant_id, number)
    return content + event_id.bytes, salt + event_id.bytes


def _place(tenant_id: UUID, key: Sequence[Any], column: str) -> bytes:
    content, salt = bind_part(tenant_id, key[0], key[1])
    return content if column == "blob" else salt


# So that replaced keys leave no part behind. Content and salt stay what they are: a leaf's commitments hold.
crypto.register_encrypted(
    crypto.Encrypted(
        table="audit_payload",
        keys=[("event_id", "uuid"), ("part_no", "smallint")],
        blobs=["blob", "salt_blob"],
        place=_place,
        dek_column="dek_id",
    )
)


@lru_cache(maxsize=16_384)
def _part_columns(tenant_id: UUID, number: int) -> tuple[bytes, bytes]:
    content, salt = UUID(int=_CONTENT_FIELD + number), UUID(int=_SALT_FIELD + number)
    return (
        crypto.bind_column(tenant_id, _PART_TYPE, content),
        crypto.bind_column(tenant_id, _PART_TYPE, salt),
    )


@lru_cache(maxsize=1024)
def _technical(channel: str, purpose: str, ip: str, client: str) -> bytes:
    # Only the text is kept, never its salt or ciphertext: with a salt used twice, the commitments of two
    # events would show that they came from the same place, for ever and in the leaf.
    return canonical({"channel": channel, "purpose": purpose, "ip": ip or None, "client": client or None})


def build(  # noqa: PLR0913  what an event is made of
    ctx: Context,
    type_: str,
    outcome: Outcome,
    object_type: str | None,
    object_ref: UUID | None,
    parts: Sequence[Part],
    event_id: EventId | None = None,
    *,
    objects: Sequence[UUID] = (),
) -> Built:
    """An event of now; `objects`: what subscribers hear of an event about many.

    Raises ValueError: what may not stand in a leaf, or too much for one event.
    """
    if object_ref is not None and object_type is None:
        raise ValueError("an event about something names its type")
    dek = crypto.ensure_dek(ctx, SCOPE)
    event_id, at = event_id or EventId(new_id()), clock.now()
    channel = ctx.channel.value
    contents: list[tuple[str, UUID | None, bytes]] = [
        (TECHNICAL, None, _technical(channel, ctx.purpose, ctx.ip, ctx.client))
    ]
    contents += [(checked_code(p.kind), p.data_subject, canonical(p.data)) for p in parts]
    commitments, sealed = _seal(dek, ctx.tenant_id, event_id, contents)
    actor = ctx.principal
    actor_kind = "anonymous" if actor is None else "principal"
    leaf = leaf_text(
        actor_kind=actor_kind,
        actor_ref=None if actor is None else ACTOR_MARK,
        event_id=event_id,
        object_type=object_type and checked_code(object_type),
        object_ref=None if object_ref is None else OBJECT_MARK,
        outcome=outcome.value,
        commitments=commitments,
        request_id=ctx.request_id,
        at=microseconds(at),
        tenant_id=ctx.tenant_id,
        type_=checked_type(type_),
    )
    changed_something = outcome is Outcome.SUCCESS and type_.rpartition(".")[2] not in _READS
    values: dict[str, object] = {
        "id": event_id,
        "tn": ctx.tenant_id,
        "at": at,
        "ty": type_,
        "oc": outcome.value,
        "ak": actor_kind,
        "ac": actor,
        "ot": object_type,
        "ob": object_ref,
        "rq": ctx.request_id,
        "ch": channel,
        "lf": leaf,
        "nw": changed_something,
        "pt": sealed,
    }
    if objects:
        values["ab"] = list(objects)
    return Built(event_id, orjson.dumps(values))


def _seal(
    dek: crypto.Dek, tenant_id: UUID, event_id: UUID, contents: Sequence[tuple[str, UUID | None, bytes]]
) -> tuple[list[bytes], list[dict[str, object]]]:
    sealer = dek.sealer()
    salts = os.urandom(_SALT_SIZE * len(contents))
    commitments, sealed = [], []
    for number, (kind, data_subject, content) in enumerate(contents):
        if len(content) > PART_LIMIT:
            raise ValueError(f"a part of {len(content)} bytes is too large: split it into events")
        salt = salts[_SALT_SIZE * number : _SALT_SIZE * (number + 1)]
        commitments.append(commit(salt, content))
        content_place, salt_place = bind_part(tenant_id, event_id, number)
        blob, salt_blob = sealer.seal(content, content_place), sealer.seal(salt, salt_place)
        sealed.append(
            {
                "n": number,
                "k": kind,
                "ds": data_subject,
                "dk": dek.id,
                "b": b2a_base64(blob, newline=False).decode(),
                "s": b2a_base64(salt_blob, newline=False).decode(),
            }
        )
    return commitments, sealed

"""The leaf: what is hashed and kept for ever (standards 4.2). Random references and codes, nothing else."""

import hashlib
import re
from binascii import b2a_base64
from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

MOST_BYTES = 4096
# The database puts the references in, in the statement that also makes them where they are new.
ACTOR_MARK = "@actor"
OBJECT_MARK = "@object"

_PART = b"app.part.v1\x00"
_LEAF = b"\x00"  # RFC 6962 2.1: leaves and nodes are hashed apart
_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+){2}")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


@lru_cache(maxsize=4096)
def checked_type(name: str) -> str:
    """An event's type, `context.thing.past_verb`. Raises ValueError."""
    if not _TYPE.fullmatch(name):
        raise ValueError(f"{name!r} is not the type of an event")
    return name


@lru_cache(maxsize=4096)
def checked_code(code: str) -> str:
    """A code that may stand in a leaf. Raises ValueError: it may be somebody's words."""
    if not _CODE.fullmatch(code):
        raise ValueError(f"{code!r} is not a code")
    return code


def commit(salt: bytes, part: bytes) -> bytes:
    """The commitment to a part, `part` in canonical form: it hides the part once the salt is destroyed."""
    return hashlib.sha256(_PART + salt + part).digest()


def hash_leaf(leaf: bytes) -> bytes:
    """The leaf's hash in the tree."""
    return hashlib.sha256(_LEAF + leaf).digest()


def leaf_text(  # noqa: PLR0913  the fields of the leaf, in its order
    *,
    actor_kind: str,
    actor_ref: str | None,
    event_id: UUID,
    object_type: str | None,
    object_ref: str | None,
    outcome: str,
    commitments: Sequence[bytes],
    request_id: UUID | str,
    at: int,
    tenant_id: UUID,
    type_: str,
) -> str:
    """The leaf in canonical form, written out: every value is a code, an id or base64, nothing to escape.

    at: microseconds since 1970. Raises ValueError: larger than a leaf may be.
    """
    actor = f'{{"k":"{actor_kind}"}}' if actor_ref is None else f'{{"k":"{actor_kind}","r":"{actor_ref}"}}'
    if object_type is None:
        thing = ""
    elif object_ref is None:
        thing = f'"ob":{{"k":"{object_type}"}},'
    else:
        thing = f'"ob":{{"k":"{object_type}","r":"{object_ref}"}},'
    parts = '","'.join([b2a_base64(c, newline=False).decode() for c in commitments])
    text = (
        f'{{"ac":{actor},"id":"{event_id}",{thing}"oc":"{outcome}","pc":["{parts}"],"rq":"{request_id}",'
        f'"t":{at},"tn":"{tenant_id}","ty":"{type_}","v":1}}'
    )
    if len(text) + 64 > MOST_BYTES:  # the marks grow into references
        raise ValueError(f"an event of {len(commitments)} parts is too large for a leaf: split it")
    return text

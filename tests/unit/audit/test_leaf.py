"""The leaf and its commitments against the vectors of standards 4.2 and 4.4."""

import base64
from typing import Any
from uuid import UUID

import orjson
import pytest

from ostiary.audit._canonical import canonical
from ostiary.audit._leaf import checked_code, checked_type, commit, hash_leaf, leaf_text

LEAF: dict[str, Any] = {
    "v": 1,
    "id": "0198f0c2-7c1e-7b6e-9a51-0f2c8d7e1a10",
    "t": 1795320840123456,
    "tn": "00000000-0000-0000-0000-0000000000a1",
    "ty": "records.record.updated",
    "ac": {"k": "user", "r": "u-7"},
    "ob": {"k": "contact", "r": "c-7"},
    "oc": "success",
    "rq": "req-1",
    "pc": ["9YuwW6M4DwGOzu2xm4xpuUEvP6xLtNJo7OW9jsJb9PI="],
}
PART = {"changes": [{"field": "first_name", "before": "Eda", "after": "Ada"}]}


def written(**other: Any) -> str:
    values: dict[str, Any] = {
        "actor_kind": "user",
        "actor_ref": "u-7",
        "event_id": UUID(str(LEAF["id"])),
        "object_type": "contact",
        "object_ref": "c-7",
        "outcome": "success",
        "commitments": [commit(bytes(range(32)), canonical(PART))],
        "request_id": "req-1",
        "at": 1795320840123456,
        "tenant_id": UUID(str(LEAF["tn"])),
        "type_": "records.record.updated",
    }
    return leaf_text(**{**values, **other})


def test_the_vector_of_a_commitment() -> None:
    digest = commit(bytes(range(32)), canonical(PART))
    assert digest.hex() == "f58bb05ba3380f018eceedb19b8c69b9412f3fac4bb4d268ece5bd8ec25bf4f2"
    assert base64.b64encode(digest).decode() == LEAF["pc"][0]
    assert commit(bytes(32), canonical(PART)) != digest


def test_the_vector_of_a_leaf() -> None:
    expected = "e267a17feb029d8daa1b53dfb1b7109a965adced0dbafc4062c88cc5085da734"
    assert hash_leaf(canonical(LEAF)).hex() == expected
    assert hash_leaf(written().encode()).hex() == expected


def test_leaves_are_hashed_as_the_tree_wants() -> None:
    # standards 4.4: the root of one empty leaf is its hash
    assert hash_leaf(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


@pytest.mark.parametrize(
    "other", [{}, {"object_ref": None}, {"object_type": None, "object_ref": None}, {"actor_ref": None}]
)
def test_a_written_leaf_is_canonical(other: dict[str, Any]) -> None:
    text = written(**other).encode()
    assert canonical(orjson.loads(text)) == text


def test_a_leaf_has_a_size_that_is_kept() -> None:
    assert written(commitments=[bytes(32)] * 70)
    with pytest.raises(ValueError, match="too large"):
        written(commitments=[bytes(32)] * 90)


def test_only_codes_stand_in_a_leaf() -> None:
    assert checked_type("records.record.viewed")
    assert checked_code("opportunity_product")
    for words in (
        "Ada Lovelace",
        "records.record",
        "records.record.viewed.x",
        "records..viewed",
        "a.b.\u00e9",
    ):
        with pytest.raises(ValueError, match="not the type"):
            checked_type(words)
    for words in ("Ada Lovelace", "a@b.example", "", "1st", "x" * 64, 'a"b'):
        with pytest.raises(ValueError, match="not a code"):
            checked_code(words)

"""What docs/explanation/access.md says is what the oracle says and what the product does."""

from contextlib import suppress

import pytest

from ostiary.access import public as access
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound
from ostiary.records import public as records
from tests.oracle import answers
from tests.oracle.layers import may, may_share, may_write_column
from tests.oracle.model import Grant, Verb, World
from tests.property.access._examples import Claim, Example, examples, read_sentence
from tests.property.access._reality import VERBS, Reality, made_real, undone
from tests.property.access._stage import Stage

pytestmark = pytest.mark.database

EXAMPLES = list(examples())


def by_oracle(world: World, claim: Claim) -> bool:
    """What the second implementation says."""
    who, thing = claim.who, claim.thing
    match claim.verb:
        case "create":
            below = {"column": world.masters.get(thing), "referred": claim.under} if claim.under else {}
            return answers.answer_to_create(world, who, thing, **below) == answers.OK
        case "see":
            return claim.column in answers.shown(world, who, thing) and may(world, who, Verb.READ, thing)
        case "see masked":
            return answers.shown(world, who, thing).get(claim.column) == answers.MASKED
        case "edit":
            object = world.records[thing].object
            return may(world, who, Verb.UPDATE, thing) and may_write_column(
                world, who, Verb.UPDATE, object, claim.column
            )
        case "share":
            return may_share(world, who, Verb.READ, thing, Grant.GRANTED)
        case verb:
            return may(world, who, Verb(verb), thing)


def by_product(reality: Reality, world: World, claim: Claim) -> bool:
    """What happens when it is tried, and taken back."""
    with undone(reality), suppress(AccessDenied, NotFound, Invalid):
        return _tried(reality, world, claim)
    return False


def _tried(reality: Reality, world: World, claim: Claim) -> bool:
    ctx, thing = reality.acting_as(claim.who), claim.thing
    if claim.verb == "create":
        given = {world.masters[thing]: str(reality.records[claim.under])} if claim.under else {}
        records.create_record(ctx, thing, given)
        return True
    code, id = world.records[thing].object, reality.records[thing]
    match claim.verb:
        case "see":
            return claim.column in records.get_record(ctx, code, id).data
        case "see masked":
            return "masked" in records.get_record(ctx, code, id).data[claim.column]
        case "edit":
            records.update_record(ctx, code, id, {claim.column: 77}, 1)
        case "share":
            records.share_record(ctx, code, id, reality.stage.units[claim.who], access.Verb.READ)
        case "read":
            records.get_record(ctx, code, id)
        case "update":
            records.update_record(ctx, code, id, {"title": "Another"}, 1)
        case "delete":
            records.delete_record(ctx, code, id)
        case other:
            raise ValueError(f"{other} is no verb of an example, {VERBS}")
    return True


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"example {example.number}")
def test_an_example_is_so(stage: Stage, example: Example) -> None:
    claims = [(text, read_sentence(text)) for text in example.sentences]
    wrong = [text for text, claim in claims if by_oracle(example.world, claim) is not claim.holds]
    with made_real(stage, example.world) as reality:
        wrong += [
            f"{text} (product)"
            for text, claim in claims
            if by_product(reality, example.world, claim) is not claim.holds
        ]
    assert wrong == []


def test_there_are_examples_and_a_wrong_one_would_be_found(stage: Stage) -> None:
    assert len(EXAMPLES) >= 20
    claim = read_sentence("Ann does not read D1")
    world = EXAMPLES[0].world
    assert by_oracle(world, claim) is not claim.holds
    with made_real(stage, world) as reality:
        assert by_product(reality, world, claim) is not claim.holds

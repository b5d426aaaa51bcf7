"""What the layer that stops looked at: each row, leg, rule and share with how far it went."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from ostiary.access import _flips as flips
from ostiary.access import core
from ostiary.access._explain import explained
from ostiary.access._question import Question
from ostiary.access._tried import MOST_TOLD, Outcome, Tried, TriedLeg
from ostiary.access._words import words
from ostiary.access.core import Grant, ShareFact, Verb
from ostiary.kernel.ids import UnitId
from tests.unit.access.test_explanation import (
    ANN,
    AUDITORS,
    FACTS,
    NAMES,
    NORTH,
    NOW,
    READ_UPDATE,
    ROOT,
    SALES,
    make_question,
    object_row,
)

DAY = timedelta(days=1)


def tried(question: Question) -> tuple[Tried, ...]:
    return explained(question).tried


def outcomes(question: Question) -> dict[str, Outcome]:
    """By kind; only for questions with one of a kind."""
    return {
        each.what.letter if isinstance(each.what, TriedLeg) else type(each.what).__name__: each.outcome
        for each in tried(question)
    }


def with_share(share: ShareFact) -> Question:
    return make_question().about(facts=replace(FACTS, shares=(share,)))


def test_every_row_is_told_with_its_place_and_whether_it_decides() -> None:
    rows = (
        object_row(60, AUDITORS, READ_UPDATE),
        object_row(61, NORTH, frozenset({Verb.READ})),
        object_row(62, SALES, READ_UPDATE),
    )
    found = tried(make_question(Verb.UPDATE).about(facts=None, rows=rows))
    assert [(each.position, each.outcome) for each in found] == [
        (1, Outcome.OTHERS),
        (2, Outcome.LESS),
        (3, Outcome.COVERED),
    ]
    assert [each.outcome.near for each in found] == [False, True, False]
    assert tried(make_question().about(facts=None)) == ()  # nothing stops it


@pytest.mark.parametrize(
    ("share", "outcome"),
    [
        (ShareFact(SALES, Verb.READ, Grant.GRANTED, valid_to=NOW), Outcome.ENDED),
        (ShareFact(SALES, Verb.READ, Grant.GRANTED, valid_from=NOW + DAY), Outcome.LATER),
        (ShareFact(SALES, Verb.UPDATE, Grant.GRANTED), Outcome.LESS),
        (ShareFact(AUDITORS, Verb.READ, Grant.GRANTED), Outcome.OTHERS),
    ],
)
def test_a_share_is_close_when_only_its_verb_or_time_is_wrong(share: ShareFact, outcome: Outcome) -> None:
    assert outcomes(with_share(share))["ShareFact"] is outcome


def test_a_rule_is_close_when_it_is_about_both_and_gives_something_else() -> None:
    def asked(author: UnitId, grantee: UnitId, verb: Verb) -> Question:
        rule = core.DefaultRule(UUID(int=70), author, grantee, {verb: Grant.GRANTED})
        return make_question().about(policies=(core.RecordPolicy(rules=(rule,)),))

    assert outcomes(asked(NORTH, SALES, Verb.UPDATE))["DefaultRule"] is Outcome.LESS
    assert outcomes(asked(NORTH, AUDITORS, Verb.READ))["DefaultRule"] is Outcome.OTHERS
    assert "DefaultRule" not in outcomes(asked(AUDITORS, SALES, Verb.READ))  # about other records
    assert explained(asked(NORTH, SALES, Verb.READ)).allowed


def test_a_leg_that_is_off_and_a_deny_are_told_as_such() -> None:
    off = core.RecordPolicy(core.Switches(legs=core.ALL_LEGS - {core.OWNER}))
    found = outcomes(make_question().about(policies=(off,)))
    assert (found["a"], found["o"]) == (Outcome.OTHERS, Outcome.OFF)
    facts = replace(FACTS, author=ANN, denies=(core.DenyFact(SALES, Verb.READ),))
    denying = core.RecordPolicy(core.Switches(denies=True))
    denied = outcomes(make_question().about(policies=(denying,), facts=facts))
    assert (denied["DenyFact"], denied["a"]) == (Outcome.DENIES, Outcome.GIVES)


def test_of_many_about_others_some_are_told_and_the_rest_is_counted() -> None:
    rows = (*(object_row(100 + n, UnitId(UUID(int=200 + n)), READ_UPDATE) for n in range(50)),
            object_row(60, ROOT, frozenset()))  # fmt: skip
    found = explained(make_question().about(facts=None, rows=rows))
    assert (len(found.tried), found.untold) == (MOST_TOLD, 51 - MOST_TOLD)
    assert found.tried[-1].position == 51  # what concerns the principal is always told


def test_an_operation_beside_the_verb_is_one_more_layer() -> None:
    code = core.Operation.EXPORT_LIST.value
    asked = make_question().about(facts=None, operation=code)
    found = explained(asked)
    assert (found.allowed, found.operation) == (False, code)
    assert found.stopped is not None
    assert found.stopped.layer is core.Layer.OPERATION
    assert f"Layer 1: {code} is not held: no row names a unit of Ann." in words(found, NAMES)
    assert (flips.RowChange(code, ANN, value=True, top=True),) in found.flips
    rows = (core.OperationRow(UUID(int=80), SALES, allowed=False),)
    refused = explained(asked.about(operations={code: rows}))
    assert [(each.rows, each.outcome) for each in refused.tried] == [(code, Outcome.LESS)]
    assert (flips.RowChange(code, SALES, value=True),) in refused.flips
    held = asked.about(operations={code: (core.OperationRow(UUID(int=80), SALES, allowed=True),)})
    allowed = explained(held)
    assert allowed.allowed
    assert (flips.RowChange(code, SALES, value=False),) in allowed.flips
    for question, told in ((asked, found), (held, allowed)):
        for flip in told.flips:
            assert flips.applied(question, flip).allowed() is not told.allowed


def test_shares_that_turn_it_together_are_told_beside_what_does_it_at_once() -> None:
    question = make_question(Verb.UPDATE).about(rows=(object_row(60, ROOT, READ_UPDATE),))
    shares = tuple(flips.Sharing(0, ANN, verb, given=True) for verb in (Verb.READ, Verb.UPDATE))
    assert shares in explained(question).flips
    assert flips.shared_together(make_question()) == ()  # one share is an ordinary suggestion
    read = replace(FACTS, shares=(ShareFact(ANN, Verb.READ, Grant.GRANTED),))
    assert flips.shared_together(question.about(facts=read)) == ()
    assert flips.shared_together(question.about(facts=replace(FACTS, author=ANN))) == ()

"""Explanations on small worlds: the row or leg in words, and the smallest changes that turn the verdict."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from ostiary.access import _flips as flips
from ostiary.access import core
from ostiary.access._candidates import candidates
from ostiary.access._explain import explained
from ostiary.access._question import Origin, Question
from ostiary.access._words import words
from ostiary.access.core import ColumnLevel, Grant, Verb
from ostiary.identity import public as identity
from ostiary.kernel.ids import UnitId

NOW = datetime(2026, 5, 1, tzinfo=UTC)
READ_UPDATE = frozenset({Verb.READ, Verb.UPDATE})


def unit(number: int) -> UnitId:
    return UnitId(UUID(int=number))


ROOT, SALES, NORTH, AUDITORS, HEAD, ANN, BEN = map(unit, range(1, 8))
NAMES = {
    ROOT: "All employees",
    SALES: "Sales",
    NORTH: "North",
    AUDITORS: "Auditors",
    HEAD: "Head of Sales",
    ANN: "Ann",
    BEN: "Ben",
}
ORG, FUNC, MANAGER = identity.UnitKind.ORG, identity.UnitKind.FUNC, identity.UnitKind.MANAGER
GRAPH = identity.RoleGraph(
    [
        identity.Role(ROOT, ORG, None, None, not_inherited=False),
        identity.Role(SALES, ORG, ROOT, None, not_inherited=False),
        identity.Role(NORTH, ORG, SALES, None, not_inherited=False),
        identity.Role(AUDITORS, FUNC, None, None, not_inherited=False),
        identity.Role(HEAD, MANAGER, None, SALES, not_inherited=False),
    ],
    [],
    ROOT,
    unit(99),
)
EVERYBODY = core.ObjectRow(UUID(int=50), ROOT, frozenset({Verb.READ}))
FACTS = core.RecordFacts(
    author=BEN,
    author_set=frozenset({BEN, ROOT, NORTH, SALES}),
    author_reporting=frozenset({ROOT, NORTH, SALES}),
    owner=None,
    owner_reporting=frozenset(),
    shares=(),
    persons={},
    now=NOW,
)


def make_question(verb: Verb = Verb.READ, *, direct: tuple[UnitId, ...] = (NORTH,)) -> Question:
    """Ann of North asks about a record of Ben; everybody reads the object, nothing else is given."""
    origin = Origin(ANN, GRAPH, NOW, frozenset(direct))
    matter = core.Matter(verb, {}, (EVERYBODY,), {}, (core.RecordPolicy(),), frozenset(GRAPH.roles), FACTS)
    return Question(origin, matter)


def about_the_object(question: Question, *rows: core.ObjectRow) -> Question:
    return question.about(facts=None, rows=rows)


def object_row(number: int, who: UnitId, verbs: frozenset[Verb]) -> core.ObjectRow:
    return core.ObjectRow(UUID(int=number), who, verbs)


def test_the_deciding_row_is_told_with_its_position_and_the_role_by_which_it_counts() -> None:
    top = object_row(60, AUDITORS, frozenset())
    found = explained(about_the_object(make_question(Verb.UPDATE), top, object_row(61, SALES, READ_UPDATE)))
    assert found.allowed
    told = "the row at position 2, Sales: read and update, decides, since Ann has the role Sales by North"
    assert f"Layer 2, the object, permits update: {told}." in words(found, NAMES)
    assert words(found, NAMES)[0] == "Ann may update."
    assert words(explained(make_question()), NAMES)[0] == "Ann may not read."


def test_nothing_that_matches_is_told_as_such() -> None:
    sentences = words(
        explained(about_the_object(make_question(), object_row(60, AUDITORS, READ_UPDATE))), NAMES
    )
    assert "Layer 2, the object, refuses read: no row names a unit of Ann." in sentences
    assert "To turn this: give Ann the role Auditors (whoever holds CanManageUsers)." in sentences


def test_usual_changes_come_first_and_a_row_for_one_person_last() -> None:
    found = explained(about_the_object(make_question(), object_row(60, AUDITORS, READ_UPDATE)))
    assert found.flips[0] == (flips.Membership(AUDITORS, given=True),)
    assert found.flips[-1] == (flips.RowChange(core.OBJECT_ROWS, ANN, frozenset({Verb.READ}), top=True),)
    for flip in found.flips:
        assert found.question is not None
        assert flips.applied(found.question, flip).allowed()


def test_update_by_shares_needs_two_of_them_since_update_does_not_imply_read() -> None:
    question = make_question(Verb.UPDATE).about(rows=(object_row(60, ROOT, READ_UPDATE),))
    tried = [flips.Sharing(0, ANN, verb, given=True) for verb in (Verb.READ, Verb.UPDATE)]
    found, cut = flips.smallest_flips(question, tried)
    assert found == (tuple(tried),)
    assert not cut
    assert not flips.applied(question, tried[1:]).allowed()


def test_the_manager_of_the_author_is_suggested_and_really_reaches_the_record() -> None:
    found = explained(make_question())
    assert (flips.Membership(HEAD, given=True),) in found.flips
    assert any("give Ann the role Head of Sales" in sentence for sentence in words(found, NAMES))
    above = explained(make_question(direct=(HEAD,)))
    assert above.allowed
    assert "the author reported to Sales when the record was made" in " ".join(words(above, NAMES))
    assert (flips.Membership(HEAD, given=False),) in above.flips


def test_a_deny_is_told_and_taking_it_back_is_the_way() -> None:
    rule = core.DefaultRule(UUID(int=70), SALES, ROOT, {Verb.READ: Grant.GRANTED})
    policy = core.RecordPolicy(core.Switches(denies=True), rules=(rule,))
    open_question = make_question().about(policies=(policy,))
    denied = open_question.about(facts=replace(FACTS, denies=(core.DenyFact(NORTH, Verb.READ),)))
    assert explained(open_question).allowed
    found = explained(denied)
    assert not found.allowed
    assert (flips.Denying(0, NORTH, Verb.READ, given=False),) in found.flips
    assert (flips.Membership(NORTH, given=False),) in found.flips
    assert "the record denies North to read" in " ".join(words(found, NAMES))
    assert (flips.Denying(0, ANN, Verb.READ, given=True),) in explained(open_question).flips


def test_whoever_manages_their_own_unit_is_among_their_subordinates() -> None:
    rows = (object_row(60, NORTH, frozenset()), object_row(61, SALES, frozenset({Verb.READ})))
    alone = about_the_object(make_question(direct=(NORTH,)), *rows)
    assert not alone.allowed()
    # the own set meets North first; Ann, manager of Sales, is a subordinate whose role Sales speaks by itself
    assert about_the_object(make_question(direct=(NORTH, HEAD)), *rows).allowed()
    assert (flips.Membership(HEAD, given=True),) not in explained(alone).flips  # no row or leg names it here


def test_leaving_a_role_to_which_somebody_delegated_loses_the_delegation() -> None:
    given = identity.Delegation(UUID(int=80), BEN, AUDITORS, identity.Period())
    question = make_question(direct=(AUDITORS,))
    origin = replace(question.origin, delegations=(given,), people={BEN: GRAPH.own_set((NORTH,))})
    found = explained(replace(question, origin=origin))
    assert found.allowed
    assert found.flips[0] == (flips.Membership(AUDITORS, given=False),)
    assert (flips.EndOfDelegation(given.id, BEN, AUDITORS),) in found.flips
    assert "Ben is the author" in " ".join(words(found, NAMES))


def test_an_inactive_person_is_refused_at_the_gate_and_activation_turns_it() -> None:
    question = about_the_object(make_question(), EVERYBODY)
    found = explained(replace(question, origin=replace(question.origin, active=False)))
    assert (found.allowed, found.layers[0].allowed) == (False, False)
    assert found.flips == ((flips.Activation(),),)


def test_a_column_that_is_fixed_has_no_way_and_one_with_rows_has() -> None:
    question = about_the_object(make_question(), EVERYBODY)
    column = core.Column(UUID(int=90), (core.ColumnRow(UUID(int=91), ROOT, ColumnLevel.MASKED),))
    found = explained(question.about(column=column))
    assert not found.allowed
    assert (flips.RowChange(core.COLUMN_ROWS, ROOT, ColumnLevel.READ),) in found.flips
    assert (flips.RowChange(core.COLUMN_ROWS, ROOT, None),) not in found.flips  # that would open it to all
    sealed = explained(question.about(column=replace(column, fixed=ColumnLevel.NONE)))
    assert (sealed.allowed, sealed.flips) == (False, ())


def test_a_search_that_ends_early_says_so() -> None:
    question = make_question(Verb.UPDATE)
    tried, _ = candidates(question)
    whole, cut = flips.smallest_flips(question, tried)
    assert whole
    assert not cut
    assert flips.smallest_flips(question, tried, most=2) == ((), True)


def test_a_suggestion_is_minimal_no_part_of_it_turns_the_verdict() -> None:
    found = explained(make_question(Verb.DELETE))
    assert found.flips
    assert found.question is not None
    for flip in found.flips:
        assert len(flip) > 1
        for change in flip:
            assert not flips.applied(found.question, [c for c in flip if c != change]).allowed()

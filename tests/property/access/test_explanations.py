"""Explanations, suggestions and the two turned questions (who can, what can) in generated worlds."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ostiary.access import public as access
from ostiary.access._asked import Asked, load_question
from ostiary.kernel.errors import NotFound, NotSignedIn
from ostiary.objects import public as objects
from ostiary.records import public as records
from tests.oracle.layers import may, may_read_column, may_write_column
from tests.oracle.model import ADA, Unit, Verb, World
from tests.oracle.worlds import worlds
from tests.property.access._changing import Changer
from tests.property.access._reality import VERBS, Reality, made_real, undone
from tests.property.access._stage import Stage
from tests.property.access.test_agreement import WORLD_SETTINGS

WORLDS = 40
DEEP_WORLDS = 2_000
RECORD_VERBS = (Verb.READ, Verb.UPDATE, Verb.DELETE)
EXPLAINED = 3  # questions of a world whose suggestions are made real: each is some hundred statements
SAMPLED = 4  # one of so many questions of a world has its verdict compared


def grounds_of(reality: Reality) -> access.Grounds:
    """Where records stand now: a world seals columns of the stage."""
    return objects.get_catalogue(reality.ctx).grounds


@dataclass(frozen=True)
class Asking:
    """One question about a world. column: perhaps one of the record."""

    world: World
    reality: Reality
    who: Unit
    verb: Verb
    record: str
    column: str | None = None

    @property
    def object(self) -> str:
        return self.world.records[self.record].object

    @property
    def expected(self) -> bool:
        """The oracle's answer."""
        answer = may(self.world, self.who, self.verb, self.record)
        if self.column is None or not answer or self.verb is Verb.DELETE:
            return answer
        if self.verb is Verb.READ:
            return may_read_column(self.world, self.who, self.object, self.column)
        return may_write_column(self.world, self.who, self.verb, self.object, self.column)

    @property
    def asked(self) -> Asked:
        made = self.reality.stage.objects[self.object]
        column = None if self.column is None else made.columns[self.column].id
        return Asked(made.id, VERBS[self.verb], self.reality.records[self.record], column)

    def explained(self) -> access.Explanation:
        """The product's explanation."""
        asked, grounds = self.asked, grounds_of(self.reality)
        unit = self.reality.stage.units[self.who]
        return access.explain(self.reality.ctx, grounds, unit, asked)

    def really(self) -> bool:
        """What the product does now, decided by statements."""
        ctx, asked = self.reality.acting_as(self.who), self.asked
        try:
            rights = access.current_rights(ctx)
            found = records.get_record(ctx, self.object, self.reality.records[self.record], verdicts=True)
        except (NotFound, NotSignedIn):
            return False
        done = {Verb.READ: True, Verb.UPDATE: found.may_update, Verb.DELETE: found.may_delete}[self.verb]
        if asked.column_id is None or not done or self.verb is Verb.DELETE:
            return bool(done)
        sealed = self.column in self.world.objects[self.object].sealed
        if self.verb is Verb.READ:
            level = rights.level(asked.object_id, asked.column_id, sealed=sealed)
            return level >= access.ColumnLevel.READ
        return rights.may_write(asked.object_id, asked.column_id, asked.verb, sealed=sealed)

    def __str__(self) -> str:
        return f"{self.who} {self.verb} {self.record}.{self.column or '*'}"


def askings(world: World, reality: Reality) -> Iterator[Asking]:
    """Every question about a record and, to read and update, about its columns."""
    for record, kept in world.records.items():
        for who in world.principals():
            for verb in RECORD_VERBS:
                yield Asking(world, reality, who, verb, record)
                if verb is not Verb.DELETE:
                    for column in world.objects[kept.object].columns:
                        yield Asking(world, reality, who, verb, record, column)


def wrong_verdicts(world: World, reality: Reality, first: int = 0, step: int = 1) -> list[str]:
    """Questions, all or every so many, whose explanation rests on another verdict than the semantics."""
    grounds, units = grounds_of(reality), reality.stage.units
    return [
        str(asking)
        for asking in islice(askings(world, reality), first, None, step)
        if load_question(reality.ctx, grounds, units[asking.who], asking.asked).allowed() != asking.expected
    ]


def wrong_explanations(asking: Asking) -> list[str]:
    """What is wrong with one explanation: its verdict, or a suggestion that does not hold in reality."""
    found = asking.explained()
    wrong = [] if found.allowed == asking.expected else [f"{asking}: explained as {found.allowed}"]
    assert access.words(found)
    for flip in islice(found.flips, 12):
        for size in range(1, len(flip) + 1):
            for part in combinations(flip, size):
                with undone(asking.reality):
                    Changer(asking.reality, found).make(part)
                    turned = asking.really() != asking.expected
                if turned != (size == len(flip)):
                    wrong.append(f"{asking}: {part} turns it: {turned}")
    return wrong


def wrong_audiences(world: World, reality: Reality, first: int = 0, step: int = 1) -> list[str]:
    """Questions, all or every so many, whose audience is not the semantics' enumeration."""
    units = reality.stage.units
    wrong = []
    # one for each record, verb and column: the audience is everybody
    once = (asking for asking in askings(world, reality) if asking.who == ADA)
    for asking in islice(once, first, None, step):
        asked, grounds = asking.asked, grounds_of(reality)
        found = access.who_can(reality.ctx, grounds, asked)
        page = {unit for unit, _ in found.page(reality.ctx, limit=1_000)}
        assert found.size == len(page)
        for who in world.principals():
            each = Asking(world, reality, who, asking.verb, asking.record, asking.column)
            if each.expected != (units[who] in page):
                wrong.append(f"{each}: in the audience {units[who] in page}")
    return wrong


def wrong_reaches(world: World, reality: Reality) -> list[str]:
    """Principals whose reach is not the semantics' enumeration."""
    wrong = []
    for who in world.principals():
        found = records.reach_of(reality.ctx, reality.stage.units[who])
        for object in world.objects:
            expected = records.ObjectReach(
                *(
                    sum(may(world, who, verb, name) for name in world.records_of(object))
                    for verb in RECORD_VERBS
                )
            )
            if found[object] != expected:
                wrong.append(f"{who} reaches {found[object]} of {object}, not {expected}")
    return wrong


def ask_worlds(stage: Stage, count: int) -> None:
    """Which questions of a world are explained is drawn too."""

    @settings(WORLD_SETTINGS, max_examples=count)
    @given(worlds(), st.integers(0, 10_000))
    def asked(world: World, draw: int) -> None:
        assume(ADA not in world.now.inactive)  # who asks
        with made_real(stage, world, draw) as reality:
            wrong = wrong_audiences(world, reality, draw % SAMPLED, SAMPLED)
            wrong += wrong_reaches(world, reality)
            wrong += wrong_verdicts(world, reality, draw % SAMPLED, SAMPLED)
            possible = [asking for asking in askings(world, reality) if asking.who != ADA]
            for number in range(EXPLAINED):
                wrong += wrong_explanations(possible[(draw + number * 37) % len(possible)])
        assert wrong == []

    asked()


def test_explanations_and_turned_questions_agree_with_the_oracle(stage: Stage) -> None:
    ask_worlds(stage, WORLDS)


@pytest.mark.deep
def test_explanations_agree_in_many_worlds(stage: Stage) -> None:
    ask_worlds(stage, DEEP_WORLDS)

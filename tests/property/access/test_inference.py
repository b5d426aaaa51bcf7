"""What is hidden stays hidden: worlds that differ in a secret answer alike, and no way of asking beats luck.

See docs/explanation/inference.md. The deep part plays with values and questions of the run's seed, which
OSTIARY_SEED repeats.
"""

import os
from collections.abc import Callable, Mapping
from random import Random

import pytest

from tests._tenants import Installation
from tests.property.access._adaptive import BITS, WAYS, bits_recovered, more_than_luck
from tests.property.access._inference import Guessed, Probe, Secret, Table, differences, make_table, world
from tests.property.access._leaks import LEAKS, Leak
from tests.property.access._probes import record_probes
from tests.property.access._secrets import plain_secrets
from tests.property.access._surface_probes import surface_probes


def dice(seed: int | str) -> Random:
    return Random(seed)  # noqa: S311  a game is drawn, nothing is kept secret


ATTACKERS = ("guesser", "editor")
FEW = 60  # questions of a secret in the short run: a sample, another one in each run
ROUNDS, DEEP_ROUNDS = 2, 60
SECRETS = [secret.name for secret in plain_secrets(dice(0))]


@pytest.fixture(scope="module")
def table(installation: Installation) -> Table:
    return make_table(f"guess{installation.worker}")


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> Random:
    return dice(f"{os.environ['OSTIARY_SEED']} {request.node.name}")


def drawn(name: str, rng: Random) -> Secret:
    return next(secret for secret in plain_secrets(rng) if secret.name == name)


def everything(w: Guessed) -> dict[str, Probe]:
    return {**record_probes(w), **surface_probes(w)}


def some(rng: Random, always: set[str]) -> Callable[[Guessed], Mapping[str, Probe]]:
    """The same sample of questions in both worlds, with those that it may not leave out."""
    number = rng.randrange(1 << 32)

    def chosen(w: Guessed) -> Mapping[str, Probe]:
        probes = everything(w)
        names = always | set(dice(number).sample(sorted(probes), FEW))
        return {name: probe for name, probe in probes.items() if name in names}

    return chosen


def report(found: Mapping[str, tuple[str, str]]) -> str:
    return "\n".join(f"{name}:\n    {left}\n    {right}" for name, (left, right) in found.items())


def play(
    table: Table, attacker: str, secret: Secret, probes: Callable[[Guessed], Mapping[str, Probe]]
) -> None:
    """What tells the secret is what the page says, no more and no less."""
    found = differences(table, attacker, secret, probes)
    by_design = secret.told_to(attacker)
    assert not (more := {k: v for k, v in found.items() if k not in by_design}), report(more)
    assert set(found) == by_design


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_told_by_no_question(table: Table, rng: Random, name: str) -> None:
    secret, attacker = drawn(name, rng), rng.choice(ATTACKERS)
    play(table, attacker, secret, some(rng, secret.told_to(attacker) | {*secret.asked}))


@pytest.mark.deep
@pytest.mark.parametrize("attacker", ATTACKERS)
@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_told_by_no_question_at_all(table: Table, rng: Random, name: str, attacker: str) -> None:
    play(table, attacker, drawn(name, rng), everything)


def ask_for_bits(table: Table, attacker: str, rounds: int, rng: Random) -> dict[str, int]:
    """By way of asking, how many bits were guessed right."""
    with world(table, attacker, Secret("a number"), 0) as w:
        return {name: bits_recovered(w, way, rounds, rng) for name, way in WAYS.items()}


def luck_alone(table: Table, attacker: str, rounds: int, rng: Random) -> None:
    found = ask_for_bits(table, attacker, rounds, rng)
    bound = more_than_luck(rounds * BITS)
    assert {name: right for name, right in found.items() if right >= bound} == {}


def test_no_bit_is_guessed_better_than_by_luck(table: Table, rng: Random) -> None:
    luck_alone(table, rng.choice(ATTACKERS), ROUNDS, rng)


@pytest.mark.deep
@pytest.mark.parametrize("attacker", ATTACKERS)
def test_no_bit_of_many_numbers_is_guessed_better_than_by_luck(
    table: Table, rng: Random, attacker: str
) -> None:
    luck_alone(table, attacker, DEEP_ROUNDS, rng)


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.name)
def test_a_planted_leak_is_found(table: Table, leak: Leak) -> None:
    secret, rng = drawn(leak.secret, dice(1)), dice(1)

    def asked(w: Guessed) -> Mapping[str, Probe]:
        return {name: probe for name, probe in everything(w).items() if name in leak.probes}

    with leak.planted(table):
        assert set(differences(table, "guesser", secret, asked)) == {*leak.probes}
        if leak.way:
            assert ask_for_bits(table, "guesser", 1, rng)[leak.way] == BITS
    assert not set(differences(table, "guesser", secret, asked)) - secret.told_to("guesser")

"""The secrets that are played for: what one coin decides in a world.

A secret names the probes that tell it by design. One that tells nothing all the same is a failure as well, so
docs/explanation/inference.md stays true.
"""

from random import Random

from tests.property.access._inference import Secret

# A value that must be unique is taken, whoever holds it.
TAKEN = ("write taken", "create taken", "bulk create", "POST taken")
# A hidden record's id is given as the value that may be there.
GUESSED = tuple(
    f"{how} {number}"
    for how in ("write site", "write late site", "emptied site", "repeated depot", "write late depot")
    for number in (2, 3, 4)
)
# What is referred to stays, whoever refers to it.
IN_USE = (
    "delete below None",
    "delete below 1",
    "merge vault below",
    "bulk delete",
    "DELETE below",
    "delete by page below",
    "POST delete many",
    "POST merge below",
)


def plain_secrets(rng: Random) -> list[Secret]:
    """Secrets, with values drawn."""
    return [*_columns(rng), *_rows(rng), *_references()]


def _columns(rng: Random) -> list[Secret]:
    low, high = rng.randrange(1, 35_000), rng.randrange(35_000, 65_536)
    return [
        Secret(
            "values below read",
            mine=(
                {"amount": low, "price": "1", "opened": "2020-01-01", "armed": True, "diary": "Dawn"},
                {"amount": high, "price": "99", "opened": "2021-01-01", "armed": False, "diary": "Noon"},
            ),
        ),
        Secret(
            "blank or not, below read",
            mine=(
                {"amount": None, "price": None, "pin": None, "stage": None},
                {"amount": low, "price": "99", "pin": "Da", "stage": "won", "opened": "2021-01-01"},
            ),
        ),
        Secret("a choice that is no longer offered", stored=({"stage": "lost"}, {"stage": "open"})),
        Secret(
            "behind the same mask",
            mine=(
                {"nick": "Dan", "phone": "+49 30 1234567"},
                {"nick": "Zoe Young", "phone": "+49 89 9994567"},
            ),
        ),
        Secret("a sealed value", stored=({"seal": 7}, {"seal": 70_000})),
        Secret("which column below read was changed", later=({"amount": high}, {"pin": "P2"})),
        Secret(
            "a unique value below read",
            mine=({"badge": "Q7"}, {"badge": "Q8"}),
            to_editor=("write badge",),
        ),
    ]


def _rows(rng: Random) -> list[Secret]:
    number = rng.randrange(1, 4)
    return [
        Secret("whether hidden records are there", extra=(0, number), by_design=("merge place near",)),
        Secret(
            "what a hidden record holds",
            dark=(
                {"title": "Dark", "score": 2, "site": "near", "memo": "Dawn", "nick": "Da"},
                {"title": "Zulu", "score": 99, "site": "off", "parent": "mine", "amount": 35_000},
            ),
            by_design=("merge place near",),
        ),
        Secret(
            "which hidden record holds a unique value",
            dark=({"code": "Q7"}, {}),
            darker=({}, {"code": "Q7"}),
        ),
        Secret("whether a hidden record holds a unique value", dark=({"code": "Q7"}, {}), by_design=TAKEN),
    ]


def _references() -> list[Secret]:
    return [
        Secret(
            "which hidden record a lookup leads to",
            mine=({"site": "far", "depot": "far"}, {"site": "off", "depot": "off"}),
            asked=GUESSED,
        ),
        Secret(
            "which of the readable records a lookup below read leads to",
            mine=({"origin": "near"}, {"origin": "spare"}),
            by_design=("delete place spare",),
            to_guesser=("merge place near", "merge place spare"),
        ),
        Secret(
            "what a hidden record refers to",
            slip=({"vault": "mine"}, {"vault": "below"}),
            by_design=IN_USE,
            to_editor=("POST merge shared",),
        ),
    ]

"""Every colour pair that the interface uses is readable: WCAG 2.2, 1.4.3, 1.4.6 and 1.4.11."""

import re
from itertools import product
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[3] / "src/ostiary/ui/assets/css/tokens.css").read_text()
PAIR = re.compile(r"--([\w-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)")
SURFACES = ("bg", "bg-side", "bg-sunken", "bg-raised", "bg-hover", "bg-selected")
TEXT = [
    *product(("text", "text-2", "text-3", "accent-text", "class-1-text"), SURFACES),
    *product(("ok-text", "warn-text", "bad-text"), ("bg", "bg-side", "bg-raised", "bg-sunken")),
    *((f"{k}-text", f"{k}-soft") for k in ("ok", "warn", "bad")),
    *(("text", s) for s in ("bg-active", "ok-soft", "warn-soft", "bad-soft")),
    *(("text-2", s) for s in ("bg-active", "bad-soft", "warn-soft")),
    *((f"class-{n}-text", f"class-{n}-bg") for n in (2, 3, 4)),
    *((f"p{n}", f"p{n}-bg") for n in range(1, 9)),
    *(("class-3-text", s) for s in ("sealed-a", "sealed-b")),
    *(("on-ink", s) for s in ("ink", "ink-hover")),
    ("on-accent", "accent"), ("on-bad", "bad"), ("accent-text", "accent-soft"),
]  # fmt: skip
CONTROLS = [
    *(("line-strong", s) for s in ("bg", "bg-side", "bg-raised", "bg-sunken")),
    *(("focus", s) for s in SURFACES),
    *((f"chart-{n}", "bg-raised") for n in range(1, 7)),
    *((k, "bg") for k in ("ok", "warn", "bad", "accent", "class-4-bg")),
]
# in high contrast these stay at 4.5: solid badges, buttons and initials, which have a word beside them
ORDINARY = ("p", "on-", "class-1", "class-2", "class-4")


def tokens(css: str) -> dict[str, tuple[str, str]]:
    return {name: (light, dark) for name, light, dark in PAIR.findall(css)}


BASE = tokens(CSS.split("@media (prefers-contrast: more)")[0])
MORE = BASE | tokens(CSS.split('[data-contrast="more"]')[-1])


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def weak(known: dict[str, tuple[str, str]], pairs: list[tuple[str, str]], need: float) -> list[str]:
    return [
        f"{fore} on {back}, {theme}: {ratio(known[fore][i], known[back][i]):.2f} < {need}"
        for fore, back in pairs
        for i, theme in enumerate(("light", "dark"))
        if ratio(known[fore][i], known[back][i]) < need
    ]


@pytest.mark.parametrize("known", [BASE, MORE], ids=["normal", "more"])
def test_text_is_readable_and_controls_are_seen(known: dict[str, tuple[str, str]]) -> None:
    ordinary = [pair for pair in TEXT if pair[0].startswith(ORDINARY)]
    rest = [pair for pair in TEXT if pair not in ordinary]
    assert weak(known, ordinary, 4.5) == []
    assert weak(known, rest, 7.0 if known is MORE else 4.5) == []
    assert weak(known, CONTROLS, 3.0) == []


def test_a_weak_pair_is_noticed() -> None:
    assert weak({"a": ("#777777", "#ffffff"), "b": ("#888888", "#000000")}, [("a", "b")], 3.0) != []

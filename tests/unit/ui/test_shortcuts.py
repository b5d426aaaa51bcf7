"""The table of keys: each key once, and the script does what the table says."""

import re
from pathlib import Path

from ostiary import ui
from ostiary.ui.shortcuts import shortcuts
from ostiary.ui.values import Frame, Group, Head, Link

SCRIPTS = Path(__file__).parents[3] / "src/ostiary/ui/assets/js"
FRAME = Frame(
    "ui/shell.html",
    "Halden",
    groups=(
        Group("Personal", (Link("My day", "/"),), bare=True),
        Group("Sales", tuple(Link(f"Section {n}", f"/o/s{n}/") for n in range(12))),
        Group("Administration", (Link("People", "/people"),), folded=True),
    ),
    search_url="/search",
)
TABLE = [each for group in shortcuts(FRAME) for each in group.each]


def test_no_key_means_two_things() -> None:
    keys = [each.keys for each in TABLE]
    assert len(set(keys)) == len(keys)
    begun = {key.split()[0] for key in keys if " " in key}
    assert begun.isdisjoint(keys)
    assert "g 9" in keys
    assert "g 10" not in keys


def test_the_script_can_do_what_the_table_says() -> None:
    offered = set(re.findall(r'offer\("([\w-]+)"', "".join(p.read_text() for p in SCRIPTS.glob("*.js"))))
    assert {each.does for each in TABLE if ":" not in each.does} == offered


def test_the_sheet_is_the_table() -> None:
    html = ui.render("ui/shell.html", head=Head("Title"), frame=FRAME)
    assert re.findall(r'data-keys="([^"]+)" data-does="([^"]+)"', html) == [
        (each.keys, each.does.replace('"', "&#34;")) for each in TABLE
    ]
    for each in TABLE:
        if each.does.startswith("toggle:#"):
            assert f'id="{each.does.removeprefix("toggle:#")}"' in html

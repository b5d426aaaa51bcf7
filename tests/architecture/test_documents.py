"""Documents say what the code says: whatever can be listed is listed, and every link leads somewhere."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
SECTIONS = ("Context", "Options", "Decision", "Consequences")
KINDS = frozenset({"added", "changed", "fixed", "removed", "security"})
STATUS = re.compile(r"^Status: (accepted|superseded by \[\d{4}\]\(\S+\)) · \d{4}-\d\d-\d\d$", re.MULTILINE)
VARIABLE = re.compile(r"\bOSTIARY_[A-Z][A-Z_]*[A-Z]\b")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def documents() -> list[Path]:
    """Every page that people read in the repository."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "changes").glob("*.md")]
    return sorted(page for page in pages if "node_modules" not in page.parts)


def anchors(text: str) -> set[str]:
    """Anchors of the headings, as the usual renderers make them."""
    titles = re.findall(r"^#{1,6} +(.+?) *$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    words = (re.sub(r"\]\([^)]*\)|[^\w\- ]", "", title.lower()) for title in titles)
    return {word.replace(" ", "-") for word in words}


def dead_links(page: Path) -> Iterator[str]:
    """Links of `page` to files or headings that do not exist."""
    for target in LINK.findall(CODE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text())):
            yield target


def undocumented(names: Iterable[str], page: str) -> list[str]:
    """Names that `page` does not mention as code."""
    text = (REFERENCE / page).read_text()
    return sorted({name for name in names if f"`{name}`" not in text})


def make_targets() -> list[str]:
    """Targets that the Makefile offers to people: those with a `##` explanation."""
    return re.findall(r"^([a-z][\w-]*):.*?##", (ROOT / "Makefile").read_text(), re.MULTILINE)


def variables() -> set[str]:
    """Environment variables of ours that code, tests or tools name."""
    folders = (ROOT / folder for folder in ("src", "tools", "tests", "bench"))
    files = (path for folder in folders for path in folder.rglob("*") if path.suffix in {".py", ".sh"})
    sources = [ROOT / "Makefile", *(path for path in files if path.parent != Path(__file__).parent)]
    return {name for source in sources for name in VARIABLE.findall(source.read_text())}


def decisions() -> list[Path]:
    return sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


def test_every_internal_link_leads_somewhere() -> None:
    found = {str(page.relative_to(ROOT)): dead for page in documents() if (dead := list(dead_links(page)))}
    assert found == {}


def test_a_planted_dead_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Some `code` here\n[a](#some-code-here) [b](page.md) `[c](no.md)` [d](https://example.org)"
    )
    assert list(dead_links(page)) == []
    page.write_text("# One\n[a](#two) [b](missing.md) ![c](missing.png) [d](page.md#two)\n")
    assert len(list(dead_links(page))) == 4


def test_every_operation_is_documented() -> None:
    from ostiary.access.public import Operation

    assert undocumented(list(Operation), "operations.md") == []


def test_every_error_of_the_api_is_documented() -> None:
    from ostiary.api._errors import HTTP_STATUS

    kinds = {kind for known in HTTP_STATUS for kind in (known, *known.__subclasses__())}
    assert undocumented((kind.code for kind in kinds), "api.md") == []


def test_every_make_target_is_documented_and_the_other_way_round() -> None:
    targets = make_targets()
    assert targets
    assert undocumented((f"make {target}" for target in targets), "make-targets.md") == []
    named = re.findall(r"^\| `make ([\w-]+)`", (REFERENCE / "make-targets.md").read_text(), re.MULTILINE)
    assert set(named) - set(targets) == set()


def test_every_environment_variable_is_documented_and_the_other_way_round() -> None:
    assert undocumented(variables(), "environment.md") == []
    named = set(VARIABLE.findall((REFERENCE / "environment.md").read_text()))
    assert named - variables() == set()


@pytest.mark.parametrize("record", decisions(), ids=lambda path: path.stem)
def test_every_decision_record_has_its_sections(record: Path) -> None:
    text = record.read_text()
    assert tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) == SECTIONS
    assert re.search(rf"^# {record.stem[:4]}\. \S", text)
    assert STATUS.search(text)


def test_decision_records_are_numbered_without_gaps_and_indexed() -> None:
    names = [path.name for path in decisions()]
    index = (ROOT / "docs" / "adr" / "README.md").read_text()
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert [name for name in names if f"({name})" not in index] == []


def test_every_change_note_is_of_a_known_kind() -> None:
    notes = [path.name for path in (ROOT / "changes").iterdir() if path.name != "README.md"]
    assert [name for name in notes if not re.fullmatch(rf"[a-z0-9-]+\.({'|'.join(KINDS)})\.md", name)] == []


def test_the_map_names_every_context() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text()
    contexts = sorted(path.parent.name for path in (ROOT / "src" / "ostiary").glob("*/__init__.py"))
    assert [name for name in contexts if f"| `{name}/` |" not in page] == []

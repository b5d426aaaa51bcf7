"""What the how-to pages tell people to type is accepted by the code that reads it."""

import re
from pathlib import Path

from ostiary.objects import public as objects
from ostiary.project.cli import make_parser
from ostiary.project.import_command import make_parser as make_import_parser
from ostiary.records._import_mapping import parse_mapping

ROOT = Path(__file__).parents[2]
HOWTO = ROOT / "docs" / "howto"


def snippets(page: str, language: str) -> list[str]:
    """Fenced blocks of one language, without the indentation of a list around them."""
    found = re.findall(
        rf"^( *)```{language}\n(.*?)^ *```", (HOWTO / page).read_text(), re.MULTILINE | re.DOTALL
    )
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


def test_the_object_of_the_page_can_be_installed(tmp_path: Path) -> None:
    package, vehicle = snippets("make-an-object.md", "yaml")
    (tmp_path / "package.yaml").write_text(package)
    (tmp_path / "vehicle.yaml").write_text(vehicle)
    made = objects.read_package(tmp_path).objects["vehicle"]
    assert made.columns["driver_phone"].data_class is objects.DataClass.CONFIDENTIAL


def test_the_mapping_of_the_page_is_accepted() -> None:
    mapping, aliases = snippets("import-csv.md", "yaml")
    assert parse_mapping(mapping, name="page").steps[0].file == "accounts.csv"
    assert parse_mapping(mapping + aliases, name="page with aliases").steps


def test_the_commands_of_the_pages_are_understood() -> None:
    commands = []
    for page in sorted(HOWTO.glob("*.md")):
        for text in snippets(page.name, "sh"):
            joined = re.sub(r"\\\n\s*", "", text)
            commands += re.findall(r"^\.venv/bin/ostiary (.+)$", joined, re.MULTILINE)
    assert commands
    for command in commands:
        words = [a or b for a, b in re.findall(r'"([^"]*)"|(\S+)', command)]
        if words[0] == "import":  # it has a parser of its own
            assert (ROOT / make_import_parser().parse_args(words[1:]).mapping).is_file()
        else:
            make_parser().parse_args(words)

"""Messages of the interface and their translations: `messages.py update`, `messages.py build` (ADR 0037).

`update` finds every message and brings the catalogues (`*.po`) up to date; `build` compiles them. Building
needs Babel alone, so that the wheel's build hook can do it; finding needs the product's own packages.
"""

import ast
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

if TYPE_CHECKING:
    from ostiary.objects.public import Package

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "ostiary"
LOCALE = SOURCE / "ui" / "locale"
DOMAIN = "ostiary"
# Functions that take messages, by how many of their arguments are one.
KEYWORDS: Mapping[str, int] = {"_": 1, "gettext": 1, "later": 1, "worded": 1, "ngettext": 2}
# What these refuse is for operators and programs, or is looked up where it is written.
_NO_REFUSALS = frozenset({"crypto", "tenancy", "audit", "jobs", "ui", "pages", "web", "api", "project"})
_REFUSALS = frozenset({
    "FieldError", "Invalid", "AccessDenied", "NotFound", "VersionConflict", "TooManyRequests", "Unavailable",
    "SignInFailed", "BadValue", "AttachmentRefused", "__init__", "_refuse", "refuse", "refused",
})  # fmt: skip
_HEAD = (
    'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"MIME-Version: 1.0\\n"\n'
    '"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
    '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
)

Id = str | tuple[str, str]


def main(arguments: list[str]) -> int:
    """Do what is asked; says how much of each language is missing."""
    match arguments:
        case ["build"]:
            build()
        case ["update"]:
            update()
        case _:
            print(__doc__)
            return 2
    return 0


def catalogues() -> list[Path]:
    """The catalogue of each language."""
    return sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def read(path: Path) -> Catalog:
    """A catalogue; its language is the name of its folder."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name, domain=DOMAIN)


def build() -> None:
    """Compile what is newer than what was compiled from it."""
    for path in catalogues():
        target = path.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < path.stat().st_mtime:
            with target.open("wb") as file:
                write_mo(file, read(path))


def update() -> None:
    """Messages that came are added without a translation, those that went are taken out."""
    template = Catalog(domain=DOMAIN, charset="utf-8")
    for place, message in sorted(set(found_messages()), key=str):
        template.add(message, locations=[(place, 1)], flags=_flags(message))
    for path in catalogues():
        held = read(path)
        held.update(template, no_fuzzy_matching=True)
        held.obsolete.clear()
        with path.open("wb") as file:
            file.write(_HEAD.format(language=path.parent.parent.name).encode())
            write_po(file, held, width=110, omit_header=True, sort_by_file=True, include_lineno=False)
        missing = sum(not (m.string and all(_forms(m.string))) for m in held if m.id)
        print(f"  {path.parent.parent.name}: {len(held)} messages, {missing} without a translation")


def found_messages() -> Iterator[tuple[str, Id]]:
    """(file, message) of every text that somebody may read in another language."""
    for path in sorted(SOURCE.rglob("*.py")):
        yield from _of_python(path)
    for path in sorted(SOURCE.glob("*/templates/**/*.html")):
        yield from _of_template(path)
    for place, texts in _declared():
        yield from ((place, text) for text in texts if text)


def _of_python(path: Path) -> Iterator[tuple[str, Id]]:
    place, source = str(path.relative_to(ROOT)), path.read_text()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS:
            texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if texts and len(texts) >= KEYWORDS[node.func.id]:
                yield place, texts[0] if KEYWORDS[node.func.id] == 1 else (texts[0], texts[1])
    if path.relative_to(SOURCE).parts[0] not in _NO_REFUSALS:
        yield from ((place, text) for text in refusals(source))


def _of_template(path: Path) -> Iterator[tuple[str, Id]]:
    calls: dict[str, tuple[int, ...] | None] = {"_": None, "ngettext": (1, 2)}
    with path.open("rb") as file:
        for _line, message, _comments, _context in extract("jinja2", file, calls, (), {"silent": "false"}):
            place = str(path.relative_to(ROOT))
            yield place, message if isinstance(message, str) else (message[0], message[1])


def refusals(source: str) -> Iterator[str]:
    """What refusals say in plain words: the last argument of an error, or words kept for one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _name(node.func) in _REFUSALS:
            yield from _sentences(node.args[-1:])
        elif isinstance(node, ast.Assign) and _name(node.targets[0]) in ("message", "words"):
            yield from _sentences([node.value])


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _sentences(nodes: Iterable[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.IfExp):
            yield from _sentences([node.body, node.orelse])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value


def _declared() -> Iterator[tuple[str, Iterable[str]]]:
    """Texts that are values: of operations, settings, job functions, and captions of the package."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ostiary.project.settings")
    import django

    django.setup()
    from ostiary.access import public as access
    from ostiary.crm import public as crm
    from ostiary.objects.public import SYSTEM_COLUMNS
    from ostiary.project import urls as _urls  # noqa: F401  every context declares its settings when imported
    from ostiary.settings import public as settings

    for operation in access.OPERATION_WORDS.values():
        yield "access/operations", (operation.caption, operation.group, operation.text)
    for setting in settings.list_settings():
        yield "settings", (setting.caption, setting.group, setting.description)
    for function in crm.job_functions():
        yield "crm/functions", (function.caption, function.description)
    yield "objects/columns", [column.caption for column in SYSTEM_COLUMNS.values()]
    yield "crm/package", captions(crm.read())


def captions(package: "Package") -> Iterator[str]:
    """Every caption of a package that a page may show."""
    yield package.caption
    for workplace in package.workplaces:
        yield from (workplace.caption, *(caption for caption, _codes in workplace.groups))
    for made in package.objects.values():
        yield from (made.caption, made.plural, made.description)
        yield from (caption for caption, _codes in made.layout.groups)
        yield from (detail[0] for detail in made.layout.details)
        for column in made.columns.values():
            yield from (column.caption, column.help, *(choice.caption for choice in column.choices))


def _flags(message: Id) -> tuple[str, ...]:
    return ("python-format",) if any("%(" in form for form in _forms(message)) else ()


def _forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

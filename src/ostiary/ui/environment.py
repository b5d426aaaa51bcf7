"""The one Jinja2 environment. Each context adds its templates under its own prefix: `pages/list.html`."""

from functools import cache, lru_cache
from pathlib import Path

from jinja2 import BaseLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup

from ostiary.ui import format as words
from ostiary.ui import i18n
from ostiary.ui.files import asset, manifest
from ostiary.ui.shortcuts import shortcuts

_folders: dict[str, BaseLoader] = {"ui": FileSystemLoader(Path(__file__).parent / "templates" / "ui")}
_FALLBACK_ICON = "box"


def add_templates(prefix: str, folder: Path) -> None:
    """Make the templates of `folder` known as `prefix/...`. A prefix belongs to one context only."""
    if prefix in _folders:
        raise ValueError(f"templates of {prefix!r} are known already")
    _folders[prefix] = FileSystemLoader(folder)


def icon(name: str, size: str = "", label: str = "") -> Markup:
    """One icon of the sprite; `size` is "", "sm" or "lg". Without `label` it is decoration."""
    return _icon(name, size, label)


@cache
def _icon(name: str, size: str, label: str) -> Markup:
    known = name if name in manifest().icons else _FALLBACK_ICON
    sized = f" i-{size}" if size else ""
    told = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    svg = Markup('<svg class="i{}" {}><use href="{}#{}"></use></svg>')
    return svg.format(sized, told, asset("icons.svg"), known)


def avatar(name: str, *, square: bool = False, large: bool = False) -> Markup:
    """A person is round, a company or service is square. The name stands beside it, so it is decoration."""
    return _avatar(
        words.initials(name), words.palette(name), f"{' av-lg' if large else ''}{' av-sq' if square else ''}"
    )


@lru_cache(maxsize=20_000)
def _avatar(letters: str, pair: int, shape: str) -> Markup:
    return Markup('<span class="av{}" data-p="{}" aria-hidden="true">{}</span>').format(shape, pair, letters)


def squares(letters: str, lit: str, firm: str = "", title: str = "") -> Markup:
    """Letters in squares. lit: those that are granted; firm: of these, those granted at first hand."""
    return _squares(letters, lit, firm, title)


_SQUARES = {  # (at first hand, granted)
    (False, False): Markup("<i>{}</i>"),
    (False, True): Markup("<i data-on>{}</i>"),
    (True, True): Markup("<i data-firm>{}</i>"),
}


@lru_cache(maxsize=20_000)
def _squares(letters: str, lit: str, firm: str, title: str) -> Markup:
    each = Markup("").join(_SQUARES[letter in firm, letter in lit].format(letter) for letter in letters)
    return Markup('<span class="squares" role="img" title="{}">{}</span>').format(title, each)


@cache
def _environment() -> Environment:
    # autoescape for every name, whatever its suffix: nothing here is rendered as anything but HTML
    env = Environment(
        loader=PrefixLoader(_folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    env.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]  # added by the i18n extension at run time
    env.globals.update(asset=asset, avatar=avatar, icon=icon, squares=squares)
    env.globals.update(language=i18n.language, spoken=i18n.spoken, shortcuts=shortcuts)
    return env


def render(template: str, **values: object) -> str:
    """The template's HTML. Raises jinja2.UndefinedError: a value that the template needs is missing."""
    return _environment().get_template(template).render(values)

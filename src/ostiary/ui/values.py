"""The plain values that components and the shell take. Frozen; a page fills them, a template shows them."""

from dataclasses import dataclass, field
from typing import Literal

Theme = Literal["", "light", "dark"]
Contrast = Literal["", "more"]
Density = Literal["", "compact"]


@dataclass(frozen=True, slots=True)
class Link:
    """Somewhere to go. `current` marks where the reader is."""

    label: str
    url: str
    icon: str = ""
    current: bool = False
    count: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """A link in the form of a button. With `why` it is shown disabled and says why.

    explain: where the refusal is explained layer by layer.
    """

    label: str
    url: str
    icon: str = ""
    why: str = ""
    explain: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Links under one caption. folded: shown on demand, since few people need them every day.

    bare: its caption is told to screen readers alone.
    """

    label: str
    links: tuple[Link, ...]
    folded: bool = False
    bare: bool = False

    @property
    def holds_current(self) -> bool:
        """Whether the page shown is one of the links."""
        return any(link.current for link in self.links)


@dataclass(frozen=True, slots=True)
class Search:
    """The search box of the top bar: a GET form. kept: names and values that go along."""

    url: str
    label: str
    value: str = ""
    kept: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Undo:
    """Where what was just done is taken back: a form of one button. fields: what it posts."""

    url: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds every page. template: what a page extends, the shell or a bare part for htmx.

    theme, contrast: "" follows the system. keys: whether single keys do something. notice: what was just
    done; undo: how it is taken back. whose: by which the browser tells what it keeps for this
    person from what it kept for others.
    """

    template: str
    tenant: str
    workplace: str = ""
    workplaces: tuple[Link, ...] = ()
    groups: tuple[Group, ...] = ()
    bottom: tuple[Link, ...] = ()
    person: str = ""
    login: str = ""
    whose: str = ""
    csrf: str = ""
    here: str = "/"
    home_url: str = "/"
    sign_out_url: str = ""
    preferences_url: str = ""
    search_url: str = ""
    files_url: str = ""
    theme: Theme = ""
    contrast: Contrast = ""
    density: Density = ""
    keys: bool = True
    notice: str = ""
    undo: Undo | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """Title and top bar of one page."""

    title: str
    crumbs: tuple[Link, ...] = ()
    search: Search | None = None
    create: Action | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One value to choose from."""

    value: str
    label: str
    selected: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    kind: text, long_text, email, tel, url, integer, decimal, date, instant, boolean, choice, lookup or
    readonly.
    A lookup carries the chosen id in `key` and its name in `value`; options come from `lookup_url`.
    theirs: what somebody else saved meanwhile, when that differs from `value`.
    refresh: value of the button that is pressed when a choice changes.
    """

    name: str
    label: str
    kind: str
    value: str = ""
    key: str = ""
    placeholder: str = ""
    hint: str = ""
    error: str = ""
    required: bool = False
    wide: bool = False
    max_length: int = 0
    options: tuple[Option, ...] = ()
    lookup_url: str = ""
    mark: str = ""
    theirs: str | None = None
    cell: object = None
    refresh: str = ""

    @property
    def id(self) -> str:
        """Id of the control in the page."""
        return "f-" + self.name


@dataclass(frozen=True, slots=True)
class Empty:
    """An empty state: nothing exists, nothing is visible, nothing matches."""

    title: str
    text: str
    icon: str
    actions: tuple[Action, ...] = field(default=())

"""What an editor of rights works on: the stored rows and rules, the unsaved changes, names of units."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from django.http import HttpRequest

from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.identity.public import UnitKind
from ostiary.kernel.context import Context
from ostiary.kernel.ids import ObjectId, UnitId
from ostiary.objects.public import Catalogue, Object
from ostiary.ui.i18n import gettext as _
from ostiary.web._frame import reader_of

ROLES_URL, UNITS_URL = "/rights/roles", "/rights/units"


@dataclass
class Desk:
    """One request's editor. units: those read so far."""

    ctx: Context
    catalogue: Catalogue
    policy: access.Policy
    graph: identity.RoleGraph
    held: access.Holders
    draft: assurance.Draft
    units: dict[UnitId, access.NamedUnit] = field(default_factory=dict)

    def know(self, units: Iterable[UnitId]) -> None:
        """Read the names of units, in one statement."""
        if unknown := set(units) - self.units.keys():
            self.units |= access.units_named(self.ctx, unknown)

    def name(self, unit: UnitId) -> str:
        """The name of a unit that was read."""
        named = self.units.get(unit)
        return _("(gone)") if named is None else named.name

    def kind(self, unit: UnitId) -> str:
        """What kind of unit it is, in words."""
        named = self.units.get(unit)
        return "" if named is None else kind_words(named)

    def people(self, unit: UnitId) -> int:
        """How many active people have it."""
        named = self.units.get(unit)
        if named is not None and named.kind not in identity.ROLE_KINDS:
            return int(named.active)
        return self.held.people.get(unit, 0)

    @cached_property
    def by_id(self) -> Mapping[ObjectId, Object]:
        """The objects by id."""
        return {made.id: made for made in self.catalogue.objects.values()}

    @property
    def roots(self) -> frozenset[UnitId]:
        """All employees and All external users."""
        return frozenset((self.graph.root, self.graph.external_root))

    def edited(self, draft: assurance.Draft) -> "Desk":
        """The same with other unsaved changes."""
        return replace(self, draft=draft)

    @property
    def text(self) -> str:
        """The draft as it travels with the form."""
        return assurance.draft_text(self.draft, self.catalogue)


@dataclass(frozen=True, slots=True)
class Editor:
    """The state of an editor beside its desk. errors: by field. posted: what was typed.

    impact: what saving would do, if that was asked for. moved: what changed meanwhile, in sentences.
    """

    desk: Desk
    posted: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    impact: assurance.Impact | None = None
    moved: tuple[str, ...] = ()


def desk_of(request: HttpRequest) -> Desk:
    """The editor of this request, with the draft that it sent. Raises AccessDenied; Invalid: no draft."""
    ctx, catalogue = request.ctx, reader_of(request).catalogue
    policy = access.view_policy(ctx)
    text = request.POST.get("draft", "")
    draft = assurance.read_draft(text, catalogue) if text else assurance.begin(policy)
    return Desk(
        ctx,
        catalogue,
        policy,
        identity.role_graph(ctx, policy.epoch),
        access.holders(ctx, policy.epoch),
        draft,
    )


def kind_words(named: access.NamedUnit) -> str:
    """The kind of a unit in words."""
    words = {
        UnitKind.PERSON: _("Person"),
        UnitKind.SERVICE: _("Service account"),
        UnitKind.ORG: _("Organisational role"),
        UnitKind.FUNC: _("Functional role"),
        UnitKind.MANAGER: _("Manager role"),
    }[named.kind]
    return _("%(kind)s, external") % {"kind": words} if named.external else words


def role_url(unit: UnitId) -> str:
    """The page with everything that names a role."""
    return f"{ROLES_URL}/{unit}"


def named_in(changes: Collection[assurance.PolicyChange]) -> frozenset[UnitId]:
    """Every unit that these changes name."""
    return frozenset().union(*map(assurance.units_of, changes))

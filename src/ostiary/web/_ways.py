"""The ways by which a role counts for somebody, in words."""

from collections.abc import Mapping, Sequence

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.ids import UnitId
from ostiary.ui.i18n import gettext as _

Names = Mapping[UnitId, str]
_KINDS = access.WayKind


def way_words(way: access.Way, names: Names, who: str) -> str:
    """One way, beginning at the role and going back to what was given."""
    of = names.get(way.of or identity.NO_UNIT, "")
    match way.kind:
        case _KINDS.OWN:
            return _walk(way.hops, names, _("which %(who)s is a member of") % {"who": who})
        case _KINDS.ELEVATED:
            said = _walk(way.hops, names, _("which %(who)s is elevated to") % {"who": who})
            return said if len(way.hops) > 1 else _("by elevation, for a while")
        case _KINDS.MANAGED:
            somebody = {"unit": of}
            if len(way.hops) > 1:
                end = _("which somebody below %(unit)s has, whom they manage") % somebody
                return _walk(way.hops, names, end)
            return _("somebody below %(unit)s has it, whom they manage") % somebody
        case _KINDS.UNIT:
            return _("they manage it with %(unit)s; only rules, scopes and shares look at that") % {
                "unit": of
            }
        case _KINDS.DELEGATED:
            return _("by delegation from %(name)s") % {"name": of}
        case _KINDS.DELEGATED_MANAGED:
            return _("by delegation from %(name)s, who manages it or somebody with it") % {"name": of}


def _walk(hops: Sequence[identity.Hop], names: Names, end: str) -> str:
    """By link from North, above Berlin, which she is a member of."""
    if len(hops) == 1:
        return _("given directly") if hops[0].step is identity.Step.DIRECT else _("everybody has it")
    said = []
    for before, here in zip(reversed(hops[:-1]), reversed(hops[1:]), strict=True):
        word = _("by link from %(role)s") if here.step is identity.Step.LINK else _("above %(role)s")
        said.append(word % {"role": names.get(before.role, "")})
    said.append(end if hops[0].step is identity.Step.DIRECT else _("which everybody has"))
    return ", ".join(said)


def named_in(ways: Sequence[access.Way]) -> set[UnitId]:
    """Every unit that the words name."""
    found = {hop.role for way in ways for hop in way.hops}
    return found | {way.of for way in ways if way.of is not None}
